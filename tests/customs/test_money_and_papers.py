"""No document says other than the money does, and what was taken back is told nobody any more."""

# ruff: noqa: F811 -- fixtures of another module

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection, transaction

from backend import delivery
from compliance import vault
from compliance.models import PayerCheck
from compliance.services.payer import answer_payer
from customs.models import Declaration, Filing, PortMessage
from customs.services import declaring, receiving, sending
from kernel.gateways import Unreachable
from kernel.models import Case
from logistics.models import Parcel
from orders.services.cancel_paid import cancel_paid
from payments.models import Payment, Refund
from payments.services.refunds import Wish, request_refund
from tests.customs import port as ports
from tests.customs.port import Port, declaration, waybill
from tests.customs.test_declaring import LIST_NO, answer, both_stand, order_key, port, ready  # noqa: F401
from tests.payments.declaring import go_on as pay_on
from tests.payments.declaring import paid
from tests.payments.test_declare_refunds import give_back

pytestmark = pytest.mark.django_db(transaction=True)

MINUTES = timedelta(minutes=10)


def refund(order, at) -> Refund:
    line = order.lines.get(sku="HD-1")
    wish = Wish({line.pk: 1})
    return request_refund(
        number=order.number, wish=wish, key="k", reason="退款", asked_by="operator:wang", now=at
    )


def open_kinds() -> list[str]:
    return list(Case.objects.filter(state="open").order_by("id").values_list("kind", flat=True))


def lists(port: Port) -> list[tuple[object, ...]]:
    told = [one.documents[0].lines for one in port.messages("CEB621Message")]
    return [(sum(one["totalPrice"] for one in lines), [one["qty"] for one in lines]) for lines in told]


def test_no_list_goes_while_a_refund_is_on_its_way(port: Port, ready):
    order, at = ready
    at = ports.go_on(at, 2)
    row = refund(order, at)
    assert row.state == "accepted"
    both_stand(port, at)
    receiving.collect(now=at)
    declaring.sweep(now=at)
    sending.sweep(now=at)
    waiting = declaration(order)
    assert (waiting.state, waiting.awaits, lists(port)) == ("documents", "refund", [])


def test_nothing_is_told_while_a_refund_is_on_its_way(port: Port, ready):
    order, at = ready
    refund(order, at)
    declaring.sweep(now=at)
    sending.sweep(now=at)
    assert (declaration(order).state, declaration(order).awaits, port.sent) == ("waiting", "refund", [])


def test_what_was_refunded_between_order_and_list_is_told_anew_and_then_listed_without_it(
    wechat, port: Port, ready
):
    order, at = ready
    at = ports.go_on(at, 2)
    whole = port.messages("CEB311Message")[0].documents[0].head
    wechat.control("advance", seconds=60)  # by whose clock it says when a declaration was changed
    give_back(Payment.objects.get())
    both_stand(port, at)
    for _ in range(4):
        at = ports.go_on(pay_on(1, at) + MINUTES, 2)
    assert (declaration(order).state, open_kinds()) == ("documents", [])
    changed = port.messages("CEB311Message")[-1].documents[0].head
    assert (whole["appType"], changed["appType"]) == ("1", "2")
    assert changed["acturalPaid"] < whole["acturalPaid"]
    port.tell("CEB312Message", at, returnStatus="120", **order_key(port))
    ports.go_on(at, 3)
    row = declaration(order)
    assert (row.state, lists(port)) == ("listed", [(changed["goodsValue"], [1])])


def test_a_payer_who_is_still_asked_about_is_waited_for_without_a_case(port: Port, ready):
    order, at = ready
    PayerCheck.objects.update(state="asked", answered_at=None)
    at = ports.go_on(at, 2)
    row = declaration(order)
    assert (row.state, row.awaits, open_kinds(), port.sent) == ("waiting", "payer", [], [])
    at = ports.go_on(at + timedelta(hours=13))
    assert open_kinds() == ["customs.late"]
    answer_payer(check=PayerCheck.objects.get(), answer="same", now=at)
    delivery.drain(now=at)
    ports.go_on(at, 2)
    assert (declaration(order).state, open_kinds()) == ("documents", [])


