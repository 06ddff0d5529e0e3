"""A form that is sent twice is one wish: what it receives, corrects or moves is moved once."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from inventory.models import Count, Lot, Stock
from tests import make
from tests.operators import rows
from tests.operators.test_walk import enter
from tests.races.crowd import at_once

pytestmark = pytest.mark.django_db(transaction=True)
RECEIVED = {"pieces": "7", "code": "X", "expires_on": "2028-01-01", "inbound_list": "QD1"}


@pytest.fixture
def world():
    return make.world(on_hand=0)


@pytest.fixture
def packer(client, world):
    enter(client, rows.operator("packer", world.shop, "fulfilment"))
    return client


def form(client, url: str) -> str:
    """The number that the form carries."""
    found = re.search(r'name="once" value="([^"]+)"', client.get(url).content.decode())
    assert found is not None
    return found[1]


def receiving(world) -> str:
    stock = Stock.objects.get(variant=world.dryer)
    return reverse("admin:inventory_stock_step", args=[stock.pk, "receive"])


def test_goods_of_a_form_that_was_sent_twice_are_received_once(packer, world):
    url = receiving(world)
    sent = {**RECEIVED, "once": form(packer, url)}
    assert [packer.post(url, sent).status_code for _ in range(2)] == [302, 302]
    assert Lot.objects.get().on_hand == 7
    assert packer.post(url, {**RECEIVED, "once": form(packer, url)}).status_code == 302
    assert Lot.objects.get().on_hand == 14  # a form of its own is another wish


def test_pieces_found_are_added_once(packer, world):
    packer.post(receiving(world), RECEIVED)
    url = reverse("admin:inventory_lot_step", args=[Lot.objects.get().pk, "adjust"])
    sent = {"pieces": "3", "reason": "found", "once": form(packer, url)}
    for _ in range(2):
        packer.post(url, sent)
    assert Lot.objects.get().on_hand == 10


def test_a_form_that_says_something_else_the_second_time_is_refused(packer, world):
    url = receiving(world)
    sent = {**RECEIVED, "once": form(packer, url)}
    packer.post(url, sent)
    told = packer.post(url, {**sent, "pieces": "70"})
    assert "该幂等键已用于其他请求" in told.content.decode()
    assert Lot.objects.get().on_hand == 7


def test_a_form_that_was_refused_may_be_sent_again_corrected(packer, world):
    url = receiving(world)
    sent = {**RECEIVED, "once": form(packer, url)}
    wrong = packer.post(url, {**sent, "pieces": "0"})
    assert wrong.status_code == 200
    assert sent["once"] in wrong.content.decode()
    assert packer.post(url, sent).status_code == 302
    assert Lot.objects.get().on_hand == 7


def test_the_number_of_a_form_is_worth_nothing_to_another_operator(packer, client, world):
    url = receiving(world)
    sent = {**RECEIVED, "once": form(packer, url)}
    packer.post(url, sent)
    enter(client, rows.operator("second", world.shop, "fulfilment"))
    client.post(url, sent)
    assert Lot.objects.get().on_hand == 14


def test_of_a_form_sent_twice_in_one_instant_the_goods_are_received_once(packer, world):
    url = receiving(world)
    sent = {**RECEIVED, "once": form(packer, url)}
    cookies = packer.cookies

    def send() -> int:
        other = Client()
        other.cookies = cookies
        return other.post(url, sent).status_code

    assert set(at_once([send] * 4)) <= {200, 302}
    assert Lot.objects.get().on_hand == 7


def test_an_add_form_that_was_sent_twice_adds_once_and_leads_to_the_same_place(client, world):
    enter(client, rows.operator("owner", world.shop))
    url = "/admin/inventory/count/add/"
    sent = {"warehouse": world.warehouse.pk, "note": "yearly", "once": form(client, url)}
    first, second = client.post(url, sent), client.post(url, sent)
    assert (first.status_code, second.status_code) == (302, 302)
    assert first.headers["Location"] == second.headers["Location"]
    assert Count.objects.count() == 1
    client.post(url, {**sent, "once": form(client, url)})
    assert Count.objects.count() == 2  # a form of its own is another wish
