"""Who calls and in which storefront: that of a bearer token's owner, else the one that X-Appid names."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, cast
from uuid import UUID

from django.db import connection
from django.http import HttpRequest
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from customers.services.login import token_hash
from kernel.problems import Unauthenticated
from storefronts.queries import NoStorefront, Shop, shop, shop_by_appid

if TYPE_CHECKING:
    from miniprogram_api.door import Door

_SESSION = (
    "SELECT customer_id, storefront_id, public_id FROM customer_session(%s::bytea, %s::timestamptz) AS found"
)


@dataclass(frozen=True, slots=True)
class Caller:
    """The customer behind a good token, and the token itself, so that it can be revoked."""

    customer_id: int
    storefront_id: int
    public_id: UUID
    token: str = field(repr=False)


def bearer(request: HttpRequest) -> str | None:
    """The token of `Authorization: Bearer …`; None without the header. Raises Unauthenticated for another
    scheme."""
    header = request.META.get("HTTP_AUTHORIZATION")
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated()
    return cast(str, token)


def find_caller(token: str, now: datetime) -> Caller:
    """The owner of the token, in one statement; raises Unauthenticated when it is not (or no longer) good."""
    with connection.cursor() as cursor:
        cursor.execute(_SESSION, [token_hash(token), now])
        row = cursor.fetchone()
    if row is None:
        raise Unauthenticated()
    return Caller(row[0], row[1], row[2], token)


def shop_of(storefront_id: int, request: HttpRequest) -> Shop:
    """The storefront of a token. Raises NoStorefront when it is closed, or the call names another appid."""
    found = shop(storefront_id)
    named = request.META.get("HTTP_X_APPID")
    if named and named != found.appid:
        raise NoStorefront()
    return found


def shop_by_header(request: HttpRequest) -> Shop:
    """The storefront that X-Appid names; raises NoStorefront for none or an unknown one."""
    named = request.META.get("HTTP_X_APPID", "")
    if not named.isascii() or not named.isprintable() or not 0 < len(named) <= 64:
        raise NoStorefront()
    return shop_by_appid(named)


class BearerToken(BaseAuthentication):
    """DRF's side of `find_caller`; the view knows the instant of the request."""

    def authenticate(self, request: Request) -> tuple[Caller, None] | None:
        token = bearer(request._request)
        if token is None:
            return None
        view = cast("Door", request.parser_context["view"])
        return find_caller(token, view.now), None

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class BearerTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the OpenAPI document names the token."""

    target_class = BearerToken
    name = "token"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "POST /api/v1/session 返回的令牌 · the token that POST /api/v1/session returns",
        }
