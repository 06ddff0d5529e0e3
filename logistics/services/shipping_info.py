"""An order's shipping is owed to WeChat from the carrier's first scan on, never from a label.

What WeChat says of an order is taken in by one door, `follow`, whoever asked: a step, the daily list, a push.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from kernel import events
from kernel.cases import open_case, settle_open
from kernel.models import Event
from kernel.tenancy import tenant
from logistics.models import Parcel, Shipment, ShippingInfo, TradeManagement
from logistics.services.handover import HANDED_OVER
from logistics.states import SHIPPING_INFO
from logistics.vocabulary import carriers
from orders.models import Order
from wechat.shipping import MOST_PARCELS, OrderState, Standing

LATE_AFTER = timedelta(hours=36)  # of the 48 hours in which ordinary goods must be shipped
REFUSED, UNANSWERED, NOT_THERE = (f"shipping_info.{name}" for name in ("refused", "unanswered", "not_there"))
OUTDATED, OTHERWISE, LATE = (f"shipping_info.{name}" for name in ("outdated", "otherwise", "late"))
LOST_THERE, REMINDED = "shipping_info.lost_there", "shipping_info.reminded"
ANSWERED = (REFUSED, UNANSWERED, NOT_THERE, OTHERWISE, LATE, LOST_THERE, REMINDED)
CHANGED = "shipping_info.changed"
UNTIL_ALL = (LATE, REMINDED)  # said of the order until WeChat knows that all of it has left
TITLES = {
    REFUSED: "WeChat refused an order's shipping information",
    UNANSWERED: "WeChat does not answer about shipping information",
    NOT_THERE: "WeChat's shipping management does not know a payment",
    OUTDATED: "WeChat shows another waybill and takes no more changes",
    OTHERWISE: "WeChat was told of another shipping than ours",
    LATE: "An order is not shipped, and the 48 hours are nearly over",
    LOST_THERE: "WeChat does not know of a shipping that it was told",
    REMINDED: "WeChat reminds us to ship an order",
}
TURNED = ("in_transit", "returned", "damaged", "lost")
HAS_IT = ("told", "retold", "outdated")
OVER = ("received", "settled", "ended")
Pairs = list[list[str]]


def open_info(*, order: Order, now: datetime) -> ShippingInfo | None:
    """The row of a paid order, made if there is none; None where the order was never paid."""
    if order.paid_at is None:
        return None
    with tenant(order.storefront_id):
        TradeManagement.objects.get_or_create(storefront_id=order.storefront_id)
        made, new = ShippingInfo.objects.get_or_create(
            order=order,
            defaults={
                "storefront_id": order.storefront_id,
                "number": order.number,
                "transaction_id": order.transaction_id,
                "paid_at": order.paid_at,
                "late_at": order.paid_at + LATE_AFTER,
            },
        )
        if new:
            events.record(
                storefront_id=order.storefront_id,
                name=f"{SHIPPING_INFO.name}.{SHIPPING_INFO.start}",
                key=made.event_key,
                facts={"order": order.number},
                now=now,
            )
    return made


def owe(*, order: Order, now: datetime) -> None:
    """A carrier has a parcel of the order: WeChat is told of it, and with the last one that it is the last.

    Another waybill than the one it has uses up the one change; a further one is a case.
    """
    with tenant(order.storefront_id):
        made = open_info(order=order, now=now)
        if made is None:
            return
        row = locked(made)
        wanted, since, partial = wanted_of(order)
        instead = {old: [carrier, new] for new, (carrier, old) in changed(row).items()}
        wanted = [instead.get(one[1], one) for one in wanted]
        if not wanted or row.state in OVER or (wanted, partial) == (row.wanted, row.partial):
            return
        _want(row, wanted, now, shipped_at=since, partial=partial)


def delivered(*, order: Order, at: datetime, now: datetime) -> None:
    """The carrier delivered: the consumer is reminded to confirm, once WeChat knows of the shipping."""
    with tenant(order.storefront_id):
        row = ShippingInfo.objects.select_for_update(of=("self",)).filter(order=order).first()
        if row is None or row.state in OVER or row.delivered_at is not None or _has_turned(order):
            return
        ShippingInfo.objects.filter(pk=row.pk).update(delivered_at=at)
        if row.state in HAS_IT and row.reminded_at is None:
            ShippingInfo.objects.filter(pk=row.pk).update(remind_at=now, next_try_at=now, tries=0)


def turned(*, order: Order) -> None:
    """What was delivered is on its way again: nobody is reminded to confirm the receipt of it."""
    ShippingInfo.objects.filter(order=order, delivered_at__isnull=False).update(delivered_at=None)


def _has_turned(order: Order) -> bool:
    """Whether it was taken away again before its delivery was heard of here."""
    return Shipment.objects.filter(order=order, state__in=TURNED, delivered_at=None).exists()


def cancelled(*, order: Order, now: datetime) -> None:
    """Nothing is told of what will not leave; what WeChat may have been told already it says itself."""
    with tenant(order.storefront_id):
        row = ShippingInfo.objects.select_for_update(of=("self",)).filter(order=order).first()
        if row is not None and row.state in ("waiting", "exempt"):
            end(row, now, why="cancelled")


def wanted_of(order: Order) -> tuple[Pairs, datetime | None, bool]:
    """Carriers and waybills under which the order has left, since when, and whether more are to come."""
    parcels = list(
        Parcel.objects.filter(shipment__order=order, state__in=("asked", "issued", "withdrawing", "refused"))
        .order_by("id")
        .values_list("carrier", "waybill", "scanned_at")
    )
    scans = [at for _, _, at in parcels if at is not None]
    if scans:
        left = [[carrier, waybill] for carrier, waybill, at in parcels if at is not None]
        more = Shipment.objects.filter(order=order, state="leaving").exists()
        return left, min(scans), more or len(scans) < len(parcels)
    told = Event.objects.filter(key=order.event_key, name=HANDED_OVER).order_by("-id").first()
    if told is None:
        return [], None, False
    name = str(told.facts["carrier"])
    code = next((one.code for one in carriers().values() if one.name_zh == name), name[:10])
    return [[code, str(told.facts["waybill"])]], datetime.fromisoformat(told.facts["at"]), False


def changed(row: ShippingInfo) -> dict[str, tuple[str, str]]:
    """Waybill that an operator named → its carrier, and the waybill that it replaces."""
    told = Event.objects.filter(key=row.event_key, name=CHANGED, facts__has_key="replaces")
    rows = told.order_by("id").values_list("facts", flat=True)
    return {one["waybill"]: (one["carrier"], one["replaces"]) for one in rows}


def follow(row: ShippingInfo, standing: Standing, now: datetime) -> bool:
    """What WeChat says of the order, under the row's lock; whether it knows of a shipping."""
    theirs = list(standing.numbers)
    if standing.state is OrderState.REFUNDED:
        end(row, now, why="refunded")
        return bool(theirs)
    if theirs and row.state in ("owed", "amending"):
        split = is_split(row)
        ours = (row.wanted, row.sent, row.known) if split else (row.wanted, row.sent)
        mine = next((one for one in ours if theirs == numbers(one)), None)
        partial = split and standing.finished == 0
        news = theirs != numbers(row.known) or partial != row.known_partial
        if mine is not None and (news or (row.state == "owed" and not row.known_partial)):
            take_told(row, mine, now, partial=partial)
        elif row.state == "owed" and not (row.known_partial and theirs == numbers(row.known)):
            refuse(row, OTHERWISE, "", now, theirs=", ".join(theirs))
        elif standing.finished > 1:
            outdate(row, now)
    if standing.state in (OrderState.RECEIVED, OrderState.AWAITING_SETTLEMENT):
        receive(row, now, at=None)
    elif standing.state is OrderState.COMPLETED:
        settle(row, now, at=None)
    return bool(theirs)


