"""What the page of an order needs beside its quote, in one answer: to whom, with which coupon, and what has
to be read or agreed to first."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from compliance import queries as compliance
from customers import queries as customers
from customers.services.news_consents import to_ask
from kernel.clock import shanghai_day
from kernel.documents import answers
from miniprogram_api.addresses import AddressOut
from miniprogram_api.addresses import shown as address_shown
from miniprogram_api.allowance import YearOut, verified_person, year_shown
from miniprogram_api.consents import ConsentOut, RiskNoticeOut, consents_of, notice_now
from miniprogram_api.coupons import USABLE, ClaimOut, claim_shown
from miniprogram_api.door import Door, Json
from miniprogram_api.me import IDENTITY_STATES
from miniprogram_api.subscriptions import TemplateOut
from miniprogram_api.subscriptions import shown as templates_shown
from orders import queries as orders


class OrdererBrief(serializers.Serializer[Any]):
    """订购人: whose identity an order is declared with; only “verified” may order."""

    state = serializers.ChoiceField(IDENTITY_STATES)
    name_masked = serializers.CharField(allow_blank=True)
    number_masked = serializers.CharField(allow_blank=True)


class ConfirmingOut(serializers.Serializer[Any]):
    """Nothing here is of the basket: ask once, and for a quote as often as it changes."""

    addresses = AddressOut(many=True)
    coupons = ClaimOut(many=True, help_text="usable now, by time; a quote says whether one fits the basket")
    missing = ConsentOut(many=True, help_text="without these no order is taken: ask for each by itself")
    risk_notice = RiskNoticeOut()
    orderer = OrdererBrief()
    year = YearOut(help_text="the limits alone until the identity is verified")
    templates = TemplateOut(many=True, help_text="to ask for once the order is paid")


class Confirming(Door):
    """确认订单所需."""

    sells = frozenset({"GET"})

    @extend_schema(operation_id="checkout", tags=["orders"], responses=answers(200, ConfirmingOut, 401, 404))
    def get(self, request: Request) -> HttpResponse:
        """Addresses, usable coupons, missing consents, the risk notice, the year, prompts for messages."""
        person = self.customer()
        profile = customers.profile(person)
        whose = verified_person(person, profile)
        year = shanghai_day(self.now).year
        taken = compliance.taken(person_id=whose, year=year) if whose else None
        claims = [claim_shown(one, self.now) for one in orders.claims(customer_id=person.pk)]
        return Json(
            {
                "addresses": [address_shown(one) for one in customers.addresses(person)],
                "coupons": [one for one in claims if one["state"] == USABLE],
                "missing": [one for one in consents_of(self) if one["required"] and not one["given"]],
                "risk_notice": notice_now(self),
                "orderer": {
                    "state": profile.identity_state or "none",
                    "name_masked": profile.identity_name_masked,
                    "number_masked": profile.identity_number_masked,
                },
                "year": year_shown(self.now, year, taken),
                "templates": templates_shown(to_ask(customer=person, moment="payment")),
            }
        )
