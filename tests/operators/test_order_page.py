"""The order's page tells the whole story, and asks equally often however long it is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from compliance.services.disclosure import disclose
from kernel.cases import open_case
from kernel.clock import now
from kernel.ids import uuid7
from logistics.models import Parcel, ParcelLine, Shipment
from orders.models import Order
from tests import make
from tests.operators import rows
from tests.operators.full import full_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def made():
    world, found = full_world()
    return world, found["order"]


def page(order):
    return reverse("admin:orders_order_change", args=[order.pk])


def enter(client, world):
    client.force_login(rows.operator("olga", world.shop), backend=rows.BACKEND)


def look(client, world, order, language="en"):
    enter(client, world)
    return client.get(page(order), headers={"accept-language": language})


def titles(answer):
    return [str(table["title"]) for table in answer.context["story"]]


def test_clearance_parcels_returns_and_disclosures_stand_on_the_page(client, made):
    world, order = made
    disclose(
        storefront_id=world.shop.pk,
        subject_id=order.subject_id,
        order_number=order.number,
        recipient_kind="carrier",
        recipient="SF",
        country="CN",
        purpose="deliver",
        basis="contract",
        fields=["consignee_name"],
        now=now(),
    )
    answer = look(client, world, order)
    assert {"Clearance", "Parcels", "Returns", "Lines (CNY)", "Payments", "History"} <= set(titles(answer))
    assert any(title.startswith("To whom personal data") for title in titles(answer))
    html = answer.content.decode()
    assert f"{order.number}-1" in html
    assert (
        reverse("admin:logistics_parcel_change", args=[Parcel.objects.get(shipment__order=order).pk]) in html
    )


def test_the_way_names_where_the_order_stands_and_what_is_not_yet(client, made):
    world, order = made
    Shipment.objects.filter(order=order).update(dispatched_at=None, delivered_at=None)
    Order.objects.filter(pk=order.pk).update(paid_at=now(), state="paid", transaction_id="42")
    way = look(client, world, order).context["way"]
    assert [str(one["title"]) for one in way if one["now"]] == ["Released"]
    assert [str(one["title"]) for one in way if not one["done"]][-2:] == ["Left", "Delivered"]


def test_an_order_that_ended_shows_how_and_no_station_that_never_comes(client, made):
    world, _ = made
    order = make.order(world.alice, ("HD-1", 1))
    Order.objects.filter(pk=order.pk).update(state="cancelled", closed_at=now(), closing_reason="consumer")
    way = look(client, world, order).context["way"]
    assert [(str(one["title"]), one["done"]) for one in way] == [("Placed", True), ("cancelled", True)]


def test_what_waits_stands_first_and_leads_to_the_queue(client, made):
    world, order = made
    case = open_case(
        storefront_id=world.shop.pk,
        kind="customs.rejected",
        key=order.event_key,
        title="t",
        facts={},
        now=now() - timedelta(days=1),
    )
    answer = look(client, world, order)
    assert titles(answer)[0] == "To do"
    assert f"{reverse('work')}?case={case.pk}" in answer.content.decode()


def test_the_page_asks_equally_often_however_much_happened(client, made):
    world, order = made

    def statements():
        with CaptureQueriesContext(connection) as queries:
            assert client.get(page(order)).status_code == 200
        return len([one for one in queries if " ROLE" not in one["sql"]])

    enter(client, world)
    client.get(page(order))
    few = statements()
    first = Parcel.objects.get(shipment__order=order)
    for n in range(2, 9):
        line = first.lines.first()
        first.pk, first.public_id, first.own_number = None, uuid7(), f"{order.number}-{n}"
        first.waybill, first.state = f"SF-{n}", "cancelled"  # taken back: an import list holds one parcel
        first.save()
        ParcelLine.objects.create(
            storefront=world.shop, parcel=first, line=line.line, lot=line.lot, quantity=line.quantity
        )
        open_case(
            storefront_id=world.shop.pk,
            kind=f"tracking.lost_{n}",
            key=first.event_key,
            title="t",
            facts={},
            now=now(),
        )
        first = Parcel.objects.get(own_number=f"{order.number}-1")
    assert statements() == few
    assert few <= 25
