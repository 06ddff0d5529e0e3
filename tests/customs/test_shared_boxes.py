"""Whose a receipt is in a box that several read, what comes back late, and what must not go out again."""

from __future__ import annotations

import base64
from datetime import timedelta
from decimal import Decimal

import pytest

from compliance import vault
from compliance.models import AllowanceAccount
from customs import labels
from customs.ceb.message import Document, Message
from customs.ceb.write import to_bytes, write
from customs.models import Declaration, Filing, PortAccount, PortMessage, PortReceipt, TaxSheet
from customs.services import retaking, sending
from customs.services.data_found import NotGiven, find
from customs.services.filing import new_guid
from customs.services.receiving import take_in
from kernel.models import Case
from payments.models import Payment
from tests import make
from tests.customs import port as ports
from tests.customs.port import declaration
from tests.customs.test_declaring import LIST_NO, answer, listed, order_key, port, ready  # noqa: F401
from tests.customs.test_taxes import TAX_NO, sheet, status

pytestmark = pytest.mark.django_db(transaction=True)


def outcomes() -> list[tuple[str, str]]:
    return list(PortReceipt.objects.order_by("id").values_list("name", "outcome"))


def another(account: PortAccount, shop: object, district: str = "2244") -> PortAccount:
    """Another account of the same declaring enterprise, that was there first."""
    made = PortAccount(
        id=account.pk - 1,
        storefront=shop,
        customs_code=district,
        port_code="2244",
        traffic="Y",
        dxp_id=account.dxp_id,
        signer="machine",
    )
    made.save(force_insert=True)
    return made


@pytest.fixture
def beside(world, port, ready):  # noqa: F811
    """A second storefront whose account reads the same box, and reads it first."""
    shop = make.storefront("zweite", appid="wx00000000000000a2")
    return another(PortAccount.objects.get(), shop)


def test_a_receipt_in_a_shared_box_is_of_the_storefront_that_has_its_document(port, ready, beside):  # noqa: F811
    order, at = ready
    at = listed(port, at)
    answer(port, order, at, "120", **LIST_NO)
    at = ports.go_on(at, 1)
    assert declaration(order).state == "accepted"
    assert {outcome for _, outcome in outcomes()} == {"taken"}
    assert not Case.objects.filter(kind="customs.receipt_unknown").exists()
    port.tell(
        "CEB622Message", at, returnStatus="120", copNo="NOBODYS0000000000001", preNo="B20261127000000009"
    )
    ports.go_on(at)
    row = PortReceipt.objects.get(outcome="unknown")
    assert (row.account, row.storefront) == (beside, beside.storefront)


def test_an_early_receipt_in_a_shared_box_goes_to_its_storefront_once_it_has_the_document(
    port,  # noqa: F811
    ready,  # noqa: F811
    beside,
):
    order, at = ready
    at = listed(port, at)
    (early,) = take_in(
        account=beside, raw=sheet(order, at), now=at, beside=[PortAccount.objects.exclude(pk=beside.pk).get()]
    )
    assert (early.outcome, early.storefront_id) == ("unknown", beside.storefront_id)
    answer(port, order, at, "120", **LIST_NO)
    at = ports.go_on(at, 2)
    assert [retaking.look_again(now=at) for _ in range(2)] == [1, 0]
    assert TaxSheet.objects.get().storefront_id == order.storefront_id
    taken = PortReceipt.objects.get(name="CEB816Message", outcome="taken")
    assert (taken.storefront_id, taken.filing.kind) == (order.storefront_id, "list")
    assert not Case.objects.filter(kind="customs.receipt_unknown", state="open").exists()


def test_an_early_receipt_that_its_storefront_was_told_of_again_is_looked_for_no_more(port, ready, beside):  # noqa: F811
    order, at = ready
    at = listed(port, at)
    raw, box = sheet(order, at), [PortAccount.objects.exclude(pk=beside.pk).get()]
    take_in(account=beside, raw=raw, now=at, beside=box)
    answer(port, order, at, "120", **LIST_NO)
    at = ports.go_on(at, 2)
    assert [row.outcome for row in take_in(account=beside, raw=raw, now=at, beside=box)] == ["taken"]
    assert [retaking.look_again(now=at) for _ in range(2)] == [1, 0]
    assert sorted(outcomes())[-2:] == [("CEB816Message", "taken"), ("CEB816Message", "unknown")]
    assert not Case.objects.filter(kind="customs.receipt_unknown", state="open").exists()


