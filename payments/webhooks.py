"""WeChat Pay's notifications: verified over the raw bytes, kept before they are read, taken in once.

No network is touched before the answer. Success is 204; anything else makes WeChat repeat itself.
https://pay.weixin.qq.com/doc/v3/merchant/4012791902
"""

from __future__ import annotations

from datetime import datetime, timedelta

import orjson
import structlog
from django.db import OperationalError, connection, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from kernel import events, receipts
from kernel.cases import open_case
from kernel.clock import now as present
from kernel.errors import Missing, Problem
from payments.models import Notification as Raw
from payments.services import messages
from payments.services.refund_outcome import take_in
from payments.services.settle import settle
from storefronts import queries as storefronts
from storefronts.services import platform_keys
from wechat.errors import Unverified, WechatError
from wechat.pay.complaints import Told
from wechat.pay.notifications import PAID, Notification, parse
from wechat.pay.refunds import RefundReport
from wechat.pay.types import Transaction

MAX_BODY = 64 * 1024
HEADERS = ("Wechatpay-Serial", "Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Signature", "Request-ID")
ACCEPTED = 204
TWIN_SECONDS = 1.0  # how long one copy waits for another; WeChat waits five for an answer
NOISE_A_MINUTE, NOISE_BYTES = 30, 2048

# WeChat may tell fifty times at once what was taken in long ago. Such a copy is kept like every delivery, by
# one statement, and nobody waits for the disk: what it tells is safe already, and WeChat repeats itself.
_AGAIN = """
WITH unhurried AS (SELECT set_config('synchronous_commit', 'off', true))
INSERT INTO payments_notification
    (mchid, headers, body, digest, notice_id, event_type, out_trade_no, content, outcome, error, received_at)
SELECT %s::text, %s::jsonb, '', %s::bytea, %s::text, %s::text, %s::text, %s::jsonb, %s::text, '',
    %s::timestamptz
FROM unhurried, kernel_receipt WHERE source = %s::text AND key = %s::text
"""

log = structlog.get_logger(__name__)


@csrf_exempt
@require_POST
def wechat_pay(request: HttpRequest, mchid: str) -> HttpResponse:
    """One delivery for the merchant number `mchid`."""
    body = request.body if int(request.headers.get("Content-Length") or 0) <= MAX_BODY else b""
    headers = {name: request.headers[name][:1024] for name in HEADERS if name in request.headers}
    if not body or len(headers) < len(HEADERS) - 1:
        return _fail(400, "not a notification")
    try:
        merchant = storefronts.merchant_by_mchid(mchid, serial=headers["Wechatpay-Serial"])
    except Missing:
        return _fail(404, "no such merchant")
    now = present()
    try:
        notice = parse(headers, body, merchant, now)
    except WechatError as failure:
        return _rejected(mchid, headers, body, failure, now)
    raw = messages.read(mchid=mchid, headers=headers, body=body, notice=notice, now=now)
    if _known(raw, notice.id):
        return HttpResponse(status=ACCEPTED)
    try:
        _take_in(raw, notice, now)
    except receipts.InFlight:
        if not _twin_known(raw, notice):
            raise  # WeChat tries again
    except (Problem, OperationalError):
        raw.pk, raw.outcome, raw.body = (
            None,
            Raw.Outcome.RECEIVED,
            body,
        )  # what the transaction wrote of it is gone
        raw.save(force_insert=True)
        raise  # busy: WeChat tries again
    except Exception as failure:
        raw.body = body
        _untakeable(raw, notice, failure, now)
        return _fail(500, "not taken in")
    return HttpResponse(status=ACCEPTED)


def _known(raw: Raw, key: str) -> bool:
    """Whether this notification was taken in before; the copy is kept then, without its body."""
    headers, content = (orjson.dumps(one).decode() for one in (raw.headers, raw.content))
    said = (raw.mchid, headers, bytes(raw.digest), raw.notice_id, raw.event_type, raw.out_trade_no, content)
    outcome = str(Raw.Outcome.DUPLICATE)
    with connection.cursor() as cursor:
        cursor.execute(_AGAIN, [*said, outcome, raw.received_at, _source(raw.mchid), key])
        return bool(cursor.rowcount == 1)


