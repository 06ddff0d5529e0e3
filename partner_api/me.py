"""What a credential is, told to itself: the first call of everyone who connects."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kernel.documents import Text, answers
from kernel.problems import Forbidden
from partner_api.door import Json, PartnerDoor
from partners import queries
from partners.models import Partner


class WhoOut(serializers.Serializer[Any]):
    """The partner."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(Partner.Kind.choices)


class CredentialOut(serializers.Serializer[Any]):
    """The credential that the token came from."""

    client_id = serializers.CharField()
    expires_at = serializers.DateTimeField(allow_null=True)


class ReachOut(serializers.Serializer[Any]):
    """A storefront, and what this token may do there."""

    code = serializers.CharField()
    name = Text()
    scopes = serializers.ListField(child=serializers.CharField())


class MeOut(serializers.Serializer[Any]):
    """Who calls, and what it may."""

    partner = WhoOut()
    credential = CredentialOut()
    scopes = serializers.ListField(child=serializers.CharField(), help_text="of the token")
    storefronts = serializers.ListField(child=ReachOut())


class Me(PartnerDoor):
    """Yourself."""

    scopes = {"GET": "profile"}

    @extend_schema(responses=answers(200, MeOut))
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
