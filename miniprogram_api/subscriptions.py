"""News of orders by subscribe message (订阅消息): for which templates to ask, and what was answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from customers import occasions
from customers.occasions import MOMENTS, Occasion
from customers.services.news_consents import Asked, take_answers, to_ask
from kernel.documents import Text, answers
from kernel.idempotency import header, key_of
from kernel.throttle import Limit
from miniprogram_api.door import Door, Json
from miniprogram_api.sayings import AN_ANSWER_EACH

ANSWERS = ["accept", "reject", "ban", "filter"]
MOST = 5
_KEY = header("每次弹窗一个新值；重试时不变 · a new one each time they are asked, the same for a retry")


class MomentIn(serializers.Serializer[Any]):
    at = serializers.ChoiceField(MOMENTS, default="payment")


class TemplateOut(serializers.Serializer[Any]):
    """A template of wx.requestSubscribeMessage; `left` messages of it are agreed to and not yet sent."""

    occasion = serializers.ChoiceField(Occasion.values)
    says = Text()
    template_id = serializers.CharField()
    left = serializers.IntegerField()


class TemplateList(serializers.Serializer[Any]):
    templates = TemplateOut(many=True)


class AnswerIn(serializers.Serializer[Any]):
    """What wx.requestSubscribeMessage told of one template."""

    template_id = serializers.CharField(max_length=64)
    answer = serializers.ChoiceField(ANSWERS)


class AnswersIn(serializers.Serializer[Any]):
    answers = serializers.ListField(child=AnswerIn(), min_length=1, max_length=MOST)

    def validate_answers(self, value: list[dict[str, str]]) -> list[dict[str, str]]:
        if len({one["template_id"] for one in value}) != len(value):
            raise serializers.ValidationError(str(AN_ANSWER_EACH))
        return value


class Subscriptions(Door):
    """订阅消息."""

    limits = {"POST": Limit("subscriptions", 120, 3600)}

    @extend_schema(
        operation_id="subscriptions",
        tags=["me"],
        parameters=[
            OpenApiParameter(
                "at",
                {"type": "string", "enum": list(MOMENTS), "default": "payment"},
                description=(
                    "付款时、发货后或退换货时"
                    " · when the order is paid, on the page of its parcels, or at a return"
                ),
            )
        ],
        responses=answers(200, TemplateList, 401, 404, 422),
    )
    def get(self, request: Request) -> HttpResponse:
        """The templates to ask the consumer for at this moment; at most three, none where none is set."""
        moment = self.asked(MomentIn).validated_data["at"]
        return Json({"templates": shown(to_ask(customer=self.customer(), moment=moment))})

    @extend_schema(
        operation_id="answer_subscriptions",
        tags=["me"],
        parameters=[_KEY],
        request=AnswersIn,
        responses=answers(200, TemplateList, 400, 401, 404, 409, 415, 422, 429),
    )
    def post(self, request: Request) -> HttpResponse:
        """Tell what the consumer answered: each `accept` is good for one message, once a key."""
        key = key_of(request._request)
        told = self.taken(AnswersIn).validated_data["answers"]
        said = {one["template_id"]: one["answer"] for one in told}
        left = take_answers(customer=self.customer(), answers=said, key=key, now=self.now)
        return Json({"templates": shown(left)})


def shown(rows: Sequence[Asked]) -> list[dict[str, Any]]:
    """Templates as JSON."""
    return [
        {
            "occasion": row.occasion,
            "says": {"zh": occasions.zh(row.occasion), "en": occasions.en(row.occasion)},
            "template_id": row.template_id,
            "left": row.left,
        }
        for row in rows
    ]
