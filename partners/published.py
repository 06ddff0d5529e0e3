"""Which facts partners may hear, under which name, and with which scope: all others stay in the house."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Final


@dataclass(frozen=True, slots=True)
class Published:
    """The name under which an event goes out, the scope it asks for, and what it says."""

    type: str
    scope: str
    en: str
    zh: str


def _read() -> dict[str, Published]:
    path = Path(__file__).parent / "data" / "published.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return {row.pop("event"): Published(**row) for row in csv.DictReader(file)}


# By the name of the event inside the house. What is told is the type, the object and the instant, no more.
PUBLISHED: Final = _read()
BY_TYPE: Final = {one.type: one for one in PUBLISHED.values()}
PING: Final = "ping"
# Events under a key that is the house's own: the fact that says what it happened to, and what that is.
SUBJECTS: Final = {"sale.stopped": "sku", "sale.resumed": "sku"}
