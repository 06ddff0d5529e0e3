"""PAYER-1."""

from dataclasses import replace

import pytest

from compliance.facts import PayerFacts
from compliance.judge import judge
from compliance.states import PAYER
from tests.law.law_cases import DAY, LAW, purchase, refused


def declared(state: str, port: str = "3105", **changes):
    return purchase(moment="declare", payer=PayerFacts(state, port), **changes)


def rules(case):
    return [rule for rule in refused(case) if rule.startswith("PAYER")]


def test_payer_1_payer_is_the_orderer():
    """Where the identity of the orderer has not been verified by the state's authority or a body that it
    authorised, the orderer and the payer must be the same person."""
    assert rules(declared("same")) == []
    for state in set(PAYER.states) - {"same"}:
        verdict = judge(declared(state), LAW)
        refusal = next(r for r in verdict.refusals if r.rule == "PAYER-1")
        assert refusal.facts == {"payer": state, "port": "3105"}
        assert refusal.citation == "海关总署公告2018年第194号 第九条"


def test_what_nobody_has_asked_yet_is_refused():
    verdict = judge(purchase(moment="declare", payer=None), LAW)
    assert next(r for r in verdict.refusals if r.rule == "PAYER-1").facts == {"payer": "open", "port": ""}


@pytest.mark.parametrize(
    ("port", "verified", "refusing"),
    [("5141", True, []), ("5141", False, ["PAYER-1"]), ("3105", True, ["PAYER-1"])],
)
def test_an_authority_s_word_counts_only_at_a_port_that_takes_it_and_for_a_verified_person(
    port, verified, refusing, monkeypatch
):
    assert LAW.figure("payer/authorised_body_ports") == ()  # off by default
    figure = type(LAW).figure
    monkeypatch.setattr(
        type(LAW),
        "figure",
        lambda law, name: ("5141",) if name == "payer/authorised_body_ports" else figure(law, name),
    )
    case = declared("different", port)
    assert rules(replace(case, buyer=replace(case.buyer, verified=verified))) == refusing


def test_the_payer_is_not_known_before_payment_and_not_asked_about_then():
    assert rules(purchase(moment="checkout", day=DAY)) == rules(purchase(moment="quote")) == []
