"""A world in which Alice has two dryers and an iron since DELIVERED, and her phone at an hour after that."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine

from orders.models import Order
from tests import make
from tests.miniprogram_api.conftest import Phone, phone_of
from tests.returns.conftest import Customs, customs
from tests.returns.parts import DELIVERED, delivered

__all__ = ["Customs", "alice", "clock", "customs", "later", "order"]
HOUR = timedelta(hours=1)


@pytest.fixture
def clock() -> Iterator[Any]:
    """The hour after the parcel came."""
    with time_machine.travel(DELIVERED + HOUR, tick=False) as travelling:
        yield travelling


@pytest.fixture
def order(world: make.World, customs: Customs, clock: Any) -> Order:
    return delivered(world, ("HD-1", 2), ("IR-1", 1))


@pytest.fixture
def alice(client: Any, world: make.World, clock: Any) -> Phone:
    return later(phone_of(client, world.alice), world, DELIVERED + HOUR)


def later(phone: Phone, world: make.World, at: datetime) -> Phone:
    """The same phone at another time, logged in then."""
    phone.token = make.token(world.alice, now=at)
    return phone


def wish(kind: str = "return", reason: str = "changed_mind", *lines: Any, **more: Any) -> dict[str, Any]:
    """What a mini-program sends: one piece of the first line unless said otherwise."""
    return {"kind": kind, "reason": reason, "lines": list(lines) or [{"position": 1, "quantity": 1}], **more}
