"""A list is asked back before its release, goods after it; what customs answers decides about the order."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db.models import Sum

from compliance.models import AllowanceAccount
from customs.ceb.message import MessageInvalid
from customs.models import Filing, PortMessage
from customs.services.declaring import resume
from customs.services.listed import left_by_line, the_list
from customs.services.return_story import stories
from customs.services.undoing import (
    MoreThanListed,
    NotAccepted,
    NothingReturned,
    NotReleased,
    ReturnTooLate,
    ask_back,
    declare_return,
)
from kernel.errors import Problem
from kernel.models import Case, Event
from kernel.states import WrongState
from orders.models import Order, OrderLine
from payments.models import Refund
from tests.customs import port as ports
from tests.customs.port import Port, declaration
from tests.customs.test_declaring import LIST_NO, answer, listed, port, ready  # noqa: F401 -- fixtures too
from tests.races.crowd import at_once
from tests.stepping import step

pytestmark = pytest.mark.django_db(transaction=True)
WHY = "消费者取消订单"


@step
def accepted(port: Port, order: Order, at: datetime) -> datetime:  # noqa: F811
    """The list has its number at customs."""
    at = listed(port, at)
    answer(port, order, at, "120", **LIST_NO)
    at = ports.go_on(at + timedelta(seconds=3), 2)
    assert declaration(order).state == "accepted"
    return at


@step
def released(port: Port, order: Order, at: datetime) -> datetime:  # noqa: F811
    at = accepted(port, order, at)
    answer(port, order, at, "800", **LIST_NO)
    return ports.go_on(at + timedelta(seconds=3), 2)


def asked(order: Order, at: datetime) -> Filing:
    return ask_back(declaration=declaration(order), reason=WHY, by="operator", now=at)


def returned(order: Order, at: datetime, pieces: dict[str, int]) -> Filing:
    return declare_return(
        declaration=declaration(order), pieces=pieces, reason="七日无理由退货", by="operator", now=at
    )


def tell(port: Port, name: str, filing: Filing, at: datetime, status: str, info: str = "ok") -> None:  # noqa: F811
    port.tell(
        name,
        at,
        copNo=filing.key,
        preNo="C20261127000000001",
        returnStatus=status,
        returnInfo=info,
        **LIST_NO,
    )


def allowance() -> dict[str, int]:
    return AllowanceAccount.objects.filter(measure="value").aggregate(
        used=Sum("used"), reserved=Sum("reserved")
    )


def test_a_list_that_is_given_back_ends_its_order_and_everything_comes_back(port, ready):  # noqa: F811
    order, at = ready
    at = accepted(port, order, at)
    filing = asked(order, at)
    at = ports.go_on(at, 2)
    head = port.messages("CEB623Message")[0].documents[0].head
    told = port.messages("CEB621Message")[0].documents[0].head
    assert (head["invtNo"], head["copNo"], head["reason"]) == (LIST_NO["invtNo"], filing.key, WHY)
    for one in ("orderNo", "logisticsNo", "buyerName", "buyerIdNumber", "agentCode", "customsCode"):
        assert head[one] == told[one]
    tell(port, "CEB624Message", filing, at, "399")
    ports.go_on(at + timedelta(seconds=3), 3)
    order.refresh_from_db()
    assert (declaration(order).state, order.state, order.gate) == ("cancelled", "cancelled", "before_list")
    assert allowance() == {"used": 0, "reserved": 0}
    assert Refund.objects.get(order=order).amount_fen == order.total_fen
    assert not Case.objects.filter(state="open", kind__startswith="customs").exists()


def test_nothing_leaves_while_customs_looks_at_the_cancellation(port, ready):  # noqa: F811
    order, at = ready
    at = accepted(port, order, at)
    filing = asked(order, at)
    at = ports.go_on(at, 2)
    for status in ("1", "2", "3", "120"):
        tell(port, "CEB624Message", filing, at, status)
        at = ports.go_on(at + timedelta(seconds=3))
    order.refresh_from_db()
    assert (declaration(order).state, order.state, order.gate) == ("cancelling", "paid", "with_customs")
    assert allowance() == {"used": order.goods_fen + order.freight_fen, "reserved": 0}


def test_a_cancellation_that_is_refused_lets_the_list_go_on(port, ready):  # noqa: F811
    order, at = ready
    at = accepted(port, order, at)
    tell(port, "CEB624Message", asked(order, at), at + timedelta(seconds=9), "100", "不符合撤单条件")
    at = ports.go_on(at + timedelta(seconds=10), 2)
    assert declaration(order).state == "accepted"
    assert Case.objects.get(kind="customs.cancel_refused").facts["list"] == LIST_NO["invtNo"]
    answer(port, order, at, "800", **LIST_NO)
    ports.go_on(at + timedelta(seconds=3), 2)
    order.refresh_from_db()
    assert (declaration(order).state, order.state, order.gate) == ("released", "paid", "after_release")


def test_it_can_be_asked_back_once_more_after_a_refusal(port, ready):  # noqa: F811
    order, at = ready
    at = accepted(port, order, at)
    first = asked(order, at)
    tell(port, "CEB624Message", first, at + timedelta(seconds=9), "-623029", "验签失败！")
    at = ports.go_on(at + timedelta(seconds=10), 2)
    second = asked(order, at)
    at = ports.go_on(at, 2)
    assert first.key != second.key
    tell(port, "CEB624Message", second, at, "399")
    ports.go_on(at + timedelta(seconds=3), 2)
    assert declaration(order).state == "cancelled"


def test_a_release_that_crosses_the_cancellation_wins(port, ready):  # noqa: F811
    order, at = ready
    at = accepted(port, order, at)
    filing = asked(order, at)
    at = ports.go_on(at, 2)
    answer(port, order, at, "800", **LIST_NO)
    at = ports.go_on(at + timedelta(seconds=3), 2)
    tell(port, "CEB624Message", filing, at, "-623005", "清单的状态不符合撤单申报要求")
    ports.go_on(at + timedelta(seconds=3), 2)
    order.refresh_from_db()
    assert (declaration(order).state, order.state, order.gate) == ("released", "paid", "after_release")
    assert Case.objects.filter(kind="customs.cancel_refused", state="open").count() == 1


def test_what_is_granted_after_a_release_is_put_before_a_person(port, ready):  # noqa: F811
    order, at = ready
    at = accepted(port, order, at)
    filing = asked(order, at)
    at = ports.go_on(at, 2)
    answer(port, order, at, "800", **LIST_NO)
    tell(port, "CEB624Message", filing, at + timedelta(seconds=1), "399")
    ports.go_on(at + timedelta(seconds=3), 2)
    order.refresh_from_db()
    assert (declaration(order).state, order.state) == ("released", "paid")
    assert Case.objects.filter(kind="customs.receipt_contradicts", state="open").count() == 1


def test_a_list_without_a_number_cannot_be_asked_back(port, ready):  # noqa: F811
    order, at = ready
    at = listed(port, at)
    with pytest.raises(NotAccepted):
        asked(order, at)
    assert declaration(order).state == "listed"
    assert not Filing.objects.filter(kind="cancel").exists()


@pytest.mark.parametrize("reason", ["", "因" * 1001])
def test_a_reason_that_customs_would_refuse_is_told_and_nothing_moves(port, ready, reason):  # noqa: F811
    order, at = ready
    at = accepted(port, order, at)
    with pytest.raises(MessageInvalid):
        ask_back(declaration=declaration(order), reason=reason, by="operator", now=at)
    assert declaration(order).state == "accepted"


def test_of_two_who_ask_at_once_one_does(port, ready):  # noqa: F811
    order, at = ready
    at = accepted(port, order, at)
    done = at_once([lambda: asked(order, at)] * 2)
    assert Counter(type(one) for one in done) == {Filing: 1, WrongState: 1}
    assert Filing.objects.filter(kind="cancel").count() == 1


def test_a_cancellation_of_which_nothing_is_heard_goes_out_again_and_is_a_case_at_last(port, ready):  # noqa: F811
    order, at = ready
    at = accepted(port, order, at)
    asked(order, at)
    at = ports.go_on(at, 2)
    for _ in range(5):
        at = ports.go_on(at + timedelta(minutes=31), 2)
    sent = [one.guid for one in port.messages("CEB623Message")]
    assert (len(sent), len(set(sent))) == (4, 1)
    case = Case.objects.get(kind="customs.silent", state="open")
    assert case.facts == {"order": order.number, "document": "cancel"}


@pytest.mark.parametrize(("why", "state"), [("granted", "cancelled"), ("limit", "rejected")])
def test_who_dies_before_the_money_goes_back_gives_it_back_later(port, ready, monkeypatch, why, state):  # noqa: F811
    order, at = ready
    at = accepted(port, order, at)
    if why == "granted":
        filing = asked(order, at)
        at = ports.go_on(at, 2)
        tell(port, "CEB624Message", filing, at, "399")
    else:
        answer(port, order, at, "100", "单次交易限值超过5000元", **LIST_NO)
    with monkeypatch.context() as dying:

        def die(**_: object) -> None:
            raise KeyboardInterrupt

        dying.setattr("customs.services.declaring.cancel_paid", die)
        with pytest.raises(KeyboardInterrupt):
            ports.go_on(at + timedelta(seconds=3), 2)
    order.refresh_from_db()
    assert (declaration(order).state, order.state) == (state, "paid")
    ports.go_on(at + timedelta(minutes=5), 3)
    order.refresh_from_db()
    assert order.state == "cancelled"
    assert Refund.objects.filter(order=order).count() == 1


# Refused after it was accepted.


def test_what_a_refused_list_had_used_is_held_until_it_is_told_anew(port, ready):  # noqa: F811
    order, at = ready
    at = accepted(port, order, at)
    counted = order.goods_fen + order.freight_fen
    assert allowance() == {"used": counted, "reserved": 0}
    answer(port, order, at, "100", "商品归类有误", **LIST_NO)
    at = ports.go_on(at + timedelta(seconds=3), 2)
    assert (declaration(order).state, allowance()) == ("rejected", {"used": 0, "reserved": counted})
    resume(declaration=declaration(order), by="operator", now=at)
    at = ports.go_on(at, 4)
    assert declaration(order).round == 2
    answer(port, order, at, "120", invtNo="31052026I000000002")
    ports.go_on(at + timedelta(seconds=3), 2)
    assert (declaration(order).state, allowance()) == ("accepted", {"used": counted, "reserved": 0})


def test_a_list_accepted_anew_after_new_year_uses_the_new_year(port, ready):  # noqa: F811
    order, at = ready
    at = accepted(port, order, at)
    answer(port, order, at, "100", "商品归类有误", **LIST_NO)
    at = ports.go_on(at + timedelta(seconds=3), 2)
    resume(declaration=declaration(order), by="operator", now=at)
    ports.go_on(at, 4)
    new_year = datetime(at.year + 1, 1, 1, 0, 5, tzinfo=UTC)
    answer(port, order, new_year, "120", invtNo="31052027I000000001")
    ports.go_on(new_year + timedelta(seconds=3), 2)
    told = {row.year: (row.used, row.reserved) for row in AllowanceAccount.objects.filter(measure="value")}
    assert told == {at.year: (0, 0), at.year + 1: (order.goods_fen + order.freight_fen, 0)}


def test_an_order_refused_after_its_acceptance_that_ends_frees_the_year(port, ready):  # noqa: F811
    order, at = ready
    at = accepted(port, order, at)
    answer(port, order, at, "100", "单次交易限值超过5000元", **LIST_NO)
    ports.go_on(at + timedelta(seconds=3), 3)
    order.refresh_from_db()
    assert (order.state, allowance()) == ("cancelled", {"used": 0, "reserved": 0})


# Goods that come back after the release.


def test_goods_of_a_released_list_are_declared_back_and_told_of_once_granted(port, ready):  # noqa: F811
    order, at = ready
    at = released(port, order, at)
    filing = returned(order, at, {"HD-1": 1})
    at = ports.go_on(at, 2)
    told = port.messages("CEB625Message")[0].documents[0]
    line = port.messages("CEB621Message")[0].documents[0].lines[0]
    assert told.head["invtNo"] == LIST_NO["invtNo"]
    assert [dict(one) for one in told.lines] == [
        {**{name: line[name] for name in ("gnum", "gcode", "gname", "unit")}, "qty": Decimal(1)}
    ]
    for status in ("2", "3", "120", "399", "399"):
        tell(port, "CEB626Message", filing, at, status)
        at = ports.go_on(at + timedelta(seconds=3))
    event = Event.objects.get(name="customs.returned")
    assert (event.key, event.facts) == (
        f"order:{order.number}",
        {"return": filing.key, "pieces": {"HD-1": 1}},
    )
    assert declaration(order).state == "released"


def test_no_more_comes_back_than_was_listed_over_all_returns(port, ready):  # noqa: F811
    order, at = ready
    at = released(port, order, at)
    first = returned(order, at, {"HD-1": 1})
    for pieces, left in (({"HD-1": 2}, 1), ({"HD-1": 0}, 1), ({"HD-1": -1}, 1), ({"IR-9": 1}, 0)):
        with pytest.raises(MoreThanListed) as told:
            returned(order, at, pieces)
        assert told.value.left == left
    with pytest.raises(NothingReturned):
        returned(order, at, {})
    at = ports.go_on(at, 2)
    tell(port, "CEB626Message", first, at, "100", "退货与原清单不符")
    at = ports.go_on(at + timedelta(seconds=3), 2)
    assert Case.objects.get(kind="customs.rejected").facts["document"] == "return"
    returned(order, at, {"HD-1": 2})  # what was refused does not count
    assert left_by_line(declaration(order), now=at) == {1: 0}


def test_of_two_returns_at_once_that_take_more_than_there_is_one_is_refused(port, ready):  # noqa: F811
    order, at = ready
    at = released(port, order, at)
    done = at_once([lambda: returned(order, at, {"HD-1": 2})] * 2)
    assert Counter(type(one) for one in done) == {Filing: 1, MoreThanListed: 1}


def test_a_return_says_the_lines_of_its_list_whatever_the_order_has_become(port, ready):  # noqa: F811
    order, at = ready
    at = released(port, order, at)
    line = OrderLine.objects.get(order=order)
    told = the_list(declaration(order), now=at).lines
    OrderLine.objects.filter(pk=line.pk).update(name_zh="改名", hs_code="3304990039")
    returned(order, at, {"HD-1": 2})
    ports.go_on(at, 2)
    sent = port.messages("CEB625Message")[0].documents[0].lines[0]
    assert (sent["gname"], sent["gcode"]) == (told[0]["gname"], told[0]["gcode"])


def test_before_the_release_there_is_nothing_to_return_and_after_thirty_days_it_is_too_late(port, ready):  # noqa: F811
    order, at = ready
    at = accepted(port, order, at)
    with pytest.raises(NotReleased):
        returned(order, at, {"HD-1": 1})
    answer(port, order, at, "800", **LIST_NO)
    at = ports.go_on(at + timedelta(seconds=3), 2)
    with pytest.raises(ReturnTooLate) as told:
        returned(order, at + timedelta(days=31), {"HD-1": 1})
    assert isinstance(told.value, Problem)
    returned(order, at + timedelta(days=30) - timedelta(minutes=1), {"HD-1": 1})
    assert Filing.objects.filter(kind="return").count() == 1


def test_a_return_of_which_nothing_is_heard_goes_out_again_unchanged(port, ready):  # noqa: F811
    order, at = ready
    at = released(port, order, at)
    returned(order, at, {"HD-1": 1})
    at = ports.go_on(at, 2)
    ports.go_on(at + timedelta(minutes=31), 2)
    sent = [raw for raw in port.sent if b"CEB625Message" in raw]
    assert len(sent) == 2
    assert sent[0] == sent[1]
    assert PortMessage.objects.filter(name="CEB625Message").count() == 1


def test_pieces_that_were_listed_as_two_lines_are_taken_of_one_after_the_other(port, ready, monkeypatch):  # noqa: F811
    def in_two(quantity: int, total_fen: int) -> list[tuple[int, int]]:
        return [(1, total_fen // quantity), (quantity - 1, total_fen // quantity)]

    monkeypatch.setattr("customs.documents.declared.by_price", in_two)
    order, at = ready
    at = released(port, order, at)
    assert left_by_line(declaration(order), now=at) == {1: 1, 2: 1}
    first = returned(order, at, {"HD-1": 1})
    assert left_by_line(declaration(order), now=at) == {1: 0, 2: 1}
    second = returned(order, at, {"HD-1": 1})
    assert left_by_line(declaration(order), now=at) == {1: 0, 2: 0}
    told = stories(declaration(order))
    assert [told[one.key].declared for one in (first, second)] == [{"HD-1": 1}] * 2
