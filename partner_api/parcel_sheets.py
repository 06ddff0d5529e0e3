"""Sheets about parcels, which are known by their waybill, and of returns: each row is done by itself."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from kernel.errors import Missing
from logistics.models import Parcel
from logistics.services import weighing
from partner_api.moves import Line, Served
from partner_api.parcels import TellLine, WeightBody, depart, tell
from partner_api.returns import KIND as RETURN
from partners.models import Latest
from returns.models import ReturnRequest
from returns.services import arrive

DAYS = ["iso-8601", "%Y/%m/%d", "%Y-%m-%d %H:%M:%S"]  # as spreadsheets write them


class _OfParcel(serializers.Serializer[Any]):
    waybill = serializers.CharField(max_length=40)


class DepartureRow(_OfParcel):
    """A parcel that leaves the warehouse."""


class WeightRow(_OfParcel, WeightBody):
    """What the scales say of a parcel."""


class TrackingRow(_OfParcel, TellLine):
    """One thing that happened to a parcel."""

    expected_on = serializers.DateField(required=False, default=None, input_formats=DAYS)


class ReturnRow(serializers.Serializer[Any]):
    """A return whose parcel is here."""

    number = serializers.CharField(max_length=32)
    came_on = serializers.DateField(required=False, default=None, input_formats=DAYS)


def departure(served: Served, one: Line) -> bool:
    """Whether it leaves now; one that left before has left."""
    row = _parcel(served, one)
    if row.left_at is not None:
        return False
    depart(row, by=served.by, now=served.now)
    return True


def weight(served: Served, one: Line) -> bool:
    """Whether the scales say something new."""
    row = _parcel(served, one)
    known = row.weighed_g == one["weight_g"]
    weighing.weigh(parcel=row, weight_g=one["weight_g"], by=served.by, now=served.now)
    return not known


def tracking(served: Served, one: Line) -> bool:
    """Whether nobody told it before."""
    return tell(_parcel(served, one), [one], one["expected_on"], now=served.now) > 0


def returned(served: Served, one: Line) -> bool:
    """Whether it is received now; one that was before stays as it is."""
    told = Latest.objects.filter(storefront=served.storefront_id, kind=RETURN, number=one["number"])
    rows = ReturnRequest.objects.filter(
        storefront=served.storefront_id, order__warehouse__in=served.warehouses, number=one["number"]
    )
    row = rows.select_related("order", "policy").first()
    if row is None or not told.exists():
        raise Missing()
    if row.received_at is not None:
        return False
    arrive.receive(request=row, on=one["came_on"], at_most_ago=arrive.LATELY, by=served.by, now=served.now)
    return True


def _parcel(served: Served, one: Line) -> Parcel:
    """The parcel that bears the waybill now, in the warehouses that the partner serves; raises Missing."""
    rows = Parcel.objects.filter(
        storefront=served.storefront_id, shipment__warehouse__in=served.warehouses, waybill=one["waybill"]
    )
    row = rows.exclude(state="cancelled").select_related("shipment__order").order_by("-pk").first()
    if row is None:
        raise Missing()
    return row
