"""What consumers say of a product, by time; its published rules; and its pictures."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kernel import files
from kernel.documents import APPID, Text, answers, in_path, problems
from kernel.pictures import MEDIA_TYPE
from miniprogram_api.door import Door, Json
from reviews import queries as reviews
from reviews.models import Review, ReviewWords
from reviews.queries import Summary
from reviews.rules import RULES
from reviews.states import WORDS

Kind, Ground = ReviewWords.Kind, ReviewWords.Ground
GROUNDS = list(Ground.values)
PICTURES = "/api/v1/reviews/pictures/"


class StarsOut(serializers.Serializer[Any]):
    """How many reviews gave one to five stars."""

    rating = serializers.IntegerField()
    count = serializers.IntegerField()


class ReviewSummary(serializers.Serializer[Any]):
    count = serializers.IntegerField()
    average = serializers.CharField(allow_null=True, help_text="to one place, as “4.8”; null without any")
    by_rating = StarsOut(many=True)


class GroundOut(serializers.Serializer[Any]):
    """依法屏蔽: why words are not shown."""

    ground = serializers.ChoiceField(GROUNDS)
    says = Text()


class WordsOut(serializers.Serializer[Any]):
    """What was written. Hidden words have no text and no pictures, and a ground."""

    text = serializers.CharField(allow_blank=True)
    pictures = serializers.ListField(child=serializers.CharField(), help_text="where they are")
    written_at = serializers.DateTimeField()
    hidden = GroundOut(allow_null=True)


class ReplyOut(serializers.Serializer[Any]):
    text = serializers.CharField()
    at = serializers.DateTimeField()


class ReviewOut(serializers.Serializer[Any]):
    """A review. `first` is null where the account was closed: the stars stay."""

    id = serializers.UUIDField()
    rating = serializers.IntegerField()
    name = serializers.CharField(allow_null=True, help_text="masked nickname; null: anonymous")
    sku = serializers.CharField()
    written_at = serializers.DateTimeField()
    first = WordsOut(allow_null=True)
    more = WordsOut(allow_null=True, help_text="追评")
    reply = ReplyOut(allow_null=True, help_text="商家回复")


class ReviewPageOut(serializers.Serializer[Any]):
    items = ReviewOut(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class ReviewQuery(serializers.Serializer[Any]):
    rating = serializers.IntegerField(min_value=1, max_value=5, required=False)
    with_pictures = serializers.BooleanField(required=False)
    cursor = serializers.CharField(max_length=40, required=False, allow_blank=True)
    limit = serializers.IntegerField(min_value=1, max_value=reviews.MAX_LIMIT, required=False)


class RulesOut(serializers.Serializer[Any]):
    items = Text(many=True)


LIST_PARAMETERS = tuple(ReviewQuery().fields)


class ProductReviews(Door):
    """商品评价."""

    sells = frozenset({"GET"})
    audience = "storefront"

    @extend_schema(
        operation_id="product_reviews",
        tags=["shelves"],
        parameters=[APPID, in_path("code", "of the product"), ReviewQuery],
        responses=answers(200, ReviewPageOut, 404, 422, 429),
        auth=[],
    )
    def get(self, request: Request, code: str) -> HttpResponse:
        """A page of reviews, the latest first, whatever they say; a minute old at most."""
        page = reviews.listed(self.shop.id, code, **self.asked(ReviewQuery).validated_data)
        items = [review_shown(one) for one in page.items]
        return Json({"items": items, "next_cursor": page.next_cursor})


class ReviewRules(Door):
    """评价规则."""

    audience = "storefront"

    @extend_schema(
        operation_id="review_rules",
        tags=["shelves"],
        parameters=[APPID],
        responses=answers(200, RulesOut, 404, 429),
        auth=[],
    )
    def get(self, request: Request) -> HttpResponse:
        """The published rules of reviews (电子商务法第三十九条)."""
        return Json({"items": [{"zh": zh, "en": en} for zh, en in RULES]})


class ReviewPictureView(Door):
    """评价图片."""

    audience = "storefront"

    @extend_schema(
        operation_id="review_picture",
        tags=["shelves"],
        parameters=[APPID, in_path("id", "of the picture", OpenApiTypes.UUID)],
        responses={(200, MEDIA_TYPE): OpenApiResponse(OpenApiTypes.BINARY), **problems(404)},
        auth=[],
    )
    def get(self, request: Request, id: UUID) -> HttpResponse:
        """A picture of a review that is shown; before that, for who gave it."""
        who = self.caller.customer_id if self.caller else None
        row = reviews.picture(storefront_id=self.shop.id, public_id=id, customer_id=who)
        answer = HttpResponse(files.read(row.file), content_type=MEDIA_TYPE)
        answer["Cache-Control"] = "private, max-age=300"
        return answer


def summary_shown(found: Summary) -> dict[str, Any]:
    """The stars of a product as JSON, the highest first."""
    return {
        "count": found.count,
        "average": found.average,
        "by_rating": [{"rating": rating, "count": many} for rating, many in found.by_rating.items()],
    }


def review_shown(row: Review) -> dict[str, Any]:
    """A review as everybody reads it: of its words only what is shown, or why it is not."""
    words = reviews.words_of(row)
    first, more = (_public(words.get(kind)) for kind in (Kind.FIRST, Kind.MORE))
    return {
        "id": row.public_id,
        "rating": row.rating,
        "name": row.shown_name or None,
        "sku": row.sku,
        "written_at": row.written_at,
        "first": first,
        "more": more,
        "reply": {"text": row.reply, "at": row.replied_at} if row.reply else None,
    }


def ground_said(words: ReviewWords) -> dict[str, Any] | None:
    """Why words are hidden."""
    if words.state != "hidden":
        return None
    zh, _, en = str(Ground(words.ground).label).partition(" · ")
    return {"ground": words.ground, "says": {"zh": zh, "en": en}}


def pictures_of(words: ReviewWords) -> list[str]:
    """Where the pictures are."""
    return [f"{PICTURES}{one.public_id}" for one in words.pictures.all()]


def _public(words: ReviewWords | None) -> dict[str, Any] | None:
    if words is None or words.state not in ("shown", "hidden"):
        return None
    shown = words.state == "shown"
    return {
        "text": words.text if shown else "",
        "pictures": pictures_of(words) if shown else [],
        "written_at": words.written_at,
        "hidden": ground_said(words),
    }


STATES = WORDS.states
