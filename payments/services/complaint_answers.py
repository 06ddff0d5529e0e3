"""What we say in a complaint is decided once, under its row, and leaves by the worker: see complaint_sending.

An approved refund is really asked for in the same transaction; one that waits for customs is promised by
a day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from compliance import vault
from kernel import events, ids
from kernel.errors import Conflict, Invalid
from kernel.tenancy import tenant
from payments import labels
from payments.gateways.wechat_pay import client_of
from payments.models import Complaint, ComplaintAct, Refund
from payments.services import complaint_clocks as timing
from payments.services import complaints
from payments.services.refunds import Wish, again_key, request_refund
from payments.states import COMPLAINT
from storefronts import queries as storefronts
from wechat.pay.complaints import MOST_IMAGES, open_phone, reply_text
from wechat.pay.pictures import picture, upload

Kind, Channel = ComplaintAct.Kind, Complaint.Channel
OPEN = ("asked", "sent")
REFUND_REASON = "投诉退款"
HOLDING = (
    "您好，您的投诉已收悉。该订单正由海关审核，审核期间依规不能退款。我们最迟于{day}前在此答复您处理结果，"
    "符合条件的款项将原路退回。"
)


@dataclass(eq=False)
class AnswerUnderWay(Conflict):
    """Something is being said in this complaint already; one thing at a time."""

    code = "complaint_answer_under_way"
    title = "An answer to this complaint is on its way ({kind}); wait until WeChat has it."
    title_zh = "该投诉已有操作（{kind}）正在提交，请稍候。"
    kind: str


@dataclass(eq=False)
class ComplaintElsewhere(Conflict):
    """A complaint of the mini-program's own channel is answered in its console."""

    code = "complaint_elsewhere"
    title = "This complaint is answered in the mini-program's console; note here that it was."
    title_zh = "该投诉须在小程序后台回复，请在此登记已回复。"


class ComplaintEnded(Conflict):
    """The state allows nothing of the kind any more, or not yet."""

    code = "complaint_ended"
    title = "The complaint is not in a state for this: read it again."
    title_zh = "投诉当前状态不允许此操作，请刷新查看。"


class NoRefundWished(Conflict):
    """WeChat takes a decision about a refund only where the consumer asks for one."""

    code = "complaint_no_refund"
    title = "This complaint asks for no refund of an order of ours: reply, and refund on the payment's page."
    title_zh = "该投诉未申请退款或未关联本店订单：请直接回复，退款请在支付单页面办理。"


class BadAnswer(Invalid):
    """WeChat shows the words to the consumer: 1 to 200 characters that it can show."""

    code = "complaint_text"
    title = "An answer has 1 to 200 characters that WeChat can show."
    title_zh = "回复须为 1 至 200 个微信可显示的字符。"


class BadPicture(Invalid):
    """Only pictures of a kind and size that WeChat takes, and at most four."""

    code = "complaint_picture"
    title = "An answer has at most four pictures, each a JPG, PNG or BMP of at most 2 MB."
    title_zh = "回复最多附四张图片，每张须为 2MB 以内的 JPG、PNG 或 BMP。"


def leave_pictures(*, complaint: Complaint, contents: Sequence[bytes]) -> list[str]:
    """Encode pictures anew and leave them with WeChat Pay, outside of any transaction; their media_ids.

    Nothing is said by it. Raises BadPicture before anything leaves, ComplaintElsewhere, and wechat.errors.
    """
    if complaint.channel != Channel.PAYMENT:
        raise ComplaintElsewhere()
    if len(contents) > MOST_IMAGES:
        raise BadPicture()
    try:
        ready = [picture(content) for content in contents]
    except ValueError:
        raise BadPicture() from None
    client = client_of(complaint.mchid) if ready else None
    return [upload(client, one) for one in ready] if client else []


