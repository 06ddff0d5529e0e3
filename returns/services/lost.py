"""Goods lost on their way back: the consumer has the money all the same, and customs gets no goods.

Where all of it was refunded otherwise meanwhile, it ends: nothing more is paid.
"""

from __future__ import annotations

from datetime import datetime

from kernel.cases import settle_open
from kernel.states import WrongState
from kernel.tenancy import tenant
from returns.models import ReturnRequest
from returns.services import at_customs
from returns.services.deadlines import LATE_SOON, NOT_ARRIVED
from returns.services.following import LOST
from returns.services.holding import hold, move_lines
from returns.services.settle import creditable, pay
from returns.states import HOLDING, RETURN


def grant_lost(*, request: ReturnRequest, by: str, now: datetime, answer: str = "") -> ReturnRequest:
    """Refund what a carrier lost on its way back: whole, tax and allowance stay used at the brand's cost.

    What was refunded otherwise is not refunded again; of nothing else left it ends.

    Raises WrongState, and what `pay` raises.
    """
    with tenant(request.storefront_id):
        row = hold(request)
        if row.state != "on_the_way":
            raise WrongState(machine="return", verb="grant", state=row.state)
        told = answer.strip()[:300] or row.answer
        facts = {"by": by, "lost": True}
        if pieces := creditable(row):
            RETURN.move(row, "grant", now=now, facts=facts, next_at=None, answer=told)
            pay(row, now=now, pieces=pieces, lost=True, choice_of=by)
        else:
            RETURN.move(row, "end", now=now, facts=facts, next_at=None, answer=told)
            move_lines(row, "drop", HOLDING, now)
        at_customs.lost(row, by=by, now=now)
        note = f"lost on its way back: the return is {row.state}"
        settle_open(kinds=[NOT_ARRIVED, LATE_SOON, LOST], key=row.event_key, by=by, note=note, now=now)
    return row
