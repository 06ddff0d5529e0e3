"""Reference rates: a strict import, the rate of a day, and the examples that are honest about themselves."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command

from compliance.management.loader import DATA
from compliance.models import ReferenceRate
from compliance.queries import reference_rates
from compliance.services.rates import load_rates, watch_rates
from kernel.models import Case
from tests import make

pytestmark = pytest.mark.django_db
GOOD = {
    "currency": "USD",
    "first_day": "2026-11-20",
    "cny_per_100": "705.1200",
    "source": "中国外汇交易中心",
    "link": "https://www.chinamoney.com.cn/",
    "confidence": "C",
    "checked_on": "2026-11-20",
}


def row(**changes: str) -> dict[str, str]:
    return {**GOOD, **changes}


def test_rates_are_added_changed_and_left_alone():
    done = load_rates(rows=[row(), row(currency="EUR", cny_per_100="820")])
    assert (done.added, done.changed, done.same) == (2, 0, 0)
    done = load_rates(rows=[row(cny_per_100="706"), row(currency="EUR", cny_per_100="820")])
    assert (done.added, done.changed, done.same) == (0, 1, 1)
    assert ReferenceRate.objects.get(currency="USD").cny_per_100 == Decimal(706)


def test_a_dry_run_writes_nothing():
    assert load_rates(rows=[row()], dry_run=True).added == 1
    assert ReferenceRate.objects.count() == 0


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("currency", "usd"),
        ("currency", "CNY"),
        ("first_day", "20.11.2026"),
        ("cny_per_100", "0"),
        ("cny_per_100", "7,05"),
        ("cny_per_100", "7.05123"),
        ("cny_per_100", "-7"),
        ("source", ""),
        ("confidence", "X"),
    ],
)
def test_one_bad_row_and_nothing_is_written(column, cell):
    done = load_rates(rows=[row(currency="EUR"), row(**{column: cell})])
    assert [(bad.line, bad.column) for bad in done.bad] == [(3, column)]
    assert ReferenceRate.objects.count() == 0


def test_two_rates_of_one_currency_and_day_are_a_fault():
    [bad] = load_rates(rows=[row(), row(cny_per_100="1")]).bad
    assert (bad.line, bad.column) == (3, "currency")


def test_the_rate_of_a_day_is_the_last_one_published_in_one_statement(django_assert_num_queries):
    load_rates(rows=[row(), row(first_day="2026-11-23", cny_per_100="710"), row(currency="EUR")])
    with django_assert_num_queries(1):
        found = reference_rates(currencies={"USD", "EUR", "CHF"}, day=date(2026, 11, 22))
    assert {code: (rate.cny_per_100, rate.first_day) for code, rate in found.items()} == {
        "USD": (Decimal("705.1200"), date(2026, 11, 20)),
        "EUR": (Decimal("705.1200"), date(2026, 11, 20)),
    }
    assert reference_rates(currencies={"USD"}, day=date(2026, 11, 23))["USD"].cny_per_100 == 710
    assert reference_rates(currencies={"USD"}, day=date(2026, 11, 19)) == {}


HEADING = "currency,first_day,cny_per_100,source,link,confidence,checked_on\n"


def test_the_shipped_rates_are_examples_and_say_so():
    call_command("load_rates", verbosity=0)
    assert {rate.confidence for rate in ReferenceRate.objects.all()} == {"M"}
    assert all("示例" in rate.source for rate in ReferenceRate.objects.all())
    with (DATA / "rates.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == ReferenceRate.objects.count() == 5


def test_the_command_names_faults_and_fails(tmp_path):
    file = tmp_path / "rates.csv"
    file.write_text("currency\nUSD\n")
    with pytest.raises(CommandError, match="nothing was written"):
        call_command("load_rates", str(file))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read"),
        (HEADING.encode("utf-16"), "cannot be read as CSV in UTF-8"),
        (b"", "has no lines below a heading"),
        (HEADING.encode(), "has no lines below a heading"),
        (b"USD,2026-11-23,705,x,,M,2026-11-23\n" * 2, "1 faults; nothing was written"),
    ],
)
@pytest.mark.parametrize("command", ["load_rates", "load_tariff", "load_positive_list"])
def test_a_file_that_is_no_table_fails_with_a_message(tmp_path, command, content, says):
    file = tmp_path / "rates.csv"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(CommandError, match=says):
        call_command(command, str(file))
    assert ReferenceRate.objects.count() == 0


@pytest.mark.parametrize("command", ["load_rates", "load_tariff", "load_positive_list"])
def test_production_takes_no_shipped_lines_and_names_the_official_source(settings, command):
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match=r"official lines: .*https://"):
        call_command(command)
    assert ReferenceRate.objects.count() == 0


def test_a_rate_that_has_lived_through_half_its_time_is_told_before_it_stops_the_sale():
    load_rates(rows=[row(), row(currency="EUR", cny_per_100="820")])
    assert watch_rates(currencies={"USD", "EUR", "CNY"}, now=make.NOW + timedelta(days=5)) == []
    load_rates(rows=[row(currency="EUR", first_day="2026-11-24", cny_per_100="821")])
    for _ in range(2):
        assert watch_rates(currencies={"USD", "EUR"}, now=make.NOW + timedelta(days=6)) == ["USD"]
    case = Case.objects.get(kind="forex.old_rate")
    assert (case.key, case.seen, case.facts["last_day"]) == ("rate:USD", 2, "2026-11-20")


def test_a_rate_that_is_not_there_at_all_is_told():
    assert watch_rates(currencies={"GBP"}, now=make.NOW) == ["GBP"]
    assert Case.objects.get(kind="forex.old_rate").facts["last_day"] is None
