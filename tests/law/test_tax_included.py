"""A price with tax in it pays for the largest goods value and its tax; one fen more would not fit."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.tax import assess
from compliance.tax_included import PriceBelowTax, even, split
from tests.law.law_cases import CREAM, LAW, line
from tests.law.test_tax_properties import contents, rates, unhurried


def levied(goods_fen, piece, rate):
    made = line(goods_fen, piece.freight_fen, content_per_piece=piece.content_per_piece)
    in_full = made.dutiable_fen > 500_000
    return assess([made], {"3304990010": rate}, LAW, in_full)[0].total_fen


@unhurried
@given(st.integers(1, 2_500_000), rates(), contents, st.integers(0, 2_000))
def test_one_fen_more_of_goods_would_cost_more_than_the_price(price, rate, content, freight_fen):
    piece = line(0, freight_fen, content_per_piece=content)
    try:
        found = split(price, piece, {"3304990010": rate}, LAW)
    except PriceBelowTax:
        assert 1 + levied(1, piece, rate) > price
        return
    assert found.goods_fen + found.tax.total_fen + found.rounding_fen == price
    assert found.tax.total_fen == levied(found.goods_fen, piece, rate)
    assert found.rounding_fen >= 0
    assert found.goods_fen + 1 + levied(found.goods_fen + 1, piece, rate) > price


@unhurried
@given(st.integers(2, 3_000), rates(), contents)
def test_no_value_at_all_is_larger_and_fits(price, rate, content):
    piece = line(0, content_per_piece=content)
    fitting = [v for v in range(1, price + 1) if v + levied(v, piece, rate) <= price]
    if fitting:
        assert split(price, piece, {"3304990010": rate}, LAW).goods_fen == max(fitting)
    else:
        with pytest.raises(PriceBelowTax):
            split(price, piece, {"3304990010": rate}, LAW)


@unhurried
@given(st.integers(1, 2_000), rates(), contents)
def test_the_nearest_even_prices_are_those_of_a_whole_search(price, rate, content):
    piece = line(0, content_per_piece=content)
    all_even = [v + levied(v, piece, rate) for v in range(1, price + 2)]
    below = [p for p in all_even if p <= price]
    above = [p for p in all_even if p > price]
    nearest = [price] if price in all_even else [*below[-1:], above[0]]
    assert even(price, piece, {"3304990010": rate}, LAW) == nearest


@pytest.mark.parametrize(
    ("price", "freight_fen", "goods_fen"),
    [
        (61_528, 0, 49_999),
        (61_529, 0, 50_000),
        (61_531, 0, 50_001),
        (61_028, 500, 49_499),  # 5.00 of freight make it dear from 495.00 on
        (61_029, 500, 49_500),
    ],
)
def test_the_threshold_of_cosmetics_is_met_from_below_at_and_above_with_freight_deciding(
    price, freight_fen, goods_fen
):
    piece = line(0, freight_fen, content_per_piece=Decimal(50), content_unit="ml")
    assert split(price, piece, {"3304990010": CREAM}, LAW).goods_fen == goods_fen


def test_a_price_is_that_of_one_piece():
    with pytest.raises(ValueError, match="one piece"):
        split(9_900, line(0, quantity=2), {"3304990010": CREAM}, LAW)
