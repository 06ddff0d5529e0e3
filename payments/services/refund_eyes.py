"""What operators give back of one order beyond the storefront's limit, a colleague has agreed to."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Sum
from django.utils.crypto import salted_hmac

from orders.models import Order
from payments.models import Refund
from storefronts.services.four_eyes import Verb, mind
from wechat.pay.refunds import BankCard


def mind_refund(*, order: Order, by: str, now: datetime, coming_fen: int = 0) -> None:
    """Called where an operator has asked for refunds, in the same transaction; `coming_fen` is made later.

    Everything counts that operators asked for of this order, so that it is not split. Raises NeedsColleague.
    """
    asked = Refund.objects.filter(order=order, asked_by__startswith="operator:").exclude(state="closed")
    total = coming_fen + (asked.aggregate(fen=Sum("amount_fen"))["fen"] or 0)
    mind(
        storefront_id=order.storefront_id,
        verb=Verb.REFUND,
        size=total,
        key=f"order:{order.number}",
        facts={"order": order.number, "amount_fen": total},
        by=by,
        now=now,
    )


def mind_card(*, refund: Refund, card: BankCard, by: str, now: datetime) -> None:
    """A refund that goes to a bank card which an operator has typed in: to this one and no other, of which a
    keyed hash is kept. Raises NeedsColleague."""
    whose = salted_hmac("refund to card", f"{card.account}\n{card.name}", algorithm="sha256").hexdigest()
    mind(
        storefront_id=refund.storefront_id,
        verb=Verb.REFUND,
        size=refund.amount_fen,
        key=f"refund:{refund.out_refund_no}",
        facts={
            "refund": refund.out_refund_no,
            "amount_fen": refund.amount_fen,
            "to": "bank_card",
            "bank": card.bank_type,
            "fingerprint": whose[:16],
        },
        by=by,
        now=now,
    )
