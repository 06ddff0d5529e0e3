"""Carrying a verified identity to another mini-program of the platform: a code, and consent in both."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from customers import queries as customers
from customers.services.sharing import cancel_offer, offer_identity, reuse_identity
from kernel.documents import Text, answers
from kernel.throttle import Limit
from miniprogram_api.door import Door, Json, nothing
from miniprogram_api.me import IDENTITY_STATES


class OfferOut(serializers.Serializer[Any]):
    """The code, shown once: to be typed in the other mini-program."""

    code = serializers.CharField(help_text="7KQ2M-9XWPA; 连字符可省略 · the dash may be left out")
    expires_at = serializers.DateTimeField()


class SharedOut(serializers.Serializer[Any]):
    storefront = Text()
    at = serializers.DateTimeField()


class SharesOut(serializers.Serializer[Any]):
    """Until when an open code is good, and where the identity was carried to."""

    open_until = serializers.DateTimeField(allow_null=True)
    items = SharedOut(many=True)


class ReuseIn(serializers.Serializer[Any]):
    code = serializers.CharField(max_length=20)


class ReuseOut(serializers.Serializer[Any]):
    state = serializers.ChoiceField(IDENTITY_STATES)
    name_masked = serializers.CharField()
    number_masked = serializers.CharField()


class ShareIdentity(Door):
    """实名信息跨店铺共享."""

    own_transaction = frozenset({"POST", "DELETE"})
    limits = {"POST": Limit("share_identity", 10, 3600)}

    @extend_schema(operation_id="identity_shares", tags=["me"], responses=answers(200, SharesOut, 401, 404))
    def get(self, request: Request) -> HttpResponse:
        """Where one's identity was carried to."""
        row = self.customer()
        items = [
            {"storefront": {"zh": one.storefront_zh, "en": one.storefront_en}, "at": one.at}
            for one in customers.shared(row)
        ]
        return Json({"open_until": customers.open_offer_until(row, self.now), "items": items})

    @extend_schema(
        operation_id="offer_identity",
        tags=["me"],
        request=None,
        responses=answers(201, OfferOut, 401, 404, 409, 429),
    )
    def post(self, request: Request) -> HttpResponse:
        """A one-time code for the verified identity; asks for the consent “identity_reuse” first.

        The code is good for some minutes, for one use, and only under the same phone number, which WeChat has
        confirmed in both mini-programs. An earlier code is good no longer.
        """
        offer = offer_identity(customer=self.customer(), now=self.now)
        half = len(offer.code) // 2
        shown = f"{offer.code[:half]}-{offer.code[half:]}"
        return Json({"code": shown, "expires_at": offer.expires_at}, status=201)

    @extend_schema(operation_id="cancel_offer", tags=["me"], responses=answers(204, None, 401, 404))
    def delete(self, request: Request) -> HttpResponse:
        """End the open code; a second time changes nothing."""
        cancel_offer(customer=self.customer(), now=self.now)
        return nothing()


class ReuseIdentity(Door):
    """使用其他店铺的实名信息."""

    own_transaction = frozenset({"POST"})
    limits = {"POST": Limit("reuse_identity", 10, 3600)}

    @extend_schema(
        operation_id="reuse_identity",
        tags=["me"],
        request=ReuseIn,
        responses=answers(200, ReuseOut, 400, 401, 404, 409, 415, 422, 429),
    )
    def post(self, request: Request) -> HttpResponse:
        """Take over the identity behind a code; asks for “sensitive_identity” and “identity_reuse” first."""
        code = self.taken(ReuseIn).validated_data["code"]
        reuse_identity(customer=self.customer(), code=code, now=self.now)
        with transaction.atomic():
            profile = customers.profile(self.customer())
        return Json(
            {
                "state": profile.identity_state,
                "name_masked": profile.identity_name_masked,
                "number_masked": profile.identity_number_masked,
            }
        )
