"""Asking WeChat instead of waiting: after the client returns, and for notifications that never came."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import F

from kernel.cases import open_failing, settle_open
from kernel.errors import Upstream
from kernel.tenancy import tenant
from payments.gateways.wechat_pay import client_of
from payments.models import Payment
from payments.services.settle import Outcome, settle
from wechat.errors import OrderNotExist

log = structlog.get_logger(__name__)

FAILING = "payment.failing"
SWEEP_BATCH = 50
SWEEP_EVERY = timedelta(seconds=30)
SWEEP_AT_MOST = timedelta(minutes=10)


def query(*, payment: Payment, now: datetime) -> Outcome:
    """Ask WeChat about one attempt and settle what it says. Raises wechat.errors; unknown stays unknown."""
    try:
        report = client_of(payment.mchid).query_by_out_trade_no(payment.out_trade_no)
    except OrderNotExist:
        return Outcome.UNPAID
    return settle(storefront_id=payment.storefront_id, mchid=payment.mchid, report=report, now=now)


def sweep(*, now: datetime) -> int:
    """Query the open attempts whose time to be asked about has come; returns how many were asked.

    Each is claimed by moving its next query on before it is asked, so that two sweepers share the work and
    a dead one loses nothing. One that fails in a way that nobody foresaw stops no other: it is a case, and
    asked about again later.
    """
    asked = 0
    for payment in _claim(now):
        try:
            query(payment=payment, now=now)
            asked += 1
            settle_open(kinds=[FAILING], key=payment.event_key, by="system", note="taken in", now=now)
        except Upstream as failure:
            log.warning("sweep_failed", out_trade_no=payment.out_trade_no, error=str(failure))
        except Exception as failure:
            put_before(payment=payment, failure=failure, now=now)
    return asked


def put_before(*, payment: Payment, failure: Exception, now: datetime, **facts: Any) -> None:
    """What WeChat says of this attempt cannot be written: an operator must see it, for it may be money.

    Opened under the payment's lock, and not where another one has settled it meanwhile: after that nobody
    would take the case away.
    """
    with tenant(payment.storefront_id):
        if Payment.objects.select_for_update().get(pk=payment.pk).transaction_id is not None:
            log.warning("settled_meanwhile", out_trade_no=payment.out_trade_no, exc_info=failure)
            return
        open_failing(
            storefront_id=payment.storefront_id,
            kind=FAILING,
            key=payment.event_key,
            title="What WeChat says of a payment cannot be taken in: something that nobody foresaw",
            facts={
                "order": payment.order.number,
                "out_trade_no": payment.out_trade_no,
                "merchant": payment.mchid,
                **facts,
            },
            failure=failure,
            now=now,
        )


def _claim(now: datetime) -> list[Payment]:
    with transaction.atomic():
        due = list(
            Payment.objects.select_for_update(skip_locked=True)
            .filter(state__in=["created", "prepared"], next_query_at__lte=now)
            .order_by("next_query_at")[:SWEEP_BATCH]
        )
        for payment in due:
            wait = min(SWEEP_EVERY * 2 ** min(payment.queries, 6), SWEEP_AT_MOST)
            Payment.objects.filter(pk=payment.pk).update(queries=F("queries") + 1, next_query_at=now + wait)
    return due
