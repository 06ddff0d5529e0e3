"""The shapes that many answers share, and every answer that is a problem, for the OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from drf_spectacular.plumbing import _load_enum_name_overrides
from drf_spectacular.settings import patched_settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import serializers

PROBLEM = "application/problem+json"


@contextmanager
def told_by(settings: dict[str, Any]) -> Iterator[None]:
    """Within it one document is made by settings of its own, by its names of enumerations too, of which
    drf-spectacular would keep those of the first document of a process for all."""
    _load_enum_name_overrides.cache_clear()
    try:
        with patched_settings(settings):
            yield
    finally:
        _load_enum_name_overrides.cache_clear()


class Text(serializers.Serializer[Any]):
    """A text in both languages."""

    zh = serializers.CharField(allow_blank=True)
    en = serializers.CharField(allow_blank=True)


class Picture(serializers.Serializer[Any]):
    """A picture and its thumbnail."""

    url = serializers.CharField()
    thumbnail_url = serializers.CharField()
    alt = Text()
    width = serializers.IntegerField()
    height = serializers.IntegerField()


class RefusalDocument(serializers.Serializer[Any]):
    """One sentence of law or policy that says no."""

    rule = serializers.CharField(help_text="its number in the rule book")
    sentence = serializers.CharField()
    sentence_zh = serializers.CharField()
    citation = serializers.CharField(help_text="document and article")
    link = serializers.CharField(allow_blank=True)
    facts = serializers.DictField()


class Problem(serializers.Serializer[Any]):
    """RFC 9457 problem details; `code` is stable, other members depend on it."""

    type = serializers.CharField()
    title = serializers.CharField(help_text="中文；英文请带 Accept-Language: en · for the consumer's eyes")
    status = serializers.IntegerField()
    code = serializers.CharField()
    refusals = RefusalDocument(many=True, required=False)
    errors = serializers.JSONField(  # type: ignore[assignment]  # a field of the document
        required=False, help_text="by field, when the body or query is malformed"
    )
    seconds = serializers.IntegerField(required=False, help_text="how long to wait, when throttled")


WHAT = {
    400: "The body is not JSON.",
    401: "No token, or it is expired or revoked: log in again.",
    403: "Refused by law or policy, with every reason.",
    404: "Not here, or not yours.",
    409: "Not in the present state: read again, then decide again.",
    410: "It was there once, and is gone for good.",
    412: "It has changed since you read it.",
    413: "The body is larger than anything this address has use for.",
    415: "Send JSON.",
    422: "The request is not valid.",
    428: "Say which one you saw: send If-Match.",
    429: "Too many requests; Retry-After says when to come back.",
    502: "An outside party refused.",
    503: "Busy, or an outside party does not answer: try again.",
}

Answers = dict[tuple[int, str], Any]


def problems(*statuses: int) -> Answers:
    """The problem answers of an operation; 503 can always happen."""
    return {(s, PROBLEM): OpenApiResponse(Problem, WHAT[s]) for s in (*statuses, 503)}


def answers(status: int, shape: Any, *failures: int) -> Answers:
    """One good answer, and the problems."""
    good = OpenApiResponse(shape) if shape is not None else OpenApiResponse(description="Done.")
    return {(status, "application/json"): good, **problems(*failures)}


APPID = OpenApiParameter(
    "X-Appid",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="小程序 appid: which storefront is meant",
)


def in_path(name: str, what: str, kind: Any = OpenApiTypes.STR) -> OpenApiParameter:
    """A parameter of the path."""
    return OpenApiParameter(name, kind, OpenApiParameter.PATH, description=what)
