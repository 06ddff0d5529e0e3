"""Operators give money back by buttons, each with a note and a name; who may not finds no button."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from kernel import approvals
from kernel.cases import open_case, settle_case
from kernel.clock import SHANGHAI
from kernel.models import Approval, Case, Event
from kernel.money import yuan
from orders.models import Order, OrderLine
from orders.services.gate import move_gate
from payments.models import Refund
from payments.services.refunds import Wish, request_refund
from payments.tasks import refund_cancelled
from storefronts.models import FourEyes
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


def pieces(order, **by_sku):
    """What is typed for each line, by SKU without its dash."""
    lines = {line.sku.replace("-", ""): line.pk for line in order.lines.all()}
    return {**WISH, "freight": "on", **{f"pieces_{lines[sku]}": count for sku, count in by_sku.items()}}


def seen(html):
    """The amount that was shown and is confirmed by sending it again."""
    return re.search(r'name="seen_fen" value="(\d+)"', html)[1]


def test_pieces_of_several_lines_and_goodwill_are_shown_to_the_fen_and_then_asked_for_once(finance, world):
    order = make.order(world.alice, ("HD-1", 2), ("IR-1", 3), now=make.present())
    paid(order, success_time=make.present())
    told_by = pieces(order, HD1=1, IR1=2) | {"goodwill": "5.00"}
    html = finance.post(step(order, "refund-pieces"), told_by).content.decode()
    assert Refund.objects.count() == 0
    assert not Event.objects.filter(name="refund.requested").exists()
    lines = {line.sku: line for line in order.lines.all()}
    tax = lines["HD-1"].vat_fen // 2 + lines["IR-1"].vat_fen * 2 // 3
    assert {line.duty_fen + line.excise_fen + line.freight_fen for line in lines.values()} == {0}
    assert tax > 0
    total = 10_000 + 2 * 5_000 + tax + 500
    assert seen(html) == str(total)
    assert yuan(total) in html
    assert "Confirm the refund" in html
    for _ in range(2):
        answer = finance.post(step(order, "refund-pieces"), told_by | {"seen_fen": seen(html)})
        assert answer.status_code == 302
    gone, goodwill = Refund.objects.order_by("id")
    assert (gone.kind, gone.state, gone.amount_fen) == ("lines", "accepted", total - 500)
    assert dict(gone.lines.values_list("line__sku", "quantity")) == {"HD-1": 1, "IR-1": 2}
    assert (goodwill.kind, goodwill.state, goodwill.amount_fen) == ("goodwill", "requested", 500)
    assert (gone.asked_by, gone.note, gone.reason) == ("operator:fang", "ticket 7", "少发一件")
    html = finance.get(page(order)).content.decode()
    assert gone.out_refund_no in html
    assert gone.out_refund_no in finance.get(page(gone.payment)).content.decode()


def test_what_was_seen_and_has_become_another_amount_is_shown_again(finance, order):
    told_by = pieces(order, HD1=2)
    html = finance.post(step(order, "refund-pieces"), told_by).content.decode()
    changed = told_by | pieces(order, HD1=1) | {"seen_fen": seen(html)}
    answer = finance.post(step(order, "refund-pieces"), changed)
    assert answer.status_code == 200
    assert int(seen(answer.content.decode())) * 2 == int(seen(html))
    assert Refund.objects.count() == 0


def test_freight_stays_where_it_is_not_ticked(finance, order):
    line = order.lines.get()
    OrderLine.objects.filter(pk=line.pk).update(freight_fen=800)
    wish = pieces(order, HD1=1)
    amounts = []
    for freight in ("on", ""):
        told_by = (
            {**wish, "freight": freight} if freight else {k: v for k, v in wish.items() if k != "freight"}
        )
        amounts.append(int(seen(finance.post(step(order, "refund-pieces"), told_by).content.decode())))
    assert amounts[0] - amounts[1] == 400 + 37  # and the tax on it, which stays levied with it


def test_a_form_without_pieces_or_amount_is_no_refund_of_everything(finance, order):
    answer = finance.post(step(order, "refund-pieces"), {**WISH, "freight": "on"})
    assert "Say pieces of a line, or an amount." in answer.content.decode()
    assert Refund.objects.count() == 0


def test_a_form_begins_with_a_wish_of_its_own_and_takes_no_nothing(finance, order):
    html = finance.get(step(order, "refund-goodwill")).content.decode()
    first, second = (
        re.search(r'name="key" value="([0-9a-f-]{36})"', one)[1]
        for one in (html, finance.get(step(order, "refund-goodwill")).content.decode())
    )
    assert first != second
    assert finance.post(step(order, "refund-goodwill"), {**WISH, "amount": "0"}).status_code == 200
    assert Refund.objects.count() == 0
    assert finance.post(step(order, "refund-goodwill"), {**WISH, "amount": "5.00"}).status_code == 302
    assert (Refund.objects.get().other_fen, Refund.objects.get().state) == (500, "requested")


def test_a_form_cannot_take_the_key_of_what_the_house_refunds_by_itself(finance, order):
    for name, more in (("refund-goodwill", {"amount": "0.01"}), ("refund-pieces", {"goodwill": "0.01"})):
        answer = finance.post(step(order, name), {**WISH, "key": "cancelled", "seen_fen": "1", **more})
        assert answer.status_code == 302
    keys = set(Refund.objects.values_list("key", flat=True))
    assert keys == {"operator:cancelled", "operator:cancelled:goodwill"}
    finance.post(step(order, "cancel-paid"), {"note": "asked by telephone"})
    refund_cancelled(Event.objects.get(name="order.cancelled"))
    whole = Refund.objects.get(key="cancelled")
    assert (whole.kind, whole.amount_fen) == ("cancellation", order.total_fen)
    assert set(Refund.objects.exclude(pk=whole.pk).values_list("state", flat=True)) == {"closed"}


def test_too_much_is_said_and_nothing_is_written(finance, order):
    answer = finance.post(step(order, "refund-pieces"), pieces(order, HD1=3))
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
    assert client.post(step(order, "refund-pieces"), pieces(order, HD1=1)).status_code == 403
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

    waits = refund_report_of(refund, status="ABNORMAL", success_time=None)
    monkeypatch.setattr("payments.services.refund_verbs.query", lambda client, number: waits)
    monkeypatch.setattr("payments.services.refund_verbs.apply_abnormal", applied)
    card = {
        "bank_type": "ICBC_DEBIT",
        "account": "6222 0202 0011 2233",
        "name": "王爱丽",
        "note": "told by phone",
    }
    FourEyes.objects.create(storefront=refund.storefront, verb="refund", above=refund.amount_fen - 1)
    assert finance.post(step(refund, "to-consumer"), card).status_code == 200
    asked = Approval.objects.get()
    assert (asked.facts["bank"], "6222" in str(asked.facts)) == ("ICBC_DEBIT", False)
    approvals.decide(approval=asked, by="lan", granted=True, reason="seen", now=make.present())
    for other in ({"account": "6222 0202 0011 2234"}, {"name": "王二"}, {"bank_type": "ABC_DEBIT"}):
        finance.post(step(refund, "to-consumer"), {**card, **other})  # agreed to was another card
    assert seen == []
    assert finance.post(step(refund, "to-consumer"), card).status_code == 302
    refund.refresh_from_db()
    assert (refund.state, seen[0].account) == ("processing", "6222020200112233")
    event = Event.objects.get(name="refund.redirected")
    assert event.facts == {"by": "fang", "note": "told by phone", "to": "consumer"}
    kept = [*Event.objects.values_list("facts", flat=True), *Case.objects.values_list("facts", flat=True)]
    assert "6222" not in str(kept)


def test_a_closed_refund_is_asked_for_again_under_a_new_number_and_its_case_settled(
    finance, order, monkeypatch
):
    refund = ask(order)
    told(refund, status="CLOSED", success_time=None)
    closed = refund_report_of(refund, status="CLOSED", success_time=None)
    monkeypatch.setattr("payments.services.refund_verbs.query", lambda client, number: closed)
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
    told(refund, channel="OTHER_BANKCARD")
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


@pytest.mark.parametrize("kind", ["refund.closed", "refund.refused", "refund.slow", "refund.mismatch"])
def test_a_refund_about_which_a_case_is_open_is_in_the_queue_and_on_the_first_page_until_it_is_settled(
    finance, order, kind
):
    refund, other = ask(order, wish=Wish(goodwill_fen=100)), ask(order, wish=Wish(goodwill_fen=200), key="k2")
    case = open_case(
        storefront_id=order.storefront_id,
        kind=kind,
        key=refund.event_key,
        title="t",
        facts={},
        now=make.NOW,
    )

    def queue():
        cards = finance.get(reverse("admin:index")).context["cards"]
        (count,) = [one["count"] for one in cards if str(one["title"]) == "Refunds to attend to"]
        listed = finance.get(reverse("admin:payments_refund_changelist"), {"attend": "1"}).content.decode()
        return count, refund.out_refund_no in listed, other.out_refund_no in listed

    assert queue() == (1, True, False)
    settle_case(case=case, by="fang", note="asked again", now=make.NOW)
    assert queue() == (0, False, False)


def test_a_refund_that_wechat_closed_is_in_the_queue(finance, order):
    refund = ask(order)
    told(refund, status="PROCESSING", success_time=None)
    told(refund, status="CLOSED", success_time=None)
    listed = finance.get(reverse("admin:payments_refund_changelist"), {"attend": "1"}).content.decode()
    assert refund.out_refund_no in listed
