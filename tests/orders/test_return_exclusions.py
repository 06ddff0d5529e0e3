"""Giving up the return within seven days: line by line, on a ground of the law, never beforehand."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from compliance.law import Law
from compliance.models import AllowanceAccount, Judgement
from compliance.notice import return_exclusion
from kernel.clock import shanghai_day
from kernel.errors import Refused
from orders.models import Order, OrderLine
from orders.services.place import Confirmation, QuoteStale, place_order
from storefronts import queries as storefronts
from tests import make

pytestmark = pytest.mark.django_db
WORDING = return_exclusion(Law(shanghai_day(make.NOW)), "opened")


@pytest.fixture
def world() -> make.World:
    """The dryer can be returned always; the cream, once opened, need not be taken back."""
    made = make.world()
    cream = make.variant(
        made.shop,
        "CR-1",
        20_000,
        hs_code="3304990010",
        net_content=50,
        net_content_unit="ml",
        return_exclusion="opened",
    )
    make.stock(made.warehouse, cream)
    return made


def place(world, quote, *skus):
    return place_order(
        shop=storefronts.shop(world.shop.pk),
        customer_id=world.alice.pk,
        quote_token=quote.token,
        confirmation=Confirmation(make.notice_hash(), skus),
        now=make.NOW,
    )


def lines() -> list[tuple]:
    fields = ("sku", "return_exclusion", "exclusion_version", "exclusion_hash")
    return list(OrderLine.objects.values_list(*fields))


def test_what_was_confirmed_stands_on_the_line_with_its_wording(world):
    place(world, make.quote(world.alice, ("HD-1", 1), ("CR-1", 1)), "CR-1")
    assert lines() == [("HD-1", "", "", ""), ("CR-1", "opened", "1", WORDING.sha256)]


def test_without_the_confirmation_it_is_sold_all_the_same_and_can_be_returned(world):
    place(world, make.quote(world.alice, ("CR-1", 1)))
    assert lines() == [("CR-1", "opened", "", "")]


@pytest.mark.parametrize("skus", [("HD-1",), ("CR-1", "HD-1"), ("NOT-IN-IT",)])
def test_goods_without_a_ground_cannot_be_given_up_and_nothing_is_ordered(world, skus):
    quote = make.quote(world.alice, ("HD-1", 1), ("CR-1", 1))
    with transaction.atomic(), pytest.raises(Refused) as refused:
        place(world, quote, *skus)
    [refusal] = refused.value.refusals
    assert (refusal.rule, refusal.facts) == ("RETURN-1", {"skus": [sku for sku in skus if sku != "CR-1"]})
    assert Order.objects.count() == AllowanceAccount.objects.count() == 0
    assert Judgement.objects.get().allowed is False


def test_a_ground_that_changed_since_the_quote_makes_it_stale(world):
    quote = make.quote(world.alice, ("CR-1", 1))
    make.variant(world.shop, "OTHER")  # the catalogue's version moves on
    world.shop.refresh_from_db()
    quote.lines[0]["return_exclusion"] = "activated"
    quote.save()
    with pytest.raises(QuoteStale), transaction.atomic():
        place(world, quote)


def test_the_database_takes_no_confirmation_without_a_ground(world):
    order = make.order(world.alice, ("HD-1", 1))
    with pytest.raises(IntegrityError), transaction.atomic():
        OrderLine.objects.filter(order=order).update(exclusion_version="1", exclusion_hash="0" * 64)
