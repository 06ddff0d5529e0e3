"""Freight by region, piece and weight; a day of hand-over that knows holidays; what is ordered apart."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from customers.models import Address
from inventory.models import FreightTemplate, FreightZone, WarehouseDay
from inventory.terms import Calendar, Tariff, Zone
from orders.services.apart import CannotShipTogether, RegionRefused, TooHeavy
from orders.services.place import QuoteStale
from tests import make

EAST = Zone(("31", "33"), False, 1000, 800, 500, 200)
ELSEWHERE = Zone((), False, 1000, 1500, 1000, 600)
NOWHERE = Zone(("65",), True, 1, 0, 1, 0)


@pytest.mark.parametrize(
    ("province", "weight_g", "goods_fen", "fen"),
    [
        ("31", 1000, 100, 800),
        ("31", 1001, 100, 1000),
        ("33", 2000, 100, 1200),
        ("44", 2001, 100, 2700),
        ("", 500, 100, 1500),
        ("44", 9000, 29_900, 0),
        ("44", 9000, 29_899, 6300),
        ("65", 500, 100, None),
        ("65", 500, 29_900, None),
    ],
)
def test_freight_by_weight_and_region(province, weight_g, goods_fen, fen):
    tariff = Tariff(True, 29_900, (EAST, ELSEWHERE, NOWHERE))
    assert tariff.fen(province=province, weight_g=weight_g, pieces=99, goods_fen=goods_fen) == fen


def test_freight_by_piece_and_a_tariff_without_elsewhere():
    tariff = Tariff(False, None, (Zone(("31",), False, 2, 500, 2, 300),))
    prices = [tariff.fen(province="31", weight_g=99_000, pieces=n, goods_fen=1) for n in (1, 2, 3, 4, 5)]
    assert prices == [500, 500, 800, 800, 1100]
    assert tariff.fen(province="44", weight_g=1, pieces=1, goods_fen=1) is None


def at(day: int, hour: int) -> datetime:
    """An hour of November 2026 in Shanghai: the 20th is a Friday."""
    return datetime(2026, 11, day, hour, tzinfo=ZoneInfo("Asia/Shanghai")).astimezone(UTC)


@pytest.mark.parametrize(
    ("paid_at", "by"),
    [
        (at(19, 14), date(2026, 11, 20)),  # Thursday before the cut-off: one working day later
        (at(19, 15), date(2026, 11, 23)),  # at the cut-off: counts from Friday
        (at(20, 16), date(2026, 11, 24)),  # Friday evening: counts from Monday
        (at(21, 9), date(2026, 11, 24)),  # a day off
        (at(24, 9), date(2026, 11, 28)),  # Wednesday to Friday are holidays, Saturday is made up for
    ],
)
def test_the_day_of_hand_over_knows_cut_off_week_and_holidays(paid_at, by):
    other = {date(2026, 11, 25 + n): False for n in range(3)} | {date(2026, 11, 28): True}
    calendar = Calendar(ZoneInfo("Asia/Shanghai"), "12345", time(15), 1, other)
    assert calendar.ship_by(paid_at) == by


def test_a_warehouse_that_never_works_promises_no_day():
    other = {date(2027, 1, 1): False}
    assert Calendar(ZoneInfo("UTC"), "", time(15), 1, other).ship_by(at(19, 9)) is None


def tariff(world: make.World, *zones: dict[str, object], **more: object) -> None:
    template = FreightTemplate.objects.create(storefront=world.shop, code="t", **{"by": "piece", **more})
    for zone in zones:
        FreightZone.objects.create(storefront=world.shop, template=template, **zone)
    world.warehouse.freight = template
    world.warehouse.save()


@pytest.mark.django_db
def test_a_quote_takes_the_freight_of_the_addresss_province_and_names_a_day():
    world = make.world()
    tariff(world, {"provinces": ["31"], "first_fen": 700, "step_fen": 300}, {"first_fen": 2_000})
    WarehouseDay.objects.create(storefront=world.shop, warehouse=world.warehouse, day=date(2026, 11, 23))
    quote = make.quote(world.alice, ("HD-1", 1), ("IR-1", 2))
    assert (quote.freight_fen, quote.province, quote.ship_by) == (1_300, "31", date(2026, 11, 24))


@pytest.mark.django_db
def test_a_region_that_is_refused_is_served_by_the_next_warehouse_or_by_none():
    world = make.world()
    tariff(world, {"provinces": ["31"], "refused": True}, {"first_fen": 2_000})
    with pytest.raises(RegionRefused) as refused:
        make.quote(world.alice, ("HD-1", 1))
    assert (refused.value.undelivered, refused.value.groups) == (["HD-1"], [])
    second = make.warehouse(world.shop, "second", position=9)
    make.stock(second, world.dryer, 5)
    assert make.quote(world.alice, ("HD-1", 1)).warehouse == second


@pytest.mark.django_db
def test_an_address_that_moves_to_another_province_makes_its_quote_stale():
    world = make.world()
    quote = make.quote(world.alice, ("HD-1", 1))
    Address.objects.update(division_code="440106")
    with pytest.raises(QuoteStale):
        make.place(world.alice, quote)
    Address.objects.update(division_code="310104")
    assert make.place(world.alice, quote).state == "placed"


@pytest.mark.django_db
def test_what_no_warehouse_ships_together_is_told_as_orders_apart_without_overlap():
    world = make.world(on_hand=0)
    third = make.variant(world.shop, "MX-1", 7_000)
    abroad = make.warehouse(world.shop, "hk", trade_mode="9610", position=1, name_zh="香港仓")
    for place, item, pieces in (
        (world.warehouse, world.dryer, 5),
        (world.warehouse, world.iron, 5),
        (abroad, world.iron, 5),
        (abroad, third, 1),
    ):
        make.stock(place, item, pieces)
    with pytest.raises(CannotShipTogether) as refused:
        make.quote(world.alice, ("HD-1", 1), ("IR-1", 1), ("MX-1", 1))
    assert refused.value.groups == [
        {"warehouse": "宁波保税仓", "trade_mode": "1210", "skus": ["HD-1", "IR-1"]},
        {"warehouse": "香港仓", "trade_mode": "9610", "skus": ["MX-1"]},
    ]
    assert refused.value.short == []
    with pytest.raises(CannotShipTogether) as refused:
        make.quote(world.alice, ("HD-1", 1), ("MX-1", 2))
    assert refused.value.short == [{"sku": "MX-1", "wanted": 2, "available": 1}]
    assert refused.value.groups == [
        {"warehouse": "宁波保税仓", "trade_mode": "1210", "skus": ["HD-1"]},
    ]


@pytest.mark.django_db
def test_what_is_too_heavy_for_one_warehouses_parcel_goes_by_anothers():
    world = make.world()
    world.warehouse.parcel_limit_g = 900
    world.warehouse.save()
    with pytest.raises(TooHeavy) as refused:
        make.quote(world.alice, ("HD-1", 2))
    assert (refused.value.weight_g, refused.value.limit_g) == (1200, 900)
    assert refused.value.heavy == [{"sku": "HD-1", "wanted": 2, "at_most": 1}]
    second = make.warehouse(world.shop, "second", position=9)
    make.stock(second, world.dryer, 5)
    assert make.quote(world.alice, ("HD-1", 2)).warehouse == second


@pytest.mark.django_db
def test_goods_of_general_trade_are_kept_and_not_sold():
    world = make.world(on_hand=0)
    home = make.warehouse(world.shop, "shanghai", trade_mode="0110")
    make.stock(home, world.dryer, 5)
    with pytest.raises(CannotShipTogether):
        make.quote(world.alice, ("HD-1", 1))
