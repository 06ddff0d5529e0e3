"""A reader of English sees no Chinese label; an address that makes no sense filters nothing."""

from __future__ import annotations

import csv
import re
from collections import Counter

import pytest
from django.contrib.admin import site
from django.test import RequestFactory
from django.utils import translation

from operators.names import _FILE, plural, state_name
from storefronts.models import Operator
from tests import make

HAN = re.compile(r"[\u4e00-\u9fff]|^(SKU|ERP|id)$")
HOUSE = (
    "kernel",
    "compliance",
    "storefronts",
    "catalog",
    "customers",
    "shopfront",
    "inventory",
    "orders",
    "payments",
    "logistics",
    "customs",
    "settlement",
    "returns",
    "partners",
    "reporting",
)


@pytest.mark.django_db
@pytest.mark.parametrize(("language", "label"), [("en", "Username"), ("zh-CN", "用户名")])
def test_the_log_in_page_speaks_one_language(client, language, label):
    page = client.get("/admin/login/", headers={"Accept-Language": language}).content.decode()
    found = re.findall(r"<label[^>]*>\s*([^<]+?)\s*<", page)
    assert label in " ".join(found)


@pytest.mark.django_db
@pytest.mark.parametrize("query", ["storefront=%C2%B2", "state=nonsense", "storefront=99999999999999999999"])
def test_a_filter_that_makes_no_sense_filters_nothing(client, query):
    make.world()
    operator = Operator.objects.create_superuser("looker", password="a-password-for-looking-1")
    client.force_login(operator, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(f"/admin/orders/order/?{query}").status_code == 200


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("settlement batch", "settlement batches"),
        ("category", "categories"),
        ("survey", "surveys"),
        ("copy of personal data", "copies of personal data"),
        ("answer to a complaint", "answers to a complaint"),
        ("evidence", "evidence"),
    ],
)
def test_the_plural_of_a_name_is_english(one, many):
    assert plural(one) == many


def test_every_name_stands_once_and_in_both_languages():
    with _FILE.open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    assert [row for row in rows if len(row) != len(head) or not all(row[:3])] == []
    twice = [key for key, times in Counter((row[0], row[1]) for row in rows).items() if times > 1]
    assert twice == []


def of_the_house():
    """Each model that has pages, with the fields that they show."""
    request = RequestFactory().get("/")
    request.user = Operator(is_superuser=True)
    for model, page in site._registry.items():
        if model.__module__.startswith(HOUSE):
            shown = {
                *page.get_fields(request),
                *page.get_fields(request, model()),
                *page.get_list_display(request),
                *(getattr(one, "parameter_name", one) for one in page.get_list_filter(request)),
            }
            yield model, [field for field in model._meta.concrete_fields if field.name in shown]


def test_no_page_shows_a_chinese_reader_a_field_a_help_or_a_state_in_english():
    english = []
    with translation.override("zh-hans"):
        for model, fields in of_the_house():
            for field in fields:
                told = [str(field.verbose_name), str(field.help_text) or "无"]
                told += [state_name(value, name, model._meta.label) for value, name in field.choices or ()]
                english += [(model._meta.label, field.name, text) for text in told if not HAN.search(text)]
    assert english == [], str(english)


def test_a_filter_over_a_few_words_offers_them_in_the_readers_language():
    request = RequestFactory().get("/")
    request.user = Operator(is_superuser=True)
    plain = [
        (model._meta.label, name)
        for model, page in site._registry.items()
        for name in page.get_list_filter(request)
        if isinstance(name, str) and any(f.name == name and f.choices for f in model._meta.concrete_fields)
    ]
    assert plain == []
