"""What customs says late, early, twice, too long or about the wrong paper neither ends nor stops anything."""

# ruff: noqa: F811 -- fixtures of another module

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from compliance.models import AllowanceAccount
from customs.models import Filing, PortAccount, PortReceipt
from customs.services import receiving
from customs.services.undoing import ask_back, declare_return
from kernel.models import Case, Event
from logistics.services.tracking import is_released
from orders.models import Order
from payments.models import Refund
from tests.customs import port as ports
from tests.customs.port import Port, declaration
from tests.customs.test_declaring import LIST_NO, answer, both_stand, listed, order_key, port, ready  # noqa: F401
from tests.payments.declaring import go_on as pay_on
from tests.stepping import step

pytestmark = pytest.mark.django_db(transaction=True)

SECOND, HALF_HOUR = timedelta(seconds=2), timedelta(minutes=31)
WAYBILL = {"logisticsCode": ports.CODES["logistics"], "logisticsNo": "SF1000000000001"}


@pytest.fixture
@step
def accepted(port, ready) -> tuple[Order, datetime]:
    order, at = ready
    at = listed(port, at)
    answer(port, order, at, "120", **LIST_NO)
    at = ports.go_on(at + SECOND)
    assert declaration(order).state == "accepted"
    return order, at


def open_kinds() -> list[str]:
    return list(Case.objects.filter(state="open").order_by("id").values_list("kind", flat=True))


def test_a_payment_refused_after_the_list_went_is_a_case_and_the_list_stands(port: Port, accepted):
    order, at = accepted
    key = {"payCode": ports.CODES["pay"], "payTransactionId": order.transaction_id}
    port.tell("CEB412Message", at, returnStatus="-401001", returnInfo="[Code:-401001;Desc:支付单]", **key)
    for _ in range(3):
        at = ports.go_on(pay_on(1, at) + timedelta(minutes=10), 2)
    row = declaration(order)
    assert (row.state, row.round, row.list_no) == ("accepted", 1, LIST_NO["invtNo"])
    assert open_kinds() == ["customs.rejected"]
    answer(port, order, at, "800", **LIST_NO)
    ports.go_on(at + SECOND)
    order.refresh_from_db()
    assert (declaration(order).state, order.gate, open_kinds()) == ("released", "after_release", [])


def test_that_the_port_has_a_list_already_hides_nothing_that_customs_says_of_it(port: Port, ready):
    order, at = ready
    told = at = listed(port, at)
    at = ports.go_on(at + HALF_HOUR, 2)  # told once more by itself
    answer(port, order, at, "-621004", "[Code:-621004;Desc:清单已经申报过，请勿重复申报]")
    at = ports.go_on(at + SECOND)
    answer(port, order, told + timedelta(minutes=5), "120", **LIST_NO)
    answer(port, order, told + timedelta(minutes=9), "800", **LIST_NO)
    ports.go_on(at + SECOND, 2)
    assert declaration(order).state == "released"


def test_that_the_carriers_waybill_is_there_already_does_not_take_its_standing(port: Port, ready):
    order, at = ready
    at = ports.go_on(at, 2)
    port.tell("CEB512Message", at, returnStatus="120", **WAYBILL)
    port.tell(
        "CEB512Message",
        at + SECOND,
        returnStatus="-504012",
        returnInfo="[Code:-504012;Desc:物流运单已存在]",
        **WAYBILL,
    )
    port.tell("CEB312Message", at, returnStatus="120", **order_key(port))
    ports.go_on(at + SECOND, 3)
    assert declaration(order).state == "listed"


def test_an_order_told_twice_stands_whatever_is_said_of_the_second_time(port: Port, ready):
    order, at = ready
    at = ports.go_on(at, 2)
    at = ports.go_on(at + HALF_HOUR, 2)  # told once more by itself
    assert len(port.messages("CEB311Message")) == 2
    both_stand(port, at)
    at = ports.go_on(at + SECOND, 2)
    port.tell(
        "CEB312Message", at, returnStatus="-301010", returnInfo="已存在相同编号的订单", **order_key(port)
    )
    ports.go_on(at + SECOND, 3)
    row = declaration(order)
    assert (row.state, row.round, open_kinds()) == ("listed", 1, [])


