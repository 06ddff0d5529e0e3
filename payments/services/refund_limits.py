"""WeChat Pay takes fifty refunds of a payment, a minute apart, within a year; beyond that our bank pays."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Case, Max, Q, Sum, When
from django.db.models.functions import Coalesce, Greatest

from payments.models import Payment, Refund
from payments.services.refund_refusals import StillRefunded, TooManyRefunds, TooOld
from wechat.pay.refunds import APART_SECONDS, DAYS, MOST_PARTIAL

LIVING = ~Q(state="closed")
APART = timedelta(seconds=APART_SECONDS)
FARTHEST = timedelta(
    days=1
)  # beyond every wait: a time that is farther off was written by a clock that is wrong


def back_fen(payment: Payment) -> int:
    """What of a payment has gone back."""
    succeeded = Refund.objects.filter(payment=payment, state="succeeded")
    return succeeded.aggregate(sum=Sum("amount_fen"))["sum"] or 0


def within_limits(payment: Payment, *, now: datetime) -> None:
    """Raises TooManyRefunds, TooOld where WeChat refunds this payment no more."""
    told = Refund.objects.filter(LIVING | Q(accepted_at__isnull=False), payment=payment)
    if told.filter(amount_fen__gt=0).exclude(redirected_to=Refund.Target.TRANSFER).count() >= MOST_PARTIAL:
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


def slot(payment: Payment, *, now: datetime) -> datetime:
    """When one more refund of the payment may be sent: a minute after the last that was, or is going to be.

    Who asks holds the payment's row, and writes the time down as the refund's next try.
    """
    unsent = When(state="accepted", sent_at=None, then=Greatest("accepted_at", "next_try_at"))
    left = Refund.objects.filter(payment=payment, accepted_at__isnull=False)
    turns = left.annotate(turn=Case(unsent, default=Coalesce("sent_at", "accepted_at")))
    last = turns.filter(turn__lte=now + FARTHEST).aggregate(last=Max("turn"))["last"]
    return now if last is None else max(now, last + APART)


def turn_of(refund: Refund, *, at: datetime) -> datetime:
    """The earliest, from `at` on, that is a minute after another of the payment was sent; its row is held.
    None was sent later than that: who wrote so had a clock that is wrong."""
    others = Refund.objects.filter(payment=refund.payment_id, sent_at__lte=at + APART).exclude(pk=refund.pk)
    last = others.aggregate(last=Max("sent_at"))["last"]
    return at if last is None else max(at, last + APART)
