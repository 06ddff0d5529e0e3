"""What went back of an order or a payment, as tables of its page."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.html import format_html

from kernel.models import Event
from kernel.money import yuan
from operators import told
from operators.bilingual import say
from operators.names import state_name
from operators.tables import Table, history, when
from payments.models import Payment, Refund


def table(refunds: Iterable[Refund], links: told.Links) -> Table:
    """The refunds, a line each."""
    return {
        "title": say("退款", "Refunds"),
        "headers": [
            say("退款单号", "refund number"),
            say("类型", "kind"),
            say("状态", "state"),
            say("金额（元）", "amount (CNY)"),
            say("其中税款（元）", "of it tax (CNY)"),
            say("原因", "reason"),
            say("申请人", "asked by"),
            say("申请与到账", "asked for and returned"),
        ],
        "rows": [
            [
                told.linked(one.out_refund_no, links),
                state_name(one.kind, one.kind, "payments.Refund"),
                state_name(one.state, one.state, "payments.Refund"),
                yuan(one.amount_fen),
                yuan(one.tax_fen),
                one.reason,
                one.asked_by,
                format_html("{}<br>{}", when(one.requested_at), when(one.succeeded_at)),
            ]
            for one in refunds
        ],
    }


def of_payment(payment: Payment) -> list[Table]:
    """What went back of a payment, and everything that happened to it and to its refunds, in time."""
    refunds = list(Refund.objects.filter(payment=payment).order_by("id"))
    links = {one.out_refund_no: told.page_of(one) for one in refunds}
    links[payment.order.number] = told.page_of(payment.order)
    keys = [payment.event_key, *(one.event_key for one in refunds)]
    events = Event.objects.filter(key__in=keys, storefront_id=payment.storefront_id).order_by("at", "id")
    return [table(refunds, links), history(events, links)]
