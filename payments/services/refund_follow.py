"""What follows from a refund, by event: an order of which nothing is left ends; a promise goes on.

Before the list, pieces that have gone back are not kept for the consumer either: they can be sold again, and
their share of the yearly allowance is free.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from itertools import groupby

from inventory import services as inventory
from kernel import events
from kernel.models import Event
from kernel.tenancy import tenant
from orders.models import Order, OrderLine
from orders.services.cancel_paid import end_paid
from orders.services.share_of_year import free_share
from payments.models import Complaint, Payment, Refund, RefundLine
from payments.services import complaint_clocks
from payments.services.refund_limits import back_fen
from payments.services.refund_parts import NOTHING, Returned, back_of, returned


def all_is_back(payment: Payment) -> bool:
    """Whether all that was paid for an order has gone back."""
    return payment.state == "succeeded" and back_fen(payment) >= (payment.received_fen or 0)


def no_piece_left(order: Order) -> bool:
    """Whether every piece of an order has been refunded: there is nothing to declare and nothing to ship."""
    return not any(pieces_left(order).values())


def pieces_left(order: Order) -> dict[int, int]:
    """Variant → how many pieces of the order have not been refunded; every variant of it is named."""
    gone = back_of(order).lines
    left: Counter[int] = Counter()
    for line in OrderLine.objects.filter(order=order):
        left[line.variant_id] += max(0, line.quantity - gone.get(line.pk, NOTHING).quantity)
    return dict(left)


def follow(*, number: str, now: datetime) -> bool:
    """Before the list: end the order whose money, or whose every piece, has gone back; stock, coupon and
    allowance are free, and what was still kept (freight) goes back by its end. Of an order that goes on, the
    stock of the refunded pieces is free.

    False where it goes on, where customs has the list, or where it has ended. Locks the order, then what it
    holds. Told again it changes nothing.
    """
    with tenant(Order.objects.values_list("storefront_id", flat=True).get(number=number)):
        order = Order.objects.select_for_update().get(number=number)
        if order.state != "paid" or order.gate != Order.Gate.BEFORE_LIST:
            return False
        payments = Payment.objects.filter(order=order, state="succeeded")
        if no_piece_left(order) or any(all_is_back(payment) for payment in payments):
            end_paid(order=order, by="system", now=now)
            return True
        free_refunded(order=order, now=now)
    return False


def free_refunded(*, order: Order, now: datetime) -> None:
    """Of an order that goes on, keep no piece that has been refunded, nor its share of the person's year.

    Pieces that have left (direct mail leaves before its list) are told of: they are on their way undeclared.

    Called under the order's lock; the locks of the year come before those of stock.
    """
    free_shares(order=order, now=now)
    kept = pieces_left(order)
    freed = inventory.lessen(holder=order.event_key, kept=kept, now=now)
    gone = inventory.left_beyond(holder=order.event_key, kept=kept)
    told = Event.objects.filter(key=order.event_key, name="order.lessened").order_by("-id").first()
    if freed or gone != (told.facts.get("left", {}) if told else {}):
        events.record(
            storefront_id=order.storefront_id,
            name="order.lessened",
            key=order.event_key,
            facts={"pieces": freed, **({"left": gone} if gone else {})},
            now=now,
        )


def free_shares(*, order: Order, now: datetime) -> None:
    """Each refund's share of the yearly allowance is free again, the oldest refund's first, and once."""
    before: dict[int, Returned] = {}
    rows = RefundLine.objects.filter(refund__order=order, refund__state="succeeded").select_related("refund")
    seen: list[RefundLine] = []
    for refund, its in groupby(rows.order_by("refund_id", "id"), key=lambda row: row.refund):
        new = list(its)
        free_share(order=order, reference=refund.event_key, before=before, gone=returned(new), now=now)
        seen += new
        before = returned(seen)


def promise(*, refund: Refund, instead_of: list[str], now: datetime) -> None:
    """What was promised to who complained comes with `refund`, which took its place. Locks the complaints."""
    moved = Complaint.objects.filter(refund__out_refund_no__in=instead_of).update(refund=refund)
    if moved and refund.state == "succeeded" and not refund.owed:
        complaint_clocks.arrived(refund=refund, now=now)
