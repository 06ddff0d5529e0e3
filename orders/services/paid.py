"""An order becomes paid once, by whoever is told first; what was held for it stays held."""

from __future__ import annotations

from datetime import datetime

from compliance import vault
from orders.models import Order
from orders.services.cancel_paid import end_paid
from orders.states import ORDER


def mark_paid(
    *,
    order: Order,
    mchid: str,
    out_trade_no: str,
    transaction_id: str,
    paid_at: datetime,
    payer: str | None = None,
    now: datetime,
) -> None:
    """Move a locked order to paid; raises WrongState when it no longer waits for money.

    `payer` is the payer's openid, where it was told; only its blind index is kept.

    An order that its consumer was cancelling is paid and then cancelled at once, and its money goes back: the
    wish to cancel is not lost to the one that was faster.
    """
    was_cancelling = order.state == "closing" and order.closing_reason == "cancelled"
    ORDER.move(
        order,
        "pay",
        now=now,
        facts={"out_trade_no": out_trade_no, "transaction_id": transaction_id},
        mchid=mchid,
        out_trade_no=out_trade_no,
        transaction_id=transaction_id,
        paid_at=paid_at,
        payer_index=vault.blind("openid", payer) if payer else None,
    )
    if was_cancelling:
        end_paid(order=order, by="consumer", now=now)
