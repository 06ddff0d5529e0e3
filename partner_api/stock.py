"""Stock as a warehouse or an ERP sees and moves it: every piece by the ledger, a message whole or not."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from inventory.models import CountLine as Counted
from inventory.models import Lot, Stock
from kernel.documents import Text, answers
from partner_api.door import Json, PartnerDoor
from partner_api.lines import MOST_LINES
from partner_api.moves import adjust, count, take_in
from partner_api.pages import PageQuery, page, paged, turned

READ, WRITE = "stock:read", "stock:write"


class StockQuery(PageQuery):
    """Which stock."""

    warehouse = serializers.SlugField(required=False, default="", max_length=40)
    sku = serializers.CharField(required=False, default="", max_length=30)


class _Line(serializers.Serializer[Any]):
    sku = serializers.CharField(max_length=30)
    lot = serializers.CharField(required=False, default="", allow_blank=True, max_length=60)
    inbound_list = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=30, help_text="核注清单编号, if bonded"
    )


class ReceiptLine(_Line):
    """Pieces of one lot that came in."""

    quantity = serializers.IntegerField(min_value=1, max_value=10_000_000)
    produced_on = serializers.DateField(required=False, default=None, allow_null=True)
    expires_on = serializers.DateField(required=False, default=None, allow_null=True)


class ReceiptBody(serializers.Serializer[Any]):
    """What came into a warehouse, in one message."""

    warehouse = serializers.SlugField(max_length=40)
    reference = serializers.CharField(
        max_length=40, help_text="your number of the receipt; kept with each piece"
    )
    lines = serializers.ListField(child=ReceiptLine(), allow_empty=False, max_length=MOST_LINES)


class AdjustmentLine(_Line):
    """Pieces of one lot that were found, or are missing."""

    pieces = serializers.IntegerField(
        min_value=-10_000_000, max_value=10_000_000, help_text="below 0: missing"
    )
    reason = serializers.CharField(max_length=100)


class AdjustmentBody(serializers.Serializer[Any]):
    """What differs from the ledger, and why."""

    warehouse = serializers.SlugField(max_length=40)
    lines = serializers.ListField(child=AdjustmentLine(), allow_empty=False, max_length=MOST_LINES)


class CountLine(_Line):
    """What was counted of one lot."""

    counted = serializers.IntegerField(min_value=0, max_value=10_000_000)


class CountBody(serializers.Serializer[Any]):
    """What was counted in a warehouse."""

    warehouse = serializers.SlugField(max_length=40)
    note = serializers.CharField(required=False, default="", allow_blank=True, max_length=100)
    lines = serializers.ListField(child=CountLine(), allow_empty=False, max_length=MOST_LINES)


class WarehouseOut(serializers.Serializer[Any]):
    """A place that goods leave from."""

    code = serializers.CharField()
    name = Text()
    trade_mode = serializers.CharField(help_text="1210, 9610, 1239 or 0110")
    active = serializers.BooleanField()


class LevelOut(serializers.Serializer[Any]):
    """How much there is of a SKU in a warehouse."""

    sku = serializers.CharField()
    warehouse = serializers.CharField()
    on_hand = serializers.IntegerField()
    reserved = serializers.IntegerField(help_text="promised to orders")
    quarantined = serializers.IntegerField(help_text="set aside")
    available = serializers.IntegerField(help_text="what may still be promised")
    stopped = serializers.BooleanField(help_text="not sold at present")


class LotOut(serializers.Serializer[Any]):
    """A lot 批次 in a warehouse."""

    sku = serializers.CharField()
    warehouse = serializers.CharField()
    lot = serializers.CharField(allow_blank=True)
    inbound_list = serializers.CharField(allow_null=True, help_text="核注清单编号")
    produced_on = serializers.DateField(allow_null=True)
    expires_on = serializers.DateField(allow_null=True)
    on_hand = serializers.IntegerField()
    picked = serializers.IntegerField()
    quarantined = serializers.IntegerField()
    stopped = serializers.BooleanField()
    unsellable_from = serializers.DateField(allow_null=True, help_text="too near its end from this day on")


class ReceiptOut(serializers.Serializer[Any]):
    """What was taken in, lot by lot, as it stands now."""

    reference = serializers.CharField()
    lots = serializers.ListField(child=LotOut())


class AdjustmentOut(serializers.Serializer[Any]):
    """The lots as they stand now."""

    lots = serializers.ListField(child=LotOut())


class CountedOut(serializers.Serializer[Any]):
    """What the ledger says of a lot, and what was counted."""

    sku = serializers.CharField()
    lot = serializers.CharField(allow_blank=True)
    expected = serializers.IntegerField()
    counted = serializers.IntegerField()
    state = serializers.ChoiceField(Counted.State.choices)


class CountOut(serializers.Serializer[Any]):
    """Line by line."""

    lines = serializers.ListField(child=CountedOut())


class Warehouses(PartnerDoor):
    """Places that goods leave from."""

    scopes = {"GET": READ}

    @extend_schema(responses=answers(200, paged(WarehouseOut)))
    def get(self, request: Request) -> Json:
        """The warehouses of this storefront that you serve, each with its trade mode 监管方式."""
        rows = self.warehouses().order_by("position", "code")
        items = [
            {
                "code": row.code,
                "name": {"zh": row.name_zh, "en": row.name},
                "trade_mode": row.trade_mode,
                "active": row.active,
            }
            for row in rows
        ]
        return Json(page(items, next=None))


class Levels(PartnerDoor):
    """How much there is of each SKU."""

    scopes = {"GET": READ}

    @extend_schema(parameters=[StockQuery], responses=answers(200, paged(LevelOut), 422))
    def get(self, request: Request) -> Json:
        """How much there is of each SKU in each warehouse. `available` is what may still be promised."""
        asked = self.asked(StockQuery).validated_data
        rows = Stock.objects.filter(storefront=self.storefront, warehouse__in=self.warehouses())
        rows = rows.select_related("warehouse", "variant")
        found, more = _page(self, "stock", rows, asked, "")
        return Json(page([_level(row) for row in found], next=more))


class Lots(PartnerDoor):
    """How much there is of each lot 批次."""

    scopes = {"GET": READ}

    @extend_schema(parameters=[StockQuery], responses=answers(200, paged(LotOut), 422))
    def get(self, request: Request) -> Json:
        """Lots with their days; those without a piece are left out."""
        asked = self.asked(StockQuery).validated_data
        served = self.warehouses()
        rows = Lot.objects.filter(storefront=self.storefront, on_hand__gt=0, stock__warehouse__in=served)
        rows = rows.select_related("stock__warehouse", "stock__variant")
        found, more = _page(self, "lots", rows, asked, "stock__")
        return Json(page([_lot(row) for row in found], next=more))


class Receipts(PartnerDoor):
    """What comes in."""

    scopes = {"POST": WRITE}

    @extend_schema(request=ReceiptBody, responses=answers(201, ReceiptOut))
    def post(self, request: Request) -> Json:
        """Take goods in, lot by lot, all of the message or nothing."""
        told = self.taken(ReceiptBody).validated_data
        lots = take_in(self.served(), _each(self, told, "reference"))
        return Json({"reference": told["reference"], "lots": [_lot(lot) for lot in lots]}, status=201)


class Adjustments(PartnerDoor):
    """What differs."""

    scopes = {"POST": WRITE}

    @extend_schema(request=AdjustmentBody, responses=answers(201, AdjustmentOut))
    def post(self, request: Request) -> Json:
        """Add what was found and write off what is missing, all of it or nothing; promised pieces stay."""
        told = self.taken(AdjustmentBody).validated_data
        lots = adjust(self.served(), _each(self, told))
        return Json({"lots": [_lot(lot) for lot in lots]}, status=201)


class Counts(PartnerDoor):
    """What was counted."""

    scopes = {"POST": WRITE}

    @extend_schema(request=CountBody, responses=answers(201, CountOut))
    def post(self, request: Request) -> Json:
        """Compare with the ledger; nothing moves: a difference waits for the brand to accept it."""
        told = self.taken(CountBody).validated_data
        found = count(self.served(), _each(self, told, "note"))
        items = [
            {
                "sku": one["sku"],
                "lot": one["lot"],
                "expected": row.expected,
                "counted": row.counted,
                "state": row.state,
            }
            for one, row in zip(told["lines"], found, strict=True)
        ]
        return Json({"lines": items}, status=201)


def _each(door: PartnerDoor, told: dict[str, Any], *shared: str) -> list[dict[str, Any]]:
    """The lines of a message, each with what is said of all. Raises Missing for another's warehouse."""
    door.served().warehouse(told["warehouse"])
    of_all = {name: told[name] for name in ("warehouse", *shared)}
    return [{**one, **of_all} for one in told["lines"]]


