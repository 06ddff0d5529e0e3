"""The rule book and the list of figures come from the rules and figures themselves."""

from datetime import date
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from compliance.law import Law
from compliance.management.commands import law as command
from compliance.management.commands import rulebook
from compliance.models import TariffLine
from compliance.rulebook import page


def law(*args: str) -> list[str]:
    out = StringIO()
    try:
        call_command("law", *args, stdout=out)
    except CommandError as refused:
        out.write(f"exit {refused.returncode}: {refused}")
    return out.getvalue().splitlines()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A law of two figures, one of which changes at New Year."""
    (tmp_path / "import").mkdir()
    for name, text in (("limit", LIMIT), ("old", OLD)):
        (tmp_path / "import" / f"{name}.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(command, "Law", lambda day: Law(day, tmp_path))
    return tmp_path


LIMIT = """
title: A limit
title_zh: 限值
unit: yuan
values:
  - {from: 2019-01-01, value: "5000.00", document: D, article: A, link: http://d, confidence: C,
     checked: 2026-11-01}
  - {from: 2027-01-01, value: "6000.00", document: E, article: B, link: http://e, confidence: P,
     checked: 2026-11-01}
"""
OLD = """
title: Years
title_zh: 年限
unit: count
values:
  - {from: 2019-01-01, value: 5, document: F, article: C, link: http://f, confidence: M, checked: 2025-12-31}
"""


@pytest.mark.django_db
def test_the_law_of_a_day_is_listed_with_its_sources():
    lines = law("2018-12-31")
    assert lines[0].startswith("2018-12-31  edition ")
    [single] = [line for line in lines if line.startswith("import/single_transaction_limit")]
    assert (
        "¥2000.00" in single and "财关税〔2016〕18号 第三条  https://gss.mof.gov.cn/  [C, checked" in single
    )


@pytest.mark.django_db
def test_a_figure_takes_effect_on_its_first_day_by_itself(folder):
    assert law("2026-12-31")[1].split()[:2] == ["import/limit", "¥5000.00"]
    assert law("2027-01-01")[1].split()[:2] == ["import/limit", "¥6000.00"]


@pytest.mark.django_db
def test_two_days_are_compared_figure_by_figure(folder):
    assert law("--diff", "2026-12-31", "2027-01-01") == ["import/limit: ¥5000.00 (D A) → ¥6000.00 (E B)"]
    assert law("--diff", "2018-12-31", "2019-01-01") == [
        "import/limit: nothing → ¥5000.00 (D A)",
        "import/old: nothing → 5 (F C)",
    ]
    assert law("--diff", "2027-01-01", "2028-01-01") == []


@pytest.mark.django_db
def test_a_figure_not_checked_for_a_year_is_named_and_the_command_fails(folder):
    assert len(law("2026-12-31")) == 3
    assert law("2027-01-01")[3:] == [
        "import/old: last checked on 2025-12-31",
        "exit 1: 1 not checked for a year on 2027-01-01",
    ]


@pytest.mark.django_db
def test_a_line_of_the_tariff_is_named_until_a_younger_one_takes_its_place(folder):
    rates = {"hs_code": "33049900", "mfn_rate": "0.01", "vat_rate": "0.13", "confidence": "C", "source": "S"}
    TariffLine.objects.create(first_day=date(2019, 1, 1), checked_on=date(2025, 6, 1), **rates)
    assert law("2026-06-01")[3:] == []
    assert law("2026-06-02")[3:] == [
        "TariffLine 33049900 from 2019-01-01: last checked on 2025-06-01",
        "exit 1: 1 not checked for a year on 2026-06-02",
    ]
    TariffLine.objects.create(first_day=date(2026, 6, 2), checked_on=date(2026, 6, 1), **rates)
    assert law("2026-06-02")[3:] == []
    assert law("--diff", "2026-06-01", "2026-06-02") == [
        "- TariffLine 33049900 from 2019-01-01",
        "+ TariffLine 33049900 from 2026-06-02",
    ]


@pytest.mark.django_db
def test_every_figure_and_line_that_is_shipped_was_checked_within_the_year():
    call_command("load_tariff", stdout=StringIO())
    assert [line for line in law("2026-11-26") if "last checked" in line] == []


def test_a_page_that_has_fallen_behind_is_told(tmp_path, monkeypatch):
    target = tmp_path / "docs" / "rulebook.md"
    monkeypatch.setattr(rulebook, "TARGET", target)
    with pytest.raises(CommandError, match="fallen behind"):
        call_command("rulebook", "--check")
    call_command("rulebook", stdout=StringIO())
    assert target.read_text(encoding="utf-8") == page()
    call_command("rulebook", "--check")


def test_a_day_and_two_days_are_not_asked_at_once():
    assert law("2026-11-23", "--diff", "2026-01-01", "2026-11-23") == [
        "exit 1: a day, or two days with --diff, not both"
    ]
