"""Every model has a page; a page shows its own storefront's rows, a stranger's none, and never a secret."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import escape

from operators import paging
from operators.base import Scoped
from operators.lists import Listed
from operators.navigation import PAGES
from operators.scope import PLATFORM, SHARED
from tests import make
from tests.operators import rows
from tests.operators.full import full_world

pytestmark = pytest.mark.django_db

# Django's own plumbing: permissions and content types are not used here.
WITHOUT_A_PAGE = {"contenttypes.ContentType", "auth.Permission"}
MODELS = sorted((m for m in apps.get_models() if m in admin.site._registry), key=lambda m: m._meta.label)
OWNED = [m for m in MODELS if admin.site._registry[m].scope_path not in (PLATFORM, SHARED)]


# Their tables stay small, whatever is sold: tariff and law, years of people, batches, what sites entered.
SMALL = {
    "compliance.PositiveListLine",
    "compliance.AllowanceAccount",
    "settlement.SettlementBatch",
    "customs.WarehouseEntry",
}


def reads_all(sql):
    """Whether a filter looks for the values that there are, or each shipment is asked for its events."""
    asks = "logistics_shipment" in sql and "kernel_event" in sql
    return sql.startswith("SELECT DISTINCT") or asks


def names(models):
    return {"argvalues": models, "ids": [m._meta.label for m in models]}


def list_url(model):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def detail_url(model, pk):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[pk])


@pytest.fixture
def world():
    return full_world()[0]


def enter(client, operator):
    client.force_login(operator, backend=rows.BACKEND)
    return client


def test_every_model_has_a_page_on_the_scoped_class():
    registered = {m._meta.label for m in admin.site._registry}
    tables = {m._meta.label for m in apps.get_models() if not m._meta.proxy}
    assert tables - registered == WITHOUT_A_PAGE
    assert [m for m, page in admin.site._registry.items() if not isinstance(page, Scoped)] == []


def test_the_walk_has_a_row_of_every_model_that_a_storefront_owns(client, world):
    enter(client, rows.operator("owner", world.shop))
    empty = [m._meta.label for m in OWNED if not client.get(list_url(m)).context["cl"].result_count]
    assert empty == []


def test_a_stranger_sees_nothing_in_any_list_and_no_page_of_any_row(client, world):
    enter(client, rows.operator("stranger", make.storefront("swift")))
    seen = {}
    for model in MODELS:
        answer = client.get(list_url(model))
        if answer.status_code == 403:
            continue
        page = admin.site._registry[model]
        own = {world.shop.pk} if page.scope_path != SHARED else set()
        shown = [row for row in answer.context["cl"].result_list if page.scope_path != SHARED]
        for row in shown:
            # What a stranger does see belongs to the stranger's own storefront.
            mine = page.narrow(answer.wsgi_request, model._default_manager.filter(pk=row.pk))
            assert mine.exists() and not own & {getattr(row, "storefront_id", None)}
            seen[model._meta.label] = len(shown)
        if page.scope_path in (PLATFORM, SHARED):
            continue
        foreign = model._default_manager.exclude(pk__in=[row.pk for row in shown])
        assert foreign.exists(), model
        for pk in foreign.values_list("pk", flat=True):
            for url in (detail_url(model, pk), detail_url(model, pk).replace("/change/", "/history/")):
                assert client.get(url).status_code in (302, 403, 404), url
            posted = client.post(detail_url(model, pk), {"name": "taken over"})
            assert posted.status_code in (302, 403, 404)
    assert seen == {
        "storefronts.BrandCompany": 1,
        "storefronts.Storefront": 1,
        "storefronts.LegalParty": 6,
        "storefronts.MerchantAccount": 1,
        "storefronts.PlatformKey": 1,
        "storefronts.KeyFetch": 1,
        "storefronts.Operator": 1,
        "storefronts.Membership": 1,
        "storefronts.OperatorSession": 1,
        "compliance.DataKey": 1,
    }


def test_an_operator_without_a_storefront_sees_no_page_at_all(client, world):
    enter(client, rows.operator("nobody"))
    assert {client.get(list_url(m)).status_code for m in MODELS} == {403}


def test_a_consumer_of_the_door_without_staff_rights_is_sent_to_the_log_in(client, world):
    enter(client, rows.operator("outside", world.shop, is_staff=False))
    answer = client.get(list_url(MODELS[0]))
    assert answer.status_code == 302
    assert "/admin/login/" in answer["Location"]


@pytest.mark.parametrize(("who", "language"), [("owner", "zh-CN"), ("platform", "en")])
def test_no_page_shows_a_sealed_byte_or_a_plain_personal_datum(client, world, who, language):
    chosen = (
        rows.operator("owner", world.shop) if who == "owner" else rows.operator("platform", is_superuser=True)
    )
    enter(client, chosen)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = language
    visited = 0
    for name in PAGES:
        page = client.get(reverse(name))
        assert [text for text in rows.SECRET_TEXTS if text in page.content.decode()] == [], name
    for model in MODELS:
        answer = client.get(list_url(model))
        if answer.status_code == 403 and who == "owner":
            assert admin.site._registry[model].scope_path == PLATFORM
            continue
        assert answer.status_code == 200, model
        pages = [(list_url(model), answer)]
        if isinstance(admin.site._registry[model], Listed):
            url = list_url(model) + "download/"
            taken = client.get(url)
            assert "csv" in taken["Content-Type"], url
            found = [text for text in rows.SECRET_TEXTS if text in b"".join(taken).decode()]
            assert found == [], url
        for row in list(answer.context["cl"].result_list)[:2]:
            url = detail_url(model, row.pk)
            pages.append((url, client.get(url)))
            assert pages[-1][1].status_code == 200, url
        if len(pages) > 1:
            url = pages[-1][0].replace("/change/", "/history/")
            pages.append((url, client.get(url)))
        for url, page in pages:
            html = page.content.decode()
            found = [text for text in rows.SECRET_TEXTS if text in html or escape(text) in html]
            assert found == [], url
            visited += 1
    assert visited > 60


def test_the_number_of_statements_of_a_list_does_not_grow_with_its_rows(client, world):
    enter(client, rows.operator("platform", is_superuser=True))

    def counts():
        found = {}
        for model in MODELS:
            with CaptureQueriesContext(
                connection,
            ) as queries:
                answer = client.get(list_url(model))
            assert answer.status_code == 200
            # Once a minute a session says that it is used: in whichever list that is.
            asked = [q for q in queries if " ROLE" not in q["sql"] and not q["sql"].startswith("UPDATE")]
            found[model._meta.label] = len(asked)
            if model._meta.label not in SMALL:
                assert [q["sql"] for q in asked if reads_all(q["sql"])] == [], model
        return found

    counts()
    before = counts()
    for round in (1, 2, 3):
        rows.fill(world, round)
    after = counts()
    assert after == before
    assert max(after.values()) <= 8
    assert {m: n for m, n in after.items() if n > 6} == {}


def test_an_order_page_takes_as_many_statements_for_many_lines_as_for_few(client, world):
    enter(client, rows.operator("owner", world.shop))
    make.stock(world.warehouse, make.variant(world.shop, "Y-1", 3_000))
    make.stock(world.warehouse, make.variant(world.shop, "Y-2", 3_000))
    few = make.order(world.alice, ("HD-1", 1))
    many = make.order(world.alice, ("HD-1", 1), ("IR-1", 2), ("Y-1", 1), ("Y-2", 1))
    taken = []
    for order in (few, few, many):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(detail_url(type(order), order.pk)).status_code == 200
        taken.append(len(queries))
    assert taken[1] == taken[2] <= 25


def test_a_list_of_more_rows_than_anyone_turns_pages_for_says_so_and_is_not_changed_as_a_whole(
    client, world, monkeypatch
):
    enter(client, rows.operator("owner", world.shop))
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    model = next(m for m in MODELS if m._meta.label == "kernel.Event")
    whole = client.get(list_url(model))
    found = whole.context["cl"].result_count
    assert found > 3 and "more than" not in whole.content.decode()
    monkeypatch.setattr(paging, "MOST", 3)
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(list_url(model))
    assert (answer.context["cl"].result_count, answer.context["cl"].paginator.more) == (3, True)
    assert "more than 3: filter or search" in answer.content.decode()
    counts = [one["sql"] for one in queries if "COUNT(*)" in one["sql"] and "kernel_event" in one["sql"]]
    assert counts and all("LIMIT 4" in one for one in counts)
    monkeypatch.setattr(paging, "MOST", found)
    assert client.get(list_url(model)).context["cl"].paginator.told == f"{found:,}"


def test_more_rows_than_were_counted_are_not_acted_on_at_once(client, world, monkeypatch):
    enter(client, rows.operator("owner", world.shop))
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    model = next(m for m in MODELS if m._meta.label == "catalog.Product")
    assert model._default_manager.count() > 1
    sent = {"action": "withdraw", "select_across": "1", ACTION_CHECKBOX_NAME: "1"}
    monkeypatch.setattr(paging, "MOST", 1)
    answer = client.post(list_url(model), sent, follow=True)
    assert [str(one) for one in answer.context["messages"]] == ["More than 1 rows: filter them first"]


def test_an_order_is_found_by_its_number_its_payment_and_its_goods(client, world):
    enter(client, rows.operator("owner", world.shop))
    order = make.order(world.alice, ("HD-1", 1))
    other = make.order(world.alice, ("IR-1", 1))
    payment = make.payment(order)
    type(payment).objects.filter(pk=payment.pk).update(transaction_id="4200000000202611270000000009")
    url = list_url(type(order))

    def found(text):
        return {row.number for row in client.get(url, {"q": text}).context["cl"].result_list}

    for text in (order.number, payment.out_trade_no, "4200000000202611270000000009"):
        assert found(text) == {order.number}, text
    assert order.number in found("HD-1") and other.number not in found("HD-1")
    assert found("no-such-thing") == set()
