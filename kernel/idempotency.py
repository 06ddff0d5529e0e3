"""A client's key makes a POST safe to send again: the first answer is given again, to the byte.

Successes and refusals of law are kept; a conflict or a failure is not, so that the same key may be tried
again.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from drf_spectacular.utils import OpenApiParameter

from kernel.documents import PROBLEM
from kernel.errors import Invalid
from kernel.receipts import Answer, fingerprint

SHORTEST, LONGEST = 8, 120
HEADER = "Idempotency-Key"


class KeyNeeded(Invalid):
    """Without a key a lost answer could not be asked for again."""

    code = "idempotency_key_needed"
    title = "Send an Idempotency-Key header of 8 to 120 printable characters, a new one for each order."
    title_zh = "请在请求头 Idempotency-Key 中提供 8 至 120 个可打印字符，每笔订单使用新的值。"


def header(says: str) -> OpenApiParameter:
    """The key as the OpenAPI document tells it."""
    shape = {"type": "string", "minLength": SHORTEST, "maxLength": LONGEST, "pattern": "^[ -~]+$"}
    return OpenApiParameter(HEADER, shape, OpenApiParameter.HEADER, required=True, description=says)


def key_of(request: HttpRequest) -> str:
    """The client's key; raises KeyNeeded."""
    key = str(request.META.get("HTTP_IDEMPOTENCY_KEY", ""))
    if not SHORTEST <= len(key) <= LONGEST or not key.isascii() or not key.isprintable():
        raise KeyNeeded()
    return key


def fingerprint_of(request: HttpRequest) -> bytes:
    """What must be equal in a replay: method, path with its query, and body."""
    return fingerprint(request.method or "", request.get_full_path(), request.body)


def told(answer: Answer, *, replayed: bool = False) -> HttpResponse:
    """The kept answer as HTTP."""
    kind = PROBLEM if answer.status >= 400 else "application/json"
    response = HttpResponse(answer.body, status=answer.status, content_type=kind)
    if replayed:
        response["Idempotent-Replay"] = "true"
    return response
