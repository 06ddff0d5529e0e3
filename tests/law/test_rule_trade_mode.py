"""MODE-1 and MODE-2."""

from dataclasses import replace

import pytest

from tests.law.law_cases import judged, purchase, refused


def test_mode_1_trade_mode_is_allowed():
    """Cross-border retail import is bonded (1210) or direct (9610), or in another mode that was approved
    (MODE-2), and only in a mode open to the storefront and to the warehouse that holds the goods."""
    assert refused(purchase(trade_mode="9610", warehouse_trade_mode="9610")) == []
    verdict = judged(purchase(trade_mode="9610", warehouse_trade_mode="1210"))
    assert [r.rule for r in verdict.refusals] == ["MODE-1"]
    assert verdict.refusals[0].facts == {
        "trade_mode": "9610",
        "policy": ["1210", "9610"],
        "storefront": ["1210", "9610"],
        "warehouse": "1210",
    }
    assert refused(purchase(storefront_trade_modes=frozenset({"9610"}))) == ["MODE-1"]


@pytest.mark.parametrize("mode", ["9710", "9810", ""])
def test_other_modes_are_off_even_where_storefront_and_warehouse_have_them(mode):
    case = purchase(trade_mode=mode, warehouse_trade_mode=mode, storefront_trade_modes=frozenset({mode}))
    assert refused(case) == ["MODE-1"]


def test_mode_2_mode_by_approval_is_approved():
    """Bonded import A (1239) stands outside the policy of cross-border retail import and is off until an
    operator's compliance approval for the storefront is recorded."""
    case = purchase(
        trade_mode="1239", warehouse_trade_mode="1239", storefront_trade_modes=frozenset({"1210", "1239"})
    )
    verdict = judged(case)
    assert [r.rule for r in verdict.refusals] == ["MODE-2"]
    assert verdict.refusals[0].facts == {"trade_mode": "1239", "approved": []}
    assert verdict.refusals[0].citation.startswith("海关总署公告2016年第75号")
    assert refused(replace(case, approved_modes=frozenset({"1239"}))) == []


def test_an_approval_opens_no_mode_that_storefront_or_warehouse_do_not_have():
    approved = frozenset({"1239", "9710"})
    assert refused(purchase(trade_mode="1239", approved_modes=approved)) == ["MODE-1"]
    modes = {"trade_mode": "9710", "warehouse_trade_mode": "9710"}
    assert refused(
        purchase(**modes, storefront_trade_modes=frozenset({"9710"}), approved_modes=approved)
    ) == ["MODE-1"]
