"""Carriers are tested against the stand-in, a real process that verifies every signature."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from redis import Redis

from inventory import services as inventory
from logistics.models import Parcel, Shipment
from orders.models import Order
from tests import keeping, make
from tests.logistics import shipping
from tests.logistics.parts import issue, pack
from tests.payments.conftest import wechat
from tests.stand_in import StandIn, storefront_in
from tests.stepping import step

__all__ = ["wechat"]


@pytest.fixture
def carriers(wechat: StandIn, settings: Any) -> StandIn:
    """The stand-in as SF and as kuaidi100, and the product told to call it."""
    settings.SF_BASE = settings.KUAIDI100_BASE = wechat.url
    return wechat


@pytest.fixture
def world(db: None) -> make.World:
    return make.world()


@pytest.fixture
def house(carriers: StandIn, world: make.World) -> make.World:
    """A storefront with accounts that the stand-in knows."""
    told = carriers.world["storefronts"][0]
    shipping.sf(world.shop, secret=told["sf_check_word"], customer_code=told["sf_partner"])
    shipping.kuaidi100(world.shop, secret=told["kuaidi100_key"], customer_code=told["kuaidi100_customer"])
    return world


@pytest.fixture
def known(carriers: StandIn, redis: Redis, db: None) -> make.World:
    """A storefront that the stand-in knows, at WeChat and at SF, with Alice ready to buy now."""
    made: make.World = keeping.again(f"known {carriers.url}", lambda: made_known(carriers))
    return made


def made_known(carriers: StandIn) -> make.World:
    shop = storefront_in(carriers)
    place = make.warehouse(shop)
    dryer, iron = make.variant(shop, "HD-1", 10_000), make.variant(shop, "IR-1", 5_000)
    make.stock(place, dryer)
    make.stock(place, iron)
    told = carriers.world["storefronts"][0]
    shipping.sf(shop, secret=told["sf_check_word"], customer_code=told["sf_partner"])
    return make.World(shop, place, dryer, iron, make.buyer(shop, now=make.present()))


@pytest.fixture
@step
def shipment(world) -> Shipment:
    """Of general trade: three dryers of two lots and an iron, paid."""
    inventory.set_on_hand(warehouse=world.warehouse, variant=world.dryer, on_hand=0, by="t", now=make.NOW)
    make.lot(world.warehouse, world.dryer, 5, "LATE", expires_on=date(2029, 1, 1))
    make.lot(world.warehouse, world.dryer, 2, "SOON", expires_on=date(2028, 1, 1))
    shipping.sf(world.shop)
    made = shipping.shipment(world, ("HD-1", 3), ("IR-1", 1))
    Order.objects.update(trade_mode="0110")
    return made


@pytest.fixture
@step
def two(shipment) -> tuple[Parcel, Parcel]:
    """Two dryers and the iron in the first parcel, one dryer in the second; both weighed and labelled."""
    first = pack(shipment, {"HD-1": 2, "IR-1": 1}, nth=1)
    second = pack(shipment, None, nth=2)
    for parcel in (first, second):
        issue(parcel)
    Shipment.objects.update(state="labelled")
    return Parcel.objects.get(pk=first.pk), Parcel.objects.get(pk=second.pk)
