"""NOTICE-1."""

from compliance.notice import risk_notice
from tests.law.law_cases import LAW, judged, purchase, refused


def test_notice_1_current_risk_notice_is_confirmed():
    """The consumer must confirm the risk notice in its current version before placing an order."""
    verdict = judged(purchase(notice_confirmed=None))
    assert [r.rule for r in verdict.refusals] == ["NOTICE-1"]
    assert verdict.refusals[0].facts == {"version": "1", "sha256": risk_notice(LAW).sha256}
    assert refused(purchase(notice_confirmed="0" * 64)) == ["NOTICE-1"]
    assert refused(purchase(notice_confirmed=risk_notice(LAW).sha256)) == []


def test_a_quote_asks_for_no_confirmation_yet():
    assert refused(purchase(notice_confirmed=None, moment="quote")) == []


def test_the_notice_has_the_three_statements_in_both_languages():
    notice = risk_notice(LAW)
    assert (len(notice.zh), len(notice.en)) == (3, 3)
    assert notice.zh[2] == "消费者购买的商品仅限个人自用，不得再次销售。"
    assert len(notice.sha256) == 64
