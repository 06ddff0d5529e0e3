"""The moment "declare": the order as a whole is judged once more, and each attempt leaves its judgement."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import orjson
import pytest

from compliance import vault
from compliance.models import Judgement, PayerCheck, ReferenceRate
from compliance.services import answer_payer, ask_payer, open_payer_check
from compliance.services.judgement import FACTS
from kernel.cases import settle_case
from kernel.errors import Missing, Refused
from kernel.models import Case
from orders.models import Order
from orders.services.judge_for_declaration import judge_for_declaration
from orders.services.patterns import look_for_patterns
from tests import make

pytestmark = pytest.mark.django_db
LATER = make.NOW + timedelta(hours=1)


@pytest.fixture
def world() -> make.World:
    return make.world()


def paid(world: make.World, **changes) -> Order:
    """A paid order whose payer is its orderer."""
    order = make.order(world.alice, ("HD-1", 2), ("IR-1", 1))
    Order.objects.filter(pk=order.pk).update(
        state="paid", paid_at=make.NOW, transaction_id="4200001", out_trade_no="P-1", **changes
    )
    check = open_payer_check(
        storefront_id=order.storefront_id, order_number=order.number, port="3105", now=make.NOW
    )
    ask_payer(check=check, now=make.NOW)
    answer_payer(check=check, answer="same", now=make.NOW)
    return Order.objects.get(pk=order.pk)


def rules(number: str, waybill: str = "SF-1", now=LATER) -> list[str]:
    return [r.rule for r in judge_for_declaration(number=number, waybill_number=waybill, now=now).refusals]


def test_a_whole_order_may_be_declared_and_its_judgement_is_sealed_under_its_key(world):
    order = paid(world)
    verdict = judge_for_declaration(number=order.number, waybill_number="SF-1", now=LATER)
    assert verdict.allowed
    assert set(verdict.judged) >= {"FOREX-1", "FOREX-2", "PAYER-1", "PERSONAL-1", "SPLIT-1"}
    kept = Judgement.objects.get(moment="declare")
    assert (kept.order_number, kept.allowed, kept.key_id) == (order.number, True, order.key_id)
    assert kept.figures["exchange"] == {"USD": "705.0000", "EUR": "820.0000"}
    facts = orjson.loads(vault.unwrap(order.key).open(FACTS, kept.pk, bytes(kept.facts_sealed)))
    assert [line["origin"] for line in facts["lines"]] == ["FR", "FR"]
    assert facts["evidence"]["goods"] == ["吹风机 HD-1", "吹风机 IR-1"]
    assert facts["evidence"]["seller_country"] == "FR"
    assert (facts["evidence"]["payment_number"], facts["evidence"]["waybill_number"]) == ("4200001", "SF-1")
    assert facts["payer"] == {"state": "same", "port": "3105"}
    assert (facts["year_used_fen"], facts["year_reserved_fen"]) == (0, 0)  # without this order itself


def test_each_attempt_leaves_a_judgement_and_changes_nothing_else(world):
    order = paid(world)
    assert rules(order.number, waybill="") == ["FOREX-2"]
    assert rules(order.number) == []
    verdicts = Judgement.objects.filter(moment="declare").order_by("decided_at", "id")
    assert [kept.allowed for kept in verdicts] == [False, True]
    assert Order.objects.get(pk=order.pk).state == "paid"


def test_an_unpaid_order_has_no_payment_to_show_and_no_payer(world):
    order = make.order(world.alice, ("HD-1", 1))
    verdict = judge_for_declaration(number=order.number, waybill_number="SF-1", now=LATER)
    assert {r.rule: r.facts for r in verdict.refusals} == {
        "FOREX-2": {"missing": ["payment_number"]},
        "PAYER-1": {"payer": "open", "port": ""},
    }


@pytest.mark.parametrize("state", ["open", "asked", "renamed", "refunding"])
def test_it_is_not_declared_before_the_payer_is_known_to_be_the_orderer(world, state):
    order = paid(world)
    PayerCheck.objects.update(state=state)
    assert rules(order.number) == ["PAYER-1"]


def test_an_open_case_stops_every_order_of_the_pattern_until_it_is_settled(world):
    make.stock(world.warehouse, make.variant(world.shop, "XL-1", 490_000))
    first = paid(world)
    second = make.order(world.alice, ("XL-1", 1))
    assert look_for_patterns(number=second.number, now=make.NOW) == ["personal_use.split"]
    assert rules(first.number) == ["SPLIT-1"]
    settle_case(case=Case.objects.get(), by="operator", note="two birthdays", now=LATER)
    assert rules(first.number) == []


def test_the_rate_that_was_locked_stays_whatever_becomes_of_the_table(world):
    order = paid(world)
    ReferenceRate.objects.update(cny_per_100=1)
    assert order.usd_cny_per_100 == Decimal("705.0000")
    assert rules(order.number) == []


def test_an_unknown_number_is_missing(world):
    with pytest.raises(Missing):
        judge_for_declaration(number="NOPE", waybill_number="SF-1", now=LATER)


def test_without_a_fresh_rate_nothing_is_quoted_as_placeable_nor_sold(world):
    ReferenceRate.objects.filter(first_day__gt="2026-11-09").delete()
    quote = make.quote(world.alice, ("HD-1", 1))
    assert [refusal["rule"] for refusal in quote.refusals] == ["FOREX-1"]
    assert quote.refusals[0]["facts"] == {"currency": "USD", "rate_age_days": 20}
    with pytest.raises(Refused):
        make.order(world.alice, ("HD-1", 1))
    assert Order.objects.count() == 0


def test_quote_and_order_keep_the_rates_of_the_dollar_and_of_the_brand(world):
    order = make.order(world.alice, ("HD-1", 1))
    for row in (order, order.quote):
        assert (row.usd_cny_per_100, row.brand_currency, row.brand_cny_per_100) == (
            Decimal("705.0000"),
            "EUR",
            Decimal("820.0000"),
        )
        assert (row.usd_rate.currency, row.brand_rate.currency) == ("USD", "EUR")
