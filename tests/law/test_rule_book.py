"""No rule without a number, a sentence in both languages, a citation, and a test of the same number."""

import ast
import timeit
from dataclasses import replace
from datetime import date
from pathlib import Path
from time import process_time

import pytest

from compliance.facts import BuyerFacts
from compliance.judge import judge
from compliance.law import Law
from compliance.notice import risk_notice
from compliance.rulebook import page
from compliance.rules import RULES
from compliance.rules.book import rule
from tests.law.law_cases import DAY, LAW, judged, line, purchase

ROOT = Path(__file__).parents[2]


def sentences() -> dict[str, str]:
    """Name of each law test → its docstring."""
    return {
        node.name: " ".join((ast.get_docstring(node) or "").split())
        for path in Path(__file__).parent.glob("test_*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
    }


@pytest.mark.parametrize("entry", RULES, ids=lambda entry: entry.id)
def test_every_rule_has_a_test_of_its_number_with_its_sentence(entry):
    name = f"test_{entry.id.lower().replace('-', '_')}_{entry.check.__name__}"
    assert sentences()[name] == entry.sentence


@pytest.mark.parametrize("entry", RULES, ids=lambda entry: entry.id)
def test_every_rule_cites_a_document_and_a_link_on_every_day_since_its_first(entry):
    for day in (entry.since, DAY):
        source = Law(day).source(entry.law)
        assert source.document and source.article and source.link.startswith("http")
        for figure in entry.figures:
            assert Law(day).source(figure)


def test_rule_numbers_are_unique():
    assert len({entry.id for entry in RULES}) == len(RULES)
    before = list(RULES)
    with pytest.raises(ValueError, match="one rule of each number"):
        rule("LIMIT-1", law="import/annual_limit", zh="重复", since=DAY)(_again)
    assert before == RULES


def test_a_rule_without_its_sentence_is_refused():
    with pytest.raises(ValueError, match="both languages"):
        rule("NEW-1", law="import/annual_limit", zh="", since=DAY)(_again)


def _again(case, law):
    """A sentence."""


def test_all_refusals_are_collected_not_the_first():
    case = purchase(
        line(600000),
        line(0),
        buyer=BuyerFacts(number_present=False),
        notice_confirmed=None,
        trade_mode="9710",
        year_used_fen=2500000,
    )
    verdict = judged(case)
    assert not verdict.allowed
    assert sorted(r.rule for r in verdict.refusals) == [
        "IDENTITY-1",
        "LIMIT-1",
        "LIMIT-2",
        "MODE-1",
        "NOTICE-1",
    ]
    assert all(r.sentence and r.sentence_zh and r.citation and r.link for r in verdict.refusals)


def test_a_verdict_carries_the_figures_and_the_edition_it_rests_on():
    verdict = judged(purchase(line(12345), year_used_fen=7))
    assert verdict.allowed and verdict.refusals == ()
    assert verdict.judged == tuple(entry.id for entry in RULES if "checkout" in entry.moments)
    assert verdict.edition == LAW.edition and len(verdict.edition) == 64
    assert verdict.figures["law"]["import/single_transaction_limit"] == 500000
    assert verdict.figures["law"]["import/annual_limit"] == 2600000
    assert verdict.figures["dutiable_fen"] == 12345
    assert verdict.figures["year_used_fen"] == 7
    assert verdict.figures["day"] == "2026-11-23"


def test_a_verdict_carries_what_its_tax_rests_on_and_the_hash_of_the_notice_in_force():
    figures = judged(purchase()).figures["law"]
    assert figures["import/tax_share_within_limit"] == "0.7"
    assert figures["import/duty_within_limit"] == "0"
    assert figures["import/surtax_by_origin"] == {"US": [["", "0.1"]]}
    assert figures["notice/risk_notice"] == {"version": "1", "sha256": risk_notice(LAW).sha256}


def test_the_law_of_another_day_and_an_empty_purchase_are_mistakes():
    with pytest.raises(ValueError, match="law of its day"):
        judge(purchase(), Law(date(2026, 11, 24)))
    with pytest.raises(ValueError, match="nothing to judge"):
        judge(replace(purchase(), lines=()), LAW)


def test_judging_five_lines_takes_less_than_100_microseconds_of_cpu():
    case = purchase(*[line(10000) for _ in range(5)])
    spent = timeit.repeat(lambda: judge(case, Law(DAY)), timer=process_time, number=200, repeat=5)
    seconds = min(spent) / 200
    assert seconds < 100e-6


def test_the_generated_page_is_up_to_date():
    assert (ROOT / "docs" / "rulebook.md").read_text(encoding="utf-8") == page()
