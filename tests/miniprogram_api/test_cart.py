"""The cart and the coupons: present prices, present stock, and what cannot be bought stands apart."""

from __future__ import annotations

from datetime import timedelta

import pytest

from catalog.models import PriceCut, Product
from orders.models import CartLine, Coupon, CouponClaim
from tests import make
from tests.miniprogram_api.conftest import Phone


def cut(world: make.World, price_fen: int) -> None:
    now = make.present()
    PriceCut.objects.create(
        storefront=world.shop,
        variant=world.dryer,
        price_fen=price_fen,
        starts_at=now - timedelta(hours=1),
        ends_at=now + timedelta(hours=1),
        name_zh="双十一",
        name_en="Singles' Day",
    )


def test_the_cart_shows_present_prices_and_sums(alice: Phone, world: make.World) -> None:
    cut(world, 8_000)
    alice.put("cart/lines/IR-1", {"quantity": 3})
    cart = alice.put("cart/lines/HD-1", {"quantity": 2}).json()
    assert alice.get("cart").json() == cart
    assert [(line["sku"], line["price_fen"], line["amount_fen"]) for line in cart["lines"]] == [
        ("HD-1", 8_000, 16_000),
        ("IR-1", 5_000, 15_000),
    ]
    assert (cart["pieces"], cart["goods_fen"], cart["list_goods_fen"]) == (5, 31_000, 35_000)
    assert cart["invalid"] == []
    assert cart["lines"][0] | {"added": 0} == {
        "sku": "HD-1",
        "product": "p-hd-1",
        "name": {"zh": "吹风机 HD-1", "en": "Hair dryer HD-1"},
        "brand": {"zh": "欧本", "en": "Aube"},
        "options": {},
        "thumbnail_url": None,
        "quantity": 2,
        "price_fen": 8_000,
        "list_price_fen": 10_000,
        "amount_fen": 16_000,
        "in_stock": True,
        "left": None,
        "valid": True,
        "why": None,
        "added": 0,
    }


def test_pieces_that_lie_where_the_shop_sells_nothing_are_not_to_be_had(
    alice: Phone, world: make.World
) -> None:
    domestic = make.warehouse(world.shop, "shanghai", trade_mode="0110")
    for sku, here, there in (("ONLY-1", 0, 50), ("BOTH-1", 2, 50)):
        made = make.variant(world.shop, sku, 700)
        make.stock(domestic, made, there)
        make.stock(world.warehouse, made, here)
        alice.put(f"cart/lines/{sku}", {"quantity": 3})
    cart = alice.get("cart").json()
    assert [(x["sku"], x["why"], x["left"]) for x in cart["lines"]] == [("BOTH-1", "too_few", 2)]
    assert [(x["sku"], x["why"]) for x in cart["invalid"]] == [("ONLY-1", "sold_out")]


def test_lines_that_cannot_be_one_order_are_told_as_orders_that_can(alice: Phone, world: make.World) -> None:
    other = make.warehouse(world.shop, "suzhou", trade_mode="9610")
    make.stock(other, make.variant(world.shop, "EL-1", 700), 5)
    make.stock(world.warehouse, make.variant(world.shop, "FE-1", 700), 5)
    alice.put("cart/lines/HD-1", {"quantity": 2})
    assert alice.get("cart").json()["apart"] is None
    alice.put("cart/lines/FE-1", {"quantity": 1})
    apart = alice.put("cart/lines/EL-1", {"quantity": 1}).json()["apart"]
    assert apart["code"] == "cannot_ship_together" and apart["text"]["zh"] and apart["text"]["en"]
    assert [(set(one["skus"]), one["trade_mode"]) for one in apart["groups"]] == [
        ({"HD-1", "FE-1"}, "1210"),
        ({"EL-1"}, "9610"),
    ]
    assert (apart["short"], apart["heavy"], apart["undelivered"]) == ([], [], [])
    refused = alice.post("quotes", {"cart": True})
    assert (refused.status_code, refused.json()["groups"]) == (409, apart["groups"])


