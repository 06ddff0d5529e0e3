"""What a customer may see of their own returns; anyone else's are Missing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db.models import Q, Sum

from catalog.cursors import BadCursor
from kernel.errors import Missing
from kernel.models import Event
from logistics.gateways.waybills import Place
from logistics.models import CarrierAccount
from logistics.services.receiver import sender_of
from orders.models import Order
from returns.models import ReturnLine, ReturnPicture, ReturnRequest, StrayParcel
from returns.states import OVER, RETURN

MAX_LIMIT = 50


@dataclass(frozen=True, slots=True)
class ReturnPage:
    """Returns, the youngest first, and the cursor of the next page."""

    items: list[ReturnRequest]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Step:
    """A state that the return entered, and when."""

    state: str
    at: datetime


def own_order(*, customer_id: int, number: str) -> Order:
    """An order of the customer with all that a return asks of it, in one statement; raises Missing."""
    rows = Order.objects.filter(customer_id=customer_id, number=number)
    found = rows.select_related("customer__subject", "customer__identity", "quote", "key").first()
    if found is None:
        raise Missing()
    return found


def one(*, customer_id: int, number: str) -> ReturnRequest:
    """A return of the customer; raises Missing."""
    rows = ReturnRequest.objects.filter(order__customer_id=customer_id, number=number)
    found = rows.select_related("order__key", "order__warehouse", "refund", "replacement").first()
    if found is None:
        raise Missing()
    return found


def page(*, customer_id: int, cursor: str = "", limit: int = 20) -> ReturnPage:
    """One page, in at most three statements. The cursor is the number of the last return of the page before;
    raises BadCursor for one that is not the customer's."""
    own = ReturnRequest.objects.filter(order__customer_id=customer_id)
    rows = own
    if cursor:
        last = own.filter(number=cursor).values_list("id", flat=True).first()
        if last is None:
            raise BadCursor()
        rows = rows.filter(id__lt=last)
    limit = max(1, min(limit, MAX_LIMIT))
    found = list(
        rows.select_related("order", "refund").prefetch_related("lines__line").order_by("-id")[: limit + 1]
    )
    return ReturnPage(found[:limit], found[limit - 1].number if len(found) > limit else None)


def open_count(*, customer_id: int) -> int:
    """How many of the customer's returns are not over."""
    return ReturnRequest.objects.filter(order__customer_id=customer_id).exclude(state__in=OVER).count()


def of_order(order: Order) -> list[ReturnRequest]:
    """The returns of an order, the oldest first, in one statement."""
    return list(ReturnRequest.objects.filter(order=order).select_related("refund").order_by("id"))


def unexpected(order: Order, row: ReturnRequest | None = None) -> list[StrayParcel]:
    """The parcels that came of an order and no request expected, those of one return where it is named, with
    how many pieces of the order were in each (`sold`), in one statement."""
    found = StrayParcel.objects.filter(order=order).select_related("request", "result")
    if row is not None:
        found = found.filter(Q(request=row) | Q(result=row))
    return list(found.annotate(sold=Sum("found__quantity", default=0)).order_by("id"))


def lines(row: ReturnRequest) -> list[ReturnLine]:
    """Its lines as the order has them, with what was found of each."""
    found = ReturnLine.objects.filter(request=row).select_related("line", "wanted__product")
    return list(found.prefetch_related("grades").order_by("line__position"))


def pictures(row: ReturnRequest) -> list[ReturnPicture]:
    """The pictures that were given with it."""
    return list(ReturnPicture.objects.filter(request=row).order_by("id"))


def picture(*, customer_id: int, number: str, public_id: UUID) -> ReturnPicture:
    """A picture that the customer gave for an order; raises Missing."""
    own = ReturnPicture.objects.filter(order__customer_id=customer_id, order__number=number)
    found = own.filter(public_id=public_id).select_related("file", "order__key").first()
    if found is None:
        raise Missing()
    return found


def send_to(row: ReturnRequest) -> Place | None:
    """Where its goods go back to: the warehouse that they left, customs' original place; None where neither
    it nor the carrier's account has an address."""
    house = row.order.warehouse
    known = CarrierAccount.objects.filter(storefront_id=row.storefront_id, active=True).exclude(origin="")
    account = known.order_by("id").first()
    if account is None and not house.origin:
        return None
    place = sender_of(house, account or CarrierAccount())
    return replace(place, name=place.name or house.name_zh)


def history(row: ReturnRequest) -> list[Step]:
    """The states that it went through; what else its events say stays in the house."""
    rows = Event.objects.filter(key=row.event_key, name__startswith=f"{RETURN.name}.").order_by("seq")
    steps = [Step(name.removeprefix(f"{RETURN.name}."), at) for name, at in rows.values_list("name", "at")]
    return [step for step in steps if step.state in RETURN.states]


def replaced_by(row: ReturnRequest) -> Order | None:
    """The order that was placed on the quote in exchange."""
    if row.replacement_id is None:
        return None
    return Order.objects.filter(quote_id=row.replacement_id).first()
