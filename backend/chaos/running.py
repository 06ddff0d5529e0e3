"""Plays trials one after another and tells each in one line of a table; what is wrong is said below it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields

from backend.chaos.books import Finding, ends
from backend.chaos.faults import Untried
from backend.chaos.stage import Stage
from backend.chaos.trials import Trial

WIDTHS = (24, 40, 9, 16, 19, 30, 26, 4, 7)
HEADS = (
    "step",
    "what went wrong",
    "order",
    "payments",
    "refunds",
    "besides",
    "open cases",
    "lost",
    "doubled",
)
SUMMED = ("part", "trials", "lost", "doubled", "unsettled or untried", "seconds")


@dataclass(frozen=True)
class Result:
    """How one trial ended: the states of order, payments, refunds and what was played besides, open cases,
    and what is wrong."""

    order: str
    payments: str
    refunds: str
    besides: str
    cases: str
    found: Finding


def run(stage: Stage, trial: Trial) -> Result:
    """Play one trial until the house has settled it. Raises Untried when nothing went wrong."""
    stage.begin()
    with trial.fault.ready(stage):
        order = trial.story(stage, trial.fault)
        found = stage.settle(order)
    return Result(*ends(order, stage.parts), found)


@dataclass
class Sum:
    """What came of the trials of one part."""

    trials: int = 0
    lost: int = 0
    doubled: int = 0
    other: int = 0
    seconds: float = 0.0

    @property
    def held(self) -> bool:
        """Nothing was lost, doubled or left open, and every fault has struck."""
        return not (self.lost or self.doubled or self.other)


def table(
    stage: Stage, wanted: Iterable[Trial], write: Callable[[str], object], side: str = "payments"
) -> bool:
    """Play all of them; True when nothing was lost, doubled or left open, and every fault has struck."""
    sums: dict[str, Sum] = {}
    write(_row(HEADS))
    for trial in wanted:
        began = time.monotonic()
        part = sums.setdefault(trial.part, Sum())
        part.trials += 1
        if not _told(stage, trial, part, write):
            write(f'    ! again: manage.py chaos {side} --only "{trial.name}"')
        part.seconds += time.monotonic() - began
    write("")
    write(f"{SUMMED[0]:12}" + "".join(name.rjust(len(name) + 3) for name in SUMMED[1:]))
    total = Sum()
    for name, one in sums.items():
        write(_sum(name, one))
        for counted in fields(Sum):
            setattr(total, counted.name, getattr(total, counted.name) + getattr(one, counted.name))
    write(_sum("all", total))
    return total.trials > 0 and total.held


def _told(stage: Stage, trial: Trial, part: Sum, write: Callable[[str], object]) -> bool:
    """Play one and write its line, with what is wrong below; whether nothing is."""
    try:
        result = run(stage, trial)
    except Untried as failure:
        part.other += 1
        write(_row((trial.step, trial.fault.name, "not tried", "", "", "", "", "?", "?")))
        write(f"    ! {failure}")
        return False
    found = result.found
    part.lost += bool(found.lost)
    part.doubled += bool(found.doubled)
    part.other += bool(found.open)
    states = (result.order, result.payments, result.refunds, result.besides, result.cases)
    write(_row((trial.step, trial.fault.name, *states, str(len(found.lost)), str(len(found.doubled)))))
    for name in ("lost", "doubled", "open"):
        for text in getattr(found, name):
            write(f"    ! {name}: {text}")
    return found.clean


def _row(cells: tuple[str, ...]) -> str:
    return " ".join(cell.ljust(width) for cell, width in zip(cells, WIDTHS, strict=True)).rstrip()


def _sum(name: str, one: Sum) -> str:
    counts = (one.trials, one.lost, one.doubled, one.other, round(one.seconds))
    told = [str(n).rjust(len(head) + 3) for n, head in zip(counts, SUMMED[1:], strict=True)]
    return f"{name:12}" + "".join(told)
