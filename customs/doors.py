"""Where customs asks for payment data (platDataOpen), and where it looks at a good that was sold.

Anyone can call: what is not read is not written, what is kept is one row a session, and the answer says
nothing of what is here. In a crowd only what asks for a payment of ours is kept. PORT_DATA_FROM narrows the
callers to the networks of customs; production does not start before it names them.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

import structlog
from django.conf import settings
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.db import Error as DatabaseFailed
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils.html import format_html
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from catalog.models import Product
from customs.services import data_asked
from customs.services.data_asked import MISSING, AskedWrongly
from kernel.callers import Buckets, client
from kernel.clock import now as present
from kernel.problems import Throttled
from kernel.tenancy import everything

log = structlog.get_logger(__name__)

GOOD, FAILED = "10000", "20000"
FIELD = "openReq"
# Customs asks for some orders a day, and in a test of acceptance for some hundreds at once.
asking = Buckets(per_second=5, burst=500)
everyone = Buckets(per_second=0.1, burst=1000)
_UNREADABLE = (SuspiciousOperation, BadRequest, MultiPartParserError, UnreadablePostError, LookupError)


@csrf_exempt
def plat_data_open(request: HttpRequest) -> HttpResponse:
    """One request for the payment data of one order, answered at once; it is given afterwards."""
    now, who = present(), client(request)
    if not _may_ask(who):
        log.warning("data_request_from_elsewhere")
        return _said(FAILED, "not accepted", now, 403)
    try:
        asking.spend(who)
        if request.method != "POST":
            raise AskedWrongly(MISSING, "POST")
        asked = data_asked.read(_field(request))
        with everything():  # a worker looks up afterwards whose order it is
            if not _crowded(who) or data_asked.is_ours(asked=asked, now=now):
                data_asked.keep(asked=asked, now=now)
    except AskedWrongly as wrong:
        return _said(wrong.answer, wrong.what, now)
    except Throttled:
        return _said(FAILED, "later", now, 429)
    except DatabaseFailed as failure:  # customs asks again
        log.exception("data_request_not_kept", exc_info=failure)
        return _said(FAILED, "later", now)
    return _said(GOOD, "", now)


def not_read(request: HttpRequest) -> HttpResponse:
    """The answer to a body that is too long, or of no length that one can be."""
    return _said(MISSING, FIELD, present(), 413)


@require_safe
def goods(request: HttpRequest, storefront: str, code: str) -> HttpResponse:
    """What a good is that was for sale, for whoever has no mini-program (itemLink)."""
    shown = Product.objects.filter(storefront__code=storefront, code=code, published_at__isnull=False)
    with everything():  # the address tells whose good it is
        product = shown.select_related("brand").first()
    if product is None:
        raise Http404
    page = format_html(
        '<!doctype html><html lang="zh"><meta charset="utf-8"><title>{zh}</title>'
        "<h1>{zh}</h1><p>{en}</p><p>{brand}</p><p>{about}</p></html>",
        zh=product.name_zh,
        en=product.name_en,
        brand=product.brand.name_zh,
        about=product.description_zh,
    )
    return HttpResponse(page)


def _field(request: HttpRequest) -> str:
    try:
        return str(request.POST.get(FIELD, ""))
    except _UNREADABLE as fault:
        raise AskedWrongly(MISSING, FIELD) from fault


def _crowded(who: str) -> bool:
    """Whether all callers together, from however many addresses, ask more than customs ever would."""
    try:
        everyone.spend(who and "everyone")
    except Throttled:
        log.warning("data_request_in_a_crowd")
        return True
    return False


def _said(code: str, message: str, now: datetime, status: int = 200) -> JsonResponse:
    told = {"code": code, "message": message, "serviceTime": int(now.timestamp() * 1000)}
    return JsonResponse(told, status=status)


def _may_ask(who: str) -> bool:
    """Whether the caller's address ("" is this machine) lies in one of the networks, where any is named."""
    networks = _networks(settings.PORT_DATA_FROM)
    if not networks:
        return True
    try:
        address = ip_address(who or "127.0.0.1")
    except ValueError:
        return False
    return any(address in network for network in networks)


@lru_cache(maxsize=4)
def _networks(told: str) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(one.strip()) for one in told.split(",") if one.strip())
