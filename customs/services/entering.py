"""The site enters what came in (入库明细单, 711) and customs answers it (712), whichever is told first.

An entry is of the consignment whose bill, voyage and means of transport it names; what is missing in it, or
in excess, or of no consignment, is a case that settles itself once they agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import NamedTuple

import structlog
from django.db import transaction
from django.db.models import QuerySet

from customs.ceb.message import Values
from customs.models import Consignment, Declaration, PortAccount, WarehouseEntry
from customs.services import cargo
from customs.services.asking import ask_site
from customs.services.declaring import resume
from customs.steps import STANDS, Step, code_in, rank
from kernel.cases import open_anew, open_failing, settle_open
from kernel.clock import SHANGHAI
from kernel.gateways import Unreachable
from kernel.states import WrongState
from kernel.tenancy import tenant

log = structlog.get_logger(__name__)

MISSING, EXCESS, REFUSED, STRANGE, LATE, FAILING = (
    f"customs.entry_{name}" for name in ("missing", "excess", "refused", "strange", "late", "failing")
)
TITLES = {
    MISSING: "Parcels of a consignment are missing in the site's entry",
    EXCESS: "The site entered parcels that are not on the consignment",
    REFUSED: "Customs refused the site's entry",
    STRANGE: "The site entered goods of no consignment of this house",
    LATE: "A consignment has come in and its site has entered nothing",
}
BATCH, LEASE, LATE_AFTER = 20, timedelta(minutes=5), timedelta(days=2)
MOST_NAMED = 50


class Heard(NamedTuple):
    """An entry of which something was told: whether that is new, and of which consignments it was before."""

    entry: WarehouseEntry
    news: bool
    former: Sequence[Consignment] = ()


def take_entry(*, account: PortAccount, head: Values, lines: Sequence[Values], now: datetime) -> Heard:
    """Take a copy of the site's entry (711); no news where a later version of it is known."""
    number = str(head.get("copNo") or head.get("preNo") or str(head.get("guid", ""))[-20:])
    written_at = head.get("appTime")
    entry = _entry(account, number, str(head.get("operatorCode", "")), now)
    if not isinstance(written_at, datetime) or (
        entry.written_at is not None and written_at <= entry.written_at
    ):
        return Heard(entry, False)
    former = list(cargo.consignments_of(entry))
    gone = str(head.get("appType", "")) == "3"
    entry.written_at = written_at
    entry.bill_no, entry.voyage_no, entry.traffic_no = (
        str(head.get(name, "")).strip() for name in ("billNo", "voyageNo", "trafNo")
    )
    entry.waybills = [] if gone else sorted({str(line.get("logisticsNo", "")).strip() for line in lines})
    entry.save(update_fields=["written_at", "bill_no", "voyage_no", "traffic_no", "waybills"])
    return Heard(entry, True, former)


def take_answer(*, account: PortAccount, head: Values, now: datetime) -> Heard | None:
    """Take what customs says of an entry (712), which may come before the entry; None where it names none."""
    number = str(head.get("copNo") or head.get("preNo") or "")
    if not number:
        return None
    entry = _entry(account, number, str(head.get("operatorCode", "")), now)
    status, told_at = str(head.get("returnStatus", ""))[:10], head.get("returnTime")
    told_at = told_at if isinstance(told_at, datetime) else now
    if entry.told_at is not None and (told_at, rank(status)) <= (entry.told_at, rank(entry.status)):
        return Heard(entry, False)
    entry.status, entry.told_at = status, told_at
    entry.rkd_no = str(head.get("rkdNo", "")) or entry.rkd_no
    entry.save(update_fields=["status", "told_at", "rkd_no"])
    return Heard(entry, True)


def follow_entry(*, heard: Heard, now: datetime) -> None:
    """Let what is known of an entry have its effect, once that is committed. Safe to repeat.

    The consignment is held: who closes it meanwhile sees the entry, or is seen by this.
    """
    entry = heard.entry
    with tenant(entry.storefront_id):
        match(entry=entry, now=now)
        keys = {*cargo.consignments_of(entry).values_list("pk", flat=True), *(one.pk for one in heard.former)}
        rows = Consignment.objects.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk")
        found = list(rows)
        for consignment in found:
            compare(consignment=consignment, now=now)
    for consignment in found:
        wake(consignment=consignment, now=now)


def match(*, entry: WarehouseEntry, now: datetime) -> None:
    """An entry of no consignment is a case until one is opened, or mended, to be the one that it is of."""
    if entry.written_at is None:
        return
    if not entry.waybills or cargo.consignments_of(entry).exists():
        settle_open(kinds=[STRANGE], key=entry.event_key, by="system", note="they agree", now=now)
        return
    facts = {
        "bill_no": entry.bill_no,
        "voyage_no": entry.voyage_no,
        "traffic_no": entry.traffic_no,
        "waybills": entry.waybills[:MOST_NAMED],
    }
    _put_before(entry.storefront_id, STRANGE, entry.event_key, facts, now)


