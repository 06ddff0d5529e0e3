"""Before a return is asked for a consumer is told what is possible, what it gives, by when, and why not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from compliance.models import AllowanceAccount
from customers.models import Identity
from returns.models import ReturnRequest
from returns.windows import ARRIVE, CLAIM, DECLARE, SEVEN
from tests import make, make_stock
from tests.miniprogram_api.conftest import Phone, phone_of
from tests.miniprogram_api.returning import Customs, alice, clock, customs, later, order, wish
from tests.miniprogram_api.test_checkout import statements
from tests.returns import parts
from tests.returns.parts import DELIVERED, RELEASED, delivered

__all__ = ["Customs", "alice", "clock", "customs", "order"]
pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)


def day(at):
    return at.date().isoformat()


def quoted(phone, order, **body):
    return phone.post(f"orders/{order.number}/returns/quote", body or wish())


def test_the_first_screen_shows_each_line_with_what_may_be_asked_and_until_when(alice, order):
    shown = alice.get(f"orders/{order.number}/returns/options")
    assert shown.status_code == 200
    body = shown.json()
    assert (body["stage"], body["received_on"]) == ("delivered", day(DELIVERED))
    assert {one["name"]: (one["last"], one["open"]) for one in body["clocks"]} == {
        SEVEN: (day(DELIVERED + 7 * DAY), True),
        CLAIM: (day(DELIVERED + 15 * DAY), True),
        DECLARE: (day(RELEASED + 30 * DAY), True),
        ARRIVE: (day(RELEASED + 45 * DAY), True),
    }
    assert [(line["sku"], line["left"]) for line in body["lines"]] == [("HD-1", 2), ("IR-1", 1)]
    assert [line["product"] for line in body["lines"]] == ["p-hd-1", "p-ir-1"]
    kinds = {kind["kind"]: kind for kind in body["lines"][0]["kinds"]}
    assert [one["reason"] for one in kinds["return"]["reasons"]] == [
        "changed_mind",
        "does_not_fit",
        "damaged",
        "defective",
        "wrong",
    ]
    assert kinds["return"]["says"] == {"zh": "退货退款", "en": "return and refund"}
    damaged = kinds["return"]["reasons"][2]
    assert (damaged["says"]["zh"], damaged["pictures"], damaged["sends_back"]) == ("收到时破损", 1, True)
    assert kinds["refund_only"]["reasons"] == []
    assert [one["code"] for one in kinds["refund_only"]["obstacles"]] == ["received"]


def test_outside_a_window_the_screen_says_why_with_its_source(alice, world, order, clock):
    clock.move_to(DELIVERED + 8 * DAY)
    later(alice, world, DELIVERED + 8 * DAY)
    body = alice.get(f"orders/{order.number}/returns/options").json()
    kinds = {kind["kind"]: kind for kind in body["lines"][0]["kinds"]}
    assert [one["reason"] for one in kinds["return"]["reasons"]] == ["damaged", "defective", "wrong"]
    answer = quoted(alice, order).json()
    (over,) = answer["obstacles"]
    assert (answer["possible"], over["code"], over["last"]) == (
        False,
        "seven_days_over",
        day(DELIVERED + 7 * DAY),
    )
    assert over["citation"] and over["link"].startswith("http")
    assert answer["remains"] == ["return", "exchange", "claim"]


def test_a_quote_tells_money_by_parts_tax_quota_and_dates_and_writes_nothing(alice, order):
    answer = quoted(alice, order)
    assert answer.status_code == 200
    body = answer.json()
    (line,) = body["lines"]
    assert (line["sku"], line["quantity"], line["goods_fen"], line["tax_fen"]) == ("HD-1", 1, 10_000, 910)
    assert (body["refund_fen"], body["late_refund_fen"]) == (10_910, 10_910)
    assert body["tax"] == {"fen": 910, "restorable": True, "kept_fen": 0, "kept_late_fen": 0}
    assert (body["quota_fen"], body["goods_back"], body["way_back_by"]) == (10_000, True, "consumer")
    assert [one["name"] for one in body["clocks"]] == [SEVEN, DECLARE, ARRIVE]
    assert (body["possible"], body["obstacles"], body["exchange"]) == (True, [], None)
    assert ReturnRequest.objects.count() == 0


@pytest.mark.parametrize("kind", ["return", "exchange"])
def test_a_quote_takes_at_most_ten_statements(alice, order, kind):
    alice.get("me")  # the storefront is known to the process
    with CaptureQueriesContext(connection) as captured:
        assert quoted(alice, order, **wish(kind)).status_code == 200
    authentication, *rest = statements(captured)
    assert "customer_session" in authentication
    assert len(rest) <= 10, "\n".join(rest)


def test_an_exchange_tells_the_price_and_the_quota_it_needs_before_the_old_one_is_back(alice, order, world):
    piece = {"position": 1, "quantity": 2, "wanted": "IR-1"}
    body = quoted(alice, order, **wish("exchange", "does_not_fit", piece)).json()
    swap = body["exchange"]
    assert [(one["sku"], one["quantity"], one["price_fen"]) for one in swap["lines"]] == [("IR-1", 2, 5_000)]
    account = AllowanceAccount.objects.get(measure="value")
    left = 2_600_000 - account.used - account.reserved
    assert swap["quota"] == {
        "year": 2026,
        "limit_fen": 2_600_000,
        "left_fen": left,
        "needs_fen": 10_000,
        "enough": True,
        "comes_back_fen": 20_000,
    }
    AllowanceAccount.objects.filter(pk=account.pk).update(used=2_600_000 - 9_999, reserved=0)
    quota = quoted(alice, order, **wish("exchange", "does_not_fit", piece)).json()["exchange"]["quota"]
    assert (quota["left_fen"], quota["enough"]) == (9_999, False)
    Identity.objects.filter(customer=world.alice).update(state="stated", person=None)
    quota = quoted(alice, order, **wish("exchange", "does_not_fit", piece)).json()["exchange"]["quota"]
    assert (quota["left_fen"], quota["enough"]) == (None, None)


def test_the_year_is_told_with_the_freight_that_it_counts(alice, world, order):
    make_stock.warehouse(world.shop, freight_fen=1_507)
    bought = delivered(world, ("HD-1", 2), ("IR-1", 1))
    assert bought.freight_fen == 1_507
    used = bought.goods_fen + bought.freight_fen
    both = [{"position": 1, "quantity": 2}, {"position": 2, "quantity": 1}]
    first, whole = (
        quoted(alice, bought, **wish("return", "changed_mind", *lines)).json()["quota_fen"]
        for lines in ([], both)
    )
    assert (first, whole) == (10_000 + bought.lines.get(position=1).freight_fen // 2, used)
    account = AllowanceAccount.objects.get(measure="value")
    for left, enough in ((9_999, False), (11_506, None), (500_000, True)):
        AllowanceAccount.objects.filter(pk=account.pk).update(used=2_600_000 - left, reserved=0)
        quota = quoted(alice, bought, **wish("exchange", "does_not_fit")).json()["exchange"]["quota"]
        assert (quota["needs_fen"], quota["left_fen"], quota["enough"]) == (10_000, left, enough)


def test_what_is_wanted_in_exchange_is_of_this_shop(alice, order):
    for piece in (
        {"position": 1, "quantity": 1, "wanted": "NO-1"},
        {"position": 9, "quantity": 1, "wanted": "IR-1"},
    ):
        answer = quoted(alice, order, **wish("exchange", "does_not_fit", piece))
        assert (answer.status_code, answer.json()["code"]) == (422, "return_wanted_unknown")


@pytest.mark.parametrize(
    "body",
    [
        {},
        wish("gift"),
        wish("return", "because"),
        wish("return", "changed_mind", {"position": 0, "quantity": 1}),
        wish("return", "changed_mind", {"position": 1, "quantity": 0}),
        wish("return", "changed_mind", {"position": 1, "quantity": 1}, {"position": 1, "quantity": 1}),
        {"kind": "return", "reason": "changed_mind", "lines": []},
        {"kind": "return", "reason": "changed_mind", "lines": "1"},
    ],
)
def test_a_wish_that_makes_no_sense_is_422(alice, order, body):
    answer = alice.post(f"orders/{order.number}/returns/quote", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_fields")


def test_of_anothers_order_nothing_is_told(client, world, order):
    person = make.buyer(world.shop, make.BOB, make.id_number(2))
    bob = Phone(client, world.shop.appid, make.token(person, now=DELIVERED))
    for answer in (
        bob.get(f"orders/{order.number}/returns/options"),
        quoted(bob, order),
        bob.post(f"orders/{order.number}/returns", wish(), Idempotency_Key="bob-0000001"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert ReturnRequest.objects.count() == 0


def test_terms_of_the_shop_are_shown_beforehand(client, world, customs, clock):
    parts.policy(world, lost_tax_percent=40, way_back_by="brand", refunds_freight=True)
    order = parts.delivered(world)
    phone = later(phone_of(client, world.alice), world, DELIVERED)
    clock.move_to(DELIVERED)
    body = quoted(phone, order).json()
    assert (body["way_back_by"], body["freight"]) == ("seller", True)
    assert "not part of this refund" in body["way_back_says"]["en"]
    assert body["tax"]["kept_late_fen"] == 546
    assert body["refund_fen"] - body["late_refund_fen"] == 546
