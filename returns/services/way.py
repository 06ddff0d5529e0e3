"""Goods on their way back: the consumer says by whom, or sends nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from kernel import events
from kernel.clock import SHANGHAI
from kernel.errors import Conflict, Invalid
from kernel.models import Event
from kernel.tenancy import tenant
from logistics.vocabulary import carriers
from returns.models import ReturnRequest
from returns.services import at_customs
from returns.services.holding import hold
from returns.states import RETURN
from returns.windows import whole

LOOKED_FOR = timedelta(days=15)  # on their way longer than this, someone asks the carrier
SOON = timedelta(days=7)  # before customs' last day a person hears of goods that are not back
MENDED = "return.way_mended"
MOST_MENDS = 5  # of the consumer, and of each colleague
_WAYBILL = re.compile(r"[0-9A-Za-z-]{6,40}")


@dataclass(eq=False)
class BadWaybill(Invalid):
    """A waybill is a carrier that we know and its number."""

    code = "return_waybill"
    title = "Choose the carrier and enter the number on its receipt (6 to 40 letters and digits)."
    title_zh = "请选择承运人并填写运单号（6至40位字母或数字）。"
    carriers: list[str]


@dataclass(eq=False)
class MendedOften(Conflict):
    """A number is mended, and not tried out."""

    code = "return_way_mended_often"
    title = "The waybill was changed {most} times already; ask customer service to enter it."
    title_zh = "退回运单号已更改{most}次，如仍有误请联系客服登记。"
    most: int


def send(*, request: ReturnRequest, carrier: str, waybill: str, by: str, now: datetime) -> ReturnRequest:
    """The goods are with a carrier, and customs is told that they come; said again, the number is mended.

    Raises BadWaybill, WrongState, MendedOften.
    """
    checked(carrier, waybill)
    with tenant(request.storefront_id):
        row = hold(request)
        if row.state == "on_the_way":
            if (row.carrier, row.waybill) != (carrier, waybill):
                _mend(row, carrier, waybill, by, now)
            return row
        RETURN.move(
            row,
            "send",
            now=now,
            facts={"by": by, "carrier": carrier},
            carrier=carrier,
            waybill=waybill,
            sent_at=now,
            track_at=now,
            next_at=now + LOOKED_FOR,
        )
        told = at_customs.declare(row, by=by, now=now)
        last = row.arrive_by
        if told and last is not None and now < whole(last):
            row.next_at = min(now + LOOKED_FOR, datetime.combine(last - SOON, time(), SHANGHAI))
            row.save(update_fields=["next_at"])
    return row


def checked(carrier: str, waybill: str) -> None:
    """Raises BadWaybill for what no carrier's receipt says."""
    known = list(carriers())
    if carrier not in known or not _WAYBILL.fullmatch(waybill):
        raise BadWaybill(sorted(known))


def _mend(row: ReturnRequest, carrier: str, waybill: str, by: str, now: datetime) -> None:
    """What was told of the other parcel is not of this one. Under the request's lock, so that mends count."""
    if Event.objects.filter(key=row.event_key, name=MENDED, facts__by=by).count() >= MOST_MENDS:
        raise MendedOften(MOST_MENDS)
    facts = {"by": by, "carrier": carrier, "waybill": waybill, "before": f"{row.carrier} {row.waybill}"}
    events.record(storefront_id=row.storefront_id, name=MENDED, key=row.event_key, facts=facts, now=now)
    row.carrier, row.waybill, row.track_at = carrier, waybill, now
    row.way_code, row.way_text, row.way_at = "", "", None
    row.save(update_fields=["carrier", "waybill", "track_at", "way_code", "way_text", "way_at"])
