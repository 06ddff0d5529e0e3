"""Both sides' books on one order: what WeChat knows and we do not is lost, the reverse is doubled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from inventory.models import Reservation, Stock
from kernel.models import Case, Delivery, Event
from orders.models import Order, OrderLine
from payments.models import Payment, Refund, RefundLine
from payments.services.refunds import refundable_fen
from settlement.models import Entry
from settlement.queries import not_entered, out_of_balance

HOLDING = ("placed", "closing", "paid")
TOLD_ONCE = ("order.paid", "order.cancelled", "order.expired", "payment.succeeded", "refund.succeeded")
# What a state of ours says of WeChat's: anything else is a difference.
AGREED = {"succeeded": "SUCCESS", "processing": "PROCESSING", "abnormal": "ABNORMAL", "closed": "CLOSED"}


@dataclass
class Finding:
    """What is missing here, what is here twice or without cause, and what has not come to its end."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Nothing is wrong, and nothing is still on its way."""
        return not (self.lost or self.doubled or self.open)


@dataclass(frozen=True)
class Part:
    """What follows from a payment, and only some stories play: what beat has the house do for it, what is
    compared, and how it ended, for the eye."""

    work: Callable[[datetime], object]
    compare: Callable[[Finding, Order, dict[str, Any]], None]
    ends: Callable[[Order], str]


def compare(*, order: Order, books: dict[str, Any], parts: Sequence[Part] = ()) -> Finding:
    """Compare what WeChat's `books` hold with this house's on `order`, the only one that WeChat has."""
    order.refresh_from_db()
    found = Finding()
    _payments(found, order, books["orders"])
    _refunds(found, order, books["refunds"])
    _ledger(found, order)
    _stock(found, order)
    _events(found, order)
    for part in parts:
        part.compare(found, order, books)
    return found


def ends(order: Order, parts: Sequence[Part] = ()) -> tuple[str, str, str, str, str]:
    """How it ended, for the eye: order, its payments, its refunds, what was played besides, open cases."""
    payments = Payment.objects.filter(order=order).order_by("id").values_list("state", flat=True)
    refunds = Refund.objects.filter(order=order).order_by("id").values_list("state", flat=True)
    cases = cases_of(order).order_by("id")
    return (
        order.state,
        " ".join(payments) or "-",
        " ".join(refunds) or "-",
        ", ".join(part.ends(order) for part in parts) or "-",
        " ".join(cases.values_list("kind", flat=True)) or "-",
    )


def cases_of(order: Order) -> QuerySet[Case]:
    """The open cases about the order, or about anything of it that names it."""
    about = Q(key__in=_keys(order)) | Q(facts__order=order.number)
    return Case.objects.filter(about, storefront_id=order.storefront_id, state="open")


def _payments(found: Finding, order: Order, told: list[dict[str, Any]]) -> None:
    ours = list(Payment.objects.filter(order=order))
    here = {
        (one.out_trade_no, one.received_fen, one.transaction_id)
        for one in ours
        if one.state in ("succeeded", "stray")
    }
    there = {(one["out_trade_no"], one["total"], one["transaction_id"]) for one in told if one["paid"]}
    found.lost += [f"payment {number}: {fen} fen" for number, fen, _ in sorted(there - here)]
    found.doubled += [f"payment {number}: {fen} fen" for number, fen, _ in sorted(here - there, key=str)]
    known = {one.out_trade_no for one in ours}
    found.lost += [f"number {one['out_trade_no']}" for one in told if one["out_trade_no"] not in known]
    settled = sum(one.state == "succeeded" for one in ours)
    if settled > 1:
        found.doubled.append(f"{settled} payments of one order")
    if settled and order.state in ("placed", "closing", "expired"):
        found.lost.append(f"paid, and the order is {order.state}")
    ended = {"succeeded"} if order.state == "cancelled" else set()
    for one in ours:
        if one.state in {"stray", *ended} and (left := refundable_fen(one)):
            found.open.append(f"{left} fen of {one.out_trade_no} belong to no order and stay")
    if order.state == "paid" and not settled:
        found.doubled.append("an order paid by nothing")
    found.open += [f"payment {one.state}" for one in ours if one.state in ("created", "prepared")]
    if order.state in ("placed", "closing"):
        found.open.append(f"order {order.state}")
    else:
        payable = [one["out_trade_no"] for one in told if one["payable"]]
        found.open += [f"{number} can still be paid" for number in payable]


