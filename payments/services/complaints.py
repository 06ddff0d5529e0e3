"""The one door of complaints: notified, polled or told by the mini-program, each is one row as it stands.

What another storefront is told under the same number moves nothing. What was asked for earlier never
overrides what was asked for later, so that a slow answer undoes nothing; a time to come is no later one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import IntegrityError, connection, transaction

from compliance import vault
from compliance.holdings import ends, source
from kernel import events, ids
from kernel.cases import open_case, open_failing, settle_open
from kernel.clock import now as present
from kernel.clock import shanghai_day
from kernel.errors import Upstream
from kernel.models import Case
from kernel.tenancy import tenant
from payments import labels
from payments.gateways.wechat_pay import client_of, notify_url
from payments.models import Complaint, Payment
from payments.models.complaint import key_of
from payments.services import complaint_clocks as timing
from payments.states import COMPLAINT
from storefronts import queries as storefronts
from storefronts.services import messages
from wechat.complaint_messages import MiniProgramComplaint
from wechat.errors import ResourceNotExist, WechatError
from wechat.pay import complaints as wechat
from wechat.pay.complaints import ComplaintReport

log = structlog.get_logger(__name__)

STATES = {"PENDING": "pending", "PROCESSING": "processing", "PROCESSED": "processed"}
MINI_PROGRAM_STATES = {"201": "pending", "206": "pending"}  # ours to answer; of others no clock is ours
VERBS = {"pending": "return", "processing": "answer", "processed": "finish"}
NOT_TAKEN, NOT_LISTED = "complaint.not_taken", "complaint.not_listed"
AHEAD = timedelta(minutes=1)  # of our clocks: what was heard later than that was heard by one that is wrong
POLL_DAYS, MOST_PAGES = timedelta(days=wechat.LIST_DAYS - 1), 40


@dataclass(frozen=True, slots=True)
class Heard:
    """What either channel says of one complaint, in our words; `state` None for one that we do not know."""

    channel: str
    external_id: str
    state: str | None
    told_state: str
    complained_at: datetime
    mchid: str = ""
    problem_type: str = ""
    out_trade_no: str = ""
    transaction_id: str = ""
    amount_fen: int | None = None
    wished_fen: int | None = None
    full_refunded: bool = False
    waits_for_answer: bool = False
    times: int = 1
    detail: str = ""
    phone: str = ""
    expires_at: datetime | None = None


def fetch(*, mchid: str, complaint_id: str, now: datetime) -> Complaint:
    """Read one complaint of a merchant number of ours and take it in. Raises wechat.errors."""
    asked_at = present()
    report = wechat.detail(client_of(mchid), complaint_id)
    return take_in(mchid=mchid, report=report, asked_at=asked_at, now=now)


def poll(*, now: datetime) -> int:
    """List the last thirty days of every merchant number, and read again what is older and still open.

    Returns how many were taken in. One merchant's trouble is not another's, and a complaint or a list that
    fails in a way that nobody foresaw stops no other: it is a case, and read again later.
    """
    taken, failing = 0, _failing_keys()
    for mchid, storefront_id in storefronts.merchant_numbers():
        try:
            taken += _poll(mchid, storefront_id, failing, now)
        except Upstream as failure:
            log.warning("complaints_not_listed", mchid=mchid, error=str(failure))
        except Exception as failure:
            _failing(f"merchant:{mchid}", storefront_id, failure, now, merchant=mchid)
        else:
            _read_again(f"merchant:{mchid}", failing, now)
    old = Complaint.objects.filter(
        channel=Complaint.Channel.PAYMENT,
        state__in=["pending", "processing"],
        complained_at__lt=now - POLL_DAYS,
    )
    for row in old.only("storefront_id", "mchid", "external_id"):
        try:
            fetch(mchid=row.mchid, complaint_id=row.external_id, now=now)
            taken += 1
        except Upstream as failure:
            log.warning("complaint_not_read", complaint=row.external_id, error=str(failure))
        except Exception as failure:
            named = {"merchant": row.mchid, "complaint": row.external_id}
            _failing(row.event_key, row.storefront_id, failure, now, **named)
        else:
            _read_again(row.event_key, failing, now)
    return taken


def be_told(*, mchid: str) -> bool:
    """See that WeChat tells complaints to our address; whether it had to be set. Raises wechat.errors."""
    client, url = client_of(mchid), notify_url(mchid)
    try:
        there = wechat.told_where(client)
    except ResourceNotExist:
        wechat.tell_there(client, url)
        return True
    if there != url:
        wechat.tell_there(client, url, again=True)
    return there != url


def be_told_of_all() -> None:
    """`be_told` for every merchant number; one merchant's trouble is not another's."""
    for mchid, _ in storefronts.merchant_numbers():
        try:
            be_told(mchid=mchid)
        except (Upstream, ValueError) as failure:  # ValueError: an address that WeChat would not take
            log.warning("complaints_not_told", mchid=mchid, error=str(failure))


def take_in(*, mchid: str, report: ComplaintReport, asked_at: datetime, now: datetime) -> Complaint:
    """Take in what WeChat Pay says of one complaint to merchant `mchid`, asked for at `asked_at`.

    Locks the complaint. Taken in twice, or by two at once, it is one row and one case.
    """
    heard = Heard(
        channel=Complaint.Channel.PAYMENT,
        external_id=report.complaint_id,
        state=STATES.get(report.state),
        told_state=report.state,
        complained_at=report.complained_at,
        mchid=mchid,
        problem_type=report.problem_type,
        out_trade_no=report.out_trade_no,
        transaction_id=report.transaction_id,
        amount_fen=report.amount_fen,
        wished_fen=report.wished_fen,
        full_refunded=report.full_refunded,
        waits_for_answer=report.waits_for_answer,
        times=report.times,
        detail=report.detail,
        phone=report.sealed_phone,
    )
    return _take_in(storefronts.storefront_id_of_merchant(mchid), heard, asked_at, now)


def take_in_mini_program(*, storefront_id: int, told: MiniProgramComplaint, now: datetime) -> Complaint:
    """Take in what the mini-program's event `complaint_callback` tells: 201 and 206 are ours to answer until
    the status runs out. Locks the complaint; told twice it is one. Where WeChat Pay has told of a complaint
    about the same payment, or tells of one later, both are one matter."""
    heard = Heard(
        channel=Complaint.Channel.MINI_PROGRAM,
        external_id=told.complaint_id,
        state=MINI_PROGRAM_STATES.get(told.status, "processing"),
        told_state=told.status,
        complained_at=told.complained_at,
        out_trade_no=told.out_trade_no,
        transaction_id=told.transaction_id,
        detail=told.detail,
        phone=told.phone,
        expires_at=told.expires_at,
    )
    return _take_in(storefront_id, heard, told.told_at, now)


def read_pushed(*, message_id: int, now: datetime) -> None:
    """Take in a complaint that was pushed, in the caller's transaction; one that cannot be read is a case."""
    try:
        found = messages.read(message_id=message_id)
        if found is None:
            return
        row, message = found
        told = MiniProgramComplaint.from_message(message)
    except WechatError as failure:
        messages.failed(message_id=message_id, failure=failure, now=now)
        return
    came = row.received_at
    told = replace(told, told_at=min(told.told_at, came), complained_at=min(told.complained_at, came))
    take_in_mini_program(storefront_id=row.storefront_id, told=told, now=now)
    messages.taken(message=row, now=now)


