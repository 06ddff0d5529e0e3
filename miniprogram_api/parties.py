"""Who answers for what in this storefront, as the consumer has a right to know before buying."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from compliance.law import Law
from kernel.clock import shanghai_day
from kernel.documents import APPID, Text, answers
from kernel.throttle import Limit
from miniprogram_api.door import Door, Json
from storefronts import queries as storefronts
from storefronts.models import LegalParty


class PartyOut(serializers.Serializer[Any]):
    """One legal party with its registrations and its duty."""

    role = serializers.ChoiceField(LegalParty.Role.values)
    title = serializers.CharField(help_text="跨境电商企业 · overseas seller")
    name = serializers.CharField()
    country = serializers.CharField(help_text="ISO 3166-1 alpha-2")
    customs_code = serializers.CharField(allow_blank=True, help_text="海关注册登记编号")
    credit_code = serializers.CharField(allow_blank=True, help_text="统一社会信用代码")
    contact = serializers.CharField(allow_blank=True)
    duty = Text()


class PartiesOut(serializers.Serializer[Any]):
    items = PartyOut(many=True)
    citation = serializers.CharField()
    link = serializers.CharField()


class Parties(Door):
    """经营者信息公示 (电子商务法 Art. 15; 商财发〔2018〕486号)."""

    audience = "storefront"
    limits = {"GET": Limit("parties", 120, 60)}

    @extend_schema(
        operation_id="parties",
        tags=["reference"],
        parameters=[APPID],
        responses=answers(200, PartiesOut, 404, 429),
        auth=[],
    )
    def get(self, request: Request) -> HttpResponse:
        """Seller, platform, service provider, payment, carrier, declarant, and who recalls."""
        duties = Law(shanghai_day(self.now)).source("parties/duties")
        items = [
            {
                "role": party.role,
                "title": party.get_role_display(),
                "name": party.name,
                "country": party.country,
                "customs_code": party.customs_code,
                "credit_code": party.credit_code,
                "contact": party.contact,
                "duty": dict(zip(("zh", "en"), duties.value[party.role], strict=True)),
            }
            for party in storefronts.parties(self.shop.id)
        ]
        return Json({"items": items, "citation": duties.citation, "link": duties.link})
