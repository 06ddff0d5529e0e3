"""What this app holds about people: a consumer's words and pictures, sealed with their order."""

from __future__ import annotations

from datetime import datetime

from compliance import queries, vault
from compliance.holdings import Category, Holding, Keeping, Kept, Waits, history, source, stays
from compliance.models import DataKey, Subject
from compliance.personal_fields import PersonalField
from kernel import files
from kernel.clock import shanghai_day
from returns import labels
from returns.models import ReturnPicture, ReturnRequest, StrayParcel
from returns.services.pictures import UNUSED
from returns.states import OVER


def _field(model: str, field: str) -> PersonalField:
    return PersonalField(
        model=f"returns.{model}",
        field=field,
        klass="ordinary",
        purpose="to judge a return or a claim",
        basis="contract",
        retention="with the order it is about, five years; then the order's key is destroyed",
        export="in the copy of their data",
        erase="kept sealed with the order until its day: evidence of a dispute",
        shown="returns",
    )


FIELDS = (
    _field("ReturnRequest", "words_sealed"),
    _field("ReturnRequest", "way_text"),
    _field("ReturnPicture", "file"),
)
_NUMBER = {"zh": "退换货单号", "en": "return"}
_NAMES = {"zh": "退换货申请（说明加密封存）", "en": "returns, their words sealed"}
_PICTURES = {"zh": "退换货凭证图片（加密封存）", "en": "pictures given with returns, sealed"}
_LOOKS = {"zh": "他人查看退换货说明与图片的记录", "en": "who else opened your returns"}
_ROWS = ("returns.ReturnRequest", "returns.ReturnLine", "returns.ReturnGrade")
_STRAYS = {
    "zh": "退货中心另行收到的包裹（仅编号、件数与批次）",
    "en": "unexpected parcels, by number and pieces",
}
_STRAY_ROWS = ("returns.StrayParcel", "returns.StrayPiece")
_HISTORY = {"zh": "退换货的处理记录（仅编号）", "en": "what happened to returns, by number alone"}


def see(subject: Subject, now: datetime) -> list[Category]:
    """Returns with what was written and how many pictures were given."""
    own = ReturnRequest.objects.filter(order__subject=subject)
    rows = list(own.select_related("order__key").order_by("id"))
    return [
        Category(
            "returns",
            {"zh": "退换货", "en": "Returns"},
            {
                "number": _NUMBER,
                "order": {"zh": "订单号", "en": "order"},
                "requested_at": {"zh": "申请时间", "en": "asked"},
                "words": {"zh": "说明", "en": "what you wrote"},
                "way": {"zh": "退货物流信息", "en": "in the carrier's words"},
                "pictures": {"zh": "图片数", "en": "pictures"},
                "quoted_fen": {"zh": "预计退款", "en": "refund as quoted"},
            },
            [
                {
                    "number": row.number,
                    "order": row.order.number,
                    "requested_at": row.requested_at,
                    "words": words_of(row),
                    "way": row.way_text,
                    "pictures": row.pictures.count(),
                    "quoted_fen": row.quoted_fen,
                }
                for row in rows
            ],
        ),
        Category(
            "return_accesses",
            {"zh": "他人查看退换货说明与图片的记录", "en": "Who else opened your returns"},
            {
                "at": {"zh": "时间", "en": "at"},
                "who": {"zh": "访问者", "en": "who"},
                "purpose": {"zh": "目的", "en": "purpose"},
            },
            [
                {"at": row.at, "who": row.who, "purpose": row.purpose}
                for row in queries.accesses(refs=_refs(rows))
            ],
        ),
    ]


def words_of(row: ReturnRequest) -> str:
    """What the consumer wrote; nothing once the order's key is destroyed."""
    if not row.words_sealed or row.order.key.destroyed_at is not None:
        return ""
    return vault.unwrap(row.order.key).open(labels.WORDS, row.public_id, bytes(row.words_sealed))


