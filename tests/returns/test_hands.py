"""One pair of eyes that says that goods are back and how they are lets no money go beyond the limit."""

from __future__ import annotations

from datetime import timedelta

import pytest

from backend import delivery
from kernel.models import Case
from logistics.gateways.tracking import Report, Told
from logistics.models import Parcel, Shipment
from logistics.services import tracking
from logistics.services.shipments import find_out
from logistics.vocabulary import Code
from returns import told
from returns.models import ReturnRequest
from returns.services import deadlines
from returns.services.accept import accept
from returns.services.arrive import dispute, receive
from returns.services.hands import SECOND, SameHands, SecondLook
from returns.services.settle import settle
from storefronts.models import FourEyes, Operator
from tests import make
from tests.returns import parts
from tests.returns.parts import DELIVERED, asked, graded

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = timedelta(hours=1)


@pytest.fixture
def world(customs):
    made = make.world()
    FourEyes.objects.create(storefront=made.shop, verb=FourEyes.Verb.REFUND, above=10_000)
    return made


def on_its_way(world, *lines):
    made = parts.bought(world, *lines)
    parts.cleared(world, made)
    parts.left(made)
    delivery.drain(now=make.NOW)
    return made


def came(order):
    """The return that a parcel which came back is."""
    delivery.drain(now=DELIVERED)
    return ReturnRequest.objects.get(order=order)


def test_who_says_that_a_parcel_came_back_and_grades_it_waits_for_a_colleague(world):
    order = on_its_way(world)
    find_out(shipment=Shipment.objects.get(order=order), verb="return", by="op", now=DELIVERED)
    row = came(order)
    graded(row, DELIVERED)
    row.refresh_from_db()
    assert (row.state, row.refund, row.next_at) == ("inspected", None, row.refund_by)
    assert (told.says(row, DELIVERED), told.due(row, DELIVERED)) == (told.SECOND_LOOK, row.refund_by)
    assert told.may(row, DELIVERED) == []
    deadlines.sweep(now=DELIVERED + HOUR)
    for alone in ("op", "ally"):
        Operator.objects.get_or_create(username="ally", defaults={"let_in_by": ["op"]})
        with pytest.raises(SameHands):  # nor does who was let in by them
            settle(request=row, by=alone, now=DELIVERED)
    assert settle(request=row, by="olga", now=DELIVERED).state == "refunding"
    assert Case.objects.get(kind=SECOND).state == "settled"


@pytest.mark.parametrize("who", ["a carrier", "a partner", "a colleague", "little"])
def test_two_pairs_of_eyes_or_a_small_sum_wait_for_nobody(world, who):
    order = on_its_way(world, ("HD-1", 1) if who == "little" else ("HD-1", 2))
    shipment = Shipment.objects.get(order=order)
    if who in ("a carrier", "a partner"):
        parcel = Parcel.objects.create(
            storefront=world.shop,
            shipment=shipment,
            own_number="P-1",
            carrier="SF",
            waybill="SF1",
            state="issued",
            issued_at=make.NOW,
            weight_g=1,
            asked_at=make.NOW,
            left_at=make.NOW,
        )
        said = (Told(at=DELIVERED, code=Code.RETURNED, raw_code="", text="back"),)
        provider = "kuaidi100" if who == "a carrier" else tracking.PARTNER
        report = Report(provider=provider, carrier="SF", waybill=parcel.waybill, told=said)
        tracking.take_in_tracking(storefront_id=world.shop.pk, report=report, now=DELIVERED)
    else:
        by = "lan" if who == "a colleague" else "op"
        FourEyes.objects.update(above=20_000 if who == "little" else 10_000)
        find_out(shipment=shipment, verb="return", by=by, now=DELIVERED)
    row = came(order)
    graded(row, DELIVERED)
    row.refresh_from_db()
    assert row.state == "refunding"


def test_what_one_pair_found_otherwise_waits_too_and_the_law_is_kept(world):
    row = asked(parts.delivered(world), parts.wish(2))
    row = receive(request=row, by="op", now=DELIVERED)
    graded(row, DELIVERED, "damaged", "quarantine", deducted_fen=1, why="a scratch")
    row.refresh_from_db()
    assert (row.state, row.next_at) == ("inspected", row.refund_by)
    assert told.says(row, DELIVERED) is told.NEXT["inspected"]
    with pytest.raises(SecondLook):
        accept(request=row, now=DELIVERED)
    dispute(request=row, now=DELIVERED)
    with pytest.raises(SameHands):
        settle(request=row, by="op", now=DELIVERED, waive=True)
    deadlines.sweep(now=row.refund_by - HOUR)
    row.refresh_from_db()
    assert row.state == "disputed"
    deadlines.sweep(now=row.refund_by)
    row.refresh_from_db()
    assert (row.state, row.deducted_fen) == ("refunding", 0)
    assert Case.objects.get(kind=SECOND).state == "settled"


@pytest.mark.parametrize("above", [10_000, 100_000])
def test_what_is_said_to_have_come_long_ago_is_looked_at_before_much_money_goes(world, above):
    FourEyes.objects.update(above=above)
    row = asked(parts.delivered(world), parts.wish(2))
    late = DELIVERED + timedelta(days=9)
    row = receive(request=row, by="op", now=late, on=DELIVERED.date())
    assert row.refund_by < late
    deadlines.sweep(now=late)
    row.refresh_from_db()
    if above == 100_000:
        assert row.state == "refunding"
        return
    assert (row.state, row.next_at) == ("received", late + 48 * HOUR)
    assert Case.objects.get(kind=SECOND, state="open").facts["by"] == "op"
    with pytest.raises(SameHands):
        settle(request=row, by="op", now=late)
    graded(row, late)
    row.refresh_from_db()
    assert (row.state, row.next_at) == ("inspected", late + 48 * HOUR)
    deadlines.sweep(now=late + 48 * HOUR)
    row.refresh_from_db()
    assert row.state == "refunding"
