"""What lies where: warehouses to describe, counts to set, reservations to read."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin

from inventory import services
from kernel.tenancy import tenant
from operators.base import Scoped, register
from operators.bilingual import say
from operators.filters import FewFilter, states
from operators.scope import PACKERS

_TERMS = (
    "name",
    "name_zh",
    "customs_district",
    "position",
    "freight_fen",
    "freight_free_from_fen",
    "parcel_limit_g",
    "active",
)


@register("inventory.Warehouse")
class WarehouseAdmin(Scoped):
    """Where goods leave from; its trade mode is settled when it is added."""

    editable = _TERMS
    addable = ("storefront", "code", "trade_mode", *_TERMS)
    list_display = ("code", "name", "trade_mode", "customs_district", "freight_fen", "active", "storefront")
    list_select_related = ("storefront",)
    list_filter = (states("trade_mode"), "active")
    search_fields = ("code__startswith", "name", "name_zh")
    ordering = ("storefront", "position", "code")


class StockForm(forms.ModelForm):  # type: ignore[type-arg]
    """Pieces and place must belong to the same storefront."""

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        place, variant = values.get("warehouse"), values.get("variant")
        if place and variant and place.storefront_id != variant.storefront_id:
            raise forms.ValidationError(
                say("仓库与规格不属于同一店铺。", "The warehouse and the item are of different storefronts.")
            )
        return values


@register("inventory.Stock")
class StockAdmin(Scoped):
    """Counted and reserved pieces; the count is set here, never below what is reserved."""

    form = StockForm
    writers = PACKERS
    editable = ("on_hand",)
    addable = ("warehouse", "variant", "on_hand")
    autocomplete_fields = ("warehouse", "variant")
    list_display = ("variant", "warehouse", "on_hand", "reserved", "available", "storefront")
    list_select_related = ("variant", "warehouse", "storefront")
    list_filter = (FewFilter,)
    search_fields = ("variant__sku__startswith", "warehouse__code__startswith")
    ordering = ("-id",)

    @admin.display(description=say("可售", "available"))
    def available(self, row: Any) -> int:
        return int(row.on_hand - row.reserved)

    def save_model(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.storefront_id = obj.warehouse.storefront_id
        storefront_id = self.checked_storefront(request, obj)
        with tenant(storefront_id):
            stock = services.set_on_hand(
                warehouse=obj.warehouse, variant=obj.variant, on_hand=form.cleaned_data["on_hand"]
            )
            obj.pk = stock.pk
            self.record(request, obj, storefront_id, "counted", on_hand=stock.on_hand)


@register("inventory.Reservation")
class ReservationAdmin(Scoped):
    """For whom pieces are held."""

    list_display = ("holder", "stock", "quantity", "state", "at", "released_at", "storefront")
    list_select_related = ("stock__variant", "stock__warehouse", "storefront")
    list_filter = (states("state"), "at")
    search_fields = ("holder__exact", "stock__variant__sku__startswith")
    ordering = ("-id",)
