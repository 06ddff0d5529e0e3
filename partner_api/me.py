"""What a credential is, told to itself: the first call of everyone who connects."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request

from kernel.problems import Forbidden
from partner_api.door import Json, PartnerDoor
from partners import queries


class Me(PartnerDoor):
    """The partner, its credential, and what it may do in which storefront."""

    scopes = {"GET": "profile"}

    def get(self, request: Request) -> Json:
        """Who you are. Scopes are those of the token that each storefront grants."""
        partner, credential = self.caller.partner, self.caller.credential
        reach = queries.connections(partner)
        if not reach:
            raise Forbidden()
        body: dict[str, Any] = {
            "partner": {"id": partner.public_id, "name": partner.name, "kind": partner.kind},
            "credential": {"client_id": credential.client_id, "expires_at": credential.expires_at},
            "scopes": list(self.caller.scopes),
            "storefronts": [
                {
                    "code": row.storefront.code,
                    "name": {"zh": row.storefront.name_zh, "en": row.storefront.name},
                    "scopes": [name for name in self.caller.scopes if name in row.scopes],
                }
                for row in reach
            ],
        }
        return Json(body)
