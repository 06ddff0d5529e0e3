"""A notification of WeChat Pay is taken in once by its number, in one transaction with its receipt.

What is genuine and cannot be taken in stays as it came, with a case, and is taken in again after a mend. The
case ends with the copy that is taken in, whichever came first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

import structlog
from django.db import connection, transaction

from kernel import events, receipts
from kernel.cases import open_case, settle_open, settle_over
from kernel.errors import Conflict
from kernel.models import Receipt
from kernel.tenancy import among
from payments.models import Notification as Raw
from payments.services import copies, messages
from payments.services.copies import SOURCE
from payments.services.refund_outcome import take_in as take_in_refund
from payments.services.settle import settle
from storefronts import queries as storefronts
from wechat.credentials import Merchant
from wechat.errors import WechatError
from wechat.pay.complaints import Told
from wechat.pay.notifications import PAID, Notification, parse
from wechat.pay.refunds import RefundReport
from wechat.pay.types import Transaction

log = structlog.get_logger(__name__)

ACCEPTED = 204
UNREADABLE, UNTAKEABLE = "notification.unreadable", "payment.untakeable"
LONGEST_KEY = 80  # of a case or an event
VERIFIED = (Raw.Outcome.UNREADABLE, Raw.Outcome.FAILED)
TO_MEND = (Raw.Outcome.REJECTED, *VERIFIED)
_LET_GO = """
UPDATE payments_notification SET body = ''
WHERE mchid = %s::text AND notice_id = %s::text AND notice_id <> '' AND body <> ''
"""


@dataclass(eq=False)
class StillUnreadable(Conflict):
    """It was read again, and is not to be believed or read now either."""

    code = "notification_still_unreadable"
    title = "The notification still cannot be read ({why})."
    title_zh = "该通知仍无法解析（{why}）。"
    why: str


class NothingKept(Conflict):
    """What was taken in has no body any more: there is nothing to take in again."""

    code = "notification_nothing_kept"
    title = "Nothing of this notification is kept: it was taken in."
    title_zh = "该通知已受理，内容已清除。"


def source(mchid: str) -> str:
    """Whose numbers of notifications are told apart."""
    return f"{SOURCE}{mchid}"


def take_in(*, raw: Raw, notice: Notification, now: datetime, by: str = "system") -> None:
    """Settle once per notification id and keep what was told, in one transaction with its receipt.

    Copies that could not be taken in before are emptied: they name the payer. Their case is settled.
    Raises receipts.InFlight while another one does."""
    mchid = raw.mchid
    whose, mark = source(mchid), receipts.fingerprint(notice.id)
    storefront_id = storefronts.storefront_id_of_merchant(mchid)
    with among(storefront_id), transaction.atomic():
        before = receipts.take(source=whose, key=notice.id, fingerprint=mark)
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
                key=f"complaint_notice:{notice.id}"[:LONGEST_KEY],
                facts={**facts, "action": notice.resource.action[:60]},
                now=now,
            )
            raw.outcome = Raw.Outcome.TAKEN
        if isinstance(notice.resource, RefundReport):
            take_in_refund(
                storefront_id=storefront_id,
                mchid=mchid,
                report=notice.resource,
                source="notification",
                now=now,
            )
            raw.outcome = Raw.Outcome.TAKEN
        receipts.keep(
            source=whose,
            key=notice.id,
            fingerprint=mark,
            answer=receipts.Answer(ACCEPTED, b""),
            now=now,
        )
        raw.body = b""  # it names the payer
        raw.save()
        _let_go_of_copies(raw, by=by, now=now)


def _let_go_of_copies(raw: Raw, *, by: str, now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_LET_GO, [raw.mchid, raw.notice_id])
        found = cursor.rowcount > 0
    if found:
        settle_open(
            kinds=[UNREADABLE, UNTAKEABLE], key=case_key(raw), by=by, note="已受理 · taken in", now=now
        )


def let_go(*, now: datetime) -> int:
    """Empty what was kept of messages in the very moment in which another copy was taken in, and settle what
    was opened about them then; how many were emptied."""
    emptied = copies.let_go()
    for kind in (UNREADABLE, UNTAKEABLE):
        settle_over(kind=kind, waits=_waits, now=now)
    return emptied


def _waits(key: str) -> bool:
    """Whether no copy of the message that a case is about was taken in, as far as its number tells."""
    thing, _, message = key.partition(":")
    mchid, _, number = message.partition(":")
    return thing != "notification" or not Receipt.objects.filter(source=source(mchid), key=number).exists()


def case_key(raw: Raw) -> str:
    """What the case about a message is found by: its number, which WeChat repeats, or its very bytes."""
    told = raw.notice_id or sha256(raw.body).hexdigest()[:32]
    return f"notification:{raw.mchid}:{told}"[:LONGEST_KEY]


def untakeable(*, raw: Raw, notice: Notification, failure: Exception, now: datetime) -> None:
    """Genuine, and yet it cannot be written: an operator must see it, for it may be money. However often
    WeChat repeats itself it is one case."""
    raw.pk, raw.outcome, raw.error = None, Raw.Outcome.FAILED, type(failure).__name__
    raw.save(force_insert=True)
    log.error("notification_untakeable", mchid=raw.mchid, notification=raw.pk, exc_info=failure)
    open_case(
        storefront_id=storefronts.storefront_id_of_merchant(raw.mchid),
        kind=UNTAKEABLE,
        key=case_key(raw),
        title="A genuine notification of WeChat Pay could not be taken in",
        facts={
            "merchant": raw.mchid,
            "event": notice.event_type[:60],
            "error": type(failure).__name__,
            "out_trade_no": raw.out_trade_no,
        },
        now=now,
    )
    _unless_taken(raw, now)


def unreadable(*, raw: Raw, now: datetime) -> None:
    """Signed by WeChat and not to be read: an operator must see it, for it may be money. However often WeChat
    repeats itself it is one case."""
    open_case(
        storefront_id=storefronts.storefront_id_of_merchant(raw.mchid),
        kind=UNREADABLE,
        key=case_key(raw),
        title="A genuine message of WeChat cannot be read",
        facts={"merchant": raw.mchid, "notification": raw.pk, "error": raw.error[:120]},
        now=now,
    )
    _unless_taken(raw, now)


def _unless_taken(raw: Raw, now: datetime) -> None:
    """A twin that was taken in before the case was opened could not settle it."""
    if not _waits(key := case_key(raw)):
        settle_open(kinds=[UNREADABLE, UNTAKEABLE], key=key, by="system", note="已受理 · taken in", now=now)


def again(*, raw: Raw, by: str, now: datetime) -> None:
    """Read and take in a kept body once more, after a mend, and with it every delivery of these bytes; its
    signature counts as of when it came.

    Raises NothingKept, StillUnreadable, and what taking it in raises.
    """
    with transaction.atomic():
        row = Raw.objects.select_for_update().get(pk=raw.pk)
        if row.outcome not in TO_MEND or not row.body:
            raise NothingKept()
        body = bytes(row.body)
        try:
            notice = parse(row.headers, body, _believed(row), row.received_at)
        except WechatError as failure:
            raise StillUnreadable(why=failure.why) from None
        others = Raw.objects.select_for_update(skip_locked=True).exclude(pk=row.pk)
        same = others.filter(mchid=row.mchid, body=body, notice_id="", outcome__in=VERIFIED)
        for one in [row, *same.order_by("pk")]:
            fresh = messages.read(
                mchid=one.mchid, headers=one.headers, body=body, notice=notice, now=one.received_at
            )
            take_in(raw=fresh, notice=notice, now=now, by=by)
            Raw.objects.filter(pk=one.pk).update(outcome=Raw.Outcome.DUPLICATE, body=b"")
            for key in {case_key(fresh), case_key(one), f"notification:{one.pk}"}:
                settle_open(kinds=[UNREADABLE, UNTAKEABLE], key=key, by=by, note="taken in again", now=now)


def _believed(row: Raw) -> Merchant:
    """The merchant with the keys that a kept message is checked with. Of one that was verified when it came
    also those that were retired after that; what was rejected was not, and a retired key believes nothing."""
    if row.outcome in VERIFIED:
        return storefronts.merchant_as_of(row.mchid, row.received_at)
    return storefronts.merchant_by_mchid(row.mchid, serial=row.headers.get("Wechatpay-Serial", ""))
