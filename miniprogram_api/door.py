"""The one base of every consumer's endpoint: caller, storefront, instant, language, limit, transaction.

A view answers with `Json`. It reads and writes inside one transaction that knows its tenant, except where
`own_transaction` names the method: it calls someone outside, or its service keeps transactions of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Any, ClassVar, Literal, TypeVar

import orjson
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import translation
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from customers import queries as customers
from customers.models import Customer
from kernel import clock, throttle
from kernel.callers import client, place
from kernel.problems import Unauthenticated, language_of
from kernel.tenancy import among
from kernel.throttle import Limit
from miniprogram_api.caller import BearerToken, Caller, shop_by_header, shop_of
from miniprogram_api.sayings import AN_OBJECT, retold
from miniprogram_api.serving import admit
from storefronts.queries import Shop

S = TypeVar("S", bound=serializers.Serializer[Any])


class Json(HttpResponse):
    """An answer of the API; `skus` are those whose availability it shows (see kept.py)."""

    def __init__(self, data: Any, status: int = 200, skus: Sequence[str] = ()) -> None:
        super().__init__(orjson.dumps(data), status=status, content_type="application/json")
        self.skus = skus


def nothing() -> HttpResponse:
    """204: done, and there is nothing to show."""
    answer = HttpResponse(status=204)
    del answer["Content-Type"]
    return answer


class Door(APIView):
    """Base of the endpoints. `audience` says whom it serves: a logged-in customer, anyone in a storefront,
    or anyone at all. `limits` are by method; `own_transaction`, `customers_only` and `sells` name methods:
    the last stop while the shop is in maintenance. `any_version` answers however old the mini-program is."""

    authentication_classes = [BearerToken]
    audience: ClassVar[Literal["customer", "storefront", "anyone"]] = "customer"
    own_transaction: ClassVar[frozenset[str]] = frozenset()
    customers_only: ClassVar[frozenset[str]] = frozenset()
    sells: ClassVar[frozenset[str]] = frozenset()
    any_version: ClassVar[bool] = False
    limits: ClassVar[dict[str, Limit]] = {}

    now: datetime
    shop: Shop
    caller: Caller | None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """DRF's own, with our clock, language and transaction around the handler."""
        self.args, self.kwargs = args, kwargs
        self.now = clock.now()
        wrapped = self.request = self.initialize_request(request, *args, **kwargs)
        self.headers = self.default_response_headers
        with translation.override("en" if language_of(request) == "en" else "zh-hans"):
            try:
                self.initial(wrapped, *args, **kwargs)
                handler = self.http_method_not_allowed
                if wrapped.method and wrapped.method.lower() in self.http_method_names:
                    handler = getattr(self, wrapped.method.lower(), handler)
                own = wrapped.method in self.own_transaction or self.audience == "anyone"
                with self.named(), nullcontext() if own else transaction.atomic():
                    response = handler(wrapped, *args, **kwargs)
            except Exception as failure:
                response = self.handle_exception(failure)
        self.response = self.finalize_response(wrapped, response, *args, **kwargs)
        return self.response

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Who calls, in which storefront, and not too often. Answers are JSON whatever Accept says."""
        self.caller = request.user if isinstance(request.user, Caller) else None
        if self.caller is not None:
            self.shop = shop_of(self.caller.storefront_id, request._request)
        elif self.audience == "customer" or request.method in self.customers_only:
            raise Unauthenticated()
        elif self.audience == "storefront":
            self.shop = shop_by_header(request._request)
        if self.audience != "anyone":
            self.admit(request._request, self.shop, self.now)
        limit = self.limits.get(request.method or "")
        if limit is not None:
            caller = self.caller
            who = str(caller.customer_id) if caller else place(client(request._request))
            if who:
                throttle.writes.spend(limit, who)

    @classmethod
    def admit(cls, request: HttpRequest, shop: Shop, now: datetime) -> None:
        """Raises ShopMaintenance and ClientTooOld; HEAD is a GET without its body."""
        if not cls.any_version:
            method = "GET" if request.method == "HEAD" else request.method
            admit(request, shop.serving, sells=method in cls.sells, now=now)

    def named(self) -> AbstractContextManager[None]:
        """Only the rows of the caller's storefront are seen; of none, where it serves anyone."""
        return nullcontext() if self.audience == "anyone" else among(self.shop.id)

    @property
    def own(self) -> Caller:
        """The customer who calls, in views for customers."""
        if self.caller is None:
            raise Unauthenticated()
        return self.caller

    def customer(self) -> Customer:
        """The row of the customer who calls, with the keys that open their data."""
        return customers.customer(self.own.customer_id)

    def taken(self, shape: type[S]) -> S:
        """The body, checked against its serializer; a ValidationError becomes a 422 problem."""
        if not isinstance(self.request.data, dict):
            raise serializers.ValidationError({"non_field_errors": [str(AN_OBJECT)]})
        return _checked(shape(data=self.request.data))

    def asked(self, shape: type[S]) -> S:
        """The query parameters, checked against their serializer; unknown ones are ignored."""
        return _checked(shape(data=self.request.query_params.dict()))


def _checked(shape: S) -> S:
    """The shape, when what it was given fits; raises ValidationError in words of the caller's language."""
    try:
        shape.is_valid(raise_exception=True)
    except serializers.ValidationError as failure:
        raise serializers.ValidationError(retold(failure.detail)) from failure
    return shape
