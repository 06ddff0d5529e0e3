"""Pictures of a review: given one by one, re-encoded, and seen by who gave them until they are shown.

What is not used by a review within a day is let go of (personal.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from kernel import files, ids, pictures
from kernel.errors import Conflict, Invalid
from kernel.tenancy import tenant
from orders.models import Order
from reviews.models import ReviewPicture
from reviews.services.write import MOST_PICTURES, held

UNUSED = timedelta(days=1)


class BadReviewPicture(Invalid):
    """Only what is a picture, by its content, and no larger than is needed to see something."""

    code = "review_picture"
    title = "Send one JPEG, PNG or WebP picture of at most 5 MB, as the field “picture” of a form."
    title_zh = "请以表单字段 picture 上传一张不超过 5 MB 的 JPEG、PNG 或 WebP 图片。"


@dataclass(eq=False)
class TooManyReviewPictures(Conflict):
    """As many as the lines of an order may have lie there unused."""

    code = "review_pictures_full"
    title = "At most {most} pictures can wait for a review; use them, or give others tomorrow."
    title_zh = "待使用的图片最多{most}张，请先提交评价或明日再传。"
    most: int


def take_picture(*, order: Order, content: bytes, now: datetime) -> ReviewPicture:
    """Keep a picture for a review of a line of the order; call it with no transaction open, for to read a
    picture takes a while. Raises BadReviewPicture, TooManyReviewPictures, ProcessingLimited."""
    try:
        plain = pictures.plain(content)
    except ValueError as failure:
        raise BadReviewPicture() from failure
    with tenant(order.storefront_id):
        held(order.customer_id)
        waiting = ReviewPicture.objects.filter(order=order, words=None, at__gt=now - UNUSED)
        most = MOST_PICTURES * 2
        if waiting.count() >= most:
            raise TooManyReviewPictures(most)
        file = files.store(
            storefront_id=order.storefront_id,
            name="review-picture",
            media_type=pictures.MEDIA_TYPE,
            content=plain,
            now=now,
        )
        return ReviewPicture.objects.create(
            public_id=ids.uuid7(), storefront_id=order.storefront_id, order=order, file=file, at=now
        )
