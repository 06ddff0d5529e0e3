"""What this app holds about people: what consumers wrote and showed of what they bought.

With their account go words, pictures and name, also what is shown, and every tie to person and order: of a
free text nobody can say that it tells of no one (PIPL art. 4 and 73: anonymous is what can be led back to
nobody). The stars stay, tied to nobody, because consumers' reviews are not deleted (E-commerce Law art. 39)
and the average would otherwise change with those who leave.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from compliance import queries
from compliance.holdings import Category, Holding, Keeping, Kept, history, stays
from compliance.models import Subject
from compliance.personal_fields import PersonalField
from kernel import files
from kernel.cases import settle_open
from reviews.models import Review, ReviewPicture, ReviewWords
from reviews.services.decide import HELD, hold
from reviews.services.pictures import UNUSED
from reviews.services.write import remove_pictures

_ERASED = "removed at once, as it is when the author takes the review back; the stars stay, tied to nobody"


def _field(model: str, field: str, recipients: tuple[str, ...] = ()) -> PersonalField:
    return PersonalField(
        model=f"reviews.{model}",
        field=field,
        klass="ordinary",
        purpose="to tell other consumers what the author thinks of what they bought",
        basis="contract",
        retention="until the account is closed",
        export="in the copy of their data",
        erase=_ERASED,
        recipients=recipients,
        shown="reviews",
    )


FIELDS = (
    _field("Review", "shown_name"),
    _field("Review", "reply"),
    _field("ReviewWords", "text", ("partner",)),
    _field("ReviewWords", "note"),
    _field("ReviewPicture", "file"),
)
_HISTORY = {"zh": "商品评价的处理记录（仅编号）", "en": "what happened to reviews, by number alone"}
_LOOKS = {"zh": "他人查看未展示评价的记录", "en": "who else opened words that were not shown"}


def see(subject: Subject, now: datetime) -> list[Category]:
    """Every review with its words, and who looked at those that were not shown."""
    rows = list(_own(subject).select_related("review__line__order").order_by("pk"))
    return [
        Category(
            "reviews",
            {"zh": "商品评价", "en": "Reviews"},
            {
                "order": {"zh": "订单号", "en": "order"},
                "sku": {"zh": "商品", "en": "goods"},
                "rating": {"zh": "星级", "en": "stars"},
                "shown_name": {"zh": "展示昵称", "en": "name as shown"},
                "written_at": {"zh": "时间", "en": "written"},
                "text": {"zh": "内容", "en": "words"},
                "note": {"zh": "屏蔽说明", "en": "why they are hidden"},
                "reply": {"zh": "店铺回复", "en": "the shop's answer"},
                "pictures": {"zh": "图片数", "en": "pictures"},
            },
            [
                {
                    "order": row.review.line.order.number if row.review.line else "",
                    "sku": row.review.sku,
                    "rating": row.review.rating,
                    "shown_name": row.review.shown_name,
                    "written_at": row.written_at,
                    "text": row.text,
                    "note": row.note,
                    "reply": row.review.reply,
                    "pictures": row.pictures.count(),
                }
                for row in rows
            ],
        ),
        Category(
            "review_accesses",
            {"zh": "他人查看未展示评价的记录", "en": "Who else opened words of yours that were not shown"},
            {
                "at": {"zh": "时间", "en": "at"},
                "who": {"zh": "访问者", "en": "who"},
                "purpose": {"zh": "目的", "en": "purpose"},
            },
            [
                {"at": row.at, "who": row.who, "purpose": row.purpose}
                for row in queries.accesses(refs=[str(row.public_id) for row in rows])
            ],
        ),
    ]


def erase(subject: Subject, now: datetime) -> list[Kept]:
    """Words, pictures and names go at once; the stars stay, tied to nobody."""
    own = Review.objects.filter(customer__subject=subject).order_by("pk")
    reviews = [hold(pk) for pk in own.values_list("pk", flat=True)]
    words = list(_own(subject))
    looks = [row.at for row in queries.accesses(refs=[str(one.public_id) for one in words])]
    for one in words:
        settle_open(kinds=[HELD], key=one.case_key, by="system", note="the account is closed", now=now)
    for review in reviews:
        remove_pictures(review)
    _drop(list(ReviewPicture.objects.filter(order__subject=subject, words=None)), now)
    ReviewWords.objects.filter(pk__in=[one.pk for one in words]).delete()
    Review.objects.filter(pk__in=[one.pk for one in reviews]).update(
        customer=None, line=None, shown_name="", reply="", replied_at=None, replied_by=""
    )
    keys = [*(one.event_key for one in reviews), *(one.case_key for one in words)]
    return [
        *stays("review_accesses", _LOOKS, "log_years", looks, now, "compliance.Access"),
        *history("review_history", _HISTORY, "log_years", keys, now),
    ]


def _own(subject: Subject) -> QuerySet[ReviewWords]:
    return ReviewWords.objects.filter(review__customer__subject=subject)


def _drop(pictures: list[ReviewPicture], now: datetime) -> None:
    rows = ReviewPicture.objects.filter(pk__in=[one.pk for one in pictures], words=None)
    gone = list(rows.select_for_update(of=("self",)).select_related("file"))  # not those used meanwhile
    ReviewPicture.objects.filter(pk__in=[one.pk for one in gone]).delete()
    files.remove([one.file for one in gone])


KEEPING = (
    Keeping(
        "reviews.unused_pictures",
        {"zh": "未提交评价的图片", "en": "pictures given for a review that was not written"},
        lambda before: ReviewPicture.objects.filter(words=None, at__lte=before - UNUSED),
        let_go=_drop,
        ends={"zh": "上传满一日", "en": "a day after they were given"},
    ),
)
HOLDING = Holding(
    app="reviews",
    fields=FIELDS,
    see=see,
    erase=erase,
    keeping=KEEPING,
    gives=("reviews", "review_accesses"),
)
