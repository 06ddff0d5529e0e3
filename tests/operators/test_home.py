"""The first page counts one's own storefronts alone, leads to what it counts, and asks equally often."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from kernel.cases import open_case
from kernel.clock import now
from kernel.models import Delivery, Event
from logistics.models import Shipment
from logistics.services.shipments import open_shipment
from operators.dashboard import PLUMBING
from orders.models import Order
from payments.models import Refund
from tests import make
from tests.operators import rows
from tests.payments.bill_files import refunded

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make.world()


def home(client, operator, language="en"):
    client.force_login(operator, backend=rows.BACKEND)
    return client.get(reverse("admin:index"), headers={"accept-language": language})


def figures(answer):
    return {str(card["title"]): card["count"] for card in answer.context["cards"]}


def late_delivery(order, minutes):
    event = Event.objects.create(
        storefront_id=order.storefront_id,
        name="order.tested",
        key=f"test:{order.pk}",
        seq=1,
        at=now() - timedelta(minutes=minutes),
    )
    Delivery.objects.create(event=event, handler=f"test.{minutes}", key=event.key, next_try_at=now())


def filled(world):
    """Two orders of today, an older one; one paid and not left; two cases and refunds, a late event, SKUs."""
    ages = (timedelta(), timedelta(), timedelta(days=3))
    orders = [make.order(world.alice, ("HD-1", 1)) for _ in ages]
    for order, age in zip(orders, ages, strict=True):
        Order.objects.filter(pk=order.pk).update(placed_at=now() - age)
    Order.objects.filter(pk=orders[0].pk).update(state="paid", paid_at=now(), transaction_id="42")
    for order, state in zip(orders, ("abnormal", "processing"), strict=False):
        refunded(make.payment(order), refund_id=f"503{order.pk}")
        Refund.objects.filter(order=order).update(state=state)
    made = open_shipment(order=Order.objects.get(pk=orders[0].pk), now=now())
    Shipment.objects.filter(pk=made.pk).update(ship_by=now().date() - timedelta(days=2))
    Delivery.objects.all().delete()
    late_delivery(orders[0], 2)
    late_delivery(orders[1], 0)
    open_case(storefront_id=world.shop.pk, kind="payment.late", key="x", title="t", facts={}, now=now())
    open_case(storefront_id=world.shop.pk, kind="bill.late", key="b", title="t", facts={}, now=now())
    make.stock(world.warehouse, make.variant(world.shop, "FEW-1", 100), 10)
    make.stock(world.warehouse, make.variant(world.shop, "MANY-1", 100), 11)
    return orders


def test_the_figures_are_those_of_ones_own_storefronts(client, world):
    filled(world)
    owner = figures(home(client, rows.operator("owner", world.shop)))
    assert owner == {
        "Orders today": 2,
        "To pay": 2,
        "Paid today": 1,
        "Open cases": 2,
        "Open cases of bills": 1,
        "Refunds to attend to": 1,
        "Events not delivered after a minute": 1,
        "Orders not left by their day": 1,
        "SKUs with 10 pieces or fewer": 1,
    }
    stranger = figures(home(client, rows.operator("stranger", make.storefront("swift"))))
    assert stranger == dict.fromkeys(owner, 0)


def test_each_figure_leads_to_a_list_of_as_many_rows(client, world):
    filled(world)
    for card in home(client, rows.operator("owner", world.shop)).context["cards"]:
        answer = client.get(card["url"])
        assert answer.status_code == 200, card
        assert answer.context["cl"].result_count == card["count"], card


def test_the_number_of_statements_does_not_grow(client, world):
    owner = rows.operator("owner", world.shop)
    home(client, owner)

    def taken():
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse("admin:index")).status_code == 200
        return len(queries)

    before = taken()
    filled(world)
    assert taken() == before <= 13


def test_plumbing_is_not_on_the_first_page_and_still_has_its_pages(client, world):
    answer = home(client, rows.operator("platform", is_superuser=True), "zh-CN")
    shown = {m["model"]._meta.label for app in answer.context["app_list"] for m in app["models"]}
    assert shown & PLUMBING == set()
    assert "orders.Order" in shown
    assert client.get(reverse("admin:orders_couponclaim_changelist")).status_code == 200
    html = answer.content.decode()
    assert [word for word in ("今日下单", "待办事项", "登录记录", "全部数据表") if word not in html] == []
    assert "access log" not in html.lower()
