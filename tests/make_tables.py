"""The tables of the law that a test needs: tariff, positive list, reference rates; all of it is invented."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from compliance.models import PositiveListLine, ReferenceRate, TariffLine
from kernel.clock import shanghai_day

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)  # noon in Shanghai


def listed(hs_code: str, **changes: Any) -> PositiveListLine:
    """A line of the positive list for an 8-digit code."""
    made, _ = PositiveListLine.objects.update_or_create(
        hs_code=hs_code,
        first_day=datetime(2026, 1, 1).date(),
        defaults={
            "name_zh": "测试",
            "source": "test",
            "confidence": "M",
            "checked_on": datetime(2026, 11, 1).date(),
            **changes,
        },
    )
    return made


def tariff() -> None:
    """Three lines: goods at 13 % VAT without excise, cosmetics with excise from 10 yuan/ml, food at 9 %; all
    of them on the positive list."""
    common = {
        "first_day": datetime(2026, 1, 1).date(),
        "source": "test",
        "confidence": "M",
        "checked_on": datetime(2026, 11, 1).date(),
    }
    for code, vat, mfn, more in (
        ("85163100", "0.13", "0.10", {}),
        (
            "33049900",
            "0.13",
            "0.01",
            {
                "excise_kind": "ad_valorem",
                "excise_rate": "0.15",
                "threshold_fen_per_ml_or_g": 1000,
                "threshold_fen_per_piece": 1500,
            },
        ),
        ("19011010", "0.13", "0.05", {}),
    ):
        TariffLine.objects.get_or_create(
            hs_code=code,
            first_day=common["first_day"],
            defaults={**common, "name_zh": "测试", "mfn_rate": mfn, "vat_rate": vat, **more},
        )
        if not PositiveListLine.objects.filter(hs_code=code).exists():
            listed(code)


def rates() -> None:
    """Reference rates of the dollar and the euro, fresh on the days around NOW and in the real present."""
    days = {shanghai_day(NOW + timedelta(days=10 * n)) for n in range(-40, 40)} | {
        shanghai_day(datetime.now(UTC))
    }
    currencies = {"USD": "705.0000", "EUR": "820.0000"}
    known = ReferenceRate.objects.filter(source="test", currency__in=currencies, first_day__in=days)
    if known.count() == len(currencies) * len(days):  # a variant asks for them each time
        return
    of = {"source": "test", "confidence": "M", "checked_on": shanghai_day(NOW)}
    found = (
        ReferenceRate(currency=code, first_day=day, cny_per_100=rate, **of)
        for code, rate in currencies.items()
        for day in days
    )
    ReferenceRate.objects.bulk_create(found, ignore_conflicts=True)
