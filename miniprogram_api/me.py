"""The customer's own page: nickname, phone, language."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from compliance import masking
from customers import queries as customers
from customers.models import Customer, Identity
from customers.services.profile import change_profile, forget_phone, take_phone
from kernel.documents import answers
from kernel.throttle import Limit
from miniprogram_api.door import Door, Json, nothing

IDENTITY_STATES = ["none", *Identity.State.values]


class ProfileOut(serializers.Serializer[Any]):
    """What the customer sees of themselves."""

    id = serializers.UUIDField()
    nickname = serializers.CharField(allow_blank=True)
    phone_masked = serializers.CharField(allow_blank=True, help_text="138****1234")
    language = serializers.ChoiceField(["zh", "en"])
    identity_state = serializers.ChoiceField(IDENTITY_STATES)


class ProfileIn(serializers.Serializer[Any]):
    """What is given is changed, the rest stays."""

    nickname = serializers.CharField(max_length=40, allow_blank=True, required=False)
    language = serializers.ChoiceField(["zh", "en"], required=False)


class PhoneIn(serializers.Serializer[Any]):
    """The code of the phone number button (open-type getPhoneNumber)."""

    code = serializers.CharField(max_length=256)


class PhoneOut(serializers.Serializer[Any]):
    phone_masked = serializers.CharField()


class Me(Door):
    """个人中心."""

    limits = {"PUT": Limit("profile", 60, 3600)}

    @extend_schema(operation_id="me", tags=["me"], responses=answers(200, ProfileOut, 401, 404))
    def get(self, request: Request) -> HttpResponse:
        """Profile, with the phone masked."""
        return Json(self._shown(self.customer()))

    @extend_schema(
        operation_id="change_me",
        tags=["me"],
        request=ProfileIn,
        responses=answers(200, ProfileOut, 400, 401, 404, 415, 422, 429),
    )
    def put(self, request: Request) -> HttpResponse:
        """Change nickname or language; what is not named stays. (wx.request knows no PATCH.)"""
        wanted = self.taken(ProfileIn).validated_data
        change_profile(customer=self.customer(), **wanted)
        return Json(self._shown(self.customer()))

    def _shown(self, row: Customer) -> dict[str, Any]:
        profile = customers.profile(row)
        return {
            "id": profile.public_id,
            "nickname": profile.nickname,
            "phone_masked": profile.phone_masked,
            "language": profile.language,
            "identity_state": profile.identity_state or "none",
        }


class MyPhone(Door):
    """手机号."""

    own_transaction = frozenset({"POST"})
    limits = {"POST": Limit("phone", 20, 3600), "DELETE": Limit("profile", 60, 3600)}  # WeChat charges

    @extend_schema(
        operation_id="take_phone",
        tags=["me"],
        request=PhoneIn,
        responses=answers(200, PhoneOut, 400, 401, 404, 415, 422, 429, 502),
    )
    def post(self, request: Request) -> HttpResponse:
        """Exchange the code of WeChat's phone button for the number."""
        code = self.taken(PhoneIn).validated_data["code"]
        number = take_phone(customer=self.customer(), code=code)
        return Json({"phone_masked": masking.phone(number)})

    @extend_schema(operation_id="forget_phone", tags=["me"], responses=answers(204, None, 401, 404, 429))
    def delete(self, request: Request) -> HttpResponse:
        """Remove the number."""
        forget_phone(customer=self.customer())
        return nothing()
