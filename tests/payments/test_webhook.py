"""A notification is verified over its raw bytes, taken in once, and kept whatever becomes of it."""

from __future__ import annotations

import base64
import json
import secrets
from datetime import timedelta
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from django.db import transaction

from kernel.models import Case, Event, Receipt
from payments.models import Notification, Payment
from payments.services import copies, messages
from payments.services.taking import NothingKept, StillUnreadable, again
from tests import make
from tests.payments.reports import delivery_of, paid, sealed_delivery, signed
from tests.stepping import step
from wechat.errors import Malformed
from wechat.pay.notifications import Notification as Told

pytestmark = pytest.mark.django_db


@pytest.fixture
@step
def payment():
    return make.payment(make.order(make.world().alice, ("HD-1", 1)))


def deliver(client, payment, body, headers, mchid=None):
    return client.post(
        f"/pay/wechat/{mchid or payment.mchid}", body, content_type="application/json", headers=headers
    )


def test_a_genuine_notification_pays_the_order_once_however_often_it_comes(client, payment):
    body, headers = delivery_of(payment)
    assert [deliver(client, payment, body, headers).status_code for _ in range(3)] == [204, 204, 204]
    payment.order.refresh_from_db()
    assert payment.order.state == "paid"
    assert Event.objects.filter(name="order.paid").count() == 1
    assert list(Notification.objects.order_by("pk").values_list("outcome", flat=True)) == [
        "taken",
        "duplicate",
        "duplicate",
    ]


def test_the_same_payment_under_another_notification_id_changes_nothing(client, payment):
    for _ in range(2):
        assert deliver(client, payment, *delivery_of(payment)).status_code == 204
    assert Event.objects.filter(name="order.paid").count() == 1


def test_what_was_taken_in_keeps_what_it_told_and_the_signature_and_no_payer(client, payment):
    body, headers = delivery_of(payment, openid="o-maison-alice")
    for _ in range(2):
        assert deliver(client, payment, body, headers).status_code == 204
    for raw in Notification.objects.all():
        assert (bytes(raw.body), raw.out_trade_no) == (b"", payment.out_trade_no)
        assert (raw.event_type, raw.notice_id) == ("TRANSACTION.SUCCESS", json.loads(body)["id"])
        assert raw.content == {
            "appid": payment.appid,
            "mchid": payment.mchid,
            "out_trade_no": payment.out_trade_no,
            "transaction_id": "4200001234202611200000000001",
            "trade_state": "SUCCESS",
            "success_time": "2026-11-20T12:00:00+08:00",
            "amount": {"total": payment.amount_fen, "payer_total": payment.amount_fen, "currency": "CNY"},
        }
        signature = base64.b64decode(raw.headers["Wechatpay-Signature"])
        key = make.rsa_key("platform").public_key()
        key.verify(signature, bytes(raw.digest), padding.PKCS1v15(), Prehashed(SHA256()))


def kept():
    rows = Notification.objects.order_by("pk").values_list("outcome", "body")
    return [(outcome, bytes(left)) for outcome, left in rows]


def test_what_failed_keeps_its_body_until_a_repetition_is_taken_in_which_settles_the_case(
    client, payment, monkeypatch
):
    body, headers = delivery_of(payment)
    with monkeypatch.context() as broken:
        broken.setattr("payments.services.taking.settle", lambda **_: 1 / 0)
        assert deliver(client, payment, body, headers).status_code == 500
    assert kept() == [("failed", body)]
    case = Case.objects.get()
    assert (case.facts["out_trade_no"], case.state) == (payment.out_trade_no, "open")
    assert deliver(client, payment, body, headers).status_code == 204
    assert kept() == [("failed", b""), ("taken", b"")]
    case.refresh_from_db()
    assert case.state == "settled"


def test_a_body_seen_taken_in_is_not_opened_again_and_its_signature_is_checked_all_the_same(
    client, payment, monkeypatch
):
    body, headers = delivery_of(payment)
    assert [deliver(client, payment, body, headers).status_code for _ in range(2)] == [204, 204]
    monkeypatch.setattr("payments.webhooks.read", lambda *_: 1 / 0)
    assert deliver(client, payment, body, signed(body)).status_code == 204
    first, *_, last = Notification.objects.order_by("pk")
    assert (last.outcome, last.content, last.event_type) == ("duplicate", first.content, first.event_type)
    assert bytes(last.digest) != b"" and last.headers["Wechatpay-Nonce"] != first.headers["Wechatpay-Nonce"]
    forged = {**signed(body), "Wechatpay-Signature": headers["Wechatpay-Signature"]}
    assert deliver(client, payment, body, forged).status_code == 401


