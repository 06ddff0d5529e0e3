"""A review of the first line of an order with words that no list may show, and a picture."""

from __future__ import annotations

from typing import Any

from kernel import files
from reviews.models import Review, ReviewPicture, ReviewWords
from tests import make

REVIEW = "这段评价还没有展示"


def review_rows(order: Any, public_id: Any = None) -> ReviewWords:
    """Its words wait for a person."""
    line, now = order.lines.select_related("variant").first(), make.NOW
    named = {"public_id": public_id} if public_id else {}
    review = Review.objects.create(
        storefront=order.storefront,
        product_id=line.variant.product_id,
        sku=line.sku,
        customer=order.customer,
        line=line,
        rating=4,
        shown_name="爱*",
        written_at=now,
        **named,
    )
    words = ReviewWords.objects.create(
        storefront=order.storefront,
        review=review,
        kind="first",
        text=REVIEW,
        state="held",
        why="doubtful",
        written_at=now,
    )
    ReviewPicture.objects.create(
        storefront=order.storefront,
        order=order,
        words=words,
        file=files.store(
            storefront_id=order.storefront_id,
            name="review-picture",
            media_type="image/jpeg",
            content=b"\xff\xd8\xff a picture",
            now=now,
        ),
        at=now,
    )
    return words