def _refs(rows: list[ReturnRequest]) -> list[str]:
    """By which names looks at these returns, their words and pictures, are recorded."""
    pictures = ReturnPicture.objects.filter(request__in=rows).values_list("public_id", flat=True)
    return [str(one) for one in (*(row.public_id for row in rows), *pictures)]


def waits(subject: Subject, now: datetime) -> list[Waits]:
    """A return that is not over is still to be dealt with."""
    rows = ReturnRequest.objects.filter(order__subject=subject).exclude(state__in=OVER).order_by("id")
    return [
        Waits(
            "return",
            number,
            "该退换货正在处理，处理完毕后可注销",
            "this return is being dealt with",
        )
        for number in rows.values_list("number", flat=True)
    ]


def erase(subject: Subject, now: datetime) -> list[Kept]:
    """Returns stay sealed with their orders, and are read no more once the order's key is destroyed."""
    rows = list(ReturnRequest.objects.filter(order__subject=subject).select_related("order"))
    strays = list(StrayParcel.objects.filter(order__subject=subject))
    if not rows and not strays:
        return []
    found = source("order_years", shanghai_day(now))
    held = DataKey.objects.filter(pk__in=[row.order.key_id for row in rows], destroyed_at=None)
    until = held.order_by("-destroy_on").values_list("destroy_on", flat=True).first()
    pictures = ReturnPicture.objects.filter(order__in=[row.order_id for row in rows])
    told = (
        ("returns", _NAMES, _ROWS, len(rows), until),
        ("return_pictures", _PICTURES, ("returns.ReturnPicture",), len(pictures), until),
        ("stray_parcels", _STRAYS, _STRAY_ROWS, len(strays), None),  # pieces of the books: they stay
    )
    looks = [row.at for row in queries.accesses(refs=_refs(rows))]
    keys = [*(row.event_key for row in rows), *(row.event_key for row in strays)]
    return [
        *(
            Kept(what, names, count, found.citation, day, models)
            for what, names, models, count, day in told
            if count
        ),
        *stays("return_accesses", _LOOKS, "log_years", looks, now, "compliance.Access"),
        *history("return_history", _HISTORY, "order_years", keys, now),
    ]


def _empty(rows: list[ReturnRequest], now: datetime) -> None:
    pictures = list(ReturnPicture.objects.filter(request__in=rows).select_related("file"))
    ReturnPicture.objects.filter(pk__in=[one.pk for one in pictures]).delete()
    files.remove([one.file for one in pictures])
    ReturnRequest.objects.filter(pk__in=[row.pk for row in rows]).update(words_sealed=b"", way_text="")


def _drop(pictures: list[ReturnPicture], now: datetime) -> None:
    rows = ReturnPicture.objects.filter(pk__in=[one.pk for one in pictures], request=None)
    gone = list(rows.select_for_update(of=("self",)).select_related("file"))  # not those asked with meanwhile
    ReturnPicture.objects.filter(pk__in=[one.pk for one in gone]).delete()
    files.remove([one.file for one in gone])


KEEPING = (
    Keeping(
        "returns.unused_pictures",
        {"zh": "未提交申请的退换货图片", "en": "pictures given for a return that was not asked for"},
        lambda before: ReturnPicture.objects.filter(request=None, at__lte=before - UNUSED),
        let_go=_drop,
        ends={"zh": "上传满一日", "en": "a day after they were given"},
    ),
    Keeping(
        "returns.words",
        {"zh": "已销毁密钥的退换货说明与图片", "en": "words and pictures of returns whose key was destroyed"},
        lambda before: ReturnRequest.objects.filter(order__key__destroyed_at__isnull=False).exclude(
            words_sealed=b"", way_text="", pictures=None
        ),
        let_go=_empty,
        along=("returns.ReturnPicture",),
        ends={"zh": "至其密钥销毁之日", "en": "until their key is destroyed"},
    ),
)
HOLDING = Holding(
    app="returns",
    fields=FIELDS,
    see=see,
    waits=waits,
    erase=erase,
    keeping=KEEPING,
    gives=("returns", "return_accesses"),
)
