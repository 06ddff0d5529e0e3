"""One row of every model of parcels."""

from __future__ import annotations

from typing import Any

from inventory.models import Lot
from logistics.models import (
    Parcel,
    ParcelLine,
    Shipment,
    ShippingInfo,
    TrackingEvent,
    TradeManagement,
)
from logistics.services.accounts import Terms, set_account
from tests import make
from tests.operators.customs_rows import consignment_rows, customs_rows


def parcel_rows(order: Any, round: int) -> None:
    """A shipment with one row of everything, and its declaration."""
    customs_rows(order, round)
    shop, now = order.storefront, make.NOW
    terms = Terms(
        customer_code=f"SHOP{round}",
        sender="美妆仓",
        hotline="4008000000",
        origin="330206",
        origin_place="保税区 1 号",
    )
    account = set_account(storefront=shop, provider="sf", terms=terms, secret="k" * 32, by="someone", now=now)
    shipment = Shipment.objects.create(
        storefront=shop, order=order, warehouse=order.warehouse, number=order.number, opened_at=now
    )
    parcel = Parcel.objects.create(
        storefront=shop,
        shipment=shipment,
        carrier_account=account,
        own_number=f"{order.number}-1",
        carrier="SF",
        waybill=f"SF{shop.pk}{round}000",
        weight_g=700,
        state="issued",
        asked_at=now,
        issued_at=now,
    )
    consignment_rows(parcel, round)
    line = order.lines.first()
    lot = Lot.objects.filter(stock__variant=line.variant).first()
    ParcelLine.objects.create(storefront=shop, parcel=parcel, line=line, lot=lot, quantity=line.quantity)
    TrackingEvent.objects.create(
        storefront=shop, parcel=parcel, provider="sf", at=now, code="picked_up", digest="d" * 64, taken_at=now
    )
    ShippingInfo.objects.create(
        storefront=shop,
        order=order,
        number=order.number,
        transaction_id=f"4200{order.number}"[:32],
        state="told",
        paid_at=now,
        wanted=[["SF", parcel.waybill]],
        known=[["SF", parcel.waybill]],
        known_at=now,
    )
    TradeManagement.objects.get_or_create(storefront=shop, defaults={"managed": True, "answered_at": now})