def test_a_cancellation_told_twice_is_granted_by_the_answer_to_the_first(port: Port, accepted):
    order, at = accepted
    ask_back(declaration=declaration(order), reason="无法发货", by="mei", now=at)
    told = at = ports.go_on(at)
    at = ports.go_on(at + HALF_HOUR, 2)
    key = {"copNo": Filing.objects.get(kind="cancel").key, "preNo": "C20261127000000001", **LIST_NO}
    port.tell(
        "CEB624Message", at, returnStatus="-623009", returnInfo="[Code:-623009;Desc:撤单已经申报过]", **key
    )
    port.tell("CEB624Message", told + timedelta(minutes=9), returnStatus="399", **key)
    ports.go_on(at + SECOND, 3)
    order.refresh_from_db()
    assert (declaration(order).state, order.state) == ("cancelled", "cancelled")


def test_closed_before_released_is_both(port: Port, accepted):
    order, at = accepted
    answer(port, order, at + timedelta(days=1), "899", **LIST_NO)
    answer(port, order, at + timedelta(hours=1), "800", **LIST_NO)
    ports.go_on(at + timedelta(days=1, seconds=9), 2)
    order.refresh_from_db()
    assert (declaration(order).state, order.gate) == ("closed", "after_release")
    assert Event.objects.filter(name="customs.released").count() == 1
    assert open_kinds() == []


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ("31052026I000000001<", "31052026I0000000019<"),
        (">120<", ">-123456789012<"),
        ("B20261127000000001", "B202611270000000019"),
        ("<ceb:returnTime>2026", "<ceb:returnTime>0001"),
    ],
)
def test_a_value_too_long_is_kept_unread_and_keeps_no_other_receipt_waiting(
    port: Port, ready, written, instead
):
    order, at = ready
    at = ports.go_on(at, 2)
    both_stand(port, at)
    good = port.box[:]
    port.box.clear()
    answer(port, order, at, "120", **LIST_NO)
    (bad,) = port.box
    assert written in bad.raw.decode()
    port.box[:] = [bad._replace(raw=bad.raw.decode().replace(written, instead).encode()), *good]
    receiving.collect(now=at)
    assert port.box == []
    assert set(Filing.objects.filter(kind__in=["order", "waybill"]).values_list("status", flat=True)) == {
        "120"
    }


def test_one_that_fails_here_waits_in_its_box_alone(port: Port, ready, monkeypatch):
    _, at = ready
    at = ports.go_on(at, 2)
    both_stand(port, at)
    really = receiving.take_in

    def fails_once(**told):
        if b"CEB312Message" in told["raw"]:
            raise RuntimeError("nobody foresaw")
        return really(**told)

    monkeypatch.setattr(receiving, "take_in", fails_once)
    receiving.collect(now=at)
    assert [b"CEB312Message" in one.raw for one in port.box] == [True]
    assert open_kinds() == ["customs.receipts_failing"]
    assert Filing.objects.get(kind="waybill").status == "120"
    monkeypatch.setattr(receiving, "take_in", really)
    receiving.collect(now=at)
    assert (port.box, open_kinds(), Filing.objects.get(kind="order").status) == ([], [], "120")


def test_a_port_that_forgets_nothing_of_what_was_taken_is_asked_once_more_and_no_oftener(
    port: Port, ready, monkeypatch
):
    _, at = ready
    at = ports.go_on(at, 2)
    both_stand(port, at)
    asked: list[int] = []
    receipts = port.receipts
    monkeypatch.setattr(port, "taken", lambda ids: None)
    monkeypatch.setattr(port, "receipts", lambda: asked.append(1) or receipts())
    receiving.collect(now=at)
    assert len(asked) == 2
    assert PortReceipt.objects.count() == 2


