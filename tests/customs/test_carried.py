"""What the carrier told customs of a parcel (511) is compared before the list goes: 三单 must be one."""

# ruff: noqa: F811 -- fixtures of another module

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from compliance.models import Access
from customs.ceb.message import Document, Message, Value
from customs.ceb.write import to_bytes, write
from customs.documents.facts import Carried, Consignee, Party, Waybill
from customs.matching import mismatches
from customs.models import Filing, PortAccount, PortReceipt
from customs.services import retaking
from customs.services.filing import ask_anew, new_guid
from customs.services.gather import gather
from customs.services.receiving import take_in
from kernel.models import Case
from orders.models import Order
from tests.customs import port as ports
from tests.customs.port import Port, declaration
from tests.customs.test_declaring import both_stand, port, ready  # noqa: F401
from tests.customs.test_matching_mail import NOTHING
from tests.stepping import step

pytestmark = pytest.mark.django_db(transaction=True)
SECOND = timedelta(seconds=1)
NAME, ADDRESS, PHONE = "赵六", "北京市东城区别处1号", "13911112222"


def copy(order: Order, at: datetime, **head: Value) -> list[PortReceipt]:
    """A copy of what the carrier told customs comes in: it says what the order says, but for `head`."""
    account = PortAccount.objects.get()
    trade = gather(order=order, account=account, now=at)
    values: dict[str, Value] = {
        "guid": new_guid(),
        "appType": "1",
        "appTime": at.replace(microsecond=0),
        "appStatus": "2",
        "logisticsCode": ports.CODES["logistics"],
        "logisticsName": "承运人",
        "logisticsNo": trade.waybill.number,
        "orderNo": trade.number,
        "freight": Decimal(0),
        "insuredFee": Decimal(0),
        "currency": "142",
        "weight": Decimal(trade.waybill.weight_g) / 1000,
        "packNo": 1,
        "goodsInfo": "护发用品 2 件",
        "consignee": trade.consignee.name,
        "consigneeAddress": trade.consignee.address,
        "consigneeTelephone": trade.consignee.phone,
        **head,
    }
    transfer = {"copCode": "3302W0E05L", "copName": "承运人", "dxpMode": "DXP", "dxpId": "DXPCARRIER01"}
    raw = to_bytes(write(Message("CEB511Message", new_guid(), (Document(values),), transfer)))
    return take_in(account=account, raw=raw, now=at)


def differences() -> dict[str, tuple[str, str]]:
    """What the open case names: found and wanted, all the carrier's to mend."""
    case = Case.objects.get(kind="customs.mismatch", state="open")
    rows = case.facts["differences"]
    assert {one["mender"] for one in rows} == {"carrier"}
    return {one["what"]: (one["found"], one["wanted"]) for one in rows}


def went(port: Port, order: Order) -> bool:
    """Whether the list is at the port, and nothing is open; else it is blocked, and not sent."""
    row, lists = declaration(order), port.messages("CEB621Message")
    if lists:
        assert (row.state, len(lists)) == ("listed", 1)
        assert not Case.objects.filter(state="open").exists()
        return True
    assert (row.state, row.trouble) == ("blocked", "mismatch")
    order.refresh_from_db()
    assert order.gate == "before_list"
    return False


@pytest.fixture
@step
def told(port, ready):
    """The order is told, and customs has order and waybill as soon as anyone looks; the time it is then."""
    order, at = ready
    at = ports.go_on(at, 2)
    both_stand(port, at)
    return order, at


def test_a_waybill_that_says_what_the_order_says_holds_nothing_up(port, told):
    order, at = told
    copy(order, at)
    ports.go_on(at, 2)
    assert went(port, order)


RIGHT = Carried(False, "2611" * 6, "王小明", "13800001234", "浙江省杭州市西湖区文三路1号", Decimal(2))
KEYS = ("told", "order_number", "consignee_name", "consignee_phone", "consignee_address", "weight")


def found(told: Carried | None) -> dict[str, tuple[str, str, str]]:
    """What of the waybill differs from the order that `RIGHT` repeats: found, wanted, and who mends it."""
    place = Consignee(RIGHT.consignee, RIGHT.phone, RIGHT.address, "330106")
    trade = replace(NOTHING, number=RIGHT.order_number, consignee=place)
    waybill = Waybill("SF1", Party(), 2000, 1, told)
    return {
        one.key.removeprefix("waybill_"): (one.found, one.wanted, one.mender)
        for one in mismatches(replace(trade, waybill=waybill))
        if one.key.removeprefix("waybill_") in KEYS and one.mender == "carrier"
    }


