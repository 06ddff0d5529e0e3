"""What becomes of goods that a consumer gives back, told from the first click to the closed books.

Each story is played over HTTP, by the consumer and by the shop's staff, with WeChat Pay, the port and the
carriers on the other side; money, tax, year, stock, customs and words are looked at in each.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from customs.models import Declaration
from kernel import throttle
from miniprogram_api import kept
from payments.models import Refund
from returns.models import ReturnRequest
from tests.journeys.within import DAY, House, house_at
from tests.returns import parts
from tests.stand_in import StandIn

pytestmark = pytest.mark.django_db(transaction=True)

SEND = "已同意，请在所示时间前寄回商品并填写运单号"
ON_THE_WAY = "商品寄回途中，收到后验货退款；所示时间为海关到货期限"
REFUNDING, SETTLED = "退款处理中，到账后告知", "退款已到账"


@pytest.fixture
def house(
    stand_in_process: StandIn, settings: Any, monkeypatch: pytest.MonkeyPatch, redis: Any
) -> Iterator[House]:
    kept.forget()
    throttle.writes.reset()
    with house_at(stand_in_process, settings, monkeypatch) as made:
        yield made
    kept.forget()


def wish(kind: str = "return", reason: str = "changed_mind", pieces: int = 1, **more: Any) -> dict[str, Any]:
    """So many pieces of the line `at`, the first one unless said otherwise."""
    line = {"position": more.pop("at", 1), "quantity": pieces}
    if "wanted" in more:
        line["wanted"] = more.pop("wanted")
    return {"kind": kind, "reason": reason, "lines": [line], **more}


def row(number: str) -> ReturnRequest:
    return ReturnRequest.objects.get(number=number)


def settled(house: House, number: str) -> Any:
    """Her page, once the money is there; it is what it was quoted."""
    house.until(lambda: house.shown(number)["state"] == "settled")
    page = house.shown(number)
    assert page["next"]["says"]["zh"] == SETTLED
    return page


def test_piece_by_piece_all_comes_back_but_the_freight(house: House) -> None:
    order = house.delivers(("HD-1", 2), ("IR-1", 1))
    assert house.books() == {"freight": -1_500, "sales": -25_000, "tax": -2_411, "wechat": 28_911}
    assert (house.year(), house.stock()["HD-1"], house.stock()["IR-1"]) == (
        (26_500, 0),
        (98, 0, 0),
        (99, 0, 0),
    )
    years, said = [], []
    for position in (1, 1, 2):
        body = wish(at=position)
        offer = house.quoted(order, body)
        assert (offer["possible"], offer["tax"]["restorable"]) == (True, True)
        number = house.asks(order, body)["number"]
        said.append(house.says(number))
        house.sends(number)
        said.append(house.says(number))
        house.receives(number, (position, 1, "as_new"))
        said.append(house.says(number))
        page = settled(house, number)
        assert page["refund"]["amount_fen"] == page["refund_fen"] == offer["refund_fen"]
        years.append(house.year()[0])
    assert said == [SEND, ON_THE_WAY, REFUNDING] * 3
    assert house.quoted(order, wish())["obstacles"][0]["code"] == "too_many"
    # The last takes the tax of the freight with it: of a list whose goods are all back nothing is owed.
    assert house.refunds(order) == [10_909, 10_910, 5_592]
    assert sum(house.refunds(order)) == order.total_fen - order.freight_fen
    assert house.books() == {"freight": -1_500, "wechat": 1_500}
    assert years == [15_900, 5_300, 0]
    assert (house.stock()["HD-1"], house.stock()["IR-1"]) == ((100, 0, 0), (100, 0, 0))
    assert house.documents(order) == [("return", "399")] * 3
    house.nothing_open()


def test_an_exchange_for_something_dearer_is_a_return_and_a_purchase(house: House) -> None:
    order = house.delivers(("HD-1", 1))
    body = wish("exchange", "does_not_fit", wanted="XL-1")
    offer = house.quoted(order, body)
    quota = offer["exchange"]["quota"]
    assert (quota["needs_fen"], quota["enough"], quota["comes_back_fen"]) == (25_000, True, 11_500)
    number = house.asks(order, body)["number"]
    anew = house.alice.call("POST", f"returns/{number}/replacement", status=201)
    assert [(one["sku"], one["goods_fen"]) for one in anew["lines"]] == [("XL-1", 25_000)]
    assert house.stock()["XL-1"] == (100, 0, 0)  # kept for her once she orders
    second = house.pays_for(anew)
    assert house.shown(number)["replacement"]["order"] == {"number": second.number, "state": "paid"}
    assert (house.year(), house.stock()["XL-1"]) == ((11_500, 26_500), (100, 1, 0))
    house.packs(second)
    house.clears(second)
    house.leaves(second)
    assert house.year() == (38_000, 0)  # the new one counts before the old one comes back
    house.back()
    house.sends(number)
    house.receives(number, (1, 1, "as_new"))
    assert settled(house, number)["refund"]["amount_fen"] == offer["refund_fen"] == 11_047
    assert (house.refunds(order), house.refunds(second)) == ([11_047], [])
    assert house.books() == {"freight": -3_000, "sales": -25_000, "tax": -2_412, "wechat": 30_412}
    assert (house.documents(order), house.documents(second)) == ([("return", "399")], [])
    assert (house.year(), house.stock()["HD-1"], house.stock()["XL-1"]) == (
        (26_500, 0),
        (100, 0, 0),
        (99, 0, 0),
    )
    house.nothing_open()


def test_who_is_refused_appeals_and_another_colleague_decides(house: House) -> None:
    parts.policy(house.world, approves=False)
    order = house.delivers(("HD-1", 2))
    first, second = (house.asks(order, wish(words="颜色不对"))["number"] for _ in range(2))
    assert house.says(first) == "已提交，店铺将在所示时间前答复"
    for number in (first, second):
        house.step("anna", row(number), "refuse", answer="吊牌已剪")
        page = house.shown(number, "refused")
        assert (page["answer"], page["next"]["says"]["zh"]) == ("吊牌已剪", "未获同意，可在所示时间前申诉")
        house.alice.call("POST", f"returns/{number}/appeal")
        assert house.says(number) == "申诉已提交，另一位工作人员将在所示时间前答复"
        house.step("anna", row(number), "approve", answer="同意")  # who refused decides no appeal
        house.shown(number, "appealed")
    assert house.cases() == ["return.appealed"] * 2
    house.step("ben", row(second), "refuse", answer="维持原决定")
    assert (house.says(second), house.shown(second)["refund"]) == ("已结束，未由本申请退款", None)
    house.step("ben", row(first), "approve", answer="同意")
    assert (house.says(first), house.cases()) == (SEND, [])
    house.sends(first)
    house.receives(first, (1, 1, "as_new"))
    assert settled(house, first)["refund_fen"] == 10_910
    assert house.refunds(order) == [10_910]
    assert house.books() == {"freight": -1_500, "sales": -10_000, "tax": -1_047, "wechat": 12_547}
    assert (house.year(), house.stock()["HD-1"]) == ((10_750, 0), (99, 0, 0))
    assert house.documents(order) == [("return", "399")]
    house.nothing_open()


def test_what_is_given_up_before_its_release_is_asked_back_and_then_paid_back(house: House) -> None:
    order = house.buys(("HD-1", 2))
    house.sandbox.tell("port", order=order.out_trade_no, outcome="review")
    house.packs(order)
    house.until(lambda: Declaration.objects.filter(order=order, state="review").exists())
    house.back()
    body = wish("refund_only", "no_longer_wanted", pieces=2)
    offer = house.quoted(order, body)
    assert (offer["refund_fen"], offer["goods_back"], offer["clocks"]) == (order.total_fen, False, [])
    number = house.asks(order, body)["number"]
    assert (house.says(number), Refund.objects.get().state) == (REFUNDING, "requested")
    assert house.books() == {"freight": -1_500, "sales": -20_000, "tax": -1_957, "wechat": 23_457}
    assert (house.year(), house.stock()["HD-1"]) == ((21_500, 0), (100, 2, 0))
    settled(house, number)
    assert (house.refunds(order), house.books()) == ([23_457], {})
    assert house.alice.get(f"orders/{order.number}")["state"] == "cancelled"
    assert (house.year(), house.stock()["HD-1"]) == ((0, 0), (100, 0, 0))
    assert house.documents(order) == [("cancel", "399")]  # and no return: nothing was released
    house.nothing_open()


def test_what_is_not_sent_back_ends_by_itself_and_costs_nobody_anything(house: House) -> None:
    order = house.delivers(("HD-1", 1))
    before = house.books(), house.year(), house.stock()
    number = house.asks(order, wish())["number"]
    until = house.shown(number)["next"]["by"]
    assert house.quoted(order, wish())["obstacles"][0]["code"] == "too_many"  # its piece is asked for
    house.days(8)
    assert until < house.now().isoformat()
    page = house.shown(number, "lapsed")
    assert page["next"]["says"]["zh"] == "未按时寄回，已关闭；期限内可重新申请"
    assert (page["may"], page["refund"]) == ([], None)
    assert [one["code"] for one in house.quoted(order, wish())["obstacles"]] == ["seven_days_over"]
    assert (house.refunds(order), house.documents(order)) == ([], [])
    assert (house.books(), house.year(), house.stock()) == before
    house.nothing_open()


def test_a_parcel_that_is_lost_on_its_way_is_paid_back_and_customs_keeps_its_tax(house: House) -> None:
    order = house.buys(("HD-1", 2))
    parcel = house.packs(order)
    house.clears(order)
    house.leaves(order)
    house.moves(parcel, "picked_up")
    house.later(DAY)
    house.moves(parcel, "lost")
    assert house.cases() == ["tracking.lost"]
    house.back()
    assert house.alice.get(f"orders/{order.number}/parcels")["parcels"][0]["latest"]["says"]["zh"] == "遗失"
    body = wish("refund_only", "not_received", pieces=2)
    assert house.quoted(order, body)["refund_fen"] == order.total_fen
    number = house.asks(order, body)["number"]
    house.step("li", row(number), "grant", answer="承运方确认遗失")
    settled(house, number)
    assert house.refunds(order) == [order.total_fen] == [23_457]
    assert house.books() == {"goodwill": 1_957, "tax": -1_957}  # the brand's expense, and still owed
    assert (house.year(), house.stock()["HD-1"], house.documents(order)) == ((21_500, 0), (98, 0, 0), [])
    house.nothing_open()


def test_after_its_windows_a_return_is_refused_or_paid_without_customs(house: House) -> None:
    parts.policy(house.world, claim_days=40, lost_tax_percent=40)
    order = house.delivers(("HD-1", 2), ("IR-1", 1))
    slow = house.asks(order, wish(at=2))["number"]
    house.sends(slow)
    house.days(8)
    for answer in (house.quoted(order, wish()), house.asks(order, wish(), status=409)):
        (against,) = answer["obstacles"]
        assert (against["code"], answer["remains"]) == ("seven_days_over", ["return", "exchange", "claim"])
        assert against["says"]["zh"].startswith("七日无理由退货期限已于")
        assert "消费者权益保护法" in against["citation"]
    assert ReturnRequest.objects.count() == 1
    house.days(22)  # customs takes no return of it any more
    offer = house.quoted(order, wish("claim", "defective"))
    assert (offer["refund_fen"], offer["tax"]["restorable"], offer["quota_fen"]) == (11_564, False, 0)
    claim = house.asks(order, wish("claim", "defective", pictures=[house.gives_picture(order)]))["number"]
    house.step("anna", row(claim), "approve", answer="请寄回")
    house.sends(claim)
    house.receives(claim, (1, 1, "opened"))
    assert settled(house, claim)["refund"]["amount_fen"] == offer["refund_fen"]
    assert house.books() == {
        "freight": -900,
        "goodwill": 964,
        "sales": -15_000,
        "tax": -2_411,
        "wechat": 17_347,
    }
    house.days(16)  # and what was declared in time is late on its way
    assert house.cases() == ["return.not_arrived", "return.way_owed"]
    house.receives(slow, (2, 1, "as_new"))
    page = settled(house, slow)
    # Six tenths of its tax, 273 fen, are the consumer's by the terms, as was said beforehand.
    assert (page["refund_fen"], page["late_refund_fen"], page["refund"]["amount_fen"]) == (
        5_454,
        5_182,
        5_182,
    )
    assert house.refunds(order) == [11_564, 5_182]
    assert house.books() == {
        "freight": -900,
        "goodwill": 1_146,
        "sales": -10_000,
        "tax": -2_411,
        "wechat": 12_165,
    }
    assert (house.year(), house.documents(order)) == ((26_500, 0), [("return", "399")])
    assert (house.stock()["HD-1"], house.stock()["IR-1"]) == ((99, 0, 1), (100, 0, 0))
    house.nothing_open("return.late_at_customs", "return.way_owed")
