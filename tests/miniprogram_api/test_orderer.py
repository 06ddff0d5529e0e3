"""Somebody else has paid: the order says so, the payer is named or the money comes back, by its owner."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from compliance import services as compliance
from compliance.consent_texts import NOTICES, current_text
from compliance.models import VALUE, PayerCheck
from compliance.services import answer_payer, ask_payer, open_payer_check
from customers.models import NamedPayer
from kernel.clock import shanghai_day
from orders.models import Order
from tests import make
from tests.conftest import WebClient
from tests.miniprogram_api.conftest import Phone, phone_of
from tests.stand_in import StandIn

pytestmark = pytest.mark.django_db(transaction=True)

TEXT = current_text("naming_payer", shanghai_day(make.NOW), folder=NOTICES)
assert TEXT is not None
BOB = {"name": make.NAMES[make.BOB], "number": make.NUMBERS[make.BOB], "notice": TEXT.version}


@pytest.fixture
def order(world: make.World) -> Order:
    """A paid order of Alice's, of which WeChat has said that somebody else paid."""
    made = make.order(world.alice, ("HD-1", 2), now=make.present())
    now = make.present()
    Order.objects.filter(pk=made.pk).update(
        state="paid", paid_at=now, mchid="16", out_trade_no=f"T{made.number}", transaction_id="42"
    )
    check = open_payer_check(storefront_id=made.storefront_id, order_number=made.number, port="3105", now=now)
    ask_payer(check=check, now=now)
    answer_payer(check=check, answer="different", now=now)
    made.refresh_from_db()
    return made


@pytest.fixture
def phone(world: make.World) -> Phone:
    return Phone(WebClient(), world.shop.appid, make.token(world.alice))


def test_the_order_says_that_somebody_else_has_paid_and_what_can_be_done(order: Order, phone: Phone) -> None:
    until = PayerCheck.objects.get().deadline_at
    assert until is not None
    seen = phone.get(f"orders/{order.number}").json()["payer"]
    assert seen["state"] == "different"
    told = phone.get(f"orders/{order.number}/orderer").json()
    assert (told["name_masked"], told["number_masked"]) == ("王*", "110105********002X")
    assert (told["payer"], told["may_name"], told["may_refund"], told["named"]) == (
        "different",
        True,
        True,
        None,
    )
    assert told["name_until"] == seen["name_until"] == until.isoformat()
    assert told["notice"]["sha256"] == TEXT.sha256


def test_whoever_is_named_is_the_orderer_and_the_same_again_is_the_same(
    order: Order, phone: Phone, provider: StandIn
) -> None:
    for _ in range(2):
        answer = phone.put(f"orders/{order.number}/orderer", BOB)
        assert answer.status_code == 200
        told = answer.json()
        assert (told["name_masked"], told["payer"], told["may_name"]) == ("李*", "renamed", False)
        assert told["named"]["state"] == "taken"
        assert make.NUMBERS[make.BOB] not in answer.content.decode()
    assert NamedPayer.objects.count() == 1


def test_while_the_provider_is_silent_it_is_being_verified(
    order: Order, phone: Phone, provider: StandIn
) -> None:
    provider.control("switches", call="identity", mode="500_before")
    told = phone.put(f"orders/{order.number}/orderer", BOB).json()
    assert (told["payer"], told["named"]["state"], told["may_name"]) == ("different", "asked", True)


def test_a_pair_that_is_not_confirmed_reads_as_that_alone(
    order: Order, phone: Phone, provider: StandIn
) -> None:
    provider.control("switches", call="identity", mode="result", code="-5")
    answer = phone.put(f"orders/{order.number}/orderer", BOB)
    assert (answer.status_code, answer.json()["named"]["state"]) == (200, "rejected")
    assert "no_record" not in answer.content.decode()


def test_a_refusal_names_its_rule_and_source_and_nothing_of_the_other_person(
    order: Order, phone: Phone, provider: StandIn
) -> None:
    now = make.present()
    with transaction.atomic():
        bob = compliance.person_of(id_number=make.NUMBERS[make.BOB], now=now)
    compliance.allowance_reserve(
        person_id=bob.pk,
        order_number="ELSEWHERE",
        wanted={VALUE: (2_590_000, 2_600_000)},
        year=shanghai_day(now).year,
        now=now,
    )
    answer = phone.put(f"orders/{order.number}/orderer", BOB)
    assert (answer.status_code, answer.json()["code"]) == (403, "refused")
    (refusal,) = answer.json()["refusals"]
    assert (refusal["rule"], refusal["facts"]) == ("LIMIT-2", {})
    assert refusal["citation"]
    told = phone.get(f"orders/{order.number}/orderer").json()
    assert (told["named"]["state"], told["may_name"]) == ("refused", True)
    assert [(one["rule"], one["facts"]) for one in told["named"]["refusals"]] == [("LIMIT-2", {})]


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"notice": "0"}, 409, "consent_not_current"),
        ({"number": "310115199001010011"}, 422, "invalid_identity"),
        ({"number": make.NUMBERS[make.ALICE], "name": "王爱丽"}, 409, "payer_same_orderer"),
        ({"notice": None}, 422, "invalid_fields"),
    ],
)
def test_what_cannot_be_taken_is_said(
    order: Order, phone: Phone, provider: StandIn, changes: dict[str, Any], status: int, code: str
) -> None:
    answer = phone.put(f"orders/{order.number}/orderer", BOB | changes)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not NamedPayer.objects.exists()


def test_after_the_deadline_it_is_too_late(order: Order, phone: Phone, provider: StandIn) -> None:
    PayerCheck.objects.update(deadline_at=make.present() - timedelta(seconds=1))
    answer = phone.put(f"orders/{order.number}/orderer", BOB)
    assert (answer.status_code, answer.json()["code"]) == (409, "payer_rename_too_late")


def test_the_money_comes_back_on_the_consumers_word_once(order: Order, phone: Phone) -> None:
    for _ in range(2):
        answer = phone.post(f"orders/{order.number}/orderer/refund")
        assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    assert PayerCheck.objects.get().state == "refunding"
    assert phone.get(f"orders/{order.number}/orderer").json()["may_refund"] is False


def test_an_order_whose_payer_is_the_orderer_names_nobody(order: Order, phone: Phone) -> None:
    PayerCheck.objects.update(state="same", deadline_at=None)
    answer = phone.put(f"orders/{order.number}/orderer", BOB)
    assert (answer.status_code, answer.json()["code"]) == (409, "payer_not_asked")
    answer = phone.post(f"orders/{order.number}/orderer/refund")
    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")


def test_for_anyone_else_the_order_does_not_exist(
    world: make.World, order: Order, provider: StandIn, client: Client
) -> None:
    stranger = make.buyer(world.shop, make.STRANGER, now=make.present())
    other = phone_of(client, stranger)
    path = f"orders/{order.number}/orderer"
    answers = [other.get(path), other.put(path, BOB), other.post(f"{path}/refund")]
    assert [one.status_code for one in answers] == [404, 404, 404]
    assert Order.objects.get(pk=order.pk).state == "paid"
    assert not NamedPayer.objects.exists()
