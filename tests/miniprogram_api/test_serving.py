"""Maintenance stops what sells and nothing that a consumer has or is owed; a version too old is told so."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kernel.models import Event
from miniprogram_api.urls import endpoints
from shopfront.services.previews import preview_token
from storefronts.queries import forget_kept
from storefronts.services.serving import BadServing, begin_maintenance, end_maintenance, set_minimum_version
from tests import make
from tests.miniprogram_api.conftest import Phone

# Whoever adds an address decides on which side it stands.
SELLS = {
    *("home GET", "categories GET", "brands GET", "products GET", "products/<slug:code> GET"),
    "products/<slug:code>/reviews GET",
    *("promotions GET", "promotions/<slug:code> GET"),
    *("cart GET", "cart/lines/<sku:sku> PUT", "cart/lines/<sku:sku> DELETE"),
    *("coupons GET", "coupons/<slug:code> GET", "coupons/<slug:code>/claim POST"),
    *("checkout GET", "quotes POST", "quotes/<uuid:token> GET", "orders POST"),
}
GOES_ON = {
    *(
        "me/reviews GET",
        "me/reviews/open GET",
        "me/reviews/<uuid:id> DELETE",
        "me/reviews/<uuid:id>/more POST",
    ),
    *("orders/<number:number>/reviews POST", "orders/<number:number>/reviews/pictures POST"),
    *("reviews/rules GET", "reviews/pictures/<uuid:id> GET"),
    *("shop GET", "session POST", "session DELETE", "parties GET"),
    *(
        "me GET",
        "me PUT",
        "me/summary GET",
        "me/phone POST",
        "me/phone DELETE",
        "me/addresses GET",
        "me/addresses POST",
    ),
    *(f"me/addresses/<uuid:id> {method}" for method in ("GET", "PUT", "DELETE")),
    *("me/identity GET", "me/identity PUT", "me/allowance GET", "me/identity/reuse POST"),
    *(f"me/identity/share {method}" for method in ("GET", "POST", "DELETE")),
    *("me/consents GET", "me/consents/<slug:kind> PUT", "me/consents/<slug:kind> DELETE"),
    *("me/subscriptions GET", "me/subscriptions POST", "me/disclosures GET"),
    *("me/notices/<slug:kind> GET", "me/notices/<slug:kind> PUT"),
    *(
        "me/data GET",
        "me/exports GET",
        "me/exports POST",
        "me/limit PUT",
        "me/limit DELETE",
        "me/closing POST",
    ),
    *("exports/<slug:secret> GET", "exports/<slug:secret> POST", "divisions GET", "risk-notice GET"),
    *("orders GET", "orders/<number:number> GET", "orders/<number:number>/parcels GET"),
    *("orders/<number:number>/receipt POST", "orders/<number:number>/price GET"),
    *("orders/<number:number>/cancel POST", "orders/<number:number>/address PUT"),
    *("orders/<number:number>/orderer GET", "orders/<number:number>/orderer PUT"),
    *("orders/<number:number>/orderer/refund POST", "orders/<number:number>/payment POST"),
    *("orders/<number:number>/payment/sync POST", "orders/<number:number>/returns POST"),
    *("orders/<number:number>/returns/again POST", "orders/<number:number>/returns/options GET"),
    *("orders/<number:number>/returns/quote POST", "orders/<number:number>/returns/pictures POST"),
    "orders/<number:number>/returns/pictures/<uuid:id> GET",
    *("returns GET", "returns/<number:number> GET"),
    *(
        f"returns/<number:number>/{step} POST"
        for step in ("way", "appeal", "withdraw", "dispute", "accept", "replacement")
    ),
}


def test_each_address_is_decided_on() -> None:
    found: dict[bool, set[str]] = {True: set(), False: set()}
    for one in endpoints:
        door = one.callback.cls
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            if hasattr(door, method.lower()):
                found[method in door.sells].add(f"{one.pattern} {method}")
        assert all(hasattr(door, method.lower()) for method in door.sells), one
    assert found == {True: SELLS, False: GOES_ON}


def test_what_sells_stops_with_the_brands_own_sentence_and_the_rest_goes_on(
    anyone: Phone, alice: Phone, world: make.World
) -> None:
    shop, now = world.shop.pk, make.present()
    order = make.order(world.alice, ("HD-1", 1), now=now)
    assert anyone.get("home").status_code == alice.get("orders").status_code == 200
    with CaptureQueriesContext(connection) as before:
        alice.get("orders")
    until = now + timedelta(minutes=10)
    begin_maintenance(
        storefront_id=shop,
        zh="盘点中，稍后回来。",
        en="Counting our shelves.",
        until=until,
        by="mei",
        now=now,
    )
    forget_kept()
    for phone, method, path in (
        *((anyone, "GET", path) for path in ("home", "products", "products/p-hd-1", "brands")),
        *((anyone, "HEAD", "categories"), (alice, "GET", "cart"), (alice, "POST", "quotes")),
        *((alice, "POST", "orders"), (alice, "POST", "coupons/WELCOME/claim")),
    ):
        answer = phone.call(method, path, {} if method == "POST" else None)
        assert answer.status_code == 503, path
        assert 590 <= int(answer["Retry-After"]) <= 600
    told = anyone.get("home", Accept_Language="en")
    assert told["Content-Type"] == "application/problem+json"
    assert told.json()["type"] == "/problems/shop_maintenance"
    assert told.json()["title"] == "Counting our shelves."
    assert told.json()["text"] == {"zh": "盘点中，稍后回来。", "en": "Counting our shelves."}
    assert anyone.get("home").json()["title"] == "盘点中，稍后回来。"
    state = anyone.get("shop").json()["maintenance"]
    assert state["text"]["en"] == "Counting our shelves." and state["until"].startswith(
        f"{until:%Y-%m-%dT%H}"
    )
    for path in (f"orders/{order.number}", "orders", "me/data", "me/exports", "returns", "parties", "me"):
        assert alice.get(path).status_code == 200, path
    paying = alice.post(f"orders/{order.number}/payment/sync").json()
    assert paying.get("code") != "shop_maintenance"
    with CaptureQueriesContext(connection) as after:
        alice.get("orders")
    assert len(after) == len(before)  # it costs no statement
    token = preview_token(storefront_id=shop, now=now)
    assert anyone.get(f"home?preview={token}").status_code == 200  # who furnishes it goes on, too
    assert anyone.get("home?preview=x").status_code == 422
    end_maintenance(storefront_id=shop, by="mei", now=now)
    forget_kept()
    assert anyone.get("home").status_code == 200
    assert anyone.get("shop").json()["maintenance"] is None
    names = Event.objects.filter(key=f"shop:{shop}").values_list("name", flat=True)
    assert list(names.order_by("seq")) == ["storefront.maintenance_began", "storefront.maintenance_ended"]


def test_without_a_known_end_one_may_ask_again_in_five_minutes(anyone: Phone, world: make.World) -> None:
    now = make.present()
    begin_maintenance(storefront_id=world.shop.pk, zh="维护", en="Works", until=None, by="mei", now=now)
    assert anyone.get("home")["Retry-After"] == "300"
    type(world.shop).objects.update(
        maintenance_until=now - timedelta(seconds=1)
    )  # it is over when someone says so
    forget_kept()
    assert (anyone.get("home").status_code, anyone.get("home")["Retry-After"]) == (503, "300")
    for words in ({"zh": "", "en": "x"}, {"zh": "维护", "en": " "}, {"zh": "维" * 121, "en": "x"}):
        with pytest.raises(BadServing):
            begin_maintenance(storefront_id=world.shop.pk, until=None, by="mei", now=now, **words)
    with pytest.raises(BadServing):
        begin_maintenance(storefront_id=world.shop.pk, zh="维护", en="x", until=now, by="mei", now=now)


def test_a_version_too_old_is_told_what_is_needed(anyone: Phone, alice: Phone, world: make.World) -> None:
    shop, now = world.shop.pk, make.present()
    set_minimum_version(storefront_id=shop, version="1.10.0", by="mei", now=now)
    for version, status in (
        *(("1.9.9", 426), ("0.99.99", 426), ("1.10.0", 200), ("1.10.1", 200), ("2.0.0", 200)),
        *(("", 200), ("new", 200), ("1.9", 200), ("1.9.9 ", 200), ("9" * 99, 200), ("-1.0.0", 200)),
    ):
        for phone, path in ((anyone, "home"), (alice, "orders"), (alice, "cart")):
            answer = phone.get(path, X_Client_Version=version)
            assert answer.status_code == status, (version, path)
    told = anyone.get("products", X_Client_Version="1.2.3", Accept_Language="en").json()
    assert (told["code"], told["minimum_version"]) == ("client_too_old", "1.10.0")
    assert anyone.get("shop", X_Client_Version="1.2.3").json()["minimum_version"] == "1.10.0"
    assert anyone.get("divisions", X_Client_Version="1.2.3").status_code == 200
    for bad in ("1.2", "1.2.3.4", "v1.2.3", "1.2.x", "12345.0.0"):
        with pytest.raises(BadServing):
            set_minimum_version(storefront_id=shop, version=bad, by="mei", now=now)
    set_minimum_version(storefront_id=shop, version="", by="mei", now=now)
    forget_kept()
    assert anyone.get("home", X_Client_Version="1.2.3").status_code == 200
