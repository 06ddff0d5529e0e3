"""What a person can do about a refund that does not go through: try now, another card, transfer, ask anew.

What went to the merchant's own card has left WeChat Pay and not reached the consumer: it is owed to them
until a person has paid it by transfer and says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from kernel import events
from kernel.cases import settle_open
from kernel.errors import Conflict
from kernel.states import WrongState
from kernel.tenancy import tenant
from payments.gateways.wechat_pay import client_of
from payments.models import Payment, Refund
from payments.services.declare_told import disclose_card
from payments.services.refund_eyes import mind_refund
from payments.services.refund_hold import hold, release, renew
from payments.services.refund_limits import must_be_ours
from payments.services.refund_outcome import OVER, Outcome, take_in
from payments.services.refund_transfer import AlreadyTransferred, Transfer, must_be_new, tell
from payments.services.refund_writing import kept_of
from payments.services.refunds import STRAY_KEY, STRAYED, Wish, again_key, refund_stray, request_refund
from payments.services.settle import SENT_BACK
from wechat.errors import RateLimited, Rejected, ResourceNotExist
from wechat.pay.refunds import BankCard, Status, apply_abnormal, query

Kind, Target = Refund.Kind, Refund.Target


@dataclass(eq=False)
class AskedAgain(Conflict):
    """Another refund was asked for in place of the closed one: it is that one's money."""

    code = "refund_asked_again"
    title = "In place of this refund {number} was asked for: look at that one."
    title_zh = "已另行申请退款（{number}），请查看该退款单。"
    number: str


@dataclass(eq=False)
class AnotherAmount(Conflict):
    """What the closed refund should have given back comes to another amount by now."""

    code = "refund_another_amount"
    title = "What this refund should have given back comes to {amount_fen} fen by now: ask again instead."
    title_zh = "该退款目前应退金额为 {amount_fen} 分，与原单不符，请重新申请。"
    amount_fen: int


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
    is asked with no transaction open, its answer is taken in. The card is kept nowhere. Right before, WeChat
    is asked whether the money still waits: an earlier card, the same or another, may have been taken, or the
    account taken it after all. Raises WrongState, RefundHeld, and wechat.errors: then it may be asked again;
    where there was no answer, a minute later.
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
        _not_taken(row, before)
        raise
    outcome = take_in(
        storefront_id=row.storefront_id, mchid=row.payment.mchid, report=report, source="answer", now=now
    )
    release(row)
    return outcome


def transfer_made(*, refund: Refund, reference: str, on: date, by: str, note: str, now: datetime) -> None:
    """The consumer was paid by transfer, on the bank's day `on`, what came to the merchant's card: told once.

    Raises WrongState where nothing is owed, AlreadyTransferred, also where the bank's number was recorded for
    another refund of the payment, BadTransfer.
    """
    transfer = Transfer(reference, on, by, note)
    with tenant(refund.storefront_id):
        Payment.objects.select_for_update().get(pk=refund.payment_id)  # one number is recorded by one of two
        row = Refund.objects.select_for_update().get(pk=refund.pk)
        if row.transferred_at is not None:
            raise AlreadyTransferred(reference=row.transfer_reference)
        if not row.owed:
            raise WrongState(machine="refund", verb="transfer_made", state=row.state)
        columns = transfer.columns(since=row.requested_at, now=now)
        must_be_new(row, transfer)
        Refund.objects.filter(pk=row.pk).update(**columns)
        tell(row, transfer, now)
        kinds = ["refund.pay_by_transfer"]
        settle_open(
            kinds=kinds,
            key=row.event_key,
            by=by,
            note=f"{columns['transfer_reference']} {note}"[:300],
            now=now,
        )


