"""A paid order is declared: order and waybill first, the list once both stand; customs' answers move it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.db.models import Sum

from compliance.models import AllowanceAccount, Disclosure
from customs.models import Filing, PortMessage, PortReceipt
from customs.services import declaring, receiving
from kernel import events
from kernel.cases import settle_case
from kernel.models import Case, Event
from logistics.services import shipments
from orders.models import Order
from payments.models import Refund
from tests import make
from tests.customs import port as ports
from tests.customs.ceb import guid
from tests.customs.port import Port, declaration, waybill
from tests.payments.declaring import after_hold, family, paid, register
from tests.payments.declaring import go_on as pay_on
from tests.stepping import patching, step

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def port(world, wechat) -> Iterator[Port]:
    """A storefront that declares at a port of this process."""
    registered(world)
    made = Port()
    with patching("port", made) as patch:
        patch.setattr("customs.services.sending.port_of", lambda account: made)
        patch.setattr("customs.services.receiving.port_of", lambda account: made)
        yield made


@step
def registered(world) -> None:
    family(world, "v2")
    register(world)


@pytest.fixture
@step
def ready(world, wechat, port):
    """An order whose hold is over, its payment declared, its parcel packed; and the time it is then."""
    ports.account(world)
    payment = paid(wechat, world)
    waybill(payment.order)
    return payment.order, pay_on(2)


def order_key(port: Port) -> dict[str, str]:
    head = port.messages("CEB311Message")[0].documents[0].head
    return {"ebpCode": head["ebpCode"], "ebcCode": head["ebcCode"], "orderNo": head["orderNo"]}


def both_stand(port: Port, at) -> None:
    """Customs has order and waybill."""
    port.tell("CEB312Message", at, returnStatus="120", **order_key(port))
    port.tell(
        "CEB512Message",
        at,
        returnStatus="120",
        logisticsCode=ports.CODES["logistics"],
        logisticsNo="SF1000000000001",
    )


@step
def listed(port: Port, at):
    """The list is at the port."""
    at = ports.go_on(at, 2)
    both_stand(port, at)
    return ports.go_on(at, 2)


def answer(port: Port, order: Order, at, status: str, info: str = "[Code:0;Desc:ok]", **more) -> None:
    """What customs says of the list."""
    port.tell(
        "CEB622Message",
        at,
        returnStatus=status,
        returnInfo=info,
        copNo=declaration(order).cop_no,
        preNo="B20261127000000001",
        **more,
    )


LIST_NO = {"invtNo": "31052026I000000001"}


def test_nothing_is_told_before_the_hold_is_over(world, wechat, port):
    ports.account(world)
    payment = paid(wechat, world)
    waybill(payment.order)
    ports.go_on(make.present(), 3)
    assert (declaration(payment.order).state, declaration(payment.order).awaits) == ("waiting", "hold")
    assert port.sent == []


def test_order_goes_first_and_the_list_once_order_and_waybill_stand(port, ready):
    order, at = ready
    at = ports.go_on(at, 2)
    assert [one.name for one in map(ports.read, port.sent)] == ["CEB311Message"]
    assert declaration(order).state == "documents"
    order.refresh_from_db()
    assert order.gate == "before_list"
    both_stand(port, at)
    ports.go_on(at, 2)
    assert [one.name for one in map(ports.read, port.sent)] == ["CEB311Message", "CEB621Message"]
    order.refresh_from_db()
    assert (declaration(order).state, order.gate) == ("listed", "with_customs")


def test_the_three_documents_say_the_same(port, ready):
    order, at = ready
    listed(port, at)
    told = port.messages("CEB311Message")[0].documents[0]
    listed_ = port.messages("CEB621Message")[0].documents[0]
    for one in (
        "orderNo",
        "ebpCode",
        "ebcCode",
        "buyerName",
        "buyerIdNumber",
        "buyerTelephone",
        "consigneeAddress",
    ):
        assert told.head[one] == listed_.head[one]
    assert told.head["acturalPaid"] == Decimal(order.total_fen).scaleb(-2)
    assert (
        told.head["goodsValue"] + told.head["freight"] + told.head["taxTotal"] - told.head["discount"]
        == told.head["acturalPaid"]
    )
    assert told.head["payTransactionId"] == order.transaction_id
    for left, right in zip(told.lines, listed_.lines, strict=True):
        assert (left["gnum"], left["itemName"], left["qty"], left["price"], left["totalPrice"]) == (
            right["gnum"],
            right["gname"],
            right["qty"],
            right["price"],
            right["totalPrice"],
        )
        assert left["price"] * left["qty"] == left["totalPrice"]
    assert listed_.head["emsNo"] == "T3105W000077"
    assert listed_.lines[0]["itemRecordNo"] == "3105W00001"
    assert (listed_.head["packNo"], listed_.head["grossWeight"]) == (1, Decimal("2"))


def test_a_released_list_opens_the_gate_and_uses_the_allowance(port, ready):
    order, at = ready
    at = listed(port, at)
    for seconds, status in enumerate(("2", "3", "120", "800")):
        answer(
            port,
            order,
            at + timedelta(seconds=seconds),
            status,
            **(LIST_NO if status in ("120", "800") else {}),
        )
    ports.go_on(at + timedelta(seconds=9), 2)
    row = declaration(order)
    order.refresh_from_db()
    assert (row.state, row.list_no, row.status, order.gate) == (
        "released",
        LIST_NO["invtNo"],
        "800",
        "after_release",
    )
    used = AllowanceAccount.objects.filter(measure="value").aggregate(
        used=Sum("used"), reserved=Sum("reserved")
    )
    assert used == {"used": order.goods_fen + order.freight_fen, "reserved": 0}
    event = Event.objects.get(name="customs.released")
    assert event.facts["list"] == LIST_NO["invtNo"]
    answer(port, order, at + timedelta(days=3), "899")
    ports.go_on(at + timedelta(days=3))
    assert declaration(order).state == "closed"
    assert Case.objects.filter(state="open", kind__startswith="customs").count() == 0


@pytest.mark.parametrize("turn", range(4))
def test_receipts_in_any_order_and_twice_end_the_same(port, ready, turn):
    order, at = ready
    at = listed(port, at)
    told = [("2", 0), ("3", 1), ("120", 2), ("800", 3)]
    for status, seconds in [*told[turn:], *told[:turn], *told]:
        answer(port, order, at + timedelta(seconds=seconds), status, guid=guid(seconds), **LIST_NO)
    ports.go_on(at + timedelta(seconds=9), 2)
    assert declaration(order).state == "released"
    assert PortReceipt.objects.filter(name="CEB622Message").count() == 4
    assert Event.objects.filter(name="customs.released").count() == 1
    assert AllowanceAccount.objects.get(measure="value").reserved == 0


def test_over_the_yearly_limit_customs_figure_is_taken_over_and_the_money_goes_back(port, ready):
    order, at = ready
    at = listed(port, at)
    info = f"-621018 清单[X]中购买人[{make.id_number(1)}]已用购买额度为[25900.00]，将超过年度限额[26000]"
    answer(port, order, at, "-621018", info)
    ports.go_on(at, 3)
    order.refresh_from_db()
    assert (declaration(order).state, order.state, order.gate) == ("ended", "cancelled", "before_list")
    account = AllowanceAccount.objects.get(measure="value")
    assert (account.used, account.reserved) == (2_590_000, 0)
    assert Refund.objects.filter(order=order).count() == 1
    assert make.id_number(1) not in str(list(Event.objects.values_list("facts", flat=True)))
    assert make.id_number(1) not in str(list(Case.objects.values_list("facts", flat=True)))


def test_an_order_that_is_there_already_is_told_again_as_a_change(port, ready):
    order, at = ready
    at = ports.go_on(at, 2)
    port.tell(
        "CEB312Message", at, returnStatus="-301010", returnInfo="已存在相同编号的订单", **order_key(port)
    )
    ports.go_on(at, 3)
    told = [one.documents[0].head["appType"] for one in port.messages("CEB311Message")]
    assert told == ["1", "2"]
    assert declaration(order).state == "documents"


def test_a_signature_that_does_not_hold_waits_for_a_person_and_goes_on(port, ready):
    from customs.services.declaring import resume

    order, at = ready
    at = listed(port, at)
    answer(port, order, at, "-621029", "验签失败！")
    at = ports.go_on(at, 3)
    row = declaration(order)
    order.refresh_from_db()
    assert (row.state, row.trouble, order.gate) == ("rejected", "sign", "before_list")
    case = Case.objects.get(kind="customs.rejected", state="open")
    assert case.facts["step"] == "sign"
    before = row.cop_no
    resume(declaration=row, by="operator", now=at)
    at = ports.go_on(at, 4)
    row = declaration(order)
    assert row.cop_no != before
    assert (row.state, row.round) == ("listed", 2)
    assert not Case.objects.filter(kind="customs.rejected", state="open").exists()
    assert len(port.messages("CEB621Message")) == 2


def test_a_mismatch_is_a_case_that_names_both_values_and_nothing_is_sent(world, wechat, port):
    ports.account(world)
    payment = paid(wechat, world)
    waybill(payment.order, weight_g=1)
    ports.go_on(pay_on(2), 3)
    row = declaration(payment.order)
    assert (row.state, row.trouble) == ("blocked", "mismatch")
    case = Case.objects.get(kind="customs.mismatch")
    assert [one["what"] for one in case.facts["differences"]] == ["weight"]
    assert case.facts["differences"][0]["mender"] == "warehouse"
    assert port.sent == []
    assert not Disclosure.objects.filter(recipient_kind="customs", purpose="declare").exists()


def test_without_room_in_the_guarantee_the_list_waits(world, wechat, port, ready):
    from customs.models import PortAccount

    order, at = ready
    PortAccount.objects.update(guarantee_fen=0)
    at = listed(port, at)
    assert (declaration(order).state, declaration(order).awaits) == ("documents", "guarantee")
    order.refresh_from_db()
    assert order.gate == "before_list"
    assert Case.objects.filter(kind="customs.guarantee", state="open").count() == 1
    PortAccount.objects.update(guarantee_fen=10_000_000)
    ports.go_on(at + timedelta(minutes=5), 2)
    assert declaration(order).state == "listed"
    assert not Case.objects.filter(kind="customs.guarantee", state="open").exists()


def test_the_list_waits_while_a_parcel_that_left_may_have_refunded_pieces(port, ready):
    order, at = ready
    at = ports.go_on(at, 2)
    both_stand(port, at)
    with transaction.atomic():
        events.record(
            storefront_id=order.storefront_id,
            name="order.lessened",
            key=order.event_key,
            facts={"pieces": 0, "left": {"HD-1": 1}},
            now=at,
        )
    receiving.collect(now=at)
    declaring.sweep(now=at)  # the event's case is still to come
    assert (declaration(order).awaits, Case.objects.count()) == ("parcel", 0)
    at = ports.go_on(at + timedelta(minutes=5), 2)
    assert (declaration(order).state, declaration(order).awaits) == ("documents", "parcel")
    assert port.messages("CEB621Message") == []
    case = Case.objects.get(kind="shipment.left_refunded")
    settle_case(case=case, by="forwarder", note="taken out", now=at)
    ports.go_on(at + timedelta(minutes=5), 2)
    assert declaration(order).state == "listed"
    assert len(port.messages("CEB621Message")) == 1


def test_what_left_with_refunded_pieces_is_not_begun_to_be_declared(port, ready):
    order, at = ready
    shipments.look_at_parcel(order=order, left={"HD-1": 1}, now=at)
    at = ports.go_on(at, 2)
    assert (declaration(order).state, declaration(order).awaits) == ("waiting", "parcel")
    assert port.sent == []
    settle_case(case=Case.objects.get(), by="forwarder", note="taken out", now=at)
    ports.go_on(at + timedelta(minutes=5), 1)
    assert declaration(order).state == "documents"


def test_a_port_that_is_down_gets_the_same_bytes_later(port, ready):
    _, at = ready
    port.down = True
    at = ports.go_on(at, 2)
    assert port.sent == []
    kept = PortMessage.objects.get()
    port.down = False
    at = ports.go_on(at + timedelta(minutes=1), 2)
    again = PortMessage.objects.get()
    assert bytes(again.before) == bytes(kept.before)
    assert bytes(again.after) == bytes(kept.after)
    assert len(port.sent) == 1


def test_a_lost_message_goes_out_again_unchanged(port, ready):
    order, at = ready
    at = ports.go_on(at, 2)
    at = ports.go_on(at + timedelta(hours=1), 3)
    assert len(port.sent) >= 2
    assert len(set(port.sent)) == 1
    assert declaration(order).state == "documents"


def test_an_order_cancelled_in_the_hold_is_never_declared(world, wechat, port):
    from orders.services.cancel_paid import cancel_paid

    ports.account(world)
    payment = paid(wechat, world)
    waybill(payment.order)
    cancel_paid(number=payment.order.number, by="consumer", now=make.present())
    ports.go_on(after_hold(), 3)
    assert declaration(payment.order).state == "ended"
    assert port.sent == []


def test_customs_and_what_is_sent_stay_sealed(port, ready):
    _, at = ready
    listed(port, at)
    for filing in Filing.objects.exclude(body_sealed=b""):
        assert make.id_number(1).encode() not in bytes(filing.body_sealed)
    for message in PortMessage.objects.all():
        assert make.id_number(1).encode() not in bytes(message.before) + bytes(message.after)
    fields = Disclosure.objects.filter(recipient_kind="customs", purpose="declare").values_list(
        "fields", flat=True
    )
    assert len(fields) == 2
    assert "buyer_number" in fields[0]


def test_what_customs_says_of_a_payment_before_anything_else_was_told_is_about_its_order(world, wechat, port):
    ports.account(world)
    order = paid(wechat, world).order
    key = {"payCode": ports.CODES["pay"], "payTransactionId": order.transaction_id}
    port.tell("CEB412Message", make.present(), returnStatus="120", **key)
    port.tell("CEB412Message", make.present(), returnStatus="120", **{**key, "payTransactionId": "4200999"})
    ports.go_on(make.present())
    filing = Filing.objects.get(declaration=declaration(order))
    assert (filing.kind, filing.status) == ("payment", "120")
    assert Case.objects.filter(kind="customs.receipt_unknown").count() == 1


def test_accounts_of_one_enterprise_read_their_box_once(world, wechat, port):
    first = ports.account(world)
    ports.account(world, customs_code="5141")
    order = paid(wechat, world).order
    key = {"payCode": ports.CODES["pay"], "payTransactionId": order.transaction_id}
    port.tell("CEB412Message", make.present(), returnStatus="120", **key)
    ports.go_on(make.present())
    assert [row.account for row in PortReceipt.objects.all()] == [first]
