"""What is told of the import tax of goods before anyone orders: rates, and the tax of one piece."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from catalog.priced import PricedVariant
from compliance.facts import LineFacts
from compliance.law import Law
from compliance.tax import ContentMissing, Rate, composite, levy


def taxed(v: PricedVariant, rate: Rate | None, law: Law) -> dict[str, Any] | None:
    """In percent, with the tax of one piece in fen, freight left out. None where it cannot be reckoned.

    Within the limits CBEC tax (跨境电商综合税) is levied: `composite_rate` is all of it as a share of the
    value, None where excise goes by quantity. A piece above the single limit is taxed in full.
    """
    if rate is None:
        return None
    piece = LineFacts(
        sku=v.sku,
        hs_code=v.hs_code,
        quantity=1,
        goods_fen=v.price_fen,
        content_per_piece=v.net_content,
        content_unit=v.net_content_unit,
        origin=v.origin_iso,
    )
    full = piece.dutiable_fen > law.figure("import/single_transaction_limit")
    try:
        (due,) = levy([piece], [rate], law, over_limit=full)
    except ContentMissing:
        return None
    duty = rate.duty_rate + due.surtax_rate if full else law.figure("import/duty_within_limit")
    share = Decimal(1) if full else law.figure("import/tax_share_within_limit")
    excise = due.excise_due
    return {
        "composite_rate": None if full else _percent(composite(rate, law, excise=excise)),
        "duty_rate": _percent(duty),
        "vat_rate": _percent(rate.vat_rate),
        "excise_rate": _percent((rate.excise_rate or Decimal(0)) if excise else Decimal(0)),
        "excise_by_quantity": excise and rate.excise_per_unit_fen is not None,
        "levied_share": _percent(share),
        "tax_fen": due.total_fen,
    }


def _percent(share: Decimal | None) -> str | None:
    return None if share is None else f"{round(share * 100, 2).normalize():f}"
