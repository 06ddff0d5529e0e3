"""What was told of a payment before it was known is looked up once it is known: no refund is forgotten."""

from __future__ import annotations

from datetime import datetime

import structlog

from kernel.cases import settle_open
from kernel.models import Case
from payments.gateways.wechat_pay import client_of
from payments.models import Payment
from payments.services.query import FAILING
from payments.services.refund_outcome import take_in
from wechat.errors import ResourceNotExist
from wechat.pay.refunds import may_be_asked, query

log = structlog.get_logger(__name__)


def look_back(*, out_trade_no: str, now: datetime) -> int:
    """Ask WeChat about the refunds that it told of before this payment, and take them in; returns how many.

    Called with no transaction open, after the payment was settled: whoever tells of a refund from then on
    finds it. A number that WeChat takes in no question stays its case; one that fails stops no other.
    Raises what failed, wechat.errors above all, once all were tried: then it is called again.
    """
    payment = Payment.objects.get(out_trade_no=out_trade_no)
    note = f"{out_trade_no} is settled"
    settle_open(kinds=[FAILING], key=payment.event_key, by="system", note=note, now=now)
    told = Case.objects.filter(
        storefront_id=payment.storefront_id,
        state=Case.State.OPEN,
        kind="refund.unknown",
        facts__out_trade_no=out_trade_no,
        facts__booked=False,
    )
    taken, failed = 0, None
    for number in [case.facts["out_refund_no"] for case in told.order_by("opened_at", "id")]:
        try:
            taken += _look(payment, number, now)
        except Exception as failure:
            log.warning("refund_not_looked_up", out_refund_no=number, error=type(failure).__name__)
            failed = failed or failure
    if failed is not None:
        raise failed
    return taken


def _look(payment: Payment, number: str, now: datetime) -> int:
    if not may_be_asked(number):
        return 0
    try:
        report = query(client_of(payment.mchid), number)
    except ResourceNotExist:
        return 0  # WeChat does not stand by it: the case stays
    take_in(storefront_id=payment.storefront_id, mchid=payment.mchid, report=report, source="query", now=now)
    return 1
