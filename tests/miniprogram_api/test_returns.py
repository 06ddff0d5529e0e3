"""A consumer asks for a return once, follows it, does what is theirs, and orders anew what is exchanged."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kernel.models import Case, Event
from logistics.models import CarrierAccount
from orders.models import Order, Quote
from payments.models import Refund
from returns.models import ReturnRequest
from returns.services import decide, strays
from returns.services.arrive import receive
from tests import make
from tests.miniprogram_api.conftest import Phone
from tests.miniprogram_api.returning import HOUR, Customs, alice, clock, customs, order, wish
from tests.miniprogram_api.test_checkout import statements
from tests.returns import parts
from tests.returns.parts import DELIVERED, delivered, graded
from tests.returns.test_lives import pays
from tests.returns.test_strays import came

__all__ = ["Customs", "alice", "clock", "customs", "order"]
pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)
NOW = DELIVERED + HOUR
KEY = "return-0001"
SF = {"carrier": "SF", "waybill": "SF2000000000001"}


def asked(phone, order, body=None, key=KEY):
    return phone.post(f"orders/{order.number}/returns", body or wish(), Idempotency_Key=key)


def row():
    return ReturnRequest.objects.select_related("order", "storefront").get()


def kept_back(phone, order, fen=1_000):
    """Sent back, received, found used, and something is kept back of it."""
    number = asked(phone, order).json()["number"]
    phone.post(f"returns/{number}/way", SF)
    receive(request=row(), by="op", now=NOW)
    graded(row(), NOW, "opened", "quarantine", deducted_fen=fen, why="已使用")
    return f"returns/{number}"


def test_a_return_is_asked_for_once_a_key_and_a_lost_answer_is_given_again(alice, order):
    first = asked(alice, order)
    assert first.status_code == 201
    body = first.json()
    assert (body["kind"], body["state"], body["refund_fen"]) == ("return", "to_send", 10_910)
    assert body["next"]["says"]["en"].startswith("agreed: send the goods back")
    again = asked(alice, order)
    assert (again.status_code, again.content, again["Idempotent-Replay"]) == (201, first.content, "true")
    other = asked(alice, order, wish("return", "changed_mind", {"position": 1, "quantity": 2}))
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert asked(alice, order, key="short").json()["code"] == "idempotency_key_needed"
    assert ReturnRequest.objects.count() == 1


def test_what_is_not_possible_is_refused_with_why_and_its_key_is_good_again(alice, order):
    asked(alice, order)
    whole = wish("return", "changed_mind", {"position": 1, "quantity": 2})
    refused = asked(alice, order, whole, key="return-0002")
    assert (refused.status_code, refused.json()["code"]) == (409, "return_not_possible")
    assert [one["code"] for one in refused.json()["obstacles"]] == ["too_many"]
    assert refused["Content-Type"] == "application/problem+json"
    assert alice.post(f"returns/{row().number}/withdraw").json()["state"] == "withdrawn"
    assert asked(alice, order, whole, key="return-0002").status_code == 201


def test_a_return_is_followed_from_the_wish_to_the_money(alice, order, world, customs):
    number = asked(alice, order, wish(words="颜色与图片不符")).json()["number"]
    path = f"returns/{number}"
    shown = alice.get(path).json()
    assert (shown["words"], shown["may"]) == ("颜色与图片不符", ["way", "withdraw"])
    assert shown["next"]["by"] == "2026-12-01T05:00:00+00:00"
    assert {"code": "SF", "name": {"zh": "顺丰速运", "en": "SF Express"}} in shown["carriers"]
    sent = alice.post(f"{path}/way", SF)
    assert (sent.status_code, sent.json()["state"]) == (200, "on_the_way")
    assert sent.json()["way"] | {"sent_at": None} == SF | {"sent_at": None, "latest": None}
    assert customs.declared == [{"HD-1": 1}]
    mended = alice.post(f"{path}/way", SF | {"waybill": "SF2000000000002"})
    assert (mended.json()["way"]["waybill"], len(customs.declared)) == ("SF2000000000002", 1)
    receive(request=row(), by="op", now=NOW)
    graded(row(), NOW)
    shown = alice.get(path).json()
    assert (shown["state"], shown["may"], shown["carriers"]) == ("refunding", [], [])
    assert shown["lines"][0]["grades"] == [
        {"grade": "as_new", "says": {"zh": "完好", "en": "as new"}, "quantity": 1}
    ]
    assert (shown["refund"]["state"], shown["refund"]["amount_fen"]) == ("accepted", 10_910)
    pays(row(), NOW)
    shown = alice.get(path).json()
    assert (shown["state"], shown["next"]["says"]["zh"]) == ("settled", "退款已到账")
    assert [step["state"] for step in shown["history"]] == [
        "requested",
        "to_send",
        "on_the_way",
        "received",
        "inspected",
        "refunding",
        "settled",
    ]
    assert shown["refund"]["succeeded_at"] is not None


def test_the_orders_page_and_the_list_show_the_returns(alice, order):
    assert alice.get(f"orders/{order.number}").json()["returns"] == []
    with CaptureQueriesContext(connection) as without:
        alice.get(f"orders/{order.number}")
    numbers = [asked(alice, order, key=f"return-000{n}").json()["number"] for n in (1, 2)]
    with CaptureQueriesContext(connection) as captured:
        shown = alice.get(f"orders/{order.number}").json()["returns"]
    assert len(statements(captured)) == len(statements(without))
    assert [(one["number"], one["state"]) for one in shown] == [(number, "to_send") for number in numbers]
    assert shown[0]["says"]["zh"].startswith("已同意")
    first = alice.get("returns?limit=1").json()
    assert [card["number"] for card in first["items"]] == [numbers[1]]
    today = {"product": "p-hd-1", "options": {}, "thumbnail_url": None}
    assert first["items"][0]["lines"] == [
        {"sku": "HD-1", "name": {"zh": "吹风机 HD-1", "en": "Hair dryer HD-1"}, "quantity": 1} | today
    ]
    assert alice.get(f"returns/{numbers[0]}").json()["lines"][0].items() >= today.items()
    rest = alice.get(f"returns?limit=1&cursor={first['next_cursor']}").json()
    assert ([card["number"] for card in rest["items"]], rest["next_cursor"]) == ([numbers[0]], None)
    assert alice.get("returns?cursor=RMA000000000000").json()["code"] == "bad_cursor"


def test_who_is_refused_reads_why_and_appeals_once(alice, world, customs, clock):
    parts.policy(world, approves=False)
    order = delivered(world)
    path = f"returns/{asked(alice, order).json()['number']}"
    assert alice.get(path).json()["may"] == ["withdraw"]
    decide.refuse(request=row(), answer="吊牌已剪", by="anna", now=NOW)
    shown = alice.get(path).json()
    assert (shown["state"], shown["answer"], shown["may"]) == ("refused", "吊牌已剪", ["appeal", "withdraw"])
    assert alice.post(f"{path}/appeal").json()["state"] == "appealed"
    assert Case.objects.get(kind="return.appealed").state == "open"
    again = alice.post(f"{path}/appeal")
    assert (again.status_code, again.json()["code"]) == (409, "wrong_state")
    assert again.json()["title"] == "当前状态（申诉中）下无法执行此操作。"


def test_what_is_kept_back_is_accepted_at_once(alice, world, customs, clock):
    parts.policy(world, opened_percent=20)
    order = delivered(world)
    path = kept_back(alice, order)
    shown = alice.get(path).json()
    assert (shown["state"], shown["kept_back"]) == ("inspected", {"fen": 1_000, "why": "已使用"})
    assert shown["may"] == ["dispute", "accept"]
    done = alice.post(f"{path}/accept").json()
    assert (done["state"], done["refund"]["amount_fen"]) == ("refunding", done["refund_fen"] - 1_000)
    assert alice.post(f"{path}/accept").status_code == 409
    assert Refund.objects.count() == 1


def test_what_is_kept_back_is_objected_to_and_may_be_accepted_after_all(alice, world, customs, clock):
    parts.policy(world, opened_percent=20)
    order = delivered(world)
    path = kept_back(alice, order)
    assert alice.post(f"{path}/dispute").json()["may"] == ["accept"]
    assert Case.objects.get(kind="return.disputed").state == "open"
    assert alice.post(f"{path}/accept").json()["state"] == "refunding"
    assert Case.objects.get(kind="return.disputed").state == "settled"


def test_what_nobody_inspected_cannot_be_accepted(alice, order):
    path = f"returns/{asked(alice, order).json()['number']}"
    alice.post(f"{path}/way", SF)
    receive(request=row(), by="op", now=NOW)
    answer = alice.post(f"{path}/accept")
    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")
    assert Refund.objects.count() == 0


def test_an_exchange_is_quoted_ordered_and_shown_with_its_return(alice, order, world):
    piece = {"position": 1, "quantity": 1, "wanted": "IR-1"}
    path = f"returns/{asked(alice, order, wish('exchange', 'does_not_fit', piece)).json()['number']}"
    shown = alice.get(path).json()
    assert (shown["lines"][0]["wanted"]["sku"], shown["replacement"]) == ("IR-1", None)
    assert "replacement" in shown["may"]
    quote = alice.post(f"{path}/replacement")
    assert quote.status_code == 201
    assert [(line["sku"], line["quantity"]) for line in quote.json()["lines"]] == [("IR-1", 1)]
    second = alice.post(f"{path}/replacement").json()  # the first may have expired: the newest counts
    shown = alice.get(path).json()["replacement"]
    assert (shown["quote"], shown["order"]) == (second["token"], None)
    body = {"quote": quote.json()["token"], "risk_notice": make.notice_hash(NOW)}
    ended = alice.post("orders", body, Idempotency_Key="anew-0000")
    assert (ended.status_code, ended.json()["code"]) == (409, "quote_stale")
    body["quote"] = second["token"]
    placed = alice.post("orders", body, Idempotency_Key="anew-0001").json()
    shown = alice.get(path).json()["replacement"]
    assert shown["order"] == {"number": placed["number"], "state": "placed"}
    again = alice.post(f"{path}/replacement")
    assert (again.status_code, again.json()["order"]) == (409, placed["number"])
    Order.objects.filter(number=placed["number"]).update(state="expired")
    assert alice.post(f"{path}/replacement").status_code == 201
    Quote.objects.filter(order=None).delete()  # as they are after some days
    assert alice.get(path).json()["replacement"] is None


def test_missing_goods_are_refunded_and_ordered_anew_in_one_step_each(alice, order, world, monkeypatch):
    monkeypatch.setattr("returns.services.ask._pictures", lambda *_: [])
    piece = {"position": 2, "quantity": 1}
    path = f"returns/{asked(alice, order, wish('claim', 'missing', piece)).json()['number']}"
    early = alice.post(f"{path}/replacement")
    assert (early.status_code, early.json()["code"]) == (409, "return_not_replaceable")
    decide.approve(request=row(), by="anna", now=NOW)
    assert alice.get(path).json()["state"] == "refunding"
    lines = alice.post(f"{path}/replacement").json()["lines"]
    assert [(line["sku"], line["quantity"]) for line in lines] == [("IR-1", 1)]


def test_who_changed_their_mind_orders_nothing_anew(alice, order):
    path = f"returns/{asked(alice, order).json()['number']}"
    answer = alice.post(f"{path}/replacement")
    assert (answer.status_code, answer.json()["code"]) == (409, "return_not_replaceable")


@pytest.mark.parametrize("who", ["bob", "elsewhere"])
def test_a_return_of_somebody_else_is_not_there(alice, order, world, client, who):
    number = asked(alice, order).json()["number"]
    if who == "bob":
        stranger = make.buyer(world.shop, make.BOB, make.id_number(2))
    else:
        stranger = make.buyer(make.storefront("swift"), make.STRANGER, make.id_number(3))
    phone = Phone(client, stranger.storefront.appid, make.token(stranger, now=NOW))
    assert phone.get("returns").json()["items"] == []
    events = Event.objects.count()
    calls = [phone.get(f"returns/{number}"), phone.post(f"returns/{number}/way", SF)]
    calls += [phone.post(f"returns/{number}/{step}") for step in ("appeal", "withdraw", "dispute", "accept")]
    calls.append(phone.post(f"returns/{number}/replacement"))
    assert {(one.status_code, one.json()["code"]) for one in calls} == {(404, "not_found")}
    assert Event.objects.count() == events
    assert asked(phone, order).status_code == 404


def test_goods_are_sent_to_the_warehouse_or_to_where_its_carrier_fetches_them(alice, order, world):
    number = asked(alice, order).json()["number"]
    assert alice.get(f"returns/{number}").json()["send_to"] is None
    CarrierAccount.objects.create(
        storefront=world.shop,
        provider="sf",
        customer_code="C",
        secret_sealed=b"-",
        sender="欧贝兰",
        origin="330206",
        origin_place="保税东路 8 号",
    )
    shown = alice.get(f"returns/{number}").json()["send_to"]
    assert (shown["name"], shown["street"]) == ("欧贝兰", "保税东路 8 号")
    world.warehouse.origin, world.warehouse.origin_place = "330206", "保税南路 8 号"
    world.warehouse.sender, world.warehouse.hotline = "宁波退货中心", "0574-88888888"
    world.warehouse.save()
    assert alice.get(f"returns/{number}").json()["send_to"] == {
        "name": "宁波退货中心",
        "phone": "0574-88888888",
        "region": ["浙江省", "宁波市", "北仑区"],
        "street": "保税南路 8 号",
    }


def test_a_way_back_is_a_carrier_that_we_know(alice, order):
    path = f"returns/{asked(alice, order).json()['number']}"
    answer = alice.post(f"{path}/way", {"carrier": "NOBODY", "waybill": "1234567890"})
    assert (answer.status_code, answer.json()["code"]) == (422, "return_waybill")
    assert alice.post(f"{path}/way", {}).json()["code"] == "invalid_fields"


def test_a_parcel_that_nobody_expected_is_shown_on_its_orders_and_its_returns_page(alice, order):
    number = asked(alice, order).json()["number"]
    row = decide.withdraw(request=ReturnRequest.objects.get(number=number), by="consumer", now=DELIVERED)
    parcels = [came(order, row), came(order)]
    shown = alice.get(f"orders/{order.number}").json()["unexpected"]
    assert [(one["number"], one["pieces"], one["state"]) for one in shown] == [
        (one.number, 1, "kept") for one in parcels
    ]
    assert shown[0]["says"]["zh"].startswith("已收到您寄来的包裹")
    assert (shown[0]["return_number"], shown[1]["return_number"], shown[0]["way"]) == (number, None, None)
    strays.send_back(parcel=parcels[0], carrier="SF", waybill="SF2000000000077", by="op", now=DELIVERED)
    (own,) = alice.get(f"returns/{number}").json()["unexpected"]
    assert (own["state"], own["way"]) == ("sent_back", {"carrier": "SF", "waybill": "SF2000000000077"})
