"""Celery entry points and event handlers of payments."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from celery import shared_task
from django.db import transaction

from kernel.cases import open_case
from kernel.clock import now
from kernel.models import Event
from orders.models import Order
from payments.models import Payment, Refund
from payments.services import (
    close,
    complaint_answers,
    complaint_clocks,
    complaint_rereading,
    complaint_sending,
    complaints,
    refund_before,
    refund_follow,
    refund_gate,
    refunds,
    send_refund,
    taking,
)
from payments.services.bills.run import due as due_bills
from payments.services.declare import sweep as sweep_declarations
from payments.services.query import sweep as sweep_payments
from payments.services.refund_refusals import RefundClosed, TooManyRefunds, TooMuch, TooOld
from payments.services.settle import SENT_BACK


@shared_task
def sweep() -> None:
    """Find the payments whose notifications were lost, and let go of what was kept of those taken in."""
    sweep_payments(now=now())
    taking.let_go(now=now())


@shared_task
def sweep_refunds() -> None:
    """Go on with refunds whose outcome is not known, or whose time has come."""
    send_refund.sweep(now=now())


@shared_task
def poll_complaints() -> None:
    """Find the complaints, and what became of them, whose notifications or pushes were lost."""
    try:
        complaints.poll(now=now())
    finally:
        complaint_rereading.reread(now=now())


@shared_task
def be_told_of_complaints() -> None:
    """See that WeChat knows where to tell complaints."""
    complaints.be_told_of_all()


@shared_task
def answer_complaints() -> None:
    """Go on with answers whose outcome is not known, hold those that wait for customs, watch the clocks."""
    at = now()
    complaint_answers.hold(now=at)
    complaint_sending.sweep(now=at)
    complaint_clocks.watch(now=at)


def read_complaint(event: Event) -> None:
    """Handler of `complaint.told`."""
    facts = event.facts
    complaints.fetch(mchid=facts["mchid"], complaint_id=facts["complaint"], now=now())


def read_pushed_complaint(event: Event) -> None:
    """Handler of `message.complaint`."""
    complaints.read_pushed(message_id=event.facts["message"], now=now())


def send_answer(event: Event) -> None:
    """Handler of `complaint.answer_asked`."""
    complaint_sending.send(act_id=event.facts["act"], now=now())


def send_accepted(event: Event) -> None:
    """Handler of `refund.accepted`."""
    send_refund.send_refund(out_refund_no=event.key.removeprefix("refund:"), now=now())


def promised_with_it(event: Event) -> None:
    """Handler of `refund.requested`: what it took the place of was perhaps promised in a complaint."""
    refund = _refund_of(event)
    if instead_of := event.facts.get("instead_of"):
        refund_follow.promise(refund=refund, instead_of=instead_of, now=now())
    complaint_clocks.asked_again(refund=refund, now=now())


def money_arrived(event: Event) -> None:
    """Handler of `refund.succeeded` and `refund.transferred`: what was promised by a day is kept."""
    complaint_clocks.arrived(refund=_refund_of(event), now=now())


def look_back(event: Event) -> None:
    """Handler of `payment.succeeded` and `payment.stray`: what was told of it before it was known."""
    refund_before.look_back(out_trade_no=event.key.removeprefix("payment:"), now=now())


def gate_moved(event: Event) -> None:
    """Handler of `order.gate_*`: what waited for customs may leave, and what went back meanwhile counts."""
    number = event.key.removeprefix("order:")
    refund_gate.let_go(number=number, now=now())
    refund_follow.follow(number=number, now=now())


def refund_cancelled(event: Event) -> None:
    """Handler of `order.cancelled`: what was paid for it goes back, whole and once."""
    order = Order.objects.get(number=event.key.removeprefix("order:"))
    if order.paid_at is None:
        return
    with _as_far_as_it_goes(Payment.objects.filter(order=order, state="succeeded").first()):
        refunds.request_refund(
            number=order.number,
            wish=refunds.Wish(),
            key="cancelled",
            reason="订单已取消",
            asked_by=str(event.facts.get("by", "system"))[:80],
            now=now(),
        )


def refund_stray(event: Event) -> None:
    """Handler of `payment.stray`: money that no order could take goes back by itself, where it can."""
    if event.facts["reason"] in SENT_BACK:
        payment = Payment.objects.get(out_trade_no=event.key.removeprefix("payment:"))
        with _as_far_as_it_goes(payment):
            refunds.refund_stray(out_trade_no=payment.out_trade_no, reason=refunds.STRAYED, now=now())


@contextmanager
def _as_far_as_it_goes(payment: Payment | None) -> Iterator[None]:
    """That nothing is left to give back, or nothing came, is no failure: the delivery's transaction stays
    whole. What was asked for before and closed has a case of its own; what WeChat Pay refunds no more gets
    one, and goes back by our bank."""
    try:
        with transaction.atomic():
            yield
    except RefundClosed:
        return
    except TooMuch as refused:
        if refused.left_fen:
            raise
    except (TooOld, TooManyRefunds) as refused:
        if payment is None:
            raise
        open_case(
            storefront_id=payment.storefront_id,
            kind=refunds.BY_BANK,
            key=payment.event_key,
            title="WeChat Pay does not refund this money any more: our bank must",
            facts={
                "order": payment.order.number,
                "out_trade_no": payment.out_trade_no,
                "merchant": payment.mchid,
                "amount_fen": refunds.refundable_fen(payment),
                "code": refused.code,
            },
            now=now(),
        )


@shared_task
def declare() -> None:
    """Take the declarations whose time has come one step on."""
    sweep_declarations(now=now())


def close_attempts(event: Event) -> None:
    """Handler of `order.closing`."""
    order = Order.objects.get(number=event.key.removeprefix("order:"))
    if order.state == "closing":
        close.close_attempts(order=order, now=now())


@shared_task
def bills() -> None:
    """Fetch and match the bills of the days that are over."""
    due_bills(now=now())


def _refund_of(event: Event) -> Refund:
    return Refund.objects.get(out_refund_no=event.key.removeprefix("refund:"))
