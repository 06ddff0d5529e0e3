"""What an application is, told to itself: the first call of everyone who connects."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from partner_api.callers import Caller, PartnerView


class Me(PartnerView):
    """GET: name and kind of the application, its storefront, and the scopes of the token in use."""

    scope = "profile"

    @extend_schema(exclude=True)  # the schema at /api/v1/schema/ is the mini-program's
    def get(self, request: Request) -> Response:
        caller: Any = request.user
        return Response(described(caller))


def described(caller: Caller) -> dict[str, Any]:
    """The caller as JSON-ready values."""
    return {
        "application": {
            "name": caller.application.name,
            "client_id": caller.application.client_id,
            "kind": caller.application.kind,
        },
        "storefront": {
            "code": caller.storefront.code,
            "name": caller.storefront.name,
            "name_zh": caller.storefront.name_zh,
        },
        "scopes": list(caller.scopes),
    }