def test_what_was_wrong_and_was_mended_elsewhere_goes_on_by_itself(port: Port, ready):
    order, at = ready
    Parcel.objects.update(weighed_g=1)
    at = ports.go_on(at, 2)
    assert (declaration(order).state, open_kinds()) == ("blocked", ["customs.mismatch"])
    at = ports.go_on(at + 13 * MINUTES)
    assert (declaration(order).state, open_kinds()) == ("blocked", ["customs.mismatch"])
    Parcel.objects.update(weighed_g=2_000)
    ports.go_on(at + 13 * MINUTES, 3)
    assert (declaration(order).state, open_kinds(), len(port.sent)) == ("documents", [], 1)


def test_an_order_that_ended_before_the_port_was_reached_is_told_nobody(port: Port, ready):
    order, at = ready
    port.down = True
    at = ports.go_on(at, 2)
    assert PortMessage.objects.get().before != b""  # signed, and perhaps there
    cancel_paid(number=order.number, by="limit", now=at, within_hold=False)
    at = ports.go_on(at)
    port.down = False
    ports.go_on(at + 6 * MINUTES, 2)
    assert (port.sent, PortMessage.objects.get().next_try_at) == ([], None)


def test_what_stands_no_more_leaves_a_message_that_is_not_signed_yet(port: Port, ready):
    _, at = ready
    declaring.sweep(now=at)
    sending.pack(now=at)
    mine = Filing.objects.get(kind="order")
    gone = another(mine, at)
    sending.sweep(now=at)
    assert [len(one.documents) for one in port.messages("CEB311Message")] == [1]
    gone.refresh_from_db()
    assert gone.message is None


def test_of_a_message_that_may_be_there_what_stands_goes_again_alone(port: Port, ready):
    order, at = ready
    port.down = True
    at = ports.go_on(at, 2)
    mine = Filing.objects.get(kind="order")
    another(mine, at)
    port.down = False
    ports.go_on(at + 6 * MINUTES, 2)
    (sent,) = port.messages("CEB311Message")
    (document,) = sent.documents
    assert document.head["orderNo"] == Declaration.objects.get().order.out_trade_no
    fresh = Filing.objects.get(kind="order", superseded=False)
    assert (document.head["guid"], fresh.pk > mine.pk) == (fresh.guid, True)
    assert order.number == declaration(order).number


def another(mine: Filing, at) -> Filing:
    """A document that does not stand any more, in the same message."""
    return Filing.objects.create(
        storefront_id=mine.storefront_id,
        declaration=mine.declaration,
        kind="order",
        guid="0" * 36,
        key="other/1",
        app_type="1",
        body_sealed=b"",
        digest="",
        made_at=at,
        message=mine.message,
        position=1,
        superseded=True,
    )


def test_a_carrier_that_cannot_be_asked_for_half_a_day_is_a_case(port: Port, ready, monkeypatch):
    class Down:
        def waybill(self, **told: object) -> None:
            raise Unreachable(party="carrier", reason="down")

    order, at = ready
    for module in ("declaring", "preparing", "asking"):
        monkeypatch.setattr(f"customs.services.{module}.senders", Down)
    at = ports.go_on(at, 2)
    port.tell("CEB312Message", at, returnStatus="120", **order_key(port))
    ports.go_on(at + timedelta(hours=11), 1)
    assert open_kinds() == []
    ports.go_on(at + timedelta(hours=13), 1)
    assert "customs.late" in open_kinds()
    assert declaration(order).state == "documents"