def test_goods_turned_back_before_release_end_the_order_and_give_money_and_year_back(port: Port, accepted):
    order, at = accepted
    answer(port, order, at, "700", **LIST_NO)
    ports.go_on(at + SECOND, 3)
    order.refresh_from_db()
    assert (declaration(order).state, order.state) == ("turned_back", "cancelled")
    account = AllowanceAccount.objects.get()
    assert (account.used, account.reserved) == (0, 0)
    assert open_kinds() == ["customs.stopped"]
    assert Refund.objects.get().amount_fen == order.total_fen


@pytest.mark.parametrize(("status", "state"), [("501", "detained"), ("700", "turned_back")])
def test_what_is_held_back_after_its_release_is_not_handed_out(port: Port, accepted, status, state):
    order, at = accepted
    answer(port, order, at, "800", **LIST_NO)
    at = ports.go_on(at + SECOND)
    order.refresh_from_db()
    assert is_released(order)
    answer(port, order, at, status, **LIST_NO)
    at = ports.go_on(at + SECOND)
    order.refresh_from_db()
    assert (declaration(order).state, is_released(order)) == (state, False)
    if state == "detained":
        answer(port, order, at, "800", **LIST_NO)
        ports.go_on(at + SECOND)
        order.refresh_from_db()
        assert (declaration(order).state, is_released(order)) == ("released", True)


def test_an_error_about_an_accepted_list_ends_nothing_and_is_a_case(port: Port, accepted):
    order, at = accepted
    answer(port, order, at, "-621005", "[Code:-621005;Desc:清单的购买金额超过单笔限额]")
    ports.go_on(at + SECOND, 3)
    order.refresh_from_db()
    assert (declaration(order).state, declaration(order).status, order.state) == ("accepted", "120", "paid")
    assert open_kinds() == ["customs.receipt_contradicts"]


def test_goods_turned_back_after_their_release_are_for_a_person_and_the_year_stays_used(port: Port, accepted):
    order, at = accepted
    for status in ("800", "501", "700"):
        answer(port, order, at, status, **LIST_NO)
        at = ports.go_on(at + SECOND)
    order.refresh_from_db()
    assert (declaration(order).state, order.state) == ("turned_back", "paid")
    assert AllowanceAccount.objects.get().used == order.goods_fen
    assert open_kinds() == ["customs.stopped"]


def test_a_return_that_the_port_fails_on_is_told_three_times_more_and_is_then_a_case(port: Port, accepted):
    order, at = accepted
    answer(port, order, at, "800", **LIST_NO)
    at = ports.go_on(at + SECOND)
    filing = declare_return(
        declaration=declaration(order), pieces={"HD-1": 1}, reason="退货", by="mei", now=at
    )
    at = ports.go_on(at, 2)
    for _ in range(5):
        key = {"copNo": filing.key, "preNo": "T20261127000000001", **LIST_NO}
        port.tell("CEB626Message", at, returnStatus="-625017", returnInfo="[Code:-625017;Desc:失败]", **key)
        at = ports.go_on(at + timedelta(minutes=6), 2)
    assert len(port.messages("CEB625Message")) == 4
    assert open_kinds() == ["customs.rejected"]


def test_a_list_that_customs_keeps_refusing_is_told_three_times_more_and_then_by_a_person(port: Port, ready):
    order, at = ready
    at = listed(port, at)
    for _ in range(6):
        answer(port, order, at, "100", "[Code:13;Desc:清单与订单不符]")
        for _ in range(3):
            at = ports.go_on(at + SECOND, 2)
            if declaration(order).state == "documents":
                both_stand(port, at)
    row = declaration(order)
    assert len(port.messages("CEB621Message")) == 4
    assert (row.state, row.refusals, row.next_try_at) == ("rejected", 3, None)
    assert "customs.rejected" in open_kinds()


def test_the_clock_of_customs_may_be_behind_ours_where_it_has_refused_all_before(port: Port, ready):
    _, at = ready
    at = ports.go_on(at, 2)
    key = order_key(port)
    port.tell("CEB312Message", at, returnStatus="-301010", returnInfo="已存在相同编号的订单", **key)
    at = ports.go_on(at + SECOND, 3)
    second = Filing.objects.get(kind="order", superseded=False)
    assert second.sent_at is not None
    port.tell("CEB312Message", second.sent_at - timedelta(minutes=2), returnStatus="120", **key)
    ports.go_on(at + SECOND)
    second.refresh_from_db()
    assert second.status == "120"