def is_split(row: ShippingInfo) -> bool:
    """Whether the order goes out in several parcels, of which WeChat is told one by one."""
    return Parcel.objects.filter(shipment__order=row.order_id, single=False).exists()


def take_told(row: ShippingInfo, what: Pairs, now: datetime, *, partial: bool) -> None:
    """WeChat has it, and knows whether more is to come. Where one more parcel has left meanwhile it is told
    of that; where another waybill was meant to be told, that is the one change."""
    moved = {"retold_at": now} if row.state == "amending" else {}
    SHIPPING_INFO.move(
        row,
        "tell",
        now=now,
        facts={"waybill": ", ".join(numbers(what))},
        known=what,
        known_partial=partial,
        known_at=row.known_at or now,
        late_at=row.late_at if partial else None,
        trouble="",
        tries=0,
        next_try_at=None,
        **moved,
    )
    kinds = [kind for kind in ANSWERED if not (partial and kind in UNTIL_ALL)]
    settle_open(kinds=kinds, key=row.event_key, by="system", note="told", now=now)
    if (numbers(row.wanted), row.partial) != (numbers(what), partial):
        _change(row, now)
    elif row.delivered_at is not None and row.reminded_at is None:
        ShippingInfo.objects.filter(pk=row.pk).update(remind_at=now, next_try_at=now)


