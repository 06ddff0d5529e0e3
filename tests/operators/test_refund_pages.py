"""Operators give money back by buttons, each with a note and a name; who may not finds no button."""

from __future__ import annotations

import pytest
from django.urls import reverse

from kernel.clock import SHANGHAI
from kernel.models import Case, Event
from orders.models import Order
from orders.services.gate import move_gate
from payments.models import Refund
from payments.services.refunds import Wish, request_refund
from tests import make
from tests.operators import rows
from tests.payments.reports import paid, refund_report_of, told

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world():
    return make.world()


@pytest.fixture
def order(world):
    made = make.order(world.alice, ("HD-1", 2), now=make.present())
    paid(made, success_time=make.present())
    made.refresh_from_db()
    return made


@pytest.fixture
def finance(client, world):
    client.force_login(rows.operator("fang", world.shop, "finance"), backend=rows.BACKEND)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def step(row, name):
    page = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
    return reverse(page, args=[row.pk]).replace("/change/", f"/step/{name}/")


def page(row):
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def ask(order, **changes):
    facts = {"wish": Wish(), "key": "k", "reason": "退款", "asked_by": "system", "now": make.NOW}
    return request_refund(number=order.number, **facts | changes)


WISH = {"reason": "少发一件", "note": "ticket 7", "key": "operator:1"}


def test_pieces_go_back_from_the_orders_page_once_however_often_it_is_sent(finance, order):
    told_by = {**WISH, "sku": "HD-1", "quantity": 1}
    for _ in range(2):
        assert finance.post(step(order, "refund-pieces"), told_by).status_code == 302
    refund = Refund.objects.get()
    assert (refund.asked_by, refund.note, refund.reason) == ("operator:fang", "ticket 7", "少发一件")
    assert refund.lines.get().quantity == 1
    html = finance.get(page(order)).content.decode()
    assert refund.out_refund_no in html
    assert refund.out_refund_no in finance.get(page(refund.payment)).content.decode()


def test_a_form_begins_with_a_wish_of_its_own_and_takes_no_nothing(finance, order):
    html = finance.get(step(order, "refund-goodwill")).content.decode()
    assert 'value="operator:' in html
    assert finance.post(step(order, "refund-goodwill"), {**WISH, "amount": "0"}).status_code == 200
    assert Refund.objects.count() == 0
    assert finance.post(step(order, "refund-goodwill"), {**WISH, "amount": "5.00"}).status_code == 302
    assert (Refund.objects.get().other_fen, Refund.objects.get().state) == (500, "requested")


def test_too_much_is_said_and_nothing_is_written(finance, order):
    answer = finance.post(step(order, "refund-pieces"), {**WISH, "sku": "HD-1", "quantity": 3})
    assert "Of HD-1 only 2 can still be refunded." in answer.content.decode()
    assert Refund.objects.count() == 0


def test_a_paid_order_is_cancelled_by_an_operator_before_anything_is_declared(finance, order):
    assert finance.post(step(order, "cancel-paid"), {"note": "asked by telephone"}).status_code == 302
    assert Order.objects.get().state == "cancelled"
    assert Event.objects.get(name="order.cancelled").facts["by"] == "operator:fang"


def test_what_customs_has_shows_no_cancelling(finance, order):
    move_gate(number=order.number, verb="send", now=make.NOW)
    assert "/step/cancel-paid/" not in finance.get(page(order)).content.decode()
    assert finance.post(step(order, "cancel-paid"), {"note": "n"}).status_code == 403


def test_a_merchandiser_gives_no_money_back(client, world, order):
    client.force_login(rows.operator("mei", world.shop, "merchandiser"), backend=rows.BACKEND)
    assert "/step/refund-pieces/" not in client.get(page(order)).content.decode()
    told_by = {**WISH, "sku": "HD-1", "quantity": 1}
    assert client.post(step(order, "refund-pieces"), told_by).status_code == 403
    assert Refund.objects.count() == 0


