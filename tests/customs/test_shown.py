"""Whoever sees at the port what no receipt told enters it, once, and it has the receipt's effect."""

# ruff: noqa: F811 -- fixtures of another module

from __future__ import annotations

from datetime import timedelta

import pytest

from customs.services.shown import KnownLater, NotShown, enter_shown
from kernel.clock import SHANGHAI
from kernel.models import Case, Event
from tests import stepping
from tests.customs import port as ports
from tests.customs.port import declaration
from tests.customs.test_declaring import LIST_NO, answer, listed, port, ready  # noqa: F401
from tests.customs.test_undoing_pages import page, step
from tests.operators import rows
from tests.operators.test_walk import enter
from tests.races.crowd import at_once

pytestmark = pytest.mark.django_db(transaction=True)

NUMBER = LIST_NO["invtNo"]


@pytest.fixture
@stepping.step
def lost(port, ready):
    """A list with customs, accepted; its release will never be told."""
    order, at = ready
    at = listed(port, at)
    answer(port, order, at, "120", **LIST_NO)
    return order, ports.go_on(at + timedelta(seconds=2))


def show(order, at, status: str = "800", **more) -> None:
    told = {
        "status": status,
        "list_no": NUMBER,
        "shown_at": at,
        "by": "mei",
        "note": "单一窗口",
        "now": at,
    } | more
    enter_shown(declaration=declaration(order), **told)


def test_a_release_that_was_seen_at_the_port_is_one_and_its_late_receipt_changes_nothing(port, lost):
    order, at = lost
    show(order, at)
    order.refresh_from_db()
    assert (declaration(order).state, order.gate) == ("released", "after_release")
    event = Event.objects.get(name="customs_declaration.shown")
    assert (event.facts["by"], event.facts["note"]) == ("mei", "单一窗口")
    answer(port, order, at - timedelta(minutes=5), "800", **LIST_NO)
    ports.go_on(at + timedelta(seconds=9), 2)
    assert Event.objects.filter(name="customs.released").count() == 1
    assert not Case.objects.filter(state="open").exists()


def test_two_who_enter_it_at_once_release_once(lost):
    order, at = lost
    answers = at_once([lambda: show(order, at)] * 2)
    assert sorted(type(one) for one in answers if one is not None) == [KnownLater]
    assert Event.objects.filter(name="customs.released").count() == 1


@pytest.mark.parametrize(
    "wrong",
    [{"status": "100"}, {"status": "3"}, {"status": "x"}, {"shown_at": None}],
)
def test_what_is_no_status_of_a_list_or_is_still_to_come_is_refused(lost, wrong):
    order, at = lost
    if "shown_at" in wrong:
        wrong = {"shown_at": at + timedelta(seconds=1)}
    with pytest.raises(NotShown):
        show(order, at, **wrong)
    assert declaration(order).state == "accepted"


def test_of_a_list_that_customs_refused_nothing_is_entered(port, lost):
    order, at = lost
    answer(port, order, at, "100", "原因不明", **LIST_NO)
    at = ports.go_on(at + timedelta(seconds=2))
    with pytest.raises(KnownLater):
        show(order, at)
    assert declaration(order).state == "rejected"


def test_what_customs_said_later_stands(lost):
    order, at = lost
    with pytest.raises(KnownLater, match="120"):
        show(order, at, shown_at=at - timedelta(days=1), now=at)


def test_an_officer_enters_it_on_the_page_and_others_do_not(client, lost):
    order, at = lost
    url = step(order, "shown")
    now = at.astimezone(SHANGHAI) - timedelta(hours=1)
    told = {"status": "501", "list_no": NUMBER, "shown_at": f"{now:%Y-%m-%d %H:%M:%S}", "note": "单一窗口"}
    enter(client, rows.operator("other", order.storefront, "customer_service"))
    assert client.post(url, told).status_code in {403, 404}
    enter(client, rows.operator("officer", order.storefront, "compliance"))
    assert "录入口岸显示的状态" in page(client, order)
    assert client.post(url, told | {"list_no": ""}).status_code == 200
    assert declaration(order).state == "accepted"
