"""How goods leave: freight templates with their zones, days off, and the account book of what is bonded."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest

from inventory import services
from kernel.clock import now
from kernel.tenancy import tenant
from operators.base import register
from operators.bilingual import say
from operators.lists import Listed
from operators.scope import PACKERS


class SameStorefront(forms.ModelForm):  # type: ignore[type-arg]
    """What a row names belongs to the row's own storefront."""

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        owners = {
            getattr(one, "storefront_id", None) for one in values.values() if hasattr(one, "storefront_id")
        }
        shop = values.get("storefront")
        if len(owners | ({shop.pk} if shop else set())) > 1:
            raise forms.ValidationError(say("不属于同一店铺。", "They are of different storefronts."))
        return values


@register("inventory.FreightTemplate")
class FreightTemplateAdmin(Listed):
    """运费模板: by piece or by weight, free from an amount on."""

    editable = ("by", "free_above_fen")
    addable = ("storefront", "code", "by", "free_above_fen")
    list_display = ("code", "by", "free_above_fen", "storefront")
    list_select_related = ("storefront",)
    search_fields = ("code__startswith",)
    ordering = ("storefront", "code")


@register("inventory.FreightZone")
class FreightZoneAdmin(Listed):
    """What carrying to some provinces costs; without provinces, everywhere else."""

    form = SameStorefront
    editable = ("provinces", "refused", "first", "first_fen", "step", "step_fen")
    addable = ("storefront", "template", *editable)
    list_display = (
        "template",
        "provinces",
        "refused",
        "first",
        "first_fen",
        "step",
        "step_fen",
        "storefront",
    )
    list_select_related = ("template", "storefront")
    list_filter = ("refused",)
    search_fields = ("template__code__startswith",)
    ordering = ("template", "id")


@register("inventory.WarehouseDay")
class WarehouseDayAdmin(Listed):
    """Holidays, and days that are made up for."""

    form = SameStorefront
    writers = PACKERS
    removable = True
    editable = ("works",)
    addable = ("storefront", "warehouse", "day", "works")
    autocomplete_fields = ("warehouse",)
    list_display = ("warehouse", "day", "works", "storefront")
    list_select_related = ("warehouse", "storefront")
    list_filter = ("works", "day")
    search_fields = ("warehouse__code__startswith",)
    ordering = ("-day",)


@register("inventory.BookItem")
class BookItemAdmin(Listed):
    """商品备案: the filing of a SKU in the account book of a bonded warehouse."""

    form = SameStorefront
    editable = ("item_no", "record_no", "filed_on")
    addable = ("storefront", "warehouse", "variant", *editable)
    autocomplete_fields = ("warehouse", "variant")
    list_display = ("variant", "warehouse", "item_no", "record_no", "filed_on", "storefront")
    list_select_related = ("variant", "warehouse", "storefront")
    search_fields = ("variant__sku__startswith", "item_no__exact", "record_no__exact")
    ordering = ("warehouse", "id")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """What was held for want of the filing is for sale with it."""
        storefront_id = self.checked_storefront(request, obj)
        with tenant(storefront_id):
            obj.pk = services.file_item(
                warehouse=obj.warehouse,
                variant=obj.variant,
                item_no=obj.item_no,
                record_no=obj.record_no,
                filed_on=obj.filed_on,
                by=request.user.get_username(),
                now=now(),
            ).pk
            self.record(
                request, obj, storefront_id, "changed" if change else "added", fields=form.changed_data
            )
