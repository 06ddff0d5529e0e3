"""What a person can do about a refund that does not go through: try now, another card, transfer, ask anew.

What went to the merchant's own card has left WeChat Pay and not reached the consumer: it is owed to them
until a person has paid it by transfer and says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time

from kernel import events
from kernel.cases import settle_open
from kernel.clock import SHANGHAI, shanghai_day
from kernel.errors import Conflict, Invalid
from kernel.states import WrongState
from kernel.tenancy import tenant
from payments.gateways.wechat_pay import client_of
from payments.models import Payment, Refund
from payments.services.refund_hold import hold, release, renew
from payments.services.refund_outcome import Outcome, take_in
from payments.services.refunds import Wish, again_key, refund_stray, request_refund
from wechat.errors import RateLimited, Rejected, ResourceNotExist
from wechat.pay.refunds import BankCard, Status, apply_abnormal, query

Kind, Target = Refund.Kind, Refund.Target


@dataclass(eq=False)
class AlreadyTransferred(Conflict):
    """The consumer has been paid by transfer before."""

    code = "refund_transferred"
    title = "The transfer for this refund is recorded already: {reference}."
    title_zh = "该退款已登记线下转账：{reference}。"
    reference: str


class BadTransfer(Invalid):
    """A transfer has the bank's number, and a day between the request for the refund and today."""

    code = "refund_transfer"
    title = "A transfer needs the bank's number, and a day from the request for the refund to today."
    title_zh = "请填写银行流水号；转账日期须在申请退款日至今日之间。"


class RefundHeld(Conflict):
    """A try or a redirection of the refund is under way, or was a moment ago and had no answer."""

    code = "refund_held"
    title = "WeChat is being asked about this refund at this moment; try again in a minute."
    title_zh = "该退款正在与微信通信，请一分钟后再试。"


@dataclass(eq=False)
class RefundLives(Conflict):
    """WeChat goes on with the refund that counted as closed: another in its place would pay twice."""

    code = "refund_lives"
    title = "WeChat says {told} of this refund: it cannot be asked for anew."
    title_zh = "微信显示该退款状态为 {told}，不能重新申请。"
    told: str


def try_now(*, refund: Refund, by: str, note: str, now: datetime) -> None:
    """Bring the next try forward to now: the same refund, under the same number. Raises WrongState."""
    with tenant(refund.storefront_id):
        row = Refund.objects.select_for_update().get(pk=refund.pk)
        if row.state not in ("accepted", "processing", "abnormal"):
            raise WrongState(machine="refund", verb="try_now", state=row.state)
        Refund.objects.filter(pk=row.pk).update(next_try_at=now)
        _told(row, "refund.hurried", now, by=by, note=note)


def to_bank_card(*, refund: Refund, card: BankCard | None, by: str, note: str, now: datetime) -> Outcome:
    """Send the money of an abnormal refund to the consumer's `card`, or without one to the merchant's.

    One at a time, under the refund's hold: that it was asked for, and whose card it is, is committed, WeChat
    is asked with no transaction open, its answer is taken in. The card is kept nowhere. What another card
    was asked for before is looked up first, as it may have been taken. Raises WrongState, RefundHeld, and
    wechat.errors: then it may be asked again; where there was no answer, a minute later.
    """
    target = Target.CONSUMER if card else Target.MERCHANT
    row = Refund.objects.select_related("payment").get(pk=refund.pk)
    if row.state != "abnormal" or row.refund_id is None:
        raise WrongState(machine="refund", verb="to_bank_card", state=row.state)
    if not hold(row, at=now):
        raise RefundHeld()
    row.refresh_from_db(fields=["redirected_to"])
    before = row.redirected_to
    try:
        if before not in ("", target):
            _look_first(row, now)
    except Exception:
        release(row)  # nothing was asked for
        raise
    _aim(row, target, now, by=by, note=note)
    try:
        report = apply_abnormal(
            client_of(row.payment.mchid), out_refund_no=row.out_refund_no, refund_id=row.refund_id, card=card
        )
    except (Rejected, RateLimited):  # WeChat took nothing; after any other failure it may have
        release(row, redirected_to=before)
        raise
    outcome = take_in(
        storefront_id=row.storefront_id, mchid=row.payment.mchid, report=report, source="answer", now=now
    )
    release(row)
    return outcome


