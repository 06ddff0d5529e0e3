"""The file that the institution settles by (结汇文件): the same batch is always the same bytes.

It tells of each trade what 汇发〔2019〕13号 asks for, and names no consumer: who paid is known to the
institution by its own transaction number.
"""

from __future__ import annotations

import io

from kernel.clock import shanghai_day
from kernel.money import yuan
from kernel.sheets import Sheet
from settlement.currency import shown
from settlement.models import SettlementBatch, SettlementItem

COLUMNS = (
    "batch",
    "item",
    "order",
    "transaction_id",
    "bop_code",
    "goods",
    "quantity",
    "seller",
    "seller_country",
    "buyer_country",
    "ordered_on",
    "payment_declaration",
    "waybill",
    "clearance",
    "gross_yuan",
    "refunded_yuan",
    "fee_yuan",
    "net_yuan",
    "currency",
    "expected",
)
_ALL = "total"


def written(batch: SettlementBatch) -> bytes:
    """The batch as CSV (UTF-8, one line an item in their order), with a last line of totals."""
    out = io.StringIO()
    sheet = Sheet(out)
    sheet.row(COLUMNS)
    items = batch.items.select_related("order").prefetch_related("order__lines").order_by("position")
    brand = batch.storefront.brand
    for item in items:
        sheet.row([*_trade(batch, item, brand.name, brand.country), *_amounts(batch, item)])
    total = [_ALL, batch.items_count, *[""] * (len(COLUMNS) - 5), yuan(batch.net_fen), batch.currency]
    sheet.row([*total, shown(batch.promised_minor, batch.currency)])
    return out.getvalue().encode()


def _trade(batch: SettlementBatch, item: SettlementItem, seller: str, country: str) -> list[object]:
    order = item.order
    pieces = list(order.lines.all())
    told = item.evidence
    return [
        batch.number,
        item.position,
        order.number,
        told.get("transaction", ""),
        batch.bop_code,
        "; ".join(f"{line.hs_code} {line.name_zh} x{line.quantity}" for line in pieces),
        sum(line.quantity for line in pieces),
        seller,
        country,
        "CN",
        shanghai_day(order.placed_at).isoformat(),
        told.get("payment", ""),
        told.get("logistics", ""),
        told.get("clearance", ""),
    ]


def _amounts(batch: SettlementBatch, item: SettlementItem) -> list[object]:
    fen = (item.gross_fen, item.refunded_fen, item.fee_fen, item.net_fen)
    return [*(yuan(one) for one in fen), batch.currency, shown(item.promised_minor, batch.currency)]
