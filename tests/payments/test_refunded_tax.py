"""What a partial refund gives back of the tax is what customs levies less, by declared line, to the fen."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
from django.db.models import F, Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compliance.models import TariffLine
from payments.models import RefundLine
from payments.services.refunds import Wish, request_refund
from tests import make
from tests.payments.reports import paid

pytestmark = pytest.mark.django_db(transaction=True)
TAX = F("duty_fen") + F("vat_fen") + F("excise_fen")
VAT = Fraction(13, 100) * Fraction(7, 10)


def levied(rest, freight):
    """What customs levies on (price, pieces) lines by law.md R1.2: a share of freight each, rounded once.

    Written from the law and by no code of the house: half-up, and shares of freight by largest remainder.
    """
    values = [price * pieces for price, pieces in rest]
    if not values:
        return 0
    floors = [freight * value // sum(values) for value in values]
    order = sorted(range(len(values)), key=lambda n: (-(freight * values[n] % sum(values)), n))
    for n in order[: freight - sum(floors)]:
        floors[n] += 1
    exact = [(value + share) * VAT for value, share in zip(values, floors, strict=True)]
    return sum(int(one * 2 + 1) // 2 for one in exact)


def given_back(order):
    rows = RefundLine.objects.filter(refund__order=order).aggregate(
        tax=Sum(TAX, default=0), freight=Sum("freight_fen", default=0)
    )
    return rows["tax"], rows["freight"]


def refund(order, pieces, key, *, freight):
    return request_refund(
        number=order.number,
        wish=Wish(pieces, freight=freight),
        key=key,
        reason="退款",
        asked_by="operator:wang",
        now=make.NOW,
    )


@pytest.fixture
def world():
    return make.world()


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6))
def test_after_any_partial_refunds_the_tax_that_is_left_is_what_customs_levies(world, seed):
    dice, name = random.Random(seed), make.ids.number(make.present())[-8:]
    place = make.warehouse(world.shop, f"f-{name}".lower(), freight_fen=dice.randint(1, 2_999))
    skus = [(f"{name}-{n}", dice.randint(101, 9_999), dice.randint(1, 5)) for n in range(dice.randint(1, 3))]
    for sku, price, _ in skus:
        make.stock(place, make.variant(world.shop, sku, price))
    coupon = make.coupon(world.alice, dice.randint(1, 99), name).public_id if dice.random() < 0.5 else None
    order = make.order(world.alice, *((sku, pieces) for sku, _, pieces in skus), coupon_claim_id=coupon)
    payment = paid(order)
    lines = list(order.lines.order_by("position"))
    left = {line.pk: line.quantity for line in lines}
    assert order.tax_fen == levied([(line.price_fen, line.quantity) for line in lines], order.freight_fen)
    back = 0
    for turn in range(3):
        some = [line for line in lines if left[line.pk]]
        if not some:
            break
        pieces = {
            line.pk: dice.randint(1, left[line.pk]) for line in dice.sample(some, dice.randint(1, len(some)))
        }
        back += refund(order, pieces, f"k-{turn}", freight=dice.random() < 0.7).amount_fen
        for pk, many in pieces.items():
            left[pk] -= many
        tax, freight = given_back(order)
        rest = [(line.price_fen, left[line.pk]) for line in lines if left[line.pk]]
        assert order.tax_fen - tax == levied(rest, order.freight_fen - freight)
    if any(left.values()):
        back += refund(order, {}, "rest", freight=True).amount_fen
        assert back == payment.received_fen
    assert given_back(order)[0] <= order.tax_fen


def test_a_tariff_that_was_corrected_since_changes_nothing_of_what_was_levied(world):
    order = make.order(world.alice, ("HD-1", 3))
    paid(order)
    TariffLine.objects.update(vat_rate="0.0900")
    refunds = [refund(order, {order.lines.get().pk: 1}, f"k-{turn}", freight=True) for turn in range(3)]
    assert [one.tax_fen for one in refunds] == [910, 910, 910]
    assert sum(one.amount_fen for one in refunds) == order.total_fen
