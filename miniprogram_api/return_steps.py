"""Each step of a return that is the consumer's: send it, appeal, take back, object, accept, order anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kernel.documents import answers
from kernel.throttle import Limit
from miniprogram_api.door import Door, Json
from miniprogram_api.quotes import QuoteOut, quote_shown
from miniprogram_api.returns import NUMBER, ReturnOut, shown
from returns import queries as returns
from returns.services.accept import accept
from returns.services.arrive import dispute
from returns.services.decide import appeal, withdraw
from returns.services.replace import quote_replacement
from returns.services.way import send

F = TypeVar("F", bound=Callable[..., Any])


class WayIn(serializers.Serializer[Any]):
    """By whom the goods are sent, as `carriers` of the return names them, and the number on its receipt."""

    carrier = serializers.CharField(max_length=20)
    waybill = serializers.CharField(max_length=40)


class ReturnWay(Door):
    """填写退货运单."""

    limits = {"POST": Limit("return_steps", 60, 3600)}

    @extend_schema(
        operation_id="send_return",
        tags=["returns"],
        parameters=[NUMBER],
        request=WayIn,
        responses=answers(200, ReturnOut, 400, 401, 404, 409, 415, 422, 429),
    )
    def post(self, request: Request, number: str) -> HttpResponse:
        """Say by whom the goods are sent back; said again, the number is mended."""
        row = returns.one(customer_id=self.own.customer_id, number=number)
        way = self.taken(WayIn).validated_data
        send(request=row, by="consumer", now=self.now, **way)
        return shown(self, number)


class _Step(Door):
    """A step that takes no words."""

    limits = {"POST": Limit("return_steps", 60, 3600)}


def _step(operation: str) -> Callable[[F], F]:
    return extend_schema(
        operation_id=operation,
        tags=["returns"],
        parameters=[NUMBER],
        request=None,
        responses=answers(200, ReturnOut, 401, 404, 409, 429),
    )


class AppealReturn(_Step):
    """申诉."""

    @_step("appeal_return")
    def post(self, request: Request, number: str) -> HttpResponse:
        """Appeal against a refusal: somebody else decides."""
        appeal(request=returns.one(customer_id=self.own.customer_id, number=number), now=self.now)
        return shown(self, number)


class WithdrawReturn(_Step):
    """撤销申请."""

    @_step("withdraw_return")
    def post(self, request: Request, number: str) -> HttpResponse:
        """Take a request back while nothing was sent."""
        row = returns.one(customer_id=self.own.customer_id, number=number)
        withdraw(request=row, by="consumer", now=self.now)
        return shown(self, number)


class DisputeReturn(_Step):
    """对扣款提出异议."""

    @_step("dispute_return")
    def post(self, request: Request, number: str) -> HttpResponse:
        """Object to what was found or is kept back: a person looks again, or all goes back in time."""
        dispute(request=returns.one(customer_id=self.own.customer_id, number=number), now=self.now)
        return shown(self, number)


class AcceptReturn(_Step):
    """接受验货结果."""

    @_step("accept_return")
    def post(self, request: Request, number: str) -> HttpResponse:
        """Accept what was found and is kept back: the money goes at once."""
        accept(request=returns.one(customer_id=self.own.customer_id, number=number), now=self.now)
        return shown(self, number)


class ReplaceReturn(_Step):
    """换货报价、重新下单."""

    @extend_schema(
        operation_id="quote_replacement",
        tags=["returns"],
        parameters=[NUMBER],
        request=None,
        responses=answers(201, QuoteOut, 401, 403, 404, 409, 422, 429),
    )
    def post(self, request: Request, number: str) -> HttpResponse:
        """Price what is wanted in exchange, or what was wrong, missing or damaged; then order and pay it as
        any other. Nothing is kept for it before it is placed."""
        row = returns.one(customer_id=self.own.customer_id, number=number)
        made = quote_replacement(request=row, customer=self.customer(), now=self.now)
        return Json(quote_shown(self, made, None), 201)
