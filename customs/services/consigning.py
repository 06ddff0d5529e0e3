"""Direct mail (9610) is put on the bill under which it comes in; a mistake is mended until a list names it.

The house is told by whoever sent the goods: a warehouse's file or an operator. What a list has told customs
changes no more (`customs.services.cargo.is_told`); the database sees to it where a service does not.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from customs.models import ConsignedParcel, Consignment, PortAccount
from customs.services.cargo import DIRECT, entries_of, is_told, on_it
from customs.services.entering import compare, match, wake
from customs.states import CONSIGNMENT
from kernel import events
from kernel.errors import Conflict, Invalid, Missing, Problem
from kernel.states import WrongState
from kernel.tenancy import tenant
from logistics.models import Parcel, Shipment
from logistics.services.shipments import NOT_LEFT, locked

MOST_BYTES, MOST_ROWS = 1_000_000, 5_000
TOLD = {"bill_no", "voyage_no", "traffic_no", "port_code"}  # what a list says of its consignment


@dataclass(eq=False)
class ConsignmentWrong(Invalid):
    """What is told of a consignment cannot be so."""

    code = "consignment_wrong"
    title = "This consignment cannot be: {what}."
    title_zh = "该总运单填写有误：{what}。"
    what: str


class ConsignmentThere(Conflict):
    """The bill of this voyage is there already."""

    code = "consignment_there"
    title = "There is a consignment of this bill and voyage already."
    title_zh = "该提运单号与航班航次号的总运单已存在。"


class ConsignmentTold(Conflict):
    """A list that names this consignment is at customs: what it says stays as it was told."""

    code = "consignment_told"
    title = "Customs has a list that names this consignment: ask it back first."
    title_zh = "已有清单按该总运单申报，须先撤单后更正。"


class ConsignmentEmpty(Conflict):
    """Nothing is on it that could leave."""

    code = "consignment_empty"
    title = "No parcel is on this consignment."
    title_zh = "该总运单下没有包裹。"


@dataclass(eq=False)
class ConsignmentHasParcels(Conflict):
    """What has parcels on it is not dropped."""

    code = "consignment_has_parcels"
    title = "{parcels} parcels are on this consignment: take them off first."
    title_zh = "该总运单下有 {parcels} 个包裹，请先移出。"
    parcels: int


class ParcelNotLeft(Conflict):
    """Goods are on no bill before they have left the warehouse abroad."""

    code = "parcel_not_left"
    title = "This parcel has not left the warehouse."
    title_zh = "该包裹尚未出库。"


class ParcelNotDirect(Conflict):
    """Bonded and domestic goods come in on no bill of ours."""

    code = "parcel_not_direct"
    title = "This parcel is no direct mail (9610) of this district."
    title_zh = "该包裹不是本关区的直购进口（9610）包裹。"


@dataclass(eq=False)
class ParcelElsewhere(Conflict):
    """A parcel is on one consignment at most."""

    code = "parcel_elsewhere"
    title = "This parcel is on the consignment {bill_no}."
    title_zh = "该包裹已在总运单 {bill_no} 下。"
    bill_no: str


@dataclass(frozen=True, slots=True)
class Voyage:
    """What a consignment says, as its bill does: `arrives_on` is a day in China."""

    bill_no: str
    voyage_no: str
    traffic_no: str
    arrives_on: date
    port_code: str = ""


def open_consignment(*, account: PortAccount, voyage: Voyage, by: str, now: datetime) -> Consignment:
    """Open a consignment, to which parcels are put. Raises ConsignmentWrong, ConsignmentThere."""
    with tenant(account.storefront_id):
        row = Consignment(storefront_id=account.storefront_id, account=account, opened_at=now)
        _say(row, voyage)
        _keep(row)
        _record(row, "opened", {"by": by, **_facts(row)}, now)
        _meet(row, now)
    return row


def correct(*, consignment: Consignment, voyage: Voyage, by: str, now: datetime) -> Consignment:
    """Say it as it is; both versions are on record. Raises ConsignmentTold and as `open_consignment`."""
    with tenant(consignment.storefront_id):
        row = _held(consignment)
        if row.state == "dropped":
            CONSIGNMENT.move(row, "close", now=now)  # says that it leads nowhere
        before, former = _facts(row), list(entries_of(row))
        _say(row, voyage)
        changed = {name for name, value in _facts(row).items() if value != before[name]}
        if not changed:
            return row
        if changed & TOLD and is_told(consignment=row):
            raise ConsignmentTold()
        if changed & TOLD:
            row.asked_at = None
        row.next_try_at = now if row.state == "closed" else None
        _keep(row)
        _record(row, "corrected", {"by": by, "before": before, "after": _facts(row)}, now)
        for entry in former:
            match(entry=entry, now=now)
        _meet(row, now)
    wake(consignment=row, now=now)
    return row


def put_on(*, consignment: Consignment, waybill: str, by: str, now: datetime) -> ConsignedParcel:
    """Put a parcel that has left on a consignment that is open; put there before, nothing changes.

    Raises Missing, ParcelNotDirect, ParcelNotLeft, ParcelElsewhere, WrongState.
    """
    found = (
        Parcel.objects.filter(storefront_id=consignment.storefront_id, waybill=waybill)
        .exclude(state="cancelled")
        .order_by("-id")
        .first()
    )
    if found is None or not waybill:
        raise Missing()
    with tenant(consignment.storefront_id):
        order, shipment = locked(Shipment.objects.get(pk=found.shipment_id))
        row = _held(consignment)
        if order.trade_mode != DIRECT or order.warehouse.customs_district != row.account.customs_code:
            raise ParcelNotDirect()
        if shipment.state in (*NOT_LEFT, "cancelled"):
            raise ParcelNotLeft()
        placed = ConsignedParcel.objects.filter(parcel=found, taken_off_at=None).first()
        if placed is not None and placed.consignment_id == row.pk:
            return placed
        if placed is not None:
            raise ParcelElsewhere(bill_no=placed.consignment.bill_no)
        _must_be_open(row)
        made = ConsignedParcel.objects.create(
            storefront_id=row.storefront_id, consignment=row, parcel=found, waybill=waybill, put_on_at=now
        )
        _record(row, "put_on", {"by": by, "order": order.number, "waybill": waybill}, now)
    return made


def take_off(*, placed: ConsignedParcel, by: str, now: datetime) -> None:
    """Take a parcel off a consignment that is open; taken off before, nothing changes. Raises WrongState,
    ConsignmentTold."""
    with tenant(placed.storefront_id):
        row = _held(placed.consignment)
        held = ConsignedParcel.objects.select_for_update().get(pk=placed.pk)
        if held.taken_off_at is not None:
            return
        _must_be_open(row)
        if is_told(pk=held.pk):
            raise ConsignmentTold()
        held.taken_off_at = now
        held.save(update_fields=["taken_off_at"])
        _record(row, "taken_off", {"by": by, "waybill": held.waybill}, now)


def close(*, consignment: Consignment, by: str, now: datetime) -> Consignment:
    """It is on its way: carrier and site are asked next. Raises WrongState, ConsignmentEmpty."""
    with tenant(consignment.storefront_id):
        row = _held(consignment)
        if row.state == "open" and not on_it(row).exists():
            raise ConsignmentEmpty()
        CONSIGNMENT.move(
            row, "close", now=now, facts={"by": by}, closed_at=now, asked_at=None, next_try_at=now
        )
        _meet(row, now)
    wake(consignment=row, now=now)
    return row


def reopen(*, consignment: Consignment, by: str, now: datetime) -> Consignment:
    """Parcels are put on it or taken off again. Raises WrongState, ConsignmentTold."""
    with tenant(consignment.storefront_id):
        row = _held(consignment)
        if is_told(consignment=row):
            raise ConsignmentTold()
        CONSIGNMENT.move(row, "reopen", now=now, facts={"by": by}, closed_at=None, next_try_at=None)
        compare(consignment=row, now=now)
    return row


def drop(*, consignment: Consignment, by: str, now: datetime) -> Consignment:
    """It was opened by mistake. Raises WrongState, ConsignmentHasParcels."""
    with tenant(consignment.storefront_id):
        row = _held(consignment)
        if row.state == "open" and (parcels := on_it(row).count()):
            raise ConsignmentHasParcels(parcels=parcels)
        CONSIGNMENT.move(row, "drop", now=now, facts={"by": by})
        for entry in entries_of(row):
            match(entry=entry, now=now)
    return row


def ask_again(*, consignment: Consignment, by: str, now: datetime) -> Consignment:
    """The site is asked for its entry once more, after what was wrong is mended. Raises WrongState."""
    with tenant(consignment.storefront_id):
        row = _held(consignment)
        if row.state != "closed":
            raise WrongState(machine=CONSIGNMENT.name, verb="ask_again", state=row.state)
        row.asked_at, row.next_try_at = None, now
        row.save(update_fields=["asked_at", "next_try_at"])
        _record(row, "asked_again", {"by": by}, now)
    return row


def put_on_all(
    *, consignment: Consignment, file: bytes, by: str, now: datetime
) -> list[tuple[str, Problem | None]]:
    """Put on what a warehouse's file names: CSV in UTF-8, the waybill first or under `waybill` or 运单号.

    Each row stands for itself and comes back with its problem or None. Raises ConsignmentWrong where the
    file is none.
    """
    said: list[tuple[str, Problem | None]] = []
    for waybill in dict.fromkeys(_waybills(file)):
        try:
            put_on(consignment=consignment, waybill=waybill, by=by, now=now)
        except Problem as problem:
            said.append((waybill, problem))
        else:
            said.append((waybill, None))
    return said


def _waybills(file: bytes) -> Iterator[str]:
    if len(file) > MOST_BYTES:
        raise ConsignmentWrong(what=f"CSV ≤ {MOST_BYTES} bytes")
    try:
        rows = [row for row in csv.reader(io.StringIO(file.decode("utf-8-sig")), strict=True) if any(row)]
    except (UnicodeDecodeError, csv.Error) as fault:
        raise ConsignmentWrong(what="CSV, UTF-8") from fault
    named = (
        [place for place, name in enumerate(rows[0]) if name.strip() in ("waybill", "运单号")] if rows else []
    )
    place, rows = (named[0], rows[1:]) if named else (0, rows)
    if not 0 < len(rows) <= MOST_ROWS:
        raise ConsignmentWrong(what=f"1–{MOST_ROWS} waybills, 运单号")
    return (row[place].strip() if len(row) > place else "" for row in rows)


def _held(consignment: Consignment) -> Consignment:
    return (
        Consignment.objects.select_for_update(no_key=True, of=("self",))
        .select_related("account")
        .get(pk=consignment.pk)
    )


def _must_be_open(row: Consignment) -> None:
    if row.state != "open":
        raise WrongState(machine=CONSIGNMENT.name, verb="put_on", state=row.state)


def _say(row: Consignment, voyage: Voyage) -> None:
    for name, value in asdict(voyage).items():
        setattr(row, name, value.strip() if isinstance(value, str) else value)
    row.port_code = row.port_code or row.account.port_code
    try:
        row.clean_fields(exclude=["storefront", "account"])
    except ValidationError as fault:
        raise ConsignmentWrong(
            what="; ".join(f"{k}: {v[0]}" for k, v in fault.message_dict.items())
        ) from fault


def _keep(row: Consignment) -> None:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as clash:
        raise ConsignmentThere() from clash


def _facts(row: Consignment) -> dict[str, str]:
    return {
        "bill_no": row.bill_no,
        "voyage_no": row.voyage_no,
        "traffic_no": row.traffic_no,
        "port_code": row.port_code,
        "arrives_on": row.arrives_on.isoformat(),
    }


def _meet(row: Consignment, now: datetime) -> None:
    """What the site told of this bill before is of it from now on."""
    for entry in entries_of(row):
        match(entry=entry, now=now)
    compare(consignment=row, now=now)


def _record(row: Consignment, what: str, facts: dict[str, Any], now: datetime) -> None:
    events.record(
        storefront_id=row.storefront_id, name=f"consignment.{what}", key=row.event_key, facts=facts, now=now
    )
