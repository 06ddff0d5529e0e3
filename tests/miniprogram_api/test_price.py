"""Over HTTP: giving up a return line by line, and the proof of an order's price."""

from __future__ import annotations

from datetime import timedelta

import pytest

from compliance.law import Law
from compliance.notice import return_exclusion
from kernel.clock import shanghai_day
from orders.models import Order
from tests import make
from tests.miniprogram_api.conftest import Phone


@pytest.fixture
def cream(world: make.World) -> None:
    made = make.variant(world.shop, "CR-1", 20_000, return_exclusion="opened")
    make.stock(world.warehouse, made)


def quoted(alice: Phone, *skus: str) -> dict:
    answer = alice.post("quotes", {"lines": [{"sku": sku, "quantity": 1} for sku in skus]})
    assert answer.status_code == 201, answer.content
    return answer.json()


def ordered(alice: Phone, quote: dict, key: str = "order-0001", **more: object):
    body = {"quote": quote["token"], "risk_notice": make.notice_hash(make.present()), **more}
    return alice.post("orders", body, Idempotency_Key=key)


def test_a_quote_shows_ground_and_wording_and_ticks_nothing(alice: Phone, cream: None) -> None:
    dryer, jar = quoted(alice, "HD-1", "CR-1")["lines"]
    wording = return_exclusion(Law(shanghai_day(make.present())), "opened")
    assert dryer["return_exclusion"] is None
    assert jar["return_exclusion"] == {
        "ground": "opened",
        "version": "1",
        "sha256": wording.sha256,
        "text": {"zh": wording.zh[0], "en": wording.en[0]},
        "confirmed": False,
    }


def test_what_was_ticked_is_shown_as_confirmed_and_what_was_not_is_not(alice: Phone, cream: None) -> None:
    first = ordered(alice, quoted(alice, "HD-1", "CR-1"), return_exclusions=["CR-1", "CR-1"])
    second = ordered(alice, quoted(alice, "CR-1"), key="order-0002")
    assert (first.status_code, second.status_code) == (201, 201)
    seen = [alice.get(f"orders/{made.json()['number']}").json()["lines"] for made in (first, second)]
    assert [line["return_exclusion"] and line["return_exclusion"]["confirmed"] for line in seen[0]] == [
        None,
        True,
    ]
    assert seen[1][0]["return_exclusion"]["confirmed"] is False


def test_a_sku_without_a_ground_is_refused(alice: Phone, cream: None) -> None:
    answer = ordered(alice, quoted(alice, "HD-1"), return_exclusions=["HD-1"])
    assert (answer.status_code, answer.json()["refusals"][0]["rule"]) == (403, "RETURN-1")
    assert Order.objects.count() == 0


@pytest.mark.parametrize("given", ["CR-1", [7], [""], ["x" * 65], ["a"] * 100, None, {"CR-1": True}])
def test_anything_but_a_list_of_skus_is_a_clear_problem(alice: Phone, given: object) -> None:
    answer = ordered(alice, quoted(alice, "HD-1"), return_exclusions=given)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_fields")
    assert "return_exclusions" in answer.json()["errors"]
    assert Order.objects.count() == 0


def test_the_proof_of_a_price(alice: Phone) -> None:
    number = ordered(alice, quoted(alice, "HD-1")).json()["number"]
    proof = alice.get(f"orders/{number}/price").json()
    since = make.NOW - timedelta(days=900)
    assert proof["lines"] == [
        {
            "sku": "HD-1",
            "quantity": 1,
            "goods_fen": 10_000,
            "list_price": {"price_fen": 10_000, "since": since.isoformat(), "until": None},
            "price_cut": None,
            "derived": True,
        }
    ]
    assert (proof["derived"], proof["coupon_fen"], proof["discount_fen"]) == (True, 0, 0)