def test_goods_that_are_gone_stand_apart_and_do_not_count(alice: Phone, world: make.World) -> None:
    make.stock(world.warehouse, make.variant(world.shop, "OFF-1", 700))
    for sku in ("HD-1", "IR-1", "OFF-1"):
        alice.put(f"cart/lines/{sku}", {"quantity": 2})
    Product.objects.filter(code="p-off-1").update(state="withdrawn")
    make.stock(world.warehouse, world.iron, 0)
    make.stock(world.warehouse, world.dryer, 1)
    cart = alice.get("cart").json()
    assert [(x["sku"], x["valid"], x["why"], x["left"]) for x in cart["lines"]] == [
        ("HD-1", False, "too_few", 1)
    ]
    assert [(line["sku"], line["why"]) for line in cart["invalid"]] == [
        ("OFF-1", "off_sale"),
        ("IR-1", "sold_out"),
    ]
    assert (cart["pieces"], cart["goods_fen"]) == (0, 0)


def test_a_line_is_set_not_added_to_and_taken_out_by_zero_or_delete(alice: Phone) -> None:
    alice.put("cart/lines/HD-1", {"quantity": 2})
    assert alice.put("cart/lines/HD-1", {"quantity": 5}).json()["pieces"] == 5
    assert alice.put("cart/lines/HD-1", {"quantity": 0}).json()["lines"] == []
    alice.put("cart/lines/HD-1", {"quantity": 1})
    assert alice.delete("cart/lines/HD-1").json()["lines"] == []
    assert alice.delete("cart/lines/HD-1").status_code == 404


@pytest.mark.parametrize("quantity", [-1, 100, 1.5, "many", None])
def test_a_quantity_that_cannot_be_is_422(alice: Phone, quantity: object) -> None:
    answer = alice.put("cart/lines/HD-1", {"quantity": quantity})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_fields")
    assert CartLine.objects.count() == 0


def test_a_sku_that_the_storefront_does_not_have_is_404(alice: Phone) -> None:
    assert alice.put("cart/lines/XX-1", {"quantity": 1}).status_code == 404
    assert alice.put("cart/lines/%20", {"quantity": 1}).status_code == 404
    assert CartLine.objects.count() == 0


def coupon(world: make.World, code: str, starts: int, ends: int) -> Coupon:
    now = make.present()
    return Coupon.objects.create(
        storefront=world.shop,
        code=code,
        name=code,
        name_zh="券",
        reduces_fen=1_000,
        from_goods_fen=5_000,
        starts_at=now + timedelta(days=starts),
        ends_at=now + timedelta(days=ends),
    )


def test_a_coupon_is_claimed_once_and_while_it_lasts(alice: Phone, world: make.World) -> None:
    coupon(world, "NOW", -1, 1)
    coupon(world, "OVER", -2, -1)
    coupon(world, "SOON", 1, 2)
    assert [c["code"] for c in alice.get("coupons").json()["claimable"]] == ["NOW"]
    first = alice.post("coupons/NOW/claim")
    assert (first.status_code, first.json()["state"]) == (201, "usable")
    assert alice.post("coupons/NOW/claim").json() == first.json()
    for code in ("OVER", "SOON"):
        answer = alice.post(f"coupons/{code}/claim")
        assert (answer.status_code, answer.json()["code"]) == (409, "coupon_not_claimable")
    assert alice.post("coupons/NONE/claim").status_code == 404
    listed = alice.get("coupons").json()
    assert (listed["claims"], listed["claimable"]) == ([first.json()], [])
    assert CouponClaim.objects.count() == 1


def test_a_coupon_that_an_order_holds_is_used(alice: Phone, world: make.World) -> None:
    claim = make.coupon(world.alice)
    order = make.order(world.alice, ("HD-1", 1), now=make.present(), coupon_claim_id=claim.public_id)
    shown = alice.get("coupons").json()["claims"][0]
    assert (shown["state"], shown["order"]) == ("used", order.number)
