"""Rates enter strictly, by day, and are found by ten digits first, then by eight."""

import csv
from datetime import date
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from compliance.management.loader import DATA
from compliance.models import TariffLine
from compliance.queries import has_tariff, tariff
from compliance.services.tariff import COLUMNS, load_tariff

DAY = date(2026, 11, 23)
pytestmark = pytest.mark.django_db


def row(**changes: str) -> dict[str, str]:
    return {
        **dict.fromkeys(COLUMNS, ""),
        "hs_code": "33049900",
        "first_day": "2026-01-01",
        "name_zh": "护肤品",
        "mfn_pct": "1",
        "vat_pct": "13",
        "excise_kind": "ad_valorem",
        "excise_pct": "15",
        "threshold_fen_per_ml_or_g": "1000",
        "threshold_fen_per_piece": "1500",
        "source": "财税〔2016〕103号",
        "confidence": "P",
        "checked_on": "2026-11-01",
        **changes,
    }


def test_a_row_becomes_a_line_with_fractions():
    done = load_tariff(rows=[row(mfn_pct="6.5", provisional_pct="0")])
    assert (done.added, done.changed, done.same, done.bad) == (1, 0, 0, ())
    line = TariffLine.objects.get()
    assert (line.mfn_rate, line.provisional_rate, line.vat_rate) == (
        Decimal("0.065"),
        Decimal(0),
        Decimal("0.13"),
    )
    assert (line.excise_rate, line.threshold_fen_per_ml_or_g) == (Decimal("0.15"), 1000)


def test_loading_again_changes_nothing_and_a_correction_changes_one_line():
    load_tariff(rows=[row(), row(first_day="2026-07-01", mfn_pct="2")])
    assert load_tariff(rows=[row(), row(first_day="2026-07-01", mfn_pct="2")]).same == 2
    done = load_tariff(rows=[row(), row(first_day="2026-07-01", mfn_pct="3")])
    assert (done.added, done.changed, done.same) == (0, 1, 1)
    assert TariffLine.objects.get(first_day="2026-07-01").mfn_rate == Decimal("0.03")


def test_a_dry_run_counts_and_writes_nothing():
    assert load_tariff(rows=[row()], dry_run=True).added == 1
    assert not TariffLine.objects.exists()


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"hs_code": "330499"}, "hs_code"),
        ({"hs_code": "3304990O"}, "hs_code"),
        ({"first_day": "01.01.2026"}, "first_day"),
        ({"first_day": "2016-01-01"}, "first_day"),
        ({"name_zh": ""}, "name_zh"),
        ({"mfn_pct": "1%"}, "mfn_pct"),
        ({"mfn_pct": "-1"}, "mfn_pct"),
        ({"mfn_pct": "NaN"}, "mfn_pct"),
        ({"mfn_pct": "1.23456"}, "mfn_pct"),
        ({"vat_pct": "17"}, "vat_pct"),
        ({"vat_pct": ""}, "vat_pct"),
        ({"excise_kind": "luxury"}, "excise_kind"),
        ({"excise_pct": ""}, "excise_pct"),
        ({"excise_kind": "compound", "excise_unit": "1l"}, "excise_per_unit_fen"),
        ({"excise_kind": "compound", "excise_unit": "litre", "excise_per_unit_fen": "91"}, "excise_unit"),
        (
            {"excise_kind": "specific", "excise_unit": "1l", "excise_per_unit_fen": "9.1"},
            "excise_per_unit_fen",
        ),
        ({"excise_kind": "none", "excise_pct": ""}, "excise_kind"),
        ({"threshold_fen_per_piece": "0"}, "threshold_fen_per_piece"),
        ({"confidence": "sure"}, "confidence"),
        ({"source": ""}, "source"),
        ({"checked_on": ""}, "checked_on"),
    ],
)
def test_one_bad_cell_is_named_and_nothing_is_written(changes, column):
    done = load_tariff(rows=[row(hs_code="33041000"), row(**changes)])
    assert (3, column) in [(bad.line, bad.column) for bad in done.bad]
    assert done.added == 0
    assert not TariffLine.objects.exists()


def test_every_bad_row_is_reported():
    done = load_tariff(rows=[row(vat_pct="x", mfn_pct="y"), row(hs_code="1")])
    assert [(bad.line, bad.column) for bad in done.bad] == [(2, "mfn_pct"), (2, "vat_pct"), (3, "hs_code")]
    assert str(done.bad[0]) == "line 2, mfn_pct: 'y' is not valid"


def test_the_same_code_twice_on_one_day_and_a_missing_column_are_refused():
    assert load_tariff(rows=[row(), row()]).bad[0].problem == "the same code and first day as line 2"
    short = row()
    del short["link"]
    assert load_tariff(rows=[short]).bad[0].column == "row"
    assert load_tariff(rows=[row() | {None: ["more"]}]).bad[0].column == "row"
    assert not TariffLine.objects.exists()


def test_ten_digits_go_before_eight_and_the_newest_day_counts(django_assert_num_queries):
    load_tariff(
        rows=[
            row(),
            row(first_day="2026-07-01", mfn_pct="2"),
            row(first_day="2027-01-01", mfn_pct="3"),
            row(hs_code="3304990010", mfn_pct="9"),
        ]
    )
    with django_assert_num_queries(1):
        rates = tariff(hs_codes=["3304990010", "3304990099", "9999999999"], day=DAY)
    assert rates["3304990010"].mfn_rate == Decimal("0.09")
    assert rates["3304990099"].mfn_rate == Decimal("0.02")
    assert "9999999999" not in rates
    assert tariff(hs_codes=["3304990099"], day=date(2026, 6, 30))["3304990099"].mfn_rate == Decimal("0.01")
    assert tariff(hs_codes=["3304990099"], day=date(2025, 12, 31)) == {}
    assert has_tariff(hs_code="3304990099", day=DAY)
    assert not has_tariff(hs_code="3304990099", day=date(2025, 12, 31))


def test_the_shipped_lines_are_good_and_say_what_is_not_confirmed():
    out = StringIO()
    call_command("load_tariff", stdout=out)
    assert "changed, 0 were the same" in out.getvalue()
    assert TariffLine.objects.count() > 200
    rates = tariff(
        hs_codes=[
            "1901101000",
            "2208300000",
            "2204210000",
            "3304990010",
            "6109100000",
            "8516310000",
            "0901210000",
        ],
        day=DAY,
    )
    assert len(rates) == 7
    whisky = rates["2208300000"]
    assert (whisky.excise_kind, whisky.excise_rate, whisky.excise_per_unit_fen, whisky.excise_unit) == (
        "compound",
        Decimal("0.2"),
        912,
        "10l",
    )
    assert whisky.provisional_rate == Decimal("0.05")
    assert tariff(hs_codes=["2208300000"], day=date(2026, 2, 1))["2208300000"].provisional_rate is None
    assert rates["1901101000"].duty_rate == Decimal("0.05")
    alcohol = TariffLine.objects.filter(hs_code__startswith="2208")
    assert set(alcohol.values_list("confidence", flat=True)) == {"M"}


def test_the_command_names_every_fault_and_fails(tmp_path):
    path = tmp_path / "bad.csv"
    with (DATA / "tariff.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))[:3]
    rows[1]["vat_pct"] = "12"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    err = StringIO()
    with pytest.raises(CommandError, match="1 faults; nothing was written"):
        call_command("load_tariff", str(path), stderr=err)
    assert err.getvalue().strip() == "line 3, vat_pct: is not a rate of value-added tax on that day"
    assert not TariffLine.objects.exists()
