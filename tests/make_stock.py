"""Makers of warehouses and what lies in them, bonded goods with their papers."""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction

from catalog.models import Variant
from inventory.models import BookItem, FreightTemplate, FreightZone, Lot, Stock, Warehouse
from inventory.models.places import BONDED
from inventory.services import keep_stock, receive, set_on_hand
from storefronts.models import Storefront
from tests.make_tables import NOW

INBOUND_LIST = "QD310526I000000001"


def warehouse(shop: Storefront, code: str = "ningbo", **changes: Any) -> Warehouse:
    if "freight_fen" in changes:
        template = FreightTemplate.objects.create(storefront=shop, code=code, by="piece")
        fen = changes.pop("freight_fen")
        FreightZone.objects.create(storefront=shop, template=template, first_fen=fen)
        changes["freight"] = template
    if changes.get("trade_mode", "1210") in BONDED:
        changes = {"area_code": "330266", "ems_no": "T3105W000001", **changes}
    made, _ = Warehouse.objects.update_or_create(
        storefront=shop,
        code=code,
        defaults={
            "name": "Ningbo bonded",
            "name_zh": "宁波保税仓",
            "trade_mode": "1210",
            "customs_district": "3105",
            **changes,
        },
    )
    return made


def papers(place: Warehouse, made: Variant) -> dict[str, str]:
    """The filing of a SKU in a bonded warehouse's account book, and by name the number of an inbound list."""
    if place.trade_mode not in BONDED:
        return {}
    BookItem.objects.get_or_create(
        warehouse=place,
        variant=made,
        defaults={"storefront": place.storefront, "item_no": str(made.pk), "record_no": f"R{made.pk}"},
    )
    return {"inbound_list": INBOUND_LIST}


def stock(place: Warehouse, made: Variant, on_hand: int = 100) -> Stock:
    """So many pieces: the first ones are received, with their papers; later it is counted."""
    row, filed = keep_stock(warehouse=place, variant=made), papers(place, made)
    if on_hand and not row.lots.exists():
        receive(warehouse=place, variant=made, quantity=on_hand, by="test", now=NOW, **filed)
    return set_on_hand(warehouse=place, variant=made, on_hand=on_hand, by="test", now=NOW)


def crook(row: Stock, **balances: int) -> None:
    """Write balances past the ledger, as its owner can; the test is marked `crooked_stock`."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('inventory.repair', 'on', true)")
        Stock.objects.filter(pk=row.pk).update(**balances)
        cursor.execute("SELECT set_config('inventory.repair', '', true)")


def lot(place: Warehouse, made: Variant, pieces: int, code: str = "L1", **more: Any) -> Lot:
    """Pieces received as a lot; `expires_on` and the like by name."""
    return receive(
        warehouse=place,
        variant=made,
        quantity=pieces,
        code=code,
        by="test",
        **{"now": NOW, **papers(place, made), **more},
    )
