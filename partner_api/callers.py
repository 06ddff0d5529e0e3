"""Who is calling: a token in the Authorization header leads to one application of one open storefront."""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from oauth2_provider.models import AccessToken
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from kernel.clock import now
from kernel.problems import Forbidden, Unauthenticated
from kernel.tenancy import among, everything
from partner_api.models import Application
from storefronts.models import Storefront


class MissingScope(Forbidden):
    """The token was issued without the scope that this address asks for."""

    code = "scope_missing"
    title = "This needs a token with another scope."
    title_zh = "访问令牌缺少所需的权限范围。"


@dataclass(frozen=True, slots=True)
class Caller:
    """The application behind a request, the storefront it works for, and what its token may do."""

    application: Application
    storefront: Storefront
    scopes: tuple[str, ...]

    is_authenticated = True


class BearerToken(BaseAuthentication):
    """Tokens are looked up by their hash, in one statement; they are taken from the header alone."""

    def authenticate(self, request: Request) -> tuple[Caller, Any]:
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not value.strip():
            raise Unauthenticated()
        checksum = hashlib.sha256(value.strip().encode()).hexdigest()
        held = AccessToken.objects.select_related("application__storefront")
        with everything():  # it is the token that tells who is meant
            token = held.filter(token_checksum=checksum, expires__gt=now(), application__isnull=False).first()
        if token is None or token.application is None:
            raise Unauthenticated()
        storefront = token.application.storefront
        if storefront is None or storefront.state != Storefront.State.OPEN:
            raise Forbidden()
        return Caller(token.application, storefront, tuple(sorted(token.scope.split()))), token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class HasScope(BasePermission):
    """The view's `scope` must be among those of the token."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        caller: Any = request.user
        if view.scope not in caller.scopes:  # type: ignore[attr-defined]  # every PartnerView names one
            raise MissingScope()
        return True


class PartnerView(APIView):
    """Base of every view behind this door; `scope` is what the token must carry."""

    scope: str
    authentication_classes = [BearerToken]
    permission_classes = [HasScope]

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """DRF's own, with the handler among the rows of the caller's storefront."""
        with ExitStack() as self.named:
            return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        caller: Any = request.user
        self.named.enter_context(among(caller.storefront.pk))
