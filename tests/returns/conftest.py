"""Returns are tested with customs played in the process; what it is really told stands in test_customs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import transaction

from backend import delivery
from customs.models import Declaration
from customs.services import return_story
from customs.services.came_back import NotThese
from kernel import events
from kernel.errors import Problem
from kernel.tenancy import tenant
from orders.models import Order
from tests.stepping import patching


@dataclass
class Customs:
    """What was told of returns, recorded as customs' own services do; `refuses` is raised instead."""

    declared: list[dict[str, int]] = field(default_factory=list)
    back: list[tuple[str, date]] = field(default_factory=list)
    never: list[str] = field(default_factory=list)
    refuses: Problem | None = None

    def declare(self, *, declaration: Declaration, pieces: dict[str, int], now: datetime, **_: Any) -> Any:
        if self.refuses is not None:
            raise self.refuses
        self.declared.append(dict(pieces))
        number = f"return-{len(self.declared)}"
        self.record(declaration, return_story.DECLARED, number, now, pieces=dict(pieces))
        return SimpleNamespace(key=number)

    def arrived(
        self,
        *,
        declaration: Declaration,
        number: str,
        on: date,
        now: datetime,
        pieces: dict[str, int] | None = None,
        **_: Any,
    ) -> None:
        story = return_story.stories(declaration)[number]
        came = (story.expected or story.declared - story.back) if pieces is None else Counter(pieces)
        if not came or came - (story.declared - story.back):
            raise NotThese()
        self.back.append((number, on))
        told = {"arrived": on.isoformat(), "pieces": dict(came)}
        self.record(declaration, return_story.ARRIVED, number, now, **told)

    @staticmethod
    def missing(declaration: Declaration) -> dict[str, dict[str, int]]:
        told = return_story.stories(declaration).items()
        return {number: one.declared - one.back for number, one in told if one.declared - one.back}

    def lost(self, *, declaration: Declaration, number: str, now: datetime, **_: Any) -> None:
        self.never.append(number)
        rest = dict(return_story.stories(declaration)[number].expected)
        self.record(declaration, return_story.NEVER_CAME, number, now, pieces=rest)

    def says(self, order: Order, name: str, number: str, now: datetime) -> None:
        """Customs grants or refuses it, and that is taken in."""
        self.record(Declaration.objects.get(order=order), name, number, now)
        delivery.drain(now=now)

    @staticmethod
    def record(declaration: Declaration, name: str, number: str, now: datetime, **facts: Any) -> None:
        with transaction.atomic(), tenant(declaration.storefront_id):
            where = {"storefront_id": declaration.storefront_id, "key": declaration.event_key, "now": now}
            events.record(name=name, facts={"return": number, "by": "test", **facts}, **where)


@pytest.fixture
def customs() -> Iterator[Customs]:
    made = Customs()
    with patching("customs", made) as patch:
        patch.setattr("returns.services.at_customs.declare_return", made.declare)
        patch.setattr("returns.services.at_customs.goods_arrived", made.arrived)
        patch.setattr("returns.services.at_customs.never_came", made.lost)
        patch.setattr("returns.services.at_customs.missing", made.missing)
        yield made