def test_a_body_seen_taken_in_whose_receipt_has_gone_is_taken_in_as_if_new(client, payment):
    body, headers = delivery_of(payment)
    assert [deliver(client, payment, body, headers).status_code for _ in range(2)] == [204, 204]
    Receipt.objects.all().delete()
    assert deliver(client, payment, body, headers).status_code == 204
    assert [outcome for outcome, _ in kept()] == ["taken", "duplicate", "taken"]
    assert Event.objects.filter(name="order.paid").count() == 1


def test_what_was_kept_in_the_moment_of_another_s_commit_is_let_go_by_the_sweep(client, payment):
    body, headers = delivery_of(payment)
    other, signature = delivery_of(payment)
    assert deliver(client, payment, body, headers).status_code == 204
    for outer, sent in ((body, headers), (other, signature)):
        notice = Told(json.loads(outer)["id"], "TRANSACTION.SUCCESS", {}, {})
        messages.read(mchid=payment.mchid, headers=sent, body=outer, notice=notice, now=make.NOW).save()
    assert copies.let_go() == 1
    assert kept() == [("taken", b""), ("received", b""), ("received", other)]


def test_a_number_of_nothing_printable_lets_go_of_no_other_s_body(client, payment):
    first, headers = delivery_of(payment, id="\u200b")
    messages_of = Told("\u200b\u200b", "TRANSACTION.SUCCESS", {}, {})
    kept_whole = messages.read(
        mchid=payment.mchid, headers=headers, body=first, notice=messages_of, now=make.NOW
    )
    kept_whole.save()
    assert [deliver(client, payment, first, headers).status_code for _ in range(2)] == [204, 204]
    kept_whole.refresh_from_db()
    assert (kept_whole.notice_id, bytes(kept_whole.body)) == ("", first)


def test_another_notification_s_body_is_not_let_go(client, payment):
    body, headers = delivery_of(payment)
    other, signature = delivery_of(payment)
    notice = Told(json.loads(other)["id"], "TRANSACTION.SUCCESS", {}, {})
    waiting = messages.read(mchid=payment.mchid, headers=signature, body=other, notice=notice, now=make.NOW)
    waiting.save()
    assert deliver(client, payment, body, headers).status_code == 204
    assert kept() == [("received", other), ("taken", b"")]


def test_what_a_table_cannot_hold_is_left_out_of_what_a_message_told(client, payment):
    body, headers = delivery_of(payment, openid="o-maison-alice")
    strange = {"appid": "\x00", "mchid": "\ud800", "transaction_id": "4" * 129, "amount": {"total": True}}
    notice = Told("id\x00", "X" * 70, {}, {**strange, "refund_id": {"a": 1}, "trade_state": "PAID"})
    raw = messages.read(mchid=payment.mchid, headers=headers, body=body, notice=notice, now=make.NOW)
    raw.save()
    assert (raw.content, raw.notice_id) == ({"trade_state": "PAID", "amount": {}}, "id")
    assert (raw.event_type, raw.out_trade_no) == ("X" * 60, "")


@pytest.mark.parametrize("spoil", ["body", "signature", "serial", "stale", "probe"])
def test_what_cannot_be_verified_is_rejected_kept_and_pays_nothing(client, payment, spoil):
    body, headers = delivery_of(payment)
    if spoil == "body":
        body = body.replace(b"TRANSACTION", b"TRANSACTIoN")
    elif spoil == "signature":
        headers["Wechatpay-Signature"] = signed(b"something else")["Wechatpay-Signature"]
    elif spoil == "serial":
        headers["Wechatpay-Serial"] = "PUB_KEY_ID_9999999999"
    elif spoil == "stale":
        body, headers = delivery_of(payment, age=301)
    else:
        headers["Wechatpay-Signature"] = "WECHATPAY/SIGNTEST/" + headers["Wechatpay-Signature"]
    answer = deliver(client, payment, body, headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "FAIL")
    payment.order.refresh_from_db()
    assert payment.order.state == "placed"
    assert Notification.objects.get().outcome == "rejected"
    assert bytes(Notification.objects.get().body) == body
    assert Receipt.objects.count() == 0


def test_an_unknown_event_is_taken_in_and_ignored(client, payment):
    body = b'{"id":"%s","event_type":"SECURITY_ECHO.SUCCESS"}' % secrets.token_hex(8).encode()
    assert deliver(client, payment, body, signed(body)).status_code == 204
    assert Notification.objects.get().outcome == "ignored"


