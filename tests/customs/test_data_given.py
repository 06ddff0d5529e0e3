"""What customs asked for is signed, sealed and given once, to the port that checks it by rules of its own."""

from __future__ import annotations

import base64
import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from threading import Event

import pytest
import requests
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.db import DatabaseError, connection, transaction
from django.test import Client

from backend import personal
from compliance.models import Access, Disclosure
from compliance.services.retention import retain
from customs.documents.payment_data import sign_text
from customs.gateways.data_upload import HttpUpload
from customs.models import DataRequest
from customs.services import data_given
from customs.services.keys import set_machine
from customs.signing.keys import RsaVerifier
from kernel.models import Event as Told
from orders.models import OrderLine
from payments.models import PaymentDeclaration
from storefronts.models import LegalParty
from tests import make
from tests.customs import port as ports
from tests.customs.asking import (
    again,
    asked,
    books,
    enterprise,
    key,
    known,
    no_key,
    opened,
    payment,
    taken,
)

__all__ = ["enterprise", "key", "payment"]
pytestmark = pytest.mark.django_db(transaction=True)


class Killed(BaseException):
    """The worker dies here."""


def test_what_is_asked_for_is_given_as_the_port_wants_it(wechat, world, payment, key, live_server):
    (row,) = asked(wechat, payment.out_trade_no, live_server)
    assert data_given.sweep(now=make.present()) == 1
    row = again(row)
    assert (row.state, row.code, row.tries, row.next_try_at) == ("given", "10000", 1, None)
    assert (row.order, row.storefront) == (payment.order, world.shop)
    assert taken(wechat) == [row.session]
    assert books(wechat)["uploads"][0]["orders"] == [payment.out_trade_no]

    told = json.loads(opened(row), parse_float=str)
    head, (one,) = told["payExchangeInfoHead"], told["payExchangeInfoLists"]
    paid_at = payment.succeeded_at + timedelta(hours=8)
    assert head == {
        "guid": head["guid"],
        "initalRequest": head["initalRequest"],
        "initalResponse": json.dumps({"prepay_id": payment.prepay_id}, separators=(",", ":")),
        "ebpCode": ports.CODES["ebp"],
        "payCode": "4403169D3W",
        "payTransactionId": payment.transaction_id,
        "totalAmount": f"{Decimal(payment.amount_fen) / 100:.5f}",
        "currency": "142",
        "verDept": {"UNIONPAY": "1", "NETSUNION": "2"}.get(
            PaymentDeclaration.objects.get(payment=payment).department, "3"
        ),
        "payType": "4",
        "tradingTime": f"{paid_at:%Y%m%d%H%M%S}",
        "note": "",
    }
    assert json.loads(head["initalRequest"])["out_trade_no"] == payment.out_trade_no
    assert (one["orderNo"], one["recpAccount"], one["recpName"]) == (
        payment.out_trade_no,
        payment.mchid,
        LegalParty.objects.get(storefront=world.shop, role="ebp").name,
    )
    lines = OrderLine.objects.filter(order=payment.order).order_by("position")
    assert [good["gname"] for good in one["goodsInfo"]] == [line.name_zh for line in lines]
    assert len(one["goodsInfo"]) == 2
    link = one["goodsInfo"][0]["itemLink"].split("/customs/")[1]
    assert requests.get(f"{live_server.url}/customs/{link}", timeout=9).status_code == 200
    assert (told["certNo"], told["sessionID"]) == (key["number"], row.session)


def test_the_signature_is_over_the_letters_in_which_it_goes(wechat, payment, key, live_server):
    (row,) = asked(wechat, payment.out_trade_no, live_server)
    data_given.sweep(now=make.present())
    text = opened(again(row))
    names = ("sessionID", "payExchangeInfoHead", "payExchangeInfoLists", "serviceTime")
    starts = [text.index(f'"{name}":') for name in (*names, "certNo")]
    raw = {
        name: text[start + len(name) + 3 : end - 1]
        for name, start, end in zip(names, starts, starts[1:], strict=False)
    }
    signed = sign_text(raw)
    assert signed.startswith(f'"sessionID":"{row.session}"||"payExchangeInfoHead":"{{"guid":"')
    assert '}"||"payExchangeInfoLists":"[{"orderNo":"' in signed
    assert signed.count("||") == 3
    private = load_pem_private_key(key["private_key"].encode(), None)
    verifier = RsaVerifier(private.public_key())
    signature = base64.b64decode(json.loads(text)["signValue"])
    assert verifier.holds(signature, signed.encode())
    assert not verifier.holds(signature, signed.encode() + b" ")


