"""One row of every model that tells of a warehouse."""

from __future__ import annotations

from datetime import timedelta

from catalog.models import Variant
from catalog.services.price_changes import plan_prices
from inventory.models import FreightTemplate, FreightZone, Warehouse, WarehouseDay
from inventory.services import (
    open_count,
    record_count,
    send_transfer,
    set_shelf_life,
    stop_sale,
)
from tests import make


def stock_rows(place: Warehouse, made: Variant, round: int) -> None:
    """A lot that is stopped, a count that differs, a load under way, and the terms of the warehouse."""
    shop, now = place.storefront, make.NOW
    lot = make.lot(place, made, 3, f"LOT-{round}")
    stop_sale(variant=made, lot=lot, reason="test", by="someone", now=now)
    template = FreightTemplate.objects.create(storefront=shop, code=f"t-{round}", by="piece")
    FreightZone.objects.create(storefront=shop, template=template)
    WarehouseDay.objects.create(storefront=shop, warehouse=place, day=now.date())
    count = open_count(warehouse=place, note="", by="someone", now=now)
    record_count(count=count, lot=lot, counted=2, by="someone", now=now)
    extra = make.lot(place, made, 3, f"MOVED-{round}")
    away = make.warehouse(shop, f"away-{round}")
    send_transfer(target=away, pieces=[(extra, 1)], reason="", by="someone", now=now)
    planned = {"prices": {made.sku: 30_000 + round}, "starts_at": now + timedelta(days=900 + round)}
    plan_prices(storefront_id=shop.pk, **planned, by="someone", now=now)
    set_shelf_life(storefront=shop, variant=made, floor_days=30, near_days=60, now=now)
