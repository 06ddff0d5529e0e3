"""What is told to be ordered apart can be ordered, to the same address in the same quantity; the rest not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.models import FreightTemplate, FreightZone, Warehouse
from inventory.queries import Offer
from orders.services.apart import Apart, CannotShipTogether, Line, Place, RegionRefused, TooHeavy, apart
from tests import make

SKUS = ["A-1", "B-1", "C-1", "D-1"]
LINES = st.lists(st.tuples(st.integers(1, 900), st.integers(1, 6)), min_size=1, max_size=len(SKUS)).map(
    lambda rows: [Line(n, SKUS[n], *row) for n, row in enumerate(rows)]
)
PLACES = st.lists(
    st.tuples(
        st.booleans(), st.integers(50, 3000), st.integers(0, 200), st.lists(st.integers(0, 8), max_size=4)
    ),
    max_size=3,
).map(lambda rows: [place(n, *row) for n, row in enumerate(rows)])


def place(number: int, delivers: bool, limit_g: int, packing_g: int, pieces: list[int]) -> Place:
    held = dict(enumerate(pieces))
    return Place(Offer(number, f"w{number}", "", f"仓{number}", "1210", limit_g, packing_g, held), delivers)


def orderable(lines: list[Line], places: list[Place]) -> bool:
    return any(one.delivers and one.ships(lines) for one in places)


@given(LINES, PLACES)
def test_each_group_can_be_ordered_alone_and_nothing_else_can_as_it_stands(lines, places):
    if orderable(lines, places):
        return  # it is one order
    told = apart(lines, places)
    by_sku = {line.sku: line for line in lines}
    for group in told.groups:
        assert orderable([by_sku[sku] for sku in group["skus"]], places)
    for row in [*told.short, *told.heavy]:
        line, most = by_sku[row["sku"]], row.get("available", row.get("at_most"))
        assert not orderable([line], places)
        assert not orderable([replace(line, quantity=most + 1)], places)
        assert most == 0 or orderable([replace(line, quantity=most)], places)
    for sku in told.undelivered:
        assert not orderable([replace(by_sku[sku], quantity=1)], places)
    lists = [sku for group in told.groups for sku in group["skus"]]
    lists += [row["sku"] for row in [*told.short, *told.heavy]] + told.undelivered
    assert sorted(lists) == sorted(by_sku)


@given(LINES, PLACES)
def test_a_parcel_that_is_told_too_heavy_is_heavier_than_it_may_be(lines, places):
    if orderable(lines, places):
        return
    told = apart(lines, places)
    if isinstance(told, TooHeavy):
        assert told.weight_g > told.limit_g
    assert isinstance(told, RegionRefused) == bool(told.undelivered)


def nowhere(world: make.World, *places: Warehouse) -> None:
    """These warehouses deliver to no address in Shanghai, where Alice lives."""
    template = FreightTemplate.objects.create(storefront=world.shop, code="not-31", by="piece")
    FreightZone.objects.create(storefront=world.shop, template=template, provinces=["31"], refused=True)
    FreightZone.objects.create(storefront=world.shop, template=template)
    for one in places:
        one.freight = template
        one.save()


def refusal(world: make.World, *wanted: tuple[str, int]) -> Apart:
    with pytest.raises(Apart) as refused:
        make.quote(world.alice, *wanted)
    for group in refused.value.groups:
        alone = [(sku, quantity) for sku, quantity in wanted if sku in group["skus"]]
        assert make.quote(world.alice, *alone).warehouse.name_zh == group["warehouse"]
    return refused.value


@pytest.mark.django_db
def test_what_lies_only_where_nothing_is_delivered_from_is_named_beside_what_can_be_ordered():
    world = make.world()
    nowhere(world, world.warehouse)
    second = make.warehouse(world.shop, "second", position=9, name_zh="二号仓")
    make.stock(second, world.dryer, 5)
    told = refusal(world, ("HD-1", 1), ("IR-1", 2))
    assert (told.code, told.undelivered) == ("region_refused", ["IR-1"])
    assert told.groups == [{"warehouse": "二号仓", "trade_mode": "1210", "skus": ["HD-1"]}]


@pytest.mark.django_db
def test_pieces_where_nothing_is_delivered_from_do_not_count_as_available():
    world = make.world(on_hand=9)
    nowhere(world, world.warehouse)
    second = make.warehouse(world.shop, "second", position=9)
    make.stock(second, world.dryer, 2)
    told = refusal(world, ("HD-1", 5))
    assert isinstance(told, CannotShipTogether)
    assert told.short == [{"sku": "HD-1", "wanted": 5, "available": 2}]


@pytest.mark.django_db
def test_goods_of_one_warehouse_that_no_parcel_holds_are_orders_by_weight_with_carton():
    world = make.world()
    Warehouse.objects.update(parcel_limit_g=1700, packing_g=200)
    told = refusal(world, ("HD-1", 3), ("IR-1", 1))
    assert isinstance(told, TooHeavy)
    assert (told.weight_g, told.limit_g, told.heavy) == (2200, 1700, [])
    assert [group["skus"] for group in told.groups] == [["IR-1"], ["HD-1"]]
    assert make.quote(world.alice, ("HD-1", 3)).goods_fen == 30_000
    Warehouse.objects.update(packing_g=201)
    told = refusal(world, ("HD-1", 3), ("IR-1", 1))
    assert told.heavy == [{"sku": "HD-1", "wanted": 3, "at_most": 2}]
    assert [group["skus"] for group in told.groups] == [["IR-1"]]


@pytest.mark.django_db
def test_a_piece_that_no_parcel_holds_is_said_to_be_orderable_nowhere():
    world = make.world()
    Warehouse.objects.update(parcel_limit_g=600)
    told = refusal(world, ("HD-1", 1))
    assert (told.groups, told.heavy) == ([], [{"sku": "HD-1", "wanted": 1, "at_most": 0}])
