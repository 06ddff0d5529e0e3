"""Where WeChat pushes the messages of a mini-program: kept before they are acted upon, answered at once.

Nothing unsigned is kept, and nothing waits for the network. "success" is what ends WeChat's repetitions.
"""

from __future__ import annotations

import structlog
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from kernel.clock import now
from kernel.errors import Missing
from kernel.tenancy import among
from storefronts import queries
from storefronts.services import messages
from wechat.errors import Unverified
from wechat.messages import MAX_BODY, echo, sealed_part

log = structlog.get_logger(__name__)


@csrf_exempt
@require_http_methods(["GET", "POST"])
def pushed(request: HttpRequest, appid: str) -> HttpResponse:
    """One push for the mini-program `appid`, or the check of the address."""
    try:
        storefront_id, keys = queries.message_keys(appid)
    except Missing:
        return _text("no such mini-program", 404)
    query = {name: request.GET.get(name, "") for name in request.GET}
    try:
        if request.method == "GET":
            return _text(echo(keys, query))
        if int(request.headers.get("Content-Length") or 0) > MAX_BODY or len(request.body) > MAX_BODY:
            return _text("too long", 413)
        sealed = sealed_part(keys, query, request.body)
    except Unverified as failure:
        log.warning("message_rejected", appid=appid, error=failure.reason)
        return _text("signature not accepted", 403)
    with among(storefront_id):
        messages.keep(storefront_id=storefront_id, keys=keys, sealed=sealed, now=now())
    return _text("success")


def _text(text: str, status: int = 200) -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
