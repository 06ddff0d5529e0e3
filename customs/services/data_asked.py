"""Customs asks for the payment data of an order: kept once a session, and nothing is looked up meanwhile.

What is answered at once is the same whether there is such an order or not: it tells nobody what we sold.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.db import transaction

from customs.models import DataRequest
from customs.states import DATA_REQUEST
from kernel.cases import settle_open
from kernel.errors import Conflict
from payments.models import Payment

MISSING, WRONG = "20001", "20002"  # not the form field with JSON in it / a field that cannot be
LATEST_MS = 10**14  # some thousand years: whatever a clock says, it is a number of milliseconds
_SESSION = re.compile(r"[0-9A-Za-z-]{1,36}")
_NUMBER = re.compile(r"[!-~]{1,60}")
FAILING, REFUSED = "data_request.failing", "data_request.refused"
MOST_OF_ONE = 20  # requests for one payment in a day, where many others ask
LEASE = timedelta(minutes=1)  # as long at most as one try has a request to itself


class AskedWrongly(Exception):
    """What customs asked cannot be read: the code that it is answered with, and what is wrong."""

    def __init__(self, answer: str, what: str) -> None:
        super().__init__(what)
        self.answer, self.what = answer, what


class BeingGiven(Conflict):
    """Customs may have the data this moment: made anew, it would be given twice, in other bytes."""

    code = "data_being_given"
    title = "It is being given now, or is tried within a minute: look again then."
    title_zh = "正在提供，或将于一分钟内自动重试，请稍后再看。"


@dataclass(frozen=True, slots=True)
class Asked:
    """`openReq`: an order, in a session of its own, at customs' own time."""

    session: str
    number: str
    service_ms: int


def read(text: str) -> Asked:
    """What was asked. Raises AskedWrongly."""
    try:
        told = orjson.loads(text)
    except orjson.JSONDecodeError as fault:
        raise AskedWrongly(MISSING, "openReq") from fault
    if not isinstance(told, dict):
        raise AskedWrongly(MISSING, "openReq")
    return Asked(
        session=_text(told, "sessionID", _SESSION),
        number=_text(told, "orderNo", _NUMBER),
        service_ms=_instant(told, "serviceTime"),
    )


def is_ours(*, asked: Asked, now: datetime) -> bool:
    """Whether it asks for a payment of ours, and not for one that is asked for all day long."""
    today = DataRequest.objects.filter(number=asked.number, asked_at__gt=now - timedelta(days=1))
    there = Payment.objects.filter(out_trade_no=asked.number).exists()
    return there and today[:MOST_OF_ONE].count() < MOST_OF_ONE


def keep(*, asked: Asked, now: datetime) -> None:
    """Keep the request, in one statement; a session that is known changes nothing."""
    row = DataRequest(
        session=asked.session,
        number=asked.number,
        service_ms=asked.service_ms,
        asked_at=now,
        next_try_at=now,
    )
    DataRequest.objects.bulk_create([row], ignore_conflicts=True)


@transaction.atomic
def give_again(*, request: DataRequest, by: str, now: datetime) -> None:
    """What stood in the way is mended: it is looked up, signed and given anew.

    Raises WrongState, or BeingGiven where a try has it or is about to.
    """
    held = DataRequest.objects.select_for_update(of=("self",)).get(pk=request.pk)
    if held.next_try_at is not None and now < held.next_try_at <= now + LEASE:
        raise BeingGiven()
    DATA_REQUEST.move(
        request,
        "again",
        now=now,
        facts={"by": by},
        trouble="",
        body_sealed=b"",
        made_at=None,
        tries=0,
        next_try_at=now,
    )
    settle_open(kinds=[FAILING, REFUSED], key=request.event_key, by=by, note="given again", now=now)


def _text(told: dict[str, Any], name: str, form: re.Pattern[str]) -> str:
    value = told.get(name)
    if not isinstance(value, str) or not form.fullmatch(value):
        raise AskedWrongly(WRONG, name)
    return value


def _instant(told: dict[str, Any], name: str) -> int:
    """A number of milliseconds, as number or in digits."""
    value = told.get(name)
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= len(str(LATEST_MS)):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < LATEST_MS:
        raise AskedWrongly(WRONG, name)
    return value