def test_a_list_kept_after_all_is_where_customs_put_it_meanwhile(port: Port, accepted):
    order, at = accepted
    ask_back(declaration=declaration(order), reason="无法发货", by="mei", now=at)
    at = ports.go_on(at)
    answer(port, order, at, "501", **LIST_NO)
    at = ports.go_on(at + SECOND)
    assert (declaration(order).state, open_kinds()) == ("cancelling", [])
    key = {"copNo": Filing.objects.get(kind="cancel").key, "preNo": "C20261127000000001", **LIST_NO}
    port.tell("CEB624Message", at, returnStatus="100", returnInfo="不同意", **key)
    ports.go_on(at + SECOND)
    assert declaration(order).state == "detained"
    assert sorted(open_kinds()) == ["customs.cancel_refused", "customs.stopped"]


def test_an_account_that_is_switched_off_still_hears_of_its_lists(port: Port, ready):
    order, at = ready
    at = listed(port, at)
    PortAccount.objects.update(active=False)
    answer(port, order, at, "120", **LIST_NO)
    ports.go_on(at + SECOND)
    assert (declaration(order).state, PortReceipt.objects.filter(outcome="unknown").count()) == (
        "accepted",
        0,
    )


def test_a_list_of_which_customs_says_nothing_for_a_day_is_a_case_until_it_does(port: Port, accepted):
    order, at = accepted
    ports.go_on(at + timedelta(hours=23))
    assert open_kinds() == []
    at = ports.go_on(at + timedelta(hours=25))
    case = Case.objects.get(kind="customs.late", state="open")
    assert case.facts == {"order": order.number, "awaits": "release"}
    answer(port, order, at, "500", **LIST_NO)
    at = ports.go_on(at + SECOND)
    assert open_kinds() == ["customs.stopped"]
    ports.go_on(at + timedelta(hours=71))
    assert open_kinds() == ["customs.stopped"]
    at = ports.go_on(at + timedelta(hours=73))
    assert open_kinds() == ["customs.stopped", "customs.late"]
    answer(port, order, at, "800", **LIST_NO)
    ports.go_on(at + SECOND)
    assert open_kinds() == []


def test_a_receipt_dated_ahead_shuts_out_none_that_follows(port: Port, ready):
    order, at = ready
    at = listed(port, at)
    answer(port, order, at + timedelta(days=365), "3")
    at = ports.go_on(at + SECOND)
    answer(port, order, at, "120", **LIST_NO)
    answer(port, order, at + SECOND, "800", **LIST_NO)
    ports.go_on(at + 2 * SECOND)
    assert declaration(order).state == "released"


def test_a_receipt_of_another_district_moves_nothing_and_is_a_case(port: Port, accepted):
    order, at = accepted
    answer(port, order, at, "800", customsCode="2244", **LIST_NO)
    ports.go_on(at + SECOND)
    assert (declaration(order).state, open_kinds()) == ("accepted", ["customs.receipt_contradicts"])


def test_blanks_around_what_customs_says_are_none_of_its_words(port: Port, ready):
    order, at = ready
    at = listed(port, at)
    answer(port, order, at, "120", **LIST_NO)
    (one,) = port.box
    port.box[:] = [one._replace(raw=one.raw.replace(b">120<", b">\n 120 <"))]
    ports.go_on(at + SECOND)
    assert declaration(order).state == "accepted"


def test_a_message_of_more_documents_than_there_may_be_is_kept_unread(port: Port, ready):
    _, at = ready
    one = b"<ceb:OrderReturn/>"
    raw = (
        b'<ceb:CEB312Message xmlns:ceb="http://www.chinaport.gov.cn/ceb">'
        + one * 101
        + b"</ceb:CEB312Message>"
    )
    (row,) = receiving.take_in(account=PortAccount.objects.get(), raw=raw, now=at)
    assert row.outcome == "unreadable"
    assert Case.objects.get(kind="customs.receipt_unreadable").facts["why"] == (
        "more than 100 documents in one message"
    )