def transfer_made(*, refund: Refund, reference: str, on: date, by: str, note: str, now: datetime) -> None:
    """The consumer was paid by transfer, on the bank's day `on`, what came to the merchant's card: told once.

    Raises WrongState where nothing is owed, AlreadyTransferred, BadTransfer.
    """
    number = reference.strip()[:80]
    with tenant(refund.storefront_id):
        row = Refund.objects.select_for_update().get(pk=refund.pk)
        if row.transferred_at is not None:
            raise AlreadyTransferred(reference=row.transfer_reference)
        if not row.owed:
            raise WrongState(machine="refund", verb="transfer_made", state=row.state)
        if not number or not shanghai_day(row.requested_at) <= on <= shanghai_day(now):
            raise BadTransfer()
        at = datetime.combine(on, time(), SHANGHAI)
        Refund.objects.filter(pk=row.pk).update(transferred_at=at, transfer_reference=number)
        events.record(
            storefront_id=row.storefront_id,
            name="refund.transferred",
            key=row.event_key,
            facts={
                "amount_fen": row.amount_fen,
                "transfer_reference": number,
                "day": on.isoformat(),
                "by": by,
                "note": note,
            },
            now=now,
        )
        kinds = ["refund.pay_by_transfer"]
        settle_open(kinds=kinds, key=row.event_key, by=by, note=f"{number} {note}"[:300], now=now)


def ask_again(*, refund: Refund, by: str, note: str, now: datetime) -> Refund:
    """Ask anew, under a new number, for what a closed refund should have given back; once.

    WeChat is asked before what became of the old one. Raises WrongState, RefundLives, wechat.errors, and what
    `request_refund` raises.
    """
    row = Refund.objects.select_related("payment").get(pk=refund.pk)
    if row.state != "closed":
        raise WrongState(machine="refund", verb="ask_again", state=row.state)
    if row.accepted_at is not None:
        _ended_at_wechat(row, now)
    with tenant(refund.storefront_id):
        # WeChat's word that it goes on waits for this lock, and takes back what is asked for here.
        payment = Payment.objects.select_for_update().get(pk=refund.payment_id)
        row = Refund.objects.select_related("order").get(pk=refund.pk)
        if row.state != "closed":
            raise WrongState(machine="refund", verb="ask_again", state=row.state)
        key = again_key(row.out_refund_no)
        if row.kind == Kind.STRAY:
            return refund_stray(
                out_trade_no=payment.out_trade_no, reason=row.reason, key=key, asked_by=by, now=now
            )
        return request_refund(
            number=row.order.number,
            wish=_wish(row),
            key=key,
            reason=row.reason,
            asked_by=by,
            note=note,
            now=now,
        )


def _ended_at_wechat(row: Refund, now: datetime) -> None:
    """WeChat knows nothing of the refund, or says CLOSED; all else is taken in, and raises RefundLives."""
    mchid = row.payment.mchid
    try:
        report = query(client_of(mchid), row.out_refund_no)
    except ResourceNotExist:
        return
    take_in(storefront_id=row.storefront_id, mchid=mchid, report=report, source="query", now=now)
    if report.status != Status.CLOSED:
        raise RefundLives(told=report.status)


def _look_first(row: Refund, now: datetime) -> None:
    """An earlier redirection that nobody answered may have been taken: then it is heard, and is the end."""
    mchid = row.payment.mchid
    report = query(client_of(mchid), row.out_refund_no)
    if report.status == Status.ABNORMAL:
        return
    take_in(storefront_id=row.storefront_id, mchid=mchid, report=report, source="query", now=now)
    row.refresh_from_db(fields=["state"])
    raise WrongState(machine="refund", verb="to_bank_card", state=row.state)


def _aim(row: Refund, target: str, now: datetime, *, by: str, note: str) -> None:
    """Commit whose card it will be, right before WeChat is asked and while the hold lasts."""
    with tenant(row.storefront_id):
        if not renew(row, at=now):
            row.refresh_from_db(fields=["state"])
            if row.state != "abnormal":
                raise WrongState(machine="refund", verb="to_bank_card", state=row.state)
            raise RefundHeld()
        Refund.objects.filter(pk=row.pk).update(redirected_to=str(target))
        _told(row, "refund.redirected", now, by=by, note=note, to=str(target))


def _wish(refund: Refund) -> Wish:
    if refund.kind == Kind.GOODWILL:
        return Wish(goodwill_fen=refund.amount_fen)
    if refund.whole or refund.kind == Kind.CANCELLATION:
        return Wish()
    # Asked again, freight that stayed stays.
    pieces = dict(refund.lines.values_list("line_id", "quantity"))
    return Wish(pieces, freight=refund.freight_fen > 0)


def _told(refund: Refund, name: str, now: datetime, **facts: str) -> None:
    events.record(storefront_id=refund.storefront_id, name=name, key=refund.event_key, facts=facts, now=now)
