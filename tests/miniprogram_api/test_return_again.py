"""Wrong or missing goods are asked back and ordered again in one call, once, and nothing of it is lost."""

from __future__ import annotations

import json
import threading

import pytest
from django.test import Client

from compliance.models import AllowanceAccount
from inventory.models import Stock
from inventory.services import set_on_hand
from kernel.models import Receipt
from orders.models import Order
from returns.models import ReturnRequest
from returns.services import decide
from tests import make
from tests.miniprogram_api.conftest import Phone
from tests.miniprogram_api.returning import HOUR, Customs, alice, clock, customs, order, wish
from tests.races.crowd import at_once
from tests.returns.parts import DELIVERED

__all__ = ["Customs", "alice", "clock", "customs", "order"]
pytestmark = pytest.mark.django_db(transaction=True)
NOW = DELIVERED + HOUR
MISSING = {"position": 2, "quantity": 1}


@pytest.fixture(autouse=True)
def seen(monkeypatch):
    """A claim shows it by pictures, which are no matter here."""
    monkeypatch.setattr("returns.services.ask._pictures", lambda *_: [])


def body(world, *lines, kind="claim", reason="missing", of=("IR-1", 1)):
    quote = make.quote(world.alice, of, now=NOW)
    confirmed = {"quote": str(quote.token), "risk_notice": make.notice_hash(NOW)}
    return wish(kind, reason, *(lines or (MISSING,))) | confirmed


def again(phone, order, body, key="again-0001"):
    return phone.post(f"orders/{order.number}/returns/again", body, Idempotency_Key=key)


def reserved(sku):
    return Stock.objects.get(variant__sku=sku).reserved


def test_what_is_missing_is_claimed_and_ordered_again_in_one_call(alice, order, world):
    before = reserved("IR-1")
    wanted = body(world)
    answer = again(alice, order, wanted)
    assert answer.status_code == 201
    told = answer.json()
    row = ReturnRequest.objects.get()
    assert told["request"]["number"] == row.number
    assert (told["request"]["state"], told["problem"]) == ("requested", None)
    assert told["order"]["total_fen"] == 5_455 and told["order"]["number"] != order.number
    assert (Order.objects.count(), reserved("IR-1")) == (2, before + 1)
    shown = alice.get(f"returns/{row.number}").json()
    assert shown["replacement"]["order"] == {"number": told["order"]["number"], "state": "placed"}
    replayed = again(alice, order, wanted)
    assert (replayed.content, replayed.headers["Idempotent-Replay"]) == (answer.content, "true")
    # The answer to the claim changes nothing of the order; its refund goes by itself.
    decide.approve(request=row, by="anna", now=NOW)
    later = alice.post(f"returns/{row.number}/replacement")
    assert (later.status_code, later.json()["order"]) == (409, told["order"]["number"])


def test_an_exchange_is_one_call_too(alice, order, world):
    piece = {"position": 1, "quantity": 1, "wanted": "IR-1"}
    told = again(alice, order, body(world, piece, kind="exchange", reason="does_not_fit")).json()
    assert (told["request"]["state"], told["order"]["state"], told["problem"]) == ("to_send", "placed", None)


def test_what_cannot_be_ordered_now_is_told_and_the_request_stands(alice, order, world):
    wanted = body(world)
    set_on_hand(warehouse=world.warehouse, variant=world.iron, on_hand=0, by="test", now=NOW)
    told = again(alice, order, wanted).json()
    assert (told["order"], told["problem"]["code"]) == (None, "sold_out")
    assert (Order.objects.count(), ReturnRequest.objects.get().replacement) == (1, None)
    assert Receipt.objects.filter(source__endswith="returns.again").count() == 0
    set_on_hand(warehouse=world.warehouse, variant=world.iron, on_hand=9, by="test", now=NOW)
    again_told = again(alice, order, wanted).json()
    assert again_told["request"]["number"] == told["request"]["number"]
    assert (again_told["order"]["state"], again_told["problem"]) == ("placed", None)
    assert (Order.objects.count(), ReturnRequest.objects.count()) == (2, 1)


def test_a_quote_that_is_over_is_told_and_a_new_one_goes_with_the_same_key(alice, order, world, clock):
    old = body(world)
    clock.move_to(NOW + HOUR)
    assert again(alice, order, old).json()["problem"]["code"] == "quote_stale"
    quote = make.quote(world.alice, ("IR-1", 1), now=NOW + HOUR)
    told = again(alice, order, old | {"quote": str(quote.token)}).json()
    assert (told["order"]["state"], ReturnRequest.objects.count()) == ("placed", 1)


def test_over_the_years_limit_the_law_is_told_and_the_request_stands(alice, order, world):
    AllowanceAccount.objects.update(used=2_600_000)
    told = again(alice, order, body(world)).json()
    assert (told["order"], told["problem"]["status"]) == (None, 403)
    assert (Order.objects.count(), ReturnRequest.objects.get().state) == (1, "requested")


def test_only_what_the_request_wants_is_ordered_with_it(alice, order, world):
    told = again(alice, order, body(world, of=("IR-1", 2))).json()
    assert (told["order"], told["problem"]["code"]) == (None, "return_other_goods")
    piece = {"position": 1, "quantity": 1}
    mind = body(world, piece, kind="return", reason="changed_mind", of=("HD-1", 1))
    told = again(alice, order, mind, key="again-0002").json()
    assert (told["order"], told["problem"]["code"]) == (None, "return_not_replaceable")
    stranger = make.buyer(world.shop, make.BOB, make.id_number(2))
    theirs = body(world) | {"quote": str(make.quote(stranger, ("IR-1", 1), now=NOW).token)}
    again_told = again(alice, order, theirs).json()
    assert (again_told["problem"]["code"], Order.objects.count()) == ("not_found", 1)
    phone = Phone(Client(), world.shop.appid, make.token(stranger, now=NOW))
    assert again(phone, order, body(world)).status_code == 404


@pytest.mark.parametrize("keys", ["one", "several"])
def test_the_same_call_at_once_makes_one_request_and_one_order(alice, order, world, keys):
    wanted, barrier = body(world), threading.Barrier(6)

    def call(number):
        phone = Phone(Client(), alice.appid, alice.token)
        barrier.wait(timeout=20)
        key = "again-0001" if keys == "one" else f"again-{number:04}"
        return again(phone, order, wanted, key=key)

    answers = at_once([lambda number=number: call(number) for number in range(6)])
    placed = {
        json.loads(one.content)["order"]["number"] for one in answers if getattr(one, "status_code", 0) == 201
    }
    assert {one.status_code for one in answers} <= {201, 409, 503}, answers
    assert (len(placed), Order.objects.count(), ReturnRequest.objects.count()) == (1, 2, 1)
