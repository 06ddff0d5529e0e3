"""A customer's own reviews: what can be written, what was, with how it stands; once a key, and taken back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson
from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from catalog import queries as catalog
from kernel import receipts
from kernel.documents import Text, answers, in_path
from kernel.idempotency import fingerprint_of, header, key_of, told
from kernel.receipts import Answer
from kernel.throttle import Limit
from miniprogram_api.door import Door, Json
from miniprogram_api.orders import NUMBER
from miniprogram_api.reviews import STATES, GroundOut, ReplyOut, ground_said, pictures_of
from miniprogram_api.sayings import AN_ID
from orders import queries as orders
from orders.services.quote import MAX_LINES
from reviews import queries as reviews
from reviews.models import LONGEST, Review, ReviewWords
from reviews.services.write import MOST_PICTURES, Opinion, add_words, withdraw, write_review

KEY = header("每条评价一个新值；重试时不变 · a new one for each review, the same one for a retry")
REVIEW = in_path("id", "of the review", OpenApiTypes.UUID)


class ReviewIn(serializers.Serializer[Any]):
    """Of one line of an order, by its position; `pictures` are ids that `POST …/reviews/pictures` gave."""

    position = serializers.IntegerField(min_value=1, max_value=MAX_LINES)
    rating = serializers.IntegerField(min_value=1, max_value=5)
    text = serializers.CharField(max_length=LONGEST, required=False, allow_blank=True)
    pictures = serializers.ListField(
        child=serializers.UUIDField(error_messages={"invalid": AN_ID}),
        required=False,
        max_length=MOST_PICTURES,
    )
    anonymous = serializers.BooleanField(required=False, help_text="else with the masked nickname")


class MoreIn(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=LONGEST)


class ReviewTaken(serializers.Serializer[Any]):
    order = serializers.CharField()
    position = serializers.IntegerField()
    state = serializers.ChoiceField(STATES)


class OwnWords(serializers.Serializer[Any]):
    """What was written and how it stands: waiting, held for a person, shown, hidden with its ground, or taken
    back."""

    text = serializers.CharField(allow_blank=True)
    pictures = serializers.ListField(child=serializers.CharField())
    written_at = serializers.DateTimeField()
    state = serializers.ChoiceField(STATES)
    hidden = GroundOut(allow_null=True)
    note = serializers.CharField(allow_blank=True, help_text="of a colleague, why it is hidden")


class OwnReview(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    order = serializers.CharField()
    position = serializers.IntegerField()
    product = serializers.CharField()
    sku = serializers.CharField()
    product_name = Text()
    rating = serializers.IntegerField()
    name = serializers.CharField(allow_null=True)
    written_at = serializers.DateTimeField()
    withdrawn_at = serializers.DateTimeField(allow_null=True)
    first = OwnWords()
    more = OwnWords(allow_null=True)
    may_add = serializers.BooleanField()
    reply = ReplyOut(allow_null=True)


class OwnReviewPage(serializers.Serializer[Any]):
    items = OwnReview(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class LineToReview(serializers.Serializer[Any]):
    order = serializers.CharField()
    position = serializers.IntegerField()
    sku = serializers.CharField()
    name = Text()
    thumbnail_url = serializers.CharField(allow_null=True)


class LinesToReview(serializers.Serializer[Any]):
    items = LineToReview(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class PageQuery(serializers.Serializer[Any]):
    cursor = serializers.CharField(max_length=40, required=False, allow_blank=True)
    limit = serializers.IntegerField(min_value=1, max_value=reviews.MAX_LIMIT, required=False)


class WriteReview(Door):
    """发表评价."""

    limits = {"POST": Limit("reviews", 60, 3600)}

    @extend_schema(
        operation_id="write_review",
        tags=["orders"],
        parameters=[NUMBER, KEY],
        request=ReviewIn,
        responses=answers(201, ReviewTaken, 400, 401, 404, 409, 415, 422, 429),
    )
    def post(self, request: Request, number: str) -> HttpResponse:
        """Review a line of an order that has arrived, once. Send the same key again after a lost answer."""
        order = orders.order(customer_id=self.own.customer_id, number=number)
        sent = request._request
        key, print_ = key_of(sent), fingerprint_of(sent)
        wanted = self.taken(ReviewIn).validated_data
        source = f"api:{self.own.customer_id}:reviews.write"
        before = receipts.take(source=source, key=key, fingerprint=print_)
        if before is not None:
            return told(before, replayed=True)
        review = write_review(order=order, opinion=Opinion(**wanted), now=self.now)
        state = review.words.values_list("state", flat=True).get()
        body = {"order": order.number, "position": wanted["position"], "state": state}
        answer = Answer(201, orjson.dumps(body))
        receipts.keep(source=source, key=key, fingerprint=print_, answer=answer, now=self.now)
        return told(answer)


class MyReviews(Door):
    """我的评价."""

    @extend_schema(
        operation_id="my_reviews",
        tags=["me"],
        parameters=[PageQuery],
        responses=answers(200, OwnReviewPage, 401, 404, 422),
    )
    def get(self, request: Request) -> HttpResponse:
        """What the customer wrote, the latest first, with how it stands."""
        page = reviews.written(customer_id=self.own.customer_id, **self.asked(PageQuery).validated_data)
        return Json({"items": [_own(one) for one in page.items], "next_cursor": page.next_cursor})


class ReviewsToWrite(Door):
    """待评价."""

    @extend_schema(
        operation_id="reviews_to_write",
        tags=["me"],
        parameters=[PageQuery],
        responses=answers(200, LinesToReview, 401, 404, 422),
    )
    def get(self, request: Request) -> HttpResponse:
        """What has arrived and is not reviewed, of the youngest order first."""
        page = reviews.to_write(customer_id=self.own.customer_id, **self.asked(PageQuery).validated_data)
        skus = list({line.sku for line in page.items})
        found = catalog.priced_variants(self.shop.id, skus, self.now) if skus else {}
        return Json(
            {
                "items": [
                    {
                        "order": line.order.number,
                        "position": line.position,
                        "sku": line.sku,
                        "name": {"zh": line.name_zh, "en": line.name},
                        "thumbnail_url": f"{settings.MEDIA_URL}{found[line.sku].thumbnail_path}"
                        if line.sku in found and found[line.sku].thumbnail_path
                        else None,
                    }
                    for line in page.items
                ],
                "next_cursor": page.next_cursor,
            }
        )


class MyReview(Door):
    """撤回评价."""

    limits = {"DELETE": Limit("reviews", 60, 3600)}

    @extend_schema(
        operation_id="withdraw_review",
        tags=["me"],
        parameters=[REVIEW],
        responses=answers(200, OwnReview, 401, 404, 429),
    )
    def delete(self, request: Request, id: UUID) -> HttpResponse:
        """Take a review back: words and pictures are gone, and its stars count no more."""
        who = self.own.customer_id
        withdraw(review=reviews.own(customer_id=who, public_id=id), now=self.now)
        return Json(_own(reviews.own(customer_id=who, public_id=id)))


class AddToReview(Door):
    """追加评价."""

    limits = {"POST": Limit("reviews", 60, 3600)}

    @extend_schema(
        operation_id="add_to_review",
        tags=["me"],
        parameters=[REVIEW],
        request=MoreIn,
        responses=answers(201, OwnReview, 400, 401, 404, 409, 415, 422, 429),
    )
    def post(self, request: Request, id: UUID) -> HttpResponse:
        """Add words to a review that is shown, once."""
        who = self.own.customer_id
        review = reviews.own(customer_id=who, public_id=id)
        add_words(review=review, text=self.taken(MoreIn).validated_data["text"], now=self.now)
        return Json(_own(reviews.own(customer_id=who, public_id=id)), 201)


def _own(row: Review) -> dict[str, Any]:
    words, line = reviews.words_of(row), row.line
    assert line is not None  # it has its customer, and so its line
    first, more = words[ReviewWords.Kind.FIRST], words.get(ReviewWords.Kind.MORE)
    return {
        "id": row.public_id,
        "order": line.order.number,
        "position": line.position,
        "product": row.product.code,
        "sku": row.sku,
        "product_name": {"zh": row.product.name_zh, "en": row.product.name_en},
        "rating": row.rating,
        "name": row.shown_name or None,
        "written_at": row.written_at,
        "withdrawn_at": row.withdrawn_at,
        "first": _words(first),
        "more": _words(more) if more else None,
        "may_add": more is None and first.state == "shown",
        "reply": {"text": row.reply, "at": row.replied_at} if row.reply else None,
    }


def _words(words: ReviewWords) -> dict[str, Any]:
    return {
        "text": words.text,
        "pictures": pictures_of(words),
        "written_at": words.written_at,
        "state": words.state,
        "hidden": ground_said(words),
        "note": words.note,
    }
