"""A return is changed by one at a time: payment, order and request are held (docs/locking.md)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from orders.models import Order
from payments.models import Payment
from returns.models import ReturnLine, ReturnRequest
from returns.states import RETURN_LINE
from returns.windows import ARRIVE, DECLARE, clock


def hold_order(number: str) -> Order:
    """The order with this number, held after its payments; raises Order.DoesNotExist."""
    list(Payment.objects.select_for_update(of=("self",)).filter(order__number=number, state="succeeded"))
    return (
        Order.objects.select_for_update(of=("self",))
        .select_related("key", "quote", "warehouse", "storefront", "customer")
        .get(number=number)
    )


def hold(request: ReturnRequest) -> ReturnRequest:
    """The request as it is now, held after its order."""
    order = hold_order(request.order.number)
    row = ReturnRequest.objects.select_for_update(of=("self",)).select_related("policy").get(pk=request.pk)
    row.order = order
    return row


def take_windows(row: ReturnRequest, *, released: date) -> None:
    """Customs' two days of a held request, where its release was taken in after the wish."""
    if row.declare_by is None:
        row.declare_by, row.arrive_by = (
            clock(name, since=released, today=released).last for name in (DECLARE, ARRIVE)
        )
        row.save(update_fields=["declare_by", "arrive_by"])


def move_lines(row: ReturnRequest, verb: str, of: Iterable[str], now: datetime) -> None:
    """Move the lines of a held request that are in one of these states."""
    for one in ReturnLine.objects.filter(request=row, state__in=list(of)).select_related("request", "line"):
        RETURN_LINE.move(one, verb, now=now, facts={"line": one.line.position, "pieces": one.quantity})
