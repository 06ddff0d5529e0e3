"""Nobody sells what is not there, and two baskets in opposite order wait for each other (A1–A3)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from inventory import services as inventory
from inventory.models import Reservation, Stock
from inventory.services import SaleStopped, SoldOut, held
from kernel.clock import shanghai_day
from kernel.errors import Conflict
from orders.models import Order
from orders.services.place import Confirmation, place_order
from storefronts import queries as storefronts
from tests import make
from tests.races.crowd import at_once
from tests.waiting import somebody_waits

pytestmark = pytest.mark.django_db(transaction=True)


def reserve(warehouse_id: int, wanted: list[tuple[int, int]], holder: str) -> str:
    with transaction.atomic():
        inventory.reserve(warehouse_id=warehouse_id, wanted=wanted, holder=holder, now=make.NOW)
    return holder


def naive_reserve(stock_id: int, pause: threading.Barrier) -> str:
    """What a shop without the guard does: look, then write what was seen."""
    stock = Stock.objects.get(pk=stock_id)
    pause.wait(timeout=20)
    if stock.on_hand - stock.reserved >= 1:
        make.crook(stock, reserved=stock.reserved + 1)
        return "sold"
    return "sold out"


@pytest.mark.crooked_stock
def test_with_the_guard_off_one_piece_is_sold_eight_times():
    world = make.world(on_hand=1)
    stock = Stock.objects.get(variant=world.dryer)
    pause = threading.Barrier(8)
    results = at_once([lambda: naive_reserve(stock.pk, pause)] * 8)
    assert results.count("sold") == 8


def test_with_the_guard_on_twenty_pieces_go_to_twenty_of_sixty():
    world = make.world(on_hand=20)
    calls = [lambda n=n: reserve(world.warehouse.pk, [(world.dryer.pk, 1)], f"order:{n}") for n in range(60)]
    results = at_once(calls)
    assert sum(isinstance(r, str) for r in results) == 20
    assert all(isinstance(r, (str, SoldOut)) for r in results), results
    assert Stock.objects.get(variant=world.dryer).reserved == 20
    assert Reservation.objects.count() == 20


def test_baskets_in_opposite_order_do_not_deadlock():
    world = make.world(on_hand=1000)
    forward = [(world.dryer.pk, 1), (world.iron.pk, 1)]
    calls = [
        lambda n=n: reserve(world.warehouse.pk, forward if n % 2 else forward[::-1], f"order:{n}")
        for n in range(40)
    ]
    assert all(isinstance(r, str) for r in at_once(calls))
    assert list(Stock.objects.order_by("pk").values_list("reserved", flat=True)) == [40, 40]


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize(
    ("first", "answer"), [("takes it", SoldOut), ("stops it", SaleStopped), ("lets it be", str)]
)
def test_whoever_comes_second_has_the_word_of_the_newest_row(first, answer, wrapped):
    """The last piece is on offer when both look; the second waits for the first, and hears what it did."""
    world = make.world(on_hand=1)
    wanted = [(world.dryer.pk, 1)]
    looked, waits = threading.Event(), threading.Event()

    def earlier() -> str:
        with suppress(ZeroDivisionError), transaction.atomic():
            if first == "stops it":
                Stock.objects.filter(variant=world.dryer).update(stopped=True)
            else:
                inventory.reserve(
                    warehouse_id=world.warehouse.pk, wanted=wanted, holder="order:1", now=make.NOW
                )
            looked.set()
            assert wait_until(somebody_waits, seconds=20)
            waits.set()
            if first == "lets it be":
                raise ZeroDivisionError
        return "first"

    def later() -> str:
        assert looked.wait(20)
        with transaction.atomic() if wrapped else nullcontext():
            inventory.reserve(warehouse_id=world.warehouse.pk, wanted=wanted, holder="order:2", now=make.NOW)
        return "second"

    _, second = at_once([earlier, later])
    assert waits.is_set()  # the second was in the middle of it when the first ended
    assert isinstance(second, SoldOut if wrapped and answer is SaleStopped else answer)
    held = 1 if first != "stops it" else 0
    assert Stock.objects.get(variant=world.dryer).reserved == held == Reservation.objects.count()


def test_who_has_taken_ended_goods_out_of_sale_waits_for_nobody_who_waits_for_them(monkeypatch):
    world = make.world(on_hand=0)
    for code, days in (("A", 10), ("B", 400)):
        make.lot(world.warehouse, world.dryer, 5, code, expires_on=shanghai_day(make.NOW) + timedelta(days))
    wanted, taken_out, by_itself = [(world.dryer.pk, 1)], threading.Event(), held.quarantine_ended

    def take_out(**said: Any) -> int:
        pieces = by_itself(**said)
        taken_out.set()
        assert wait_until(somebody_waits, seconds=20)
        return pieces

    monkeypatch.setattr(held, "quarantine_ended", take_out)

    def later() -> str:
        with transaction.atomic():
            inventory.reserve(
                warehouse_id=world.warehouse.pk,
                wanted=wanted,
                holder="order:1",
                now=make.NOW + timedelta(days=30),
            )
        return "later"

    def earlier() -> str:
        assert taken_out.wait(20)
        return reserve(world.warehouse.pk, wanted, "order:2")

    assert at_once([later, earlier]) == ["later", "order:2"]
    stock = Stock.objects.get(variant=world.dryer)
    assert (stock.reserved, stock.quarantined) == (2, 5)


def wait_until(true: Callable[[], bool], *, seconds: float) -> bool:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if true():
            return True
        time.sleep(0.01)
    return False


def test_two_lines_of_one_stock_item_are_summed_before_the_check():
    world = make.world(on_hand=3)
    with pytest.raises(SoldOut), transaction.atomic():
        reserve(world.warehouse.pk, [(world.dryer.pk, 2), (world.dryer.pk, 2)], "order:1")
    assert Stock.objects.get(variant=world.dryer).reserved == 0
    assert reserve(world.warehouse.pk, [(world.dryer.pk, 2), (world.dryer.pk, 1)], "order:2")
    assert Stock.objects.get(variant=world.dryer).reserved == 3


def test_releasing_twice_at_once_gives_back_once():
    world = make.world(on_hand=5)
    reserve(world.warehouse.pk, [(world.dryer.pk, 3)], "order:1")

    def release() -> int:
        with transaction.atomic():
            return inventory.release(holder="order:1", now=make.NOW)

    assert sorted(at_once([release] * 6)) == [0, 0, 0, 0, 0, 1]
    assert Stock.objects.get(variant=world.dryer).reserved == 0


def test_eight_submits_of_one_quote_make_one_order():
    world = make.world()
    quote = make.quote(world.alice, ("HD-1", 1))
    shop, notice = storefronts.shop(world.shop.pk), make.notice_hash()

    def submit() -> str:
        with transaction.atomic():
            return place_order(
                shop=shop,
                customer_id=world.alice.pk,
                quote_token=quote.token,
                confirmation=Confirmation(notice),
                now=make.NOW,
            ).number

    results = at_once([submit] * 8)
    assert sum(isinstance(r, str) for r in results) == 1
    assert all(isinstance(r, (str, Conflict)) for r in results), results
    assert Order.objects.count() == 1
    assert Stock.objects.get(variant=world.dryer).reserved == 1


def test_one_persons_parallel_orders_never_exceed_the_year():
    """26,000.00 a year: ten orders of 4,000.00 at once, six fit."""
    shop = make.storefront()
    place = make.warehouse(shop)
    big = make.variant(shop, "BIG-1", 400_000)
    make.stock(place, big, 100)
    alice = make.buyer(shop)
    quotes = [make.quote(alice, ("BIG-1", 1)) for _ in range(10)]
    facts, notice = storefronts.shop(shop.pk), make.notice_hash()

    def submit(quote) -> str:
        with transaction.atomic():
            return place_order(
                shop=facts,
                customer_id=alice.pk,
                quote_token=quote.token,
                confirmation=Confirmation(notice),
                now=make.NOW,
            ).number

    results = at_once([lambda q=q: submit(q) for q in quotes])
    assert sum(isinstance(r, str) for r in results) == 6
    assert {r.refusals[0].rule for r in results if not isinstance(r, str)} == {"LIMIT-2"}
