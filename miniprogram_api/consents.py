"""What the customer is asked to agree to, one text at a time, and the risk notice of every order."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from catalog.naming import names_of
from compliance import queries as compliance
from compliance.consent_texts import ConsentText, current_text, current_texts
from compliance.law import Law
from compliance.models import Consent
from compliance.notice import risk_notice
from compliance.services import UnknownConsent, give_consent
from customers.services.consents import withdraw
from kernel.clock import shanghai_day
from kernel.documents import Text, answers, in_path
from kernel.throttle import Limit
from miniprogram_api.door import Door, Json, nothing

KIND = in_path("kind", "of the text")
CHANGES = Limit("consents", 120, 3600)


class ConsentOut(serializers.Serializer[Any]):
    """A text in force, and whether the customer has agreed to this very version."""

    kind = serializers.CharField()
    version = serializers.CharField()
    sha256 = serializers.CharField()
    required = serializers.BooleanField(  # type: ignore[assignment]  # a field of the document
        help_text="without it the service cannot be given"
    )
    title = Text()
    text = Text()
    given = serializers.BooleanField()
    given_at = serializers.DateTimeField(allow_null=True)


class ConsentList(serializers.Serializer[Any]):
    items = ConsentOut(many=True)


class ConsentIn(serializers.Serializer[Any]):
    """The version that was on the screen."""

    version = serializers.CharField(max_length=20)


class RiskNoticeOut(serializers.Serializer[Any]):
    """风险告知书: its statements, and the hash that an order sends back."""

    version = serializers.CharField()
    sha256 = serializers.CharField()
    zh = serializers.ListField(child=serializers.CharField())
    en = serializers.ListField(child=serializers.CharField())


class Consents(Door):
    """授权与同意."""

    @extend_schema(operation_id="consents", tags=["me"], responses=answers(200, ConsentList, 401, 404))
    def get(self, request: Request) -> HttpResponse:
        """Every text in force, the required ones first."""
        return Json({"items": consents_of(self)})


class ConsentTo(Door):
    """单项同意."""

    limits = {"PUT": CHANGES, "DELETE": CHANGES}

    @extend_schema(
        operation_id="give_consent",
        tags=["me"],
        parameters=[KIND],
        request=ConsentIn,
        responses=answers(200, ConsentOut, 400, 401, 404, 409, 415, 422, 429),
    )
    def put(self, request: Request, kind: str) -> HttpResponse:
        """Agree to the current version of one text."""
        text = self._text(kind)
        version = self.taken(ConsentIn).validated_data["version"]
        given = give_consent(
            subject=self.customer().subject,
            kind=kind,
            version=version,
            names=names_of(self.shop),
            now=self.now,
        )
        return Json(_shown(text, given))

    @extend_schema(
        operation_id="withdraw_consent",
        tags=["me"],
        parameters=[KIND],
        responses=answers(204, None, 401, 404, 429),
    )
    def delete(self, request: Request, kind: str) -> HttpResponse:
        """Withdraw it, at once, as easily as it was given; a second time changes nothing."""
        self._text(kind)
        withdraw(customer=self.customer(), kind=kind, now=self.now)
        return nothing()

    def _text(self, kind: str) -> ConsentText:
        text = current_text(kind, shanghai_day(self.now), names_of(self.shop))
        if text is None:
            raise UnknownConsent(kind=kind)
        return text


class RiskNotice(Door):
    """风险告知书."""

    audience = "anyone"

    @extend_schema(
        operation_id="risk_notice", tags=["reference"], responses=answers(200, RiskNoticeOut), auth=[]
    )
    def get(self, request: Request) -> HttpResponse:
        """The notice in force, which a consumer confirms for every order."""
        return Json(notice_now(self))


def consents_of(door: Door) -> list[dict[str, Any]]:
    """Every text in force with the caller's answer, the required ones first."""
    texts = current_texts(shanghai_day(door.now), names_of(door.shop))
    given = compliance.consents(subject_id=door.customer().subject_id, texts=texts)
    return [_shown(text, given.get(text.kind)) for text in texts]


def notice_now(door: Door) -> dict[str, Any]:
    """The risk notice in force."""
    notice = risk_notice(Law(shanghai_day(door.now)))
    return {"version": notice.version, "sha256": notice.sha256, "zh": notice.zh, "en": notice.en}


def _shown(text: ConsentText, given: Consent | None) -> dict[str, Any]:
    return {
        "kind": text.kind,
        "version": text.version,
        "sha256": text.sha256,
        "required": text.required,
        "title": {"zh": text.title_zh, "en": text.title_en},
        "text": {"zh": text.zh, "en": text.en},
        "given": given is not None,
        "given_at": given.given_at if given is not None else None,
    }
