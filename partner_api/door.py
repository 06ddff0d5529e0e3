"""The one base of every partner's endpoint: token, network, limit, storefront, scope, signature, key.

They are asked in this order, and each refusal says which. A view answers with `Json`. It reads and writes
inside one transaction among the rows of the storefront in its path; what changes something is signed
(partners/signing.py), and a POST carries an Idempotency-Key and gives its first answer again.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from http import HTTPStatus
from io import BytesIO
from ipaddress import ip_address, ip_network
from typing import Any, ClassVar, TypeVar

import orjson
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import translation
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.views import APIView

from inventory.models import Warehouse
from kernel import callers, clock, problems, throttle
from kernel.errors import Missing, Problem, Refused
from kernel.idempotency import fingerprint_of, key_of, told
from kernel.problems import Forbidden, Throttled, Unauthenticated, language_of
from kernel.receipts import Answer, keep, take
from kernel.tenancy import among
from kernel.throttle import Left, Limit
from partner_api.deprecation import Deprecated
from partner_api.moves import Served
from partner_api.pages import etag
from partners import queries
from partners.models import Connection
from partners.queries import Caller
from partners.services.replay import believe
from partners.signing import Signed
from storefronts.models import Storefront

S = TypeVar("S", bound=serializers.Serializer[Any])
READS = frozenset({"GET", "HEAD", "OPTIONS"})
Handler = Callable[..., HttpResponse]


class MissingScope(Forbidden):
    """The token, its credential or the storefront does not allow this."""

    code = "scope_missing"
    title = "This needs the scope {scope}, granted by the storefront and carried by the token."
    title_zh = "需要权限范围 {scope}：须由店铺授予并包含在访问令牌中。"

    def __init__(self, scope: str) -> None:
        super().__init__()
        self.scope = scope

    def facts(self) -> dict[str, Any]:
        return {"scope": self.scope}


class AddressNotAllowed(Forbidden):
    """The partner calls from elsewhere than it said."""

    code = "address_not_allowed"
    title = "Calls are not taken from this address: the brand keeps the list of networks you call from."
    title_zh = "不接受来自该 IP 的请求：允许的网段由品牌方维护。"


class BearerToken(BaseAuthentication):
    """Tokens are taken from the header alone, and known by their hash."""

    def authenticate(self, request: Request) -> tuple[Caller, None]:
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        found = queries.caller(value.strip(), clock.now()) if scheme.lower() == "bearer" and value else None
        if found is None:
            raise Unauthenticated()
        return found, None

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class Json(HttpResponse):
    """An answer of the API; `kept` is what is given again to the same key, where it holds a secret."""

    def __init__(self, data: Any, status: int = 200, *, kept: Any = None) -> None:
        super().__init__(orjson.dumps(data), status=status, content_type="application/json")
        self.kept = self.content if kept is None else orjson.dumps(kept)


def marked(row: Any, *, of: Any = None, status: int = 200) -> Json:
    """An answer with its ETag: that of the whole where the answer is a part `of` it."""
    answer = Json(row, status=status)
    answer["ETag"] = etag(row if of is None else of)
    return answer


class PartnerDoor(APIView):
    """Base of the endpoints. `scopes` are by method what a token must carry. An address without a
    storefront in its path serves the partner itself, among no storefront's rows. `signed` are reads that are
    signed all the same, `deprecated` what will go, by method. `lasting` are refusals that leave something
    behind for the brand to look at, which stays though the call was refused: a case, a judgement."""

    authentication_classes = [BearerToken]
    scopes: ClassVar[dict[str, str]] = {}
    signed: ClassVar[frozenset[str]] = frozenset()
    deprecated: ClassVar[dict[str, Deprecated]] = {}
    lasting: ClassVar[tuple[type[Problem], ...]] = ()

    now: datetime
    caller: Caller
    connection: Connection
    storefront: Storefront
    left: Left | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """DRF's own, with our clock, language, transaction and receipts around the handler."""
        self.args, self.kwargs = args, kwargs
        self.now = clock.now()
        code = kwargs.pop("storefront", None)
        wrapped = self.request = self.initialize_request(request, *args, **kwargs)
        self.headers = self.default_response_headers
        with translation.override("en" if language_of(request) == "en" else "zh-hans"):
            try:
                response = self._answer(wrapped, code, kwargs)
            except Exception as failure:
                response = self.handle_exception(failure)
        given: Any = response  # DRF takes any answer of Django's
        self.response = self.finalize_response(wrapped, given, *args, **kwargs)
        if (going := self.deprecated.get(str(request.method))) is not None:
            going.tell(self.response)
        return self._limited(self.response)

    def _answer(self, request: Request, code: str | None, kwargs: dict[str, Any]) -> HttpResponse:
        method = str(request.method)
        if method not in self.scopes:
            self.http_method_not_allowed(request)  # raises
        handler: Handler = getattr(self, method.lower())
        self._let_in(request, code)
        if method in self.deprecated:
            self.deprecated[method].mind(self.now)
        if method not in READS or method in self.signed:
            self._signed(request._request)
        self.prepare(request)
        with self._named(code), transaction.atomic():
            if method != "POST":
                return self._lastingly(request, lambda: handler(request, **kwargs))
            return self._once(request, lambda: handler(request, **kwargs))

    def _let_in(self, request: Request, code: str | None) -> None:
        self.perform_authentication(request)
        self.caller = request.user  # type: ignore[assignment]  # BearerToken gives no other
        partner, address = self.caller.partner, callers.client(request._request)
        if not _allowed(address, partner.networks):
            raise AddressNotAllowed()
        limit = Limit("partner", partner.per_minute, 60)
        self.left = throttle.writes.spend(limit, str(partner.public_id))
        queries.note_use(self.caller.credential, address, self.now)
        wanted = self.scopes[str(request.method)]
        if wanted not in self.caller.scopes:
            raise MissingScope(wanted)
        if code is None:
            return
        found = queries.connections(partner, code)
        if not found:  # of a storefront that is another's nothing is told, not even that it is there
            raise Missing()
        self.connection, self.storefront = found[0], found[0].storefront
        if wanted not in self.connection.scopes:
            raise MissingScope(wanted)

    def prepare(self, request: Request) -> None:
        """What is done before the transaction begins: what asks somebody outside."""

    @property
    def by(self) -> str:
        """Who it is, as the house writes down who did something."""
        return self.caller.partner.actor

    def may(self, scope: str) -> bool:
        """Whether token and storefront both allow it; for what an answer holds beyond its own scope."""
        return scope in self.caller.scopes and scope in self.connection.scopes

    def warehouses(self) -> QuerySet[Warehouse]:
        """Those of this storefront that the partner serves: what is of another is not there."""
        return self.served().warehouses

    def warehouse(self, code: str) -> Warehouse:
        """The one with this code, of those that the partner serves; raises Missing."""
        return self.served().warehouse(code)

    def served(self) -> Served:
        """Those, for what is said of their stock."""
        return Served.of(self.connection, self.by, self.now)

    def _signed(self, request: HttpRequest) -> None:
        call = Signed(
            method=str(request.method),
            target=request.get_full_path(),
            timestamp=request.headers.get("X-Timestamp", ""),
            nonce=request.headers.get("X-Nonce", ""),
            body=_whole(request),
        )
        signature = request.headers.get("X-Signature", "")
        believe(credential=self.caller.credential, call=call, signature=signature, now=self.now)

    def _once(self, request: Request, answer: Callable[[], HttpResponse]) -> HttpResponse:
        """The answer, kept under the caller's key; given again to who asks again.

        A refusal by law is kept too; a conflict is not, since it may be over when it is asked again.
        """
        key, print_ = key_of(request._request), fingerprint_of(request._request)
        source = f"partner:{self.caller.partner.pk}"
        before = take(source=source, key=key, fingerprint=print_)
        if before is not None:
            return told(before, replayed=True)
        try:
            with transaction.atomic():
                made = self._lastingly(request, answer)
        except Refused as refused:
            made = problems.render(refused, request._request)
        if made.status_code == HTTPStatus.CONFLICT:
            return made
        kept = Answer(made.status_code, getattr(made, "kept", made.content))
        keep(source=source, key=key, fingerprint=print_, answer=kept, now=self.now)
        return made

    def _lastingly(self, request: Request, answer: Callable[[], HttpResponse]) -> HttpResponse:
        """The answer; where it is one of the `lasting` refusals what was written for it is kept."""
        try:
            return answer()
        except self.lasting as problem:
            return problems.render(problem, request._request)

    def _named(self, code: str | None) -> AbstractContextManager[None]:
        return nullcontext() if code is None else among(self.storefront.pk)

    def _limited(self, response: HttpResponseBase) -> HttpResponseBase:
        """How many calls are left, as draft-ietf-httpapi-ratelimit-headers has it."""
        caller = getattr(self, "caller", None)
        if caller is not None:
            response["RateLimit-Policy"] = f'"minute";q={caller.partner.per_minute};w=60'
            if self.left is not None:
                response["RateLimit"] = f'"minute";r={self.left.times};t={self.left.seconds}'
            elif "Retry-After" in response.headers and response.status_code == Throttled.status:
                response["RateLimit"] = f'"minute";r=0;t={response["Retry-After"]}'
        return response

    def taken(self, shape: type[S]) -> S:
        """The body, checked against its serializer; a ValidationError becomes a 422 problem."""
        made = shape(data=self.request.data)
        made.is_valid(raise_exception=True)
        return made

    def asked(self, shape: type[S]) -> S:
        """The query parameters, checked against their serializer."""
        made = shape(data=self.request.query_params.dict())
        made.is_valid(raise_exception=True)
        return made


def _whole(request: HttpRequest) -> bytes:
    """The body, of a caller who is known. How long it may be the middleware has decided by its address;
    Django's own bound is that of pages."""
    if not hasattr(request, "_body"):
        request._body = request.read()
        request._stream = BytesIO(request._body)
    return request.body


def _allowed(address: str, networks: list[str]) -> bool:
    """Whether a call from this address is taken; one that has none comes from no network that is named."""
    if not networks:
        return True
    try:
        met = ip_address(address)
    except ValueError:
        return False
    return any(met in ip_network(one) for one in networks)
