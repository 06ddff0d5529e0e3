"""Logging in with WeChat's one-time code, and logging out."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from customers.services.login import log_in, log_out
from kernel.documents import APPID, answers
from kernel.throttle import Limit
from miniprogram_api.door import Door, Json, nothing


class LogIn(serializers.Serializer[Any]):
    """What `wx.login` gave."""

    code = serializers.CharField(max_length=256)


class SessionCustomer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    new = serializers.BooleanField(help_text="first log-in in this storefront")


class SessionMade(serializers.Serializer[Any]):
    """The token is shown once; send it as `Authorization: Bearer …`."""

    token = serializers.CharField()
    expires_at = serializers.DateTimeField()
    customer = SessionCustomer()


class SessionView(Door):
    """登录与退出."""

    audience = "storefront"
    own_transaction = frozenset({"POST"})
    customers_only = frozenset({"DELETE"})
    limits = {"POST": Limit("session", 120, 60)}

    @extend_schema(
        operation_id="log_in",
        tags=["session"],
        request=LogIn,
        parameters=[APPID],
        responses=answers(201, SessionMade, 400, 403, 404, 415, 422, 429, 502),
        auth=[],
    )
    def post(self, request: Request) -> HttpResponse:
        """Exchange the code of wx.login for a token of two hours."""
        code = self.taken(LogIn).validated_data["code"]
        made = log_in(appid=self.shop.appid, js_code=code, now=self.now)
        return Json(
            {
                "token": made.token,
                "expires_at": made.expires_at,
                "customer": {"id": made.customer.public_id, "new": made.new},
            },
            201,
        )

    @extend_schema(
        operation_id="log_out", tags=["session"], request=None, responses=answers(204, None, 401, 404)
    )
    def delete(self, request: Request) -> HttpResponse:
        """Revoke the token of this call."""
        log_out(token=self.own.token, now=self.now)
        return nothing()
