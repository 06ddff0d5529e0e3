"""A parcel gets its waybill once: what was tried and not answered is asked about before it is tried again.

Three steps a call: the attempt is committed with what it discloses, the carrier is called with no transaction
open, the answer is taken in. Whoever dies in between leaves a row whose time comes again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import F

from kernel.cases import open_case, open_failing, settle_open
from kernel.gateways import Unreachable
from kernel.tenancy import tenant
from logistics.gateways.providers import issuer
from logistics.gateways.waybills import Cargo, CarrierRefused, Issued, Wanted, Waybills
from logistics.models import Parcel
from logistics.services.receiver import ReceiverGone, receiver_for_carrier, sender_of
from logistics.services.refusals import code_of, words_of
from logistics.services.shipments import ANSWERED, DECLARED_TAKEN, FAILING, REFUSED, UNANSWERED, locked
from logistics.services.standing import advance, unpacked
from logistics.services.tracking import UNWATCHED
from logistics.states import SHIPMENT, WAYBILL
from orders.models import Order

log = structlog.get_logger(__name__)

OPEN = ("asked", "withdrawing")
BATCH, LEASE, WAIT_AT_MOST = 20, timedelta(seconds=60), timedelta(minutes=30)
LEFT = "waybill.not_taken_back"
NOT_TAKEN_BACK = "A carrier does not take a waybill back"
CASE_AFTER = 8  # tries: a carrier that does not answer for half an hour
WATCH_AFTER = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One committed attempt: the parcel as it was, whom to ask, and what for."""

    parcel: Parcel
    carrier: Waybills
    wanted: Wanted | None
    tried_before: bool


def sweep(*, now: datetime) -> int:
    """Take every waybill whose time has come one step on; returns how many.

    One that fails in a way that nobody foresaw stops no other: it is a case, and tried again later.
    """
    done = 0
    for parcel in _claim(now):
        try:
            step(parcel=parcel, now=now)
            done += 1
        except Exception as failure:
            _failing(parcel, failure, now)
    return done


def step(*, parcel: Parcel, now: datetime) -> None:
    """Ask for a waybill or have it taken back; what is not known stays as it is, and is asked again."""
    attempt = _attempt(parcel, now)
    if attempt is None:
        return
    try:
        issued = _call(attempt)
    except Unreachable as failure:
        log.warning("waybill_unknown", parcel=parcel.own_number, error=str(failure))
        _unknown(attempt.parcel, now)
    except CarrierRefused as refusal:
        _refused(attempt, refusal, now)
    else:
        _take_in(attempt.parcel, issued, now)


def _claim(now: datetime) -> list[Parcel]:
    with transaction.atomic():
        due = list(
            Parcel.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(state__in=OPEN, next_try_at__lte=now)
            .order_by("next_try_at")[:BATCH]
        )
        Parcel.objects.filter(pk__in=[row.pk for row in due]).update(
            tries=F("tries") + 1, next_try_at=now + LEASE
        )
    return due


def _attempt(parcel: Parcel, now: datetime) -> Attempt | None:
    """Commit that the carrier is about to be called; None where there is nothing to call it for."""
    with tenant(parcel.storefront_id):
        order = (
            Order.objects.select_for_update(of=("self",), no_key=True)
            .select_related("key")
            .get(shipment__parcels=parcel.pk)
        )
        row = _locked(parcel)
        if row.state not in OPEN or row.carrier_account is None:
            return None
        carrier = issuer(row.carrier_account)
        if row.state == "withdrawing":
            return Attempt(row, carrier, None, True)
        tried_before = row.sent_at is not None
        if order.state != "paid" and not tried_before:
            return None  # nobody learns of the receiver of what never leaves: it is taken back by event
        try:
            receiver = receiver_for_carrier(order=order, carrier=row.carrier, now=now)
        except ReceiverGone as gone:
            _put_by(row, gone.code, now, words=gone.text("zh"))
            settle_open(kinds=[FAILING], key=row.event_key, by="system", note="refused", now=now)
            return None
        sender = sender_of(row.shipment.warehouse, row.carrier_account)
        sender = replace(sender, phone=row.hotline or sender.phone)
        Parcel.objects.filter(pk=row.pk).update(sent_at=row.sent_at or now, hotline=sender.phone)
        cargo = tuple(Cargo(line.name_zh, pieces) for line, pieces in row.contents())
        wanted = Wanted(row.own_number, sender, receiver, cargo, row.weight_g)
        return Attempt(row, carrier, wanted, tried_before)


def _call(attempt: Attempt) -> Issued | None:
    """The waybill that was issued; None where it was taken back."""
    parcel, carrier = attempt.parcel, attempt.carrier
    if attempt.wanted is None:
        carrier.cancel(parcel.own_number, parcel.waybill)
        return None
    if attempt.tried_before:
        found = carrier.find(parcel.own_number)
        if found is not None:
            return found
    return carrier.create(attempt.wanted)


