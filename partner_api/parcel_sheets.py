"""Sheets about parcels, which are known by their waybill: each row is done by itself."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from kernel.errors import Missing
from logistics.models import Parcel
from logistics.services import weighing
from partner_api.moves import Line, Served
from partner_api.parcels import TellLine, WeightBody, depart, tell


class _OfParcel(serializers.Serializer[Any]):
    waybill = serializers.CharField(max_length=40)


class DepartureRow(_OfParcel):
    """A parcel that leaves the warehouse."""


class WeightRow(_OfParcel, WeightBody):
    """What the scales say of a parcel."""


class TrackingRow(_OfParcel, TellLine):
    """One thing that happened to a parcel."""

    expected_on = serializers.DateField(required=False, default=None)


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


def _parcel(served: Served, one: Line) -> Parcel:
    """The parcel that bears the waybill now, in the warehouses that the partner serves; raises Missing."""
    rows = Parcel.objects.filter(
        storefront=served.storefront_id, shipment__warehouse__in=served.warehouses, waybill=one["waybill"]
    )
    row = rows.exclude(state="cancelled").select_related("shipment__order").order_by("-pk").first()
    if row is None:
        raise Missing()
    return row
