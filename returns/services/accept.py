"""The consumer accepts what was found of the goods and what is kept back: the money goes at once."""

from __future__ import annotations

from datetime import datetime

from kernel.states import WrongState
from kernel.tenancy import tenant
from returns.models import ReturnRequest
from returns.services.hands import mind_waiting
from returns.services.holding import hold
from returns.services.settle import settle_held
from returns.states import RETURN
from returns.told import OPEN_TO_ACCEPT


def accept(*, request: ReturnRequest, now: datetime) -> ReturnRequest:
    """Settle as it was told, an objection taken back. Raises WrongState, SecondLook, and what `settle`
    raises."""
    with tenant(request.storefront_id):
        row = hold(request)
        if row.state not in OPEN_TO_ACCEPT:
            raise WrongState(machine=RETURN.name, verb="accept", state=row.state)
        mind_waiting(row)
        settle_held(row, by="consumer", now=now)
    return row
