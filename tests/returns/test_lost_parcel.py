"""One of several parcels is lost: what lay in it is refunded, and nothing of those that came."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from backend import delivery
from kernel.models import Case
from logistics.models import Parcel, Shipment
from logistics.services import shipments, tracking
from logistics.vocabulary import Code
from orders.models import Order
from payments.models import Refund, RefundLine
from returns.models import ReturnRequest
from returns.reasons import Kind
from returns.services import undelivered
from tests import make
from tests.logistics import shipping
from tests.logistics.parts import HOUR, issue, pack, scan
from tests.logistics.shipping import LATER
from tests.operators import rows
from tests.returns import parts
from tests.returns.parts import asked, offered, wish
from tests.stepping import step

pytestmark = pytest.mark.django_db(transaction=True)
AFTER = LATER + timedelta(days=1)
NOT_THERE = wish(3, kind=Kind.REFUND_ONLY, reason="not_received", of={1: 3, 2: 1})


@pytest.fixture
def two():
    """Two dryers and the iron in the first parcel, the third dryer in the second; a carrier has both."""
    return on_their_way(make.world())


@step
def on_their_way(world):
    shipping.sf(world.shop)
    order = parts.bought(world, ("HD-1", 3), ("IR-1", 1))
    Order.objects.update(trade_mode="0110")
    row = Shipment.objects.get(order=order)
    packed = [pack(row, {"HD-1": 2, "IR-1": 1}, nth=1), pack(row, None, nth=2)]
    for parcel in packed:
        issue(parcel)
    Shipment.objects.update(state="labelled")
    rows = [Parcel.objects.get(pk=parcel.pk) for parcel in packed]
    for parcel in rows:
        scan(parcel)
    return rows


def lose(parcel, by="op"):
    tracking.find_out_parcel(parcel=parcel, verb="lose", by=by, now=LATER + 2 * HOUR)


def refunded():
    return sorted(RefundLine.objects.values_list("line__sku", "quantity"))


def refund(parcel, by="mei"):
    return undelivered.lost(order=Order.objects.get(), parcel=parcel, by=by, now=AFTER)


def test_what_lay_in_the_lost_one_is_refunded_by_a_second_person_once(two):
    first, second = two
    with pytest.raises(undelivered.NotLost):
        refund(second)
    scan(first, Code.DELIVERED, 1)
    lose(second)
    assert Shipment.objects.get().state == "lost"
    with pytest.raises(undelivered.SamePerson):
        refund(second, by="op")
    with pytest.raises(shipments.SeveralParcels):
        undelivered.lost(order=Order.objects.get(), by="mei", now=AFTER)
    with pytest.raises(undelivered.NotLost):
        refund(first)
    row = refund(second)
    assert refund(second) == row
    line = Order.objects.get().lines.get(sku="HD-1")
    third = line.goods_fen - line.goods_fen * 2 // 3
    assert (refunded(), Refund.objects.count(), row.state) == ([("HD-1", 1)], 1, "refunding")
    assert third <= row.refund.amount_fen < 2 * third
    assert Case.objects.get(kind="tracking.lost").state == "settled"


def test_it_is_refunded_from_its_own_page_and_not_from_its_shipments(client, two):
    first, second = two
    lose(second)
    finance = rows.operator("finance", second.storefront, "finance")
    client.force_login(finance, backend=rows.BACKEND)
    Shipment.objects.update(state="lost")  # as if both were

    def url(row):
        kind = row._meta.model_name
        return reverse(f"admin:logistics_{kind}_step", args=[row.pk, "refund-lost"])

    tried = [client.post(url(row)).status_code for row in (Shipment.objects.get(), first, second, second)]
    assert tried == [403, 403, 302, 403]
    row = ReturnRequest.objects.get()
    assert (row.key, row.lines.get().quantity) == (f"lost:{second.own_number}", 1)


def test_while_another_is_on_its_way_the_lost_one_is_refunded_and_both_lost_are_the_whole(two):
    first, second = two
    lose(second)
    assert Shipment.objects.get().state == "in_transit"
    refund(second)
    lose(first)
    assert refund(first).key == f"lost:{first.own_number}"
    assert refunded() == [("HD-1", 1), ("HD-1", 2), ("IR-1", 1)]
    assert sum(Refund.objects.values_list("amount_fen", flat=True)) == Order.objects.get().total_fen


def test_what_came_may_be_returned_though_another_parcel_is_lost(two):
    first, second = two
    lose(second)
    assert offered(Order.objects.get(), wish(2), at=AFTER).possible is False  # it is on its way
    scan(first, Code.DELIVERED, 3)
    refund(second)
    order = Order.objects.get()
    assert offered(order, wish(2), at=AFTER).possible
    assert [one.code for one in offered(order, wish(3), at=AFTER).obstacles] == ["too_many"]
    assert [one.last for one in offered(order, wish(2), at=AFTER).clocks] == [
        (LATER + timedelta(days=7)).date()
    ]


def test_what_was_asked_for_as_not_received_gives_way_and_a_return_of_what_came_does_not(two):
    _, second = two
    order = Order.objects.get()
    waits = asked(order, NOT_THERE, at=AFTER)
    assert waits.state == "requested"
    lose(second)
    assert (refund(second).lines.get().quantity, refunded()) == (1, [("HD-1", 1)])
    waits.refresh_from_db()
    assert waits.state == "withdrawn"


def test_a_return_of_what_came_stays_while_the_lost_one_is_refunded(two):
    first, second = two
    scan(first, Code.DELIVERED, 1)
    lose(second)
    back = asked(Order.objects.get(), wish(2), at=AFTER)
    assert (refund(second).lines.get().quantity, refunded()) == (1, [("HD-1", 1)])
    back.refresh_from_db()
    assert back.state == "to_send"


def test_the_refunded_one_that_comes_after_all_is_a_case_and_the_other_one_is_none(two):
    first, second = two
    lose(second)
    row = refund(second)
    scan(first, Code.DELIVERED, 3)
    tracking.find_out_parcel(parcel=second, verb="return", by="op", now=LATER + 4 * HOUR)
    tracking.find_out_parcel(parcel=second, verb="lose", by="op", now=LATER + 5 * HOUR)
    undelivered.delivered(order=Order.objects.get(), now=AFTER)
    assert not Case.objects.filter(kind="return.lost_delivered").exists()
    tracking.find_out_parcel(parcel=second, verb="move", by="op", now=LATER + 6 * HOUR)
    scan(second, Code.DELIVERED, 7)
    delivery.drain(now=AFTER)
    case = Case.objects.get(kind="return.lost_delivered")
    assert (case.key, ReturnRequest.objects.count()) == (row.event_key, 1)
