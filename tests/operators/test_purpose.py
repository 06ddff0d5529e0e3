"""Every page says in a sentence what it is for; an empty list says what to do first."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.urls import reverse
from django.utils.html import escape

from operators.navigation import PAGES
from operators.purpose import pages
from tests import make
from tests.operators import rows

pytestmark = pytest.mark.django_db


def test_every_page_has_its_sentence_in_both_languages_and_none_is_left_over():
    beside = {"index", "admin:bring_in", "admin:first_password"}
    wanted = {model._meta.label for model in admin.site._registry} | set(PAGES) | beside
    assert set(pages()) == wanted
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
    for key, url in (
        ("index", reverse("admin:index")),
        ("work", reverse("work")),
        ("admin:customs_tax", reverse("admin:customs_tax")),
        ("inventory.Warehouse", reverse("admin:inventory_warehouse_changelist")),
        ("inventory.Warehouse", reverse("admin:inventory_warehouse_add")),
        ("inventory.Warehouse", row),
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
