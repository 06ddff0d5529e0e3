"""MODE-1."""

import pytest

from tests.law.law_cases import judged, purchase, refused


def test_mode_1_trade_mode_is_allowed():
    """Cross-border retail import is bonded (1210) or direct (9610), and only in a mode open to the storefront
    and to the warehouse that holds the goods."""
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


@pytest.mark.parametrize("mode", ["1239", "9710", "9810", ""])
def test_other_modes_are_off_even_where_storefront_and_warehouse_have_them(mode):
    case = purchase(trade_mode=mode, warehouse_trade_mode=mode, storefront_trade_modes=frozenset({mode}))
    assert refused(case) == ["MODE-1"]
