"""Plays trials one after another and tells each in one line of a table; what is wrong is said below it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from backend.chaos.books import Finding, ends
from backend.chaos.faults import Untried
from backend.chaos.stage import Stage
from backend.chaos.trials import Trial

WIDTHS = (22, 34, 9, 16, 19, 26, 4, 7)
HEADS = ("step", "what went wrong", "order", "payments", "refunds", "open cases", "lost", "doubled")


@dataclass(frozen=True)
class Result:
    """How one trial ended: the states of order, payments and refunds, open cases, and what is wrong."""

    order: str
    payments: str
    refunds: str
    cases: str
    found: Finding


def run(stage: Stage, trial: Trial) -> Result:
    """Play one trial until the house has settled it. Raises Untried when nothing went wrong."""
    stage.begin()
    with trial.fault.ready(stage):
        order = trial.story(stage, trial.fault)
        found = stage.settle(order)
    return Result(*ends(order), found)


def table(stage: Stage, wanted: Iterable[Trial], write: Callable[[str], object]) -> bool:
    """Play all of them; True when nothing was lost, doubled or left open, and every fault has struck."""
    began, count, lost, doubled, other = time.monotonic(), 0, 0, 0, 0
    write(_row(HEADS))
    for trial in wanted:
        count += 1
        try:
            result = run(stage, trial)
        except Untried as failure:
            other += 1
            write(_row((trial.step, trial.fault.name, "not tried", "", "", "", "?", "?")))
            write(f"    ! {failure}")
            continue
        found = result.found
        lost, doubled = lost + bool(found.lost), doubled + bool(found.doubled)
        other += bool(found.open)
        states = (result.order, result.payments, result.refunds, result.cases)
        write(_row((trial.step, trial.fault.name, *states, str(len(found.lost)), str(len(found.doubled)))))
        for name in ("lost", "doubled", "open"):
            for text in getattr(found, name):
                write(f"    ! {name}: {text}")
    seconds = time.monotonic() - began
    write(f"{count} trials in {seconds:.0f} s: {lost} lost, {doubled} doubled, {other} unsettled or untried")
    return count > 0 and not (lost or doubled or other)


def _row(cells: tuple[str, ...]) -> str:
    return " ".join(cell.ljust(width) for cell, width in zip(cells, WIDTHS, strict=True)).rstrip()
