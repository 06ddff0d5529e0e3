"""What settlement does by itself: facts of money are entered once, rates fetched, receipts watched."""

from __future__ import annotations

from datetime import datetime

from celery import shared_task

from kernel.clock import now
from kernel.models import Event
from orders.models import Order
from payments.models import Bill, Payment, PaymentDeclaration, Refund
from payments.services.declare import is_declared
from settlement.models import Evidence
from settlement.services.bill_balance import close_day
from settlement.services.bill_entries import enter_bill
from settlement.services.done import let_go_of_done
from settlement.services.entries import enter_payment, enter_refund, enter_transfer
from settlement.services.evidence import record_evidence
from settlement.services.late import watch_batches
from settlement.services.late_lines import hear_late
from settlement.services.rates import fetch_rates


def enter_paid(event: Event) -> None:
    """payment.succeeded, payment.stray."""
    number = event.key.removeprefix("payment:")
    payment = Payment.objects.select_related("order").get(out_trade_no=number)
    if payment.stray_reason != "currency":  # what is not fen is its case's alone
        enter_payment(payment=payment, now=now())


def enter_refunded(event: Event) -> None:
    """refund.succeeded."""
    number = event.key.removeprefix("refund:")
    refund = Refund.objects.select_related("payment").get(out_refund_no=number)
    if refund.payment.stray_reason != "currency":
        enter_refund(refund=refund, now=now())


def enter_transferred(event: Event) -> None:
    """refund.transferred."""
    enter_transfer(refund=Refund.objects.get(out_refund_no=event.key.removeprefix("refund:")), now=now())


def keep_declared(event: Event) -> None:
    """declaration.succeeded: customs has the payment record, which is evidence of the trade."""
    pk = event.key.removeprefix("declaration:")
    declared = PaymentDeclaration.objects.select_related("order", "payment").get(pk=pk)
    if not is_declared(order=declared.order):
        return  # another port waits for it still
    record_evidence(
        order=declared.order,
        kind=Evidence.Kind.PAYMENT,
        reference=declared.payment.transaction_id or "",
        at=event.at,
        now=now(),
    )


def keep_handed_over(event: Event) -> None:
    """shipment.handed_over: a carrier has the parcel, and its waybill is evidence of the trade."""
    _keep(event, Evidence.Kind.LOGISTICS, event.facts["waybill"])


def keep_released(event: Event) -> None:
    """customs.released: customs has released the list, which is evidence of the trade."""
    _keep(event, Evidence.Kind.CLEARANCE, event.facts["list"])


def _keep(event: Event, kind: Evidence.Kind, reference: str) -> None:
    record_evidence(
        order=Order.objects.get(number=event.facts["order"]),
        kind=kind,
        reference=reference,
        at=datetime.fromisoformat(event.facts["at"]),
        now=now(),
    )


def enter_matched(event: Event) -> None:
    """bill.matched: what the bill alone tells, and what others missed; once all of the day are in, the day is
    compared as a whole."""
    _, mchid, day, kind = event.key.split(":")
    at = now()
    bill = Bill.objects.get(mchid=mchid, day=day, kind=kind)
    enter_bill(bill=bill, now=at)
    if bill.kind == Bill.Kind.TRADE:
        hear_late(bill=bill, now=at)
    close_day(mchid=mchid, day=bill.day, now=at)


@shared_task
def fetch_parity() -> None:
    """The central parity of the day, once it is published."""
    fetch_rates(now=now())


@shared_task
def watch() -> None:
    """Batches that the institution has not answered, or whose money the bank has not credited, in time."""
    watch_batches(now=now())


@shared_task
def let_go() -> None:
    """Orders of which all has gone abroad."""
    let_go_of_done(now=now())
