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
    also=("import/modes_by_approval",),
    since=date(2019, 1, 1),
    zh="跨境电子商务零售进口仅限网购保税进口（1210）和直购进口（9610），或经审批的其他监管方式（MODE-2），"
    "且须为该店铺和仓库获准的监管方式。",
)
def trade_mode_is_allowed(case: Purchase, law: Law) -> dict[str, Any] | None:
    """Cross-border retail import is bonded (1210) or direct (9610), or in another mode that was approved
    (MODE-2), and only in a mode open to the storefront and to the warehouse that holds the goods."""
    policy = law.figure("import/trade_modes")
    if (
        (case.trade_mode in policy or case.trade_mode in law.figure("import/modes_by_approval"))
        and case.trade_mode in case.storefront_trade_modes
        and case.trade_mode == case.warehouse_trade_mode
    ):
        return None
    return {
        "trade_mode": case.trade_mode,
        "policy": list(policy),
        "storefront": sorted(case.storefront_trade_modes),
        "warehouse": case.warehouse_trade_mode,
    }


@rule(
    "MODE-2",
    law="import/modes_by_approval",
    since=date(2019, 1, 1),
    zh="网购保税进口A（1239）不属于跨境电商零售进口监管政策范围，未经合规审批不得启用。",
)
def mode_by_approval_is_approved(case: Purchase, law: Law) -> dict[str, Any] | None:
    """Bonded import A (1239) stands outside the policy of cross-border retail import and is off until an
    operator's compliance approval for the storefront is recorded."""
    if (
        case.trade_mode not in law.figure("import/modes_by_approval")
        or case.trade_mode in case.approved_modes
    ):
        return None
    return {"trade_mode": case.trade_mode, "approved": sorted(case.approved_modes)}
