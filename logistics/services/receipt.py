"""Receipt is confirmed once (确认收货): by the consumer once goods left, else by the days after delivery.

An order's own state says nothing of it: it is a fact of the shipment, and an event under the order's key for
whoever needs it. Confirming takes no right away: what the law counts, it counts from the delivery.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from kernel import events
from kernel.cases import open_failing, settle_open
from kernel.errors import Conflict
from kernel.tenancy import tenant
from logistics.models import Shipment
from logistics.services.shipments import locked
from orders.models import Order

RECEIVED, FAILING = "shipment.received", "receipt.failing"
BATCH, AGAIN_AFTER = 100, timedelta(hours=1)
# Where goods may be in the consumer's hands. What carriers tell comes late, and “lost” is read out of words;
# what customs holds, what came back and what never left is with nobody.
MAY_HAVE = ("handed_over", "in_transit", "delivered", "lost", "damaged")


@dataclass(eq=False)
class NotOnItsWay(Conflict):
    """There is nothing that the consumer could have received."""

    code = "receipt_not_possible"
    title = "Receipt can be confirmed once the parcel is on its way or delivered."
    title_zh = "包裹发出后方可确认收货。"
    state: str


def may_confirm(shipment: Shipment) -> bool:
    """Whether the consumer can confirm receipt now."""
    left = shipment.handed_over_at is not None and shipment.state in MAY_HAVE
    return shipment.receipt_at is None and left


def confirm_receipt(*, order: Order, now: datetime) -> Shipment:
    """The consumer has the goods; confirmed before, it changes nothing. Raises NotOnItsWay."""
    with tenant(order.storefront_id):
        made = Shipment.objects.filter(order=order).first()
        if made is None:
            raise NotOnItsWay(state="")
        order, row = locked(made)
        if row.receipt_at is not None:
            return row
        if order.state != "paid" or not may_confirm(row):
            raise NotOnItsWay(state=row.state)
        _receive(row, Shipment.ReceivedBy.CONSUMER, now)
        return row


def follow_wechat(*, order: Order, at: datetime, now: datetime) -> bool:
    """WeChat says that receipt was confirmed there, by the consumer or by its own days; whether that was new.

    What cannot have come is not received by it: what carriers tell stands against it.
    """
    with tenant(order.storefront_id):
        made = Shipment.objects.filter(order=order).first()
        if made is None:
            return False
        order, row = locked(made)
        if order.state != "paid" or not may_confirm(row):
            return False
        _receive(row, Shipment.ReceivedBy.WECHAT, now, at=at)
        return True


def sweep(*, now: datetime) -> int:
    """Confirm what was delivered long enough ago; returns how many.

    One that fails in a way that nobody foresaw stops no other: it is a case, and tried again later.
    """
    done = 0
    due = Shipment.objects.filter(receipt_due_at__lte=now, receipt_at=None).order_by("receipt_due_at")
    for shipment in list(due[:BATCH]):
        try:
            done += _let_days_confirm(shipment, now)
        except Exception as failure:
            open_failing(
                storefront_id=shipment.storefront_id,
                kind=FAILING,
                key=shipment.event_key,
                title="Receipt cannot be confirmed: something that nobody foresaw",
                facts={"order": shipment.number},
                failure=failure,
                now=now,
            )
            Shipment.objects.filter(pk=shipment.pk).update(receipt_due_at=now + AGAIN_AFTER)
    return done


def _let_days_confirm(shipment: Shipment, now: datetime) -> bool:
    """What did not stay delivered, and what was cancelled, is confirmed by nobody's silence."""
    with tenant(shipment.storefront_id):
        order, row = locked(shipment)
        if row.receipt_at is not None or row.receipt_due_at is None or row.receipt_due_at > now:
            return False
        settle_open(kinds=[FAILING], key=row.event_key, by="system", note="looked at", now=now)
        if order.state != "paid" or row.state != "delivered":
            Shipment.objects.filter(pk=row.pk).update(receipt_due_at=None)
            return False
        _receive(row, Shipment.ReceivedBy.DAYS, now)
        return True


def _receive(row: Shipment, by: Shipment.ReceivedBy, now: datetime, *, at: datetime | None = None) -> None:
    """Under the locks of order and shipment."""
    row.receipt_at, row.receipt_by = at or now, by
    row.save(update_fields=["receipt_at", "receipt_by"])
    events.record(
        storefront_id=row.storefront_id,
        name=RECEIVED,
        key=row.event_key,
        facts={"order": row.number, "by": by.value, "at": row.receipt_at.isoformat()},
        now=now,
    )
