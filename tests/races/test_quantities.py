"""Two orders of one person for the same limited goods: the year's quantity is taken once."""

from __future__ import annotations

import threading

import pytest
from django.db import transaction

from compliance.models import AllowanceAccount
from compliance.queries import taken
from compliance.services import AllowanceBusy
from kernel.errors import Refused
from orders.models import Order
from orders.services.place import Confirmation, place_order
from storefronts import queries as storefronts
from tests import make, make_tables
from tests.races.crowd import at_once

pytestmark = pytest.mark.django_db(transaction=True)
LIMIT_G = 2_000


def place(person, quote) -> str:
    """Place the order as a request does: a refusal leaves its judgement."""
    refusal = None
    with transaction.atomic():
        try:
            return place_order(
                shop=storefronts.shop(person.storefront_id),
                customer_id=person.pk,
                quote_token=quote.token,
                confirmation=Confirmation(make.notice_hash()),
                now=make.NOW,
            ).number
        except Refused as refused:
            refusal = refused
    return "+".join(one.rule for one in refusal.refusals)


def sugar(pieces: int):
    world = make.world()
    make.recall_firm(world.shop)
    make_tables.listed("19011010", remark="每人每年2千克", limit_group="sugar")
    bag = make.variant(
        world.shop, "SUGAR-1", 4_000, hs_code="1901101000", legal_unit_1="035", legal_quantity_1=1
    )
    make.stock(world.warehouse, bag, 1_000)
    quotes = [make.quote(world.alice, ("SUGAR-1", pieces)) for _ in range(8)]
    assert all(quote.refusals == [] for quote in quotes)
    storefronts.shop(world.shop.pk)
    return world, quotes


def test_looking_first_and_writing_then_sells_the_year_eight_times():
    world, _ = sugar(2)
    person_id, pause = world.alice.identity.person_id, threading.Barrier(8)

    def naive() -> str:
        before = taken(person_id=person_id, year=2026).get("sugar")
        pause.wait(timeout=20)
        return "sold" if (before.reserved if before else 0) + 2_000 <= LIMIT_G else "LIST-3"

    assert at_once([naive] * 8).count("sold") == 8


def test_of_eight_orders_for_the_whole_year_one_is_placed_and_the_law_refuses_the_others():
    world, quotes = sugar(2)
    results = at_once([lambda q=quote: place(world.alice, q) for quote in quotes])
    assert Order.objects.count() == 1
    number = Order.objects.get().number
    others = [(quote, said) for quote, said in zip(quotes, results, strict=True) if said != number]
    assert len(others) == 7
    for quote, said in others:
        busy = isinstance(said, AllowanceBusy)  # not judged in that instant: the same again decides
        assert (place(world.alice, quote) if busy else said) == "LIST-3"
    assert Order.objects.count() == 1
    assert AllowanceAccount.objects.get(measure="sugar").reserved == LIMIT_G
