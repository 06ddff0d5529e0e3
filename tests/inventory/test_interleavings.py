"""Whatever happens in whatever order: balances are the sums of the ledger, and none is below zero."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import cache

import pytest
from django.db import connection, transaction
from django.db.models import Case, F, Q, Sum, Value, When
from django.db.models.functions import Coalesce
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory import services
from inventory.models import Lot, Movement, Pick, Reservation, SaleStop, Stock, Transfer, Warehouse
from inventory.services.boxing import lacking_of
from inventory.services.papers import without_papers
from inventory.services.repair import differences
from kernel import models as kernel
from kernel.clock import shanghai_day
from kernel.errors import Problem
from tests import make

pytestmark = pytest.mark.django_db
MOVED = ["receive", "adjust", "take_back", "count", "send", "arrive", "call_back"]
HELD = ["reserve", "release", "pick", "ship", "expire"]
BOXED = ["part", "box", "ship_box", "unbox", "lessen", "swap", "break_last"]
KEPT = [
    "without_papers",
    "second_list",
    "correct",
    "quarantine",
    "restore",
    "stop_lot",
    "stop_sku",
    "lift",
    "shelf",
    "sweep",
]
VERBS = [*MOVED, *HELD, *HELD, *HELD, *BOXED, *KEPT]
STEP = st.tuples(st.sampled_from(VERBS), st.integers(0, 3), st.integers(1, 6))
BY = {"by": "test"}


class House:
    """Two warehouses, one SKU, and a clock that moves a day with each sweep."""

    def __init__(self, world: make.World) -> None:
        self.world, self.now = world, make.NOW
        self.holders = 0
        self.second = Warehouse.objects.get(code="second")

    def take(self, verb: str, which: int, pieces: int) -> None:
        step: Callable[[int, int], object] = getattr(self, verb)
        try:
            with transaction.atomic():
                step(which, pieces)
        except (Problem, IndexError):
            return  # refused, or there is nothing yet to do it to

    def lot(self, which: int) -> Lot:
        lots = list(Lot.objects.filter(stock__variant=self.world.dryer).order_by("pk"))
        return lots[which % len(lots)] if lots else lots[0]

    def receive(self, which: int, pieces: int) -> None:
        place = (self.world.warehouse, self.second)[which % 2]
        ends = shanghai_day(make.NOW) + timedelta(days=2 * which) if which else None
        make.lot(place, self.world.dryer, pieces, f"L{which}", expires_on=ends, now=self.now)

    def reserve(self, which: int, pieces: int) -> None:
        before = self.available()
        self.holders += 1
        services.reserve(
            warehouse_id=self.world.warehouse.pk,
            wanted=[(self.world.dryer.pk, pieces)],
            holder=f"order:{self.holders}",
            now=self.now,
            until=self.now if which == 3 else None,
        )
        assert pieces <= before

    def holder(self, which: int) -> str:
        return f"order:{max(1, self.holders - which)}"  # one of the last four

    def available(self) -> int:
        return Stock.objects.get(variant=self.world.dryer, warehouse=self.world.warehouse).available

    def release(self, which: int, pieces: int) -> None:
        services.release(holder=self.holder(which), now=self.now)

    def expire(self, which: int, pieces: int) -> None:
        services.release_expired(now=self.now)

    def pick(self, which: int, pieces: int) -> None:
        services.pick(holder=self.holder(which), now=self.now, **BY)

    def ship(self, which: int, pieces: int) -> None:
        services.ship(holder=self.holder(which), now=self.now, **BY)

    def picked(self, *, boxed: bool) -> Pick:
        """What was picked last."""
        rows = Pick.objects.filter(shipped_at=None, put_back_at=None).order_by("-pk")
        rows = rows.exclude(box="") if boxed else rows.filter(box="")
        return rows.select_related("reservation", "lot")[0]

    def box(self, which: int, pieces: int) -> None:
        one = self.picked(boxed=False)
        holder, box = one.reservation.holder, f"{one.reservation.holder}-{which}"
        services.put_in_box(holder=holder, box=box, pieces={one.lot_id: min(pieces, one.quantity)})

    def ship_box(self, which: int, pieces: int) -> None:
        one = self.picked(boxed=True)
        services.ship(holder=one.reservation.holder, box=one.box, now=self.now, **BY)

    def unbox(self, which: int, pieces: int) -> None:
        services.empty_box(box=self.picked(boxed=True).box)

    def part(self, which: int, pieces: int) -> None:
        self.reserve(0, pieces)
        self.pick(0, pieces)
        self.box(which, max(1, pieces // 2))
        self.ship_box(which, pieces)

    def lessen(self, which: int, pieces: int) -> None:
        services.lessen(holder=self.holder(which), kept={self.world.dryer.pk: pieces - 1}, now=self.now)

    def swap(self, which: int, pieces: int) -> None:
        one = self.picked(boxed=False)
        said = {"damaged": which > 1, "reason": "", "now": self.now}
        services.swap(
            holder=one.reservation.holder, lot=one.lot, pieces=min(pieces, one.quantity), **said, **BY
        )

    def break_last(self, which: int, pieces: int) -> None:
        self.reserve(0, max(1, self.available()))
        self.pick(0, pieces)
        self.swap(2, pieces)
        if which == 3:
            broken = Lot.objects.filter(quarantined__gt=0, picked=0).order_by("-pk")[0]
            services.discard(lot=broken, pieces=1, holder="", reason="", now=self.now, **BY)

    def adjust(self, which: int, pieces: int) -> None:
        services.adjust(lot=self.lot(which), pieces=pieces - 4, reason="", now=self.now, **BY)

    def quarantine(self, which: int, pieces: int) -> None:
        services.quarantine(lot=self.lot(which), pieces=pieces, reason="", now=self.now, **BY)

    def without_papers(self, which: int, pieces: int) -> None:
        make.lot(self.world.warehouse, self.world.dryer, pieces, f"P{which}", inbound_list="", now=self.now)

    def second_list(self, which: int, pieces: int) -> None:
        make.lot(self.world.warehouse, self.world.dryer, pieces, f"P{which}", inbound_list="L2", now=self.now)

    def correct(self, which: int, pieces: int) -> None:
        lot = Lot.objects.filter(code=f"P{which}").order_by("pk")[0]
        ends = shanghai_day(make.NOW) + timedelta(days=4 * which) if which else None
        number = make.INBOUND_LIST if pieces > 3 else lot.inbound_list
        said = {"produced_on": None, "expires_on": ends, "inbound_list": number}
        services.correct_lot(lot=lot, reason="", now=self.now, **said, **BY)

    def restore(self, which: int, pieces: int) -> None:
        services.restore(lot=self.lot(which), pieces=pieces, reason="", now=self.now, **BY)

    def take_back(self, which: int, pieces: int) -> None:
        services.take_back(
            lot=self.lot(which), pieces=pieces, holder="order:9", fit=which > 1, now=self.now, **BY
        )

    def stop_lot(self, which: int, pieces: int) -> None:
        services.stop_sale(variant=self.world.dryer, lot=self.lot(which), reason="", now=self.now, **BY)

    def stop_sku(self, which: int, pieces: int) -> None:
        services.stop_sale(variant=self.world.dryer, reason="", now=self.now, **BY)

    def lift(self, which: int, pieces: int) -> None:
        stop = SaleStop.objects.filter(lifted_at=None).order_by("pk")[which % 2]
        services.lift_stop(stop=stop, reason="", now=self.now, **BY)

    def shelf(self, which: int, pieces: int) -> None:
        services.set_shelf_life(
            storefront=self.world.shop, variant=None, floor_days=which, near_days=9, now=self.now
        )

    def sweep(self, which: int, pieces: int) -> None:
        self.now += timedelta(days=1)
        services.sweep(now=self.now)

    def count(self, which: int, pieces: int) -> None:
        lot = self.lot(which)
        session = services.open_count(warehouse=lot.stock.warehouse, note="", now=self.now, **BY)
        line = services.record_count(count=session, lot=lot, counted=pieces, now=self.now, **BY)
        services.accept_variance(line=line, reason="", now=self.now, **BY)

    def send(self, which: int, pieces: int) -> None:
        lot = self.lot(which)
        first = lot.stock.warehouse_id == self.world.warehouse.pk
        target = self.second if first else self.world.warehouse
        services.send_transfer(target=target, pieces=[(lot, pieces)], reason="", now=self.now, **BY)

    def arrive(self, which: int, pieces: int) -> None:
        transfer = Transfer.objects.filter(state="in_transit").order_by("pk")[0]
        line = transfer.lines.get()
        services.receive_transfer(transfer=transfer, missing={line.pk: which}, now=self.now, **BY)

    def call_back(self, which: int, pieces: int) -> None:
        transfer = Transfer.objects.filter(state="in_transit").order_by("pk")[0]
        services.call_back_transfer(transfer=transfer, now=self.now, **BY)


def set_aside() -> list[tuple[int, str, int]]:
    """Lot, for whose sake, pieces: under one name what was found not to be fit, by whoever it was."""
    sake = Case(
        When(Q(holder__startswith="stop:") | Q(holder__in=["floor", "papers"]), then=F("holder")),
        default=Value("not fit"),
    )
    rows = Movement.objects.filter(lot__isnull=False).values_list("lot", sake)
    return list(rows.annotate(pieces=Sum("quarantined")).order_by())


# Told once as SQL: it is asked after every step.
@cache
def _lacking() -> tuple[str, tuple[object, ...]]:
    hands = Coalesce(Sum("picks__quantity", filter=Q(picks__put_back_at=None)), 0)
    rows = Reservation.objects.filter(state="picked").annotate(hands=hands).exclude(quantity=F("hands"))
    return rows.values_list("holder").query.sql_with_params()


@cache
def _told_lacking() -> tuple[str, tuple[object, ...]]:
    told = kernel.Case.objects.filter(kind="stock.picked_damaged", state="open")
    return told.values_list("key").query.sql_with_params()


def answers(asked: tuple[str, tuple[object, ...]]) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(*asked)
        return {one for (one,) in cursor.fetchall()}


def lacking() -> set[str]:
    """For whom pieces were picked that are in nobody's hands."""
    return answers(_lacking())


