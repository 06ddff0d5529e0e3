"""Each workday's central parity enters once; that nobody answers, or one that cannot be right, is a case."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal

from django.conf import settings
from django.db import transaction

from compliance.models import ReferenceRate
from compliance.queries import reference_rates
from compliance.services.rates import load_rates
from kernel.cases import open_case, settle_open
from kernel.clock import SHANGHAI, shanghai_day
from kernel.gateways import Unreachable
from settlement.gateways.cfets import central_parity
from settlement.gateways.cfets.central_parity import Parity, Unreadable
from settlement.models import RatePublication

FROM, MISSED_FROM = time(9, 15), time(12)
SATURDAY = 5
MOST_CHANGE = Decimal("0.10")  # against the rate before it: more is a wrong unit, not a market
_LINK = "https://www.chinamoney.com.cn/chinese/bkccpr/"
_TITLES = {
    "forex.rates_missing": "Nobody answers who publishes today's exchange rates",
    "forex.rates_unreadable": "The page of exchange rates cannot be read",
    "forex.rates_jumped": "An exchange rate changed by more than a tenth",
}


def fetch_rates(*, now: datetime) -> bool:
    """Fetch and keep today's publication where it is due and not there yet; whether it was taken now.

    Three steps: nothing is written before the answer, and no transaction is open while it is waited for. A
    page of another day is not taken, and says that nothing was published: a public holiday, of which the
    house has no calendar; that rates grow old is watched elsewhere. From MISSED_FROM on it is a case that
    nobody answers, until the day's rates are taken; so is a page that cannot be read, or a rate that jumped
    by more than MOST_CHANGE.
    """
    day, clock = shanghai_day(now), now.astimezone(SHANGHAI).time()
    if day.weekday() >= SATURDAY or clock < FROM or RatePublication.objects.filter(day=day).exists():
        return False
    try:
        parity = central_parity.fetch(base_url=settings.CFETS_BASE)
    except Unreadable as trouble:
        _case("forex.rates_unreadable", day, {"reason": trouble.reason}, now)
        return False
    except Unreachable as trouble:
        if clock >= MISSED_FROM:
            _case("forex.rates_missing", day, {"reason": trouble.reason}, now)
        return False
    if shanghai_day(parity.published_at) != day:
        return False
    return keep_rates(parity=parity, source=settings.CFETS_BASE + central_parity.PATH, now=now)


def keep_rates(*, parity: Parity, source: str, now: datetime) -> bool:
    """Keep one publication and its rates; False when that day is there already, or is not believed.

    A rate that was loaded for the day by hand stays as it is.
    """
    day = shanghai_day(parity.published_at)
    jumped = _jumps(parity.cny_per_100, day)
    if jumped:
        _case("forex.rates_jumped", day, jumped, now)
        return False
    with transaction.atomic():
        _, new = RatePublication.objects.get_or_create(
            day=day,
            defaults={
                "published_at": parity.published_at,
                "fetched_at": now,
                "source": source,
                "sha256": hashlib.sha256(parity.body).hexdigest(),
                "body": parity.body.decode(),
                "rates": {currency: str(rate) for currency, rate in parity.cny_per_100.items()},
            },
        )
        if new:
            _load(parity, day, now)
            settle_open(
                kinds=_TITLES, key=f"rates:{day}", by="system", note="the rates of the day are there", now=now
            )
    return new


def _load(parity: Parity, day: date, now: datetime) -> None:
    there = set(ReferenceRate.objects.filter(first_day=day).values_list("currency", flat=True))
    stamp = f"{parity.published_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
    loaded = load_rates(
        rows=[
            {
                "currency": currency,
                "first_day": day.isoformat(),
                "cny_per_100": str(rate),
                "source": f"中国外汇交易中心 人民币汇率中间价 {stamp}",
                "link": _LINK,
                "confidence": "C",
                "checked_on": shanghai_day(now).isoformat(),
            }
            for currency, rate in sorted(parity.cny_per_100.items())
            if currency not in there
        ]
    )
    if loaded.bad:
        raise Unreadable(reason=str(loaded.bad[0]))


def _jumps(rates: Mapping[str, Decimal], day: date) -> dict[str, str]:
    """Rates that cannot follow from those before them: currency → "before → now"."""
    before = reference_rates(currencies=rates, day=day)
    return {
        currency: f"{before[currency].cny_per_100} → {rate}"
        for currency, rate in rates.items()
        if currency in before
        and abs(rate - before[currency].cny_per_100) > before[currency].cny_per_100 * MOST_CHANGE
    }


def _case(kind: str, day: date, facts: dict[str, str], now: datetime) -> None:
    open_case(
        storefront_id=None,
        kind=kind,
        key=f"rates:{day}",
        title=_TITLES[kind],
        facts={"day": day.isoformat(), **facts},
        now=now,
    )
