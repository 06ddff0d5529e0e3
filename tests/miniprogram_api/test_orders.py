"""Quotes and orders as the consumer sees them: every share, both kinds of reduction, history, cancelling."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from catalog.models import PriceCut
from compliance.rules import RULES
from kernel import events
from kernel.clock import SHANGHAI
from kernel.models import Event
from logistics.models import Shipment
from logistics.services import shipments
from miniprogram_api.ways_out import KINDS, WAYS
from orders.models import Order, Quote
from orders.services.closing import finish_closing
from payments.models import Refund
from payments.tasks import refund_cancelled
from tests import make
from tests.miniprogram_api.conftest import Phone
from tests.payments.reports import paid


def lines(*wanted: tuple[str, int]) -> list[dict[str, Any]]:
    return [{"sku": sku, "quantity": quantity} for sku, quantity in wanted]


def test_a_quote_keeps_price_cut_and_coupon_apart(alice: Phone, world: make.World) -> None:
    now = make.present()
    PriceCut.objects.create(
        storefront=world.shop,
        variant=world.dryer,
        price_fen=8_000,
        starts_at=now - timedelta(hours=1),
        ends_at=now + timedelta(hours=1),
        name_zh="双十一",
        name_en="Singles' Day",
    )
    claim = make.coupon(world.alice, 1_000)
    wanted = {"lines": lines(("HD-1", 1), ("IR-1", 2)), "coupon_id": str(claim.public_id)}
    answer = alice.post("quotes", wanted)
    assert answer.status_code == 201
    quote = answer.json()
    # the cut lowers the dutiable value to 80.00 + 100.00 yuan; the coupon of 10.00 pays and lowers no tax
    assert quote["amounts"] == {
        "list_goods_fen": 20_000,
        "price_cut_fen": 2_000,
        "goods_fen": 18_000,
        "freight_fen": 0,
        "coupon_fen": 1_000,
        "duty_fen": 0,
        "vat_fen": 1_638,
        "excise_fen": 0,
        "tax_fen": 1_638,
        "total_fen": 18_638,
    }
    assert [(x["sku"], x["goods_fen"], x["coupon_fen"], x["tax_fen"]) for x in quote["lines"]] == [
        ("HD-1", 8_000, 444, 728),
        ("IR-1", 10_000, 556, 910),
    ]
    assert (quote["trade_mode"], quote["warehouse"]["name"]["zh"]) == ("1210", "宁波保税仓")
    assert (quote["placeable"], quote["obstacles"], quote["refusals"]) == (True, [], [])
    assert quote["coupon_id"] == str(claim.public_id)
    assert alice.get(f"quotes/{quote['token']}").json() == quote


def test_a_quote_lists_every_refusal_with_its_source(alice: Phone, world: make.World) -> None:
    make.stock(world.warehouse, make.variant(world.shop, "XL-1", 300_000))
    quote = alice.post("quotes", {"lines": lines(("XL-1", 10))}).json()
    assert [refusal["rule"] for refusal in quote["refusals"]] == ["LIMIT-1", "LIMIT-2"]
    for refusal in quote["refusals"]:
        assert refusal["citation"].startswith("财关税")
        assert refusal["sentence"] and refusal["sentence_zh"] and refusal["link"].startswith("https://")
    ways = [[(way["kind"], way["day"]) for way in refusal["next"]] for refusal in quote["refusals"]]
    new_year = f"{make.present().astimezone(SHANGHAI).year + 1}-01-01"
    fewer = ("reduce_quantity", None)
    assert ways == [[fewer], [fewer, ("wait_for_next_year", new_year)]]
    assert (quote["placeable"], quote["obstacles"]) == (False, ["refused"])


def test_every_rule_that_refuses_a_consumer_says_what_can_be_done() -> None:
    theirs = {rule.id for rule in RULES if {"quote", "checkout", "naming"} & set(rule.moments)}
    assert theirs == set(WAYS)
    assert all(way.kind in KINDS and way.zh and way.en for ways in WAYS.values() for way in ways)
    assert all(ways for ways in WAYS.values())


def test_a_quote_of_the_cart_takes_what_is_valid_in_it(alice: Phone) -> None:
    empty = alice.post("quotes", {"cart": True})
    assert (empty.status_code, empty.json()["code"]) == (422, "invalid_basket")
    alice.put("cart/lines/HD-1", {"quantity": 2})
    quote = alice.post("quotes", {"cart": True}).json()
    assert [(line["sku"], line["quantity"]) for line in quote["lines"]] == [("HD-1", 2)]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"cart": False},
        {"lines": []},
        {"cart": True, "lines": lines(("HD-1", 1))},
        {"lines": lines(("HD-1", 0))},
        {"lines": lines(("HD-1", 100))},
        {"lines": [{"sku": "HD-1"}]},
        {"lines": "HD-1"},
        {"lines": lines(("HD-1", 1)), "address_id": "home"},
    ],
)
def test_a_basket_that_makes_no_sense_is_422(alice: Phone, body: dict[str, Any]) -> None:
    answer = alice.post("quotes", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_fields")
    assert Quote.objects.count() == 0


def test_goods_that_no_warehouse_has_are_named(alice: Phone, world: make.World) -> None:
    answer = alice.post("quotes", {"lines": lines(("HD-1", 99), ("IR-1", 99), ("NO-1", 1))})
    assert (answer.status_code, answer.json()["code"], answer.json()["skus"]) == (
        409,
        "not_for_sale",
        ["NO-1"],
    )
    make.stock(world.warehouse, world.dryer, 5)
    answer = alice.post("quotes", {"lines": lines(("HD-1", 6))})
    assert (answer.status_code, answer.json()["code"]) == (409, "cannot_ship_together")
    assert answer.json()["short"] == [{"sku": "HD-1", "wanted": 6, "available": 5}]


def test_an_expired_or_used_quote_says_so(alice: Phone, world: make.World) -> None:
    order = make.order(world.alice, ("HD-1", 1), now=make.present())
    used = alice.get(f"quotes/{order.quote.token}").json()
    assert (used["obstacles"], used["order"]) == (["used"], order.number)
    old = make.quote(world.alice, ("HD-1", 1), now=make.present() - timedelta(hours=1))
    assert alice.get(f"quotes/{old.token}").json()["obstacles"] == ["expired"]


def test_an_order_is_shown_whole_with_its_consignee_masked(alice: Phone, world: make.World) -> None:
    order = make.order(world.alice, ("HD-1", 2), ("IR-1", 1), now=make.present())
    shown = alice.get(f"orders/{order.number}")
    assert shown.status_code == 200
    body = shown.json()
    assert (body["number"], body["state"], body["paid_at"]) == (order.number, "placed", None)
    assert body["consignee"] == {
        "name_masked": "王*",
        "phone_masked": "138****8000",
        "region": ["上海市", "浦东新区"],
        "street_masked": "上海市浦东新区***",
    }
    assert [(x["sku"], x["quantity"], x["vat_fen"]) for x in body["lines"]] == [
        ("HD-1", 2, 1_820),
        ("IR-1", 1, 455),
    ]
    assert body["amounts"]["total_fen"] == order.total_fen == 27_275
    assert [step["state"] for step in body["history"]] == ["placed"]
    assert body["payments"] == []
    for secret in ("王爱丽", "13800138000", "世纪大道", "11010519491231002X", str(order.key_id)):
        assert secret not in shown.content.decode()


def test_the_list_goes_page_by_page_and_by_state(alice: Phone, world: make.World) -> None:
    numbers = [make.order(world.alice, ("IR-1", 1), now=make.present()).number for _ in range(3)]
    first = alice.get("orders?limit=2").json()
    assert [card["number"] for card in first["items"]] == [numbers[2], numbers[1]]
    assert first["items"][0]["lines"][0] == {
        "sku": "IR-1",
        "name": {"zh": "吹风机 IR-1", "en": "Hair dryer IR-1"},
        "quantity": 1,
        "price_fen": 5_000,
        "product": "p-ir-1",
        "options": {},
        "thumbnail_url": None,
    }
    rest = alice.get(f"orders?limit=2&cursor={first['next_cursor']}").json()
    assert ([card["number"] for card in rest["items"]], rest["next_cursor"]) == ([numbers[0]], None)
    Order.objects.filter(number=numbers[1]).update(state="closing")
    assert [c["number"] for c in alice.get("orders?state=closing").json()["items"]] == [numbers[1]]
    assert alice.get("orders?state=lost").status_code == 422
    wrong = alice.get("orders?cursor=261124045709481C8M5NM84BF")
    assert (wrong.status_code, wrong.json()["code"]) == (422, "bad_cursor")


def test_cancelling_asks_for_the_payment_to_be_closed_first(alice: Phone, world: make.World) -> None:
    order = make.order(world.alice, ("HD-1", 1), now=make.present())
    path = f"orders/{order.number}"
    for _ in range(2):  # the second time changes nothing
        answer = alice.post(f"{path}/cancel")
        assert (answer.status_code, answer.json()["state"]) == (200, "closing")
    order.refresh_from_db()
    finish_closing(order=order, now=make.present())
    shown = alice.get(path).json()
    assert [step["state"] for step in shown["history"]] == ["placed", "closing", "cancelled"]
    assert shown["closed_at"] is not None
    late = alice.post(f"{path}/cancel")
    assert (late.status_code, late.json()["code"]) == (409, "order_not_cancellable")


def test_an_order_says_in_each_stage_what_may_be_done_and_the_user_centre_counts_it(
    alice: Phone, world: make.World, django_assert_num_queries: Any
) -> None:
    now = make.present()
    order = make.order(world.alice, ("HD-1", 1), now=now)
    other = make.order(world.alice, ("IR-1", 1), now=now)

    def acts() -> dict[str, Any]:
        return {one["act"]: one["until"] for one in alice.get(f"orders/{order.number}").json()["may"]}

    def counted() -> dict[str, int]:
        found = alice.get("me/summary").json()["orders"]
        for stage, many in found.items():
            listed = alice.get(f"orders?stage={stage}").json()["items"]
            assert (len(listed), {one["stage"] for one in listed}) == (many, {stage} if many else set())
        return {stage: many for stage, many in found.items() if many}

    assert counted() == {"to_pay": 2}
    assert acts() == {"pay": alice.get(f"orders/{order.number}").json()["expires_at"], "cancel": None}
    paid(order, success_time=now)
    shipment = shipments.open_shipment(order=Order.objects.get(pk=order.pk), now=now)
    hold = alice.get(f"orders/{order.number}").json()["cancellable_until"]
    assert counted() == {"to_pay": 1, "to_ship": 1}
    assert {act: acts()[act] for act in ("cancel", "mend_address")} == {"cancel": hold, "mend_address": hold}
    assert "ask_refund" in acts() and "ask_return" not in acts()
    with transaction.atomic():
        for state in ("documents", "waiting", "listed", "released", "closed"):
            events.record(
                storefront_id=order.storefront_id,
                name=f"customs_declaration.{state}",
                key=order.event_key,
                facts={},
                now=now,
            )
    Shipment.objects.filter(pk=shipment.pk).update(state="in_transit", handed_over_at=now, receipt_due_at=now)
    assert counted() == {"to_pay": 1, "on_the_way": 1}
    assert "confirm_receipt" in acts()
    told = alice.get(f"orders/{order.number}").json()
    assert told["stage"] == "on_the_way"
    cleared = told["clearance"]
    assert [(one["state"], one["says"]["zh"]) for one in cleared] == [
        ("documents", "订单与运单信息已发送海关"),
        ("listed", "已向海关申报清单"),
        ("released", "海关已放行"),
    ]
    Shipment.objects.filter(pk=shipment.pk).update(receipt_at=now, receipt_by="consumer")
    Order.objects.filter(pk=other.pk).update(state="closing")
    assert counted() == {"received": 1, "over": 1}
    assert "confirm_receipt" not in acts()
    make.coupon(world.alice)
    alice.put("cart/lines/HD-1", {"quantity": 2})
    with django_assert_num_queries(9):  # seven statements, and the transaction's two ends
        summary = alice.get("me/summary").json()
    assert {name: summary[name] for name in ("payers_to_name", "returns_open", "coupons", "cart_lines")} == {
        "payers_to_name": 0,
        "returns_open": 0,
        "coupons": 1,
        "cart_lines": 1,
    }


def test_another_address_of_the_api_is_a_problem_document(alice: Phone) -> None:
    for path in ("nothing", "orders/short", "orders/26112404570948!", "products/", "me/addresses/1"):
        answer = alice.get(path)
        assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    wrong = alice.put("orders", {})
    assert (wrong.status_code, wrong.json()["code"]) == (405, "method_not_allowed")


def test_asking_for_the_options_is_no_bug(alice: Phone) -> None:
    assert alice.call("OPTIONS", "orders").status_code == 200
    assert alice.call("OPTIONS", "products").status_code == 200
    assert alice.call("TRACE", "orders").status_code == 405


def test_a_paid_order_is_cancelled_within_the_hold_and_shows_its_refund(
    alice: Phone, world: make.World
) -> None:
    order = make.order(world.alice, ("HD-1", 1), now=make.present())
    path = f"orders/{order.number}"
    paid(order, success_time=make.present())
    shown = alice.get(path).json()
    assert shown["cancellable_until"] > shown["paid_at"]
    assert shown["refunds"] == []
    answer = alice.post(f"{path}/cancel")
    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    refund_cancelled(Event.objects.get(name="order.cancelled"))
    shown = alice.get(path).json()
    (refund,) = shown["refunds"]
    assert (refund["state"], refund["amount_fen"], refund["succeeded_at"]) == (
        "accepted",
        order.total_fen,
        None,
    )
    assert (refund["by_transfer"], refund["says"]) == (False, None)
    assert (shown["state"], shown["cancellable_until"]) == ("cancelled", None)
    assert alice.post(f"{path}/cancel").json()["state"] == "cancelled"


def test_what_came_back_to_the_merchant_is_on_its_way_until_the_consumer_is_paid(
    alice: Phone, world: make.World
) -> None:
    order = make.order(world.alice, ("HD-1", 1), now=make.present())
    payment = paid(order, success_time=make.present())
    at = make.present()
    refund = Refund.objects.create(
        storefront=order.storefront,
        payment=payment,
        order=order,
        out_refund_no="R1",
        kind="goodwill",
        key="k",
        amount_fen=500,
        other_fen=500,
        reason="补偿",
        state="succeeded",
        asked_by="operator:fang",
        refund_id="5030",
        redirected_to="merchant",
        requested_at=at,
        succeeded_at=at,
    )

    def shown() -> tuple[object, ...]:
        (one,) = alice.get(f"orders/{order.number}").json()["refunds"]
        says = one["says"] and one["says"]["en"]
        return one["state"], one["succeeded_at"] is None, one["by_transfer"], says

    assert shown() == ("processing", True, True, "on its way by bank transfer")
    Refund.objects.filter(pk=refund.pk).update(transferred_at=at, transfer_reference="ICBC-77")
    assert shown() == ("succeeded", False, True, None)


def test_after_the_hold_a_paid_order_is_not_cancelled(alice: Phone, world: make.World) -> None:
    order = make.order(world.alice, ("HD-1", 1), now=make.present())
    paid(order, success_time=make.present() - timedelta(minutes=31))
    answer = alice.post(f"orders/{order.number}/cancel")
    assert (answer.status_code, answer.json()["code"]) == (409, "order_hold_over")


THERE = {"name": "陈小明", "phone": "13612345678", "division_code": "330106", "street": "文三路 90 号"}


def test_within_the_hold_a_paid_order_is_sent_elsewhere_and_shows_it_masked(
    alice: Phone, world: make.World
) -> None:
    order = make.order(world.alice, ("HD-1", 1), now=make.present())
    path = f"orders/{order.number}"
    paid(order, success_time=make.present())
    for _ in range(2):
        answer = alice.put(f"{path}/address", THERE)
        assert answer.status_code == 200
        assert answer.json() == {
            "number": order.number,
            "consignee": {
                "name_masked": "陈*",
                "phone_masked": "136****5678",
                "region": ["浙江省", "杭州市", "西湖区"],
                "street_masked": "浙江省杭州市西湖区***",
            },
        }
    assert Event.objects.filter(name="order.address_mended").count() == 1
    assert alice.get(path).json()["consignee"] == answer.json()["consignee"]
    (kept,) = alice.get("me/addresses").json()["items"]
    assert (kept["division_code"], kept["street"]) == ("310115", "世纪大道 1 号")


@pytest.mark.parametrize(
    ("minutes", "changes", "status", "code"),
    [
        (0, {"division_code": "330100"}, 422, "invalid_address"),
        (0, {"phone": "1"}, 422, "invalid_fields"),
        (0, {"street": None}, 422, "invalid_fields"),
        (31, {}, 409, "order_address_too_late"),
    ],
)
def test_an_address_that_cannot_be_mended_is_told_why(
    alice: Phone, world: make.World, minutes: int, changes: dict[str, Any], status: int, code: str
) -> None:
    order = make.order(world.alice, ("HD-1", 1), now=make.present())
    unpaid = make.order(world.alice, ("IR-1", 1), now=make.present())
    paid(order, success_time=make.present() - timedelta(minutes=minutes))
    answer = alice.put(f"orders/{order.number}/address", THERE | changes)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    answer = alice.put(f"orders/{unpaid.number}/address", THERE)
    assert (answer.status_code, answer.json()["code"]) == (409, "order_address_not_paid")
    assert answer.json()["title"] == "订单当前状态为“待付款”，仅已付款订单可修改收货信息，请重新下单。"
