"""QUARANTINE-1, GATE-1 and RECALL-1."""

from datetime import date

import pytest

from compliance.facts import Goods, LineFacts, Listing
from compliance.judge import judge_offer
from compliance.law import Law
from tests.law.law_cases import LAW, PARTIES, judged, line, purchase, refused

DIRECT = {"trade_mode": "9610", "warehouse_trade_mode": "9610"}


def of(*classes: str, **goods: object) -> LineFacts:
    return line(goods=Goods(Listing(), classes=classes, **goods))


def test_quarantine_1_quarantined_goods_are_not_mailed():
    """Goods on the list of animals, plants and their products that may not be carried or mailed into the
    country may not enter by direct purchase (9610)."""
    verdict = judged(purchase(of("egg"), **DIRECT))
    assert [r.rule for r in verdict.refusals] == ["QUARANTINE-1"]
    assert verdict.refusals[0].facts == {
        "trade_mode": "9610",
        "goods": {"CREAM": "蛋及其制品（鲜蛋、皮蛋、咸蛋、蛋液、蛋壳、蛋黄酱等）"},
    }
    assert verdict.refusals[0].citation.startswith("农业农村部 海关总署公告第470号")
    assert refused(purchase(of("egg"))) == []
    assert refused(purchase(of(), **DIRECT)) == []


@pytest.mark.parametrize("banned", ["meat", "dairy", "birds_nest", "fresh_produce", "seeds"])
def test_other_classes_of_the_notice_stay_out_of_the_mail_too(banned):
    assert refused(purchase(of(banned), **DIRECT)) == ["QUARANTINE-1"]


def test_the_ban_begins_with_the_notice():
    assert refused(purchase(of("egg"), day=date(2021, 10, 19), **DIRECT)) == []
    assert refused(purchase(of("egg"), day=date(2021, 10, 20), **DIRECT)) == ["QUARANTINE-1"]


def test_gate_1_gated_goods_are_approved():
    """Infant formula and goods like it are not sold before an operator's compliance approval is recorded, for
    the item or for its class."""
    verdict = judged(purchase(of("infant_formula")))
    assert [r.rule for r in verdict.refusals] == ["GATE-1"]
    assert verdict.refusals[0].facts == {"goods": {"CREAM": "婴幼儿配方乳粉"}}
    for gate in ("sku:CREAM", "class:infant_formula"):
        assert refused(purchase(of("infant_formula"), open_gates=frozenset({gate}))) == []
    for gate in ("sku:OTHER", "class:special_medical_food", "CREAM"):
        assert refused(purchase(of("infant_formula"), open_gates=frozenset({gate}))) == ["GATE-1"]


def test_recall_1_food_has_a_recall_firm():
    """Food goes on sale only when one domestic food producer or trader is entrusted with its recall and on
    file."""
    without = {role: country for role, country in PARTIES.items() if role != "food_recall"}
    verdict = judged(purchase(of(is_food=True), parties=without))
    assert [r.rule for r in verdict.refusals] == ["RECALL-1"]
    assert verdict.refusals[0].facts == {"skus": ["CREAM"], "role": "food_recall"}
    assert verdict.refusals[0].citation.startswith("市场监管总局 商务部公告2026年第1号")
    assert refused(purchase(of(is_food=True), parties={**without, "food_recall": "FR"})) == ["RECALL-1"]
    assert refused(purchase(of(is_food=True))) == []
    assert refused(purchase(of(), parties=without)) == []


@pytest.mark.parametrize("code", ["0409000000", "1504200000", "1905310000", "2106909090", "2204210000"])
def test_food_is_food_by_its_code_though_nobody_marked_it(code):
    unmarked = line(hs_code=code, goods=Goods(Listing(), is_food=False))
    assert refused(purchase(unmarked, parties=PARTIES | {"food_recall": ""})) == ["RECALL-1"]
    assert refused(purchase(unmarked)) == []
    assert [r.rule for r in judge_offer(lines=[unmarked], parties={}, law=LAW).refusals] == ["RECALL-1"]


@pytest.mark.parametrize("code", ["1211909000", "2309109000", "2936270000", "3304990010"])
def test_what_is_not_food_by_its_code_is_food_only_where_it_is_marked(code):
    assert judge_offer(lines=[line(hs_code=code)], parties={}, law=LAW).allowed


def test_goods_are_put_on_sale_by_the_same_rule_and_nobody_needs_to_buy_them():
    refusals = judge_offer(lines=[of(is_food=True)], parties={}, law=LAW).refusals
    assert [r.rule for r in refusals] == ["RECALL-1"]
    assert judge_offer(lines=[of(is_food=True)], parties=PARTIES, law=LAW).allowed
    assert judge_offer(lines=[of(is_food=True)], parties={}, law=Law(date(2026, 2, 12))).allowed