def test_a_message_that_the_port_could_not_read_is_found_whichever_district_sent_it(world, port, ready):  # noqa: F811
    order, at = ready
    another(PortAccount.objects.get(), world.shop)
    at = ports.go_on(at, 1)
    sent = PortMessage.objects.get()
    back = {"oriCopMsgId": sent.guid, "oriMessageType": sent.name, "oriBizMessage": ""}
    port.tell("CEB900Message", at, returnStatus="-100", **back)
    ports.go_on(at)
    assert [(one.outcome, one.filing.kind) for one in PortReceipt.objects.all()] == [("taken", "order")]
    assert declaration(order).state in ("rejected", "blocked", "waiting", "documents")


def test_bytes_that_are_no_utf_8_are_kept_as_they_came(world, port, ready):  # noqa: F811
    _, at = ready
    raw = "<回执>坏".encode("gbk")
    (row,) = take_in(account=PortAccount.objects.get(), raw=raw, now=at)
    kept = vault.unwrap(world.shop.key).open(labels.RECEIPT_RAW, row.public_id, bytes(row.raw_sealed))
    assert base64.b64decode(kept.removeprefix("base64:")) == raw


def test_none_waits_for_ever_behind_those_that_stay_unknown(port, ready, monkeypatch):  # noqa: F811
    order, at = ready
    at = listed(port, at)
    account = PortAccount.objects.get()
    take_in(account=account, raw=sheet(order, at), now=at)
    for n in range(3):
        strange = status(at + timedelta(seconds=n), "1", list_no=f"9{n}052026I000000009", tax_no=f"9{n}")
        take_in(account=account, raw=strange, now=at + timedelta(seconds=1 + n))
    answer(port, order, at, "120", **LIST_NO)
    at = ports.go_on(at, 2)
    monkeypatch.setattr(retaking, "BATCH", 2)
    assert sum(retaking.look_again(now=at + timedelta(minutes=n)) for n in range(2)) == 1
    assert TaxSheet.objects.count() == 1


def test_one_of_a_kind_that_this_house_does_not_know_any_more_stops_no_other(port, ready):  # noqa: F811
    order, at = ready
    at = listed(port, at)
    account = PortAccount.objects.get()
    (row,) = take_in(account=account, raw=status(at, "1", list_no="9"), now=at - timedelta(hours=1))
    PortReceipt.objects.filter(pk=row.pk).update(name="CEB999Message")
    take_in(account=account, raw=sheet(order, at), now=at)
    answer(port, order, at, "120", **LIST_NO)
    at = ports.go_on(at, 2)
    assert retaking.look_again(now=at) == 1
    assert Case.objects.filter(kind="customs.receipts_failing", state="open").count() == 1


@pytest.mark.parametrize("state", ["ended", "cancelled", "rejected"])
def test_an_acceptance_told_after_the_end_uses_no_allowance_and_is_a_case(port, ready, state):  # noqa: F811
    order, at = ready
    at = listed(port, at)
    Declaration.objects.update(state=state, trouble="as_new" if state == "rejected" else "")
    before = list(AllowanceAccount.objects.values("reserved", "used"))
    answer(port, order, at, "120", **LIST_NO)
    ports.receiving.collect(now=at)
    assert list(AllowanceAccount.objects.values("reserved", "used")) == before
    assert declaration(order).accepted_at is None
    assert Case.objects.get(kind="customs.receipt_contradicts", state="open").facts["state"] == state


def test_an_acceptance_told_while_the_list_is_asked_back_uses_the_allowance(port, ready):  # noqa: F811
    order, at = ready
    at = listed(port, at)
    Declaration.objects.update(state="cancelling")
    answer(port, order, at, "120", **LIST_NO)
    ports.receiving.collect(now=at)
    assert AllowanceAccount.objects.get().used == order.goods_fen
    assert not Case.objects.filter(kind="customs.receipt_contradicts").exists()


@pytest.fixture
def with_a_sibling(port, ready):  # noqa: F811
    """The order's 311 is with the port, in a message with another document that no longer stands."""
    order, at = ready
    at = ports.go_on(at, 1)
    mine = Filing.objects.get(kind="order")
    Filing.objects.create(
        storefront_id=mine.storefront_id,
        declaration=mine.declaration,
        kind="order",
        guid=new_guid(),
        key="other/1",
        app_type="1",
        body_sealed=b"",
        digest="",
        made_at=at,
        sent_at=at,
        message=mine.message,
        position=1,
        superseded=True,
    )
    return order, at, mine


