"""Payments are tested against WeChat's stand-in: a real process with keys of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from backend.chaos.stage import Stage
from backend.journey.client import Sandbox
from tests import keeping, make, stepping
from tests.stand_in import StandIn, storefront_in
from tests.stepping import patching
from wechat.errors import ResourceNotExist


@pytest.fixture
def wechat(stand_in_process: StandIn, settings: Any) -> StandIn:
    """The stand-in, empty, and the product told to call it."""
    stand_in_process.control("reset")
    stepping.outside(stand_in_process)
    for name in ("WECHAT_API_BASE", "WECHAT_PAY_BASE", "WECHAT_CUSTOMS_BASE"):
        setattr(settings, name, stand_in_process.url)
    return stand_in_process


@pytest.fixture
def world(wechat: StandIn, db: None) -> make.World:
    """A storefront known to the stand-in, with stock, and Alice ready to buy."""
    made: make.World = keeping.again(f"payments {wechat.url}", lambda: made_world(wechat))
    return made


def made_world(wechat: StandIn) -> make.World:
    shop = storefront_in(wechat)
    place = make.warehouse(shop)
    dryer, iron = make.variant(shop, "HD-1", 10_000), make.variant(shop, "IR-1", 5_000)
    make.stock(place, dryer)
    make.stock(place, iron)
    return make.World(shop, place, dryer, iron, make.buyer(shop, now=make.present()))


@pytest.fixture
def stage(wechat: StandIn, world: make.World) -> Stage:
    """The house as faults are tried in it; no web takes notifications in."""
    return Stage(shop=world.shop, sku="HD-1", sandbox=Sandbox(wechat.url), served=False)


@pytest.fixture
def quiet() -> Iterator[None]:
    """WeChat is not asked here: a refund stays accepted until the test tells its end."""
    with patching("quiet") as patch:
        patch.setattr("payments.tasks.send_accepted", lambda event: None)
        yield


@pytest.fixture
def wechat_knows_nothing() -> Iterator[None]:
    """Asked before a refund is asked for anew, WeChat has never seen the old one."""

    def unseen(client: object, number: str) -> None:
        raise ResourceNotExist(call="refund_query", wechat_code="RESOURCE_NOT_EXISTS", request_id="")

    with patching("unseen") as patch:
        patch.setattr("payments.services.refund_verbs.query", unseen)
        yield
