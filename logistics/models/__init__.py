"""What is shipped, in which parcels, by whom, and what is told of it on the way."""

from logistics.models.account import CarrierAccount
from logistics.models.parcel import Parcel, ParcelLine, TrackingEvent
from logistics.models.shipment import Shipment
from logistics.models.shipping_info import ShippingInfo, TradeManagement

__all__ = [
    "CarrierAccount",
    "Parcel",
    "ParcelLine",
    "Shipment",
    "ShippingInfo",
    "TrackingEvent",
    "TradeManagement",
]
