"""Returns are tested with customs played in the process; what it is really told stands in test_customs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from kernel.errors import Problem


@dataclass
class Customs:
    """What was told of returns; `refuses` is raised instead."""

    declared: list[dict[str, int]] = field(default_factory=list)
    back: list[tuple[str, date]] = field(default_factory=list)
    never: list[str] = field(default_factory=list)
    refuses: Problem | None = None

    def declare(self, *, pieces: dict[str, int], **_: Any) -> Any:
        if self.refuses is not None:
            raise self.refuses
        self.declared.append(dict(pieces))
        return SimpleNamespace(key=f"return-{len(self.declared)}")

    def arrived(self, *, number: str, on: date, **_: Any) -> None:
        self.back.append((number, on))

    def lost(self, *, number: str, **_: Any) -> None:
        self.never.append(number)


@pytest.fixture
def customs(monkeypatch: pytest.MonkeyPatch) -> Customs:
    made = Customs()
    monkeypatch.setattr("returns.services.at_customs.declare_return", made.declare)
    monkeypatch.setattr("returns.services.at_customs.goods_arrived", made.arrived)
    monkeypatch.setattr("returns.services.at_customs.never_came", made.lost)
    return made