def _poll(mchid: str, storefront_id: int, failing: set[str], now: datetime) -> int:
    today, taken = shanghai_day(now), 0
    for page in range(MOST_PAGES):
        asked_at = present()
        found = wechat.listed(
            client_of(mchid), first=today - POLL_DAYS, last=today, offset=page * wechat.LIST_LIMIT
        )
        for report in found.reports:
            key = key_of(storefront_id, report.complaint_id)
            try:
                take_in(mchid=mchid, report=report, asked_at=asked_at, now=now)
            except Exception as failure:
                named = {"merchant": mchid, "complaint": report.complaint_id}
                _failing(key, storefront_id, failure, now, **named)
            else:
                taken += 1
                _read_again(key, failing, now)
        for name in found.unreadable:
            open_case(
                storefront_id=storefront_id,
                kind="complaint.unreadable",
                key=key_of(storefront_id, name or mchid),
                title=timing.TITLES["complaint.unreadable"],
                facts={"complaint": name, "merchant": mchid},
                now=now,
            )
        if (page + 1) * wechat.LIST_LIMIT >= found.total:
            break
    return taken


def _failing(
    key: str, storefront_id: int, failure: Exception, now: datetime, *, merchant: str, **named: str
) -> None:
    """A complaint that is `named`, or a merchant's list of them."""
    kind = NOT_TAKEN if named else NOT_LISTED
    open_failing(
        storefront_id=storefront_id,
        kind=kind,
        key=key,
        title=timing.TITLES[kind],
        facts={"merchant": merchant, **named},
        failure=failure,
        now=now,
    )


