"""API paths pass a lean stack; the admin and its kin pass Django's full one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest, HttpResponse
from django.utils.module_loading import import_string

from kernel import problems
from kernel.errors import Missing

Handler = Callable[[HttpRequest], Any]
LEAN = ("/api/", "/partner/", "/pay/", "/health/")

log = structlog.get_logger(__name__)


def lean_or_full(get_response: Handler) -> Handler:
    """Two stacks over the same views, chosen by path."""
    full = get_response
    for name in reversed(settings.FULL_MIDDLEWARE):
        full = convert_exception_to_response(import_string(name)(full))
    lean = api_headers(get_response)

    def choose(request: HttpRequest) -> Any:
        return (lean if request.path_info.startswith(LEAN) else full)(request)

    # What a view raises never comes back through get_response: Django has made a page of it by then.
    choose.process_exception = problem_page  # type: ignore[attr-defined]
    return choose


def problem_page(request: HttpRequest, failure: Exception) -> HttpResponse | None:
    """A problem document for what a view of the lean stack raises; the others have Django's pages."""
    if not request.path_info.startswith(LEAN):
        return None
    problem = problems.as_problem(failure)
    if isinstance(problem, problems.Bug):
        log.exception("bug", path=request.path_info, exc_info=failure)
    return problems.render(problem, request)


def api_headers(get_response: Handler) -> Handler:
    """What every API answer carries: no sniffing, and a problem document also where no view is found."""

    def answer(request: HttpRequest) -> HttpResponse:
        response: HttpResponse = get_response(request)
        if response.status_code == 404 and not response.get("Content-Type", "").endswith("json"):
            response = problems.render(Missing(), request)
        response["X-Content-Type-Options"] = "nosniff"
        if not response.streaming and "Content-Length" not in response:
            response["Content-Length"] = str(len(response.content))
        return response

    return answer