def test_noise_is_turned_away_without_a_row(client, payment):
    assert deliver(client, payment, b"{}", {}).status_code == 400
    assert deliver(client, payment, b"x" * 70_000, signed(b"x")).status_code == 413
    assert deliver(client, payment, b"{}", signed(b"{}"), mchid="0000000000").status_code == 404
    assert client.get(f"/pay/wechat/{payment.mchid}").status_code == 405
    assert Notification.objects.count() == 0


def test_what_cannot_be_written_is_put_before_an_operator(client, payment):
    other = make.order(payment.order.customer, ("IR-1", 1))
    twin = make.payment(other)
    assert deliver(client, payment, *delivery_of(payment)).status_code == 204
    # Genuine, and under the same WeChat transaction number as the other one: it must not vanish.
    assert deliver(client, twin, *delivery_of(twin)).status_code == 500
    assert Case.objects.get().kind == "payment.untakeable"
    assert Notification.objects.latest("pk").outcome == "failed"
    other.refresh_from_db()
    assert other.state == "placed"


def test_noise_cannot_fill_the_table(client, payment):
    body, headers = b"x" * 60_000, signed(b"something else")
    for _ in range(35):
        assert deliver(client, payment, body, headers).status_code == 401
    assert Notification.objects.count() == 30
    assert {len(row.body) for row in Notification.objects.all()} == {2048}
    assert deliver(client, payment, *delivery_of(payment)).status_code == 204


def test_settling_a_notification_takes_few_statements(client, payment, django_assert_max_num_queries):
    body, headers = delivery_of(payment)
    deliver(client, payment, *delivery_of(payment, trade_state="NOTPAY"))  # keys are kept from here on
    with django_assert_max_num_queries(14):
        deliver(client, payment, body, headers)
    payment.order.refresh_from_db()
    assert payment.order.state == "paid"


def test_a_complaint_told_under_the_longest_number_of_a_message_is_taken_in(client, payment):
    body, headers = sealed_delivery("COMPLAINT.CREATE", {"complaint_id": "C-1"}, id="z" * 120)
    assert deliver(client, payment, body, headers).status_code == 204
    event = Event.objects.get(name="complaint.told")
    assert (event.key, event.facts["complaint"]) == ("complaint_notice:" + "z" * 63, "C-1")


def unreadable(payment, event="TRANSACTION.SUCCESS", plain=None, **how):
    """Signed and sealed, and not of the form that we know."""
    return sealed_delivery(event, plain or {"out_trade_no": payment.out_trade_no, "payer": "o-alice"}, **how)


@pytest.mark.parametrize("event", ["TRANSACTION.SUCCESS", "REFUND.SUCCESS", "COMPLAINT.CREATE"])
def test_signed_and_unreadable_it_is_kept_whole_and_put_before_an_operator_once(client, payment, event):
    for _ in range(3):
        body, headers = unreadable(payment, event, id="notice-7")
        assert deliver(client, payment, body, headers).status_code == 401
    rows = Notification.objects.order_by("pk")
    assert [(row.outcome, row.notice_id) for row in rows] == [("unreadable", "notice-7")] * 3
    assert bytes(rows.last().body) == body
    case = Case.objects.get()
    assert (case.kind, case.key, case.seen) == (
        "notification.unreadable",
        f"notification:{payment.mchid}:notice-7",
        3,
    )
    assert case.storefront_id == payment.storefront_id
    assert case.facts["notification"] == rows.first().pk
    assert case.facts["error"].startswith("wechat_malformed: ")
    assert "o-alice" not in json.dumps(case.facts)


def test_a_body_that_is_no_object_is_put_before_an_operator_too_once_however_often_it_comes(client, payment):
    for body in (b"[1]", b"[1]", b"[1]", b"[2]"):
        assert deliver(client, payment, body, signed(body)).status_code == 401
    first, second = Case.objects.order_by("id")
    assert first.key == f"notification:{payment.mchid}:{sha256(b'[1]').hexdigest()[:32]}"
    assert (first.seen, second.seen) == (3, 1)


def test_what_is_not_signed_opens_no_case(client, payment):
    body, headers = unreadable(payment)
    headers["Wechatpay-Signature"] = signed(b"something else")["Wechatpay-Signature"]
    deliver(client, payment, body, headers)
    assert Case.objects.count() == 0
    with pytest.raises(StillUnreadable), transaction.atomic():
        again(raw=Notification.objects.get(), by="ann", now=make.NOW)


