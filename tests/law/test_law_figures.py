"""Figures change on their first day, cite their source, and are missing before the first."""

from datetime import date
from decimal import Decimal
from textwrap import dedent

import pytest

from compliance import rulebook
from compliance.law import FOLDER, HOUSE, Law, NoFigure, read


@pytest.mark.parametrize(
    ("day", "single", "annual"),
    [
        (date(2016, 4, 8), 200000, 2000000),
        (date(2018, 12, 31), 200000, 2000000),
        (date(2019, 1, 1), 500000, 2600000),
        (date(2026, 11, 23), 500000, 2600000),
    ],
)
def test_the_limits_changed_on_new_years_day_of_2019(day, single, annual):
    law = Law(day)
    assert law.figure("import/single_transaction_limit") == single
    assert law.figure("import/annual_limit") == annual


def test_rates_are_exact_decimals():
    law = Law(date(2026, 11, 23))
    assert law.figure("import/tax_share_within_limit") == Decimal("0.7")
    assert law.figure("import/duty_within_limit") == Decimal(0)
    assert law.figure("import/vat_rates") == (Decimal("0.13"), Decimal("0.09"))
    assert law.figure("import/trade_modes") == ("1210", "9610")


def test_a_day_before_the_first_value_and_an_unknown_name_fail():
    with pytest.raises(NoFigure, match="no value on 2016-04-07; the first is of 2016-04-08"):
        Law(date(2016, 4, 7)).figure("import/single_transaction_limit")
    with pytest.raises(NoFigure, match="there is no figure 'import/unknown'"):
        Law(date(2026, 1, 1)).figure("import/unknown")


def test_every_value_has_a_source_a_link_and_a_day_of_check():
    topics, edition = read(FOLDER)
    assert len(edition) == 64
    for topic in topics.values():
        assert topic.title and topic.title_zh
        for figure in topic.figures:
            assert figure.document and figure.link.startswith("http") is (figure.document != HOUSE)
            assert figure.confidence in {"C", "P", "M"}
            assert figure.checked <= date.today()


def test_a_decision_of_the_house_cites_no_law_and_a_front_page_is_called_one():
    law = Law(date(2026, 11, 27))
    for name in ("allowance/difference_for_case", "incident/warning_hours"):
        assert (law.source(name).document, law.source(name).link) == (HOUSE, "")
        assert rulebook.cited(law.source(name)).endswith(" (a decision of the house)")
    assert not law.source("people/guardian_age").front_page
    assert rulebook.confidence(law.source("people/guardian_age")) == "confirmed"
    assert rulebook.confidence(law.source("import/duty_within_limit")) == (
        "confirmed; the link is the authority's front page, not the text"
    )


def write(folder, text):
    (folder / "import").mkdir(exist_ok=True)
    (folder / "import" / "limit.yaml").write_text(dedent(text), encoding="utf-8")
    read.cache_clear()
    return folder


ONE = """
    title: A limit
    title_zh: 限值
    unit: yuan
    values:
      - {from: 2019-01-01, value: "5000.00", document: D, article: A, link: http://x,
         confidence: C, checked: 2026-11-01}
"""
FUTURE = """\
      - {from: 2027-01-01, value: "6000.00", document: E, article: A, link: http://x,
         confidence: M, checked: 2026-11-01}
"""


def test_a_figure_with_a_future_first_day_takes_effect_by_itself(tmp_path):
    write(tmp_path, ONE + FUTURE)
    assert Law(date(2026, 12, 31), tmp_path).figure("import/limit") == 500000
    assert Law(date(2027, 1, 1), tmp_path).figure("import/limit") == 600000
    assert Law(date(2027, 1, 1), tmp_path).source("import/limit").citation == "E A"


def test_the_edition_changes_with_any_figure(tmp_path):
    before = Law(date(2026, 1, 1), write(tmp_path, ONE)).edition
    assert Law(date(2026, 1, 1), write(tmp_path, ONE)).edition == before
    assert Law(date(2026, 1, 1), write(tmp_path, ONE + FUTURE)).edition != before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ONE + ONE.split("values:\n")[1], "first day of its own"),
        (ONE.replace("confidence: C", "confidence: X"), "confidence C, P or M"),
        (ONE.replace("checked: 2026-11-01", "note: x"), "checked"),
        (ONE.replace("confidence: C", "confidence: C, note: x"), "in both languages"),
        (ONE.replace("5000.00", "5000.001"), "not whole fen"),
        (ONE.replace("document: D", 'document: ""'), "has a document"),
        (ONE.replace("link: http://x", 'link: ""'), "unless it is a decision of the house"),
        (ONE.replace("document: D", "document: 平台内部控制规则"), "unless it is a decision of the house"),
    ],
)
def test_a_broken_figure_is_refused_by_name(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        Law(date(2026, 1, 1), write(tmp_path, text))
