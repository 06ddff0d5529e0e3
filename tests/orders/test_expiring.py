"""Orders whose time to pay is over are closed one by one: what fails in one keeps no other open."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kernel.models import Case
from orders.services import closing
from orders.services.closing import begin_closing, expire_due
from tests import make

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("end", ["mended", "cancelled"])
def test_one_that_fails_as_nobody_foresaw_stops_no_other_and_its_case_settles_once_it_is_over(
    monkeypatch, end
):
    world = make.world()
    first, second = make.order(world.alice, ("HD-1", 1)), make.order(world.alice, ("HD-1", 1))
    later = max(first.expires_at, second.expires_at) + timedelta(seconds=1)
    really = closing.begin_closing

    def poison(*, order, reason, now):
        if order.pk == first.pk:
            raise ZeroDivisionError("13800138000")
        really(order=order, reason=reason, now=now)

    monkeypatch.setattr(closing, "begin_closing", poison)
    assert expire_due(now=later) == 1
    for order in (first, second):
        order.refresh_from_db()
    assert (first.state, second.state) == ("placed", "closing")
    case = Case.objects.get(kind="order.failing")
    assert (case.key, case.state, case.storefront_id) == (first.event_key, "open", world.shop.pk)
    assert case.facts == {"order": first.number, "error": "ZeroDivisionError"}
    assert expire_due(now=later + timedelta(seconds=59)) == 0
    case.refresh_from_db()
    assert (case.seen, case.state) == (1, "open")
    later += timedelta(minutes=1)
    assert expire_due(now=later) == 0
    case.refresh_from_db()
    assert (case.seen, case.state) == (2, "open")
    if end == "mended":
        monkeypatch.setattr(closing, "begin_closing", really)
    else:
        begin_closing(order=first, reason="cancelled", now=later)
    assert expire_due(now=later + timedelta(minutes=2)) == (1 if end == "mended" else 0)
    case.refresh_from_db()
    assert (case.state, case.settled_by, case.note) == ("settled", "system", "it is over")


def test_one_at_the_head_that_always_fails_starves_none_behind_it(monkeypatch):
    world = make.world()
    bad = make.order(world.alice, ("HD-1", 1))
    good = make.order(world.alice, ("HD-1", 1), now=make.NOW + timedelta(seconds=1))
    later = good.expires_at + timedelta(seconds=1)
    really = closing.begin_closing

    def poison(*, order, reason, now):
        if order.pk == bad.pk:
            raise ZeroDivisionError
        really(order=order, reason=reason, now=now)

    monkeypatch.setattr(closing, "begin_closing", poison)
    assert [expire_due(now=later, limit=1) for _ in range(2)] == [0, 1]
    good.refresh_from_db()
    assert good.state == "closing"
    assert Case.objects.get(kind="order.failing").key == bad.event_key