def _failing_keys() -> set[str]:
    """What failed before: only of these is it looked whether a case is to be settled."""
    told = Case.objects.filter(kind__in=[NOT_TAKEN, NOT_LISTED], state=Case.State.OPEN)
    return set(told.values_list("key", flat=True))


def _read_again(key: str, failing: set[str], now: datetime) -> None:
    if key in failing:
        settle_open(kinds=[NOT_TAKEN, NOT_LISTED], key=key, by="system", note="read again", now=now)


def _take_in(storefront_id: int, heard: Heard, asked_at: datetime, now: datetime) -> Complaint:
    with tenant(storefront_id):
        row = _locked(storefront_id, heard)
        if row is None:
            try:
                with transaction.atomic():
                    return _write(storefront_id, heard, asked_at, now)
            except IntegrityError:  # another one was faster
                row = _locked(storefront_id, heard)
                if row is None:
                    raise
        if asked_at >= row.heard_at or row.heard_at > present() + AHEAD:
            _follow(row, heard, asked_at, now)
    return row


def _locked(storefront_id: int, heard: Heard) -> Complaint | None:
    """The storefront's own row: who tells of a number proves nothing about what another one has under it."""
    rows = Complaint.objects.select_for_update(of=("self",)).select_related("order", "joined")
    own = rows.filter(storefront_id=storefront_id, channel=heard.channel)
    return own.filter(external_id=heard.external_id).first()


def _write(storefront_id: int, heard: Heard, asked_at: datetime, now: datetime) -> Complaint:
    payment = _payment(storefront_id, heard)
    order = payment.order if payment else None
    joined = _other_channel(payment, heard.channel) if payment else None
    public_id = ids.uuid7()
    if order is not None and order.key.destroyed_at is None:
        key_id, key = order.key_id, vault.unwrap(order.key)
    else:
        law = source("order_years", shanghai_day(now))
        made, key = vault.new_key("order", storefront_id, ends("order_years", law.value, now))
        vault.insert_key(made)
        key_id = made.id
    complained_at = min(heard.complained_at, max(asked_at, now))  # no clock starts in the future
    reply_by, finish_by = timing.clocks(heard.channel, complained_at, heard.expires_at)
    row = Complaint.objects.create(
        public_id=public_id,
        storefront_id=storefront_id,
        channel=heard.channel,
        external_id=heard.external_id,
        mchid=heard.mchid,
        state=heard.state or COMPLAINT.start,
        told_state=heard.told_state[:40],
        problem_type=heard.problem_type[:40],
        out_trade_no=heard.out_trade_no,
        transaction_id=heard.transaction_id,
        amount_fen=heard.amount_fen,
        wished_fen=heard.wished_fen,
        full_refunded=heard.full_refunded,
        waits_for_answer=heard.waits_for_answer,
        times=heard.times,
        order=order,
        payment=payment,
        joined=joined,
        key_id=key_id,
        detail_sealed=key.seal(labels.COMPLAINT_DETAIL, public_id, heard.detail) if heard.detail else b"",
        phone_sealed=key.seal(labels.COMPLAINT_PHONE, public_id, heard.phone) if heard.phone else b"",
        complained_at=complained_at,
        heard_at=asked_at,
        reply_by=reply_by,
        finish_by=finish_by,
        replied_at=None if heard.state in ("pending", None) else now,
        ended_at=now if heard.state == "processed" else None,
    )
    facts = {"order": order.number if order else "", "out_trade_no": row.out_trade_no}
    events.record(
        storefront_id=storefront_id, name="complaint.taken_in", key=row.event_key, facts=facts, now=now
    )
    if row.state == "pending":
        timing.put_before(row, "complaint.reply_due", now)
    timing.look_for_another(row, now)
    return row


