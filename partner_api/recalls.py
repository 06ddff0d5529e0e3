"""Where a lot went, and goods that are not to be sold: what a recall begins with. Nothing personal."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from catalog.models import Variant
from inventory import services as inventory
from inventory.models import Lot, Pick, SaleStop
from kernel.documents import answers
from kernel.errors import Missing, Refused
from orders.models import Order
from orders.states import ORDER
from partner_api.door import Json, PartnerDoor
from partner_api.pages import PageQuery, page, paged, turned

TRACE, READ, WRITE = "trace:read", "stock:read", "recalls:write"
LIST, STOPS = "lot_orders", "stops"
_ORDER = "order:"


class StopOfOthers(Refused):
    """The brand's own stop, or another partner's."""

    code = "stop_of_others"
    title = "You did not stop the sale of this: who did lifts it."
    title_zh = "该停售并非贵方发起，须由发起方解除。"


class StopsEverywhere(Refused):
    """A stop holds in every warehouse, and this partner serves certain ones."""

    code = "stops_everywhere"
    title = "A stop holds in every warehouse, and you serve certain ones: ask the brand to stop the sale."
    title_zh = "停售对全部仓库生效，而贵方仅服务部分仓库：请联系品牌方停售。"


class LotQuery(PageQuery):
    """Which lot."""

    sku = serializers.CharField(max_length=30)
    lot = serializers.CharField(
        allow_blank=True,
        max_length=60,
        help_text="its number 批号, wherever its pieces lay; empty: pieces that came without one",
    )


class StopBody(serializers.Serializer[Any]):
    """What is not to be sold."""

    sku = serializers.CharField(max_length=30)
    lot = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=60, help_text="empty: every lot of the SKU"
    )
    reason = serializers.CharField(max_length=200)


class WentOut(serializers.Serializer[Any]):
    """Pieces of a lot that are set aside for an order or went to it; one may stand here several times."""

    order = serializers.CharField()
    state = serializers.ChoiceField(ORDER.states)
    warehouse = serializers.CharField()
    quantity = serializers.IntegerField()
    picked_at = serializers.DateTimeField()
    shipped_at = serializers.DateTimeField(allow_null=True, help_text="null: still in the house")


class StopOut(serializers.Serializer[Any]):
    """A stop that holds."""

    sku = serializers.CharField()
    lot = serializers.CharField(allow_null=True, help_text="null: every lot of the SKU")
    reason = serializers.CharField()
    at = serializers.DateTimeField()
    yours = serializers.BooleanField(help_text="whether you said so, and may lift it")


class LotOrders(PartnerDoor):
    """Orders of a lot."""

    scopes = {"GET": TRACE}

    @extend_schema(parameters=[LotQuery], responses=answers(200, paged(WentOut), 422))
    def get(self, request: Request) -> Json:
        """The orders that pieces of a lot were picked for and not put back, in the order of picking."""
        asked = self.asked(LotQuery).validated_data
        lots = list(
            Lot.objects.filter(
                storefront=self.storefront,
                stock__variant__sku=asked["sku"],
                stock__warehouse__in=self.warehouses(),
                code=asked["lot"],
            ).values_list("pk", flat=True)
        )
        if not lots:
            raise Missing()
        rows = Pick.objects.filter(
            lot__in=lots,
            put_back_at=None,
            reservation__holder__startswith=_ORDER,
        )
        items, more = turned(rows.select_related("reservation", "lot__stock__warehouse"), LIST, asked)
        numbers = {one.reservation.holder.removeprefix(_ORDER) for one in items}
        known = Order.objects.filter(storefront=self.storefront, number__in=numbers)
        states = dict(known.values_list("number", "state"))
        return Json(page([_went(one, states) for one in items], next=more))


class Stops(PartnerDoor):
    """Goods that are not sold 停售."""

    scopes = {"GET": READ, "POST": WRITE}

    @extend_schema(parameters=[PageQuery], responses=answers(200, paged(StopOut), 422))
    def get(self, request: Request) -> Json:
        """What is not sold at present, whoever said so."""
        asked = self.asked(PageQuery).validated_data
        rows = SaleStop.objects.filter(storefront=self.storefront, lifted_at=None)
        items, more = turned(rows.select_related("variant", "lot"), STOPS, asked)
        return Json(page([_stop(self, one) for one in items], next=more))

    @extend_schema(request=StopBody, responses=answers(201, StopOut, 404, 409))
    def post(self, request: Request) -> Json:
        """Stop the sale of a SKU, or of a lot wherever it lies, at once. What is reserved is not picked, and
        what is picked does not leave."""
        told = self.taken(StopBody).validated_data
        _everywhere(self)
        variant = _variant(self, told["sku"])
        lot = None
        if told["lot"]:
            lot = Lot.objects.filter(stock__variant=variant, code=told["lot"]).order_by("pk").first()
            if lot is None:
                raise Missing()
        stop = inventory.stop_sale(variant=variant, lot=lot, reason=told["reason"], by=self.by, now=self.now)
        return Json(_stop(self, stop), status=201)


class LiftStop(PartnerDoor):
    """Goods that are sold again."""

    scopes = {"POST": WRITE}

    @extend_schema(request=StopBody, responses=answers(200, StopOut, 404, 409))
    def post(self, request: Request) -> Json:
        """Lift a stop of your own. What the brand or another partner stopped is theirs to lift."""
        told = self.taken(StopBody).validated_data
        _everywhere(self)
        rows = SaleStop.objects.filter(variant=_variant(self, told["sku"]), lifted_at=None)
        rows = rows.filter(lot__code=told["lot"]) if told["lot"] else rows.filter(lot=None)
        stop = rows.select_related("variant", "lot").order_by("pk").first()
        if stop is None:
            raise Missing()
        if stop.by != self.by:
            raise StopOfOthers()
        lifted = inventory.lift_stop(stop=stop, reason=told["reason"], by=self.by, now=self.now)
        return Json(_stop(self, lifted))


def _everywhere(door: PartnerDoor) -> None:
    """Go on for who serves every warehouse; raises StopsEverywhere."""
    if door.connection.warehouses:
        raise StopsEverywhere()


def _variant(door: PartnerDoor, sku: str) -> Variant:
    row = Variant.objects.filter(storefront=door.storefront, sku=sku).first()
    if row is None:
        raise Missing()
    return row


def _went(one: Pick, states: dict[str, str]) -> dict[str, Any]:
    number = one.reservation.holder.removeprefix(_ORDER)
    return {
        "order": number,
        "state": states[number],
        "warehouse": one.lot.stock.warehouse.code,
        "quantity": one.quantity,
        "picked_at": one.at,
        "shipped_at": one.shipped_at,
    }


def _stop(door: PartnerDoor, row: SaleStop) -> dict[str, Any]:
    return {
        "sku": row.variant.sku,
        "lot": row.lot.code if row.lot else None,
        "reason": row.reason,
        "at": row.at,
        "yours": row.by == door.by,
    }
