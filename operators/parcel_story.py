"""What a shipment's parcels hold and where they are, on its page and on theirs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.html import format_html

from logistics.models import Parcel, ParcelLine, Shipment
from logistics.services import contents
from operators.bilingual import chinese, say
from operators.names import state_name
from operators.tables import Table, kept, when

LAST = 100


def parcels(shipment: Shipment, rows: Sequence[Parcel] | None = None) -> Table:
    """Its parcels in the order in which they were packed, those that were taken back too."""
    rows = list(shipment.parcels.order_by("id")) if rows is None else rows
    held: dict[int, dict[str, int]] = {}
    for one in ParcelLine.objects.filter(parcel__in=rows).select_related("line").order_by("line__position"):
        of = held.setdefault(one.parcel_id, {})
        of[one.line.sku] = of.get(one.line.sku, 0) + one.quantity
    return {
        "title": say("包裹", "Parcels"),
        "headers": [
            say("包裹", "parcel"),
            say("运单号", "waybill"),
            say("状态", "state"),
            say("内含", "holds"),
            say("出库时间", "left at"),
            say("最新轨迹", "latest"),
        ],
        "rows": [
            [
                format_html(
                    '<a class="text-link" href="{}">{}</a>',
                    reverse("admin:logistics_parcel_change", args=[row.pk]),
                    row.own_number,
                ),
                row.waybill or "-",
                state_name(row.state, row.get_state_display(), "logistics.Parcel"),
                "，".join(f"{sku} × {pieces}" for sku, pieces in held.get(row.pk, {}).items()) or "-",
                kept(when(row.left_at)),
                state_name(row.latest, row.get_latest_display(), "logistics.Parcel") if row.latest else "-",
            ]
            for row in rows
        ],
    }


def tell(parcel: Parcel) -> list[Table]:
    """What lies in it lot by lot, and its way, the newest line first."""
    return [_contents(parcel), _way(parcel)]


def _contents(parcel: Parcel) -> Table:
    lines = parcel.lines.select_related("line", "lot").order_by("line__position", "id")
    refunded = contents.refunded(parcel, parcel.shipment.event_key)
    if parcel.state == "cancelled":
        refunded.clear()
    return {
        "title": say("内含商品", "What lies in it"),
        "headers": [
            "SKU",
            say("商品", "goods"),
            say("批次", "lot"),
            say("核注清单", "inbound list"),
            say("件数", "pieces"),
            say("其中已退款", "refunded of these"),
        ],
        "rows": [
            [
                row.line.sku,
                row.line.name_zh if chinese() else row.line.name,
                _lot(row),
                row.lot.inbound_list or "-",
                row.quantity,
                refunded.get(row.line.sku) or "-",
            ]
            for row in lines
        ],
    }


def _lot(row: Any) -> Any:
    return format_html(
        '<a class="text-link" href="{}">{}</a>',
        reverse("admin:inventory_lot_change", args=[row.lot_id]),
        row.lot.code or say("无批次号", "no number"),
    )


def _way(parcel: Parcel) -> Table:
    return {
        "title": say("物流轨迹", "Its way"),
        "headers": [say("时间", "time"), say("状态", "state"), say("内容", "text"), say("来源", "told by")],
        "rows": [
            [
                kept(when(row.at)),
                state_name(row.code, row.get_code_display(), "logistics.Parcel"),
                row.text or "-",
                state_name(row.provider, row.get_provider_display()),
            ]
            for row in parcel.events.order_by("-at", "-id")[:LAST]
        ],
    }
