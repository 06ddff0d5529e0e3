"""What complaints hold about people: words, telephone and our answers, sealed with their order."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from compliance import masking, queries, vault
from compliance.copy_words import word
from compliance.holdings import Category, Keeping, Kept, Waits, history, source, stays
from compliance.models import DataKey, Subject
from compliance.personal_fields import PersonalField
from kernel.clock import shanghai_day
from payments import labels
from payments.models import Complaint, ComplaintAct
from storefronts import queries as storefronts
from wechat.errors import WechatError
from wechat.pay.complaints import open_phone


def _field(model: str, field: str, purpose: str) -> PersonalField:
    return PersonalField(
        model=f"payments.{model}",
        field=field,
        klass="ordinary",
        purpose=purpose,
        basis="contract",
        retention="with the order it is about, five years; then the order's key is destroyed",
        export="in the copy of their data",
        erase="of a paid order kept sealed with it until its day: evidence of a dispute; else unreadable",
        shown="complaints",
    )


FIELDS = (
    _field("Complaint", "detail_sealed", "to answer a complaint"),
    _field("Complaint", "phone_sealed", "to call back who complains; also encrypted to the merchant's key"),
    _field("ComplaintAct", "text_sealed", "to know what was answered"),
)
_AT = {"zh": "时间", "en": "at"}
_NUMBER = {"zh": "投诉单号", "en": "complaint"}
_NAMES = {"zh": "投诉记录（内容加密封存）", "en": "complaints, their words sealed"}
_ANSWERS = {"zh": "投诉答复（内容加密封存）", "en": "what was answered, sealed"}
_LOOKS = {"zh": "他人查看投诉内容的记录", "en": "who else opened your complaints"}
_HISTORY = {"zh": "投诉的处理记录（仅编号）", "en": "what happened to complaints, by number alone"}


def see(subject: Subject, now: datetime) -> list[Category]:
    """Complaints with what was written, what we answered, and who else opened them."""
    rows = list(
        Complaint.objects.filter(order__subject=subject).select_related("key", "order").order_by("id")
    )
    acts = ComplaintAct.objects.filter(complaint__in=rows).select_related("complaint__key").order_by("id")
    return [
        Category(
            "complaints",
            {"zh": "投诉", "en": "Complaints"},
            {
                "number": _NUMBER,
                "order": {"zh": "订单号", "en": "order"},
                "complained_at": _AT,
                "channel": {"zh": "渠道", "en": "channel"},
                "state": {"zh": "状态", "en": "state"},
                "detail": {"zh": "投诉内容", "en": "what you wrote"},
                "phone": {"zh": "联系电话", "en": "telephone"},
                "wished_fen": {"zh": "申请退款金额", "en": "refund you asked for"},
            },
            [_opened(row) for row in rows],
            masks={"phone": masking.phone},
        ),
        Category(
            "complaint_answers",
            {"zh": "投诉答复", "en": "What was answered"},
            {
                "number": _NUMBER,
                "at": _AT,
                "kind": {"zh": "事项", "en": "kind"},
                "text": {"zh": "内容", "en": "text"},
            },
            [
                {
                    "number": act.complaint.external_id,
                    "at": act.asked_at,
                    "kind": word("complaint_answers", act.kind),
                    "text": _text(act.complaint, labels.COMPLAINT_ANSWER, act.public_id, act.text_sealed),
                }
                for act in acts
            ],
        ),
        Category(
            "complaint_accesses",
            {"zh": "他人查看投诉记录", "en": "Who else opened your complaints"},
            {"at": _AT, "who": {"zh": "访问者", "en": "who"}, "purpose": {"zh": "目的", "en": "purpose"}},
            [
                {"at": row.at, "who": row.who, "purpose": row.purpose}
                for row in queries.accesses(refs=[str(row.public_id) for row in rows])
            ],
        ),
    ]


def waits(subject: Subject, now: datetime) -> list[Waits]:
    """A complaint that is not over is still to be answered."""
    rows = Complaint.objects.filter(order__subject=subject).exclude(state="processed").order_by("id")
    return [
        Waits(
            "complaint",
            number,
            "该投诉正在处理，处理完毕后可注销",
            "this complaint is being dealt with",
        )
        for number in rows.values_list("external_id", flat=True)
    ]


def erase(subject: Subject, now: datetime) -> list[Kept]:
    """Complaints stay sealed with their orders, and are read no more once the order's key is destroyed."""
    rows = list(Complaint.objects.filter(order__subject=subject))
    acts = ComplaintAct.objects.filter(complaint__in=rows)
    looks = [row.at for row in queries.accesses(refs=[str(row.public_id) for row in rows])]
    keys = [row.event_key for row in rows]
    if not rows:
        return []
    found = source("order_years", shanghai_day(now))
    held = DataKey.objects.filter(pk__in=[row.key_id for row in rows], destroyed_at=None)
    until = held.order_by("-destroy_on").values_list("destroy_on", flat=True).first()
    told = (
        ("complaints", _NAMES, "payments.Complaint", len(rows)),
        ("complaint_answers", _ANSWERS, "payments.ComplaintAct", len(acts)),
    )
    return [
        *(
            Kept(what, names, count, found.citation, until, (model,))
            for what, names, model, count in told
            if count
        ),
        *stays("complaint_accesses", _LOOKS, "log_years", looks, now, "compliance.Access"),
        *history("complaint_history", _HISTORY, "order_years", keys, now),
    ]


def _empty(rows: list[Complaint], now: datetime) -> None:
    keys = [row.pk for row in rows]
    ComplaintAct.objects.filter(complaint__in=keys).update(text_sealed=b"")
    Complaint.objects.filter(pk__in=keys).update(detail_sealed=b"", phone_sealed=b"")


KEEPING = (
    Keeping(
        "payments.complaints",
        {"zh": "已销毁密钥的投诉内容", "en": "words of complaints whose key was destroyed"},
        lambda before: Complaint.objects.filter(key__destroyed_at__isnull=False).exclude(
            detail_sealed=b"", phone_sealed=b""
        ),
        let_go=_empty,
        along=("payments.ComplaintAct",),
        ends={"zh": "至其密钥销毁之日", "en": "until their key is destroyed"},
    ),
)


def _opened(row: Complaint) -> dict[str, Any]:
    phone = _text(row, labels.COMPLAINT_PHONE, row.public_id, row.phone_sealed)
    if phone and row.channel == Complaint.Channel.PAYMENT:
        try:
            phone = open_phone(storefronts.merchant_by_mchid(row.mchid), phone)
        except WechatError:  # of a key of the merchant's that was retired
            phone = ""
    return {
        "number": row.external_id,
        "order": row.order.number if row.order else "",
        "complained_at": row.complained_at,
        "channel": word("channels", row.channel),
        "state": word("complaints", row.state),
        "detail": _text(row, labels.COMPLAINT_DETAIL, row.public_id, row.detail_sealed),
        "phone": phone,
        "wished_fen": row.wished_fen,
    }


def _text(row: Complaint, label: str, ref: Any, sealed: bytes | memoryview) -> str:
    if not sealed or row.key.destroyed_at is not None:
        return ""
    return vault.unwrap(row.key).open(label, ref, bytes(sealed))
