"""IDENTITY-1 and IDENTITY-2."""

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
    assert judged(purchase(buyer=BuyerFacts(number_present=True, number_well_formed=True))).allowed