def refuse(row: ShippingInfo, kind: str, why: str, now: datetime, **facts: str) -> None:
    """WeChat does not take it, and a person must look."""
    trouble = why or kind.rpartition(".")[2]
    SHIPPING_INFO.move(
        row, "refuse", now=now, facts={"why": trouble}, trouble=trouble[:160], next_try_at=None
    )
    case(row, kind, now, why=trouble, **facts)


def outdate(row: ShippingInfo, now: datetime) -> None:
    """WeChat shows another waybill, and the one change was made: never a second time."""
    SHIPPING_INFO.move(row, "outdate", now=now, next_try_at=None)
    theirs = ", ".join(numbers(row.known))
    case(row, OUTDATED, now, waybill=", ".join(numbers(row.wanted)), theirs=theirs)


def receive(row: ShippingInfo, now: datetime, *, at: datetime | None) -> None:
    """Receipt is confirmed at WeChat, by whomever."""
    if row.state in SHIPPING_INFO.moves["receive"]:
        _over(row, "receive", now, receipt_at=at or now)


def settle(row: ShippingInfo, now: datetime, *, at: datetime | None) -> None:
    """WeChat has settled the order."""
    if row.state in SHIPPING_INFO.moves["settle"]:
        _over(row, "settle", now, money_at=at or now)


def end(row: ShippingInfo, now: datetime, *, why: str) -> None:
    """Nothing is to be told any more."""
    if row.state in SHIPPING_INFO.moves["end"]:
        _over(row, "end", now, {"why": why})


def amend(row: ShippingInfo, now: datetime, *, by: str) -> None:
    """The one change is to be made."""
    SHIPPING_INFO.move(row, "amend", now=now, facts={"by": by}, attempted_at=None, tries=0, next_try_at=now)


def case(row: ShippingInfo, kind: str, now: datetime, **facts: str) -> None:
    """Put it before an operator."""
    open_case(
        storefront_id=row.storefront_id,
        kind=kind,
        key=row.event_key,
        title=TITLES[kind],
        facts={"order": row.number, **facts},
        now=now,
    )


def numbers(pairs: Pairs) -> list[str]:
    """The waybills alone, in order: by these WeChat's and ours are compared."""
    return sorted(waybill for _, waybill in pairs)


def locked(info: ShippingInfo) -> ShippingInfo:
    """The row as it is now, locked."""
    return ShippingInfo.objects.select_for_update(of=("self",)).get(pk=info.pk)


def _want(
    row: ShippingInfo, wanted: Pairs, now: datetime, *, shipped_at: datetime | None, partial: bool
) -> None:
    """From now on WeChat is to know `wanted`, and whether that is all."""
    row.wanted, row.partial = wanted, partial
    ShippingInfo.objects.filter(pk=row.pk).update(
        wanted=wanted, partial=partial, shipped_at=row.shipped_at or shipped_at
    )
    if row.state in ("waiting", "exempt"):
        facts = {"waybill": ", ".join(numbers(wanted))}
        SHIPPING_INFO.move(row, "owe", now=now, facts=facts, tries=0, next_try_at=now)
    elif row.state in HAS_IT and (numbers(wanted), partial) != (numbers(row.known), row.known_partial):
        _change(row, now)


def _change(row: ShippingInfo, now: datetime) -> None:
    if row.state == "told" and row.known_partial and set(numbers(row.known)) <= set(numbers(row.wanted)):
        facts = {"waybill": ", ".join(numbers(row.wanted))}
        changes: dict[str, Any] = {"sent": [], "attempted_at": None, "tries": 0, "next_try_at": now}
        SHIPPING_INFO.move(row, "add", now=now, facts=facts, **changes)
    elif row.state == "told" and row.retold_at is None and len(row.wanted) <= MOST_PARCELS:
        amend(row, now, by="system")
    elif row.state == "retold":
        outdate(row, now)
    else:
        case(row, OUTDATED, now, waybill=", ".join(numbers(row.wanted)), theirs=", ".join(numbers(row.known)))


def _over(
    row: ShippingInfo, verb: str, now: datetime, facts: dict[str, Any] | None = None, **changes: Any
) -> None:
    SHIPPING_INFO.move(
        row, verb, now=now, facts=facts, next_try_at=None, remind_at=None, late_at=None, **changes
    )
    settle_open(kinds=ANSWERED, key=row.event_key, by="system", note=row.state, now=now)
