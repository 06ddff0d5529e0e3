"""What a promotion, a coupon and a product's next lot tell before anything is bought."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.models import Product
from catalog.services.prices import cut_price
from inventory.models import Stock
from inventory.services import receive, reserve
from kernel.clock import shanghai_day
from miniprogram_api import kept
from orders.models import Coupon
from tests import make, make_stock
from tests.miniprogram_api.conftest import Phone

HOUR = timedelta(hours=1)


def cut(world: make.World, sku: str, promotion: str, begins: int, **more: Any) -> None:
    now = make.present()
    cut_price(
        storefront_id=world.shop.pk,
        sku=sku,
        price_fen=4_000,
        starts_at=now + begins * HOUR,
        ends_at=now + (begins + 2) * HOUR,
        name_zh="双十一",
        name_en=more.pop("name_en", "Singles' Day"),
        promotion=promotion,
        now=now + min(begins, 0) * HOUR,
    )


def test_a_promotion_has_its_days_and_its_goods_from_when_it_is_announced_until_it_ends(
    anyone: Phone, world: make.World
) -> None:
    cut(world, "HD-1", "singles", -1)
    cut(world, "IR-1", "singles", 5, name_en="Singles' night")
    cut(world, "IR-1", "yule", 9)
    make.stock(world.warehouse, make.variant(world.shop, "NO-1", 700))
    now = make.present()
    told = anyone.get("promotions").json()["items"]
    assert [(one["code"], one["name"]["en"]) for one in told] == [
        ("singles", "Singles' night"),
        ("yule", "Singles' Day"),
    ]
    assert anyone.get("promotions/singles").json() == told[0]
    assert told[0]["starts_at"] < now.isoformat() < told[0]["ends_at"]
    goods = anyone.get("products?promotion=singles&sort=price").json()["items"]
    assert [(one["code"], one["price_fen"]) for one in goods] == [("p-hd-1", 4_000), ("p-ir-1", 5_000)]
    assert [one["code"] for one in anyone.get("products?promotion=yule").json()["items"]] == ["p-ir-1"]
    assert anyone.get("products?promotion=never").json()["items"] == []
    assert anyone.get("products/p-hd-1").json()["variants"][0]["cut"]["promotion"] == "singles"
    Product.objects.filter(code="p-hd-1").update(state="withdrawn")
    kept.forget()
    assert [one["code"] for one in anyone.get("products?promotion=singles").json()["items"]] == ["p-ir-1"]
    assert anyone.get("promotions/never").status_code == 404


def test_a_coupon_says_what_it_pays_and_whether_one_has_it(alice: Phone, world: make.World) -> None:
    claim = make.coupon(world.alice)
    now = make.present()
    sum_ = {"storefront": world.shop, "reduces_fen": 500, "starts_at": now - HOUR}
    Coupon.objects.create(code="NOW", ends_at=now + HOUR, **sum_)
    Coupon.objects.create(code="PAST", ends_at=now - HOUR / 2, **sum_)
    own = alice.get("coupons/WELCOME").json()
    assert (own["claim"]["id"], own["claimable"]) == (str(claim.public_id), False)
    assert own["coupon"]["reduces_fen"] == 1_000
    seen = {code: alice.get(f"coupons/{code}").json() for code in ("NOW", "PAST")}
    assert {code: (one["claim"], one["claimable"]) for code, one in seen.items()} == {
        "NOW": (None, True),
        "PAST": (None, False),
    }
    assert alice.get("coupons/NEVER").status_code == 404


def test_a_product_tells_the_lot_that_comes_next_behind_what_is_promised(
    anyone: Phone, world: make.World
) -> None:
    today = shanghai_day(make.present())
    serum = make.variant(world.shop, "SE-1", 700)
    filed = make_stock.papers(world.warehouse, serum)
    for code, pieces, days in (("L-2", 3, 400), ("L-1", 2, 300)):
        receive(
            warehouse=world.warehouse,
            variant=serum,
            quantity=pieces,
            code=code,
            produced_on=today - timedelta(days=30),
            expires_on=today + timedelta(days=days),
            by="test",
            now=make.NOW,
            **filed,
        )

    def shown() -> Any:
        kept.forget()
        return anyone.get("products/p-se-1").json()["variants"][0]["lot"]

    assert shown() == {
        "code": "L-1",
        "produced_on": (today - timedelta(days=30)).isoformat(),
        "expires_on": (today + timedelta(days=300)).isoformat(),
        "near_expiry": False,
    }
    Stock.objects.get(variant=serum).lots.filter(code="L-1").update(near_from=today)
    assert shown()["near_expiry"]
    reserve(warehouse_id=world.warehouse.pk, wanted=[(serum.pk, 2)], holder="a", now=make.present())
    assert shown()["code"] == "L-2"
    Stock.objects.get(variant=serum).lots.filter(code="L-2").update(unsellable_from=today)
    assert shown() is None
    kept.forget()
    assert anyone.get("products/p-hd-1").json()["variants"][0]["lot"] is None  # no lot numbers, no days
    kept.forget()
    with CaptureQueriesContext(connection) as captured:
        anyone.get("products/p-hd-1")
    assert len(captured) == 12  # three of them of the shelf, once a second
