"""FOREX-1 and FOREX-2."""

from dataclasses import fields, replace
from datetime import timedelta
from decimal import Decimal

import pytest

from compliance.facts import LineFacts, LockedRates
from compliance.judge import judge
from tests.law.law_cases import DAY, LAW, line, purchase


def refusal_of(rule, case):
    return next((r for r in judge(case, LAW).refusals if r.rule == rule), None)


def sold(*lines: LineFacts, usd: str = "705.0000", **changes):
    rates = LockedRates(locked_on=DAY, usd=Decimal(usd), usd_day=DAY, brand_currency="CNY")
    return purchase(*lines, rates=replace(rates, **changes))


def test_forex_1_transaction_within_the_ceiling():
    """A single cross-border payment through a payment institution may in principle not exceed the equivalent
    of the ceiling in US dollars, at the rate locked on the order; without a valid rate there is no trade."""
    # 50,000 US dollars at 705.00 yuan for 100 are 352,500.00 yuan.
    assert refusal_of("FOREX-1", sold(line(35_249_999), line(0, freight_fen=1))) is None
    refusal = refusal_of("FOREX-1", sold(line(35_249_999), line(0, freight_fen=2)))
    assert refusal.facts == {
        "dutiable_fen": 35_250_001,
        "ceiling_usd": 50_000,
        "cny_per_100_usd": "705.0000",
    }
    assert refusal.citation.startswith("支付机构外汇业务管理办法（汇发〔2019〕13号）")


@pytest.mark.parametrize("moment", ["quote", "checkout", "declare"])
def test_it_is_judged_at_every_moment(moment):
    case = replace(sold(line(100)), moment=moment, rates=None)
    assert refusal_of("FOREX-1", case).facts == {"currency": "USD", "ceiling_usd": 50_000}


def test_a_rate_of_ten_days_may_be_locked_and_one_of_eleven_not():
    assert refusal_of("FOREX-1", sold(line(100), usd_day=DAY - timedelta(days=10))) is None
    refusal = refusal_of("FOREX-1", sold(line(100), usd_day=DAY - timedelta(days=11)))
    assert refusal.facts == {"currency": "USD", "rate_age_days": 11}


def test_what_was_fresh_when_it_was_locked_stays_good():
    later = replace(
        sold(line(100)).rates, locked_on=DAY - timedelta(days=20), usd_day=DAY - timedelta(days=21)
    )
    assert refusal_of("FOREX-1", replace(sold(line(100)), moment="declare", rates=later)) is None


def test_the_brand_s_currency_needs_a_fresh_rate_as_well():
    euro = sold(line(100), brand_currency="EUR")
    assert refusal_of("FOREX-1", euro).facts == {"currency": "EUR", "rate_age_days": None}
    priced = replace(euro.rates, brand=Decimal("820"), brand_day=DAY)
    assert refusal_of("FOREX-1", replace(euro, rates=priced)) is None
    assert refusal_of("FOREX-1", sold(line(100), brand_currency="USD")) is None


def test_forex_2_trade_evidence_is_complete():
    """Foreign exchange rests on complete electronic information of the trade: name and kind of the goods,
    quantity, currency, amount, both parties and their countries, time of the order; when it is declared also
    the numbers of order, payment and waybill."""
    assert refusal_of("FOREX-2", purchase()) is None
    refusal = refusal_of("FOREX-2", purchase(evidence=None))
    assert refusal.facts["missing"] == list(LAW.figure("forex/trade_elements"))


@pytest.mark.parametrize(
    ("field", "empty", "named"),
    [
        ("goods", ("",), "goods"),
        ("goods", (), "goods"),
        ("currency", "", "currency"),
        ("amount_fen", 0, "amount"),
        ("seller", "", "seller"),
        ("seller_country", "", "seller_country"),
        ("buyer_country", "", "buyer_country"),
        ("ordered_at", None, "ordered_at"),
    ],
)
def test_each_element_that_is_missing_is_named(field, empty, named):
    case = purchase()
    told = replace(case.evidence, **{field: empty})
    assert refusal_of("FOREX-2", replace(case, evidence=told)).facts == {"missing": [named]}


def test_an_orderer_without_an_identity_is_no_party():
    case = purchase()
    nobody = replace(case.buyer, number_present=False)
    assert refusal_of("FOREX-2", replace(case, buyer=nobody)) is None  # before, IDENTITY-1 says so
    declared = refusal_of("FOREX-2", replace(case, buyer=nobody, moment="declare"))
    assert "buyer" in declared.facts["missing"]


@pytest.mark.parametrize("number", ["order_number", "payment_number", "waybill_number"])
def test_a_declaration_needs_the_three_numbers_and_a_checkout_none(number):
    case = purchase(moment="declare")
    numbers = {f.name: f"N-{f.name}" for f in fields(case.evidence) if f.name.endswith("_number")}
    whole = replace(case, evidence=replace(case.evidence, **numbers))
    assert refusal_of("FOREX-2", whole) is None
    assert refusal_of("FOREX-2", replace(whole, evidence=replace(whole.evidence, **{number: ""}))).facts == {
        "missing": [number]
    }
