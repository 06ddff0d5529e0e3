"""An order that is late twice over is one case at a time, and one set of words says what it waits for."""

from __future__ import annotations

from datetime import timedelta

import pytest

from customs.gateways.clearing import Release
from customs.services.release import record_release
from kernel.models import Case
from logistics.models import Parcel, Shipment, ShippingInfo
from logistics.services import lateness, overdue
from logistics.services.shipping_info import open_info
from logistics.services.standing import advance
from logistics.services.waiting import waits_for
from orders.models import Order
from tests.logistics import shipping
from tests.logistics.shipping import LATER
from tests.stepping import step

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = timedelta(hours=1)


@pytest.fixture
@step
def shipment(world) -> Shipment:
    shipping.sf(world.shop)
    made = shipping.labelled(world).shipment
    open_info(order=made.order, now=LATER)
    return Shipment.objects.get()


def clear(order: Order) -> None:
    record_release(order=order, release=Release("L1", LATER), now=LATER)


def late(shipment: Shipment, *, day, hours) -> None:
    """Both hours, as it may fall."""
    Shipment.objects.update(late_at=day)
    ShippingInfo.objects.update(late_at=hours)


def kinds() -> list[str]:
    return sorted(Case.objects.filter(state="open").values_list("kind", flat=True))


@pytest.mark.parametrize(
    ("mode", "released", "state", "expected"),
    [
        ("1210", False, "to_pick", "release"),
        ("1210", False, "labelled", "release"),
        ("1210", True, "to_pick", "picking"),
        ("1210", True, "packing", "packing"),
        ("1210", True, "labelled", "dispatch"),
        ("1210", True, "dispatched", "carrier"),
        ("9610", False, "labelled", "dispatch"),
        ("0110", False, "packing", "packing"),
    ],
)
def test_both_say_the_same_of_what_an_order_waits_for(shipment, mode, released, state, expected):
    if released:
        clear(shipment.order)
    order = Order.objects.get()
    order.trade_mode, shipment.state = mode, state
    assert waits_for(order, shipment) == waits_for(order, shipment, ShippingInfo.objects.get()) == expected


def test_what_was_told_to_be_owed_waits_for_wechat_and_what_nobody_began_for_picking(shipment):
    clear(shipment.order)
    order, info = Order.objects.get(), ShippingInfo.objects.get()
    assert waits_for(order, None, info) == "picking"
    info.state = "owed"
    assert waits_for(order, shipment, info) == "wechat"


def test_the_48_hours_wait_while_the_promised_day_is_a_case_and_are_told_once_it_has_left(shipment):
    late(shipment, day=LATER, hours=LATER + HOUR)
    assert (overdue.sweep(now=LATER), lateness.sweep(now=LATER + HOUR)) == (1, 0)
    assert kinds() == ["shipment.late"]
    paid_at = ShippingInfo.objects.get().paid_at
    last = (paid_at + 48 * HOUR).isoformat(timespec="minutes")
    assert Case.objects.get().facts["until"] == last
    assert lateness.sweep(now=LATER + HOUR) == 0  # looked at in an hour
    clear(shipment.order)
    order, row = Order.objects.get(), Shipment.objects.get()
    Parcel.objects.update(left_at=LATER + HOUR)
    advance(order=order, row=row, by="op", now=LATER + HOUR)
    assert (row.state, row.dispatched_at, row.late_at) == ("dispatched", LATER + HOUR, None)
    assert lateness.sweep(now=LATER + 2 * HOUR) == 1
    assert kinds() == ["shipping_info.late"]
    assert Case.objects.get(kind="shipping_info.late").facts["waits_for"] == "carrier"


def test_the_promised_day_waits_while_the_48_hours_are_a_case_and_is_told_where_that_was_settled(shipment):
    late(shipment, day=LATER + HOUR, hours=LATER)
    assert (lateness.sweep(now=LATER), overdue.sweep(now=LATER + HOUR)) == (1, 0)
    assert kinds() == ["shipping_info.late"]
    Case.objects.update(state="settled", settled_at=LATER, settled_by="mei")
    assert overdue.sweep(now=LATER + HOUR) == 0
    assert overdue.sweep(now=LATER + 2 * HOUR) == 1
    assert kinds() == ["shipment.late"]


def test_what_left_while_the_48_hours_were_a_case_is_not_late_by_its_day(shipment):
    late(shipment, day=LATER + HOUR, hours=LATER)
    lateness.sweep(now=LATER)
    Shipment.objects.update(state="dispatched", dispatched_at=LATER)
    assert overdue.sweep(now=LATER + HOUR) == 0
    assert (kinds(), Shipment.objects.get().late_at) == (["shipping_info.late"], None)
