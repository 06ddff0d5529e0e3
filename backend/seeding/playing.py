"""Plays the stories of `lives.py` against a sandbox of its own, and keeps their moulds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.db import connection
from django.test import override_settings

from backend.chaos.shipping import CARRIERS
from backend.house import House
from backend.journey.client import Sandbox
from backend.seeding import moulds
from backend.seeding.demo import put_carriers
from backend.seeding.lives import STORIES, Player, Story
from backend.seeding.moulds import Mould
from backend.seeding.wares import Ware
from backend.supervisor import Supervisor
from inventory.models import Warehouse
from kernel.clock import now
from orders.models import Order
from storefronts.models import Storefront

Tell = Callable[[str, int, int], object]  # what, how many are done, of how many
SANDBOX = (
    "WECHAT_API_BASE",
    "WECHAT_PAY_BASE",
    "WECHAT_CUSTOMS_BASE",
    "FACEID_BASE",
    "PORT_BASE",
    "SIGN_BASE",
    "PORT_DATA_BASE",
    "SF_BASE",
    "KUAIDI100_BASE",
)


@contextmanager
def sandbox(house: House) -> Iterator[Sandbox]:
    """The outside parties for as long as the stories are played, in a hurry, and of this process alone."""
    child = house.wechat()
    with Supervisor(log=house.log) as running:
        running.start(replace(child, argv=[*child.argv, "--time-scale", "0.001"]))
        settings: dict[str, Any] = dict.fromkeys(SANDBOX, house.sandbox)
        with override_settings(**settings, CUSTOMS_SENDERS="stand_in", PUBLIC_BASE_URL="http://127.0.0.1:9"):
            yield Sandbox(house.sandbox)


def credentials(world: Path, code: str) -> dict[str, Any]:
    """What the sandbox's file says of one storefront."""
    told = json.loads(world.read_text(encoding="utf-8"))
    found: dict[str, Any] = next(one for one in told["storefronts"] if one["code"] == code)
    return found


def play(
    *,
    shop: Storefront,
    outside: Sandbox,
    keys: dict[str, Any],
    patterns: list[Ware],
    tell: Tell,
    stories: Sequence[Story] = STORIES,
) -> list[Mould]:
    """Every story once, each with a basket of its own; the moulds that they leave."""
    put_carriers(shop, CARRIERS, keys, now())
    with connection.cursor() as cursor:  # what a laptop loses with its power here is played again
        cursor.execute("SET synchronous_commit = off")
    made: list[Mould] = []
    for turn, story in enumerate(stories):
        skus = [patterns[(turn + more) % len(patterns)].sku for more in range(2)]
        several = story.__name__ in ("bought", "unpaid")
        basket = [(skus[0], 2), (skus[1], 1)] if several else [(skus[0], 2)]
        made += _played(story, shop, outside, keys, basket)
        tell("stories played", turn + 1, len(stories))
    return made


def _played(
    story: Story,
    shop: Storefront,
    outside: Sandbox,
    keys: dict[str, Any],
    basket: list[tuple[str, int]],
) -> list[Mould]:
    moulds.ask_no_more()
    first = moulds.marks()
    there: list[moulds.Marks] = []
    made: list[Mould] = []

    def keep(name: str) -> None:
        order = Order.objects.latest("id")
        buyer, rows = moulds.since(first, there[0]), moulds.without_others(moulds.since(there[0]))
        made.append(Mould(name, order.placed_at, stage.now(), buyer, rows, tuple(s for s, _ in basket)))

    stage = Player(
        shop=shop,
        sku=basket[0][0],
        sandbox=outside,
        served=False,
        credentials=keys,
        basket=basket,
        with_buyer=lambda: there.append(moulds.marks()),
        keep_as=keep,
    )
    stage.begin()
    story(stage)
    return made


def home(shop: Storefront) -> Warehouse:
    """The warehouse from which most is sold: the first one."""
    return Warehouse.objects.filter(storefront=shop).order_by("position", "id")[0]
