"""Who orders, shown masked to themselves, and what is left of their year."""

from __future__ import annotations

import re
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from compliance import queries as compliance
from compliance.law import Law
from compliance.queries import Allowance
from customers import queries as customers
from customers.models import Identity
from customers.services.verification import give_identity
from customers.told import REASONS
from kernel.clock import shanghai_day
from kernel.documents import answers
from kernel.errors import Invalid
from kernel.throttle import Limit
from miniprogram_api.door import Door, Json
from miniprogram_api.me import IDENTITY_STATES
from orders import queries as orders

DEVICE_FORM = re.compile(r"[0-9A-Za-z-]{16,64}")
DEVICE = OpenApiParameter(
    "X-Device",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="小程序首次启动时生成并存于本地的随机标识（16 至 64 位字母、数字、连字符），可不传"
    "；格式有误则返回 invalid_device · a random id that the mini-program makes at its first start and"
    " keeps in its storage; here a blind index only. It may be left out; a malformed one is"
    " “invalid_device”",
)


class BadDevice(Invalid):
    """Taken for none, a malformed id would quietly leave the count of its device out."""

    code = "invalid_device"
    title = "The header X-Device holds 16 to 64 letters, digits or hyphens, or is left out; nothing was done."
    title_zh = "请求头 X-Device 应为 16 至 64 位字母、数字或连字符，或不传；未做任何操作。"


def device_of(request: Request) -> str:
    """The id that the mini-program keeps, "" where it sends none; raises BadDevice."""
    sent: str | None = request.META.get("HTTP_X_DEVICE")
    if sent is not None and not DEVICE_FORM.fullmatch(sent):
        raise BadDevice()
    return sent or ""


class IdentityIn(serializers.Serializer[Any]):
    """Name and resident identity number (公民身份号码, GB 11643) of the one who orders."""

    name = serializers.CharField(max_length=60)
    number = serializers.CharField(max_length=32)


class AllowanceOut(serializers.Serializer[Any]):
    """The person's year (年度交易额度), in fen: our estimate; customs is authoritative.

    Until the identity is verified it counts this customer's own orders only, and nothing can be ordered.
    """

    year = serializers.IntegerField()
    limit_fen = serializers.IntegerField()
    used_fen = serializers.IntegerField()
    reserved_fen = serializers.IntegerField()
    left_fen = serializers.IntegerField()


class IdentityOut(serializers.Serializer[Any]):
    """“stated” with `under_way` is being verified: ask again in a moment. Only “verified” may order."""

    state = serializers.ChoiceField(IDENTITY_STATES)
    under_way = serializers.BooleanField(help_text="核验进行中 · the provider's answer is waited for")
    rejected_for = serializers.ChoiceField(
        ["", *REASONS],
        allow_blank=True,
        help_text="not_confirmed 未通过核验：请核对姓名与号码 · check name and number",
    )
    name_masked = serializers.CharField(allow_blank=True)
    number_masked = serializers.CharField(allow_blank=True)
    allowance = AllowanceOut()


class MyIdentity(Door):
    """实名信息与额度."""

    own_transaction = frozenset({"PUT"})
    limits = {"PUT": Limit("identity", 10, 3600)}

    @extend_schema(operation_id="identity", tags=["me"], responses=answers(200, IdentityOut, 401, 404))
    def get(self, request: Request) -> HttpResponse:
        """The identity one orders with, masked, and the allowance of this year."""
        return Json(self._shown())

    @extend_schema(
        operation_id="state_identity",
        tags=["me"],
        parameters=[DEVICE],
        request=IdentityIn,
        responses=answers(200, IdentityOut, 400, 401, 404, 409, 415, 422, 429),
    )
    def put(self, request: Request) -> HttpResponse:
        """State who orders, and have it verified by an authorised provider, in at most five seconds.

        Asks for the consent “sensitive_identity” first. Where the provider does not answer in time the state
        stays “stated” and the house goes on asking by itself. Attempts are counted by customer, device and
        number: `identity_attempts` says when to come back. Why a pair is not confirmed is not told.
        """
        wanted = self.taken(IdentityIn).validated_data
        give_identity(
            customer=self.customer(),
            name=wanted["name"],
            number=wanted["number"],
            device=device_of(request),
            now=self.now,
        )
        with transaction.atomic():
            return Json(self._shown())

    def _shown(self) -> dict[str, Any]:
        row = self.customer()
        profile = customers.profile(row)
        law = Law(shanghai_day(self.now))
        limit_fen = law.figure("import/annual_limit")
        if profile.identity_state == Identity.State.VERIFIED:
            year = compliance.allowance(
                person_id=row.subject.person_id, year=law.day.year, limit_fen=limit_fen
            )
        else:
            # Whoever merely states a number must not learn what its owner has bought elsewhere.
            own_fen = orders.reserved_fen(customer_id=row.pk, year=law.day.year)
            year = Allowance(law.day.year, limit_fen, 0, own_fen)
        return {
            "state": profile.identity_state or "none",
            "under_way": profile.identity_state == Identity.State.STATED and customers.is_being_verified(row),
            "rejected_for": profile.identity_rejected_for,
            "name_masked": profile.identity_name_masked,
            "number_masked": profile.identity_number_masked,
            "allowance": {
                "year": year.year,
                "limit_fen": year.limit_fen,
                "used_fen": year.used_fen,
                "reserved_fen": year.reserved_fen,
                "left_fen": year.left_fen,
            },
        }