def test_after_a_mend_the_kept_body_pays_the_order_hours_later(client, payment, monkeypatch):
    def cannot(raw):
        raise Malformed(where="success_time")

    body, headers = delivery_of(payment, id="notice-8")
    with monkeypatch.context() as broken:
        broken.setattr("wechat.pay.notifications.Transaction.from_dict", cannot)
        assert deliver(client, payment, body, headers).status_code == 401
        with pytest.raises(StillUnreadable), transaction.atomic():
            again(raw=Notification.objects.get(), by="ann", now=make.NOW)
    raw = Notification.objects.get()
    again(raw=raw, by="ann", now=raw.received_at + timedelta(hours=9))
    payment.order.refresh_from_db()
    assert payment.order.state == "paid"
    assert [(row.outcome, bytes(row.body), row.notice_id) for row in Notification.objects.order_by("pk")] == [
        ("duplicate", b"", "notice-8"),
        ("taken", b"", "notice-8"),
    ]
    case = Case.objects.get(kind="notification.unreadable")
    assert (case.state, case.settled_by) == ("settled", "ann")
    with pytest.raises(NothingKept), transaction.atomic():
        again(raw=raw, by="ann", now=make.NOW)
    assert deliver(client, payment, body, headers).status_code == 204
    assert Event.objects.filter(name="order.paid").count() == 1


def test_what_could_not_be_written_is_taken_in_again_too(client, payment, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr("payments.services.taking.settle", lambda **_: 1 / 0)
        assert deliver(client, payment, *delivery_of(payment)).status_code == 500
    assert Case.objects.get().kind == "payment.untakeable"
    again(raw=Notification.objects.get(), by="ann", now=make.NOW)
    payment.order.refresh_from_db()
    assert (payment.order.state, Case.objects.get(kind="payment.untakeable").state) == ("paid", "settled")


def told_twice(client, payment, body):
    answers = [deliver(client, payment, body, signed(body)).status_code for _ in range(2)]
    kept = set(Notification.objects.values_list("outcome", "error"))
    return answers, kept, list(Case.objects.values_list("kind", "seen"))


@pytest.mark.parametrize("number", ["a\x00b", "\ud800x", "z" * 121])
def test_a_number_that_no_table_holds_makes_a_notification_unreadable(client, payment, number):
    body, _ = delivery_of(payment, id=number)
    answers, kept, cases = told_twice(client, payment, body)
    assert (answers, cases) == ([401, 401], [("notification.unreadable", 2)])
    assert {outcome for outcome, _ in kept} == {"unreadable"}
    assert bytes(Notification.objects.first().body) == body


def test_a_notification_nested_beyond_all_sense_is_unreadable(client, payment):
    resource = b"[" * 20_000 + b"]" * 20_000
    answers, _, cases = told_twice(client, payment, b'{"id":"x","resource":' + resource + b"}")
    assert answers == [401, 401]
    assert {kind for kind, _ in cases} == {"notification.unreadable"}


def test_half_a_surrogate_pair_in_what_it_tells_makes_a_notification_unreadable(client, payment):
    body, _ = delivery_of(payment, transaction_id="\ud800" + "4" * 20)
    answers, _, cases = told_twice(client, payment, body)
    assert (answers, cases) == ([401, 401], [("notification.unreadable", 2)])


def test_what_cannot_be_taken_in_is_one_case_however_often_it_comes(client, payment):
    other = paid(make.order(payment.order.customer, ("IR-1", 1)))
    client.raise_request_exception = False
    body, headers = delivery_of(payment, id="n" * 100, transaction_id=other.transaction_id)
    assert [deliver(client, payment, body, headers).status_code for _ in range(3)] == [500, 500, 500]
    assert list(Notification.objects.values_list("outcome", flat=True)) == ["failed"] * 3
    assert list(Case.objects.values_list("kind", "seen")) == [("payment.untakeable", 3)]


def test_the_case_of_what_could_not_be_taken_in_settles_once_it_is(client, payment):
    other = paid(make.order(payment.order.customer, ("IR-1", 1)))
    client.raise_request_exception = False
    body, headers = delivery_of(payment, id="n" * 100, transaction_id=other.transaction_id)
    deliver(client, payment, body, headers)
    Payment.objects.filter(pk=other.pk).update(transaction_id="4200of-another")
    again(raw=Notification.objects.get(outcome="failed"), by="ann", now=make.present())
    payment.refresh_from_db()
    assert (payment.state, Case.objects.get().state) == ("succeeded", "settled")
