"""Where goods on their way back are: the tracker is asked some times a day, and what it says is kept.

Three steps: the request is taken until the next look; the tracker is asked with no transaction open; what it
told last is kept. Nobody is moved by it but a person: goods that a carrier delivered and nobody entered are a
case, since the consumer's refund is due from that day.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from compliance import services as compliance
from kernel.cases import open_case, open_failing, settle_open
from kernel.clock import shanghai_day
from kernel.gateways import Unreachable
from kernel.tenancy import tenant
from logistics.carrier_words import masked
from logistics.gateways.kuaidi100 import OPERATOR
from logistics.gateways.providers import kuaidi100
from logistics.gateways.tracking import Report, TrackerRefused
from logistics.models import CarrierAccount
from logistics.vocabulary import Code
from returns.models import ReturnRequest

DELIVERED, LOST, FAILING = "return.delivered", "return.lost_on_way", "return.tracking_failing"
ASKED_AGAIN = timedelta(hours=6)
BATCH = 20


def sweep(*, now: datetime) -> int:
    """Ask about returns on their way whose time has come; how many were told of. One failing stops none."""
    told = 0
    for row in _claim(now):
        try:
            told += _step(row, now)
            settle_open(kinds=[FAILING], key=row.event_key, by="system", note="it answered", now=now)
        except (Unreachable, TrackerRefused):
            continue  # asked again: nothing hangs on it
        except Exception as failure:
            open_failing(
                storefront_id=row.storefront_id,
                kind=FAILING,
                key=row.event_key,
                title="A return on its way cannot be followed: something that nobody foresaw",
                facts={"return": row.number},
                failure=failure,
                now=now,
            )
    return told


def _claim(now: datetime) -> list[ReturnRequest]:
    """Requests to ask about now; each is another worker's no sooner than at its next look."""
    due = ReturnRequest.objects.filter(state="on_the_way", track_at__lte=now).order_by("track_at")
    claimed = []
    for row in due.select_related("order")[:BATCH]:
        own = ReturnRequest.objects.filter(pk=row.pk, track_at=row.track_at, state="on_the_way")
        if own.update(track_at=now + ASKED_AGAIN):
            claimed.append(row)
    return claimed


def _step(row: ReturnRequest, now: datetime) -> int:
    account = (
        CarrierAccount.objects.select_related("storefront__key")
        .filter(storefront_id=row.storefront_id, provider=CarrierAccount.Provider.KUAIDI100, active=True)
        .first()
    )
    if account is None:
        return 0
    if row.way_at is None:
        _disclose(row, now)
    report = kuaidi100(account).ask(carrier=row.carrier, waybill=row.waybill, phone=account.hotline)
    return _keep(row, report, now)


def _keep(row: ReturnRequest, report: Report, now: datetime) -> int:
    """What was told last, where it is of this waybill still; 1 where it is new."""
    told = max((one for one in report.told if one.at <= now), key=lambda one: one.at, default=None)
    if told is None or (row.way_at is not None and told.at <= row.way_at):
        return 0
    with tenant(row.storefront_id):
        own = ReturnRequest.objects.filter(pk=row.pk, waybill=report.waybill, state="on_the_way")
        text = masked(told.text.replace("\0", ""))[:200]
        if not own.update(way_at=told.at, way_code=told.code, way_text=text):
            return 0
        facts = {"order": row.order.number, "return": row.number, "on": shanghai_day(told.at).isoformat()}
        if told.code is Code.DELIVERED:
            _case(row, DELIVERED, "Returned goods were delivered and nobody has received them", facts, now)
        elif told.code in (Code.LOST, Code.DAMAGED, Code.REFUSED, Code.RETURNING, Code.RETURNED):
            _case(row, LOST, "Something happened to goods on their way back", facts, now)
    return 1


def _disclose(row: ReturnRequest, now: datetime) -> None:
    """That the tracker learns of a person's parcel is on record before it does."""
    if row.order.subject_id is None:
        return
    with tenant(row.storefront_id):
        compliance.disclose(
            storefront_id=row.storefront_id,
            subject_id=row.order.subject_id,
            order_number=row.order.number,
            recipient_kind="partner",
            recipient=OPERATOR,
            country="CN",
            purpose="track",
            basis="contract",
            fields=("waybill", "carrier_name"),
            now=now,
        )


def _case(row: ReturnRequest, kind: str, title: str, facts: dict[str, str], now: datetime) -> None:
    open_case(
        storefront_id=row.storefront_id, kind=kind, key=row.event_key, title=title, facts=facts, now=now
    )