def _refunds(found: Finding, order: Order, told: list[dict[str, Any]]) -> None:
    ours = {one.out_refund_no: one for one in Refund.objects.filter(order=order)}
    there = {one["out_refund_no"]: one for one in told}
    for number, one in there.items():
        refund = ours.get(number)
        if refund is None or refund.amount_fen != one["amount"]:
            found.lost.append(f"refund {number}: {one['amount']} fen")
        elif AGREED.get(refund.state) != one["status"]:
            _differs(found, refund, one["status"])
    for number, refund in ours.items():
        if number not in there and refund.state in ("processing", "succeeded", "abnormal"):
            found.doubled.append(f"refund {number}: {refund.state}, and WeChat has none")
        if refund.state in ("requested", "accepted"):
            found.open.append(f"refund {refund.state}")
        if refund.state in ("processing", "abnormal") and not _attended(refund):
            found.open.append(f"refund {refund.state}, and nobody told")
    gone = sum(one["amount"] for one in told if one["status"] != "CLOSED")
    wished = sum(one.amount_fen for one in ours.values() if one.state != "closed")
    if gone > wished:
        found.doubled.append(f"{gone} fen went back, {wished} were to")


def _differs(found: Finding, refund: Refund, status: str) -> None:
    text = f"refund {refund.out_refund_no}: {status}, here {refund.state}"
    if refund.state in ("accepted", "processing", "abnormal"):
        found.open.append(text)
    else:
        (found.doubled if refund.state == "succeeded" else found.lost).append(text)


def _attended(refund: Refund) -> bool:
    return Case.objects.filter(key=refund.event_key, state="open").exists()


def _ledger(found: Finding, order: Order) -> None:
    payments = dict(Payment.objects.filter(order=order).values_list("out_trade_no", "id"))
    refunds = dict(Refund.objects.filter(order=order).values_list("out_refund_no", "id"))
    waiting = payments.keys() | refunds.keys()
    missing = [one for one in not_entered(storefront_id=order.storefront_id) if one in waiting]
    found.lost += [f"{number} not in the ledger" for number in missing]
    fact = ("kind", "payment_id", "refund_id", "bill_line_id", "fund_line_id")
    entries = Entry.objects.filter(order=order).values_list(*fact)
    twice = [kind for (kind, *_), count in Counter(entries).items() if count > 1]
    found.doubled += [f"{kind} entered twice" for kind in twice]
    found.lost += [f"entry {key} is off by {fen} fen" for key, fen in out_of_balance()]


def _stock(found: Finding, order: Order) -> None:
    wanted = OrderLine.objects.filter(order=order).aggregate(sum=Sum("quantity", default=0))["sum"]
    if order.gate == Order.Gate.BEFORE_LIST:  # what went back before the list is not to be shipped
        back = RefundLine.objects.filter(refund__order=order, refund__state="succeeded")
        wanted -= back.aggregate(sum=Sum("quantity", default=0))["sum"]
    due = wanted if order.state in HOLDING else 0
    states = ("held", "picked", "shipped") if due else ("held", "picked")
    held = Reservation.objects.filter(holder=order.event_key, state__in=states)
    pieces = held.aggregate(sum=Sum("quantity", default=0))["sum"]
    if pieces != due:
        (found.lost if pieces > due else found.doubled).append(f"{pieces} pieces held for {due}")
    for stock in Stock.objects.filter(reservations__holder=order.event_key).distinct():
        live = stock.reservations.filter(state__in=("held", "picked"))
        all_held = live.aggregate(sum=Sum("quantity", default=0))["sum"]
        if all_held != stock.reserved:
            side = found.lost if stock.reserved > all_held else found.doubled
            side.append(f"{stock.reserved} pieces reserved, {all_held} held")


def _events(found: Finding, order: Order) -> None:
    told = Event.objects.filter(key__in=_keys(order), name__in=TOLD_ONCE).values("name", "key")
    for row in told.annotate(count=Count("id")).filter(count__gt=1):
        found.doubled.append(f"{row['name']} told {row['count']} times")
    waiting = Delivery.objects.filter(key__in=_keys(order), done_at=None)
    found.open += [f"{one.handler} waits: {one.error}" for one in waiting]


def _keys(order: Order) -> list[str]:
    """By which the order, its payments and its refunds are known to events and cases."""
    payments = Payment.objects.filter(order=order)
    transactions = [one.transaction_id for one in payments if one.transaction_id]
    return [
        order.event_key,
        *(one.event_key for one in payments),
        *(f"transaction:{one}" for one in transactions),
        *(one.event_key for one in Refund.objects.filter(order=order)),
    ]
