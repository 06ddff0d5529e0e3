"""What cannot be given is a case, what is not taken is tried again: nothing leaves that should not."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs

import pytest
from django.db import connection

from compliance import vault
from compliance.models import Disclosure
from customers import queries as customers
from customs.gateways import data_upload
from customs.gateways.data_upload import HttpUpload
from customs.models import DataRequest, Declaration, PortAccount
from customs.services import data_asked, data_given
from customs.services.data_asked import Asked, BeingGiven, give_again
from customs.services.keys import set_machine
from kernel.clock import shanghai_day
from kernel.gateways import Reply, Unreachable
from kernel.models import Case
from kernel.states import WrongState
from payments.models import Payment, PaymentOriginal
from payments.services.start import start_payment
from storefronts.models import LegalParty
from tests import make
from tests.customs import port as ports
from tests.customs.asking import again, asked, books, enterprise, key, known, no_key, payment, taken
from tests.payments.declaring import paid

__all__ = ["enterprise", "key", "payment"]
pytestmark = pytest.mark.django_db(transaction=True)


def test_the_waits_grow_and_a_case_opens_and_settles_itself(payment, monkeypatch):
    row, now, waits = known(payment.out_trade_no), make.present(), []
    said = ["20000"] * 9 + ["10000"]
    monkeypatch.setattr(HttpUpload, "give", lambda self, text: said.pop(0))
    cases = Case.objects.filter(kind="data_request.failing", state="open")
    opens = []
    for _ in range(9):
        data_given.sweep(now=now)
        then = again(row).next_try_at
        waits.append(int((then - now).total_seconds()))
        opens.append(cases.count())
        now = then
    assert waits == [15, 30, 60, 120, 240, 480, 960, 1800, 1800]
    assert opens == [0, 0, 0, 0, 1, 1, 1, 1, 1]
    assert cases.get().facts == {
        "order": payment.out_trade_no,
        "session": row.session,
        "why": "not_taken",
        "customs_code": "20000",
    }
    assert data_given.sweep(now=now) == 1
    assert not cases.exists()


def test_after_a_week_it_is_given_up_and_a_person_can_send_it_again(payment, monkeypatch):
    row = known(payment.out_trade_no)
    monkeypatch.setattr(HttpUpload, "give", lambda self, text: "20000")
    late = row.asked_at + timedelta(days=7, seconds=1)
    data_given.sweep(now=late)
    row = again(row)
    assert (row.state, row.trouble, row.next_try_at) == ("refused", "gave_up", None)
    old = bytes(row.body_sealed)
    give_again(request=row, by="owner", now=late)
    assert not Case.objects.filter(kind="data_request.refused", state="open").exists()
    monkeypatch.setattr(HttpUpload, "give", lambda self, text: "10000")
    assert data_given.sweep(now=late) == 1
    assert bytes(again(row).body_sealed) != old
    with pytest.raises(WrongState):
        give_again(request=row, by="owner", now=late)


def test_what_is_on_its_way_is_not_made_anew_meanwhile_and_customs_has_it_once(payment, monkeypatch):
    row, now, given = known(payment.out_trade_no), make.present(), []
    monkeypatch.setattr(HttpUpload, "give", lambda self, text: "20000")
    data_given.sweep(now=now)
    then = again(row).next_try_at

    def slow(self, text):
        given.append(text)
        if len(given) == 1:  # a colleague and another sweep, while customs has yet to answer
            with pytest.raises(BeingGiven):
                give_again(request=DataRequest.objects.get(), by="owner", now=then)
            data_given.sweep(now=then)
        return "10000"

    monkeypatch.setattr(HttpUpload, "give", slow)
    assert data_given.sweep(now=then) == 1
    assert len(given) == 1
    assert again(row).state == "given"


def test_what_waits_long_for_its_next_try_is_made_anew_at_once(payment, monkeypatch):
    row, now = known(payment.out_trade_no), make.present()
    monkeypatch.setattr(HttpUpload, "give", lambda self, text: "20000")
    for _ in range(5):
        data_given.sweep(now=now)
        last, now = now, again(row).next_try_at
    old = bytes(row.body_sealed)
    monkeypatch.setattr(HttpUpload, "give", lambda self, text: "10000")
    give_again(request=row, by="owner", now=last)
    assert data_given.sweep(now=last) == 1
    assert bytes(again(row).body_sealed) != old


def unpaid(payment, world):
    order = make.order(world.alice, ("IR-1", 1), now=make.present())
    start_payment(order=order, openid=customers.openid(world.alice), now=make.present())
    return Payment.objects.get(order=order).out_trade_no


def nobody_receives(payment, world):
    LegalParty.objects.filter(storefront=world.shop, role="ebp").update(customs_code="")
    return payment.out_trade_no


def nowhere(payment, world):
    PortAccount.objects.filter(storefront=world.shop).update(active=False)
    Declaration.objects.filter(order=payment.order).update(account=None)
    return payment.out_trade_no


def nothing_kept(payment, world):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM payments_paymentoriginal")
    return payment.out_trade_no


def too_long(payment, world):
    original = PaymentOriginal.objects.get()
    sealed = vault.unwrap(payment.order.key).seal(
        "payments.paymentoriginal.request", original.public_id, "x" * 8001
    )
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE payments_paymentoriginal SET request_sealed = %s", [sealed])
        cursor.execute("SET session_replication_role = origin")
    return payment.out_trade_no


@pytest.mark.parametrize("why", [unpaid, nobody_receives, nowhere, nothing_kept, no_key, too_long])
def test_what_cannot_be_given_is_a_case_and_nothing_leaves(wechat, world, payment, why):
    trouble = {
        unpaid: "unpaid",
        nobody_receives: "no_party",
        nowhere: "no_account",
        nothing_kept: "no_original",
        no_key: "unreadable",
        too_long: "too_long",
    }[why]
    row = known(why(payment, world))
    assert data_given.sweep(now=make.present()) == 0
    row = again(row)
    assert (row.state, row.trouble, row.next_try_at, bytes(row.body_sealed)) == (
        "refused",
        trouble,
        None,
        b"",
    )
    case = Case.objects.get(kind="data_request.refused", state="open")
    assert (case.key, case.storefront_id, case.facts["why"]) == (row.event_key, world.shop.pk, trouble)
    assert books(wechat)["uploads"] == []
    assert not Disclosure.objects.filter(purpose="customs_inquiry").exists()


def test_what_is_mended_is_given_when_a_person_says_so(wechat, world, payment, live_server):
    (row,) = asked(wechat, payment.out_trade_no, live_server)
    nobody_receives(payment, world)
    data_given.sweep(now=make.present())
    assert again(row).trouble == "no_party"
    LegalParty.objects.filter(storefront=world.shop, role="ebp").update(customs_code=ports.CODES["ebp"])
    give_again(request=row, by="owner", now=make.present())
    assert data_given.sweep(now=make.present()) == 1
    assert taken(wechat) == [row.session]


def test_numbers_that_nobody_knows_are_kept_and_one_case_a_day(db):
    rows = [known(number) for number in ("A1", "A2", "A3")]
    assert data_given.sweep(now=make.present()) == 0
    assert {(again(row).state, row.trouble, row.storefront) for row in rows} == {("refused", "unknown", None)}
    case = Case.objects.get()
    assert (case.kind, case.storefront_id, case.seen) == ("data_request.unknown", None, 3)
    assert case.key == f"data_request:{shanghai_day(rows[0].asked_at)}"


def test_an_order_that_is_asked_for_by_the_number_consumers_see_says_by_which_customs_knows_it(payment):
    row = known(payment.order.number)
    assert data_given.sweep(now=make.present()) == 0
    row = again(row)
    assert (row.state, row.trouble, row.order) == ("refused", "own_number", payment.order)
    case = Case.objects.get(state="open")
    assert (case.kind, case.storefront_id) == ("data_request.refused", payment.storefront_id)
    assert case.facts == {
        "order": payment.order.number,
        "session": row.session,
        "why": "own_number",
        "out_trade_no": payment.out_trade_no,
    }


def test_a_payment_that_wechat_has_not_declared_yet_waits(wechat, world, key):
    made = paid(wechat, world)
    row, now = known(made.out_trade_no), make.present()
    data_given.sweep(now=now)
    row = again(row)
    assert (row.state, row.trouble, row.order) == ("failing", "undeclared", made.order)
    assert row.next_try_at == now + timedelta(seconds=15)


def test_a_card_that_refuses_is_asked_once_and_the_data_waits(wechat, payment, enterprise):
    account, told = enterprise
    number = next(one["number"] for one in told["certificates"] if one["method"] == "rsa-sha1")
    wechat.control("card", number=number, choose=True, unlock=True, out=False)
    set_machine(account=account, password="11111111")
    row, now = known(payment.out_trade_no), make.present()
    for _ in range(4):
        data_given.sweep(now=now)
        now = again(row).next_try_at
    account.refresh_from_db()
    assert "50011" in account.machine_refused
    assert (row.state, row.trouble) == ("failing", "machine_refused")
    assert wechat.control("card", number=number) == {"locked": False, "out": False}


def test_one_that_fails_as_nobody_foresaw_stops_no_other(wechat, payment, live_server, monkeypatch):
    bad, good = known("X1"), asked(wechat, payment.out_trade_no, live_server)[0]
    look_up = data_given.look_up

    def fails(row):
        if row.number == "X1":
            raise RuntimeError("王小礼")
        return look_up(row)

    monkeypatch.setattr(data_given, "look_up", fails)
    assert data_given.sweep(now=make.present()) == 1
    assert (again(good).state, again(bad).state, bad.trouble) == ("given", "failing", "error")
    case = Case.objects.get(kind="data_request.failing")
    assert case.facts == {"order": "X1", "session": bad.session, "error": "RuntimeError"}


def test_who_does_not_answer_is_left_alone_after_three(payment, monkeypatch):
    for number in range(6):
        data_asked.keep(asked=Asked(str(number), payment.out_trade_no, 1), now=make.present())
    calls = []

    def silent(self, text):
        calls.append(text)
        raise Unreachable(party="customs", reason="ReadTimeout")

    monkeypatch.setattr(HttpUpload, "give", silent)
    data_given.sweep(now=make.present())
    assert len(calls) == 3
    assert DataRequest.objects.filter(tries=0).count() == 3


def test_what_a_long_sweep_claims_late_is_its_own_for_as_long(payment, monkeypatch):
    now, clock, given = make.present(), [0.0], []
    for number in range(5):
        data_asked.keep(asked=Asked(str(number), payment.out_trade_no, 1), now=now)
    monkeypatch.setattr(data_given.time, "monotonic", lambda: clock[0])

    def slow(self, text):
        given.append(text)
        clock[0] += 20
        if len(given) == 5:  # claimed 80 seconds after the sweep began
            assert data_given.sweep(now=now + timedelta(seconds=clock[0])) == 0
        return "10000"

    monkeypatch.setattr(HttpUpload, "give", slow)
    assert data_given.sweep(now=now) == 5
    assert len(given) == len(set(given)) == 5


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, b'{"code":"10000","message":"","total":0}', "10000"),
        (200, b'{"code":20001}', "20001"),
        (200, b"<html>", None),
        (200, b"[]", None),
        (200, b'{"code":"no"}', None),
        (200, b'{"code":"' + b"1" * 11 + b'"}', None),
        (200, b'{"message":""}', None),
        (302, b"", None),
        (400, b'{"code":"10000"}', None),
        (503, b'{"code":"10000"}', None),
    ],
)
def test_only_a_code_is_an_answer(monkeypatch, status, body, said):
    sent = {}

    def call(self, method, target, *, headers, body, **_):
        sent.update(method=method, target=target, form=parse_qs(body.decode()))
        return Reply(status, {}, answer)

    answer = body
    monkeypatch.setattr(data_upload.Gateway, "call", call)
    upload = HttpUpload("https://customs.chinaport.gov.cn")
    if said is None:
        with pytest.raises(Unreachable):
            upload.give("{}")
    else:
        assert upload.give("{}&=+ 中") == said
        assert sent == {
            "method": "POST",
            "target": "/ceb2grab/grab/realTimeDataUpload",
            "form": {"payExInfoStr": ["{}&=+ 中"]},
        }
