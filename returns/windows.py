"""Until when what is possible: days of the law and of the storefront's policy, told as dates with a clock.

Days are those of Asia/Shanghai, the day of receipt or release is day 0, and the last day is whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from compliance.law import Law
from kernel.clock import SHANGHAI


@dataclass(frozen=True, slots=True)
class Clock:
    """One window: `last` is its last day, included; `open` whether it is, on the day that was asked of."""

    name: str
    zh: str
    en: str
    last: date
    open: bool
    citation: str
    link: str


LATE_ANSWER = timedelta(hours=48)
SEVEN, DECLARE, ARRIVE, CLAIM = "seven_days", "customs_declared", "customs_arrived", "claim"
_FIGURES = {
    SEVEN: ("returns/seven_days", "七日无理由退货申请截止", "last day to return without a reason"),
    DECLARE: ("import/return_declared_days", "海关退货申报截止", "last day to declare the return to customs"),
    ARRIVE: (
        "import/return_arrived_days",
        "退货商品运抵原监管场所截止",
        "last day on which the goods arrive at customs' original place",
    ),
}


def clock(name: str, *, since: date, today: date) -> Clock:
    """A window of the law that began on the day `since`, as the law of that day has it."""
    figure, zh, en = _FIGURES[name]
    found = Law(since).source(figure)
    last = since + timedelta(days=found.value)
    return Clock(name, zh, en, last, today <= last, found.citation, found.link)


def claim_clock(*, since: date, days: int, today: date) -> Clock:
    """The window in which the storefront takes claims of what arrived damaged, wrong or short."""
    last = since + timedelta(days=days)
    return Clock(CLAIM, "售后申请截止", "last day for a claim", last, today <= last, "店铺售后政策", "")


def whole(day: date) -> datetime:
    """The end of a day, which is whole."""
    return datetime.combine(day, time(23, 59, 59), SHANGHAI)


def late_by(decide_by: datetime) -> datetime:
    """Until when an answer is given that is late, or given by itself."""
    return decide_by + LATE_ANSWER


def refund_by(received: date) -> date:
    """The day by which the price goes back, the goods having been received on `received`."""
    return received + timedelta(days=Law(received).figure("returns/refund_days"))