def told_lacking() -> set[str]:
    return answers(_told_lacking())


@pytest.fixture
def world() -> make.World:
    """Every interleaving begins with six pieces of each of four lots, in two warehouses."""
    world = make.world(on_hand=0)
    make.warehouse(world.shop, "second")
    for which in (0, 1, 2, 3):
        House(world).receive(which, 6)
    return world


@pytest.fixture(scope="module")
def steps_taken() -> set[str]:
    return set()


@settings(
    max_examples=45,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(STEP, min_size=25, max_size=60))
def test_any_interleaving_keeps_balances_equal_to_the_ledger_and_never_negative(steps, world, steps_taken):
    with transaction.atomic():
        house = House(world)
        for step in steps:
            house.take(*step)
            assert [str(one) for one in differences()] == []
            assert list(without_papers()) == []
            lack = lacking()
            assert lack == told_lacking()
            if lack:
                steps_taken.add("lacking")
            for stock in Stock.objects.filter(reserved__gt=F("on_hand")) if lack else ():
                assert stock.reserved - stock.on_hand <= lacking_of(stock)
                steps_taken.add("written off")
            if Reservation.objects.filter(state="picked", shipped__gt=0).exists():
                steps_taken.add("in parts")
        lowest = [
            least
            for row in list(Stock.objects.values_list("on_hand", "reserved", "quarantined"))
            + list(Lot.objects.values_list("on_hand", "picked", "quarantined"))
            for least in row
        ]
        assert min(lowest) >= 0
        assert [row for row in set_aside() if row[2] < 0] == []
        steps_taken |= set(Movement.objects.values_list("kind", flat=True))
        steps_taken |= set(Reservation.objects.values_list("state", flat=True))
        transaction.set_rollback(True)


def test_the_interleavings_have_moved_stock_in_every_way(steps_taken):
    every = {*Movement.Kind.values, *Reservation.State.values, "in parts", "lacking", "written off"}
    assert every - steps_taken == set()
