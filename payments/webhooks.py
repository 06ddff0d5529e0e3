"""WeChat Pay's notifications: verified over the raw bytes, kept before they are read, taken in once.

No network is touched before the answer. Success is 204; anything else makes WeChat repeat itself.
https://pay.weixin.qq.com/doc/v3/merchant/4012791902
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.db import OperationalError, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from kernel import receipts
from kernel.clock import now as present
from kernel.errors import Missing, Problem
from kernel.tenancy import among
from kernel.turns import turn
from payments.models import Notification as Raw
from payments.services import copies, messages, taking
from payments.services.taking import ACCEPTED
from storefronts import queries as storefronts
from storefronts.services import platform_keys
from wechat.credentials import Merchant
from wechat.errors import Unverified, WechatError
from wechat.pay.notifications import Notification, read
from wechat.pay.signing import verify

MAX_BODY = 64 * 1024
HEADERS = ("Wechatpay-Serial", "Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Signature", "Request-ID")
_META = tuple((name, f"HTTP_{name.upper().replace('-', '_')}") for name in HEADERS)
TWIN_SECONDS = 1.0  # how long one copy waits for another; WeChat waits five for an answer
NOISE_A_MINUTE, NOISE_BYTES = 30, 2048

log = structlog.get_logger(__name__)


@csrf_exempt
@require_POST
def wechat_pay(request: HttpRequest, mchid: str) -> HttpResponse:
    """One delivery for the merchant number `mchid`."""
    body = request.body if int(request.META.get("CONTENT_LENGTH") or 0) <= MAX_BODY else b""
    headers = {name: request.META[told][:1024] for name, told in _META if told in request.META}
    if not body or len(headers) < len(HEADERS) - 1:
        return _fail(400, "not a notification")
    try:
        merchant = storefronts.merchant_by_mchid(mchid, serial=headers["Wechatpay-Serial"])
    except Missing:
        return _fail(404, "no such merchant")
    with among(storefronts.storefront_id_of_merchant(mchid)):
        return _believed(mchid, merchant, headers, body)


def _believed(mchid: str, merchant: Merchant, headers: dict[str, str], body: bytes) -> HttpResponse:
    now = present()
    try:
        verify(headers, body, merchant, now)
        copy = copies.seen(mchid, body)
        if copy and copies.taken_before(copy, headers=headers, body=body, now=now):
            return HttpResponse(status=ACCEPTED)
        notice = read(body, merchant)
    except WechatError as failure:
        return _rejected(mchid, headers, body, failure, now)
    raw = messages.read(mchid=mchid, headers=headers, body=body, notice=notice, now=now)
    if _known(raw, notice):
        return HttpResponse(status=ACCEPTED)
    return _in_turn(raw, notice, body, now)


def _in_turn(raw: Raw, notice: Notification, body: bytes, now: datetime) -> HttpResponse:
    with turn(f"{raw.mchid}:{notice.id}", seconds=TWIN_SECONDS) as waited:
        if waited and _known(raw, notice):
            return HttpResponse(status=ACCEPTED)
        return _take_in(raw, notice, body, now)


def _take_in(raw: Raw, notice: Notification, body: bytes, now: datetime) -> HttpResponse:
    try:
        taking.take_in(raw=raw, notice=notice, now=now)
        copies.remember(copies.copy_of(raw, notice.id), body)
    except receipts.InFlight:
        if not _twin_known(raw, notice):
            raise  # WeChat tries again
    except (Problem, OperationalError):
        # What the transaction wrote of it is gone.
        raw.pk, raw.outcome, raw.body = None, Raw.Outcome.RECEIVED, body
        raw.save(force_insert=True)
        raise  # busy: WeChat tries again
    except Exception as failure:
        raw.body = body
        taking.untakeable(raw=raw, notice=notice, failure=failure, now=now)
        return _fail(500, "not taken in")
    return HttpResponse(status=ACCEPTED)


def _known(raw: Raw, notice: Notification) -> bool:
    """Whether this notification was taken in before; then this copy is kept, without its body."""
    copy = copies.copy_of(raw, notice.id)
    return copies.taken_before(copy, headers=raw.headers, body=bytes(raw.body), now=raw.received_at)


def _twin_known(raw: Raw, notice: Notification) -> bool:
    """Wait a moment for the copy that is being taken in; whether it was. This one is kept in either case."""
    try:
        with transaction.atomic():
            receipts.wait(source=taking.source(raw.mchid), key=notice.id, seconds=TWIN_SECONDS)
            if _known(raw, notice):
                return True
    except receipts.InFlight:
        pass
    raw.pk, raw.outcome = None, Raw.Outcome.RECEIVED
    raw.save(force_insert=True)
    return False


def _rejected(
    mchid: str, headers: dict[str, str], body: bytes, failure: WechatError, now: datetime
) -> HttpResponse:
    """Keep the first of what is not believed: anyone may send noise, and noise must not fill the tables.

    What is signed by WeChat and cannot be read is kept whole, however much of it there is.
    """
    log.warning("notification_rejected", mchid=mchid, error=failure.code)
    recent = Raw.objects.filter(
        mchid=mchid, outcome=Raw.Outcome.REJECTED, received_at__gt=now - timedelta(minutes=1)
    )
    signed = not isinstance(failure, Unverified)
    if isinstance(failure, Unverified) and failure.unknown_serial:
        platform_keys.ask(mchid=mchid, serial=failure.unknown_serial, now=now)  # fetched later, by a worker
    if signed or recent.count() < NOISE_A_MINUTE:
        raw = Raw.objects.create(
            mchid=mchid,
            headers=headers,
            body=body if signed else body[:NOISE_BYTES],
            notice_id=messages.number_of(body) if signed else "",
            outcome=Raw.Outcome.UNREADABLE if signed else Raw.Outcome.REJECTED,
            error=failure.why[:300],
            received_at=now,
        )
        if signed:
            taking.unreadable(raw=raw, now=now)
    return _fail(401, "signature or content not accepted")


def _fail(status: int, message: str) -> HttpResponse:
    return JsonResponse({"code": "FAIL", "message": message}, status=status)
