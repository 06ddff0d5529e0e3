"""Reference rates of currencies enter strictly, and one that grows old is told before it stops the sale."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Max

from compliance.law import Law
from compliance.models import ReferenceRate
from compliance.services.loading import Loaded, Row, Rows, load
from kernel.cases import open_case
from kernel.clock import shanghai_day

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


def watch_rates(*, currencies: Iterable[str], now: datetime) -> list[str]:
    """Put the rates that have lived through half their time before an operator; which ones.

    After `forex/rate_max_age_days` FOREX-1 refuses every purchase, so a missing rate is told as well.
    """
    day = shanghai_day(now)
    longest: int = Law(day).figure("forex/rate_max_age_days")
    newest = dict(
        ReferenceRate.objects.filter(first_day__lte=day)
        .values_list("currency")
        .annotate(day=Max("first_day"))
        .values_list("currency", "day")
    )
    told = []
    for currency in sorted(set(currencies) - {"CNY"}):
        last = newest.get(currency)
        if last is not None and (day - last).days * 2 <= longest:
            continue
        open_case(
            storefront_id=None,
            kind="forex.old_rate",
            key=f"rate:{currency}",
            title=f"The reference rate of {currency} grows old",
            facts={"currency": currency, "last_day": last and last.isoformat(), "longest_days": longest},
            now=now,
        )
        told.append(currency)
    return told


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
