"""A broker who has the box of a district transports messages and brings receipts; nobody else is believed."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from compliance.models import Disclosure
from customs.ceb.message import Document, Message
from customs.ceb.read import parse, read
from customs.ceb.write import to_bytes, write
from customs.models import PortAccount, PortMessage, PortReceipt
from customs.services import declaring, receiving, retaking, sending
from customs.services.accounts import AccountWrong, Secret, Terms, set_account
from customs.services.filing import new_guid
from customs.signing.envelope import verify
from customs.signing.keys import RsaVerifier
from kernel.ids import uuid7
from kernel.models import Case, Event
from orders.models import Order
from partners.models import Connection
from partners.services import accounts
from tests import make
from tests.customs import port as ports
from tests.customs.port import declaration, waybill
from tests.customs.test_declaring import LIST_NO, registered
from tests.customs.test_taxes import sheet
from tests.partner_api.recording import Recorder, compare
from tests.partners.calling import system
from tests.partners.wire import over
from tests.payments.conftest import wechat, world  # noqa: F401 -- fixtures
from tests.payments.declaring import go_on as pay_on
from tests.payments.declaring import paid
from tests.races.crowd import at_once
from tests.stepping import step

pytestmark = pytest.mark.django_db(transaction=True)
TRANSPORTS = ("customs:read", "customs:write", "personal:declaration")


def code(reply):
    return reply.status_code, reply.json()["code"]


def receipt(name, at, **head):
    values = {"guid": new_guid(), "returnTime": at, "returnInfo": "[Code:0;Desc:处理成功]", **head}
    return to_bytes(write(Message(name, new_guid(), (Document(values),))))


def bring(caller, raw, district="3105"):
    return caller.post("customs/receipts", {"district": district, "content": base64.b64encode(raw).decode()})


def outbox(caller):
    return caller.get("customs/outbox").json()["items"]


@step
def packed(wechat, world):  # noqa: F811
    """An order whose hold is over, its payment declared, its parcel packed; and the time it is then."""
    registered(world)
    ports.account(world)
    payment = paid(wechat, world)
    waybill(payment.order)
    return payment.order, pay_on(2)


@pytest.fixture
def boxed(client, wechat, world):  # noqa: F811
    """The order, the time, the broker who has the box, and one who has not."""
    order, at = packed(wechat, world)
    mine, other = (system(client, world.shop, "broker", name=name) for name in ("mine", "other"))
    for one in (mine, other):
        row = one.issued.credential.partner
        accounts.connect(partner=row, storefront=world.shop, scopes=TRANSPORTS, by="o", now=make.present())
    PortAccount.objects.update(transport="broker", broker=mine.issued.credential.partner)
    return order, at, mine, other


def sweep(at, rounds=2):
    for _ in range(rounds):
        declaring.sweep(now=at)
        sending.sweep(now=at)
        receiving.collect(now=at)
        at += timedelta(seconds=10)
    return at


def transport(caller, name):
    (one,) = outbox(caller)
    assert one["type"] == name
    raw = base64.b64decode(caller.send("GET", f"customs/messages/{one['message_id']}").json()["content"])
    assert hashlib.sha256(raw).hexdigest() == one["sha256"]
    verify(parse(raw), {"0001": RsaVerifier(ports.KEY.public_key())}.get)
    assert caller.post(f"customs/messages/{one['message_id']}/sent").status_code == 201
    assert outbox(caller) == []
    return read(raw).documents[0].head


def test_messages_go_out_and_receipts_come_in_by_the_broker_who_has_the_box(boxed):
    order, at, mine, other = boxed
    at = sweep(at)
    (one,) = outbox(mine)
    assert (one["documents"], one["district"], outbox(other)) == (1, "3105", [])
    assert PortMessage.objects.get().sent_at is None
    where = f"customs/messages/{one['message_id']}"
    assert code(other.send("GET", where)) == code(other.post(f"{where}/sent")) == (404, "not_found")
    assert code(mine.get(where)) == (401, "signature_needed")
    assert Disclosure.objects.filter(recipient_kind="partner").count() == 0
    told = transport(mine, "CEB311Message")
    gone = Disclosure.objects.get(recipient_kind="partner")
    assert (gone.recipient, gone.order_number, "buyer_number" in gone.fields) == ("mine", order.number, True)
    message = PortMessage.objects.get()
    assert mine.post(f"{where}/sent").json()["sent_at"] == message.sent_at.isoformat()
    assert Event.objects.filter(name="port_message.transported").count() == 1
    assert code(mine.send("GET", where)) == (404, "not_found")  # it waits no more
    order_key = {name: told[name] for name in ("ebpCode", "ebcCode", "orderNo")}
    stands = receipt("CEB312Message", at, returnStatus="120", **order_key)
    assert bring(mine, stands).json()["items"][0]["outcome"] == "taken"
    carried = {"logisticsCode": ports.CODES["logistics"], "logisticsNo": "SF1000000000001"}
    assert bring(mine, receipt("CEB512Message", at, returnStatus="120", **carried)).status_code == 201
    at = sweep(at)
    transport(mine, "CEB621Message")
    about = {"copNo": declaration(order).cop_no, "preNo": "B20261127000000001", **LIST_NO}
    release = receipt("CEB622Message", at + timedelta(seconds=2), returnStatus="800", **about)
    # what is not believed: another broker's word, another district's, one who is no broker, or no longer
    for reply in (bring(other, release), bring(mine, release, "5100")):
        assert code(reply) == (403, "box_not_yours")
    served = Connection.objects.filter(partner=mine.issued.credential.partner, ended_at=None)
    served.update(kind="erp")
    assert code(bring(mine, release)) == (403, "box_not_yours")
    assert outbox(mine) == []
    served.update(kind="broker")
    PortAccount.objects.update(transport="http", broker=None)
    assert code(bring(mine, release)) == (403, "box_not_yours")
    PortAccount.objects.update(transport="broker", broker=mine.issued.credential.partner)
    assert (declaration(order).state, PortReceipt.objects.count()) == ("listed", 2)
    # who has the box of another district alone says nothing of what was told to this one
    far = PortAccount.objects.get()
    far.pk, far.public_id, far.customs_code, far.broker = (
        None,
        uuid7(),
        "5100",
        other.issued.credential.partner,
    )
    far.save(force_insert=True)
    for forged in (release, sheet(order, at)):
        assert bring(other, forged, "5100").json()["items"][0]["outcome"] in ("unknown", "unreadable")
    retaking.look_again(now=at + timedelta(days=1))
    assert (declaration(order).state, declaration(order).tax_sheets.count()) == ("listed", 0)
    # out of order, and each once
    first, second = at_once([lambda: bring(mine, release)] * 2)
    assert [one.status_code for one in (first, second)] == [201, 201]
    (row,) = first.json()["items"] + second.json()["items"]
    assert (row["number"], row["status"]["zh"], row["outcome"]) == (order.number, "放行", "taken")
    assert bring(mine, release).json()["items"] == []
    bring(mine, receipt("CEB622Message", at, returnStatus="120", **about))
    assert declaration(order).state == "released"
    assert Order.objects.get(pk=order.pk).gate == "after_release"
    brought = Event.objects.filter(name="port_receipt.brought", facts__status="800", facts__by="partner:mine")
    assert [(one.facts["by"], one.facts["digest"]) for one in brought] == [("partner:mine", row["sha256"])]


def test_what_is_foreign_broken_or_signed_by_nobody_has_no_effect(boxed, client):
    order, at, mine, _ = boxed
    at = sweep(at)
    about = {"copNo": "L9999999999999999999", "preNo": "B20261127000000001", "returnStatus": "800", **LIST_NO}
    assert bring(mine, receipt("CEB622Message", at, **about)).json()["items"][0]["outcome"] == "unknown"
    for raw in (b"", b"<x>", b"\x00\xff", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'):
        assert bring(mine, raw).status_code in (201, 422)
    assert bring(mine, b"<x>" + b"y" * 600_000).status_code == 201
    assert mine.post("customs/receipts", {"district": "3105", "xml": "y" * 700_001}).status_code == 422
    assert set(PortReceipt.objects.values_list("outcome", flat=True)) == {"unknown", "unreadable"}
    assert Case.objects.filter(kind="customs.receipt_unreadable").exists()
    for body in (
        {"district": "3105"},
        {"district": "3105", "xml": "<a/>", "content": "YQ=="},
        {"district": "3105", "content": "no base64!"},
        {"district": "31", "xml": "<a/>"},
    ):
        assert mine.post("customs/receipts", body).status_code == 422
    assert declaration(order).state == "documents"
    stranger = system(client, make.storefront("swift"), "broker")
    assert code(bring(stranger, receipt("CEB622Message", at, **about))) == (403, "box_not_yours")


def test_the_box_is_given_to_a_broker_that_is_connected_and_to_nobody_else(world, client):  # noqa: F811
    registered(world)
    ports.account(world)
    terms = {"customs_code": "3105", "port_code": "3104", "traffic": "Y", "dxp_id": "DXPENT0000012345"}

    def give(who):
        return set_account(
            storefront=world.shop,
            terms=Terms(**terms, transport="broker", broker_id=who),
            secret=Secret("machine", "12345678"),
            by="owner",
            now=make.present(),
        )

    erp, broker = (system(client, world.shop, kind, name=kind) for kind in ("erp", "broker"))
    far = system(client, make.storefront("swift"), "broker", name="far")
    for who in (None, *(one.issued.credential.partner.pk for one in (erp, far))):
        with pytest.raises(AccountWrong):
            give(who)
    row = broker.issued.credential.partner
    assert give(row.pk).broker == row
    assert list(receiving._boxes()) == []  # nobody asks for what the broker brings
    with pytest.raises(IntegrityError), transaction.atomic():
        PortAccount.objects.update(broker=None)


def test_the_examples_of_a_broker_with_a_box_are_what_is_answered(boxed):
    _, at, mine, _ = boxed
    sweep(at)
    broker, _ = over(mine, Recorder)
    (one,) = broker.get_customs_outbox()["items"]
    raw = base64.b64decode(broker.get_customs_message(one["message_id"])["content"])
    broker.post_customs_message_sent(one["message_id"])
    head = read(raw).documents[0].head
    key = {name: head[name] for name in ("ebpCode", "ebcCode", "orderNo")}
    stands = receipt("CEB312Message", at, returnStatus="120", **key)
    content = base64.b64encode(stands).decode()
    broker.post_customs_receipts({"district": "3105", "content": content})
    del broker.kept["get_customs_message"]
    broker.kept["post_customs_receipts"]["body"]["content"] = "PENFQjMxMk1lc3NhZ2Ug4oCmPg=="
    assert compare(broker.kept) == []
