"""LIMIT-1 and LIMIT-2, at one fen below, at, and above each bound."""

from datetime import date

import pytest

from compliance.facts import with_freight
from tests.law.law_cases import judged, line, purchase, refused


def test_limit_1_single_transaction_within_limit():
    """The dutiable value of a single cross-border retail import transaction may not exceed the
    single-transaction limit; above it, and below the annual limit, exactly one piece may enter at full
    rates."""
    assert refused(purchase(line(499999), line(1))) == []
    verdict = judged(purchase(line(500000), line(1)))
    assert [r.rule for r in verdict.refusals] == ["LIMIT-1"]
    refusal = verdict.refusals[0]
    assert refusal.facts == {"dutiable_fen": 500001, "limit_fen": 500000, "pieces": 2}
    assert refusal.citation == "财关税〔2018〕49号 第一条"
    assert refusal.link == "https://www.gov.cn/zhengce/zhengceku/2018-12/31/content_5440499.htm"
    assert not verdict.allowed and not verdict.over_limit


def test_limit_2_annual_total_within_limit():
    """What one person imports by cross-border retail in a calendar year, this transaction included, may not
    exceed the annual limit."""
    assert refused(purchase(line(500000), year_used_fen=2000000, year_reserved_fen=100000)) == []
    verdict = judged(purchase(line(500000), year_used_fen=2000000, year_reserved_fen=100001))
    assert [r.rule for r in verdict.refusals] == ["LIMIT-2"]
    assert verdict.refusals[0].facts == {"dutiable_fen": 500000, "limit_fen": 2600000, "left_fen": 499999}


@pytest.mark.parametrize(
    ("dutiable_fen", "rules", "over_limit"),
    [
        (499999, [], False),
        (500000, [], False),
        (500001, [], True),
        (2599999, [], True),
        (2600000, ["LIMIT-1"], False),
        (2600001, ["LIMIT-1", "LIMIT-2"], False),
    ],
)
def test_one_piece_alone_may_lie_strictly_between_the_two_limits(dutiable_fen, rules, over_limit):
    verdict = judged(purchase(line(dutiable_fen)))
    assert [r.rule for r in verdict.refusals] == rules
    assert verdict.over_limit is over_limit


def test_a_free_gift_is_a_second_piece():
    assert refused(purchase(line(600000))) == []
    assert refused(purchase(line(600000), line(0))) == ["LIMIT-1"]


def test_two_pieces_of_one_line_are_not_one_piece():
    assert refused(purchase(line(600000, quantity=2))) == ["LIMIT-1"]


def test_freight_counts_towards_the_single_limit():
    goods = [line(300000), line(199000)]
    assert refused(purchase(*with_freight(goods, 1000))) == []
    assert refused(purchase(*with_freight(goods, 1001))) == ["LIMIT-1"]


def test_freight_counts_towards_the_annual_limit():
    assert refused(purchase(line(100, freight_fen=1), year_used_fen=2599899)) == []
    assert refused(purchase(line(100, freight_fen=2), year_used_fen=2599899)) == ["LIMIT-2"]


def test_the_limits_of_2018_were_lower_and_knew_no_single_piece():
    then = date(2018, 12, 31)
    assert refused(purchase(line(200000), day=then)) == []
    assert refused(purchase(line(200001), day=then)) == ["LIMIT-1"]
    assert refused(purchase(line(200000), day=then, year_used_fen=1800000)) == []
    assert refused(purchase(line(200000), day=then, year_used_fen=1800001)) == ["LIMIT-2"]
    assert refused(purchase(line(200001), day=date(2019, 1, 1))) == []
