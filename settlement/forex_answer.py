"""The institution's answer to a file, read strictly: every fault is named, and with one nothing is taken.

One line an item, in any order, each exactly once; the last line is `checksum`, the SHA-256 of all bytes
before it, and the SHA-256 of the file that is answered.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from compliance.law import Law
from compliance.queries import reference_rates
from kernel.clock import shanghai_day
from kernel.errors import Invalid
from settlement.currency import PAR, parsed, to_minor
from settlement.models import SettlementBatch, SettlementItem

COLUMNS = ("batch", "item", "status", "rate", "currency", "foreign", "settled_on", "reason")
LONGEST = 4 * 1024 * 1024
MOST_FAULTS = 20
_RATE = re.compile(r"(0|[1-9][0-9]{0,7})(\.[0-9]{1,4})?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SEAL = re.compile(r"checksum,([0-9a-f]{64}),([0-9a-f]{64})\n?")


class BadAnswer(Invalid):
    """The answer does not fit its batch: nothing of it was taken."""

    code = "bad_forex_answer"
    title = "The answer cannot be taken: {faults}"
    title_zh = "机构答复文件无法导入：{faults}"

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__()
        self.faults = "; ".join(faults[:MOST_FAULTS])

    def facts(self) -> dict[str, Any]:
        return {"faults": self.faults}


@dataclass(frozen=True, slots=True)
class Answered:
    """What the institution says of one item: settled at a rate, or refused for a reason."""

    item: SettlementItem
    rate: Decimal | None
    foreign_minor: int | None
    settled_on: date | None
    refusal: str


class _Days:
    """The days that an answer may name, and the central parity of each, which its rate must be near."""

    def __init__(self, batch: SettlementBatch, today: date) -> None:
        assert batch.exported_at is not None
        self.first, self.last, self.currency = shanghai_day(batch.exported_at), today, batch.currency
        self._known: dict[date, tuple[Decimal, date]] = {}

    def check(self, day: date, rate: Decimal) -> None:
        """Raises ValueError for a day outside them, or a rate that cannot be of that day."""
        if day > self.last:
            raise ValueError(f"{day} has not come yet")
        if day < self.first:
            raise ValueError(f"{day} is before the file was exported, on {self.first}")
        parity, published = self._parity(day)
        if self.currency == "CNY" and rate != PAR:
            raise ValueError(f"rate {rate}: 100 yuan are {PAR} yuan")
        percent: int = Law(day).figure("forex/answer_rate_percent")
        if abs(rate - parity) * 100 > parity * percent:
            raise ValueError(
                f"rate {rate} is more than {percent} % off {parity}, the central parity of {published}"
                f" (yuan for 100 {self.currency})"
            )

    def _parity(self, day: date) -> tuple[Decimal, date]:
        if self.currency == "CNY":
            return PAR, day
        if day not in self._known:
            row = reference_rates(currencies=[self.currency], day=day).get(self.currency)
            oldest: int = Law(day).figure("forex/rate_max_age_days")
            if row is None or (day - row.first_day).days > oldest:
                raise ValueError(
                    f"no central parity of {self.currency} is known for {day}: load the rates first"
                )
            self._known[day] = row.cny_per_100, row.first_day
        return self._known[day]


def read(content: bytes, *, batch: SettlementBatch, sent: str, today: date) -> list[Answered]:
    """The answers to all items of `batch`, whose file had the SHA-256 `sent`, by position.

    Raises BadAnswer with every fault that was found.
    """
    if len(content) > LONGEST:
        raise BadAnswer([f"it is longer than {LONGEST} bytes"])
    body, seal = _split(content)
    if hashlib.sha256(body).hexdigest() != seal.group(1):
        raise BadAnswer(["its checksum is wrong"])
    if seal.group(2) != sent:
        raise BadAnswer(["it answers another file"])
    items = {item.position: item for item in batch.items.all()}
    days = _Days(batch, today)
    found: dict[int, Answered] = {}
    faults: list[str] = []
    reader = csv.reader(io.StringIO(body.decode()), strict=True)
    try:
        rows = list(reader)
    except csv.Error as error:
        raise BadAnswer([f"line {reader.line_num}: {error}"]) from None
    if not rows or tuple(rows[0]) != COLUMNS:
        raise BadAnswer([f"the columns are {', '.join(COLUMNS)}"])
    for number, cells in enumerate(rows[1:], start=2):
        try:
            one = _row(cells, batch, items, days)
            if one.item.position in found:
                raise ValueError(f"item {one.item.position} stands there twice")
            found[one.item.position] = one
        except ValueError as error:
            faults.append(f"line {number}: {error}")
    if not faults and (missing := sorted(set(items) - set(found))):
        faults.append(f"items are missing: {', '.join(map(str, missing[:MOST_FAULTS]))}")
    if not faults:
        faults = _whole(list(found.values()))
    if faults:
        raise BadAnswer(faults)
    return [found[position] for position in sorted(found)]


def _split(content: bytes) -> tuple[bytes, re.Match[str]]:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise BadAnswer(["it is not UTF-8"]) from None
    head = text.rstrip("\n").rpartition("\n")[0] + "\n"
    seal = _SEAL.fullmatch(text[len(head) :])
    if seal is None:
        raise BadAnswer(["its last line is no checksum"])
    return head.encode(), seal


def _row(cells: list[str], batch: SettlementBatch, items: dict[int, SettlementItem], days: _Days) -> Answered:
    if len(cells) != len(COLUMNS):
        raise ValueError(f"it has {len(cells)} columns")
    number, position, status, rate, currency, foreign, day, reason = cells
    if number != batch.number:
        raise ValueError(f"it is about batch {number!r}")
    item = items.get(int(position)) if re.fullmatch("[1-9][0-9]{0,8}", position) else None
    if item is None:
        raise ValueError(f"there is no item {position!r}")
    if status == "refused":
        if rate or foreign or day or not 0 < len(reason) <= 120:
            raise ValueError("a refused item has a reason, and neither rate, amount nor day")
        if _CONTROL.search(reason):
            raise ValueError("the reason is not one line of text")
        return Answered(item, None, None, None, reason)
    if status != "settled" or reason:
        raise ValueError(f"status {status!r} with reason {reason!r}")
    if currency != batch.currency:
        raise ValueError(f"currency {currency!r}")
    if _RATE.fullmatch(rate) is None or Decimal(rate) == 0:
        raise ValueError(f"rate {rate!r}")
    minor, settled_on = parsed(foreign, currency), date.fromisoformat(day)
    days.check(settled_on, Decimal(rate))
    due = to_minor(item.net_fen, cny_per_100=Decimal(rate), currency=currency)
    if abs(minor - due) > 1:  # the institution rounds as it likes, by less than a unit
        raise ValueError(f"{foreign} is not the amount at rate {rate}")
    return Answered(item, Decimal(rate), minor, settled_on, "")


def _whole(answers: list[Answered]) -> list[str]:
    """What is settled must be something that a bank can credit."""
    settled = [one for one in answers if one.foreign_minor is not None]
    if settled and sum(one.foreign_minor or 0 for one in settled) <= 0:
        return ["what it settles comes to nothing"]
    return []