def _payment(storefront_id: int, heard: Heard) -> Payment | None:
    own = Payment.objects.filter(storefront_id=storefront_id).select_related("order__key")
    found = None
    if heard.out_trade_no:
        named = own.filter(out_trade_no=heard.out_trade_no)
        found = (named.filter(mchid=heard.mchid) if heard.mchid else named).first()
    if found is None and heard.transaction_id:
        found = own.filter(transaction_id=heard.transaction_id).first()
    return found


def _other_channel(payment: Payment, channel: str) -> Complaint | None:
    """The complaint of the other channel about this payment that is not over, locked: both are one matter.

    Who writes a complaint about a payment waits for whoever does at the same moment.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"complaint of {payment.out_trade_no}"]
        )
    rows = Complaint.objects.select_for_update(of=("self",)).filter(payment=payment, joined=None)
    return rows.exclude(channel=channel).exclude(state="processed").order_by("id").first()


def _follow(row: Complaint, heard: Heard, asked_at: datetime, now: datetime) -> None:
    """Bring a known complaint to where it stands now."""
    again = heard.times > row.times
    changes: dict[str, Any] = {
        "told_state": heard.told_state[:40],
        "wished_fen": heard.wished_fen,
        "full_refunded": heard.full_refunded,
        "times": max(heard.times, row.times),
    }
    if heard.state == "pending" and (again or row.state != "pending"):
        reply_by, finish_by = timing.clocks(row.channel, now, heard.expires_at)
        changes |= {"reply_by": reply_by, "finish_by": finish_by, "ended_at": None}
        if row.channel == Complaint.Channel.MINI_PROGRAM:  # it counts no rounds itself
            changes["times"] = row.times + 1
    elif heard.expires_at is not None:
        changes |= {"reply_by": heard.expires_at, "finish_by": heard.expires_at}
    wrote = heard.waits_for_answer and not row.waits_for_answer
    changes |= {"heard_at": asked_at, "waits_for_answer": heard.waits_for_answer}
    if heard.state is not None and heard.state != row.state:
        move(row, heard.state, now=now, **changes)
    else:
        Complaint.objects.filter(pk=row.pk).update(**changes)
        for name, value in changes.items():
            setattr(row, name, value)
    if row.state == "pending":
        timing.put_before(row, "complaint.reply_due", now)
    elif row.state == "processing" and wrote:
        timing.put_before(row, "complaint.waiting", now)


def move(row: Complaint, state: str, *, now: datetime, **changes: Any) -> None:
    """Move a locked complaint to `state`, and settle the cases that this answers."""
    if state == "processing":
        changes = {"replied_at": row.replied_at or now, **changes}
    elif state == "processed":
        changes = {"ended_at": now, **changes}
    COMPLAINT.move(row, VERBS[state], now=now, **changes)
    if state == "processing":
        timing.settle(row, timing.REPLY_KINDS, "answered", now)
    elif state == "processed":
        timing.settle(row, timing.KINDS, "processed", now)
