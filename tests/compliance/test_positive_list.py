"""The positive list is loaded whole or not at all, and answers by 8-digit code for any day."""

import csv
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

import catalog
from compliance.facts import Listing
from compliance.management.loader import DATA
from compliance.models import PositiveListLine
from compliance.queries import listing
from compliance.services.positive_list import COLUMNS, load_positive_list

pytestmark = pytest.mark.django_db
GOOD = {
    "hs_code": "17019910",
    "first_day": "2022-03-01",
    "listed": "yes",
    "name_zh": "砂糖",
    "remark": "仅限网购保税商品；个人年度购买量不超过2千克",
    "only_modes": "1210",
    "limit_group": "sugar",
    "exclusion": "",
    "source": "test",
    "link": "",
    "confidence": "M",
    "checked_on": "2026-11-01",
}


def row(**changes):
    return GOOD | changes


def faults(*rows):
    """The faults of a load, which has written nothing."""
    before = PositiveListLine.objects.count()
    done = load_positive_list(rows=rows)
    assert (done.added, done.changed) == (0, 0)
    assert PositiveListLine.objects.count() == before
    return [str(bad) for bad in done.bad]


def test_a_line_is_found_by_every_code_below_it_from_its_first_day_on():
    assert load_positive_list(rows=[row()]).added == 1
    said = Listing(GOOD["remark"], only_modes=["1210"], limit_group="sugar")
    assert listing(hs_codes=["1701991090", "17019910", "8516310000"], day=date(2022, 3, 1)) == {
        "1701991090": said,
        "17019910": said,
    }
    assert listing(hs_codes=["17019910"], day=date(2022, 2, 28)) == {}


def test_a_later_row_takes_a_code_off_and_another_one_puts_it_back():
    load_positive_list(
        rows=[
            row(),
            row(first_day="2024-01-01", listed="no"),
            row(first_day="2025-01-01", remark="", only_modes="", limit_group=""),
        ]
    )
    assert listing(hs_codes=["17019910"], day=date(2023, 12, 31))["17019910"].limit_group == "sugar"
    assert listing(hs_codes=["17019910"], day=date(2024, 1, 1)) == {}
    assert listing(hs_codes=["17019910"], day=date(2025, 1, 1)) == {"17019910": Listing("", [])}


def test_any_number_of_codes_is_one_statement(django_assert_num_queries):
    load_positive_list(rows=[row(), row(hs_code="10063020", limit_group="rice")])
    with django_assert_num_queries(1):
        assert len(listing(hs_codes=["1701991090", "1006302000", "99"], day=date(2026, 1, 1))) == 2


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"hs_code": "1701991090"}, "line 2, hs_code: '1701991090' is not valid"),
        ({"listed": "maybe"}, "line 2, listed: 'maybe' is not valid"),
        ({"listed": ""}, "line 2, listed: is empty"),
        ({"only_modes": "1210 9710"}, "line 2, only_modes: the modes are 1210, 1239, 9610"),
        ({"limit_group": "honey"}, "line 2, limit_group: the groups are rice, sugar"),
        ({"remark": ""}, "line 2, remark: is empty, and yet something follows from it"),
        ({"first_day": "2019-12-31"}, "line 2, first_day: before the first edition of the list on file"),
        ({"confidence": "X"}, "line 2, confidence: 'X' is not valid"),
        ({"source": ""}, "line 2, source: is empty"),
    ],
)
def test_what_is_wrong_is_named_by_line_and_column_and_nothing_is_written(changes, fault):
    assert faults(row(**changes), row(hs_code="10063020", limit_group="rice")) == [fault]


def test_the_same_code_and_day_twice_is_a_fault():
    assert faults(row(), row(name_zh="另一个")) == ["line 3, hs_code: the same code and first day as line 2"]


def test_a_second_load_changes_what_differs_and_a_dry_run_nothing():
    load_positive_list(rows=[row()])
    dry = load_positive_list(rows=[row(remark="新备注")], dry_run=True)
    assert (dry.added, dry.changed, dry.same) == (0, 1, 0)
    assert PositiveListLine.objects.get().remark == GOOD["remark"]
    assert load_positive_list(rows=[row(remark="新备注")]).changed == 1
    assert PositiveListLine.objects.get().remark == "新备注"


def test_the_shipped_list_covers_what_the_demonstration_sells_and_says_that_it_is_to_be_confirmed():
    out = StringIO()
    call_command("load_positive_list", stdout=out)
    assert "were the same" in out.getvalue()
    path = Path(catalog.__file__).parent / "demo" / "products.csv"
    with path.open(encoding="utf-8", newline="") as file:
        codes = {line["hs_code"] for line in csv.DictReader(file)}
    found = listing(hs_codes=codes, day=date(2026, 11, 20))
    assert found.keys() == codes
    assert {one.limit_group for one in found.values()} == {"", "sugar", "rice"}
    assert set(PositiveListLine.objects.values_list("confidence", flat=True)) == {"M"}
    assert listing(hs_codes=["93070090"], day=date(2022, 2, 28)).keys() == {"93070090"}
    assert listing(hs_codes=["93070090"], day=date(2022, 3, 1)) == {}


def test_the_command_names_every_fault_and_fails(tmp_path):
    path = tmp_path / "bad.csv"
    with (DATA / "positive_list.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))[:2]
    rows[1]["listed"] = "perhaps"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    err = StringIO()
    with pytest.raises(CommandError, match="1 faults; nothing was written"):
        call_command("load_positive_list", str(path), stderr=err)
    assert err.getvalue().strip() == "line 3, listed: 'perhaps' is not valid"
    assert not PositiveListLine.objects.exists()
