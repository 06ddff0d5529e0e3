"""IDENTITY-1 to IDENTITY-4."""

import pytest

from compliance.facts import BuyerFacts
from compliance.identity import buyer_facts
from tests.law.law_cases import DAY, judged, purchase
from tests.make import ALICE, NUMBERS, check_character


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
    assert judged(purchase()).allowed


@pytest.mark.parametrize("moment", ["quote", "checkout"])
def test_identity_3_identity_is_verified(moment):
    """The orderer's identity must be verified before money moves: the platform and the domestic agent answer
    for its truth."""
    stated = BuyerFacts(
        number_present=True, number_well_formed=True, document="resident_identity_card", age=30
    )
    verdict = judged(purchase(buyer=stated, moment=moment))
    assert [r.rule for r in verdict.refusals] == ["IDENTITY-3"]
    assert verdict.refusals[0].facts == {"verified": False}
    assert verdict.refusals[0].citation.startswith("海关总署公告2018年第194号 第九条")


def test_identity_4_identity_document_is_accepted():
    """The orderer's identity document must be of a kind that customs accepts."""
    body = "81000019900101001"  # a residence permit (港澳居民居住证): its form is right
    permit = buyer_facts(body + check_character(body), verified=True, day=DAY)
    assert permit.number_well_formed
    verdict = judged(purchase(buyer=permit))
    assert [r.rule for r in verdict.refusals] == ["IDENTITY-4"]
    assert verdict.refusals[0].facts == {
        "document": "residence_permit",
        "accepted": ["resident_identity_card"],
    }
    assert judged(purchase(buyer=buyer_facts(NUMBERS[ALICE], verified=True, day=DAY))).allowed
