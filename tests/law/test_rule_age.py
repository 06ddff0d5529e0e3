"""ADULT-1 and MINOR-1, on the day before and on the birthday."""

from datetime import date

import pytest

from compliance.facts import BuyerFacts, Goods, Listing
from compliance.identity import buyer_facts
from tests.law.law_cases import DAY, judged, line, purchase, refused
from tests.make import check_character

WINE = line(goods=Goods(Listing(), adult_only=True))


def born(day: date) -> BuyerFacts:
    """Someone with an invented number that carries this date of birth."""
    body = f"110105{day:%Y%m%d}002"
    return buyer_facts(body + check_character(body), verified=True, day=DAY)


def test_adult_1_only_adults_buy_what_is_for_adults():
    """Alcohol and other goods for adults may not be sold to minors."""
    assert refused(purchase(WINE, buyer=born(date(2008, 11, 23)))) == []  # eighteen today
    verdict = judged(purchase(line(), WINE, buyer=born(date(2008, 11, 24))))
    assert [r.rule for r in verdict.refusals] == ["ADULT-1"]
    assert verdict.refusals[0].facts == {"skus": ["CREAM"], "from_age": 18}
    assert verdict.refusals[0].citation == "中华人民共和国未成年人保护法 第二条、第五十九条"
    assert refused(purchase(line(), buyer=born(date(2008, 11, 24)))) == []


@pytest.mark.parametrize("code", ["2203000000", "2204210000", "2207100000", "2208300000", "2404120000"])
def test_alcohol_and_tobacco_are_for_adults_by_their_code_though_nobody_marked_them(code):
    unmarked = line(hs_code=code, goods=Goods(Listing(), adult_only=False))
    assert refused(purchase(unmarked, buyer=born(date(2011, 11, 23)))) == ["ADULT-1"]  # fifteen
    assert refused(purchase(unmarked, buyer=born(date(2008, 11, 23)))) == []


@pytest.mark.parametrize("code", ["2202990000", "2209000000", "3304990010"])
def test_other_codes_are_for_adults_only_where_they_are_marked(code):
    assert refused(purchase(line(hs_code=code), buyer=born(date(2011, 11, 23)))) == []


def test_minor_1_a_child_needs_a_guardian():
    """The personal data of a minor under fourteen may be handled with a guardian's consent only; this house
    does not sell to them."""
    assert refused(purchase(buyer=born(date(2012, 11, 23)))) == []  # fourteen today
    verdict = judged(purchase(buyer=born(date(2012, 11, 24))))
    assert [r.rule for r in verdict.refusals] == ["MINOR-1"]
    assert verdict.refusals[0].facts == {"from_age": 14}
    assert verdict.refusals[0].citation == "中华人民共和国个人信息保护法 第三十一条"


def test_an_age_that_is_not_known_is_too_young():
    nobody = BuyerFacts(True, True, verified=True, document="resident_identity_card")
    assert refused(purchase(WINE, buyer=nobody)) == ["ADULT-1", "MINOR-1"]


@pytest.mark.parametrize("buyer", [BuyerFacts(False), BuyerFacts(True, False)])
def test_without_a_right_number_the_number_is_asked_for_first(buyer):
    assert refused(purchase(WINE, buyer=buyer)) in (["IDENTITY-1"], ["IDENTITY-2"])
