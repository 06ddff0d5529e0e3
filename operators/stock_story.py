"""All of one stock on one page: its lots in the order in which they leave, and what moved last."""

from __future__ import annotations

from typing import Any

from django.db.models import BooleanField, Case, ExpressionWrapper, F, When
from django.urls import reverse
from django.utils.html import format_html

from inventory import services
from inventory.models import Count, Lot, Movement, Stock
from kernel.clock import now, shanghai_day
from kernel.models import Event
from logistics.models import Shipment
from operators.bilingual import say
from operators.names import state_name
from operators.tables import Table, history, kept, when

LAST = 50


def tell(stock: Stock) -> list[Table]:
    """Lots and movements."""
    return [_lots(stock), movements(stock.movements.all())]


def tell_lot(lot: Lot) -> list[Table]:
    """What moved in it, and what was entered of it before."""
    events = Event.objects.filter(key=f"lot:{lot.pk}").order_by("-id")[:LAST]
    return [movements(lot.movements.all()), history(events, {})]


def _lots(stock: Stock) -> Table:
    lots = stock.lots.annotate(lacking=lacking(), spent=Case(When(on_hand=0, then=1), default=0)).order_by(
        "spent",  # what has pieces first: old ones would hide it
        F("expires_on").asc(nulls_last=True),
        "received_at",
        "pk",
    )
    return {
        "title": say("批次（按先到期先出）", "Lots, first expired first"),
        "headers": [
            say("批次", "lot"),
            say("在库", "on hand"),
            say("已拣", "picked"),
            say("隔离", "quarantined"),
            say("生产日期", "produced on"),
            say("到期日", "expires on"),
            say("核注清单", "inbound list"),
            say("状态", "state"),
        ],
        "rows": [
            [
                format_html(
                    '<a class="text-link" href="{}">{}</a>',
                    reverse("admin:inventory_lot_change", args=[lot.pk]),
                    lot.code or say("无批次号", "no number"),
                ),
                lot.on_hand,
                lot.picked,
                lot.quarantined,
                kept(lot.produced_on or "-"),
                kept(lot.expires_on or "-"),
                lot.inbound_list or "-",
                lot_state(lot),
            ]
            for lot in lots[:LAST]
        ],
    }


def lacking() -> Any:
    """Whether a lot lacks papers of customs, as a column that `lot_state` reads."""
    return ExpressionWrapper(services.lacks_papers(), output_field=BooleanField())


def lot_state(lot: Lot) -> Any:
    """Whether a lot is sold today: stopped, below its floor, without papers, near its end, or fine."""
    day = shanghai_day(now())
    if lot.stopped:
        return say("停售", "stopped")
    if lot.unsellable_from is not None and lot.unsellable_from <= day:
        return say("低于保质期下限", "below the floor")
    if lot.on_hand and lot.lacking:  # type: ignore[attr-defined]
        return say("缺少单证", "papers missing")
    if lot.near_from is not None and lot.near_from <= day:
        return say("临期", "near its end")
    return say("正常", "for sale")


def movements(rows: Any) -> Table:
    """The last movements, newest first."""
    return {
        "title": say(f"最近 {LAST} 笔流水", f"The last {LAST} movements"),
        "headers": [
            say("时间", "time"),
            say("类型", "kind"),
            say("批次", "lot"),
            say("在库", "on hand"),
            say("占用", "reserved"),
            say("已拣", "picked"),
            say("隔离", "quarantined"),
            say("对象", "for"),
            say("原因", "reason"),
            say("操作人", "by"),
        ],
        "rows": [_movement(row) for row in rows.select_related("lot").order_by("-pk")[:LAST]],
    }


def _movement(row: Movement) -> list[Any]:
    return [
        when(row.at),
        state_name(row.kind, row.get_kind_display(), "inventory.Movement"),
        row.lot.code if row.lot else "-",
        *(f"{pieces:+d}" if pieces else "" for pieces in (row.on_hand, row.reserved, row.picked)),
        f"{row.quarantined:+d}" if row.quarantined else "",
        row.holder or "-",
        row.reason or "-",
        row.by or "-",
    ]


def picks(shipment: Shipment) -> list[Table]:
    """What is picked for a shipment, lot by lot, as it is taken from the shelf."""
    rows = services.picked(holder=shipment.event_key)
    return [
        {
            "title": say("拣货", "Picked"),
            "headers": [
                "SKU",
                say("批次", "lot"),
                say("核注清单", "inbound list"),
                say("到期日", "expires on"),
                say("件数", "pieces"),
                say("包裹", "parcel"),
                say("拣货时间", "picked at"),
                say("出库时间", "left at"),
            ],
            "rows": [
                [
                    row.reservation.stock.variant.sku,
                    format_html(
                        '<a class="text-link" href="{}">{}</a>',
                        reverse("admin:inventory_lot_change", args=[row.lot_id]),
                        row.lot.code or say("无批次号", "no number"),
                    ),
                    row.lot.inbound_list or "-",
                    kept(row.lot.expires_on or "-"),
                    row.quantity,
                    row.box.removeprefix("parcel:") or say("未装箱", "in none"),
                    when(row.at),
                    when(row.shipped_at) if row.shipped_at else "-",
                ]
                for row in rows
            ],
        }
    ]


def count_lines(count: Count) -> Table:
    """What was counted, the differences first."""
    lines = count.lines.select_related("lot__stock__variant").order_by("-state", "pk")
    return {
        "title": say("实盘", "Counted"),
        "headers": [
            "SKU",
            say("批次", "lot"),
            say("账面", "ledger"),
            say("实盘", "counted"),
            say("差异", "difference"),
            say("状态", "state"),
            say("盘点人", "by"),
        ],
        "rows": [
            [
                format_html(
                    '<a class="text-link" href="{}">{}</a>',
                    reverse("admin:inventory_countline_change", args=[line.pk]),
                    line.lot.stock.variant.sku,
                ),
                line.lot.code or "-",
                line.expected,
                line.counted,
                f"{line.counted - line.expected:+d}",
                state_name(line.state, line.get_state_display(), "inventory.CountLine"),
                line.by,
            ]
            for line in lines[:500]
        ],
    }