@pytest.mark.parametrize("method", ["rsa-sha1", "sm2-sm3"])
def test_a_card_in_the_machine_signs_it_too(wechat, payment, enterprise, live_server, method):
    account, told = enterprise
    card = next(one for one in told["certificates"] if one["method"] == method)
    wechat.control("card", number=card["number"], choose=True, unlock=True, out=False)
    set_machine(account=account, password=told["machine"]["password"])
    (row,) = asked(wechat, payment.out_trade_no, live_server)
    assert data_given.sweep(now=make.present()) == 1
    assert json.loads(opened(again(row)))["certNo"] == card["number"]


def test_every_order_of_the_payment_is_given(wechat, world, payment, live_server):
    other = make.order(world.alice, ("IR-1", 1), now=make.present())
    with connection.cursor() as cursor:  # no checkout of ours pays two orders at once: put there by hand
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            "UPDATE orders_order SET transaction_id = %s, out_trade_no = 'T2' WHERE id = %s",
            [payment.transaction_id, other.pk],
        )
        cursor.execute("SET session_replication_role = origin")
    (row,) = asked(wechat, payment.out_trade_no, live_server)
    assert data_given.sweep(now=make.present()) == 1
    lists = json.loads(opened(again(row)))["payExchangeInfoLists"]
    assert [(one["orderNo"], len(one["goodsInfo"])) for one in lists] == [
        (payment.out_trade_no, 2),
        ("T2", 1),
    ]
    told = Disclosure.objects.filter(purpose="customs_inquiry").values_list("order_number", flat=True)
    assert sorted(told) == sorted([payment.order.number, other.number])


def test_who_asked_and_what_was_given_is_on_record(wechat, payment, live_server):
    (row,) = asked(wechat, payment.out_trade_no, live_server)
    data_given.sweep(now=make.present())
    told = Disclosure.objects.get(purpose="customs_inquiry")
    assert (told.recipient_kind, told.recipient, told.basis, told.order_number) == (
        "customs",
        "中华人民共和国海关",
        "law",
        payment.order.number,
    )
    assert told.fields == ["openid", "order_number", "payment_number", "amount", "goods"]
    purpose = "give customs the payment data that it asked for"
    assert sorted(Access.objects.filter(purpose=purpose).values_list("what", flat=True)) == [
        "payments.paymentoriginal.request",
        "payments.paymentoriginal.response",
    ]
    facts = {"order": payment.out_trade_no, "session": row.session}
    event = Told.objects.get(key=row.event_key, name="data_request.given")
    assert event.facts == {"from": "asked", "verb": "give", **facts}


def test_two_hundred_at_once_are_all_answered_and_given_once(wechat, payment):
    """The port knows of sessions in which nobody heard it; they are asked here, all at once."""
    told = wechat.control(
        "data_request", url="http://127.0.0.1:9/", order=payment.out_trade_no, times=200, wait=True
    )
    sessions = [one["sessionID"] for one in told["requests"]]

    def ask(session: str) -> tuple[str, list[str]]:
        text = json.dumps({"orderNo": payment.out_trade_no, "sessionID": session, "serviceTime": 1})
        made: list[str] = []

        def note(execute, sql, params, many, context):
            made.append(sql.split(" ")[0])
            return execute(sql, params, many, context)

        try:
            with connection.execute_wrapper(note):
                answer = Client().post("/customs/platDataOpen", {"openReq": text}).json()
            return answer["code"], made
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(ask, sessions)) == [("10000", ["INSERT"])] * 200
    now = make.present()
    assert [data_given.sweep(now=now) for _ in range(2)] == [200, 0]
    assert Counter(taken(wechat)) == Counter(sessions)
    assert set(DataRequest.objects.values_list("state", "tries")) == {("given", 1)}
    assert Disclosure.objects.filter(purpose="customs_inquiry").count() == 200


