"""A message of WeChat Pay that was not taken in stays as it came: no SQL of those who serve empties it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from compliance.services.subject import begin_erasure
from payments.models import Notification
from payments.services import messages, taking
from payments.services.taking import again
from tests import make
from tests.compliance.test_append_only import refused
from tests.payments.reports import delivery_of, sealed_delivery
from tests.stepping import step
from wechat.errors import Malformed

pytestmark = pytest.mark.django_db(transaction=True)
STAYS = "a message of WeChat Pay that was not taken in stays as it came"
WAITING = ["received", "rejected", "unreadable", "failed"]


@pytest.fixture
@step
def payment():
    return make.payment(make.order(make.world().alice, ("HD-1", 1)))


@pytest.fixture(params=["web", "worker"])
def role(request):
    return request.param


@contextmanager
def acting(role: str) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {role}")
        try:
            yield
        finally:
            cursor.execute("RESET ROLE")


def told(payment, outcome: str, **more: Any) -> Notification:
    body, headers = delivery_of(payment)
    told = {"mchid": payment.mchid, "headers": headers, "body": body, "received_at": make.NOW, **more}
    return Notification.objects.create(outcome=outcome, **told)


def deliver(client, payment, body, headers) -> int:
    url = f"/pay/wechat/{payment.mchid}"
    return client.post(url, body, content_type="application/json", headers=headers).status_code


def kept() -> list[tuple[str, bool]]:
    rows = Notification.objects.order_by("pk").values_list("outcome", "body")
    return [(outcome, bool(body)) for outcome, body in rows]


@pytest.mark.parametrize("outcome", WAITING)
@pytest.mark.parametrize(
    "change", ["body = '', outcome = 'taken'", "body = ''", "outcome = 'ignored'", "outcome = 'duplicate'"]
)
def test_it_is_neither_emptied_nor_called_taken(payment, role, outcome, change):
    told(payment, outcome, notice_id="n-1", out_trade_no=payment.out_trade_no)
    told(payment, "taken", notice_id="n-2", body=b"")
    waiting = f"WHERE outcome = '{outcome}'"
    assert refused(role, f"UPDATE payments_notification SET {change} {waiting}") == STAYS
    assert kept() == [(outcome, True), ("taken", False)]


def test_the_receipt_of_another_merchant_is_none(payment, role, client):
    body, headers = delivery_of(payment, id="n-1")
    assert deliver(client, payment, body, headers) == 204
    told(payment, "failed", notice_id="n-1", mchid="1700000000")
    assert refused(role, "UPDATE payments_notification SET body = '' WHERE mchid = '1700000000'") == STAYS


@pytest.mark.parametrize("number", ["n-1", "n\u200b1"])
def test_copies_that_failed_are_emptied_by_the_one_that_is_taken_in(client, payment, monkeypatch, number):
    client.raise_request_exception = False
    with monkeypatch.context() as broken:
        broken.setattr(taking, "settle", lambda **_: 1 / 0)
        assert deliver(client, payment, *delivery_of(payment, id=number)) == 500
    assert deliver(client, payment, *delivery_of(payment, id=number)) == 204
    assert kept() == [("failed", False), ("taken", False)]


def test_what_failed_is_taken_in_again_by_the_web(client, payment, monkeypatch):
    client.raise_request_exception = False
    with monkeypatch.context() as broken:
        broken.setattr(taking, "settle", lambda **_: 1 / 0)
        assert deliver(client, payment, *delivery_of(payment)) == 500
    with acting("web"):
        again(raw=Notification.objects.get(), by="ann", now=make.present())
    payment.refresh_from_db()
    assert (payment.state, kept()) == ("succeeded", [("duplicate", False), ("taken", False)])


@pytest.mark.parametrize("event", ["TRANSACTION.SUCCESS", "SOMETHING.ELSE"])
def test_what_told_no_number_when_it_came_is_taken_in_again_by_the_web(client, payment, monkeypatch, event):
    def cannot(*_):
        raise Malformed(where="x")

    plain = {} if event == "SOMETHING.ELSE" else None
    body, headers = delivery_of(payment) if plain is None else sealed_delivery(event, plain)
    with monkeypatch.context() as broken:
        broken.setattr("payments.webhooks.read", cannot)
        broken.setattr(messages, "number_of", lambda body: "")
        assert deliver(client, payment, body, headers) == 401
    assert Notification.objects.get().notice_id == ""
    with acting("web"):
        again(raw=Notification.objects.get(), by="ann", now=make.present())
    last = "ignored" if event == "SOMETHING.ELSE" else "taken"
    assert kept() == [("duplicate", False), (last, False)]


def test_it_goes_with_the_account_of_who_paid_and_not_before(payment):
    told(payment, "failed", out_trade_no=payment.out_trade_no)
    with acting("web"):
        with pytest.raises(IntegrityError, match=STAYS), transaction.atomic():
            messages.forget(numbers=[payment.out_trade_no])
        assert kept() == [("failed", True)]
        begin_erasure(subject=payment.order.subject, now=make.NOW)
        messages.forget(numbers=[payment.out_trade_no])
    assert kept() == [("failed", False)]
