"""PRICE-1."""

from dataclasses import replace

from compliance.facts import PublicTerms
from tests.law.law_cases import judged, line, purchase, refused


def test_price_1_price_is_the_public_price():
    """The price of goods is the price or price cut that was public to every consumer when the quote was made,
    and nothing else reduces it but a coupon on public terms; no person is treated differently in price."""
    assert refused(purchase(line(20_000, quantity=2), line(5_000))) == []
    dearer = purchase(line(20_000, quantity=2), line(5_001), terms=PublicTerms((20_000, 5_000)))
    verdict = judged(dearer)
    assert [r.rule for r in verdict.refusals] == ["PRICE-1"]
    assert verdict.refusals[0].facts == {"skus": ["CREAM"], "discount_fen": 0, "coupon_fen": 0}
    assert verdict.refusals[0].citation == "中华人民共和国个人信息保护法 第二十四条"


def test_cheaper_for_one_person_is_refused_as_dearer_is():
    assert refused(purchase(line(4_999), terms=PublicTerms((5_000,)))) == ["PRICE-1"]


def test_a_reduction_is_what_the_coupon_s_terms_give_no_more_and_no_less():
    case = purchase(line(20_000), terms=PublicTerms((20_000,), coupon_fen=2_000))
    assert refused(replace(case, discount_fen=2_000)) == []
    assert refused(replace(case, discount_fen=2_001)) == ["PRICE-1"]
    assert refused(replace(case, discount_fen=0)) == ["PRICE-1"]


def test_goods_without_a_public_price_and_prices_that_nobody_looked_up_are_refused():
    assert refused(purchase(line(100), terms=PublicTerms((None,)))) == ["PRICE-1"]
    assert refused(purchase(line(100), terms=None)) == ["PRICE-1"]
    assert refused(purchase(line(100), line(100), terms=PublicTerms((100,)))) == ["PRICE-1"]


def test_a_quote_is_made_from_the_public_price_and_not_judged_by_it():
    assert refused(purchase(line(100), moment="quote", terms=None)) == []
