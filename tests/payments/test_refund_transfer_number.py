"""One number of our bank is one transfer: it is recorded for one refund of a payment and for no second."""

from __future__ import annotations

import threading
import time
from datetime import date, timedelta

import pytest
from django.db import connection, connections, transaction

from payments.models import Payment, Refund
from payments.services import refund_verbs
from payments.services.refund_transfer import AlreadyTransferred
from payments.services.refund_verbs import to_bank_card, transfer_made
from payments.services.refunds import Wish, request_refund
from tests import make
from tests.make_tables import NOW
from tests.payments.reports import paid, refund_report_of, told

pytestmark = pytest.mark.django_db(transaction=True)


def owed(payment: Payment, key: str, monkeypatch: pytest.MonkeyPatch) -> Refund:
    """One piece's refund, which went to the merchant's own card."""
    made = request_refund(
        number=payment.order.number,
        wish=Wish({payment.order.lines.get().pk: 1}),
        key=key,
        reason="退款",
        asked_by="system",
        now=NOW,
    )
    told(made, status="ABNORMAL", success_time=None)
    says = {"success_time": None}
    monkeypatch.setattr(
        refund_verbs, "query", lambda client, number: refund_report_of(made, status="ABNORMAL", **says)
    )
    monkeypatch.setattr(
        refund_verbs,
        "apply_abnormal",
        lambda client, **facts: refund_report_of(made, status="PROCESSING", **says),
    )
    to_bank_card(refund=Refund.objects.get(pk=made.pk), card=None, by="fang", note="n", now=NOW)
    told(made, channel="OTHER_BANKCARD")
    made.refresh_from_db()
    assert made.owed
    return made


@pytest.fixture
def refunds(monkeypatch: pytest.MonkeyPatch) -> list[Refund]:
    payment = paid(make.order(make.world().alice, ("HD-1", 2)))
    return [owed(payment, key, monkeypatch) for key in ("first", "second")]


def record(refund: Refund, reference: str) -> str:
    try:
        transfer_made(
            refund=refund,
            reference=reference,
            on=date(2026, 11, 21),
            by="fang",
            note="n",
            now=NOW + timedelta(days=2),
        )
    except AlreadyTransferred as refused:
        return f"refused {refused.reference}"
    return "recorded"


def test_a_number_that_was_recorded_for_one_refund_is_refused_for_another_of_the_payment(refunds):
    first, second = refunds
    assert record(first, "ICBC-77") == "recorded"
    assert record(second, " ICBC-77 ") == "refused ICBC-77"
    second.refresh_from_db()
    assert (second.transfer_reference, second.owed) == ("", True)
    assert record(second, "ICBC-78") == "recorded"


def test_another_payment_may_have_been_paid_by_the_same_number(refunds, monkeypatch):
    other = paid(make.order(refunds[0].order.customer, ("IR-1", 1)))
    assert record(refunds[0], "ICBC-77") == "recorded"
    assert record(owed(other, "third", monkeypatch), "ICBC-77") == "recorded"


def test_of_two_who_record_one_number_at_once_one_does(refunds):
    said: list[str] = []

    def recording(refund: Refund) -> None:
        try:
            said.append(record(refund, "ICBC-77"))
        finally:
            connections.close_all()

    def waiting() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                " AND datname = current_database() AND query LIKE '%payments_payment%'"
            )
            return int(cursor.fetchone()[0])

    threads = [threading.Thread(target=recording, args=(one,)) for one in refunds]
    with transaction.atomic():
        Payment.objects.select_for_update().get(pk=refunds[0].payment_id)
        for one in threads:
            one.start()
        for _ in range(1000):
            if waiting() == 2:
                break
            time.sleep(0.01)
        else:
            pytest.fail("the two never waited for the payment")
    for one in threads:
        one.join(20)
    assert sorted(said) == ["recorded", "refused ICBC-77"]
