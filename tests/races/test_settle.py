"""Five notifications, the query and the expiry at once: one change, one event, stock counted once (A4)."""

from __future__ import annotations

import threading
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection, transaction
from django.test import Client

from inventory.models import Stock
from kernel import receipts
from kernel.models import Case, Event
from orders.models import Order
from orders.services.closing import expire_due, finish_closing
from payments.models import Notification, Payment
from payments.services.settle import Outcome, settle
from tests import make
from tests.payments.reports import delivery_of, report_of
from tests.races.crowd import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def payment():
    return make.payment(make.order(make.world().alice, ("HD-1", 2)))


def naive_settle(payment: Payment, pause: threading.Barrier) -> str:
    """What a shop without the guard does: look at the state, then write."""
    state = Order.objects.get(pk=payment.order_id).state
    pause.wait(timeout=20)
    if state == "placed":
        Order.objects.filter(pk=payment.order_id).update(closing_reason="paid")
        return "paid"
    return "known"


def test_with_the_guard_off_six_callers_each_believe_they_paid_the_order(payment):
    pause = threading.Barrier(6)
    assert at_once([lambda: naive_settle(payment, pause)] * 6) == ["paid"] * 6


def test_notifications_query_and_expiry_at_once_change_the_state_once(payment):
    report = report_of(payment)
    late = payment.order.expires_at + timedelta(seconds=1)

    def tell() -> Outcome:
        return settle(storefront_id=payment.storefront_id, mchid=payment.mchid, report=report, now=make.NOW)

    results = at_once([tell] * 6 + [lambda: expire_due(now=late)])
    outcomes = results[:6]
    assert outcomes.count(Outcome.SETTLED) == 1, results
    assert outcomes.count(Outcome.KNOWN) == 5, results
    order = Order.objects.get()
    assert order.state == "paid"
    assert Event.objects.filter(name="order.paid").count() == 1
    assert Stock.objects.get(variant__sku="HD-1").reserved == 2
    assert Case.objects.count() == 0


def test_payment_against_the_end_of_closing_either_pays_or_opens_a_case(payment):
    expire_due(now=payment.order.expires_at + timedelta(seconds=1))
    order, report = Order.objects.get(), report_of(payment)

    def tell() -> Outcome:
        return settle(storefront_id=payment.storefront_id, mchid=payment.mchid, report=report, now=make.NOW)

    outcome, ended = at_once([tell, lambda: finish_closing(order=order, now=make.NOW)])
    assert ended is None
    order.refresh_from_db()
    held = Stock.objects.get(variant__sku="HD-1").reserved
    if outcome is Outcome.SETTLED:
        assert (order.state, held, Case.objects.count()) == ("paid", 2, 0)
    else:
        assert (order.state, held, Case.objects.get().kind) == ("expired", 0, "payment.late")
    connection.close()


def test_fifty_notifications_at_once_pay_the_order_once(payment):
    """Half of them are one notification delivered again and again, the others have ids of their own."""
    copies = [delivery_of(payment, id="the-same")] * 25 + [delivery_of(payment) for _ in range(25)]

    def deliver(body: bytes, headers: dict[str, str]) -> int:
        address = f"/pay/wechat/{payment.mchid}"
        return Client().post(address, body, content_type="application/json", headers=headers).status_code

    statuses = at_once([partial(deliver, body, headers) for body, headers in copies])
    assert set(statuses) <= {204, 409}, statuses  # 409: its twin is being taken in; WeChat comes again
    assert 204 in statuses[:25]
    assert statuses[25:] == [204] * 25
    assert list(Order.objects.values_list("state", flat=True)) == ["paid"]
    assert list(Payment.objects.values_list("state", flat=True)) == ["succeeded"]
    for name in ("payment.succeeded", "order.paid"):
        assert Event.objects.filter(name=name).count() == 1
    assert Notification.objects.filter(outcome="taken").count() == 26
    assert Stock.objects.get(variant__sku="HD-1").reserved == 2
    assert Case.objects.count() == 0


def test_a_copy_waits_for_its_twin_and_is_sent_away_only_when_that_one_hangs(payment):
    body, headers = delivery_of(payment, id="slow")
    source, mark = f"wechatpay:{payment.mchid}", receipts.fingerprint("slow")
    held, over = threading.Event(), threading.Event()

    def twin() -> None:
        with transaction.atomic():
            receipts.take(source=source, key="slow", fingerprint=mark)
            held.set()
            over.wait(timeout=20)

    def copies() -> list[int]:
        held.wait(timeout=20)
        address = f"/pay/wechat/{payment.mchid}"
        answers = []
        for _ in range(2):
            answer = Client().post(address, body, content_type="application/json", headers=headers)
            answers.append(answer.status_code)
            over.set()
        return answers

    assert at_once([twin, copies]) == [None, [409, 204]]
    kept = Notification.objects.order_by("id").values_list("outcome", flat=True)
    assert list(kept) == ["received", "taken"]
