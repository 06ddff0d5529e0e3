"""Idempotency-Key: another body 422, in flight 409, a replay identical to the byte (A9)."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from compliance.models import Judgement
from inventory.models import Stock
from kernel.models import Receipt
from orders.models import Order
from tests import make
from tests.conftest import WebClient
from tests.miniprogram_api.conftest import Phone, phone_of
from tests.waiting import somebody_waits


def wish(world: make.World, *wanted: tuple[str, int], **changes: Any) -> dict[str, Any]:
    now = make.present()
    quote = make.quote(world.alice, *(wanted or (("HD-1", 1), ("IR-1", 1))), now=now)
    return {"quote": str(quote.token), "risk_notice": make.notice_hash(now), **changes}


def test_a_replay_is_identical_and_places_nothing(alice: Phone, world: make.World) -> None:
    body = wish(world)
    first = alice.post("orders", body, Idempotency_Key="order-0001")
    again = alice.post("orders", body, Idempotency_Key="order-0001")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again["Content-Type"] == first["Content-Type"] == "application/json"
    assert "Idempotent-Replay" not in first
    assert again["Idempotent-Replay"] == "true"
    assert Order.objects.count() == 1


def test_the_same_key_with_another_body_is_refused(alice: Phone, world: make.World) -> None:
    assert alice.post("orders", wish(world), Idempotency_Key="order-0001").status_code == 201
    other = alice.post("orders", wish(world), Idempotency_Key="order-0001")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert Order.objects.count() == 1


def test_two_customers_may_use_the_same_key(alice: Phone, world: make.World, client: Client) -> None:
    bob = make.buyer(world.shop, make.BOB, make.id_number(2))
    quote = make.quote(bob, ("IR-1", 1), now=make.present())
    body = {"quote": str(quote.token), "risk_notice": make.notice_hash(make.present())}
    assert alice.post("orders", wish(world), Idempotency_Key="order-0001").status_code == 201
    assert phone_of(client, bob).post("orders", body, Idempotency_Key="order-0001").status_code == 201


@pytest.mark.parametrize("key", [None, "", "short", "x" * 121, "tab\tinside", "漢字漢字漢字漢字"])
def test_without_a_proper_key_nothing_is_placed(alice: Phone, world: make.World, key: str | None) -> None:
    headers = {} if key is None else {"Idempotency_Key": key.encode().decode("latin-1")}
    answer = alice.post("orders", wish(world), **headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_needed")
    assert (Order.objects.count(), Receipt.objects.count()) == (0, 0)


def test_a_refusal_of_law_is_kept_with_its_judgement(alice: Phone, world: make.World) -> None:
    body = wish(world, risk_notice=None)
    first = alice.post("orders", body, Idempotency_Key="order-0001")
    assert (first.status_code, first.json()["code"]) == (403, "refused")
    assert [refusal["rule"] for refusal in first.json()["refusals"]] == ["NOTICE-1"]
    assert first["Content-Type"] == "application/problem+json"
    again = alice.post("orders", body, Idempotency_Key="order-0001")
    assert (again.status_code, again.content) == (403, first.content)
    assert again["Content-Type"] == "application/problem+json"
    assert again["Idempotent-Replay"] == "true"
    assert Order.objects.count() == 0
    assert Judgement.objects.filter(allowed=False).count() == 1


def test_a_conflict_is_not_kept_and_the_key_may_be_used_again(alice: Phone, world: make.World) -> None:
    body = wish(world)
    make.stock(world.warehouse, world.iron, 0)
    sold_out = alice.post("orders", body, Idempotency_Key="order-0001")
    assert (sold_out.status_code, sold_out.json()["code"]) == (409, "sold_out")
    assert (Order.objects.count(), Receipt.objects.count()) == (0, 0)
    assert Stock.objects.get(variant=world.dryer).reserved == 0
    make.stock(world.warehouse, world.iron, 1)
    assert alice.post("orders", body, Idempotency_Key="order-0001").status_code == 201


@pytest.mark.django_db(transaction=True)
def test_while_the_first_is_in_flight_the_second_is_told_to_wait() -> None:
    world = make.world()
    alice = phone_of(WebClient(), world.alice)
    body = wish(world)
    first: list[Any] = []

    def post() -> None:
        try:
            first.append(Phone(WebClient(), alice.appid, alice.token).post("orders", body, **key))
        finally:
            connection.close()

    key = {"Idempotency_Key": "order-0001"}
    thread = threading.Thread(target=post)
    with transaction.atomic():
        Stock.objects.select_for_update().get(variant=world.iron)  # the first will wait for this row
        thread.start()
        second_client = threading.Thread(target=lambda: second.append(_after_waiting(alice, body, key)))
        second: list[Any] = []
        second_client.start()
        second_client.join(20)
    thread.join(20)
    assert (second[0].status_code, second[0].json()["code"]) == (409, "idempotency_in_flight")
    assert second[0]["Retry-After"] == "1"
    assert first[0].status_code == 201
    replay = alice.post("orders", body, **key)
    assert (replay.status_code, replay.content) == (201, first[0].content)
    assert Order.objects.count() == 1


def _after_waiting(alice: Phone, body: dict[str, Any], key: dict[str, str]) -> Any:
    """Send the same request once another connection is waiting for a lock."""
    try:
        until = time.monotonic() + 10
        while time.monotonic() < until:
            if somebody_waits():
                return Phone(WebClient(), alice.appid, alice.token).post("orders", body, **key)
            time.sleep(0.02)
        raise AssertionError("the first request never came to its lock")
    finally:
        connection.close()
