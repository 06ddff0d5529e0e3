"""To whom the customer's data was given: every time, with recipient, country, purpose, basis and fields."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from catalog.cursors import BadCursor
from compliance import queries as compliance
from compliance.disclosures import named
from compliance.models import Disclosure
from kernel.documents import Text, answers
from miniprogram_api.door import Door, Json


class DisclosureAsked(serializers.Serializer[Any]):
    """Which page: `cursor` is that of the page before."""

    cursor = serializers.CharField(required=False, allow_blank=True, max_length=64)
    limit = serializers.IntegerField(required=False, min_value=1, max_value=50, default=20)


class DisclosureOut(serializers.Serializer[Any]):
    """One time that data left the house; `what` names the fields, never what they say."""

    at = serializers.DateTimeField()
    recipient = serializers.CharField()
    recipient_kind = serializers.ChoiceField(Disclosure.Recipient.values)
    recipient_kind_name = Text()
    country = serializers.CharField(help_text="ISO 3166, two letters")
    purpose = Text()
    basis = serializers.ChoiceField(Disclosure.Basis.values)
    what = Text(many=True)
    order_number = serializers.CharField(allow_blank=True)


class DisclosurePage(serializers.Serializer[Any]):
    items = DisclosureOut(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class MyDisclosures(Door):
    """个人信息提供记录."""

    @extend_schema(
        operation_id="disclosures",
        tags=["rights"],
        parameters=[DisclosureAsked],
        responses=answers(200, DisclosurePage, 401, 404, 422),
    )
    def get(self, request: Request) -> HttpResponse:
        """To whom personal data was given, the last time first."""
        asked = self.asked(DisclosureAsked).validated_data
        limit = asked["limit"]
        found = compliance.disclosures(
            subject_id=self.customer().subject_id, after=_place(asked.get("cursor", "")), limit=limit + 1
        )
        items = found[:limit]
        more = str(items[-1].public_id) if len(found) > limit else None
        return Json({"items": [_shown(row) for row in items], "next_cursor": more})


def _place(cursor: str) -> UUID | None:
    """The row that a cursor names; raises BadCursor for what cannot be one."""
    if not cursor:
        return None
    try:
        return UUID(cursor)
    except ValueError as failure:
        raise BadCursor() from failure


def _shown(row: Disclosure) -> dict[str, Any]:
    return {
        "at": row.at,
        "recipient": row.recipient,
        "recipient_kind": row.recipient_kind,
        "recipient_kind_name": named("recipients", row.recipient_kind),
        "country": row.country,
        "purpose": named("purposes", row.purpose),
        "basis": row.basis,
        "what": [named("fields", name) for name in row.fields],
        "order_number": row.order_number,
    }
