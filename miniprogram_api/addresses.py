"""The customer's delivery addresses, and the administrative divisions they are made of."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from customers import divisions
from customers import queries as customers
from customers.queries import OwnAddress
from customers.services.addresses import AddressText, add_address, change_address, remove_address
from kernel.documents import answers, in_path
from kernel.errors import Missing
from kernel.throttle import Limit
from miniprogram_api.door import Door, Json, nothing
from miniprogram_api.sayings import A_DIVISION, A_MOBILE

CHANGES = Limit("addresses", 120, 3600)
ID = in_path("id", "of the address", OpenApiTypes.UUID)


class ConsigneeIn(serializers.Serializer[Any]):
    """To whom and where a parcel goes, whole."""

    name = serializers.CharField(max_length=60, min_length=2)
    phone = serializers.RegexField(
        r"^1[3-9][0-9]{9}$", help_text="mainland mobile number", error_messages={"invalid": A_MOBILE}
    )
    division_code = serializers.RegexField(
        r"^[0-9]{6}$",
        help_text="区县级行政区划代码 (GB/T 2260)",
        error_messages={"invalid": A_DIVISION},
    )
    street = serializers.CharField(max_length=200, min_length=4)


class AddressIn(ConsigneeIn):
    """A whole address."""

    is_default = serializers.BooleanField(default=False)


class AddressOut(serializers.Serializer[Any]):
    """An address on its owner's screen."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    phone = serializers.CharField()
    division_code = serializers.CharField()
    region = serializers.ListField(child=serializers.CharField())
    street = serializers.CharField()
    is_default = serializers.BooleanField()


class AddressList(serializers.Serializer[Any]):
    items = AddressOut(many=True)


class DivisionOut(serializers.Serializer[Any]):
    """One division; `last` says that a parcel can be addressed to it."""

    code = serializers.CharField()
    name_zh = serializers.CharField()
    level = serializers.ChoiceField(["province", "city", "county"])
    last = serializers.BooleanField()


class DivisionList(serializers.Serializer[Any]):
    items = DivisionOut(many=True)


class DivisionQuery(serializers.Serializer[Any]):
    parent = serializers.RegexField(  # type: ignore[assignment]  # a parameter of the query
        r"^[0-9]{6}$",
        required=False,
        help_text="without it, the provinces",
        error_messages={"invalid": A_DIVISION},
    )


class Addresses(Door):
    """收货地址."""

    limits = {"POST": CHANGES}

    @extend_schema(operation_id="addresses", tags=["me"], responses=answers(200, AddressList, 401, 404))
    def get(self, request: Request) -> HttpResponse:
        """All of the customer's addresses, the default one first."""
        return Json({"items": [shown(a) for a in customers.addresses(self.customer())]})

    @extend_schema(
        operation_id="add_address",
        tags=["me"],
        request=AddressIn,
        responses=answers(201, AddressOut, 400, 401, 404, 409, 415, 422, 429),
    )
    def post(self, request: Request) -> HttpResponse:
        """Keep a new address; the first one becomes the default."""
        text, is_default = _text(self.taken(AddressIn).validated_data)
        person = self.customer()
        made = add_address(customer=person, text=text, is_default=is_default, now=self.now)
        return Json(shown(customers.address(person, made.public_id)), 201)


class Address(Door):
    """单个收货地址."""

    limits = {"PUT": CHANGES, "DELETE": CHANGES}

    @extend_schema(
        operation_id="address", tags=["me"], parameters=[ID], responses=answers(200, AddressOut, 401, 404)
    )
    def get(self, request: Request, id: UUID) -> HttpResponse:
        """One address."""
        return Json(shown(customers.address(self.customer(), id)))

    @extend_schema(
        operation_id="change_address",
        tags=["me"],
        parameters=[ID],
        request=AddressIn,
        responses=answers(200, AddressOut, 400, 401, 404, 415, 422, 429),
    )
    def put(self, request: Request, id: UUID) -> HttpResponse:
        """Replace it; orders placed before keep theirs."""
        person = self.customer()
        customers.address(person, id)  # a stranger learns nothing from what a field's check would say
        text, is_default = _text(self.taken(AddressIn).validated_data)
        change_address(customer=person, public_id=id, text=text, is_default=is_default)
        return Json(shown(customers.address(person, id)))

    @extend_schema(
        operation_id="remove_address",
        tags=["me"],
        parameters=[ID],
        responses=answers(204, None, 401, 404, 429),
    )
    def delete(self, request: Request, id: UUID) -> HttpResponse:
        """Forget it."""
        remove_address(customer=self.customer(), public_id=id, now=self.now)
        return nothing()


class Divisions(Door):
    """行政区划."""

    audience = "anyone"

    @extend_schema(
        operation_id="divisions",
        tags=["reference"],
        parameters=[DivisionQuery],
        responses=answers(200, DivisionList, 404, 422),
        auth=[],
    )
    def get(self, request: Request) -> HttpResponse:
        """The divisions directly below `parent`, or the provinces."""
        parent = self.asked(DivisionQuery).validated_data.get("parent", "")
        if parent and parent not in divisions.all_divisions():
            raise Missing()
        below = _by_parent().get(parent, [])
        return Json(
            {
                "items": [
                    {"code": d.code, "name_zh": d.name, "level": d.level, "last": divisions.is_county(d.code)}
                    for d in below
                ]
            }
        )


def shown(address: OwnAddress) -> dict[str, Any]:
    """An address as JSON, for its owner."""
    return {
        "id": address.public_id,
        "name": address.text.name,
        "phone": address.text.phone,
        "division_code": address.text.division_code,
        "region": address.region,
        "street": address.text.street,
        "is_default": address.is_default,
    }


@lru_cache(maxsize=1)
def _by_parent() -> dict[str, list[divisions.Division]]:
    below: dict[str, list[divisions.Division]] = {}
    for division in divisions.all_divisions().values():
        below.setdefault(division.parent, []).append(division)
    return below


def _text(wanted: dict[str, Any]) -> tuple[AddressText, bool]:
    text = AddressText(wanted["name"], wanted["phone"], wanted["division_code"], wanted["street"])
    return text, wanted["is_default"]
