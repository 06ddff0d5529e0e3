"""What is told of a parcel is taken in by one door, once, in whatever order and from whomever it comes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import structlog
from django.db import connection

from kernel import events
from kernel.cases import open_case, settle_open
from kernel.clock import shanghai_day
from kernel.errors import Missing
from kernel.models import Case, Event
from kernel.states import WrongState
from kernel.tenancy import tenant
from logistics.carrier_words import masked
from logistics.gateways.carrying import Handover
from logistics.gateways.tracking import Report
from logistics.models import Parcel, Shipment, TrackingEvent
from logistics.services.gone import let_go, not_for_sale
from logistics.services.handover import record_handover
from logistics.services.shipments import FOUND_OUT, find_out, locked
from logistics.services.standing import advance, handover_of, stand_by
from logistics.states import SHIPMENT
from logistics.vocabulary import BEFORE_SCAN, Code, latest
from orders.models import Order

log = structlog.get_logger(__name__)

PARTNER = "partner"  # who is no provider of ours, and connects to us
UNEXPECTED, EARLY = "tracking.unexpected", "tracking.left_before_release"
ENDS = ("delivered", "returned")
FOUND = {"lose": Code.LOST, "damage": Code.DAMAGED, "return": Code.RETURNED, "move": Code.IN_TRANSIT}
LONGEST_CODE = 12  # what a provider calls an event; more of it is cut
AFTER_RELEASE_ONLY = ("1210", "1239")  # what leaves a bonded zone does so after 800 (law.md R2.5)
OF_RELEASE = ("customs.released", "customs.held_back")  # of these the last one told of an order stands
# What is told of a parcel only once it is in the hands of carriers inside China: under 9610 after 800 too.
INSIDE = frozenset({Code.ARRIVED, Code.OUT_FOR_DELIVERY, Code.AT_POINT, Code.REFUSED, Code.DELIVERED})
# What a person must look at, and what it comes right by.
CASES = {
    Code.RETURNED: ("tracking.returned", "A parcel came back to its sender"),
    Code.RETURNING: ("tracking.returning", "A parcel is on its way back"),
    Code.REFUSED: ("tracking.refused", "A consumer refused a parcel"),
    Code.LOST: ("tracking.lost", "A parcel is lost"),
    Code.DAMAGED: ("tracking.damaged", "A parcel is damaged"),
    Code.CUSTOMS_HOLD: ("tracking.customs_hold", "Customs holds a parcel"),
}
SILENT, UNWATCHED, NOT_SCANNED = "tracking.silent", "tracking.failing", "tracking.not_scanned"
SETTLED_BY_MOVING = (SILENT, NOT_SCANNED, CASES[Code.CUSTOMS_HOLD][0])
SETTLED_BY_ARRIVING = (*SETTLED_BY_MOVING, CASES[Code.LOST][0], CASES[Code.RETURNING][0])
BEFORE, AHEAD = timedelta(days=30), timedelta(days=1)  # of a parcel that was asked for; of now
LONGEST_WAY = timedelta(days=180)  # from when it was asked for until it arrives
WATCHED_FOR = timedelta(hours=12)  # what pushes say nothing of for so long is asked about
_KEEP = """
INSERT INTO logistics_trackingevent
    (storefront_id, parcel_id, provider, at, code, raw_code, text, digest, taken_at)
SELECT %s::bigint, %s::bigint, %s::text, told.* , %s::timestamptz
FROM unnest(%s::timestamptz[], %s::text[], %s::text[], %s::text[], %s::text[])
    AS told (at, code, raw_code, text, digest)
WHERE NOT EXISTS (
    SELECT 1 FROM logistics_trackingevent e
    WHERE e.parcel_id = %s AND e.at = told.at AND e.code = told.code AND e.provider <> %s)
