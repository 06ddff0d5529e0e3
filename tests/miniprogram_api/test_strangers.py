"""Every address of the consumers' door, taken from the URL map, keeps strangers out (A8)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern

from catalog.models import PriceCut
from customers.models import Address, Customer
from miniprogram_api.door import Door
from miniprogram_api.urls import endpoints
from orders.models import CartLine, Coupon, CouponClaim, Order, Quote
from payments.models import Payment
from tests import keeping, make
from tests.miniprogram_api.conftest import Phone, phone_of

METHODS = ("get", "post", "put", "patch", "delete")
OWNED = {"id", "token", "number"}  # parameters that name what belongs to one customer
SHELVED = {"code", "sku"}  # … to one storefront
HOUSE = {"kind"}  # … to everyone
LINKS = {"secret"}  # … to whoever holds the link
BODIES: dict[str, Any] = {
    "me/addresses/<uuid:id>": {
        "name": "陌生人",
        "phone": "13700137000",
        "division_code": "310115",
        "street": "陌生大街 1 号",
        "is_default": False,
    },
    "cart/lines/<sku:sku>": {"quantity": 1},
    "orders/<number:number>/address": {
        "name": "陌生人",
        "phone": "13700137000",
        "division_code": "310115",
        "street": "陌生大街 1 号",
    },
    "orders/<number:number>/orderer": {
        "name": "陌生人",
        "number": make.NUMBERS[make.STRANGER],
        "notice": "1",
    },
    "me/consents/<slug:kind>": {"version": "1"},
}


@dataclass(frozen=True)
class Call:
    """One method of one address."""

    method: str
    pattern: URLPattern

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.route}"

    @property
    def view(self) -> type[Door]:
        return self.pattern.callback.cls  # type: ignore[attr-defined]

    @property
    def route(self) -> str:
        return str(self.pattern.pattern)

    @property
    def names(self) -> set[str]:
        return set(self.pattern.pattern.converters)

    @property
    def needs_customer(self) -> bool:
        return self.view.audience == "customer" or self.method.upper() in self.view.customers_only

    def address(self, **values: Any) -> str:
        address = self.route
        for name, converter in self.pattern.pattern.converters.items():
            kind = type(converter).__name__.removesuffix("Converter").lower()
            address = address.replace(f"<{kind}:{name}>", str(values[name]))
        assert "<" not in address
        return address


def calls() -> Iterator[Call]:
    for pattern in endpoints:
        for method in METHODS:
            if hasattr(pattern.callback.cls, method):  # type: ignore[attr-defined]
                yield Call(method, pattern)


CALLS = list(calls())


@dataclass(frozen=True)
class Things:
    """Alice's, and the names by which addresses reach them."""

    values: dict[str, str]
    shop_values: dict[str, dict[str, str]]


@dataclass(frozen=True)
class House:
    """Alice's world with her things in it, and a customer of another storefront."""

    world: make.World
    things: Things
    stranger: Customer


@pytest.fixture
def house(db: None) -> House:
    made: House = keeping.again("strangers", made_house)
    return made


def made_house() -> House:
    world = make.made_world()
    things = things_of(world)
    return House(world, things, make.buyer(make.storefront("swift"), make.STRANGER, make.id_number(3)))


@pytest.fixture
def world(house: House) -> make.World:
    return house.world


@pytest.fixture
def things(house: House) -> Things:
    return house.things


def things_of(world: make.World) -> Things:
    order = make.order(world.alice, ("HD-1", 1), now=make.present())
    quote = make.quote(world.alice, ("IR-1", 1), now=make.present())
    claim = make.coupon(world.alice)
    CartLine.objects.create(
        storefront=world.shop, customer=world.alice, variant=world.iron, quantity=3, added_at=make.NOW
    )
    PriceCut.objects.create(
        storefront=world.shop,
        variant=world.dryer,
        price_fen=8_000,
        starts_at=make.present(),
        ends_at=make.present() + timedelta(hours=1),
        promotion="singles",
    )
    address = Address.objects.get(customer=world.alice)
    return Things(
        {
            "id": str(address.public_id),
            "token": str(quote.token),
            "number": order.number,
            "sku": "IR-1",
            "kind": "marketing",
            "code": "p-hd-1",
        },
        {
            "coupons/<slug:code>": {"code": claim.coupon.code},
            "coupons/<slug:code>/claim": {"code": claim.coupon.code},
            "promotions/<slug:code>": {"code": "singles"},
        },
    )


@pytest.fixture
def bob(client: Client, world: make.World) -> Phone:
    """Another customer of the same storefront."""
    return phone_of(client, make.buyer(world.shop, make.BOB, make.id_number(2)))


@pytest.fixture
def elsewhere(client: Client, house: House) -> Phone:
    """A customer of another storefront."""
    return phone_of(client, house.stranger)


