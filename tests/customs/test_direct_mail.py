"""Direct mail clears: its list waits for the bill and for the site's entry, and says what both say."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from customs.models import ConsignedParcel, Consignment, Filing, PortReceipt, WarehouseEntry
from customs.services import consigning
from kernel.cases import settle_case
from kernel.models import Case, Event
from tests.customs import mail
from tests.customs.mail import WAYBILL, answers, enters, go_on, put
from tests.customs.port import Port, declaration
from tests.customs.test_declaring import LIST_NO, answer, port
from tests.payments.declaring import paid
from tests.stepping import step

__all__ = ["port"]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
@step
def account(world, port):
    return mail.district(world)


@pytest.fixture
@step
def parcel(wechat, world, account):
    return mail.sent(wechat, world)


@pytest.fixture
@step
def stood(port, parcel):
    """Order and waybill stand at customs; the order, and the time it is then."""
    order = parcel.shipment.order
    return order, mail.stand(port, mail.due())


def lists(port: Port) -> list:
    return [one.documents[0].head for one in port.messages("CEB621Message")]


def open_cases() -> dict[str, dict]:
    return {one.kind: one.facts for one in Case.objects.filter(state="open", kind__startswith="customs.")}


def test_the_list_waits_for_its_bill_and_then_for_its_entry_and_names_both(port, account, stood):
    order, at = stood
    assert (declaration(order).state, declaration(order).awaits) == ("documents", "consignment")
    consignment = put(mail.opened(account, port_code="5145"), WAYBILL, now=at)
    at = go_on(at)
    assert (declaration(order).state, declaration(order).awaits) == ("documents", "entry")
    enters(port, at)
    answers(port, at, "3")
    at = go_on(at)
    assert (declaration(order).awaits, lists(port)) == ("entry", [])
    answers(port, at, "120", rkdNo="RKD310500000000001")
    at = go_on(at, 2)
    (head,) = lists(port)
    said = [head[name] for name in ("trafNo", "voyageNo", "billNo", "portCode", "trafMode", "country")]
    assert said == ["B-LRA", "CX0839", "160-12345675", "5145", "5", "110"]
    assert "emsNo" not in head
    assert declaration(order).state == "listed"
    answer(port, order, at, "800", **LIST_NO)
    go_on(at)
    assert (declaration(order).state, open_cases()) == ("released", {})
    assert WarehouseEntry.objects.get().rkd_no == "RKD310500000000001"
    assert str(consignment) == "160-12345675 CX0839"


def test_a_bill_that_is_not_on_its_way_yet_lets_no_list_go(port, account, stood):
    order, at = stood
    consignment = mail.opened(account)
    consigning.put_on(consignment=consignment, waybill=WAYBILL, by="mei", now=at)
    enters(port, at)
    answers(port, at, "120")
    at = go_on(at + timedelta(hours=1), 2)
    assert (declaration(order).awaits, lists(port)) == ("consignment", [])
    consigning.close(consignment=consignment, by="mei", now=at)
    go_on(at, 2)
    assert declaration(order).state == "listed"


@pytest.mark.parametrize("turn", range(4))
def test_entry_and_answers_in_any_order_and_twice_end_the_same(port, account, stood, turn):
    order, at = stood
    put(mail.opened(account), WAYBILL, now=at)
    second = timedelta(seconds=1)
    told = [
        lambda: enters(port, at, guid="5F2C6B38-0000-4000-8000-000000000001"),
        lambda: answers(port, at, "2", guid="5F2C6B38-0000-4000-8000-000000000002"),
        lambda: answers(port, at + second, "120", guid="5F2C6B38-0000-4000-8000-000000000003"),
        lambda: answers(port, at + 2 * second, "399", guid="5F2C6B38-0000-4000-8000-000000000004"),
    ]
    for tell in [*told[turn:], *told[:turn], *told]:
        tell()
    go_on(at + 9 * second, 2)
    entry = WarehouseEntry.objects.get()
    assert (entry.status, entry.waybills, entry.bill_no) == ("399", [WAYBILL], "160-12345675")
    assert PortReceipt.objects.filter(name__in=["CEB711Message", "CEB712Message"]).count() == 4
    assert (declaration(order).state, len(lists(port)), open_cases()) == ("listed", 1, {})


def test_an_answer_before_its_entry_is_no_unknown_receipt(port, account, stood):
    order, at = stood
    put(mail.opened(account), WAYBILL, now=at)
    answers(port, at, "120")
    at = go_on(at, 2)
    assert (declaration(order).awaits, open_cases()) == ("entry", {})
    enters(port, at)
    go_on(at, 2)
    assert declaration(order).state == "listed"


def test_an_answer_that_names_no_entry_is_a_receipt_of_nothing_known(port, account, stood):
    _, at = stood
    answers(port, at, "120", copNo="", preNo="")
    go_on(at)
    assert list(open_cases()) == ["customs.receipt_unknown"]
    assert not WarehouseEntry.objects.exists()


def test_what_is_missing_and_what_is_in_excess_in_the_entry_are_cases_until_it_is_mended(
    port, account, stood
):
    order, at = stood
    consignment = put(mail.opened(account), WAYBILL, now=at)
    enters(port, at, ["SF9", "SF8"])
    answers(port, at, "120")
    at = go_on(at, 2)
    bill = {"bill_no": "160-12345675", "voyage_no": "CX0839"}
    assert open_cases() == {
        "customs.entry_missing": {**bill, "parcels": 1, "waybills": [WAYBILL]},
        "customs.entry_excess": {**bill, "parcels": 2, "waybills": ["SF8", "SF9"]},
    }
    assert set(Case.objects.values_list("key", flat=True)) == {consignment.event_key}
    assert (declaration(order).awaits, lists(port)) == ("entry", [])
    enters(port, at, [WAYBILL, "SF8"], appType="2")
    at = go_on(at, 2)
    assert open_cases() == {"customs.entry_excess": {**bill, "parcels": 1, "waybills": ["SF8"]}}
    assert declaration(order).state == "listed"
    enters(port, at, [WAYBILL], appType="2")
    go_on(at)
    assert open_cases() == {}


def test_a_former_version_of_an_entry_changes_nothing(port, account, stood):
    order, at = stood
    put(mail.opened(account), WAYBILL, now=at)
    enters(port, at + timedelta(minutes=1))
    enters(port, at, ["SF9"])
    answers(port, at, "120")
    go_on(at + timedelta(minutes=2), 2)
    assert WarehouseEntry.objects.get().waybills == [WAYBILL]
    assert sorted(PortReceipt.objects.filter(name="CEB711Message").values_list("outcome", flat=True)) == [
        "old",
        "taken",
    ]
    assert declaration(order).state == "listed"


def test_a_site_that_takes_its_entry_back_has_entered_nothing(port, account, stood):
    order, at = stood
    put(mail.opened(account), WAYBILL, now=at)
    enters(port, at)
    at = go_on(at)
    enters(port, at, appType="3")
    answers(port, at, "120")
    go_on(at, 2)
    assert (declaration(order).awaits, open_cases()) == ("entry", {})


def test_a_refused_entry_is_the_sites_to_mend_and_a_new_one_lets_the_list_go(port, account, stood):
    order, at = stood
    put(mail.opened(account), WAYBILL, now=at)
    enters(port, at)
    answers(port, at, "100", returnInfo="运抵报告不存在")
    at = go_on(at, 2)
    assert open_cases() == {
        "customs.entry_refused": {
            "bill_no": "160-12345675",
            "voyage_no": "CX0839",
            "site_entry": "RK0001",
            "code": "",
            "step": "site",
        }
    }
    assert (declaration(order).awaits, lists(port)) == ("entry", [])
    enters(port, at, copNo="RK0002")
    answers(port, at, "120", copNo="RK0002")
    go_on(at, 2)
    assert (declaration(order).state, open_cases()) == ("listed", {})


def test_a_list_that_customs_refused_for_want_of_its_entry_goes_again_once_that_stands_anew(
    port, account, stood
):
    order, at = stood
    put(mail.opened(account), WAYBILL, now=at)
    enters(port, at)
    answers(port, at, "120")
    at = go_on(at, 2)
    answer(port, order, at, "100", "[Code:1004;Desc:入库明细单不存在：billNo,voyageNo,logisticsNo]")
    at = go_on(at, 2)
    row = declaration(order)
    order.refresh_from_db()
    assert (row.state, row.trouble, order.gate) == ("rejected", "site", "before_list")
    assert open_cases()["customs.rejected"]["step"] == "site"
    enters(port, at, appType="2")
    at = go_on(at, 4)
    assert (declaration(order).state, declaration(order).round, len(lists(port))) == ("listed", 2, 2)
    assert open_cases() == {}


def test_an_entry_of_no_bill_of_ours_is_a_case_until_the_bill_is_mended_to_it(port, account, stood):
    order, at = stood
    consignment = put(mail.opened(account, voyage_no="CX839"), WAYBILL, now=at)
    enters(port, at)
    answers(port, at, "120")
    at = go_on(at, 2)
    assert open_cases() == {
        "customs.entry_strange": {
            "bill_no": "160-12345675",
            "voyage_no": "CX0839",
            "traffic_no": "B-LRA",
            "waybills": [WAYBILL],
        }
    }
    assert declaration(order).awaits == "entry"
    consigning.correct(consignment=consignment, voyage=mail.voyage(), by="mei", now=at)
    go_on(at, 2)
    assert (declaration(order).state, open_cases()) == ("listed", {})
    assert lists(port)[0]["voyageNo"] == "CX0839"


def test_an_entry_that_loses_its_bill_by_a_correction_is_a_case_again(port, account, stood):
    _, at = stood
    consignment = put(mail.opened(account), WAYBILL, now=at)
    enters(port, at, ["SF9"])
    at = go_on(at)
    assert set(open_cases()) == {"customs.entry_missing", "customs.entry_excess"}
    consigning.correct(consignment=consignment, voyage=mail.voyage(bill_no="160-1"), by="mei", now=at)
    assert set(open_cases()) == {"customs.entry_strange"}


def test_an_entry_changed_to_another_bill_is_of_the_former_no_more(port, account, stood):
    _, at = stood
    put(mail.opened(account), WAYBILL, now=at)
    enters(port, at, ["SF9"])
    at = go_on(at)
    mail.opened(account, bill_no="160-2")
    enters(port, at + timedelta(seconds=5), ["SF9"], appType="2", billNo="160-2")
    go_on(at + timedelta(seconds=6))
    assert open_cases() == {}


def test_another_waybill_than_that_on_the_bill_is_a_mismatch(port, account, stood):
    order, at = stood
    put(mail.opened(account), WAYBILL, now=at)
    enters(port, at)
    answers(port, at, "120")
    with transaction.atomic():
        parcel = ConsignedParcel.objects.get().parcel
        parcel.waybill = "SF1000000000002"
        parcel.save(update_fields=["waybill"])
    go_on(at, 2)
    assert (declaration(order).state, declaration(order).trouble, lists(port)) == ("blocked", "mismatch", [])
    assert Case.objects.get(kind="customs.mismatch").facts["differences"] == [
        {
            "what": "waybill_on_bill",
            "found": WAYBILL,
            "wanted": "SF1000000000002",
            "mender": "warehouse",
        }
    ]


def test_what_a_list_has_told_of_its_bill_stays(port, account, stood):
    order, at = stood
    consignment = put(mail.opened(account), WAYBILL, now=at)
    enters(port, at)
    answers(port, at, "120")
    at = go_on(at, 2)
    other = mail.voyage(bill_no="160-1")
    with pytest.raises(consigning.ConsignmentTold):
        consigning.correct(consignment=consignment, voyage=other, by="mei", now=at)
    with pytest.raises(consigning.ConsignmentTold):
        consigning.reopen(consignment=consignment, by="mei", now=at)
    with pytest.raises(IntegrityError, match="stays"), transaction.atomic():
        Consignment.objects.update(voyage_no="CX1")
    with pytest.raises(IntegrityError, match="stays"), transaction.atomic():
        ConsignedParcel.objects.update(taken_off_at=at)
    later = mail.voyage(arrives_on=mail.voyage().arrives_on + timedelta(days=1))
    consigning.correct(consignment=consignment, voyage=later, by="mei", now=at)  # no list says the day
    assert Consignment.objects.get().arrives_on == later.arrives_on
    answer(port, order, at, "100", "[Code:1004;Desc:航班航次号有误]")
    at = go_on(at, 2)
    consigning.correct(consignment=consignment, voyage=other, by="mei", now=at)
    assert Consignment.objects.get().bill_no == "160-1"
    told = Event.objects.filter(name="consignment.corrected").last()
    assert (told.facts["before"]["bill_no"], told.facts["after"]["bill_no"]) == ("160-12345675", "160-1")


def test_bonded_goods_wait_for_no_bill(wechat, world, port):
    from tests.customs import port as ports

    ports.account(world)
    order = paid(wechat, world).order
    ports.waybill(order)
    mail.stand(port, mail.due())
    assert declaration(order).state == "listed"
    assert not {"trafNo", "voyageNo", "billNo"} & lists(port)[0].keys()
    assert Filing.objects.filter(kind="waybill").count() == 1


def test_a_parcel_with_refunded_pieces_waits_although_its_entry_is_there(port, account, stood):
    from logistics.services import shipments

    order, at = stood
    put(mail.opened(account), WAYBILL, now=at)
    shipments.look_at_parcel(order=order, left={"HD-1": 1}, now=at)
    enters(port, at)
    answers(port, at, "120")
    at = go_on(at, 2)
    assert (declaration(order).awaits, lists(port)) == ("parcel", [])
    settle_case(case=Case.objects.get(kind="shipment.left_refunded"), by="mei", note="out", now=at)
    go_on(at + timedelta(minutes=5), 2)
    assert declaration(order).state == "listed"
