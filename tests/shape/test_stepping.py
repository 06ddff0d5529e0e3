"""A step that was done once is put there, and only where everything it depends on is the same."""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass, field

import pytest
import requests
from django.db import connection

from customers.models import Address
from storefronts.models import Storefront
from tests import make, stepping
from tests.payments.conftest import wechat  # noqa: F401 -- a fixture
from tests.stand_in import StandIn

pytestmark = pytest.mark.django_db


class Walk:
    """Counts how often a step is done."""

    def __init__(self) -> None:
        self.times = 0

        @stepping.step
        def renamed(shop: Storefront, name: str) -> Storefront:
            self.times += 1
            shop.name = name
            shop.save()
            Address.objects.all().delete()
            return shop

        self.renamed = renamed


def begun(walk: Walk, name: str = "Maison Lyon") -> Storefront:
    """A world that is the same each time, and the step upon it."""
    world = make.world()
    assert Address.objects.count() == 1
    answer = walk.renamed(world.shop, name)
    assert answer is world.shop
    assert (world.shop.name, Storefront.objects.get().name, Address.objects.count()) == (name, name, 0)
    return world.shop


@pytest.fixture(scope="module")
def walk() -> Walk:
    return Walk()


@pytest.mark.parametrize("time", [1, 2, 3])
def test_it_is_done_twice_and_put_there_then(walk: Walk, time: int) -> None:
    begun(walk)
    assert walk.times == min(time, 2)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("time", [1, 2])
def test_it_is_put_there_where_a_test_commits_too(walk: Walk, time: int) -> None:
    before = walk.times
    begun(walk)
    assert walk.times == before


def test_told_of_something_else_it_is_done(walk: Walk) -> None:
    before = walk.times
    begun(walk, "Maison Nice")
    assert walk.times == before + 1


def test_where_any_row_is_another_it_is_done(walk: Walk) -> None:
    before, world = walk.times, make.world()
    world.warehouse.name = "elsewhere"
    world.warehouse.save()
    walk.renamed(world.shop, "Maison Lyon")
    assert walk.times == before + 1


def test_under_other_settings_it_is_done(walk: Walk, settings) -> None:
    before = walk.times
    settings.PUBLIC_BASE_URL = "https://other.test"
    begun(walk)
    assert walk.times == before + 1


def test_where_a_test_has_patched_anything_it_is_done_each_time(walk: Walk, monkeypatch) -> None:
    before = walk.times
    monkeypatch.setattr("tests.make.NAMES", {})
    begun(walk)
    assert walk.times == before + 1


told: list[str] = []


@stepping.step
def spoilt(stand_in: StandIn) -> None:
    told.append(stand_in.url)
    stand_in.control("switches", call="query", mode="500", times=7)


def spoils(stand_in: StandIn) -> list[int]:
    switches = requests.get(f"{stand_in.url}/sandbox/switches", timeout=15).json()["switches"]
    return [one["times"] for one in switches]


@pytest.mark.parametrize("time", [1, 2, 3])
def test_what_it_changes_at_the_stand_in_is_put_there_too(wechat: StandIn, time: int) -> None:  # noqa: F811
    make.world()
    spoilt(wechat)
    assert (spoils(wechat), len(told)) == ([7], min(time, 2))


def test_where_the_stand_in_was_called_before_it_is_done(wechat: StandIn) -> None:  # noqa: F811
    make.world()
    before = len(told)
    wechat.control("switches", call="query", mode="500", times=3)
    spoilt(wechat)
    assert (spoils(wechat), len(told)) == ([3, 7], before + 1)


@stepping.step
def spoilt_within(stand_in: StandIn) -> None:
    spoilt(stand_in)


@pytest.mark.parametrize("time", [1, 2, 3, 4])
def test_what_an_act_within_it_put_at_the_stand_in_is_put_there_with_it(wechat: StandIn, time: int) -> None:  # noqa: F811
    make.world()
    spoilt_within(wechat)
    assert spoils(wechat) == [7]


def test_where_a_test_takes_another_role_by_itself_it_is_done() -> None:
    @stepping.step
    def asks() -> str:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user")
            return str(cursor.fetchone()[0])

    assert [asks() for _ in range(3)] == ["owner"] * 3
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE web")
        assert asks() == "web"
        cursor.execute("RESET ROLE")


@dataclass
class Box:
    """Stands in for somebody that an act tells something."""

    letters: list[str] = field(default_factory=list)


def box() -> Box:
    raise NotImplementedError


@stepping.step
def posts() -> None:
    box().letters.append("a letter")


@pytest.mark.parametrize("time", [1, 2, 3])
def test_who_stands_in_for_another_has_been_told_it_too(time: int) -> None:
    ours = Box()
    with stepping.patching("box", ours) as patch:
        patch.setattr(sys.modules[__name__], "box", lambda: ours)
        posts()
        posts()
    assert ours.letters == ["a letter"] * 2


def test_another_thread_does_it_itself(walk: Walk) -> None:
    done = []
    step = stepping.step(lambda: done.append(1))
    for _ in range(2):
        thread = threading.Thread(target=step)
        thread.start()
        thread.join()
    assert done == [1, 1]