def ask_again(
    *, refund: Refund, by: str, note: str, now: datetime, mind: Callable[..., None] = mind_refund
) -> Refund:
    """Ask anew, under a new number, for what a closed refund should have given back; once.

    WeChat is asked before what became of the old one. Raises WrongState, RefundLives, wechat.errors, what
    `request_refund` raises, and what `mind` does where an operator chose to give it.
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
        made = request_refund(
            number=row.order.number,
            wish=_wish(row),
            key=key,
            reason=row.reason,
            asked_by=by,
            note=note,
            now=now,
        )
        _minded(row, by, now, mind)
    return made


def pay_instead(
    *,
    refund: Refund,
    reference: str,
    on: date,
    by: str,
    note: str,
    now: datetime,
    mind: Callable[..., None] = mind_refund,
) -> Refund:
    """What a closed refund should have given back, our bank has paid on `on`: a refund of its own, once.

    It has a new number that WeChat Pay never sees, and is within the cap, and not made while customs decides.
    WeChat's limits of age and number do not hold for it, unless the closed one never left for WeChat: then
    our bank pays only beyond them. WeChat is asked before what became of the closed one; where it does not
    say, nothing is written. Settles the closed one's cases. Raises WrongState, AlreadyTransferred,
    AskedAgain, AnotherAmount, NotYet, BeforeTheList, StillRefunded, BadTransfer, RefundLives, wechat.errors,
    and as `request_refund` and `ask_again`.
    """
    transfer = Transfer(reference, on, by, note)
    row = Refund.objects.select_related("payment").get(pk=refund.pk)
    _in_place(row)
    if row.accepted_at is not None:
        _ended_at_wechat(row, now)
    with tenant(refund.storefront_id):
        payment = Payment.objects.select_for_update().get(pk=refund.payment_id)
        row = Refund.objects.select_related("order").get(pk=refund.pk)
        _in_place(row)
        if row.accepted_at is None:
            must_be_ours(payment, now=now)
        told: dict[str, Any] = {
            "key": again_key(row.out_refund_no),
            "reason": row.reason,
            "asked_by": f"operator:{by}"[:80],
            "now": now,
        }
        paid: dict[str, Any] = {
            "transfer": transfer,
            "since": row.requested_at,
            "instead_of": [row.out_refund_no],
        }
        if row.kind == Kind.STRAY:
            made = refund_stray(out_trade_no=payment.out_trade_no, **told, **paid)
        else:
            made = request_refund(number=row.order.number, wish=_wish(row), note=note, **told, **paid)
        if made.amount_fen != row.amount_fen:
            raise AnotherAmount(amount_fen=made.amount_fen)
        _minded(row, by, now, mind)
        kinds = ["refund.closed", *OVER]
        settle_open(
            kinds=kinds, key=row.event_key, by=by, note=f"{made.transfer_reference} {note}"[:300], now=now
        )
        return made


def pay_stray(*, payment: Payment, reference: str, on: date, by: str, note: str, now: datetime) -> Refund:
    """Money that no order could take, and that WeChat Pay does not refund, our bank has sent back on `on`.

    Once, and not beside a refund of it: raises AlreadyTransferred, AskedAgain, RefundClosed (then it is paid
    on that one's page), StillRefunded, and as `refund_stray`.
    """
    transfer = Transfer(reference, on, by, note)
    with tenant(payment.storefront_id):
        row = Payment.objects.select_for_update().get(pk=payment.pk)
        if row.state != "stray" or row.stray_reason not in SENT_BACK:
            raise WrongState(machine="payment", verb="pay_stray", state=row.state)
        known = Refund.objects.filter(payment=row, key=STRAY_KEY).first()
        if known is not None and known.redirected_to == Target.TRANSFER:
            raise AlreadyTransferred(reference=known.transfer_reference)
        if known is not None and known.state != "closed":
            raise AskedAgain(number=known.out_refund_no)
        asked_by = f"operator:{by}"[:80]
        return refund_stray(
            out_trade_no=row.out_trade_no, reason=STRAYED, asked_by=asked_by, transfer=transfer, now=now
        )


def _minded(row: Refund, by: str, now: datetime, mind: Callable[..., None]) -> None:
    """A closed refund counts no more towards what operators gave of the order: what stands in its place does,
    but for what the consumer was owed."""
    if row.kind != Kind.STRAY and row.asked_by.startswith("operator:"):
        mind(order=row.order, by=by.removeprefix("operator:"), now=now)


def _in_place(row: Refund) -> None:
    """Nothing stands in place of the closed refund yet. Raises AlreadyTransferred, AskedAgain, WrongState."""
    known = Refund.objects.filter(payment=row.payment_id, key=again_key(row.out_refund_no)).first()
    if known is not None and known.redirected_to == Target.TRANSFER:
        raise AlreadyTransferred(reference=known.transfer_reference)
    if known is not None:
        raise AskedAgain(number=known.out_refund_no)
    if row.state != "closed":
        raise WrongState(machine="refund", verb="pay_instead", state=row.state)


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
    """The money still waits for an account: what WeChat says else is heard, and is the end of it here."""
    mchid = row.payment.mchid
    report = query(client_of(mchid), row.out_refund_no)
    if report.status == Status.ABNORMAL:
        return
    take_in(storefront_id=row.storefront_id, mchid=mchid, report=report, source="query", now=now)
    row.refresh_from_db(fields=["state"])
    raise WrongState(machine="refund", verb="to_bank_card", state=row.state)


def _aim(row: Refund, target: str, now: datetime, *, by: str, note: str) -> None:
    """Commit whose card it will be, and that a consumer's is disclosed, right before WeChat is asked and
    while the hold lasts."""
    with tenant(row.storefront_id):
        if not renew(row, at=now):
            row.refresh_from_db(fields=["state"])
            if row.state != "abnormal":
                raise WrongState(machine="refund", verb="to_bank_card", state=row.state)
            raise RefundHeld()
        Refund.objects.filter(pk=row.pk).update(redirected_to=str(target))
        if target == Target.CONSUMER:
            disclose_card(row.order, now=now)
        _told(row, "refund.redirected", now, by=by, note=note, to=str(target))


def _not_taken(row: Refund, before: str) -> None:
    """The refund goes where it went before it was asked; one that has arrived meanwhile stays as it did."""
    with tenant(row.storefront_id):
        stands = Refund.objects.select_for_update().get(pk=row.pk)
        release(row, **({} if stands.state == "succeeded" else {"redirected_to": before}))


def _wish(refund: Refund) -> Wish:
    if refund.kind == Kind.GOODWILL:
        return Wish(goodwill_fen=refund.amount_fen)
    if refund.whole or refund.kind == Kind.CANCELLATION:
        return Wish()
    # Asked again, what stayed stays.
    pieces = dict(refund.lines.values_list("line_id", "quantity"))
    as_far = refund.spared_fen > 0
    return Wish(pieces, freight=not refund.freight_stays, kept=kept_of(refund), as_far=as_far)


def _told(refund: Refund, name: str, now: datetime, **facts: str) -> None:
    events.record(storefront_id=refund.storefront_id, name=name, key=refund.event_key, facts=facts, now=now)
