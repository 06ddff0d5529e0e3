"""What was told of a payment before it was known is looked up once it is known: no refund is forgotten."""

from __future__ import annotations

from datetime import datetime

from kernel.cases import settle_open
from kernel.models import Case
from payments.gateways.wechat_pay import client_of
from payments.models import Payment
from payments.services.query import FAILING
from payments.services.refund_outcome import take_in
from wechat.errors import ResourceNotExist
from wechat.pay.refunds import query


def look_back(*, out_trade_no: str, now: datetime) -> int:
    """Ask WeChat about the refunds that it told of before this payment, and take them in; returns how many.

    Called with no transaction open, after the payment was settled: whoever tells of a refund from then on
    finds it. Raises wechat.errors: then it is called again.
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
    taken = 0
    for number in [case.facts["out_refund_no"] for case in told.order_by("opened_at", "id")]:
        try:
            report = query(client_of(payment.mchid), number)
        except ResourceNotExist:
            continue  # WeChat does not stand by it: the case stays
        take_in(
            storefront_id=payment.storefront_id, mchid=payment.mchid, report=report, source="query", now=now
        )
        taken += 1
    return taken
