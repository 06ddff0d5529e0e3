"""What the law says of goods, age, mode and parties reaches the quote and the order, and its changes too."""

from __future__ import annotations

from datetime import timedelta

import orjson
import pytest
from django.db import transaction

from catalog.models import CatalogVersion, Variant
from compliance.models import AllowanceEntry, Judgement
from compliance.services.judgement import FACTS
from compliance.vault import unwrap
from kernel import approvals
from kernel.errors import Refused
from orders.models import Order
from orders.services.place import Confirmation, QuoteStale, place_order
from storefronts import queries as storefronts
from storefronts.models import LegalParty
from storefronts.services import TRADE_MODE, ask_for_gate, ask_for_modes
from tests import make, make_tables

pytestmark = pytest.mark.django_db
SUGAR = {"hs_code": "1901101000", "legal_unit_1": "035", "legal_quantity_1": 1}


def rules(quote):
    return [refusal["rule"] for refusal in quote.refusals]


def refused(person, quote):
    """The rules that refuse the order; nothing but the judgement is written."""
    before = (Order.objects.count(), AllowanceEntry.objects.count())
    with transaction.atomic(), pytest.raises(Refused) as refusal:
        place_order(
            shop=storefronts.shop(person.storefront_id),
            customer_id=person.pk,
            quote_token=quote.token,
            confirmation=Confirmation(make.notice_hash()),
            now=make.NOW,
        )
    assert (Order.objects.count(), AllowanceEntry.objects.count()) == before
    assert Judgement.objects.latest("id").allowed is False
    return [one.rule for one in refusal.value.refusals]


def born(year: int) -> str:
    body = f"110105{year}1120002"
    return body + make.check_character(body)


def item(world, sku="SUGAR-1", **changes):
    made = make.variant(world.shop, sku, 4_000, **changes)
    make.stock(world.warehouse, made)
    return made


def decide(asked, granted):
    approvals.decide(approval=asked, by="colleague", granted=granted, reason="x", now=make.NOW)
    storefronts.forget_kept()


def test_a_year_of_sugar_is_counted_over_orders_and_over_storefronts():
    world = make.world()
    make.recall_firm(world.shop)
    make_tables.listed("19011010", remark="每人每年2千克", limit_group="sugar")
    item(world, **SUGAR)
    assert rules(make.quote(world.alice, ("SUGAR-1", 3))) == ["LIST-3"]
    late = make.quote(world.alice, ("SUGAR-1", 1))
    make.order(world.alice, ("SUGAR-1", 2))
    entries = AllowanceEntry.objects.values_list("account__measure", "amount")
    assert sorted(entries) == [("sugar", 2_000), ("value", 8_000)]
    assert refused(world.alice, late) == ["LIST-3"]
    other = make.storefront("swift")
    make.recall_firm(other)
    make.stock(make.warehouse(other), make.variant(other, "SUGAR-9", 4_000, **SUGAR))
    assert rules(make.quote(make.buyer(other), ("SUGAR-9", 1))) == ["LIST-3"]


def test_goods_that_left_the_list_are_not_quoted():
    world = make.world()
    make_tables.listed("85163100", listed=False)
    assert rules(make.quote(world.alice, ("HD-1", 1))) == ["LIST-1"]


def test_what_may_enter_bonded_only_is_refused_from_a_direct_warehouse():
    world = make.world()
    make_tables.listed("85163100", remark="仅限网购保税商品", only_modes=["1210"])
    assert rules(make.quote(world.alice, ("HD-1", 1))) == []
    world.warehouse.trade_mode = "9610"
    world.warehouse.save()
    quote = make.quote(world.alice, ("HD-1", 1))
    assert rules(quote) == ["LIST-2"]
    assert refused(world.alice, quote) == ["LIST-2"]


def test_an_exclusion_is_ruled_out_for_the_variant_and_then_it_is_sold():
    world = make.world()
    make_tables.listed("85163100", remark="…的除外", exclusion="…")
    assert rules(make.quote(world.alice, ("HD-1", 1))) == ["LIST-4"]
    Variant.objects.filter(sku="HD-1").update(exclusion_ruled_out=True)
    assert rules(make.quote(world.alice, ("HD-1", 1))) == []


def test_a_minor_buys_no_wine_and_a_child_nothing():
    world = make.world()
    item(world, "WINE-1", adult_only=True)
    adult, minor, child = (
        make.buyer(world.shop, who, number=born(year))
        for who, year in (("adult", 2008), ("minor", 2009), ("child", 2013))
    )
    assert rules(make.quote(adult, ("WINE-1", 1))) == []
    for person, wine, other in ((minor, ["ADULT-1"], []), (child, ["ADULT-1", "MINOR-1"], ["MINOR-1"])):
        quote = make.quote(person, ("WINE-1", 1))
        assert rules(quote) == wine
        assert refused(person, quote) == wine
        assert rules(make.quote(person, ("HD-1", 1))) == other


