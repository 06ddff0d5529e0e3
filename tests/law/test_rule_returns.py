"""RETURN-1."""

from datetime import date

import pytest

from compliance.law import Law
from compliance.notice import GROUNDS, return_exclusion
from tests.law.law_cases import LAW, judged, purchase, refused


def test_return_1_exclusion_rests_on_a_ground_of_the_law():
    """The return within seven days may be excluded only for goods of a nature that the law names, confirmed
    by the consumer for each purchase; the seller may not widen it and may tick nothing beforehand."""
    assert refused(purchase(exclusions=tuple((f"SKU-{g}", g) for g in GROUNDS))) == []
    verdict = judged(purchase(exclusions=(("CREAM", "opened"), ("DRYER", ""), ("X", "on_sale"))))
    assert [r.rule for r in verdict.refusals] == ["RETURN-1"]
    assert verdict.refusals[0].facts == {"skus": ["DRYER", "X"]}
    assert verdict.refusals[0].citation == "中华人民共和国消费者权益保护法实施条例（国令第778号） 第十九条"


def test_nothing_confirmed_is_allowed_the_seller_then_takes_the_goods_back():
    assert refused(purchase(exclusions=())) == []


def test_before_2024_the_measures_of_2017_are_cited():
    then = date(2024, 6, 30)
    assert Law(then).source("returns/exclusion_grounds").document == "网络购买商品七日无理由退货暂行办法"


@pytest.mark.parametrize("ground", GROUNDS)
def test_each_ground_has_a_wording_of_its_own_in_both_languages_with_version_and_hash(ground):
    assert ground in LAW.figure("returns/exclusion_grounds")
    text = return_exclusion(LAW, ground)
    assert (text.version, len(text.zh), len(text.en), len(text.sha256)) == ("1", 1, 1, 64)
    assert "我确认" in text.zh[0] or "为我定作" in text.zh[0]
    assert len({return_exclusion(LAW, other).sha256 for other in GROUNDS}) == 4
