"""All that operators gave of an order, ways back among it, before the eyes of a second one."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Sum

from orders.models import Order
from payments.services.refund_eyes import mind_refund
from returns.models import ReturnRequest


def mind_given(*, order: Order, by: str, now: datetime, coming_fen: int = 0) -> None:
    """As `mind_refund`, counted with the ways back that were paid of this order: whoever gives anything of an
    order asks here. Raises NeedsColleague."""
    ways = ReturnRequest.objects.filter(order=order).aggregate(fen=Sum("way_fen", default=0))["fen"]
    mind_refund(order=order, by=by, now=now, coming_fen=coming_fen + ways)
