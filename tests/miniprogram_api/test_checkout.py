"""Checkout over HTTP: how few statements it takes, what it answers, and that a refusal leaves nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from compliance.models import AllowanceAccount, AllowanceEntry, DataKey, Judgement
from inventory.models import Reservation, Stock
from kernel.models import Event, Receipt
from orders.models import CartLine, Order, OrderLine
from tests import make
from tests.miniprogram_api.conftest import Phone, phone_of

NOT_COUNTED = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")


def body_of(world: make.World, **more: Any) -> dict[str, Any]:
    now = make.present()
    quote = make.quote(world.alice, ("HD-1", 2), ("IR-1", 1), now=now, **more)
    return {"quote": str(quote.token), "risk_notice": make.notice_hash(now)}


def statements(captured: CaptureQueriesContext) -> list[str]:
    return [q["sql"] for q in captured.captured_queries if not q["sql"].startswith(NOT_COUNTED)]


def test_an_order_of_two_lines_takes_nine_statements(alice: Phone, world: make.World) -> None:
    alice.get("me")  # the storefront is known to the process
    body = body_of(world)
    with CaptureQueriesContext(connection) as captured:
        answer = alice.post("orders", body, Idempotency_Key="order-0001")
    assert answer.status_code == 201
    assert len(statements(captured)) == 9, "\n".join(statements(captured))


def test_from_the_cart_and_with_a_coupon_it_takes_eleven(alice: Phone, world: make.World) -> None:
    alice.get("me")
    claim = make.coupon(world.alice)
    body = body_of(world, coupon_claim_id=claim.public_id)
    CartLine.objects.create(
        storefront=world.shop, customer=world.alice, variant=world.iron, quantity=1, added_at=make.NOW
    )
    with CaptureQueriesContext(connection) as captured:
        answer = alice.post("orders", body, Idempotency_Key="order-0001")
    assert answer.status_code == 201
    assert len(statements(captured)) == 11, "\n".join(statements(captured))
    claim.refresh_from_db()
    assert claim.order_number == answer.json()["number"]


def test_the_order_has_the_quotes_price_and_everything_it_needs(alice: Phone, world: make.World) -> None:
    CartLine.objects.create(
        storefront=world.shop, customer=world.alice, variant=world.iron, quantity=1, added_at=make.NOW
    )
    answer = alice.post("orders", body_of(world), Idempotency_Key="order-0001")
    assert answer.status_code == 201
    placed = answer.json()
    order = Order.objects.get()
    # 2 × 100.00 + 50.00 yuan; VAT 13 % × 70 % = 9.1 %: 22.75 yuan
    assert placed == {
        "number": order.number,
        "state": "placed",
        "total_fen": 27_275,
        "expires_at": order.expires_at.isoformat(),
    }
    assert (order.goods_fen, order.tax_fen, order.total_fen) == (25_000, 2_275, 27_275)
    assert list(OrderLine.objects.values_list("sku", "quantity", "vat_fen")) == [
        ("HD-1", 2, 1_820),
        ("IR-1", 1, 455),
    ]
    assert dict(Stock.objects.values_list("variant__sku", "reserved")) == {"HD-1": 2, "IR-1": 1}
    assert Event.objects.get(name="order.placed").key == f"order:{order.number}"
    assert AllowanceAccount.objects.get().reserved == 25_000
    assert Judgement.objects.get().allowed is True
    assert CartLine.objects.count() == 0
    assert Receipt.objects.get().source == f"api:{world.alice.pk}:orders.place"


def nothing_was_written(keys: int) -> bool:
    rows = (Order, OrderLine, Reservation, AllowanceEntry)
    told = Event.objects.exclude(name__startswith="identity.").exists()  # her own was verified before
    return not told and not any(row.objects.exists() for row in rows) and DataKey.objects.count() == keys


def test_what_the_law_refuses_is_told_with_its_citation_and_leaves_nothing(
    alice: Phone, world: make.World
) -> None:
    make.stock(world.warehouse, make.variant(world.shop, "XL-1", 300_000))
    now, keys = make.present(), DataKey.objects.count()
    quote = make.quote(world.alice, ("XL-1", 2), now=now)  # 6,000 yuan, two pieces: above 5,000
    body = {"quote": str(quote.token), "risk_notice": make.notice_hash(now)}
    answer = alice.post("orders", body, Idempotency_Key="order-0001", Accept_Language="en")
    refusal = answer.json()["refusals"][0]
    assert (answer.status_code, refusal["rule"]) == (403, "LIMIT-1")
    assert refusal["citation"] and refusal["sentence"] and refusal["sentence_zh"]
    assert [way["kind"] for way in refusal["next"]] == ["reduce_quantity"]
    assert nothing_was_written(keys)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("{", 400, "malformed"),
        ("[]", 422, "invalid_fields"),
        ("{}", 422, "invalid_fields"),
        ('{"quote": 7, "risk_notice": null}', 422, "invalid_fields"),
        ('{"quote": "01a20a32-c65f-7200-8b48-8fad7853b0f9", "risk_notice": "x"}', 422, "invalid_fields"),
        ('{"quote": "01a20a32-c65f-7200-8b48-8fad7853b0f9", "risk_notice": null}', 404, "not_found"),
    ],
)
def test_a_body_that_is_not_an_order_is_a_clear_problem(
    alice: Phone, body: str, status: int, code: str
) -> None:
    answer = alice.client.generic(
        "POST",
        "/api/v1/orders",
        body,
        content_type="application/json",
        headers={"Authorization": f"Bearer {alice.token}", "Idempotency-Key": "order-0001"},
    )
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert Order.objects.count() == 0


def test_a_body_of_another_media_type_is_415(alice: Phone) -> None:
    answer = alice.client.post(
        "/api/v1/orders",
        {"quote": "x"},
        headers={"Authorization": f"Bearer {alice.token}", "Idempotency-Key": "order-0001"},
    )
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


def test_a_quote_makes_one_order(alice: Phone, world: make.World) -> None:
    body = body_of(world)
    assert alice.post("orders", body, Idempotency_Key="order-0001").status_code == 201
    second = alice.post("orders", body, Idempotency_Key="order-0002")
    assert (second.status_code, second.json()["code"]) == (409, "quote_used")
    assert Order.objects.count() == 1


def test_the_page_of_an_order_needs_one_answer_beside_its_quote(alice: Phone, world: make.World) -> None:
    claim = make.coupon(world.alice, 1_000)
    page = alice.get("checkout").json()
    assert [one["id"] for one in page["coupons"]] == [str(claim.public_id)]
    assert page["addresses"][0]["is_default"] is True
    assert page["risk_notice"]["sha256"] == make.notice_hash(make.present())
    assert (page["orderer"]["state"], page["missing"], page["templates"]) == ("verified", [], [])
    value = page["year"]["measures"][0]
    assert (value["measure"], value["left"]) == ("value", value["limit"])
    quote = alice.post("quotes", {"lines": [{"sku": "HD-1", "quantity": 1}]}).json()
    assert quote["lines"][0].keys() >= {"product", "options", "thumbnail_url"}
    assert quote["lines"][0]["product"] == world.dryer.product.code

    newcomer = phone_of(alice.client, make.customer(world.shop, "newcomer")).get("checkout").json()
    assert [one["kind"] for one in newcomer["missing"]] == ["privacy_policy", "sensitive_identity"]
    assert (newcomer["orderer"]["state"], newcomer["year"]["measures"][0]["left"]) == ("none", None)
    assert newcomer["addresses"] == newcomer["coupons"] == []
