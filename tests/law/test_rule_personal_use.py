"""PERSONAL-1 and SPLIT-1."""

import pytest

from compliance.facts import REPEATED, SPLIT
from compliance.judge import judge
from tests.law.law_cases import LAW, purchase


def declared(*kinds: str):
    case = purchase(moment="declare", suspicions=frozenset(kinds))
    return {r.rule: r for r in judge(case, LAW).refusals if r.rule in ("PERSONAL-1", "SPLIT-1")}


def test_personal_1_goods_are_for_personal_use():
    """Goods are for the consumer's personal use only and may not be sold again; orders that one person,
    payer, telephone or address repeats in a short time are not declared until an operator has looked."""
    assert declared() == {}
    refusals = declared("personal_use.one_phone", "personal_use.one_payer")
    assert set(refusals) == {"PERSONAL-1"}
    assert refusals["PERSONAL-1"].facts == {"cases": ["personal_use.one_payer", "personal_use.one_phone"]}
    assert refusals["PERSONAL-1"].citation.startswith("商财发〔2018〕486号 第四条（二）")


@pytest.mark.parametrize("kind", sorted(REPEATED))
def test_each_repetition_stops_the_declaration(kind):
    assert set(declared(kind)) == {"PERSONAL-1"}


def test_split_1_transaction_is_not_split():
    """One purchase may not be split into several orders to stay within the single-transaction limit; the shop
    never splits a basket by itself, and what looks split is not declared until an operator has looked."""
    refusals = declared(SPLIT)
    assert set(refusals) == {"SPLIT-1"}
    assert refusals["SPLIT-1"].facts == {"cases": ["personal_use.split"]}


def test_cases_about_other_things_do_not_count():
    assert declared("payment.twice") == {}


@pytest.mark.parametrize("moment", ["quote", "checkout"])
def test_a_suspicion_stops_no_purchase_only_its_declaration(moment):
    asked = judge(purchase(moment=moment, suspicions=REPEATED | {SPLIT}), LAW).judged
    assert not {"PERSONAL-1", "SPLIT-1"} & set(asked)