ON CONFLICT (parcel_id, digest) DO NOTHING
"""


class UnknownParcel(Missing):
    """No parcel of the storefront has this waybill."""

    code = "parcel_unknown"
    title = "No parcel of this storefront has this waybill."
    title_zh = "该店铺没有此运单号的包裹。"


@dataclass(frozen=True, slots=True)
class Taken:
    """How much of a report was new."""

    parcel_id: int
    new: int


def take_in_tracking(*, storefront_id: int, report: Report, now: datetime) -> Taken:
    """Keep what is new of a report, and move parcel and shipment to what all that is known says.

    A line that is dated before the parcel could be or after tomorrow is not believed, and harms no other; nor
    is a day of arrival that cannot be. What is told of another carrier is not of this parcel, whatever its
    number. Raises UnknownParcel. Told twice it adds nothing; told in any order it ends the same.
    """
    parcel = (
        Parcel.objects.filter(storefront_id=storefront_id, waybill=report.waybill, carrier=report.carrier)
        .exclude(state="cancelled")
        .select_related("shipment")
        .order_by("-id")
        .first()
    )
    if parcel is None:
        raise UnknownParcel()
    with tenant(storefront_id):
        new = _keep(parcel, report, now)
        if new or report.over or report.expected_on:
            _follow(parcel, report, now)
    return Taken(parcel.pk, new)


def _keep(parcel: Parcel, report: Report, now: datetime) -> int:
    """What is new and can be: one scan that another provider told in words of its own is kept already."""
    told = [one for one in report.told if parcel.asked_at - BEFORE < one.at < now + AHEAD]
    if len(told) < len(report.told):
        log.warning("tracking_unbelievable", parcel=parcel.own_number, lines=len(report.told) - len(told))
    texts = [masked(one.text.replace("\0", "")) for one in told]
    digests = [
        hashlib.sha256(f"{one.at.isoformat()}\n{text}".encode()).hexdigest()
        for one, text in zip(told, texts, strict=True)
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            _KEEP,
            [
                parcel.storefront_id,
                parcel.pk,
                report.provider,
                now,
                [one.at for one in told],
                [one.code.value for one in told],
                [one.raw_code.replace("\0", "")[:LONGEST_CODE] for one in told],
                texts,
                digests,
                parcel.pk,
                report.provider,
            ],
        )
        return int(cursor.rowcount)


def find_out_parcel(*, parcel: Parcel, verb: str, by: str, now: datetime) -> Parcel:
    """What an operator learnt of one parcel from the carrier; it says nothing of the order's others.

    Where an order has one, it is its shipment that this is said of. Raises WrongState.
    """
    if verb not in FOUND_OUT:
        raise Missing()
    if parcel.single:
        find_out(shipment=parcel.shipment, verb=verb, by=by, now=now)
        return parcel
    with tenant(parcel.storefront_id):
        order, shipment = locked(parcel.shipment)
        row = Parcel.objects.select_for_update(of=("self",)).get(pk=parcel.pk)
        if row.state == "cancelled" or row.left_at is None or (verb == "move" and row.scanned_at is None):
            raise WrongState(machine="parcel", verb=verb, state=row.latest or row.state)
        row.found, row.found_at = FOUND[verb], now
        _stand(row)
        row.save(update_fields=["found", "found_at", "latest", "latest_at", "scanned_at"])
        facts = {"order": order.number, "by": by, "found": row.found}
        events.record(
            storefront_id=row.storefront_id, name="parcel.found", key=row.event_key, facts=facts, now=now
        )
        stand_by(order=order, row=shipment, parcel=row, now=now)
        _tell(row, shipment, Code(row.latest), now)
        return row


def _stand(row: Parcel) -> None:
    """Where a parcel stands by its whole story; what an operator found out is a line of it, and no scan."""
    told = list(TrackingEvent.objects.filter(parcel=row).values_list("at", "code"))
    scans = [at for at, code in told if code not in BEFORE_SCAN]
    found = [(row.found_at, row.found)] if row.found_at is not None else []
    stands = latest([*told, *found])
    if stands is not None:
        row.latest_at, row.latest = stands
    row.scanned_at = min(scans, default=None)


def _follow(parcel: Parcel, report: Report, now: datetime) -> None:
    """Under the locks, what the parcel's whole story says: of two tellers the second one sees both."""
    order, shipment = locked(parcel.shipment)
    row = Parcel.objects.select_for_update(of=("self",)).get(pk=parcel.pk)
    before = row.latest
    _stand(row)
    if report.expected_on is not None and _can_be(report.expected_on, row):
        row.expected_on = report.expected_on
    over = row.latest in ENDS
    row.next_try_at = None if over else now + WATCHED_FOR
    row.save(update_fields=["latest", "latest_at", "scanned_at", "expected_on", "next_try_at"])
    if over:
        settle_open(kinds=[UNWATCHED], key=row.event_key, by="system", note="it has ended", now=now)
    if row.scanned_at is not None:
        _move(order, shipment, row, now)
    if row.latest and row.latest != before:
        _tell(row, shipment, Code(row.latest), now)
    if report.over and report.why and not over:
        _case(row, shipment, SILENT, "A parcel is watched no more", now, why=masked(report.why))


