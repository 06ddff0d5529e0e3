"""Whatever the sequence in which pieces go back, together they give back exactly what was paid."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.models import OrderLine
from payments.models import RefundLine
from payments.services.refund_parts import NOTHING, SHARES, Part, part, rest, returned


def line(quantity: int, price: int, pk: int = 1, **shares: int) -> OrderLine:
    amounts = {name: shares.get(name, 0) for name in SHARES} | {"goods_fen": quantity * price}
    return OrderLine(pk=pk, sku=f"S{pk}", quantity=quantity, price_fen=price, **amounts)


def row(one: Part) -> RefundLine:
    return RefundLine(line_id=one.line.pk, quantity=one.quantity, **one.shares)


@st.composite
def bought(draw: st.DrawFn) -> OrderLine:
    quantity, price = draw(st.integers(1, 99)), draw(st.integers(1, 500_000))
    share = st.integers(0, 200_000)
    discount = draw(st.integers(0, quantity * price))
    others = {name: draw(share) for name in SHARES[2:]}
    return line(quantity, price, discount_fen=discount, **others)


@given(bought(), st.data())
def test_any_sequence_of_all_pieces_gives_back_exactly_what_was_paid(bought, data):
    rows, left = [], bought.quantity
    while left:
        quantity = data.draw(st.integers(1, left))
        one = part(bought, quantity, returned(rows).get(1, NOTHING))
        assert one.amount_fen >= 0
        rows.append(row(one))
        left -= quantity
    for name in SHARES:
        assert sum(getattr(one, name) for one in rows) == getattr(bought, name), name


@given(bought(), st.data())
def test_a_refund_that_failed_in_between_leaves_no_fen_behind(bought, data):
    rows: list[RefundLine] = []
    for _ in range(data.draw(st.integers(1, 6))):
        left = bought.quantity - sum(one.quantity for one in rows)
        if left:
            one = part(bought, data.draw(st.integers(1, left)), returned(rows).get(1, NOTHING))
            rows.append(row(one))
        if rows and data.draw(st.booleans()):
            rows.pop(data.draw(st.integers(0, len(rows) - 1)))  # closed: its pieces may go back again
    left = bought.quantity - sum(one.quantity for one in rows)
    if left:
        rows.append(row(part(bought, left, returned(rows).get(1, NOTHING))))
    for name in SHARES:
        assert sum(getattr(one, name) for one in rows) == getattr(bought, name), name


def test_three_pieces_of_a_share_of_ten_fen_are_three_three_and_four():
    three = line(3, 100, freight_fen=10)
    rows: list[RefundLine] = []
    for _ in range(3):
        rows.append(row(part(three, 1, returned(rows).get(1, NOTHING))))
    assert [one.freight_fen for one in rows] == [3, 3, 4]


def test_the_lines_of_an_order_are_apart():
    first, second = line(2, 100, 1, vat_fen=3), line(2, 100, 2, vat_fen=3)
    gone = returned([row(part(first, 1, NOTHING))])
    assert part(second, 1, gone.get(2, NOTHING)).shares["vat_fen"] == 1
    assert part(first, 1, gone[1]).shares["vat_fen"] == 2


@pytest.mark.parametrize("quantity", [0, -1, 3])
def test_no_piece_goes_back_twice_and_none_less_than_one(quantity):
    with pytest.raises(ValueError, match="pieces"):
        part(line(2, 100), quantity, NOTHING)


@given(bought(), st.data())
def test_freight_that_was_withheld_stays_until_all_goes_back(bought, data):
    first = data.draw(st.integers(1, bought.quantity))
    rows = [row(part(bought, first, NOTHING, freight=False))]
    assert rows[0].freight_fen == 0
    before = returned(rows)[1]
    left = bought.quantity - first
    rows.append(row(part(bought, left, before) if left else rest(bought, before)))
    for name in SHARES:
        assert sum(getattr(one, name) for one in rows) == getattr(bought, name), name
