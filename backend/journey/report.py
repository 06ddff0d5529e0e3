"""One line a step: its number, whether it held, its time, what was done and what was seen."""

from __future__ import annotations

import json
import time
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import requests

if TYPE_CHECKING:
    from backend.journey.stage import Stage

TITLE_COLUMNS = 72


@dataclass(eq=False)
class Unexpected(Exception):
    """Something was not as it must be."""

    wanted: object
    got: object


@dataclass(frozen=True)
class Step:
    """One step: its title in both languages, and what it does; it returns what was seen."""

    zh: str
    en: str
    act: Callable[[Stage], str]

    def __call__(self, stage: Stage) -> str:
        return self.act(stage)


def step(zh: str, en: str) -> Callable[[Callable[[Stage], str]], Step]:
    """Make a step of a function."""
    return lambda act: Step(zh, en, act)


def expect(wanted: object, got: object) -> None:
    """Raises Unexpected unless both are equal."""
    if wanted != got:
        raise Unexpected(wanted, got)


def expect_that(holds: bool, wanted: str, got: object) -> None:
    """Raises Unexpected unless it holds."""
    if not holds:
        raise Unexpected(wanted, got)


def play(steps: Iterable[Step], stage: Stage, write: Callable[[str], object]) -> bool:
    """Play the steps in order up to the first that fails; the last line is JSON. True when all held."""
    began = time.monotonic()
    done, ok = 0, True
    for number, one in enumerate(steps, start=1):
        start = time.monotonic()
        try:
            seen = one(stage)
        except (Unexpected, requests.RequestException, LookupError, TypeError, ValueError) as failure:
            ok = False
            write(line(number, "✗", time.monotonic() - start, one, ""))
            write("\n".join(explain(failure)))
            break
        done += 1
        write(line(number, "✓", time.monotonic() - start, one, seen))
    write(json.dumps({"ok": ok, "steps": done, "seconds": round(time.monotonic() - began, 2)}))
    return ok


def line(number: int, mark: str, seconds: float, one: Step, seen: str) -> str:
    """One step as a line; Chinese letters take two columns."""
    return f"{number:>3} {mark} {seconds * 1000:>6.0f} ms  {padded(f'{one.zh} {one.en}')}  {seen}".rstrip()


def explain(failure: Exception) -> list[str]:
    """What was expected, and what came."""
    if isinstance(failure, Unexpected):
        return [f"      expected 应为: {failure.wanted}", f"      got 实为:      {failure.got}"]
    return [f"      {type(failure).__name__}: {failure}"]


def padded(text: str) -> str:
    """The text, filled up to the column of titles."""
    wide = sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
    return text + " " * max(TITLE_COLUMNS - wide, 0)