def test_what_one_sweep_is_giving_another_leaves_alone(wechat, payment, live_server, monkeypatch):
    asked(wechat, payment.out_trade_no, live_server)
    now, give = make.present(), HttpUpload.give
    begun, go_on = Event(), Event()

    def slow(self, text):
        begun.set()
        assert go_on.wait(20)
        return give(self, text)

    def sweep() -> int:
        try:
            return data_given.sweep(now=now)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool, monkeypatch.context() as patch:
        patch.setattr(HttpUpload, "give", slow)
        first = pool.submit(sweep)
        assert begun.wait(20)
        assert data_given.sweep(now=now) == 0
        go_on.set()
        assert first.result(20) == 1
    assert len(taken(wechat)) == 1


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("switch", "trouble", "code"),
    [
        ({"mode": "500"}, "upstream_unreachable", ""),
        ({"mode": "timeout", "seconds": 4}, "upstream_unreachable", ""),
        ({"mode": "error", "code": "20000"}, "not_taken", "20000"),
        ({"mode": "error", "code": "20999"}, "not_taken", "20999"),
    ],
)
def test_what_is_not_taken_goes_out_again_in_the_same_bytes(
    wechat, payment, live_server, switch, trouble, code
):
    (row,) = asked(wechat, payment.out_trade_no, live_server)
    wechat.control("switches", call="port_upload", **switch)
    now = make.present()
    assert data_given.sweep(now=now) == 0
    row = again(row)
    assert (row.state, row.trouble, row.code) == ("failing", trouble, code)
    assert row.next_try_at == now + timedelta(seconds=15)
    before = bytes(row.body_sealed)
    assert data_given.sweep(now=now + timedelta(seconds=14)) == 0
    assert data_given.sweep(now=now + timedelta(seconds=15)) == 1
    row = again(row)
    assert (row.state, row.trouble, row.code, bytes(row.body_sealed)) == ("given", "", "10000", before)
    assert Disclosure.objects.filter(purpose="customs_inquiry").count() == 1


@pytest.mark.parametrize("where", ["looked up", "signed", "sealed", "handed over", "taken"])
def test_a_worker_killed_anywhere_gives_the_same_later(wechat, payment, live_server, monkeypatch, where):
    (row,) = asked(wechat, payment.out_trade_no, live_server)
    give = HttpUpload.give

    def dies(*_, **__):
        raise Killed

    def given_and_dies(self, text):
        give(self, text)
        raise Killed

    with monkeypatch.context() as patch:
        if where == "looked up":
            patch.setattr(data_given, "find", dies)
        elif where == "signed":
            patch.setattr(data_given, "_keep", dies)
        elif where == "sealed":
            patch.setattr(HttpUpload, "give", dies)
        elif where == "handed over":
            patch.setattr(HttpUpload, "give", given_and_dies)
        else:
            patch.setattr(data_given, "settle_open", dies)
        with pytest.raises(Killed):
            data_given.sweep(now=row.asked_at)
    sealed = bytes(again(row).body_sealed)
    assert bool(sealed) is (where in ("sealed", "handed over", "taken"))
    assert (row.state, row.order) == ("asked", payment.order)
    assert data_given.sweep(now=row.asked_at + timedelta(seconds=59)) == 0
    assert data_given.sweep(now=row.asked_at + timedelta(seconds=60)) == 1
    row = again(row)
    assert (row.state, row.tries) == ("given", 2)
    assert not sealed or bytes(row.body_sealed) == sealed
    assert set(taken(wechat)) == {row.session}
    assert Disclosure.objects.filter(purpose="customs_inquiry").count() == 1


@pytest.mark.parametrize("role", ["web", "worker"])
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE customs_datarequest SET body_sealed = 'x'",
        "UPDATE customs_datarequest SET body_sealed = ''",
        "UPDATE customs_datarequest SET state = 'asked'",
        "UPDATE customs_datarequest SET session = 'x'",
        "DELETE FROM customs_datarequest",
    ],
)
def test_nobody_who_serves_changes_what_was_given(payment, monkeypatch, role, change):
    row = known(payment.out_trade_no)
    monkeypatch.setattr(HttpUpload, "give", lambda self, text: "10000")
    data_given.sweep(now=make.present())
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {role}")
        cursor.execute(change)
    row = again(row)
    assert row.state == "given"
    assert opened(row)


def test_what_was_given_is_emptied_with_the_order_s_key(payment, monkeypatch):
    row, now = known(payment.out_trade_no), make.present()
    monkeypatch.setattr(HttpUpload, "give", lambda self, text: "10000")
    data_given.sweep(now=now)
    keepings = [one for one in personal.KEEPINGS if one.kind == "customs.data_given"]
    assert [one.let_go for one in retain(keepings=keepings, now=now)] == [0]
    no_key(payment, None)
    assert [one.let_go for one in retain(keepings=keepings, now=now)] == [1]
    assert bytes(again(row).body_sealed) == b""
    assert row.state == "given"
