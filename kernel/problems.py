"""One function turns every failure into `application/problem+json` (RFC 9457), in Chinese or English."""

from __future__ import annotations

from typing import Any

import orjson
import structlog
from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework import exceptions as drf

from kernel.errors import Conflict, Invalid, Missing, Problem, Upstream

log = structlog.get_logger(__name__)


class BadFields(Invalid):
    """The body does not have the shape the schema asks for."""

    code = "invalid_fields"
    title = "Some fields are missing or malformed."
    title_zh = "部分字段缺失或格式有误。"

    def __init__(self, errors: Any) -> None:
        super().__init__()
        self.errors = errors

    def facts(self) -> dict[str, Any]:
        return {"errors": self.errors}


class Malformed(Invalid):
    """The body cannot be read at all."""

    status = 400
    code = "malformed"
    title = "The body is not valid JSON."
    title_zh = "请求体不是有效的 JSON。"


class BadLength(Invalid):
    """The header Content-Length is no number."""

    status = 400
    code = "bad_content_length"
    title = "Content-Length is not a number of bytes."
    title_zh = "Content-Length 不是有效的字节数。"


class TooLarge(Problem):
    """The body is larger than anything this address has use for."""

    status = 413
    code = "body_too_large"
    title = "The body is too large; at most {limit} bytes are read."
    title_zh = "请求体过大，最多 {limit} 字节。"

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit = limit

    def facts(self) -> dict[str, Any]:
        return {"limit": self.limit}


class Unauthenticated(Problem):
    """No token, or one that is expired or revoked."""

    status = 401
    code = "unauthenticated"
    title = "Log in again."
    title_zh = "请重新登录。"


class MethodNotAllowed(Problem):
    status = 405
    code = "method_not_allowed"
    title = "This address does not take this method."
    title_zh = "该地址不支持此方法。"


class NotAcceptable(Problem):
    status = 406
    code = "not_acceptable"
    title = "Answers are JSON."
    title_zh = "仅提供 JSON 格式。"


class UnsupportedMediaType(Problem):
    status = 415
    code = "unsupported_media_type"
    title = "Send JSON."
    title_zh = "请使用 JSON 格式提交。"


class Forbidden(Problem):
    status = 403
    code = "forbidden"
    title = "You may not do this."
    title_zh = "无权执行此操作。"


class Throttled(Problem):
    """Too many requests; `Retry-After` says when."""

    status = 429
    code = "throttled"
    title = "Too many requests; please wait {seconds} s."
    title_zh = "请求过于频繁，请 {seconds} 秒后再试。"

    def __init__(self, seconds: int) -> None:
        super().__init__()
        self.seconds = seconds

    def facts(self) -> dict[str, Any]:
        return {"seconds": self.seconds}


class Busy(Upstream):
    """A time-out of the database was reached: nothing was lost, trying again is safe."""

    code = "busy"
    title = "Busy; nothing was changed, please try again."
    title_zh = "系统繁忙，未做任何更改，请稍后重试。"


class Bug(Problem):
    code = "internal_error"
    title = "Something went wrong on our side."
    title_zh = "服务内部错误。"


_KNOWN: tuple[tuple[type[Exception], type[Problem]], ...] = (
    (drf.ParseError, Malformed),
    (drf.NotAuthenticated, Unauthenticated),
    (drf.AuthenticationFailed, Unauthenticated),
    (drf.PermissionDenied, Forbidden),
    (PermissionDenied, Forbidden),
    (drf.NotFound, Missing),
    (Http404, Missing),
    (drf.MethodNotAllowed, MethodNotAllowed),
    (drf.NotAcceptable, NotAcceptable),
    (drf.UnsupportedMediaType, UnsupportedMediaType),
    (OperationalError, Busy),
)


def language_of(request: HttpRequest | None) -> str:
    """ "en" where the caller asks for English before Chinese, else "zh": the consumers are Chinese."""
    accepted = request.headers.get("Accept-Language", "") if request is not None else ""
    for wish in accepted.lower().split(","):
        tag = wish.split(";")[0].strip()
        if tag.startswith("en"):
            return "en"
        if tag.startswith("zh"):
            return "zh"
    return "zh"


def as_problem(failure: BaseException) -> Problem:
    """The Problem that an exception means to the caller; anything unknown is a Bug."""
    if isinstance(failure, Problem):
        return failure
    if isinstance(failure, drf.ValidationError):
        return BadFields(failure.get_full_details())
    if isinstance(failure, drf.Throttled):
        return Throttled(int(getattr(failure, "wait", None) or 1) + 1)
    if isinstance(failure, RequestDataTooBig):
        return TooLarge(settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0)
    return next((problem() for kind, problem in _KNOWN if isinstance(failure, kind)), Bug())


def document(problem: Problem, language: str) -> dict[str, Any]:
    """The problem as a JSON object: type, title, status, code, and its own fields."""
    facts = problem.facts()
    return {
        "type": f"/problems/{problem.code}",
        "title": problem.text(language),
        "status": status_of(problem),
        "code": problem.code,
        **facts,
    }


def status_of(problem: Problem) -> int:
    """The HTTP status; an Upstream decides by whether trying again can help."""
    return problem.http_status if isinstance(problem, Upstream) else problem.status


def render(problem: Problem, request: HttpRequest | None) -> HttpResponse:
    """The problem as an HTTP answer."""
    language = language_of(request)
    answer = HttpResponse(
        orjson.dumps(document(problem, language), default=str, option=orjson.OPT_NON_STR_KEYS),
        status=status_of(problem),
        content_type="application/problem+json",
    )
    answer["Content-Language"] = "zh-CN" if language == "zh" else "en"
    answer["Vary"] = "Accept-Language"
    wait = problem.seconds if isinstance(problem, Throttled) else getattr(problem, "retry_after", None)
    if wait is not None:
        answer["Retry-After"] = str(wait)
    elif isinstance(problem, (Upstream, Conflict)) and problem.code in {"busy", "idempotency_in_flight"}:
        answer["Retry-After"] = "1"
    if problem.status == 401:
        answer["WWW-Authenticate"] = "Bearer"
    return answer


def handle(failure: Exception, context: dict[str, Any]) -> HttpResponse:
    """DRF's EXCEPTION_HANDLER."""
    problem = as_problem(failure)
    if isinstance(problem, Bug):
        log.exception("bug", view=type(context.get("view")).__name__)
    request = context.get("request")
    return render(problem, getattr(request, "_request", request))
