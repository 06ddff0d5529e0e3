"""Goods on their way back: the consumer says by whom, or sends nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from kernel.errors import Invalid
from kernel.tenancy import tenant
from logistics.vocabulary import carriers
from returns.models import ReturnRequest
from returns.services import at_customs
from returns.services.holding import hold
from returns.states import RETURN

LOOKED_FOR = timedelta(days=15)  # on their way longer than this, someone asks the carrier
_WAYBILL = re.compile(r"[0-9A-Za-z-]{6,40}")


@dataclass(eq=False)
class BadWaybill(Invalid):
    """A waybill is a carrier that we know and its number."""

    code = "return_waybill"
    title = "Choose the carrier and enter the number on its receipt (6 to 40 letters and digits)."
    title_zh = "请选择承运人并填写运单号（6至40位字母或数字）。"
    carriers: list[str]


def send(*, request: ReturnRequest, carrier: str, waybill: str, by: str, now: datetime) -> ReturnRequest:
    """The goods are with a carrier, and customs is told that they come; said again, the number is mended.

    Raises BadWaybill, WrongState.
    """
    known = list(carriers())
    if carrier not in known or not _WAYBILL.fullmatch(waybill):
        raise BadWaybill(sorted(known))
    with tenant(request.storefront_id):
        row = hold(request)
        if row.state == "on_the_way":
            row.carrier, row.waybill, row.track_at = carrier, waybill, now
            row.way_code, row.way_text, row.way_at = "", "", None
            row.save(update_fields=["carrier", "waybill", "track_at", "way_code", "way_text", "way_at"])
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
        at_customs.declare(row, by=by, now=now)
    return row
