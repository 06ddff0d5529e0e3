"""Over any sequence of partial returns, refunds and what was kept of them are what was paid, to the fen."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models import F, Sum
from hypothesis import example, given, settings
from hypothesis import strategies as st

from orders.models import Order
from payments.models import Refund
from returns.services.arrive import receive
from returns.services.settle import settle
from returns.services.way import send
from tests import make
from tests.returns import parts
from tests.returns.parts import RELEASED, asked, graded, wish

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)
BOUGHT = {1: 3, 2: 2}
LAST = RELEASED + 28 * DAY  # delivered so late that customs' window ends within the consumer's


@pytest.fixture
def order(customs) -> Order:
    """Three pieces and two, less a coupon of 10.01, with freight and tax: hardly a share is even."""
    world = make.world()
    claim = make.coupon(world.alice, reduces_fen=1_001)
    made = parts.delivered(world, ("HD-1", 3), ("IR-1", 2), coupon_claim_id=claim.public_id)
    parts.had(made, LAST)
    return made


def sums() -> tuple[int, int]:
    """What went back, and what was kept."""
    told = Refund.objects.exclude(state="closed").aggregate(
        back=Sum("amount_fen"), kept=Sum(F("tax_kept_fen") + F("deducted_fen"))
    )
    return told["back"], told["kept"]


def goes_back(order, key, line, pieces, days, percent):
    """Pieces of a line go back some days after receipt; `percent` of seven tenths of their price is kept."""
    at = LAST + days * DAY
    row = asked(order, wish(of={line: pieces}), at=at, key=key)
    row = send(request=row, carrier="SF", waybill="SF2000000000001", by="consumer", now=at)
    row = receive(request=row, by="op", now=at)
    price = row.lines.get().line.price_fen * pieces * 7 // 10 * percent // 100
    if price:
        graded(row, at, "opened", "quarantine", deducted_fen=price, why="已使用")
        settle(request=row, by="op", now=at)
    else:
        graded(row, at)


STEP = st.tuples(
    st.sampled_from([1, 2]), st.integers(1, 3), st.integers(0, 6), st.sampled_from([0, 0, 30, 100])
)


def run(order, steps, *, kept):
    left = dict(BOUGHT)
    # After any steps, all that is still there: so that every sequence ends with nothing left.
    last = max((step[2] for step in steps), default=0)
    for number, (line, pieces, days, percent) in enumerate([*steps, (1, 3, last, 0), (2, 3, last, 0)]):
        if many := min(pieces, left[line]):
            left[line] -= many
            goes_back(order, f"k-{number}", line, many, days if kept else 0, percent if kept else 0)
            back, stays = sums()
            assert back + stays <= order.total_fen
    assert not any(left.values())
    return sums()


@pytest.mark.parametrize("kept", [False, True])
def test_all_pieces_in_whatever_parts_give_back_what_was_paid_and_not_one_fen_more(order, kept):
    terms = {"lost_tax_percent": 37, "opened_percent": 100} if kept else {}
    parts.policy(make.World(order.storefront, None, None, None, None), refunds_freight=True, **terms)

    @settings(max_examples=10)
    @given(st.lists(STEP, max_size=4))
    @example([(1, 1, 0, 100)])  # all that is left is not what was kept before
    def check(steps):
        with transaction.atomic():
            back, stays = run(order, sorted(steps, key=lambda step: step[2]), kept=kept)
            assert back + stays == order.total_fen
            assert kept or stays == 0
            transaction.set_rollback(True)

    check()
    assert Refund.objects.count() == 0
