"""API paths pass a lean stack; the admin and its kin pass Django's full one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest, HttpResponse
from django.utils.module_loading import import_string

from customs.doors import not_read
from kernel import problems
from kernel.errors import Missing, Problem

Handler = Callable[[HttpRequest], Any]
MAX_TRACKING = 512 * 1024  # a push repeats all that was told of a parcel, each Chinese letter nine bytes long
MAX_BODY = (
    64 * 1024
)  # no other call of ours needs more; CSV and the catalogue's pictures go through the admin
MAX_PICTURE = 5 * 1024 * 1024 + MAX_BODY  # one that a consumer gives for a claim, in its form
MAX_LINES = 1024 * 1024  # 500 lines of a partner's message about stock, or a product with its labels
MAX_BULK = 16 * 1024 * 1024  # rows of goods and files of a partner; read only once it is known who calls
NOTHING_LOADED = "default-src 'none'; frame-ancestors 'none'"
MOST_DIGITS = 18  # of the length of a body; int() refuses absurd ones
# Who has an interface of their own is told in its form, as by its view, that nothing was read.
NOT_READ: dict[str, Handler] = {"/customs/platDataOpen": not_read}
LEAN = ("/api/", "/partner/", "/pay/", "/wechat/", "/carriers/", "/customs/", "/health/", "/shop/")

log = structlog.get_logger(__name__)


class LeanOrFull:
    """Two stacks over the same views, chosen by path.

    Django calls the hooks of what stands in MIDDLEWARE, and that is this class alone: it passes them on to
    the full stack, whose CSRF check lives in one.
    """

    def __init__(self, get_response: Handler) -> None:
        self.hooks: list[Callable[..., HttpResponse | None]] = []
        full = get_response
        for name in reversed(settings.FULL_MIDDLEWARE):
            layer = import_string(name)(full)
            if hasattr(layer, "process_view"):
                self.hooks.insert(0, layer.process_view)
            full = convert_exception_to_response(layer)
        self.full, self.lean = full, api_headers(get_response)

    def __call__(self, request: HttpRequest) -> Any:
        if not is_lean(request):
            answer = self.full(request)
            answer["Permissions-Policy"] = settings.PERMISSIONS_POLICY
            return answer
        problem = unread(request)
        if problem is None:
            return self.lean(request)
        refuse = NOT_READ.get(request.path_info)
        return problems.render(problem, request) if refuse is None else refuse(request)

    def process_view(
        self, request: HttpRequest, view: Handler, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """The full stack's, in its order; the first that answers decides."""
        if is_lean(request):
            return None
        for hook in self.hooks:
            answer = hook(request, view, args, kwargs)
            if answer is not None:
                return answer
        return None

    def process_exception(self, request: HttpRequest, failure: Exception) -> HttpResponse | None:
        """What a view raises never comes back through get_response: Django has made a page of it by then."""
        return problem_page(request, failure) if is_lean(request) else None


def unread(request: HttpRequest) -> Problem | None:
    """Why not a byte of the body is read, or nothing."""
    most = most_read(request.path_info)
    told = request.META.get("CONTENT_LENGTH") or "0"
    if not (told.isascii() and told.isdigit()):
        return problems.BadLength()
    if len(told) > MOST_DIGITS or int(told) > most:
        return problems.TooLarge(most)
    return None


def most_read(path: str) -> int:
    """How many bytes of a body are read."""
    if path.startswith("/api/v1/orders/") and path.endswith(("/returns/pictures", "/reviews/pictures")):
        return MAX_PICTURE
    if path.startswith("/partner/v1/storefronts/"):
        if path.endswith(("/catalogue/upserts", "/files")):
            return MAX_BULK
        many = path.endswith("/customs/receipts") or "/stock/" in path or "/products/" in path
        return MAX_LINES if many else MAX_BODY
    return MAX_TRACKING if path.startswith("/carriers/") else MAX_BODY


def is_lean(request: HttpRequest) -> bool:
    """Whether the path belongs to an API."""
    return request.path_info.startswith(LEAN)


def problem_page(request: HttpRequest, failure: Exception) -> HttpResponse:
    """A problem document for what a view of the lean stack raises; the others have Django's pages."""
    problem = problems.as_problem(failure)
    if isinstance(problem, problems.Bug):
        log.exception("bug", path=request.path_info, exc_info=failure)
    return problems.render(problem, request)


def api_headers(get_response: Handler) -> Handler:
    """What every API answer carries: no sniffing, a policy by which nothing is loaded (the page of the
    documentation has its own), and a problem document also where no view is found."""

    def answer(request: HttpRequest) -> HttpResponse:
        response: HttpResponse = get_response(request)
        if response.status_code == 404 and not response.get("Content-Type", "").endswith("json"):
            response = problems.render(Missing(), request)
        response["X-Content-Type-Options"] = "nosniff"
        response.setdefault("Content-Security-Policy", NOTHING_LOADED)
        if not response.streaming and "Content-Length" not in response:
            response["Content-Length"] = str(len(response.content))
        return response

    return answer