def test_a_document_that_failed_at_the_port_goes_again_alone_where_its_neighbour_stands_no_more(
    port,  # noqa: F811
    with_a_sibling,
):
    _order, at, mine = with_a_sibling
    port.tell(
        "CEB312Message", at, returnStatus="-301013", returnInfo="[Code:-301013;Desc:稍后]", **order_key(port)
    )
    at = ports.go_on(at + timedelta(seconds=30), 1)
    ports.go_on(at + timedelta(minutes=6), 1)
    sent = port.messages("CEB311Message")
    assert [len(one.documents) for one in sent] == [1, 1]
    assert sent[0].documents[0].head["orderNo"] == sent[1].documents[0].head["orderNo"]
    assert sent[0].guid != sent[1].guid
    mine.refresh_from_db()
    assert mine.superseded


def test_a_sheet_that_is_void_settles_nothing_while_another_differs(port, ready):  # noqa: F811
    order, at = ready
    at = listed(port, at)
    answer(port, order, at, "120", **LIST_NO)
    answer(port, order, at + timedelta(seconds=3), "800", **LIST_NO)
    at = ports.go_on(at + timedelta(seconds=9), 2)
    account = PortAccount.objects.get()
    take_in(account=account, raw=sheet(order, at, more_vat=1), now=at)
    take_in(account=account, raw=sheet(order, at, tax_no="9"), now=at)
    take_in(account=account, raw=status(at + timedelta(hours=1), "3", tax_no="9"), now=at)
    case = Case.objects.get(kind="customs.tax_differs", state="open")
    assert case.facts["tax_sheet"] == TAX_NO
    take_in(account=account, raw=status(at + timedelta(hours=2), "3"), now=at)
    case.refresh_from_db()
    assert case.state == "settled"


def test_a_payment_without_its_number_gives_nothing_of_other_orders(port, ready):  # noqa: F811
    _, at = ready
    payment = Payment.objects.select_related("order").get()
    payment.transaction_id = None
    with pytest.raises(NotGiven, match="unpaid"):
        find(session="1", payment=payment, now=at)


def test_what_is_to_leave_later_does_not_leave_before(port, with_a_sibling):  # noqa: F811
    _, at, mine = with_a_sibling
    with sending.tenant(mine.storefront_id):
        sending.tell_once_more(mine, at=at + timedelta(minutes=5), now=at)
    sent = len(port.sent)
    assert [sending.sweep(now=at), sending.sweep(now=at + timedelta(minutes=5))] == [0, 1]
    assert len(port.sent) == sent + 1


def test_copies_of_documents_are_kept_with_their_order_and_are_no_case(port, ready):  # noqa: F811
    order, at = ready
    at = listed(port, at)
    carriers = {
        "guid": new_guid(),
        "appType": "1",
        "appTime": at.replace(microsecond=0),
        "appStatus": "2",
        "logisticsCode": ports.CODES["logistics"],
        "logisticsName": "承运人",
        "logisticsNo": "SF1000000000001",
        "orderNo": order.out_trade_no,
        "freight": Decimal(0),
        "insuredFee": Decimal(0),
        "currency": "142",
        "weight": Decimal(2),
        "packNo": 1,
        "consignee": make.NAMES[make.ALICE],
        "consigneeAddress": "示例路1号",
        "consigneeTelephone": "13800138000",
    }
    transfer = {"copCode": "3302W0E05L", "copName": "承运人", "dxpMode": "DXP", "dxpId": "DXPCARRIER01"}
    waybill = to_bytes(write(Message("CEB511Message", new_guid(), (Document(carriers),), transfer)))
    account = PortAccount.objects.get()
    for raw in (*port.sent, waybill, waybill):
        take_in(account=account, raw=raw, now=at)
    copies = PortReceipt.objects.filter(name__in=["CEB311Message", "CEB511Message", "CEB621Message"])
    assert sorted(copies.values_list("name", "outcome", "filing__kind")) == [
        ("CEB311Message", "taken", "order"),
        ("CEB511Message", "taken", "waybill"),
        ("CEB621Message", "taken", "list"),
    ]
    assert not Case.objects.filter(state="open").exists()
    assert declaration(order).state == "listed"
    (heard,) = sending.unheard(PortMessage.objects.all()).values_list("name", flat=True)
    assert heard == "CEB621Message"  # a copy is no answer; the order was answered
    row = copies.get(name="CEB511Message")
    told = vault.unwrap(order.key).open(labels.RECEIPT_RAW, row.public_id, bytes(row.raw_sealed))
    assert make.NAMES[make.ALICE] in told


def test_a_copy_of_a_waybill_of_nobody_here_waits_for_its_order(port, ready):  # noqa: F811
    _, at = ready
    raw = b'<ceb:CEB513Message xmlns:ceb="http://www.chinaport.gov.cn/ceb"><ceb:LogisticsStatus/></ceb:CEB513Message>'
    (row,) = take_in(account=PortAccount.objects.get(), raw=raw, now=at)
    assert (row.outcome, row.looked_at) == ("unknown", at)
