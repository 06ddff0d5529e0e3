"""Running into a time-out of the database is a clean refusal that lost nothing and may be tried again."""

from __future__ import annotations

import threading

import pytest
from django.db import OperationalError, connection, transaction

from inventory.models import Stock
from kernel.problems import as_problem, status_of
from orders.models import Order
from orders.services.place import Confirmation, place_order
from storefronts import queries as storefronts
from tests import make

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_checkout_that_waits_too_long_for_stock_leaves_nothing_and_passes_later():
    world = make.world()
    quote = make.quote(world.alice, ("HD-1", 1))
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            Stock.objects.select_for_update().get(variant=world.dryer)
            held.set()
            done.wait(20)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(20)

    def place() -> None:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '100ms'")
            place_order(
                shop=storefronts.shop(world.shop.pk),
                customer_id=world.alice.pk,
                quote_token=quote.token,
                confirmation=Confirmation(make.notice_hash()),
                now=make.NOW,
            )

    try:
        with pytest.raises(OperationalError) as failure:
            place()
    finally:
        done.set()
        holder.join()
    problem = as_problem(failure.value)
    assert (problem.code, status_of(problem)) == ("busy", 503)
    assert Order.objects.count() == 0
    place()
    assert Order.objects.count() == 1