def _take_in(parcel: Parcel, issued: Issued | None, now: datetime) -> None:
    with tenant(parcel.storefront_id):
        order, shipment = locked(parcel.shipment)
        row = _locked(parcel)
        settle_open(kinds=ANSWERED, key=row.event_key, by="system", note="answered", now=now)
        if issued is None:
            if row.state == "withdrawing" and row.left_at is not None:
                _keep(row, "scanned", now)  # a carrier has it, whatever it says: it is followed on
            elif row.state == "withdrawing":
                settle_open(kinds=[UNWATCHED], key=row.event_key, by="system", note="cancelled", now=now)
                WAYBILL.move(row, "cancel", now=now, facts={"waybill": row.waybill}, next_try_at=None)
                if shipment.state == "labelled":
                    SHIPMENT.move(shipment, "unlabel", now=now, facts={"order": order.number})
                unpacked(order=order, row=shipment, parcel=row, by="system", now=now)
            return
        if row.state == "withdrawing":  # cancelled while the carrier was asked: it is told the number to end
            Parcel.objects.filter(pk=row.pk, waybill="").update(
                waybill=issued.waybill, routing=issued.routing
            )
            return
        if row.state != "asked":
            return
        WAYBILL.move(
            row,
            "issue",
            now=now,
            facts={"waybill": issued.waybill, "carrier": row.carrier},
            waybill=issued.waybill,
            routing=issued.routing,
            issued_at=now,
            trouble="",
            tries=0,
            next_try_at=now + WATCH_AFTER,
        )
        advance(order=order, row=shipment, by="system", now=now)


def _unknown(parcel: Parcel, now: datetime) -> None:
    """Ask again after a while that doubles; a carrier that stays silent is put before a person."""
    with tenant(parcel.storefront_id):
        row = _locked(parcel)
        wait = min(timedelta(seconds=5) * 2 ** min(row.tries, 10), WAIT_AT_MOST)
        Parcel.objects.filter(pk=row.pk, state__in=OPEN).update(next_try_at=now + wait)
        if row.tries >= CASE_AFTER:
            _case(row, UNANSWERED, "A carrier does not answer about a waybill", now)


def _refused(attempt: Attempt, refusal: CarrierRefused, now: datetime) -> None:
    why = code_of(refusal)
    with tenant(attempt.parcel.storefront_id):
        order, shipment = locked(attempt.parcel.shipment)
        row = _locked(attempt.parcel)
        settle_open(kinds=[FAILING], key=row.event_key, by="system", note="refused", now=now)
        if row.state == "asked":
            receiver = attempt.wanted.receiver if attempt.wanted else None
            if not attempt.tried_before and row.tries == attempt.parcel.tries:  # nothing else was ever sent
                Parcel.objects.filter(pk=row.pk).update(sent_at=None)
            _put_by(row, why, now, words=words_of(refusal, receiver))
        elif row.state == "withdrawing":
            if row.waybill and (row.issued_at or row.left_at) is not None:
                _keep(row, why, now)
                advance(order=order, row=shipment, by="system", now=now)
            else:
                Parcel.objects.filter(pk=row.pk).update(next_try_at=now + WAIT_AT_MOST)
                _case(row, LEFT, NOT_TAKEN_BACK, now, why=why)


def _keep(row: Parcel, why: str, now: datetime) -> None:
    """It keeps its waybill, and a person must look."""
    facts, issued_at = {"waybill": row.waybill}, row.issued_at or now
    WAYBILL.move(row, "keep", now=now, facts=facts, issued_at=issued_at, next_try_at=now)
    settle_open(kinds=[DECLARED_TAKEN], key=row.shipment.event_key, by="system", note="kept", now=now)
    _case(row, LEFT, NOT_TAKEN_BACK, now, why=why)


def _put_by(row: Parcel, why: str, now: datetime, *, words: str) -> None:
    """Event and case hold the code; the carrier's words stand at the parcel until it is asked again."""
    WAYBILL.move(row, "refuse", now=now, facts={"why": why}, trouble=words, next_try_at=None)
    _case(row, REFUSED, "A carrier refused a parcel", now, why=why)


def _case(row: Parcel, kind: str, title: str, now: datetime, **more: str) -> None:
    facts = {"order": row.shipment.number, "waybill": row.waybill, "carrier": row.carrier, **more}
    open_case(
        storefront_id=row.storefront_id, kind=kind, key=row.event_key, title=title, facts=facts, now=now
    )


def _failing(row: Parcel, failure: Exception, now: datetime) -> None:
    """A case, and tried again later and later; where another has moved it on meanwhile, its time stays."""
    wait = min(LEASE * 2 ** min(row.tries, 5), WAIT_AT_MOST)
    Parcel.objects.filter(pk=row.pk, next_try_at=now + LEASE).update(next_try_at=now + wait)
    open_failing(
        storefront_id=row.storefront_id,
        kind=FAILING,
        key=row.event_key,
        title="A waybill cannot be worked on: something that nobody foresaw",
        facts={"order": row.shipment.number, "parcel": row.own_number, "carrier": row.carrier},
        failure=failure,
        now=now,
    )


def _locked(parcel: Parcel) -> Parcel:
    return (
        Parcel.objects.select_for_update(of=("self",))
        .select_related("carrier_account__storefront__key", "shipment__warehouse")
        .get(pk=parcel.pk)
    )