def test_a_residence_permit_is_taken_in_and_refused_at_the_quote():
    world = make.world()
    body = "81000019900101001"
    person = make.buyer(world.shop, "permit", number=body + make.check_character(body))
    assert rules(make.quote(person, ("HD-1", 1))) == ["IDENTITY-4"]


def test_goods_that_became_adult_only_need_a_new_quote():
    world = make.world()
    quote = make.quote(world.alice, ("HD-1", 1))
    Variant.objects.filter(sku="HD-1").update(adult_only=True)
    CatalogVersion.objects.update(version=99)
    with transaction.atomic(), pytest.raises(QuoteStale):
        place_order(
            shop=storefronts.shop(world.shop.pk),
            customer_id=world.alice.pk,
            quote_token=quote.token,
            confirmation=Confirmation(make.notice_hash()),
            now=make.NOW + timedelta(seconds=1),
        )
    assert Order.objects.count() == 0


def test_gated_goods_are_sold_while_the_last_word_of_a_colleague_is_yes():
    world = make.world()
    item(world, "MILK-1", classes=["infant_formula", "dairy"])
    quote = make.quote(world.alice, ("MILK-1", 1))
    assert rules(quote) == ["GATE-1"]
    asked = ask_for_gate(storefront=world.shop, what="sku:MILK-1", by="me", now=make.NOW)
    storefronts.forget_kept()
    assert refused(world.alice, quote) == ["GATE-1"]  # asked for is not granted
    decide(asked, True)
    assert make.order(world.alice, ("MILK-1", 1)).state == "placed"
    again = ask_for_gate(storefront=world.shop, what="sku:MILK-1", by="me", now=make.NOW)
    approvals.decide(
        approval=again, by="colleague", granted=False, reason="x", now=make.NOW + timedelta(seconds=1)
    )
    storefronts.forget_kept()
    assert rules(make.quote(world.alice, ("MILK-1", 1))) == ["GATE-1"]


def test_an_approval_of_one_storefront_opens_nothing_in_another():
    world = make.world()
    other = make.storefront("swift")
    decide(ask_for_gate(storefront=other, what="class:infant_formula", by="me", now=make.NOW), True)
    assert storefronts.shop(other.pk).open_gates == {"class:infant_formula"}
    assert storefronts.shop(world.shop.pk).open_gates == frozenset()


def test_1239_is_off_until_it_is_approved_for_this_storefront():
    world = make.world()
    world.shop.trade_modes = ["1239"]
    world.shop.save()
    world.warehouse.trade_mode = "1239"
    world.warehouse.save()
    quote = make.quote(world.alice, ("HD-1", 1))
    assert rules(quote) == ["MODE-2"]
    [asked] = ask_for_modes(storefront=world.shop, by="me", now=make.NOW)
    assert (asked.verb, asked.key, asked.storefront_id) == (TRADE_MODE, "maison:1239", world.shop.pk)
    assert ask_for_modes(storefront=world.shop, by="me", now=make.NOW) == []  # it waits already
    assert refused(world.alice, quote) == ["MODE-2"]
    decide(asked, True)
    assert ask_for_modes(storefront=world.shop, by="me", now=make.NOW) == []
    assert make.order(world.alice, ("HD-1", 1)).trade_mode == "1239"


def test_without_a_carrier_or_for_food_without_a_recall_firm_nothing_is_sold():
    world = make.world()
    item(world, "TEA-1", is_food=True)
    assert rules(make.quote(world.alice, ("TEA-1", 1))) == ["RECALL-1"]
    make.recall_firm(world.shop)
    LegalParty.objects.filter(role="logistics").delete()
    storefronts.forget_kept()
    assert rules(make.quote(world.alice, ("TEA-1", 1))) == ["PARTY-1"]


def test_facts_of_the_goods_are_sealed_with_the_judgement_and_the_age_is_not_in_plain():
    world = make.world()
    make.order(world.alice, ("HD-1", 1))
    kept = Judgement.objects.get(order_number=Order.objects.get().number)
    assert '"age"' not in str(kept.figures) and '"age"' not in str(kept.refusals)
    assert {"LIST-1", "LIST-3", "ADULT-1", "PARTY-1"} <= set(kept.judged)
    [line] = orjson.loads(unwrap(kept.key).open(FACTS, kept.pk, bytes(kept.facts_sealed)))["lines"]
    assert (line["hs_code"], line["origin"]) == ("8516310000", "FR")
