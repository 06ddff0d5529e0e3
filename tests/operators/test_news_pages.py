"""Templates of messages are added in the admin, to one's own storefront and none that would fail."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from customers.models import NewsTemplate
from tests import make
from tests.operators import rows

pytestmark = pytest.mark.django_db
FIELDS = {"character_string1": "order", "time2": "at", "thing3": "carrier"}


@pytest.fixture
def world() -> make.World:
    return make.world()


def enter(client, shop, role="owner"):
    client.force_login(rows.operator(f"the-{role}", shop, role), backend=rows.BACKEND)
    return client


def add(client, shop, occasion="shipped", fields=FIELDS, template_id="TPL-1"):
    form = {
        "storefront": shop.pk,
        "occasion": occasion,
        "template_id": template_id,
        "page": "pages/order?number={order}",
        "fields": json.dumps(fields),
    }
    return client.post(reverse("admin:customers_newstemplate_add"), form)


def test_an_owner_adds_a_template_and_mends_its_fields_but_not_its_number(client, world):
    enter(client, world.shop)
    assert add(client, world.shop).status_code == 302
    made = NewsTemplate.objects.get()
    assert (made.occasion, made.template_id, made.fields, made.active) == ("shipped", "TPL-1", FIELDS, True)
    form = {
        "page": "pages/parcels",
        "fields": json.dumps({"time2": "at"}),
        "active": "on",
        "template_id": "X",
    }
    address = reverse("admin:customers_newstemplate_change", args=[made.pk])
    assert client.post(address, form).status_code == 302
    made.refresh_from_db()
    assert (made.page, made.fields, made.template_id) == ("pages/parcels", {"time2": "at"}, "TPL-1")


@pytest.mark.parametrize(
    ("occasion", "fields"),
    [("shipped", {"name1": "order"}), ("cleared", FIELDS), ("shipped", {"thing1": "at"})],
)
def test_what_wechat_would_refuse_is_not_stored_and_the_page_says_why(client, world, occasion, fields):
    enter(client, world.shop)
    answer = add(client, world.shop, occasion, fields)
    assert (answer.status_code, NewsTemplate.objects.count()) == (200, 0)
    assert "字段不适用" in answer.content.decode()


def test_of_one_occasion_one_template_is_in_use(client, world):
    enter(client, world.shop)
    add(client, world.shop)
    answer = add(client, world.shop, template_id="TPL-2")
    assert "已存在相同的记录" in answer.content.decode() and "TPL-2" in answer.content.decode()
    assert list(NewsTemplate.objects.values_list("template_id", flat=True)) == ["TPL-1"]
    NewsTemplate.objects.update(active=False)
    assert add(client, world.shop, template_id="TPL-2").status_code == 302
    assert list(NewsTemplate.objects.filter(active=True).values_list("template_id", flat=True)) == ["TPL-2"]


def test_nobody_adds_one_to_another_storefront_and_an_auditor_to_none(client, world):
    other = make.storefront("swift")
    enter(client, world.shop)
    assert add(client, other).status_code in (200, 403)
    enter(client, world.shop, "auditor")
    assert add(client, world.shop).status_code == 403
    assert NewsTemplate.objects.count() == 0