def _can_be(arrival: date, parcel: Parcel) -> bool:
    """Whether a parcel may arrive on this day, as far as we know when it was asked for."""
    asked = shanghai_day(parcel.asked_at)
    return asked <= arrival <= asked + LONGEST_WAY


def _move(order: Order, shipment: Shipment, parcel: Parcel, now: datetime) -> None:
    """From the carrier's first scan on, its pieces are gone, and the shipment is where its parcels are."""
    never = shipment.handed_over_at is None
    if never and shipment.state not in SHIPMENT.moves["hand_over"]:
        _case(parcel, shipment, UNEXPECTED, "A parcel moves that should not", now)
        if shipment.state == "cancelled" and parcel.left_at is None:
            not_for_sale(order=order, row=shipment, parcel=parcel, by="carrier", now=now)
            parcel.left_at = now
            parcel.save(update_fields=["left_at"])
        return
    let_go(order=order, row=shipment, parcel=parcel, by="carrier", now=now, seen=True)
    if never:
        advance(order=order, row=shipment, by="carrier", now=now, scanned=parcel)
        if order.trade_mode in AFTER_RELEASE_ONLY and not is_released(order):
            _case(parcel, shipment, EARLY, "A parcel left the bonded zone before its release", now)
    if not parcel.single:  # each waybill is evidence; the last one may have been told by the move
        told = handover_of(parcel)
        handover = Handover(told["waybill"], told["carrier"], datetime.fromisoformat(told["at"]))
        record_handover(order=order, handover=handover, now=now)
    if order.trade_mode == "9610" and Code(parcel.latest) in INSIDE and not is_released(order):
        _early(parcel, shipment, now)
    stand_by(order=order, row=shipment, parcel=parcel, now=now)


def _early(parcel: Parcel, shipment: Shipment, now: datetime) -> None:
    """Once a parcel, however much is told of it after."""
    if not Case.objects.filter(kind=EARLY, key=parcel.event_key).exists():
        _case(parcel, shipment, EARLY, "A parcel was handed over inside China before its release", now)


def is_released(order: Order) -> bool:
    """Whether customs has let the order's goods go, and not held them back since."""
    return order.number in released([order])


def released(orders: Iterable[Order]) -> set[str]:
    """The numbers of those whose goods customs has let go; one statement."""
    by_key = {order.event_key: order for order in orders}
    told = Event.objects.filter(key__in=by_key, name__in=OF_RELEASE)
    last = dict(told.order_by("seq").values_list("key", "name"))
    after = Order.Gate.AFTER_RELEASE
    return {
        order.number
        for key, order in by_key.items()
        if last.get(key) == OF_RELEASE[0] or (key not in last and order.gate == after)
    }


def _tell(parcel: Parcel, shipment: Shipment, code: Code, now: datetime) -> None:
    """Cases open at what went wrong, and are settled by what comes right, or by coming back at last."""
    kinds = SETTLED_BY_ARRIVING if code in ENDS else () if code in CASES else SETTLED_BY_MOVING
    settle_open(kinds=kinds, key=parcel.event_key, by="system", note=f"then {code.value}", now=now)
    if code in CASES:
        kind, title = CASES[code]
        _case(parcel, shipment, kind, title, now)


def _case(parcel: Parcel, shipment: Shipment, kind: str, title: str, now: datetime, **more: str) -> None:
    facts = {"order": shipment.number, "waybill": parcel.waybill, "carrier": parcel.carrier, **more}
    open_case(
        storefront_id=parcel.storefront_id, kind=kind, key=parcel.event_key, title=title, facts=facts, now=now
    )