def reply(
    *, complaint: Complaint, text: str, by: str, now: datetime, images: Sequence[str] = ()
) -> ComplaintAct:
    """Answer the consumer; `images` are media_ids of `leave_pictures`. Locks the complaint. Raises BadAnswer,
    BadPicture, AnswerUnderWay, ComplaintEnded, ComplaintElsewhere."""
    shown = _shown(text)
    if len(images) > MOST_IMAGES:
        raise BadPicture()
    with tenant(complaint.storefront_id):
        row = _answerable(complaint)
        return _say(row, Kind.REPLY, shown, by=by, now=now, images=images)


def approve_refund(
    *, complaint: Complaint, amount_fen: int | None, by: str, now: datetime, reason: str = REFUND_REASON
) -> ComplaintAct:
    """Agree to refund `amount_fen` (None: all that is left), ask for that refund, and tell WeChat.

    A part is goodwill. What the gate does not let go waits, and WeChat is told the day by which it is
    promised. What was agreed before and is closed is asked for again on its own page, where WeChat is asked
    about it first. Locks complaint, payment, order. Raises as `reply`, NoRefundWished, and as
    `request_refund`: then nothing was agreed.
    """
    with tenant(complaint.storefront_id):
        row = _answerable(complaint)
        if row.problem_type != "REFUND" or row.order is None:
            raise NoRefundWished()
        refund = request_refund(
            number=row.order.number,
            wish=Wish() if amount_fen is None else Wish(goodwill_fen=amount_fen),
            key=_wish_key(row),
            reason=reason,
            asked_by=f"operator:{by}"[:80],
            now=now,
            note=f"complaint {row.external_id}",
        )
        waits = refund.state == "requested"
        row.refund, row.refund_on = refund, timing.promised_day(now) if waits else None
        row.save(update_fields=["refund", "refund_on"])
        return _say(row, Kind.APPROVE, "", by=by, now=now, days=timing.promised_days(now) if waits else 0)


def reject_refund(*, complaint: Complaint, reason: str, by: str, now: datetime) -> ComplaintAct:
    """Decline the refund for a reason that the consumer reads. Raises as `reply`, and NoRefundWished."""
    shown = _shown(reason)
    with tenant(complaint.storefront_id):
        row = _answerable(complaint)
        if row.problem_type != "REFUND":
            raise NoRefundWished()
        return _say(row, Kind.REJECT, shown, by=by, now=now)


def complete(*, complaint: Complaint, by: str, now: datetime) -> ComplaintAct:
    """Tell WeChat that the complaint is dealt with; only what was answered can be. Raises as `reply`."""
    with tenant(complaint.storefront_id):
        row = _answerable(complaint)
        if row.state != "processing":
            raise ComplaintEnded()
        return _say(row, Kind.COMPLETE, "", by=by, now=now)


def note_outside(*, complaint: Complaint, ended: bool, by: str, note: str, now: datetime) -> None:
    """Note that a complaint of the mini-program was answered, or `ended`, in its console. Locks it.

    Raises ComplaintElsewhere for one of WeChat Pay (it is answered here), ComplaintEnded.
    """
    with tenant(complaint.storefront_id):
        row = _locked(complaint)
        if row.channel != Channel.MINI_PROGRAM:
            raise ComplaintElsewhere()
        state = "processed" if ended else "processing"
        if row.state == state or complaints.VERBS[state] not in COMPLAINT.verbs(row.state):
            raise ComplaintEnded()
        complaints.move(row, state, now=now, facts={"by": by, "note": note[:200]})


def hold(*, now: datetime) -> int:
    """Tell consumers whose order customs decides about, with a day, before the first reply is due.

    Only where no one has answered and the end is near; returns how many were told. Safe beside an operator.
    """
    told = 0
    waiting = Complaint.objects.filter(channel=Channel.PAYMENT, state="pending", order__isnull=False)
    for complaint in waiting.select_related("order"):
        if timing.near(complaint, now)[0] and timing.with_customs(complaint):
            told += _hold(complaint, now)
    return told


