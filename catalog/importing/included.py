"""A price with tax in it (包税) becomes the list price that comes to it with its tax, or a fault."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from catalog.importing.faults import Fault
from compliance import queries as compliance
from compliance.facts import LineFacts
from compliance.law import Law
from compliance.tax import ContentMissing, TariffMissing
from compliance.tax_included import even, split
from kernel.clock import shanghai_day
from kernel.money import yuan

if TYPE_CHECKING:
    from catalog.importing.plan import VariantPlan

COLUMN = "price_tax_included"


def resolve(variants: Iterable[VariantPlan], *, now: datetime) -> Iterator[Fault]:
    """Set the list price of every variant that was given one with tax, by the law and the tariff of today.

    It is the price of one piece bought alone and without freight. Of goods that cannot be taxed yet, and of
    a price to which no whole fen and their tax come, a fault tells; the nearest prices that work are named.
    """
    asked = [variant for variant in variants if variant.included_fen is not None]
    if not asked:
        return
    law = Law(shanghai_day(now))
    tariff = compliance.tariff(hs_codes={v.values["hs_code"] for v in asked}, day=law.day)
    for variant in asked:
        price_fen = variant.included_fen or 0
        values = variant.values
        piece = LineFacts(
            sku=variant.sku,
            hs_code=values["hs_code"],
            quantity=1,
            goods_fen=0,
            content_per_piece=values["net_content"],
            content_unit=values["net_content_unit"],
            origin=values["origin_iso"],
        )
        try:
            near = even(price_fen, piece, tariff, law)
        except (TariffMissing, ContentMissing) as missing:
            yield Fault(variant.row, COLUMN, missing.text("en"), missing.text("zh"))
            continue
        if near != [price_fen]:
            yield _uneven(variant.row, near)
            continue
        found = split(price_fen, piece, tariff, law)
        values["price_fen"], variant.tax_fen = found.goods_fen, found.tax.total_fen


def _uneven(row: int, near: list[int]) -> Fault:
    told = [yuan(fen) for fen in near]
    return Fault(
        row,
        COLUMN,
        f"no price without tax comes to this with its tax; the nearest that work: {' and '.join(told)}",
        f"没有任何不含税价加税后恰为该金额；可用的最接近金额：{'、'.join(told)}",
    )
