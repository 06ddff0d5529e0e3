"""IDENTITY-1, IDENTITY-2 and IDENTITY-3."""

import pytest

from compliance.facts import BuyerFacts
from tests.law.law_cases import judged, purchase


def test_identity_1_identity_is_given():
    """The consumer (orderer) must give an identity; customs takes the resident identity number only."""
    verdict = judged(purchase(buyer=BuyerFacts(number_present=False)))
    assert [r.rule for r in verdict.refusals] == ["IDENTITY-1"]
    assert verdict.refusals[0].facts == {"accepted": ["resident_identity_card"]}
    assert verdict.refusals[0].citation.startswith("海关总署公告2018年第194号 第九条")


def test_identity_2_identity_number_is_well_formed():
    """The orderer's identity number must meet the national standard: region, date of birth and check
    character."""
    verdict = judged(purchase(buyer=BuyerFacts(number_present=True, number_well_formed=False)))
    assert [r.rule for r in verdict.refusals] == ["IDENTITY-2"]
    assert verdict.refusals[0].facts == {"standard": "GB 11643-1999"}
    assert judged(purchase(buyer=BuyerFacts(True, number_well_formed=True, verified=True))).allowed


@pytest.mark.parametrize("moment", ["quote", "checkout"])
def test_identity_3_identity_is_verified(moment):
    """The orderer's identity must be verified before money moves: the platform and the domestic agent answer
    for its truth."""
    stated = BuyerFacts(number_present=True, number_well_formed=True, verified=False)
    verdict = judged(purchase(buyer=stated, moment=moment))
    assert [r.rule for r in verdict.refusals] == ["IDENTITY-3"]
    assert verdict.refusals[0].facts == {"verified": False}
    assert verdict.refusals[0].citation.startswith("海关总署公告2018年第194号 第九条")
