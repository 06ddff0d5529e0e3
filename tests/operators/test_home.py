"""The first page counts one's own storefronts alone, leads to what it counts, and asks equally often."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from inventory.models import BookItem, Stock
from kernel.cases import open_case
from kernel.clock import now, shanghai_day
from kernel.models import Delivery, Event
from logistics.models import Shipment
from logistics.services.shipments import open_shipment
from operators.dashboard import PLUMBING
from operators.first_steps import PARTIES
from orders.models import Order
from payments.models import Refund
from reporting.models import Day
from reporting.services import count_marked, mark
from storefronts.models import LegalParty, Membership
from tests import make
from tests.operators import rows
from tests.payments.bill_files import refunded

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make.world()


def home(client, operator, language="en", **asked):
    client.force_login(operator, backend=rows.BACKEND)
    return client.get(reverse("admin:index"), asked, headers={"accept-language": language})


def figures(answer, part="cards"):
    return {str(card["title"]): card["count"] for card in answer.context[part]}


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
    then = now() - timedelta(days=8)
    open_case(storefront_id=world.shop.pk, kind="bill.late", key="b", title="t", facts={}, now=then)
    make.stock(world.warehouse, make.variant(world.shop, "FEW-1", 100), 10)
    make.stock(world.warehouse, make.variant(world.shop, "MANY-1", 100), 11)
    mark(storefront_id=world.shop.pk, days=[shanghai_day(now())])
    count_marked(now=now())
    return orders


WAITS = {
    "To pay": 2,
    "To ship": 1,
    "Orders not left by their day": 1,
    "In clearance": 0,
    "Rejected by customs": 0,
    "To refund": 2,
    "Refunds to attend to": 1,
    "Returns to attend to": 0,
    "Open cases of bills": 1,
    "SKUs with 10 pieces or fewer": 1,
    "Events not delivered after a minute": 1,
}
TODAY = {
    "Sales today": "¥109.10",
    "Paid today": 1,
    "Orders today": 2,
    "Refunded today": "¥0.00",
    "Quotes that were paid": "-",
}


def test_the_figures_are_those_of_ones_own_storefronts(client, world):
    filled(world)
    answer = home(client, rows.operator("owner", world.shop))
    assert (figures(answer, "figures"), figures(answer), figures(answer, "ages")) == (
        TODAY,
        WAITS,
        {"today": 1, "1–2 days": 0, "3–6 days": 0, "7 days and more": 1},
    )
    stranger = home(client, rows.operator("stranger", make.storefront("swift")))
    assert figures(stranger) == dict.fromkeys(WAITS, 0)
    assert set(figures(stranger, "figures").values()) == {"¥0.00", 0, "-"}
    assert [chart["data"] for chart in stranger.context["charts"]] == [""] * 5


def test_each_figure_leads_to_a_list_of_as_many_rows(client, world):
    filled(world)
    context = home(client, rows.operator("owner", world.shop)).context
    for card in [*context["cards"], *context["ages"], *context["figures"][1:3]]:
        answer = client.get(card["url"])
        assert answer.status_code == 200, card
        assert answer.context["cl"].result_count == card["count"], card


def test_of_several_storefronts_one_can_be_chosen_and_no_strangers(client, world):
    filled(world)
    other, stranger = make.storefront("swift"), make.storefront("third")
    owner = rows.operator("owner", world.shop)
    Membership.objects.create(operator=owner, storefront=other, role="owner")
    both = home(client, owner)
    assert figures(both) == WAITS
    assert [name for _, name in both.context["choice"].storefronts] == ["maison", "swift"]
    for asked, expected in (
        (world.shop.pk, WAITS),
        (other.pk, dict.fromkeys(WAITS, 0)),
        (stranger.pk, WAITS),
    ):
        answer = home(client, owner, storefront=asked)
        assert figures(answer) == expected, asked
    for card in home(client, owner, storefront=world.shop.pk).context["cards"]:
        assert client.get(card["url"]).context["cl"].result_count == card["count"], card


def test_each_role_sees_what_concerns_it(client, world):
    filled(world)

    def seen(role):
        context = home(client, rows.operator(role, world.shop, role)).context
        return {str(card["title"]) for card in [*context["figures"], *context["cards"], *context["charts"]]}

    packer, finance, merchandiser = seen("fulfilment"), seen("finance"), seen("merchandiser")
    assert "To ship" in packer
    assert "Sales today" not in packer
    assert "Forex position at the end of the day" in finance
    assert not {title for title in packer | merchandiser if "Forex" in title}
    assert "To ship" not in finance
    assert seen("auditor") == seen("owner")


def test_the_charts_show_the_days_asked_for(client, world):
    filled(world)
    owner = rows.operator("owner", world.shop)
    Day.objects.create(
        storefront=world.shop,
        day=shanghai_day(now()) - timedelta(days=8),
        counted_at=now(),
        **{"paid_fen": 5_000, "quotes": 4, "quotes_ordered": 2, "quotes_paid": 1},
        **{"released": 3, "clearance": {"6": 2, "60": 1}, "returns_asked": 1},
    )
    for span, long in ((7, 7), (30, 30), (90, 90), ("1000000", 30), ("x", 30)):
        charts = home(client, owner, days=span).context["charts"]
        drawn = [json.loads(chart["data"]) for chart in charts if chart["data"]]
        assert {len(one["labels"]) for one in drawn} == {long}, span
        assert len(drawn) == (1 if span == 7 else 4), span
    sales, conversion, clearance, returns = ([s["data"][-9] for s in one["datasets"]] for one in drawn)
    assert (sales, conversion, returns) == ([50.0, 0.0], [50.0, 25.0], [1, 0])
    assert [round(hours, 2) for hours in clearance] == [1.08, 10.08]
    axes = [json.loads(chart["options"])["scales"]["y"]["ticks"] for chart in charts]
    assert [axis.get("precision") for axis in axes[:4]] == [None, None, None, 0]  # no half of a return


def test_a_new_brand_is_led_step_by_step_until_somebody_orders(client, world):
    owner, new = rows.operator("owner", world.shop), make.storefront("swift")
    founder = rows.operator("founder", new)

    def steps(who):
        return home(client, who).context["first_steps"]

    begun = steps(owner)
    assert [client.get(step["url"]).status_code for step in begun] == [200] * 11
    carer = rows.operator("carer", world.shop, "customer_service")
    assert [bool(step["url"]) for step in steps(carer)] == [True, False] + [True] * 4 + [False] + [True] * 4
    [next_one] = [n for n, step in enumerate(begun) if step["next"]]
    assert next_one == [step["done"] for step in begun].index(False)
    assert [step["done"] for step in begun].count(True) >= 3
    LegalParty.objects.filter(storefront=new).delete()
    for role in PARTIES[:-1]:
        LegalParty.objects.create(storefront=new, role=role, name=role, country="CN")
    assert (steps(founder)[0]["done"], steps(founder)[0]["next"]) == (False, True)
    LegalParty.objects.create(storefront=new, role=PARTIES[-1], name="x", country="CN")
    assert (steps(founder)[0]["done"], steps(founder)[0]["next"]) == (True, False)

    def done(who, label):
        [found] = [one["done"] for one in steps(who) if one["url"].split("?")[0].endswith(f"/{label}/")]
        return found

    assert not done(founder, "bookitem") and not done(founder, "stock")
    make.warehouse(new, "kowloon", trade_mode="9610")
    assert done(founder, "bookitem")  # nothing is to be filed
    place = make.warehouse(new)
    assert not done(founder, "bookitem")
    sku = make.variant(new, "SW-1", 10_000)
    make.stock(place, sku, 5)
    assert done(founder, "stock")
    BookItem.objects.get_or_create(
        storefront=new, warehouse=place, variant=sku, defaults={"item_no": "1", "record_no": "R1"}
    )
    assert done(founder, "bookitem")
    Stock.objects.filter(storefront=new).update(stopped=True)
    assert not done(founder, "stock")  # pieces are there and none is sold
    filled(world)
    assert steps(owner) == [] and steps(founder) != []


def test_the_number_of_statements_does_not_grow(client, world):
    owner = rows.operator("owner", world.shop)
    home(client, owner)

    def taken():
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse("admin:index")).status_code == 200
        return len(queries)

    before = taken()
    filled(world)
    few = taken()
    for n in range(40):
        open_case(storefront_id=world.shop.pk, kind="t.t", key=f"{n}", title="t", facts={}, now=now())
        Day.objects.create(
            storefront=world.shop, day=shanghai_day(now()) - timedelta(days=n + 1), counted_at=now(), paid=n
        )
    assert (before, few, taken()) == (8, 7, 7)  # the first steps are one


def test_plumbing_is_not_on_the_first_page_and_still_has_its_pages(client, world):
    answer = home(client, rows.operator("platform", is_superuser=True), "zh-CN")
    shown = {m["model"]._meta.label for app in answer.context["app_list"] for m in app["models"]}
    assert shown & PLUMBING == set()
    assert "orders.Order" in shown
    assert client.get(reverse("admin:orders_couponclaim_changelist")).status_code == 200
    html = answer.content.decode()
    assert [word for word in ("今日下单", "待办事项", "登录记录", "全部数据表") if word not in html] == []
    assert "access log" not in html.lower()