def _page(
    door: PartnerDoor, name: str, rows: QuerySet[Any], asked: dict[str, Any], to_stock: str
) -> tuple[list[Any], str | None]:
    if asked["warehouse"]:
        rows = rows.filter(**{f"{to_stock}warehouse": door.warehouse(asked["warehouse"])})
    if asked["sku"]:
        rows = rows.filter(**{f"{to_stock}variant__sku": asked["sku"]})
    return turned(rows, name, asked)


def _level(row: Stock) -> dict[str, Any]:
    return {
        "sku": row.variant.sku,
        "warehouse": row.warehouse.code,
        "on_hand": row.on_hand,
        "reserved": row.reserved,
        "quarantined": row.quarantined,
        "available": max(row.available, 0),
        "stopped": row.stopped,
    }


def _lot(row: Lot) -> dict[str, Any]:
    return {
        "sku": row.stock.variant.sku,
        "warehouse": row.stock.warehouse.code,
        "lot": row.code,
        "inbound_list": row.inbound_list or None,
        "produced_on": row.produced_on,
        "expires_on": row.expires_on,
        "on_hand": row.on_hand,
        "picked": row.picked,
        "quarantined": row.quarantined,
        "stopped": row.stopped,
        "unsellable_from": row.unsellable_from,
    }
