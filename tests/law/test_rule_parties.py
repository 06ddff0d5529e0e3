"""PARTY-1."""

import pytest

from tests.law.law_cases import PARTIES, judged, purchase, refused


def test_party_1_parties_are_on_file():
    """The seller must be registered overseas; the platform, the domestic service provider, the payment
    institution, the carrier and the declarant in China; and all of them must be on file."""
    verdict = judged(purchase(parties={**PARTIES, "ebc": "CN", "pay": "HK"}))
    assert [r.rule for r in verdict.refusals] == ["PARTY-1"]
    assert verdict.refusals[0].facts == {"missing": [], "misplaced": ["ebc", "pay"]}
    assert verdict.refusals[0].citation == "商财发〔2018〕486号 第二条"
    assert refused(purchase(parties=PARTIES)) == []


@pytest.mark.parametrize("role", ["ebc", "ebp", "agent", "pay", "logistics", "declarant"])
def test_none_of_them_may_be_missing(role):
    there = {name: country for name, country in PARTIES.items() if name != role}
    verdict = judged(purchase(parties=there))
    assert [r.rule for r in verdict.refusals] == ["PARTY-1"]
    assert verdict.refusals[0].facts == {"missing": [role], "misplaced": []}