def _twin_known(raw: Raw, notice: Notification) -> bool:
    """Wait a moment for the copy that is being taken in; whether it was. This one is kept in either case."""
    try:
        with transaction.atomic():
            receipts.wait(source=_source(raw.mchid), key=notice.id, seconds=TWIN_SECONDS)
            if _known(raw, notice.id):
                return True
    except receipts.InFlight:
        pass
    raw.pk, raw.outcome = None, Raw.Outcome.RECEIVED
    raw.save(force_insert=True)
    return False


def _source(mchid: str) -> str:
    return f"wechatpay:{mchid}"


def _take_in(raw: Raw, notice: Notification, now: datetime) -> None:
    """Settle once per notification id and keep what was told, in one transaction with its receipt."""
    mchid = raw.mchid
    source, mark = _source(mchid), receipts.fingerprint(notice.id)
    storefront_id = storefronts.storefront_id_of_merchant(mchid)
    with transaction.atomic():
        before = receipts.take(source=source, key=notice.id, fingerprint=mark, storefront_id=storefront_id)
        if before is not None:
            raw.outcome, raw.body = Raw.Outcome.DUPLICATE, b""
            raw.save()
            return
        raw.outcome = Raw.Outcome.IGNORED
        if notice.event_type == PAID and isinstance(notice.resource, Transaction):
            settle(storefront_id=storefront_id, mchid=mchid, report=notice.resource, now=now)
            raw.outcome = Raw.Outcome.TAKEN
        if isinstance(notice.resource, Told):  # what it is now the worker reads: no network in here
            facts = {"mchid": mchid, "complaint": notice.resource.complaint_id}
            events.record(
                storefront_id=storefront_id,
                name="complaint.told",
                key=f"complaint_notice:{notice.id}",
                facts={**facts, "action": notice.resource.action[:60]},
                now=now,
            )
            raw.outcome = Raw.Outcome.TAKEN
        if isinstance(notice.resource, RefundReport):
            take_in(
                storefront_id=storefront_id,
                mchid=mchid,
                report=notice.resource,
                source="notification",
                now=now,
            )
            raw.outcome = Raw.Outcome.TAKEN
        receipts.keep(
            source=source,
            key=notice.id,
            fingerprint=mark,
            answer=receipts.Answer(ACCEPTED, b""),
            now=now,
        )
        raw.body = b""  # it names the payer
        raw.save()


def _untakeable(raw: Raw, notice: Notification, failure: Exception, now: datetime) -> None:
    """Genuine, and yet it cannot be written: an operator must see it, for it may be money."""
    raw.pk, raw.outcome, raw.error = None, Raw.Outcome.FAILED, type(failure).__name__
    raw.save(force_insert=True)
    log.error("notification_untakeable", mchid=raw.mchid, notification=raw.pk, exc_info=failure)
    open_case(
        storefront_id=storefronts.storefront_id_of_merchant(raw.mchid),
        kind="payment.untakeable",
        key=f"notification:{raw.pk}",
        title="A genuine notification of WeChat Pay could not be taken in",
        facts={
            "merchant": raw.mchid,
            "event": notice.event_type[:60],
            "error": type(failure).__name__,
            "out_trade_no": raw.out_trade_no,
        },
        now=now,
    )


def _rejected(
    mchid: str, headers: dict[str, str], body: bytes, failure: Problem, now: datetime
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
        Raw.objects.create(
            mchid=mchid,
            headers=headers,
            body=body if signed else body[:NOISE_BYTES],
            outcome=Raw.Outcome.REJECTED,
            error=str(failure)[:300],
            received_at=now,
        )
    return _fail(401, "signature or content not accepted")


def _fail(status: int, message: str) -> HttpResponse:
    return JsonResponse({"code": "FAIL", "message": message}, status=status)
