"""What WeChat Pay takes of one payment: fifty refunds, within a year; beyond that our own bank pays."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q, Sum

from payments.models import Payment, Refund
from payments.services.refund_refusals import StillRefunded, TooManyRefunds, TooOld
from wechat.pay.refunds import DAYS, MOST_PARTIAL

LIVING = ~Q(state="closed")


def back_fen(payment: Payment) -> int:
    """What of a payment has gone back."""
    succeeded = Refund.objects.filter(payment=payment, state="succeeded")
    return succeeded.aggregate(sum=Sum("amount_fen"))["sum"] or 0


def within_limits(payment: Payment, *, now: datetime) -> None:
    """Raises TooManyRefunds, TooOld where WeChat refunds this payment no more."""
    told = Refund.objects.filter(LIVING | Q(accepted_at__isnull=False), payment=payment)
    if told.exclude(redirected_to=Refund.Target.TRANSFER).count() >= MOST_PARTIAL:
        raise TooManyRefunds()
    if payment.succeeded_at is not None and now > payment.succeeded_at + timedelta(days=DAYS):
        raise TooOld()


def is_ours(payment: Payment, *, now: datetime) -> bool:
    """Whether WeChat refunds this payment no more, so that our bank must."""
    try:
        within_limits(payment, now=now)
    except (TooManyRefunds, TooOld):
        return True
    return False


def must_be_ours(payment: Payment, *, now: datetime) -> None:
    """Raises StillRefunded where WeChat can give it back: then nothing is paid past it."""
    if not is_ours(payment, now=now):
        raise StillRefunded()