def state_of_alice(world: make.World) -> list[Any]:
    return [
        list(Order.objects.values_list("number", "state", "customer_id", "consignee_street_sealed")),
        list(Quote.objects.filter(customer=world.alice).values_list("token", flat=True)),
        list(Address.objects.filter(customer=world.alice).values_list("street_sealed", "removed_at")),
        list(CartLine.objects.filter(customer=world.alice).values_list("variant_id", "quantity")),
        list(CouponClaim.objects.filter(customer=world.alice).values_list("coupon_id", "order_number")),
        list(Payment.objects.values_list("out_trade_no", "state")),
    ]


def test_every_parameter_of_an_address_is_known_to_these_tests() -> None:
    assert {name for call in CALLS for name in call.names} == OWNED | SHELVED | HOUSE | LINKS


@pytest.mark.parametrize("call", [c for c in CALLS if c.needs_customer], ids=str)
def test_without_a_token_the_answer_is_401(call: Call, anyone: Phone, things: Things) -> None:
    values = things.values | things.shop_values.get(call.route, {})
    answer = anyone.call(call.method.upper(), call.address(**values), BODIES.get(call.route))
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert answer["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("call", [c for c in CALLS if c.names & OWNED], ids=str)
@pytest.mark.parametrize("who", ["bob", "elsewhere"])
def test_what_belongs_to_alice_is_not_there_for_a_stranger(
    call: Call, who: str, things: Things, world: make.World, request: pytest.FixtureRequest
) -> None:
    stranger: Phone = request.getfixturevalue(who)
    before = state_of_alice(world)
    answer = stranger.call(call.method.upper(), call.address(**things.values), BODIES.get(call.route))
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert state_of_alice(world) == before


@pytest.mark.parametrize("call", [c for c in CALLS if c.names & SHELVED], ids=str)
def test_what_stands_in_one_storefront_is_not_there_in_another(
    call: Call, things: Things, world: make.World, elsewhere: Phone
) -> None:
    values = things.values | things.shop_values.get(call.route, {})
    before = state_of_alice(world)
    answer = elsewhere.call(call.method.upper(), call.address(**values), BODIES.get(call.route))
    assert answer.status_code == 404
    assert state_of_alice(world) == before


@pytest.mark.parametrize("call", [c for c in CALLS if c.view.audience != "anyone"], ids=str)
def test_a_token_of_one_storefront_with_the_appid_of_another_finds_nothing(
    call: Call, things: Things, world: make.World, elsewhere: Phone
) -> None:
    values = things.values | things.shop_values.get(call.route, {})
    elsewhere.appid = world.shop.appid
    before = state_of_alice(world)
    answer = elsewhere.call(call.method.upper(), call.address(**values), BODIES.get(call.route))
    assert (answer.status_code, answer.json()["code"]) == (404, "storefront_not_found")
    assert state_of_alice(world) == before


def test_a_stranger_cannot_order_on_alices_quote(things: Things, bob: Phone, world: make.World) -> None:
    body = {"quote": things.values["token"], "risk_notice": make.notice_hash(make.present())}
    answer = bob.post("orders", body, Idempotency_Key="bob-tries-it")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert Order.objects.count() == 1


def test_a_stranger_cannot_have_a_quote_to_alices_address_or_with_her_coupon(
    things: Things, bob: Phone, world: make.World
) -> None:
    lines = [{"sku": "HD-1", "quantity": 1}]
    answer = bob.post("quotes", {"lines": lines, "address_id": things.values["id"]})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    claim = CouponClaim.objects.get(customer=world.alice)
    answer = bob.post("quotes", {"lines": lines, "coupon_id": str(claim.public_id)})
    assert (answer.status_code, answer.json()["code"]) == (409, "coupon_unusable")
    assert not Quote.objects.exclude(customer=world.alice).exists()


def test_lists_show_a_stranger_nothing_of_alice(things: Things, bob: Phone) -> None:
    assert bob.get("orders").json()["items"] == []
    assert bob.get("cart").json()["lines"] == []
    assert bob.get("coupons").json()["claims"] == []
    own = bob.get("me/addresses").json()["items"]
    assert [address["name"] for address in own] == ["李宝宝"]
    assert bob.delete("cart/lines/IR-1").status_code == 404
    assert Coupon.objects.count() == 1


def test_an_unknown_or_expired_or_revoked_token_is_401(alice: Phone, world: make.World) -> None:
    old = make.token(world.alice, now=make.NOW)  # two hours from three days ago
    for token in ("nonsense", old):
        assert Phone(alice.client, alice.appid, token).get("me").status_code == 401
        assert Phone(alice.client, alice.appid, token).get("products").status_code == 401
    assert alice.get("me").status_code == 200
    assert alice.delete("session").status_code == 204
    assert alice.get("me").status_code == 401
    assert Phone(alice.client, "", headers={"Authorization": "Basic abc"}).get("me").status_code == 401


def test_an_unknown_appid_and_none_at_all_are_404(anyone: Phone) -> None:
    for appid in ("wx0000000000000000", "", "不是"):
        for path in ("home", "products", "products/p-hd-1"):
            answer = Phone(anyone.client, "", headers={"X-Appid": appid.encode().decode("latin-1")}).get(path)
            assert (answer.status_code, answer.json()["code"]) == (404, "storefront_not_found")
