"""Whatever a list's address asks for is answered, sent on or refused, never fails; what it offers works."""

from __future__ import annotations

from collections import Counter
from copy import copy

import pytest
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import SuspiciousOperation
from django.db import transaction
from django.http import QueryDict
from django.urls import reverse
from django.utils.http import urlencode

from catalog.models import Product
from inventory.models import Warehouse
from operators.lists import Listed
from operators.navigation import PAGES
from tests.operators import rows
from tests.operators.full import full_world
from tests.operators.test_walk import MODELS, detail_url, enter, list_url

pytestmark = pytest.mark.django_db

HUGE, FAR = "9" * 40, "99999-12-31"
# What no number, day, page or text can be; what nobody offers; what would be guessed letter by letter.
WORST = ("\0", "x" * 3_000, HUGE, "-1", "2026-02-30", FAR, "[", "²", "1e999", "\ud800", "😀")
NEVER = ("pk__in", "price_fen__regex", "name__icontains", "nothing__here")
NAMES = ("q", "p", "o", "all", "state", "category__id__exact", *NEVER)

ASKED = (
    "q",
    "day",
    "days",
    "storefront",
    "shop",
    "first",
    "last",
    "month",
    "variant",
    "case",
    "area",
    "kind",
)


def test_no_list_fails_at_what_its_address_asks_for_and_a_choice_of_each_filter_works(client):
    full_world()
    enter(client, rows.operator("platform", is_superuser=True))
    began = client.get(list_url(MODELS[0])).wsgi_request
    told: Counter[str] = Counter()

    def asked(page, query):
        """The list for this address, without its drawing; "" where it is sent on or refused."""
        request = copy(began)
        request.GET = QueryDict(query)
        try:
            with transaction.atomic():
                shown = page.get_changelist_instance(request)
                list(shown.result_list)
                told["answered"] += 1
                return [list(one.choices(shown)) for one in shown.filter_specs], shown
        except (IncorrectLookupParameters, SuspiciousOperation) as answer:
            told[type(answer).__name__] += 1
            return None

    for model in MODELS:
        page = admin.site._registry[model]
        offered, shown = asked(page, "")
        assert asked(page, urlencode({"q": HUGE})), model
        for choices, filter in zip(offered, shown.filter_specs, strict=True):
            last = choices[-1]["query_string"]
            assert asked(page, last.removeprefix("?")), (model, last)
            for name in filter.expected_parameters():
                asked(page, urlencode({name: HUGE}))
                asked(page, urlencode({name: FAR}))
    product = admin.site._registry[Product]
    for name in NAMES:
        for value in WORST:
            found = asked(product, urlencode({name: value.encode("utf-8", "surrogatepass")}))
            assert not (found and name in NEVER), name
    assert told["answered"] > 900 and told["DisallowedModelAdminLookup"] > 40
    assert told["IncorrectLookupParameters"] > 100


def test_nor_does_a_file_of_a_list_a_row_s_page_or_the_words_that_complete(client):
    world = full_world()[0]
    enter(client, rows.operator("platform", is_superuser=True))
    assert isinstance(admin.site._registry[Warehouse], Listed)
    for asked, status in (({"active__exact": "x"}, 302), ({"code__regex": "x"}, 400), ({"p": HUGE}, 200)):
        taken = client.get(f"{list_url(Warehouse)}download/", asked)
        assert taken.status_code == status, asked
    url = list_url(Product)
    for asked in ({"category__id__exact": "x"}, {"p": "-1"}, {"q": "\0"}, {"pk__in": "1"}):
        assert client.get(url, asked).status_code in (200, 302, 400), asked
    member = {"app_label": "storefronts", "model_name": "membership", "field_name": "operator"}
    for term in ("\0", HUGE, "x" * 3_000):
        completed = client.get(reverse("admin:autocomplete"), {**member, "term": term, "page": HUGE})
        assert completed.status_code in (200, 400, 403, 404), term
    for pk in ("\0", HUGE, "-1", "x", "²"):
        row = detail_url(Product, world.dryer.product_id).replace(str(world.dryer.product_id), pk)
        assert client.get(row).status_code in (302, 404), pk
    for name in PAGES:
        for asked in ("\0", HUGE, FAR, "x"):
            found = client.get(reverse(name), dict.fromkeys(ASKED, asked))
            assert found.status_code in (200, 302, 400, 404), (name, asked)
    assert client.get(reverse("admin:search"), {"s": "\0"}).status_code in (200, 400)
