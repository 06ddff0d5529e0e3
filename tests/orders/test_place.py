"""Placing an order: what is written, what is refused, and that a refusal leaves nothing else behind."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from compliance.models import AllowanceAccount, Consent, Judgement
from compliance.services import ConsentNeeded, withdraw_consent
from inventory.models import Stock
from inventory.services import SoldOut
from kernel.errors import Refused
from kernel.models import Event
from orders.models import Order
from orders.services.place import Confirmation, QuoteStale, place_order
from orders.services.write import QuoteUsed
from storefronts import queries as storefronts
from tests import make

pytestmark = pytest.mark.django_db


def place(person, quote, notice=None, now=make.NOW):
    with transaction.atomic():
        return place_order(
            shop=storefronts.shop(person.storefront_id),
            customer_id=person.pk,
            quote_token=quote.token,
            confirmation=Confirmation(make.notice_hash(now) if notice is None else notice),
            now=now,
        )


def test_stock_is_held_by_the_last_statement_before_the_commit():
    world = make.world()
    quote = make.quote(world.alice, ("HD-1", 2), ("IR-1", 1))
    with CaptureQueriesContext(connection) as said:
        place(world.alice, quote)
    statements = [row["sql"] for row in said]
    assert statements[-1].startswith("RELEASE SAVEPOINT")  # what a test has for a commit
    writes = [n for n, sql in enumerate(statements) if "INSERT INTO inventory_movement" in sql]
    assert writes == [len(statements) - 2]


def test_an_order_carries_the_quotes_amounts_lines_and_shares():
    world = make.world()
    quote = make.quote(world.alice, ("HD-1", 2), ("IR-1", 1))
    placed = place(world.alice, quote)
    order = Order.objects.get(number=placed.number)
    # 250.00 of goods, no freight: 9.1 % of 200.00 and of 50.00.
    assert (order.goods_fen, order.tax_fen, order.total_fen) == (25_000, 1_820 + 455, 27_275)
    assert [(line.sku, line.quantity, line.vat_fen) for line in order.lines.all()] == [
        ("HD-1", 2, 1_820),
        ("IR-1", 1, 455),
    ]
    assert Stock.objects.get(variant=world.dryer).reserved == 2
    assert AllowanceAccount.objects.get().reserved == 25_000
    assert [e.name for e in Event.objects.filter(key=f"order:{order.number}")] == ["order.placed"]
    assert Judgement.objects.get(order_number=order.number).allowed is True


def test_without_the_risk_notice_it_is_refused_and_only_the_judgement_stays():
    world = make.world()
    quote = make.quote(world.alice, ("HD-1", 1))
    with transaction.atomic(), pytest.raises(Refused) as refused:
        place_order(
            shop=storefronts.shop(world.shop.pk),
            customer_id=world.alice.pk,
            quote_token=quote.token,
            confirmation=Confirmation("0" * 64),
            now=make.NOW,
        )
    assert [r.rule for r in refused.value.refusals] == ["NOTICE-1"]
    assert Order.objects.count() == 0
    assert Stock.objects.get(variant=world.dryer).reserved == 0
    assert AllowanceAccount.objects.count() == 0
    assert Judgement.objects.get().allowed is False


def test_a_required_text_that_was_never_agreed_to_is_no_bar_to_the_quote_but_to_the_order():
    world = make.world()
    Consent.objects.filter(kind="privacy_policy").delete()
    quote = make.quote(world.alice, ("HD-1", 1))
    with pytest.raises(ConsentNeeded) as refused:
        place(world.alice, quote)
    assert refused.value.consent == "privacy_policy"
    assert (Order.objects.count(), Judgement.objects.count()) == (0, 0)
    make.consent(world.alice, "privacy_policy")
    assert place(world.alice, quote).number


def test_a_consent_to_an_old_text_is_none_for_an_order():
    world = make.world()
    Consent.objects.filter(kind="sensitive_identity").update(text_hash="0" * 64)
    with pytest.raises(ConsentNeeded) as refused:
        place(world.alice, make.quote(world.alice, ("HD-1", 1)))
    assert refused.value.consent == "sensitive_identity"
    assert Order.objects.count() == 0


def test_after_the_consent_is_withdrawn_nothing_can_be_ordered():
    world = make.world()
    quote = make.quote(world.alice, ("HD-1", 1))
    withdraw_consent(subject_id=world.alice.subject_id, kind="sensitive_identity", now=make.NOW)
    with pytest.raises(ConsentNeeded):
        place(world.alice, quote)
    assert Order.objects.count() == 0


def test_a_line_keeps_what_will_be_declared_and_the_rates_of_its_taxes():
    world = make.world()
    placed = place(world.alice, make.quote(world.alice, ("HD-1", 1)))
    line = Order.objects.get(number=placed.number).lines.get()
    assert (line.customs["legal_unit_1"], line.customs["weight_g"]) == ("001", 500)
    assert (line.rates["vat"], line.rates["excise"]) == ("0.130000", "none")
    figures = Judgement.objects.get(order_number=placed.number).figures
    assert figures["rates"]["HD-1"] == line.rates


def test_sold_out_leaves_nothing_behind():
    world = make.world(on_hand=3)
    first, second = make.quote(world.alice, ("HD-1", 2)), make.quote(world.alice, ("HD-1", 2))
    place(world.alice, first)
    with pytest.raises(SoldOut):
        place(world.alice, second)
    assert Order.objects.count() == 1
    assert Stock.objects.get(variant=world.dryer).reserved == 2
    assert AllowanceAccount.objects.get().reserved == 20_000


def test_a_quote_becomes_at_most_one_order():
    world = make.world()
    quote = make.quote(world.alice, ("HD-1", 1))
    place(world.alice, quote)
    with pytest.raises(QuoteUsed):
        place(world.alice, quote)


def test_a_quote_does_not_outlive_its_time():
    world = make.world()
    quote = make.quote(world.alice, ("HD-1", 1))
    with pytest.raises(QuoteStale):
        place(world.alice, quote, now=make.NOW + timedelta(minutes=15))


def test_placing_takes_six_statements_of_its_own(
    django_assert_max_num_queries,
):
    world = make.world()
    quote = make.quote(world.alice, ("HD-1", 2), ("IR-1", 1))
    shop, notice = storefronts.shop(world.shop.pk), make.notice_hash()
    with django_assert_max_num_queries(6):
        place_order(
            shop=shop,
            customer_id=world.alice.pk,
            quote_token=quote.token,
            confirmation=Confirmation(notice),
            now=make.NOW,
        )
