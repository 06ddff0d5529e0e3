"""One vocabulary for what carriers and trackers tell: their codes are a table of data, read once."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from django.db import models

_DATA = Path(__file__).parent / "data"
LOST = re.compile(r"(遗失|丢失)")


class Code(models.TextChoices):
    """What became of a parcel, in the order in which it goes where two are told of one instant."""

    ANNOUNCED = "announced", "已下单 · announced"
    PICKED_UP = "picked_up", "已揽收 · picked up"
    IN_TRANSIT = "in_transit", "运输中 · in transit"
    CUSTOMS = "customs", "清关中 · with customs"
    CUSTOMS_HOLD = "customs_hold", "清关异常 · held by customs"
    CLEARED = "cleared", "已清关 · cleared"
    ARRIVED = "arrived", "到达派件城市 · in the city"
    OUT_FOR_DELIVERY = "out_for_delivery", "派送中 · out for delivery"
    AT_POINT = "at_point", "待取件 · waits to be fetched"
    TROUBLE = "trouble", "派送异常 · trouble"
    REFUSED = "refused", "拒收 · refused"
    DAMAGED = "damaged", "破损 · damaged"
    LOST = "lost", "遗失 · lost"
    RETURNING = "returning", "退回中 · on its way back"
    RETURNED = "returned", "已退回 · returned"
    DELIVERED = "delivered", "已签收 · delivered"
    VOID = "void", "已销单 · void"


RANK = {code: rank for rank, code in enumerate(Code)}
# What is told before the carrier has the parcel, or says that it never will.
BEFORE_SCAN = frozenset({Code.ANNOUNCED, Code.VOID})
# Of a shipment: the verb that what was told last leads to; the others say nothing of its state.
VERBS: dict[Code, str] = {
    Code.IN_TRANSIT: "move",
    Code.CUSTOMS: "move",
    Code.CLEARED: "move",
    Code.ARRIVED: "move",
    Code.OUT_FOR_DELIVERY: "move",
    Code.AT_POINT: "move",
    Code.TROUBLE: "move",
    Code.REFUSED: "turn",
    Code.RETURNING: "turn",
    Code.CUSTOMS_HOLD: "hold",
    Code.DAMAGED: "damage",
    Code.LOST: "lose",
    Code.RETURNED: "return",
    Code.DELIVERED: "deliver",
}
BACK = frozenset({Code.RETURNING, Code.RETURNED})
# What still says something of a parcel that was signed for; a further scan of it does not.
AFTER_DELIVERY = BACK | {Code.REFUSED, Code.DAMAGED, Code.LOST}


class Carrier(NamedTuple):
    """A carrier under its code here, which is WeChat's: its names, its code at kuaidi100, its usual days."""

    code: str
    name_zh: str
    name: str
    kuaidi100: str
    days: int


@lru_cache(maxsize=1)
def carriers() -> dict[str, Carrier]:
    """Code → carrier."""
    with (_DATA / "carriers.csv").open(encoding="utf-8", newline="") as lines:
        return {
            row["code"]: Carrier(row["code"], row["zh"], row["en"], row["kuaidi100"], int(row["days"]))
            for row in csv.DictReader(lines)
        }


def carrier_choices() -> list[tuple[str, str]]:
    """The carriers as choices of a model field."""
    return [(one.code, f"{one.name_zh} · {one.name}") for one in carriers().values()]


@lru_cache(maxsize=1)
def _codes() -> dict[tuple[str, str], Code]:
    with (_DATA / "tracking_codes.csv").open(encoding="utf-8", newline="") as lines:
        return {(row["provider"], row["code"]): Code(row["ours"]) for row in csv.DictReader(lines)}


def understood(provider: str, code: str, text: str) -> Code:
    """What a provider's code says; a code that no table has says that the parcel moves.

    No table has a code for a loss: trouble whose text speaks of one is a loss.
    """
    found = _codes().get((provider, code), Code.IN_TRANSIT)
    return Code.LOST if found == Code.TROUBLE and LOST.search(text) else found


def latest(story: Iterable[tuple[datetime, str]]) -> tuple[datetime, Code] | None:
    """Where a parcel stands by all that was told of it, in whatever order that was.

    Signed for after it turned back, it was signed for by its sender, whatever code its carrier has for that:
    it is returned. What came back is at its end, and what was signed for goes no further but back.
    """
    stands: tuple[datetime, Code] | None = None
    turned = False
    for at, code in sorted(((at, Code(code)) for at, code in story), key=lambda one: (one[0], RANK[one[1]])):
        turned = turned or code in BACK
        reached = Code.RETURNED if turned and code == Code.DELIVERED else code
        before = stands[1] if stands else None
        if before == Code.RETURNED or (before == Code.DELIVERED and reached not in AFTER_DELIVERY):
            continue
        stands = at, reached
    return stands
