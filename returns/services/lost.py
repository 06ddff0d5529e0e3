"""Goods lost on their way back: the consumer has the money all the same, and customs gets no goods."""

from __future__ import annotations

from datetime import datetime

from kernel.cases import settle_open
from kernel.states import WrongState
from kernel.tenancy import tenant
from returns.models import ReturnRequest
from returns.services import at_customs
from returns.services.deadlines import LATE_SOON, NOT_ARRIVED
from returns.services.following import LOST
from returns.services.holding import hold
from returns.services.settle import pay
from returns.states import RETURN


def grant_lost(*, request: ReturnRequest, by: str, now: datetime, answer: str = "") -> ReturnRequest:
    """Refund what a carrier lost on its way back: whole, tax and allowance stay used at the brand's cost.

    Raises WrongState, and what `request_refund` raises.
    """
    with tenant(request.storefront_id):
        row = hold(request)
        if row.state != "on_the_way":
            raise WrongState(machine="return", verb="grant", state=row.state)
        told = answer.strip()[:300] or row.answer
        RETURN.move(row, "grant", now=now, facts={"by": by, "lost": True}, next_at=None, answer=told)
        pay(row, now=now, lost=True)
        at_customs.lost(row, by=by, now=now)
        note = "lost on its way back, and refunded"
        settle_open(kinds=[NOT_ARRIVED, LATE_SOON, LOST], key=row.event_key, by=by, note=note, now=now)
    return row
