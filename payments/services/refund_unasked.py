"""A refund that WeChat Pay made by itself, at the merchant's portal or for a complaint, is written down.

Where it is all that is left of a payment it has the parts of all that is left of the order, as if we had
asked for it. A part of the payment says nothing of goods: it is goodwill until an accountant names its pieces
(`refund_pieces.py`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Sum

from orders.models import Order
from payments.models import Payment, Refund
from payments.services.refund_limits import LIVING
from payments.services.refund_writing import facts_of, parts_of, write
from payments.services.refunds import take_back_waiting
from payments.states import REFUND
from wechat.pay.refunds import RefundReport, Status

WECHAT = "wechat"  # who asked for it
Kind = Refund.Kind


def write_unasked(*, payment: Payment, report: RefundReport, now: datetime) -> Refund:
    """The refund under the number that WeChat Pay tells, free to be moved by what it tells.

    Called by who holds the payment's row. Where all goes back, what still waited to leave is taken back, and
    the order is locked.
    """
    told: dict[str, Any] = {
        "payment": payment,
        "key": f"{WECHAT}:{report.out_refund_no}"[:80],
        "left": report.refund_fen,
        "told": {"reason": "微信支付发起", "asked_by": WECHAT, "note": ""},
        "number": report.out_refund_no,
        "now": now,
    }
    if _takes_all(payment, report):
        order = Order.objects.select_for_update().get(pk=payment.order_id)
        replaced = take_back_waiting(Refund.objects.filter(payment=payment, state="requested"), now)
        refund = write(
            kind=Kind.CANCELLATION if order.state == "cancelled" else Kind.LINES,
            parts=parts_of(order, pieces={}, whole=True),
            other_fen=0,
            spares=True,
            whole=True,
            replaced=replaced,
            **told,
        )
    else:
        refund = write(
            kind=Kind.STRAY if payment.state == "stray" else Kind.GOODWILL,
            parts=[],
            other_fen=report.refund_fen,
            spares=False,
            whole=False,
            **told,
        )
    REFUND.move(refund, "accept", now=now, facts=facts_of(refund), accepted_at=now)
    return refund


def _takes_all(payment: Payment, report: RefundReport) -> bool:
    """Whether nothing of the payment stays, but what is on its way back already."""
    if payment.state != "succeeded" or report.status == Status.CLOSED:
        return False
    gone = Refund.objects.filter(LIVING, payment=payment).exclude(state="requested")
    left = (payment.received_fen or 0) - gone.aggregate(sum=Sum("amount_fen", default=0))["sum"]
    return bool(report.refund_fen == left)
