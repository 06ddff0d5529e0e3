"""Every page says in a sentence what it is for; an empty list says what to do first."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.urls import URLResolver, get_resolver, reverse
from django.utils.html import escape

from kernel import jobs
from operators.navigation import PAGES
from operators.purpose import page_named, pages
from tests import make
from tests.operators import rows

pytestmark = pytest.mark.django_db


# Addresses behind which no page is: they send on, answer with a file or with pieces of a page.
NO_PAGE = {
    *("set_language", "goods_export", "admin:account_end", "admin:leave", "admin:view_on_site"),
    *("admin:jsi18n", "admin:autocomplete", "admin:search", "admin:settlement_batch_kept"),
    *("admin:orders_order_consignees", "admin:logistics_parcel_show_label"),
    *("admin:storefronts_membership_bring_in", "admin:storefronts_membership_new_password"),
    *("admin:login", "admin:logout"),  # before and after anybody is in
}


def addresses(patterns=None, prefix="", space=""):
    """The names of the admin's addresses; one without a name is sent on to one that has."""
    for one in get_resolver().url_patterns if patterns is None else patterns:
        route = f"{prefix}{one.pattern}"
        if isinstance(one, URLResolver):
            yield from addresses(one.url_patterns, route, f"{one.namespace}:" if one.namespace else space)
        elif route.startswith("admin/") and one.name and not one.name.endswith("_download"):
            yield f"{space}{one.name}"


def test_every_address_of_the_admin_says_what_it_is_for_and_no_sentence_is_left_over():
    names = {*addresses()}
    assert len(names) > 500 and names >= NO_PAGE
    assert {name for name in names - NO_PAGE if page_named(name) is None} == set()
    assert {name for name in NO_PAGE if page_named(name) is not None} == set()
    own = {key for key in pages() if key in names}
    assert {*PAGES} <= own
    models = {model._meta.label for model in admin.site._registry}
    assert set(pages()) == models | own | {"index", "history", "delete"}


def test_every_sentence_is_one_in_both_languages():
    for key, page in pages().items():
        assert page.zh.endswith("。") and page.en.endswith("."), key
        assert page.en.isascii() and not page.zh.isascii(), key
        assert bool(page.first_zh) == bool(page.first_en), key


@pytest.mark.parametrize(("language", "own"), [("zh-hans", "zh"), ("en", "en")])
def test_it_stands_on_lists_rows_forms_and_pages_of_their_own(client, language, own):
    world = make.world()
    client.force_login(rows.operator("root", is_superuser=True), backend=rows.BACKEND)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = language
    row = reverse("admin:inventory_warehouse_change", args=[world.warehouse.pk])
    shop, keys = world.shop.pk, "admin:storefronts_storefront_merchant"
    job = jobs.queue(storefront_id=shop, kind="catalogue.check", arguments={"name": "x"}, by="", now=make.NOW)
    for key, url in (
        ("index", reverse("admin:index")),
        ("work", reverse("work")),
        ("admin:customs_tax", reverse("admin:customs_tax")),
        ("inventory.Warehouse", reverse("admin:inventory_warehouse_changelist")),
        ("inventory.Warehouse", reverse("admin:inventory_warehouse_add")),
        ("inventory.Warehouse", row),
        ("history", row.replace("/change/", "/history/")),
        ("admin:account", reverse("admin:account")),
        ("admin:enrol", reverse("admin:enrol")),
        ("admin:password_change", reverse("admin:password_change")),
        ("admin:password_change_done", reverse("admin:password_change_done")),
        ("admin:app_list", reverse("admin:app_list", args=["inventory"])),
        ("goods_import_one", reverse("goods_import_one", args=[job.public_id])),
        (keys, reverse(keys, args=[shop])),
        ("admin:settlement_position", reverse("admin:settlement_position")),
        ("admin:recipients", reverse("admin:recipients")),
    ):
        sentence = escape(getattr(pages()[key], own))
        assert client.get(url).content.decode().count(f'id="purpose">{sentence}</p>') == 1, url


def test_an_empty_list_says_what_to_do_first_and_an_emptied_one_how_to_undo_it(client):
    world = make.world()
    client.force_login(rows.operator("owner", world.shop), backend=rows.BACKEND)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    coming = client.get(reverse("admin:returns_returnrequest_changelist")).content.decode()
    assert pages()["returns.ReturnRequest"].first_en in coming and "Nothing matches" not in coming
    kept = client.get(reverse("admin:logistics_trackingevent_changelist")).content.decode()
    assert "The system keeps these by itself" in kept
    none = client.get(reverse("admin:inventory_warehouse_changelist"), {"q": "no such"}).content.decode()
    assert "Nothing matches" in none and pages()["inventory.Warehouse"].first_en not in none
