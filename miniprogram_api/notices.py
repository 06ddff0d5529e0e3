"""What is done with personal data by contract and law: told in a notice, and recorded when it was seen."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from compliance.consent_texts import ConsentText
from compliance.models import NoticeSeen
from compliance.services.notices import current_notice, see_notice
from kernel.documents import Text, answers
from miniprogram_api.consents import CHANGES, KIND, ConsentIn
from miniprogram_api.door import Door, Json


class NoticeOut(serializers.Serializer[Any]):
    """A notice in force, and when the customer has seen this very version."""

    kind = serializers.CharField()
    version = serializers.CharField()
    sha256 = serializers.CharField()
    title = Text()
    text = Text()
    seen_at = serializers.DateTimeField(allow_null=True)


class Notice(Door):
    """告知书."""

    limits = {"PUT": CHANGES}

    @extend_schema(
        operation_id="notice", tags=["rights"], parameters=[KIND], responses=answers(200, NoticeOut, 401, 404)
    )
    def get(self, request: Request, kind: str) -> HttpResponse:
        """The text; `providing` tells what customs, the payment institution and the carrier are given."""
        text = current_notice(kind=kind, now=self.now)
        seen = NoticeSeen.objects.filter(subject_id=self.customer().subject_id, text_hash=text.sha256).first()
        return Json(_shown(text, seen))

    @extend_schema(
        operation_id="see_notice",
        tags=["rights"],
        parameters=[KIND],
        request=ConsentIn,
        responses=answers(200, NoticeOut, 400, 401, 404, 409, 415, 422, 429),
    )
    def put(self, request: Request, kind: str) -> HttpResponse:
        """Record that this version was shown; nothing is agreed to."""
        version = self.taken(ConsentIn).validated_data["version"]
        seen = see_notice(subject=self.customer().subject, kind=kind, version=version, now=self.now)
        return Json(_shown(current_notice(kind=kind, now=self.now), seen))


def _shown(text: ConsentText, seen: NoticeSeen | None) -> dict[str, Any]:
    return {
        "kind": text.kind,
        "version": text.version,
        "sha256": text.sha256,
        "title": {"zh": text.title_zh, "en": text.title_en},
        "text": {"zh": text.zh, "en": text.en},
        "seen_at": seen.at if seen is not None else None,
    }
