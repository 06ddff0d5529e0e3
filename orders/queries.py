"""What a customer may see of their own cart, coupons, quotes and orders; anyone else's are Missing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import F, Q, QuerySet, Sum

from catalog.cursors import BadCursor
from compliance import masking, vault
from customers import divisions
from customers.models import Customer
from kernel.errors import Missing
from kernel.models import Event
from kernel.tenancy import everything
from orders import labels
from orders.models import CartLine, Coupon, CouponClaim, Order, OrderLine, Quote
from orders.states import ORDER

MAX_LIMIT = 50


def reserved_fen(*, customer_id: int, year: int) -> int:
    """What this customer's own living orders of a calendar year (in Shanghai) take of the allowance."""
    living = Order.objects.filter(
        customer_id=customer_id, placed_at__year=year, state__in=("placed", "closing", "paid")
    )
    return living.aggregate(total=Sum(F("goods_fen") + F("freight_fen")))["total"] or 0


def told_numbers(*, customer: Customer, numbers: Iterable[str]) -> dict[str, bool]:
    """Of the numbers, the orders of this customer (True) and those of customers with the same phone (False).

    A name and a number can be known to others; the same phone, confirmed by WeChat, is one person's.
    """
    same = Q(customer_id=customer.pk)
    if customer.phone_index is not None:
        same |= Q(customer__phone_index=bytes(customer.phone_index))
    found = Order.objects.filter(same, number__in=list(numbers)).values_list("number", "customer_id")
    with everything():  # a person's year knows no storefront
        return {number: owner == customer.pk for number, owner in found}


@dataclass(frozen=True, slots=True)
class CartItem:
    """One line of the cart, as it was put there."""

    sku: str
    quantity: int
    added_at: datetime


@dataclass(frozen=True, slots=True)
class OrderPage:
    """Orders, the youngest first, with their lines, and the cursor of the next page."""

    items: list[Order]
    lines: dict[int, list[OrderLine]]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Consignee:
    """Who receives the parcel, as far as a screen may show it."""

    name_masked: str
    phone_masked: str
    region: list[str]
    street_masked: str


@dataclass(frozen=True, slots=True)
class Orderer:
    """Who orders, as far as a screen may show it."""

    name_masked: str
    number_masked: str


@dataclass(frozen=True, slots=True)
class Step:
    """A state that the order entered, and when."""

    state: str
    at: datetime


def cart(*, customer_id: int) -> list[CartItem]:
    """The cart, the last put line first, in one statement."""
    rows = CartLine.objects.filter(customer_id=customer_id).order_by("-added_at", "-id")
    return [CartItem(*row) for row in rows.values_list("variant__sku", "quantity", "added_at")]


def claims(*, customer_id: int) -> list[CouponClaim]:
    """The customer's coupons, the youngest first."""
    return list(CouponClaim.objects.filter(customer_id=customer_id).select_related("coupon").order_by("-id"))


def held_counts(*, customer_id: int, now: datetime) -> dict[str, int]:
    """How many coupons the customer can use now, and how many lines the cart has."""
    usable = CouponClaim.objects.filter(
        customer_id=customer_id, order_number="", coupon__starts_at__lte=now, coupon__ends_at__gt=now
    )
    lines = CartLine.objects.filter(customer_id=customer_id)
    return {"coupons": usable.count(), "cart_lines": lines.count()}


def claimable(*, storefront_id: int, customer_id: int, now: datetime) -> list[Coupon]:
    """The coupons that the customer could claim now, those that end first before the others."""
    return list(
        Coupon.objects.filter(storefront_id=storefront_id, starts_at__lte=now, ends_at__gt=now)
        .exclude(claims__customer_id=customer_id)
        .order_by("ends_at", "code")
    )