def open_for(*, complaint: Complaint, who: str, purpose: str, now: datetime) -> tuple[str, str]:
    """What the consumer wrote and their telephone, for an operator with a purpose; each look is recorded.

    Raises VaultClosed once the key is gone, Undecryptable for a telephone of a key that we do not hold.
    """
    sealed = [
        (labels.COMPLAINT_DETAIL, complaint.public_id, bytes(complaint.detail_sealed)),
        (labels.COMPLAINT_PHONE, complaint.public_id, bytes(complaint.phone_sealed)),
    ]
    there = [one for one in sealed if one[2]]
    opened = vault.open_many_as(
        who=who,
        purpose=purpose,
        storefront_id=complaint.storefront_id,
        key=vault.unwrap(complaint.key),
        sealed=there,
        now=now,
    )
    found = {label: text for (label, _, _), text in zip(there, opened, strict=True)}
    phone = found.get(labels.COMPLAINT_PHONE, "")
    if phone and complaint.channel == Channel.PAYMENT:
        phone = open_phone(storefronts.merchant_by_mchid(complaint.mchid), phone)
    return found.get(labels.COMPLAINT_DETAIL, ""), phone


def _hold(complaint: Complaint, now: datetime) -> int:
    day = timing.promised_day(now)
    text = HOLDING.format(day=f"{day.year}年{day.month}月{day.day}日")
    with transaction.atomic(), tenant(complaint.storefront_id):
        row = _locked(complaint)
        if row.state != "pending" or row.acts.filter(state__in=OPEN).exists():
            return 0
        if row.acts.filter(kind=Kind.REPLY, asked_at__gte=row.reply_by - timedelta(hours=24)).exists():
            return 0  # it was said in this round, and WeChat refused it: a case is open
        _say(row, Kind.REPLY, text, by="system", now=now)
    return 1


def _wish_key(row: Complaint) -> str:
    """The key of what this complaint gives back: of its refund, or of the last one asked for in its place."""
    key = row.case_key
    while closed := Refund.objects.filter(order=row.order_id, key=key, state="closed").first():
        again = again_key(closed.out_refund_no)
        if not Refund.objects.filter(order=row.order_id, key=again).exists():
            break
        key = again
    return key


def _answerable(complaint: Complaint) -> Complaint:
    row = _locked(complaint)
    if row.channel != Channel.PAYMENT:
        raise ComplaintElsewhere()
    if row.state == "processed":
        raise ComplaintEnded()
    under_way = row.acts.filter(state__in=OPEN).first()
    if under_way is not None:
        raise AnswerUnderWay(kind=under_way.kind)
    return row


def _locked(complaint: Complaint) -> Complaint:
    rows = Complaint.objects.select_for_update(of=("self",)).select_related("order", "key", "joined")
    return rows.get(pk=complaint.pk)


def _say(
    row: Complaint,
    kind: ComplaintAct.Kind,
    text: str,
    *,
    by: str,
    now: datetime,
    days: int = 0,
    images: Sequence[str] = (),
) -> ComplaintAct:
    public_id = ids.uuid7()
    sealed = vault.unwrap(row.key).seal(labels.COMPLAINT_ANSWER, public_id, text) if text else b""
    act = ComplaintAct.objects.create(
        public_id=public_id,
        storefront_id=row.storefront_id,
        complaint=row,
        kind=kind,
        text_sealed=sealed,
        images=list(images),
        days=days,
        by=by[:80],
        asked_at=now,
        next_try_at=now,
    )
    facts = {"kind": kind.value, "by": by[:80], "act": act.pk}
    events.record(
        storefront_id=row.storefront_id,
        name="complaint.answer_asked",
        key=row.event_key,
        facts=facts,
        now=now,
    )
    return act


def _shown(text: str) -> str:
    try:
        return reply_text(text)
    except ValueError:
        raise BadAnswer() from None
