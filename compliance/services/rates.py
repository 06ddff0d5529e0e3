"""Reference rates of currencies enter strictly, as all tables do: one bad row and nothing is changed."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from compliance.models import ReferenceRate
from compliance.services.loading import Loaded, Row, Rows, load

COLUMNS = ("currency", "first_day", "cny_per_100", "source", "link", "confidence", "checked_on")


def load_rates(*, rows: Rows, dry_run: bool = False) -> Loaded:
    """Load rows with the columns COLUMNS; `cny_per_100` is yuan for 100 units, as rates are published."""
    return load(
        ReferenceRate,
        rows=rows,
        columns=COLUMNS,
        read=_read,
        dry_run=dry_run,
        key="currency",
    )


def _read(row: Row) -> ReferenceRate:
    return ReferenceRate(
        currency=row.get("currency", _currency),
        first_day=row.get("first_day", date.fromisoformat),
        cny_per_100=row.get("cny_per_100", _rate),
        **row.source(),
    )


def _currency(cell: str) -> str:
    if re.fullmatch("[A-Z]{3}", cell) is None or cell == "CNY":
        raise ValueError(cell)
    return cell


def _rate(cell: str) -> Decimal:
    if re.fullmatch(r"\d{1,8}(\.\d{1,4})?", cell) is None or Decimal(cell) == 0:
        raise ValueError(cell)
    return Decimal(cell)
