"""An order becomes paid once, by whoever is told first; what was held for it stays held."""

from __future__ import annotations

from datetime import datetime

from compliance import vault
from kernel.cases import open_case
from orders.models import Order
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

    An order that its consumer was cancelling stays paid and is put before an operator: the wish to cancel
    must not be lost either.
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
        open_case(
            storefront_id=order.storefront_id,
            kind="order.paid_while_cancelling",
            key=order.event_key,
            title="Paid while the consumer was cancelling",
            facts={"order": order.number},
            now=now,
        )