def compare(*, consignment: Consignment, now: datetime) -> None:
    """The site's entries against what is on the consignment: each difference is a case while there is one."""
    ours: set[str] = set()
    live: list[WarehouseEntry] = []
    fallen: list[WarehouseEntry] = []
    if consignment.state == "closed":
        ours = set(cargo.on_it(consignment).values_list("waybill", flat=True))
        for entry in cargo.entries_of(consignment).order_by("id"):
            (fallen if cargo.refused(entry) else live).append(entry)
    told, stands = cargo.waybills_in(live), cargo.waybills_in(one for one in live if one.status in STANDS)
    open_ones = [one for one in fallen if set(one.waybills) & (ours - told)]
    differences: dict[str, dict[str, object] | None] = {
        MISSING: _named(ours - told) if told else None,
        EXCESS: _named(told - ours),
        REFUSED: {
            "site_entry": open_ones[-1].cop_no,
            "code": code_in(open_ones[-1].status, ""),
            "step": str(Step.SITE),
        }
        if open_ones
        else None,
    }
    for kind, facts in differences.items():
        if facts is None:
            settle_open(kinds=[kind], key=consignment.event_key, by="system", note="they agree", now=now)
        else:
            bill = {"bill_no": consignment.bill_no, "voyage_no": consignment.voyage_no}
            _put_before(consignment.storefront_id, kind, consignment.event_key, {**bill, **facts}, now)
    if ours and ours <= stands:
        settle_open(kinds=[LATE], key=consignment.event_key, by="system", note="entered", now=now)


def wake(*, consignment: Consignment, now: datetime) -> None:
    """Lists that waited for this are looked at now; one that customs refused for want of it is told again."""
    waiting = Declaration.objects.filter(
        order__shipment__parcels__in=cargo.on_it(consignment).values("parcel")
    )
    with tenant(consignment.storefront_id):
        rows = waiting.filter(state="documents").select_for_update(of=("self",)).order_by("pk")
        Declaration.objects.filter(pk__in=[row.pk for row in rows]).update(next_try_at=now)
    for row in waiting.filter(state="rejected", trouble=Step.SITE).select_related("order"):
        if not cargo.awaited(row.order):
            try:
                resume(declaration=row, by="system", now=now)
            except WrongState:  # someone was faster
                log.info("resumed_meanwhile", number=row.number)


def sweep(*, now: datetime) -> int:
    """Ask the site of each consignment that has come in, once; what it has not entered for long is a case."""
    done = 0
    for row in _claim(now):
        try:
            _step(row, now)
            done += 1
        except Unreachable as failure:
            log.warning("site_unreachable", consignment=row.pk, reason=failure.reason)
        except Exception as failure:  # an answer that is none
            open_failing(
                storefront_id=row.storefront_id,
                kind=FAILING,
                key=row.event_key,
                title="The site cannot be asked for its entry",
                facts={"bill_no": row.bill_no},
                failure=failure,
                now=now,
            )
        else:
            settle_open(kinds=[FAILING], key=row.event_key, by="system", note="it goes on", now=now)
    return done


def _step(row: Consignment, now: datetime) -> None:
    comes_in = datetime.combine(row.arrives_on, time.min, SHANGHAI)
    late_at = comes_in + LATE_AFTER
    if now < comes_in:
        _later(row, comes_in)
        return
    if row.asked_at is None and ask_site(consignment=row, now=now):
        _same(row).update(asked_at=now)
    if now < late_at:
        _later(row, late_at)
        return
    ours = set(cargo.on_it(row).values_list("waybill", flat=True))
    if ours - cargo.entered(row):
        facts: dict[str, object] = {"bill_no": row.bill_no, "arrives_on": row.arrives_on.isoformat()}
        _put_before(row.storefront_id, LATE, row.event_key, facts, now)
    _later(row, None)


def _later(row: Consignment, at: datetime | None) -> None:
    _same(row).update(next_try_at=at)


def _same(row: Consignment) -> QuerySet[Consignment]:
    """The row if it says what it said: one that was corrected or closed anew meanwhile is looked at anew."""
    said = ("closed_at", "bill_no", "voyage_no", "traffic_no", "arrives_on")
    return Consignment.objects.filter(
        pk=row.pk, state="closed", **{name: getattr(row, name) for name in said}
    )


def _claim(now: datetime) -> list[Consignment]:
    with transaction.atomic():
        due = list(
            Consignment.objects.select_for_update(skip_locked=True, no_key=True)
            .filter(next_try_at__lte=now, state="closed")
            .order_by("next_try_at")[:BATCH]
        )
        Consignment.objects.filter(pk__in=[row.pk for row in due]).update(next_try_at=now + LEASE)
    return due


def _entry(account: PortAccount, number: str, site: str, now: datetime) -> WarehouseEntry:
    """The entry that goes by this number, held; a receipt need not name the site."""
    known = WarehouseEntry.objects.filter(storefront_id=account.storefront_id, cop_no=number)
    found = (known.filter(operator_code__in=["", site]) if site else known).order_by("-id").first()
    if found is None:
        found, _ = WarehouseEntry.objects.get_or_create(
            storefront_id=account.storefront_id,
            cop_no=number,
            operator_code=site,
            defaults={"account": account, "received_at": now},
        )
    row = WarehouseEntry.objects.select_for_update(of=("self",)).get(pk=found.pk)
    if site and not row.operator_code:
        row.operator_code = site
        row.save(update_fields=["operator_code"])
    return row


def _named(waybills: set[str]) -> dict[str, object] | None:
    if not waybills:
        return None
    return {"parcels": len(waybills), "waybills": sorted(waybills)[:MOST_NAMED]}


def _put_before(storefront_id: int, kind: str, key: str, facts: dict[str, object], now: datetime) -> None:
    open_anew(storefront_id=storefront_id, kind=kind, key=key, title=TITLES[kind], facts=facts, now=now)