def coupon(*, storefront_id: int, customer_id: int, code: str) -> tuple[Coupon, CouponClaim | None]:
    """A coupon of the storefront and what the customer has of it; raises Missing."""
    found = Coupon.objects.filter(storefront_id=storefront_id, code=code).first()
    if found is None:
        raise Missing()
    claims = CouponClaim.objects.filter(coupon=found, customer_id=customer_id)
    return found, claims.select_related("coupon").first()


def quote(*, customer_id: int, token: UUID) -> Quote:
    """A quote of the customer with warehouse, address and coupon; raises Missing."""
    found = (
        Quote.objects.filter(customer_id=customer_id, token=token)
        .select_related("warehouse", "address", "claim__coupon")
        .first()
    )
    if found is None:
        raise Missing()
    return found


def number_of(found: Quote) -> str | None:
    """The number of the order that was placed on a quote."""
    return Order.objects.filter(quote=found).values_list("number", flat=True).first()


def order(*, customer_id: int, number: str) -> Order:
    """An order of the customer with warehouse and key; raises Missing."""
    found = (
        Order.objects.filter(customer_id=customer_id, number=number)
        .select_related("warehouse", "key", "claim__coupon", "quote")
        .first()
    )
    if found is None:
        raise Missing()
    return found


def lines(found: Order) -> list[OrderLine]:
    """The lines of an order in their order."""
    return list(OrderLine.objects.filter(order=found).order_by("position"))


def orders(
    *,
    customer_id: int,
    state: str = "",
    cursor: str = "",
    limit: int = 20,
    among: QuerySet[Order] | None = None,
) -> OrderPage:
    """One page of the customer's orders, of those `among` them, in at most three statements.

    The cursor is the number of the last order of the page before; raises BadCursor for one that is not the
    customer's.
    """
    limit = max(1, min(limit, MAX_LIMIT))
    own = Order.objects.filter(customer_id=customer_id)
    rows = own if among is None else among.filter(customer_id=customer_id)
    rows = rows.filter(state=state) if state else rows
    if cursor:
        last = own.filter(number=cursor).values_list("id", flat=True).first()
        if last is None:
            raise BadCursor()
        rows = rows.filter(id__lt=last)
    found = list(rows.order_by("-id")[: limit + 1])
    items = found[:limit]
    by_order: dict[int, list[OrderLine]] = {row.pk: [] for row in items}
    for line in OrderLine.objects.filter(order_id__in=list(by_order)).order_by("order_id", "position"):
        by_order[line.order_id].append(line)
    return OrderPage(items, by_order, items[-1].number if len(found) > limit else None)


def consignee(found: Order) -> Consignee:
    """The receiver for the customer's own screen, masked; empty once the order's key was destroyed."""
    region = divisions.path(found.division_code)
    try:
        key = vault.unwrap(found.key)
    except vault.VaultClosed:
        return Consignee("", "", region, "")
    name = key.open(labels.CONSIGNEE_NAME, found.number, bytes(found.consignee_name_sealed))
    phone = key.open(labels.CONSIGNEE_PHONE, found.number, bytes(found.consignee_phone_sealed))
    return Consignee(
        name_masked=masking.name(name),
        phone_masked=masking.phone(phone),
        region=region,
        street_masked=masking.address("".join(region)),
    )


def orderer(found: Order) -> Orderer:
    """The orderer, masked, who need not be the customer; empty once the order's key was destroyed."""
    try:
        key = vault.unwrap(found.key)
    except vault.VaultClosed:
        return Orderer("", "")
    name = key.open(labels.BUYER_NAME, found.number, bytes(found.buyer_name_sealed))
    number = key.open(labels.BUYER_NUMBER, found.number, bytes(found.buyer_number_sealed))
    return Orderer(masking.name(name), masking.id_number(number))


def history(found: Order) -> list[Step]:
    """The states that the order went through; what else its events say stays in the house."""
    rows = Event.objects.filter(key=found.event_key).order_by("seq").values_list("name", "at")
    steps = [Step(name.removeprefix(f"{ORDER.name}."), at) for name, at in rows]
    return [step for step in steps if step.state in ORDER.states]
