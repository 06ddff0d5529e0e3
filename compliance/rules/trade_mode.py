"""Goods enter in a trade mode (监管方式) that the policy, the storefront and the warehouse all allow."""

from __future__ import annotations

from datetime import date
from typing import Any

from compliance.facts import Purchase
from compliance.law import Law
from compliance.rules.book import rule


@rule(
    "MODE-1",
    law="import/trade_modes",
    since=date(2019, 1, 1),
    zh="跨境电子商务零售进口仅限网购保税进口（1210）和直购进口（9610），且须为该店铺和仓库获准的监管方式。",
)
def trade_mode_is_allowed(case: Purchase, law: Law) -> dict[str, Any] | None:
    """Cross-border retail import is bonded (1210) or direct (9610), and only in a mode open to the storefront
    and to the warehouse that holds the goods."""
    if (
        case.trade_mode in law.figure("import/trade_modes")
        and case.trade_mode in case.storefront_trade_modes
        and case.trade_mode == case.warehouse_trade_mode
    ):
        return None
    return {
        "trade_mode": case.trade_mode,
        "policy": list(law.figure("import/trade_modes")),
        "storefront": sorted(case.storefront_trade_modes),
        "warehouse": case.warehouse_trade_mode,
    }
