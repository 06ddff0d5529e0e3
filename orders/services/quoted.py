"""What the law asks of goods, read from the lines of a quote as they were quoted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from compliance.facts import LineFacts, goods_from


def line_facts(lines: Iterable[Mapping[str, Any]]) -> tuple[LineFacts, ...]:
    """The facts of each kept line (`Quote.lines`); amounts in fen."""
    return tuple(
        LineFacts(
            sku=line["sku"],
            hs_code=line["hs_code"],
            quantity=line["quantity"],
            goods_fen=line["goods_fen"],
            freight_fen=line["freight_fen"],
            content_per_piece=Decimal(line["content_per_piece"]) if line["content_per_piece"] else None,
            content_unit=line["content_unit"],
            goods=goods_from(line["goods"]),
            grams=line["grams"],
            origin=line["customs"]["origin_iso"],
        )
        for line in lines
    )
