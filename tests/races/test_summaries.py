"""A day that moves while it is being counted, or rebuilt, is counted again."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import transaction

from kernel.clock import shanghai_day
from reporting import services, truth
from reporting.models import Day, StaleDay
from reporting.services import count, count_marked, mark
from tests import make
from tests.races.crowd import at_once
from tests.reporting import life
from tests.waiting import somebody_waits

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = shanghai_day(make.NOW)


def news(world, *, before=lambda: None):
    """An order is placed and committed; then its event reaches reporting."""
    before()
    life.placed(world, make.NOW)
    for delivery in life.unheard():
        life.hear(delivery)


def looks_late(monkeypatch, looked: threading.Event, told: threading.Event):
    """Who counts has read the truth, and writes it down later."""
    real = truth.figures

    def figures(**asked):
        found = real(**asked)
        looked.set()
        told.wait(timeout=20)
        return found

    monkeypatch.setattr(services.truth, "figures", figures)


def test_a_mark_that_is_taken_away_after_the_count_loses_what_came_meanwhile(monkeypatch):
    world, looked, told = make.world(), threading.Event(), threading.Event()
    mark(storefront_id=world.shop.pk, days=[TODAY])
    looks_late(monkeypatch, looked, told)

    def count_naively():
        with transaction.atomic():
            count(storefront_id=world.shop.pk, day=TODAY, now=make.NOW)
            StaleDay.objects.all().delete()

    def tell():
        news(world, before=lambda: looked.wait(timeout=20))
        told.set()

    assert at_once([count_naively, tell]) == [None, None]
    assert (Day.objects.get().placed, StaleDay.objects.count()) == (0, 0)


@pytest.mark.parametrize("rebuilt", [False, True])
def test_who_marks_a_day_that_is_being_counted_waits_and_it_is_counted_again(monkeypatch, rebuilt):
    world, looked, told = make.world(), threading.Event(), threading.Event()
    mark(storefront_id=world.shop.pk, days=[TODAY])
    looks_late(monkeypatch, looked, told)

    def count_it():
        if rebuilt:
            services.mark_all(storefront_id=world.shop.pk, first=TODAY, last=TODAY, now=make.NOW)
        return count_marked(now=make.NOW)

    def wait_for_waiting():
        looked.wait(timeout=20)
        while not somebody_waits():
            told.wait(timeout=0.01)
        told.set()

    answers = at_once(
        [count_it, lambda: news(world, before=lambda: looked.wait(timeout=20)), wait_for_waiting]
    )
    assert answers == [1, None, None]
    assert (Day.objects.get().placed, StaleDay.objects.count()) == (0, 1)
    assert count_marked(now=make.NOW) == 1
    assert Day.objects.get().placed == 1


def test_a_day_is_counted_by_one_of_two_workers():
    world = make.world()
    mark(storefront_id=world.shop.pk, days=[TODAY, TODAY + timedelta(days=1)])
    answers = at_once([lambda: count_marked(now=make.NOW)] * 2)
    assert sum(answers) == 2
    assert Day.objects.count() == 2
