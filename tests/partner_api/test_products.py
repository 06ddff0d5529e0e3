"""Goods as a partner reads them may be sent back; one product is changed at once by who saw it as it is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.models import Product, Variant
from catalog.services.prices import cut_price
from kernel.models import Event
from tests import make
from tests.catalog.shelf import shelves
from tests.partner_api.test_catalogue import CREAM, LARGE, SERUM, code, sent
from tests.partners.calling import System, system
from tests.races.crowd import at_once

pytestmark = pytest.mark.django_db(transaction=True)
OF_PRODUCT = ("category", "brand", "name_zh", "name_en")


@pytest.fixture
def shop():
    shop = make.storefront()
    shelves(shop)
    return shop


@pytest.fixture
def broker(client, shop):
    return system(client, shop, "broker")


def body(*rows):
    """Rows of the bulk address as one product."""
    variants = [{k: v for k, v in row.items() if k not in (*OF_PRODUCT, "product_code")} for row in rows]
    return {**{name: rows[0][name] for name in OF_PRODUCT}, "variants": variants}


def put(caller, told, seen="", to="rose-serum"):
    return caller.send("PUT", f"products/{to}", told, **({"if_match": seen} if seen else {}))


def test_what_is_read_is_what_is_there_and_changes_nothing_when_it_is_sent_back(broker, client, shop):
    sent(broker, SERUM, LARGE, CREAM)
    now = make.present()
    told = {"name_zh": "秋季", "name_en": "Autumn", "starts_at": now, "ends_at": now + timedelta(days=1)}
    cut_price(storefront_id=shop.pk, sku="RS-50", price_fen=80_000, now=now, **told)
    first = broker.get("products?limit=1").json()
    second = broker.get(f"products?limit=1&cursor={first['next']}").json()
    assert ([row["product_code"] for row in first["items"]], second["next"]) == (["rose-serum"], None)
    (row,) = first["items"]
    assert (row["category"], row["brand"], row["state"]) == ("skincare", "aube", "draft")
    large = row["variants"][1]
    assert {name: large[name] for name in LARGE if name in large} == {
        name: value for name, value in LARGE.items() if name in large
    }
    assert (large["price_fen"], large["present_price_fen"], large["cut"]["price_fen"]) == (
        89_900,
        80_000,
        80_000,
    )
    one = broker.get("products/rose-serum")
    assert one.json() == row
    alone = broker.get("variants/RS-50")
    assert alone.json() == large
    assert alone["ETag"]
    slim = broker.get("products?fields=product_code,state&state=draft").json()["items"]
    assert slim == [{"product_code": name, "state": "draft"} for name in ("rose-serum", "rose-cream")]
    assert broker.get("products?state=published").json()["items"] == []
    assert code(broker.get("products?state=published&fields=secret")) == (422, "no_such_field")
    state = broker.get("products/rose-serum?fields=state")
    assert (state.json(), state["ETag"]) == ({"state": "draft"}, one["ETag"])  # good to change it with
    again = put(broker, row, one["ETag"])
    assert (again.status_code, again.json(), again["ETag"]) == (200, row, one["ETag"])
    assert Event.objects.filter(name="catalogue.imported").count() == 1
    other = system(client, make.storefront("swift"), "erp")
    assert other.get("products").json()["items"] == []
    for caller, where in (
        (other, "products/rose-serum"),
        (other, "variants/RS-50"),
        (broker, "variants/%00"),
    ):
        assert caller.get(where).status_code == 404
    carrier = system(client, shop, "carrier", name="a carrier")
    assert code(carrier.get("products")) == (403, "scope_missing")
    costs = []
    for many in (1, 100):
        with CaptureQueriesContext(connection) as queries:
            broker.get(f"products?limit={many}")
        costs.append(len(queries))
    assert costs[0] == costs[1] <= 9


def test_one_product_is_written_whole_at_once_by_who_saw_it_as_it_is(broker, shop):
    made = put(broker, body(SERUM, LARGE))
    assert (made.status_code, [v["sku"] for v in made.json()["variants"]]) == (201, ["RS-30", "RS-50"])
    assert code(put(broker, {"name_en": "Serum"})) == (428, "if_match_needed")
    assert code(put(broker, {"name_en": "Serum"}, '"other"')) == (412, "changed_since")
    changed = put(broker, {"name_en": "Serum", "product_code": "rose-serum"}, made["ETag"])
    assert (changed.status_code, changed.json()["name_en"]) == (200, "Serum")
    assert len(changed.json()["variants"]) == 2
    seen = changed["ETag"]
    bad = {
        "variants": [{"sku": "RS-30", "price_fen": 1_000}, {"sku": "RS-50", "hs_code": "1", "colour": "x"}]
    }
    refused = put(broker, bad, seen)
    assert code(refused) == (422, "import_refused")
    assert [(one["row"], one["column"]) for one in refused.json()["faults"]] == [(2, ""), (2, "hs_code")]
    assert Variant.objects.get(sku="RS-30").price_fen == SERUM["price_fen"]
    long = [
        {"sku": f"RS-{n}", "e_label_zh": "长" * 5_000} for n in range(10)
    ]  # beyond what other calls may send
    assert code(put(broker, {"variants": long}, seen)) == (422, "import_refused")
    for told in ([], {"variants": [1]}, {"variants": "x"}, {"variants": [{}] * 201}):
        assert code(put(broker, told, seen)) == (422, "invalid_fields")
    for told, to in (({"product_code": "x"}, "rose-serum"), ({}, "new-one"), (body(SERUM), "other")):
        assert code(put(broker, told, seen, to)) == (422, "import_refused")
    elsewhere = {"variants": [{"sku": "RS-30", "product_code": "other"}]}
    assert code(put(broker, elsewhere, seen)) == (422, "import_refused")
    assert [*Product.objects.values_list("code", flat=True)] == ["rose-serum"]
    prices = (91_000, 92_000, 93_000, 94_000)

    def at(price):
        def call():
            mine = System(type(broker.client)(), broker.issued, broker.storefront, broker.token)
            return put(mine, {"variants": [{"sku": "RS-30", "price_fen": price}]}, seen).status_code

        return call

    assert sorted(at_once([at(price) for price in prices])) == [200, 412, 412, 412]
    assert Variant.objects.get(sku="RS-30").price_fen in prices


def test_a_product_is_shown_and_taken_off_by_the_checks_of_the_admin(broker, shop):
    sent(broker, SERUM, {**CREAM, "e_label_zh": ""})
    assert code(broker.post("products/rose-cream/publish")) == (409, "product_not_ready")
    assert code(broker.post("products/nothing/publish")) == (404, "product_not_found")
    shown = broker.post("products/rose-serum/publish").json()
    assert shown["state"] == "published"
    assert broker.get("products?state=published&fields=product_code").json()["items"] == [
        {"product_code": "rose-serum"}
    ]
    assert code(broker.post("products/rose-serum/publish")) == (409, "wrong_state")
    off = broker.post("products/rose-serum/withdraw", {"reason": "sold out in Europe"}).json()
    assert off["state"] == "withdrawn"
    facts = Event.objects.get(name="product.withdrawn").facts
    assert (facts["by"], facts["reason"]) == ("partner:Ningbo WMS", "sold out in Europe")
