"""A notification is verified over its raw bytes, taken in once, and kept whatever becomes of it."""

from __future__ import annotations

import secrets

import pytest

from kernel.models import Case, Event, Receipt
from payments.models import Notification
from tests import make
from tests.payments.reports import delivery_of, signed

pytestmark = pytest.mark.django_db


@pytest.fixture
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
