"""Parcels are watched: a tracker is told to push, asked where it does not, and silence is a case."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import quote

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F

from compliance import services as compliance
from kernel.cases import open_case, open_failing, settle_open
from kernel.gateways import Unreachable
from kernel.tenancy import tenant
from logistics.gateways.kuaidi100 import OPERATOR
from logistics.gateways.providers import kuaidi100, sf
from logistics.gateways.tracking import Report, TrackerRefused
from logistics.models import CarrierAccount, Parcel
from logistics.services.receiver import hotline_of
from logistics.services.shipments import account_of
from logistics.services.tracking import (
    ENDS,
    NOT_SCANNED,
    SILENT,
    UNWATCHED,
    WATCHED_FOR,
    UnknownParcel,
    take_in_tracking,
)
from orders.models import Order

log = structlog.get_logger(__name__)

BATCH, LEASE = 20, timedelta(seconds=60)
AGAIN_AFTER = timedelta(minutes=30)  # the tracker locks a number that is asked about more often
SILENT_AFTER = timedelta(days=5)
SCANNED_WITHIN = timedelta(days=2)  # of leaving the warehouse
GIVEN_UP_AFTER = timedelta(days=60)


def sweep(*, now: datetime) -> int:
    """Watch what was issued, ask about what nobody pushes, tell of what does not move; returns how many.

    One that fails in a way that nobody foresaw stops no other: it is a case, and tried again later.
    """
    done = 0
    for parcel in _claim(now):
        try:
            _step(parcel, now)
            done += 1
        except Exception as failure:
            _failing(parcel, failure, now)
    return done


def _claim(now: datetime) -> list[Parcel]:
    with transaction.atomic():
        due = list(
            Parcel.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(state="issued", next_try_at__lte=now)
            .order_by("next_try_at")[:BATCH]
        )
        Parcel.objects.filter(pk__in=[row.pk for row in due]).update(
            tries=F("tries") + 1, next_try_at=now + LEASE
        )
    return due


def _step(parcel: Parcel, now: datetime) -> None:
    assert parcel.issued_at is not None
    if parcel.latest in ENDS or now > parcel.issued_at + GIVEN_UP_AFTER:
        Parcel.objects.filter(pk=parcel.pk).update(next_try_at=None)
        _watched(parcel, now)
        if parcel.latest not in ENDS:
            _case(parcel, SILENT, "A parcel is watched no more", now)
        return
    heard = True
    tracker = account_of(parcel.storefront_id, CarrierAccount.Provider.KUAIDI100)
    try:
        if tracker is not None and parcel.subscribed_at is None:
            _watch(parcel, tracker, now)
        else:
            _ask(parcel, tracker, now)
    except (Unreachable, TrackerRefused) as failure:
        heard = False
        log.warning("tracking_unknown", parcel=parcel.own_number, error=str(failure))
        Parcel.objects.filter(pk=parcel.pk).update(next_try_at=now + AGAIN_AFTER)
    _mind_silence(parcel, now)
    if heard:
        _watched(parcel, now)


def _failing(parcel: Parcel, failure: Exception, now: datetime) -> None:
    """A case, and tried again later and later; where another has moved it on meanwhile, its time stays."""
    wait = min(LEASE * 2 ** min(parcel.tries, 5), AGAIN_AFTER)
    Parcel.objects.filter(pk=parcel.pk, next_try_at=now + LEASE).update(next_try_at=now + wait)
    open_failing(
        storefront_id=parcel.storefront_id,
        kind=UNWATCHED,
        key=parcel.event_key,
        title="A parcel cannot be watched: something that nobody foresaw",
        facts={"order": parcel.shipment.number, "waybill": parcel.waybill, "carrier": parcel.carrier},
        failure=failure,
        now=now,
    )


def _watched(parcel: Parcel, now: datetime) -> None:
    settle_open(kinds=[UNWATCHED], key=parcel.event_key, by="system", note="it is watched", now=now)


def _watch(parcel: Parcel, tracker: CarrierAccount, now: datetime) -> None:
    _disclose(parcel, now)
    door = f"{settings.PUBLIC_BASE_URL}/carriers/kuaidi100/{quote(tracker.storefront.code, safe='')}"
    kuaidi100(tracker).watch(
        carrier=parcel.carrier, waybill=parcel.waybill, phone=_phone(parcel, tracker), callback=door
    )
    Parcel.objects.filter(pk=parcel.pk).update(subscribed_at=now, tries=0, next_try_at=now + WATCHED_FOR)


def _disclose(parcel: Parcel, now: datetime) -> None:
    """That the tracker learns of a person's parcel is on record before it does; what it is asked later tells
    it nothing more."""
    order = Order.objects.get(shipment=parcel.shipment_id)
    assert order.subject_id is not None  # a paid order keeps its subject
    with tenant(parcel.storefront_id):
        compliance.disclose(
            storefront_id=parcel.storefront_id,
            subject_id=order.subject_id,
            order_number=order.number,
            recipient_kind="partner",
            recipient=OPERATOR,
            country="CN",
            purpose="track",
            basis="contract",
            fields=("waybill", "carrier_name"),
            now=now,
        )


def _ask(parcel: Parcel, tracker: CarrierAccount | None, now: datetime) -> None:
    """The tracker, or the carrier that issued the waybill where there is no tracker."""
    report: Report | None = None
    if tracker is not None:
        report = kuaidi100(tracker).ask(
            carrier=parcel.carrier, waybill=parcel.waybill, phone=_phone(parcel, tracker)
        )
    elif (account := parcel.carrier_account) is not None:
        report = sf(account).ask(carrier=parcel.carrier, waybill=parcel.waybill, phone=hotline_of(parcel))
    wait = WATCHED_FOR if tracker is not None else AGAIN_AFTER
    Parcel.objects.filter(pk=parcel.pk).update(tries=0, next_try_at=now + wait)
    if report is None:
        return
    try:
        take_in_tracking(storefront_id=parcel.storefront_id, report=report, now=now)
    except UnknownParcel:  # taken back while it was asked about
        log.info("tracking_of_nothing", parcel=parcel.own_number)


def _phone(parcel: Parcel, tracker: CarrierAccount) -> str:
    """The sender's telephone: a carrier asks for either end's, and the consumer's need not be told."""
    return hotline_of(parcel) or tracker.hotline


def _mind_silence(parcel: Parcel, now: datetime) -> None:
    """What does not move, and what has left and no carrier has; what has not left is told by `overdue`."""
    row = Parcel.objects.select_related("shipment").get(pk=parcel.pk)
    if row.latest in ENDS:
        return
    left = row.left_at
    if row.scanned_at is not None:
        if row.latest_at is not None and now >= row.latest_at + SILENT_AFTER:
            _case(row, SILENT, "A parcel has not moved for days", now)
    elif left is not None and now >= left + SCANNED_WITHIN:
        _case(row, NOT_SCANNED, "A parcel has left and no carrier has scanned it", now)


def _case(row: Parcel, kind: str, title: str, now: datetime) -> None:
    with tenant(row.storefront_id):
        open_case(
            storefront_id=row.storefront_id,
            kind=kind,
            key=row.event_key,
            title=title,
            facts={"order": row.shipment.number, "waybill": row.waybill, "carrier": row.carrier},
            now=now,
        )
