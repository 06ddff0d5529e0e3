"""Plays the institution that converts a batch (结汇机构): reads its file and answers at the day's rate."""

import csv
import hashlib
import io
import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from sandbox import cfets
from sandbox.clock import shanghai_day
from sandbox.payer import text
from sandbox.scene import Scene
from sandbox.wire import ControlFault, Json

COLUMNS = ["batch", "item", "status", "rate", "currency", "foreign", "settled_on", "reason"]
MARGIN = Decimal("1.002")  # what it sells foreign money for, beside the central parity
WHOLE = {"JPY", "KRW"}  # currencies without a smaller unit
REFUSAL = "资料不符"


def control(scene: Scene, told: Json) -> Json:
    """POST /sandbox/institution: `file` as it was exported; the answer to it, and what the bank credits.

    `rate` (yuan for 100 units) stands instead of its own; the items of `refuse` are refused.
    """
    content, refused = text(told, "file") or "", told.get("refuse", [])
    if not isinstance(refused, list):
        raise ControlFault(400, "refuse is a list of items")
    rows = _rows(content)
    number, currency, today = rows[0]["batch"], rows[0]["currency"], shanghai_day(scene.clock.now())
    rate = _rate(scene, currency, text(told, "rate"))
    out, credited = io.StringIO(), Decimal(0)
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(COLUMNS)
    for row in rows:
        if int(row["item"]) in refused:
            lines.writerow([number, row["item"], "refused", "", currency, "", "", REFUSAL])
            continue
        unit = Decimal(1) if currency in WHOLE else Decimal("0.01")
        foreign = (Decimal(row["net_yuan"]) * 100 / rate).quantize(unit, ROUND_HALF_UP)
        credited += foreign
        lines.writerow([number, row["item"], "settled", rate, currency, foreign, today, ""])
    body = out.getvalue()
    sent, own = (hashlib.sha256(one.encode()).hexdigest() for one in (content, body))
    credit = {
        "reference": f"FT{sent[:12].upper()}",
        "amount": str(credited),
        "currency": currency,
        "on": today,
    }
    return {"answer": f"{body}checksum,{own},{sent}\n", "rate": str(rate), "credit": credit}


def _rows(content: str) -> list[dict[str, str]]:
    """The items of a file whose totals are what they should be."""
    *rows, last = list(csv.DictReader(io.StringIO(content))) or [{}]
    if not rows or last.get("batch") != "total":
        raise ControlFault(400, "file: items and a line of totals")
    try:
        total = sum((Decimal(row["net_yuan"]) for row in rows), Decimal(0))
        fits = len(rows) == int(last["item"]) and total == Decimal(last["net_yuan"])
    except (InvalidOperation, KeyError, ValueError):
        fits = False
    if not fits or len({(row["batch"], row["currency"], row["bop_code"]) for row in rows}) != 1:
        raise ControlFault(400, "file: the totals do not fit, or it is more than one batch")
    return rows


def _rate(scene: Scene, currency: str, told: str | None) -> Decimal:
    if told is not None:
        if not re.fullmatch(r"\d{1,6}(\.\d{1,4})?", told) or Decimal(told) == 0:
            raise ControlFault(400, "rate: yuan for 100 units, at most four decimals")
        return Decimal(told)
    own = cfets.cny_per_100(scene.clock.now(), currency)
    if own is None:
        raise ControlFault(400, f"it does not deal in {currency!r}")
    return (own * MARGIN).quantize(Decimal("0.0001"), ROUND_HALF_UP)