def test_an_order_that_the_sweep_finds_ended_is_told_nobody_either(port: Port, ready):
    order, at = ready
    declaring.sweep(now=at)
    cancel_paid(number=order.number, by="limit", now=at, within_hold=False)
    Declaration.objects.update(next_try_at=at)
    declaring.sweep(now=at)
    sending.sweep(now=at)
    delivery.drain(now=at)
    assert (declaration(order).state, port.sent, open_kinds()) == ("ended", [], [])


def test_what_the_specification_does_not_allow_is_a_case_that_says_where(port: Port, ready):
    order, at = ready
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE orders_orderline SET sku = %s", ["9" * 40])
    ports.go_on(at)
    assert (declaration(order).state, port.sent) == ("blocked", [])
    (difference,) = Case.objects.get(kind="customs.mismatch", state="open").facts["differences"]
    assert (difference["what"], difference["mender"]) == ("Order[1]/OrderList[1]/itemNo", "operator")
    ports.go_on(at + 13 * MINUTES, 2)
    assert (declaration(order).state, declaration(order).next_try_at) == ("blocked", None)
    assert open_kinds() == ["customs.mismatch"]


def test_one_document_whose_key_was_destroyed_holds_no_other_back(wechat, world, port: Port, ready):
    order, _ = ready
    second = paid(wechat, world)
    waybill(second.order, "SF1000000000002")
    at = pay_on(2)
    declaring.sweep(now=at)
    sending.pack(now=at)
    assert PortMessage.objects.get().filings.count() == 2
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # as if its years were over
        vault.destroy_key(key_id=second.order.key_id, now=at)
    ports.go_on(at)
    ports.go_on(at + MINUTES)
    (sent,) = port.messages("CEB311Message")
    assert [one.head["orderNo"] for one in sent.documents] == [order.out_trade_no]


def test_a_port_that_does_not_answer_is_called_once_a_sweep(port: Port, ready):
    _, at = ready
    declaring.sweep(now=at)
    sending.pack(now=at)
    first = PortMessage.objects.get()
    for n in range(5):
        PortMessage.objects.create(
            storefront_id=first.storefront_id,
            account=first.account,
            name=first.name,
            guid=f"{n:036d}",
            made_at=at,
            next_try_at=at,
        )
    calls: list[str] = []

    class Dead:
        def send(self, *, guid: str, **told: object) -> None:
            calls.append(guid)
            raise Unreachable(party="port", reason="down")

    with pytest.MonkeyPatch.context() as patch:  # undone before the fixture's own patch of the same
        patch.setattr("customs.services.sending.port_of", lambda account: Dead())
        sending.sweep(now=at)
    assert len(calls) == 1


@pytest.mark.parametrize(("status", "state"), [("100", "rejected"), ("800", "released")])
def test_what_customs_said_of_a_list_before_it_went_again_alone_is_of_it(
    wechat, world, port: Port, ready, status, state
):
    order, _ = ready
    second = paid(wechat, world)
    waybill(second.order, "SF1000000000002")
    at = ports.go_on(pay_on(2))
    for document in (one for message in port.messages("CEB311Message") for one in message.documents):
        key = {name: document.head[name] for name in ("ebpCode", "ebcCode", "orderNo")}
        port.tell("CEB312Message", at, returnStatus="120", **key)
    for number in ("SF1000000000001", "SF1000000000002"):
        carrier = ports.CODES["logistics"]
        port.tell("CEB512Message", at, returnStatus="120", logisticsCode=carrier, logisticsNo=number)
    at = ports.go_on(at + timedelta(seconds=3), 3)
    answer(port, second.order, at, "120", invtNo="31052026I000000002")
    made = ports.go_on(at + timedelta(seconds=3)) + timedelta(minutes=29)
    at = ports.go_on(made + timedelta(minutes=2), 2)
    assert [len(one.documents) for one in port.messages("CEB621Message")] == [2, 1]
    answer(port, order, made, status, "原因不明", **LIST_NO)
    ports.go_on(at + timedelta(minutes=1))
    assert declaration(order).state == state
