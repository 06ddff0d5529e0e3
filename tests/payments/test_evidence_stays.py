"""Those who serve change what happens to a payment and what became of a message, and remove neither."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from compliance.models import AllowanceAccount
from payments.models import Notification
from tests import make
from tests.compliance.test_append_only import refused
from tests.payments.reports import delivery_of
from tests.stepping import step

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("who", ["web", "worker"])
@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM payments_payment",
        "UPDATE payments_payment SET amount_fen = 1",
        "UPDATE payments_payment SET order_id = 1",
        "DELETE FROM payments_notification",
        "UPDATE payments_notification SET headers = '{}'",
        "UPDATE payments_notification SET received_at = '2020-01-01'",
    ],
)
def test_neither_is_removed_nor_made_to_be_about_something_else(who, statement):
    assert refused(who, statement).startswith("permission denied for table payments_")


def test_messages_go_500_a_call_through_a_door_with_a_floor_of_five_years():
    with connection.cursor() as cursor:
        cursor.execute("SELECT prosrc FROM pg_proc WHERE proname = 'payments_notification_forget'")
        [(source,)] = cursor.fetchall()
    assert "LIMIT 500 FOR UPDATE SKIP LOCKED" in source
    told = refused("worker", "SELECT payments_notification_forget(now() - interval '1820 days')")
    assert told == "payments_notification is kept for 5 years"


@pytest.fixture
@step
def said():
    """Messages of long ago: one that was taken in, one not believed, one of WeChat that nobody could read."""
    return [
        Notification.objects.create(
            mchid="1", headers={}, body=b"{}", outcome=outcome, received_at=datetime(2026, 1, 1, tzinfo=UTC)
        ).pk
        for outcome in ("taken", "rejected", "unreadable")
    ]


def test_a_message_that_was_believed_does_not_become_noise_nor_another_message(said):
    stays = "a message of WeChat Pay stays as it came"
    for who in ("web", "worker"):
        assert refused(who, "UPDATE payments_notification SET outcome = 'rejected'") == stays
        assert refused(who, "UPDATE payments_notification SET body = 'y'") == stays


def test_the_door_of_noise_is_the_workers_and_lets_go_of_nothing_that_was_believed(said):
    ask = "SELECT payments_noise_forget(%s::bigint[])"
    assert refused("web", ask, said) == "permission denied for function payments_noise_forget"
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE worker")
        cursor.execute(ask, [said])
        assert cursor.fetchone() == (1,)
        cursor.execute("RESET ROLE")
    outcomes = list(Notification.objects.order_by("pk").values_list("outcome", flat=True))
    assert outcomes == ["taken", "unreadable"]


def test_the_door_of_noise_opens_after_29_days():
    noise = [
        Notification.objects.create(
            mchid="1", headers={}, body=b"{}", outcome="rejected", received_at=make.present() - age
        ).pk
        for age in (timedelta(0), timedelta(days=28, hours=23), timedelta(days=29, hours=1))
    ]
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE worker")
        cursor.execute("SELECT payments_noise_forget(%s::bigint[])", [noise])
        assert cursor.fetchone() == (1,)
        cursor.execute("RESET ROLE")
    assert list(Notification.objects.order_by("pk").values_list("pk", flat=True)) == noise[:2]


def test_a_message_that_was_taken_in_may_be_emptied(said):
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE web")
        cursor.execute("UPDATE payments_notification SET body = '' WHERE outcome = 'taken'")
        assert cursor.rowcount == 1
        cursor.execute("RESET ROLE")


def test_the_web_takes_an_order_its_payment_and_what_wechat_tells_with_the_rights_that_are_left(client):
    world = make.world()
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE web")
        payment = make.payment(make.order(world.alice, ("HD-1", 1)))
        body, headers = delivery_of(payment)
        answer = client.post(
            f"/pay/wechat/{payment.mchid}", body, content_type="application/json", headers=headers
        )
        cursor.execute("RESET ROLE")
    payment.refresh_from_db()
    account = AllowanceAccount.objects.get(measure="value")
    assert (answer.status_code, payment.state, account.reserved + account.used) == (204, "succeeded", 10_000)
    assert Notification.objects.get().outcome == "taken"