def test_a_refund_that_waits_is_withdrawn_and_one_under_way_is_hurried(finance, order):
    move_gate(number=order.number, verb="send", now=make.NOW)
    waiting = ask(order)
    assert finance.post(step(waiting, "withdraw"), {"note": "no longer wanted"}).status_code == 302
    assert Event.objects.get(name="refund.closed").facts["note"] == "no longer wanted"
    move_gate(number=order.number, verb="reject", now=make.NOW)
    leaving = ask(order, key="k2")
    Refund.objects.filter(pk=leaving.pk).update(trouble="NOT_ENOUGH")
    listed = finance.get(reverse("admin:payments_refund_changelist"), {"attend": "1"}).content.decode()
    assert leaving.out_refund_no in listed
    assert waiting.out_refund_no not in listed
    assert finance.post(step(leaving, "retry"), {"note": "money is there"}).status_code == 302
    assert Event.objects.get(name="refund.hurried").facts == {"by": "fang", "note": "money is there"}


def test_an_abnormal_refund_goes_to_the_consumers_card_which_is_kept_nowhere(finance, order, monkeypatch):
    refund = ask(order)
    told(refund, status="ABNORMAL", success_time=None)
    seen = []

    def applied(client, **facts):
        seen.append(facts["card"])
        return refund_report_of(refund, status="PROCESSING", success_time=None)

    monkeypatch.setattr("payments.services.refund_verbs.apply_abnormal", applied)
    card = {
        "bank_type": "ICBC_DEBIT",
        "account": "6222 0202 0011 2233",
        "name": "王爱丽",
        "note": "told by phone",
    }
    assert finance.post(step(refund, "to-consumer"), card).status_code == 302
    refund.refresh_from_db()
    assert (refund.state, seen[0].account) == ("processing", "6222020200112233")
    event = Event.objects.get(name="refund.redirected")
    assert event.facts == {"by": "fang", "note": "told by phone", "to": "consumer"}
    kept = [*Event.objects.values_list("facts", flat=True), *Case.objects.values_list("facts", flat=True)]
    assert "6222" not in str(kept)


def test_a_closed_refund_is_asked_for_again_under_a_new_number_and_its_case_settled(finance, order):
    refund = ask(order)
    told(refund, status="CLOSED", success_time=None)
    for _ in range(2):
        assert finance.post(step(refund, "again"), {"note": "account opened"}).status_code == 302
    again = Refund.objects.exclude(pk=refund.pk).get()
    assert (again.amount_fen, again.state, again.note) == (refund.amount_fen, "accepted", "account opened")
    case = Case.objects.get()
    assert (case.state, case.settled_by) == ("settled", "fang")


def test_a_transfer_to_the_consumer_is_recorded_on_the_refunds_page_once(finance, order):
    refund = ask(order)
    told(refund, status="ABNORMAL", success_time=None)
    Refund.objects.filter(pk=refund.pk).update(redirected_to="merchant")
    assert finance.get(step(refund, "transfer-made")).status_code == 403
    told(refund)
    listed = finance.get(reverse("admin:payments_refund_changelist"), {"attend": "1"}).content.decode()
    assert refund.out_refund_no in listed
    day = make.present().astimezone(SHANGHAI).date()
    made = {"reference": "ICBC-77", "day": day.isoformat(), "note": "told by telephone"}
    early = finance.post(step(refund, "transfer-made"), {**made, "day": "2020-01-01"}).content.decode()
    assert "a day from the request for the refund to today" in early
    assert finance.post(step(refund, "transfer-made"), made).status_code == 302
    assert finance.post(step(refund, "transfer-made"), made).status_code == 403
    refund.refresh_from_db()
    assert (refund.transfer_reference, refund.transferred_at.astimezone(SHANGHAI).date()) == ("ICBC-77", day)
    case = Case.objects.get(kind="refund.pay_by_transfer")
    assert (case.state, case.settled_by, case.note) == ("settled", "fang", "ICBC-77 told by telephone")