@pytest.mark.parametrize(
    ("says", "named"),
    [
        ({"taken_back": True, "consignee": NAME}, {"told": ("—", "SF1")}),
        ({"order_number": "2612" * 6}, {"order_number": ("2612" * 6, "2611" * 6)}),
        ({"order_number": "王小明 13800001234"}, {"order_number": ("（非订单号）", "2611" * 6)}),
        ({"order_number": "1" * 10**6}, {"order_number": ("（非订单号）", "2611" * 6)}),
        ({"consignee": NAME}, {"consignee_name": ("赵*", "王*")}),
        ({"consignee": ""}, {"consignee_name": ("—", "王*")}),
        ({"phone": PHONE}, {"consignee_phone": ("139****2222", "138****1234")}),
        (
            {"address": "浙江省杭州市余杭区1号"},
            {"consignee_address": ("浙江省杭州市***", "浙江省杭州市西湖区***")},
        ),
        ({"address": ADDRESS}, {"consignee_address": ("***", "浙江省杭州市西湖区***")}),
        ({"address": f"{RIGHT.address}2室"}, {"consignee_address": ("浙江省杭州市西湖区***",) * 2}),
        ({"weight_kg": Decimal("2.201")}, {"weight": ("毛重 2201 g", "毛重 2000 g")}),
        ({"weight_kg": Decimal("1.799")}, {"weight": ("毛重 1799 g", "毛重 2000 g")}),
        ({"weight_kg": Decimal("2.2")}, {}),
        ({"consignee": " 王小明 "}, {}),
        ({}, {}),
    ],
)
def test_what_the_carrier_says_otherwise_is_the_carriers_to_mend(says, named):
    told = replace(RIGHT, **says)
    assert found(told) == {key: (*values, "carrier") for key, values in named.items()}


def test_a_light_parcel_may_weigh_a_hundred_grams_more_and_without_a_copy_nothing_is_compared():
    light = replace(
        NOTHING, waybill=Waybill("SF1", Party(), 50, 1, replace(RIGHT, weight_kg=Decimal("0.15")))
    )
    assert "waybill_weight" not in {one.key for one in mismatches(light)}
    assert found(None) == {}


def test_no_list_goes_while_the_carrier_says_otherwise_and_it_goes_once_that_is_corrected(port, told):
    order, at = told
    copy(order, at, consignee=NAME, consigneeTelephone=PHONE)
    at = ports.go_on(at, 2)
    assert not went(port, order)
    assert differences().keys() == {"waybill_consignee_name", "waybill_consignee_phone"}
    at = ports.go_on(at + timedelta(hours=5), 3)
    assert not went(port, order)
    copy(order, at, appType="2", consigneeTelephone=PHONE)  # in part: the case names what is left
    at = ports.go_on(at + SECOND, 2)
    assert differences().keys() == {"waybill_consignee_phone"}
    copy(order, at, appType="2")
    ports.go_on(at + SECOND, 4)
    assert went(port, order)


def test_the_case_shows_nobody_in_plain_and_who_opened_the_copy_is_on_record(port, told):
    order, at = told
    (row,) = copy(order, at, consignee=NAME, consigneeTelephone=PHONE, consigneeAddress=ADDRESS)
    ports.go_on(at, 2)
    trade = gather(order=order, account=PortAccount.objects.get(), now=at)
    said = str(Case.objects.get(kind="customs.mismatch").facts)
    for plain in (NAME, ADDRESS, PHONE, trade.consignee.name, trade.consignee.phone, trade.consignee.address):
        assert plain not in said
    opened = Access.objects.filter(ref=str(row.public_id))
    assert set(opened.values_list("who", "purpose")) == {("customs", "declare the order")}


def test_of_several_copies_the_last_that_the_carrier_made_counts_whichever_came_first(port, told):
    order, at = told
    copy(order, at + 2 * SECOND, appType="2")
    copy(order, at, consignee=NAME)
    ports.go_on(at + 5 * SECOND, 2)
    assert went(port, order)


def test_a_former_copy_that_comes_late_mends_nothing_and_a_repeated_one_is_no_news(port, told):
    order, at = told
    same = {"guid": new_guid(), "appTime": at.replace(microsecond=0) + SECOND}
    copy(order, at + SECOND, consignee=NAME, **same)
    assert copy(order, at + 2 * SECOND, consignee=NAME, **same) == []
    copy(order, at)
    at = ports.go_on(at + 5 * SECOND, 4)
    assert not went(port, order)
    assert PortReceipt.objects.filter(name="CEB511Message").count() == 2


def test_a_copy_dated_ahead_of_our_clock_silences_no_correction(port, told):
    order, at = told
    copy(order, at, consignee=NAME, appTime=at.replace(microsecond=0) + timedelta(days=400))
    at = ports.go_on(at, 2)
    assert not went(port, order)
    copy(order, at + SECOND, appType="2")
    ports.go_on(at + 2 * SECOND, 4)
    assert went(port, order)


def test_a_copy_that_came_before_its_order_was_told_counts_once_that_is(port, ready):
    order, at = ready
    (row,) = copy(order, at, consignee=NAME)
    assert row.outcome == "unknown"
    at = ports.go_on(at, 2)
    assert retaking.look_again(now=at) == 1
    both_stand(port, at)
    ports.go_on(at, 2)
    assert not went(port, order)
    assert differences() == {"waybill_consignee_name": ("赵*", "王*")}
    assert not Case.objects.filter(kind="customs.receipt_unknown", state="open").exists()


def test_what_the_carrier_said_before_it_was_asked_anew_does_not_count(port, ready):
    order, at = ready
    at = ports.go_on(at, 2)
    asked = at + timedelta(minutes=5)
    ask_anew(Filing.objects.get(kind="waybill"), asked)
    copy(order, at, consignee=NAME)
    both_stand(port, asked + SECOND)
    ports.go_on(asked + 2 * SECOND, 2)
    assert went(port, order)
