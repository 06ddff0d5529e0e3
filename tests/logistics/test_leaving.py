"""Goods leave when they may, once, by the lots that were picked; a day that is over is told of."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from compliance.models import Judgement, PayerCheck
from compliance.services import answer_payer, ask_payer, open_payer_check
from customs.gateways.clearing import Release
from customs.services.release import record_release
from inventory import services as inventory
from inventory.models import Lot, Movement, Reservation, Stock
from kernel.errors import Refused
from kernel.models import Case, Event
from kernel.states import WrongState
from logistics import tasks
from logistics.gateways.tracking import Report, Told
from logistics.models import Parcel, Shipment
from logistics.services import leaving, overdue, packing, shipments
from logistics.services.receipt import NotOnItsWay, confirm_receipt
from logistics.services.tracking import take_in_tracking
from logistics.vocabulary import Code
from orders.models import Order
from orders.services.cancel_paid import cancel_paid
from tests import make
from tests.logistics import shipping
from tests.logistics.shipping import LATER
from tests.stepping import step

pytestmark = pytest.mark.django_db(transaction=True)


def dispatch(by: str = "mei", now: datetime = LATER) -> Shipment:
    return leaving.dispatch(shipment=Shipment.objects.get(), by=by, now=now)


def released(order: Order) -> None:
    record_release(order=order, release=Release("310520261I000001", LATER), now=LATER)


def scan(parcel: Parcel, *codes: Code) -> None:
    told = tuple(
        Told(at=LATER + timedelta(hours=n), code=code, raw_code="", text=code.value)
        for n, code in enumerate(codes)
    )
    report = Report(provider="kuaidi100", carrier="SF", waybill=parcel.waybill, told=told)
    take_in_tracking(storefront_id=parcel.storefront_id, report=report, now=LATER + timedelta(days=1))


def left(world: make.World) -> tuple[int, int, str]:
    stock = Stock.objects.get(variant=world.dryer)
    return stock.on_hand, stock.reserved, Reservation.objects.get().state


@pytest.fixture
@step
def bonded(world) -> Parcel:
    shipping.sf(world.shop)
    return shipping.labelled(world, ("HD-1", 2))


@pytest.fixture
@step
def direct(world) -> Parcel:
    """Direct mail from abroad, paid by its orderer."""
    make.warehouse(world.shop, trade_mode="9610")
    shipping.sf(world.shop)
    parcel = shipping.labelled(world, ("HD-1", 2))
    order = parcel.shipment.order
    check = open_payer_check(
        storefront_id=order.storefront_id, order_number=order.number, port="3105", now=make.NOW
    )
    ask_payer(check=check, now=make.NOW)
    answer_payer(check=check, answer="same", now=make.NOW)
    return parcel


def test_bonded_goods_leave_after_their_release_alone_and_once(world, bonded):
    with pytest.raises(leaving.NotReleased):
        dispatch()
    assert left(world) == (100, 2, "picked")
    released(bonded.shipment.order)
    for _ in range(2):
        row = dispatch()
        assert (row.state, row.dispatched_at, row.late_at) == ("dispatched", LATER, None)
        assert left(world) == (98, 0, "shipped")
    assert Movement.objects.filter(kind="ship").count() == 1
    told = Event.objects.get(name="shipment.dispatched")
    assert (told.key, told.facts["by"]) == (bonded.shipment.event_key, "mei")
    assert not Judgement.objects.filter(moment="declare").exists()  # that was before the list


def test_direct_mail_leaves_abroad_once_it_is_judged_and_before_its_release(world, direct):
    assert dispatch().state == "dispatched"
    assert left(world) == (98, 0, "shipped")
    kept = Judgement.objects.get(moment="declare")
    assert (kept.allowed, kept.order_number) == (True, direct.shipment.number)


def test_a_piece_refunded_after_direct_mail_has_left_is_a_case_before_the_list_is_sent(world, direct):
    dispatch()
    order = direct.shipment.order
    for told in ({}, {"HD-1": 1}):
        event = Event(name="order.lessened", key=order.event_key, facts={"pieces": 0, "left": told})
        tasks.look_at_parcel(event)
    case = Case.objects.get()
    assert (case.kind, case.key, case.facts) == (
        "shipment.left_refunded",
        direct.shipment.event_key,
        {"order": order.number, "state": "dispatched", "pieces": "HD-1×1"},
    )


def test_what_may_not_be_declared_does_not_leave_and_its_judgement_stays(world, direct):
    PayerCheck.objects.update(state="different", deadline_at=LATER)
    with pytest.raises(Refused) as refused:
        dispatch()
    assert [one.rule for one in refused.value.refusals] == ["PAYER-1"]
    assert Judgement.objects.get(moment="declare").allowed is False
    assert (Shipment.objects.get().state, left(world)) == ("labelled", (100, 2, "picked"))


def test_domestic_goods_leave_without_a_list(world, bonded):
    Order.objects.update(trade_mode="0110")
    assert dispatch().state == "dispatched"


def test_nothing_leaves_that_is_not_labelled_or_was_not_weighed(world, bonded):
    released(bonded.shipment.order)
    Parcel.objects.update(weighed_g=None)
    with pytest.raises(leaving.NotWeighed):
        dispatch()
    Parcel.objects.update(weighed_g=1200, state="withdrawing")
    with pytest.raises(WrongState):
        dispatch()
    Parcel.objects.update(state="issued")
    Shipment.objects.update(state="packing")
    with pytest.raises(WrongState):
        dispatch()
    assert left(world) == (100, 2, "picked")


def test_a_cancelled_order_does_not_leave_though_nobody_has_told_the_warehouse(world, bonded):
    order = bonded.shipment.order
    released(order)
    cancel_paid(number=order.number, by="op", now=LATER, within_hold=False)
    with pytest.raises(packing.NotPaid):
        dispatch()
    assert left(world) == (100, 0, "released")


def test_a_parcel_with_a_piece_too_many_does_not_leave(world, bonded):
    order = bonded.shipment.order
    released(order)
    inventory.lessen(holder=order.event_key, kept={world.dryer.pk: 1}, now=LATER)
    with pytest.raises(leaving.PackedOtherwise):
        dispatch()
    assert left(world) == (100, 1, "picked")


def test_goods_whose_sale_was_stopped_do_not_leave(world, bonded):
    released(bonded.shipment.order)
    inventory.stop_sale(variant=world.dryer, reason="recall", by="qa", now=LATER)
    with pytest.raises(inventory.SaleStopped):
        dispatch()
    assert Shipment.objects.get().state == "labelled"


def test_a_parcel_that_a_carrier_scans_has_left_whoever_forgot_to_say_so(world, bonded):
    released(bonded.shipment.order)
    scan(bonded, Code.PICKED_UP)
    scan(bonded, Code.PICKED_UP, Code.IN_TRANSIT)
    assert (Shipment.objects.get().state, left(world)) == ("in_transit", (98, 0, "shipped"))
    assert dispatch().state == "in_transit"
    assert (Movement.objects.filter(kind="ship").count(), Case.objects.count()) == (1, 0)


def test_what_was_dispatched_and_is_scanned_leaves_the_ledger_once(world, bonded):
    released(bonded.shipment.order)
    dispatch()
    scan(bonded, Code.PICKED_UP)
    row = Shipment.objects.get()
    assert (row.state, row.dispatched_at, row.handed_over_at) == ("handed_over", LATER, LATER)
    assert left(world) == (98, 0, "shipped")


def test_stopped_goods_that_a_carrier_has_already_are_gone_and_a_case(world, bonded):
    released(bonded.shipment.order)
    inventory.stop_sale(
        variant=world.dryer, lot=Lot.objects.get(stock__variant=world.dryer), reason="x", by="qa", now=LATER
    )
    scan(bonded, Code.PICKED_UP)
    case = Case.objects.get(kind="shipment.stopped_left")
    assert (case.key, case.facts) == (bonded.shipment.event_key, {"order": bonded.shipment.number})
    assert left(world) == (98, 0, "shipped")


def test_what_has_left_can_be_lost_or_come_back_before_any_scan(world, bonded):
    released(bonded.shipment.order)
    dispatch()
    with pytest.raises(WrongState):
        shipments.withdraw(parcel=bonded, by="mei", now=LATER)
    assert (
        shipments.find_out(shipment=Shipment.objects.get(), verb="return", by="mei", now=LATER).state
        == "returned"
    )


def test_what_was_lost_before_any_scan_and_is_scanned_then_is_handed_over(world, bonded):
    released(bonded.shipment.order)
    dispatch()
    shipments.find_out(shipment=Shipment.objects.get(), verb="lose", by="mei", now=LATER)
    with pytest.raises(WrongState):
        shipments.find_out(shipment=Shipment.objects.get(), verb="move", by="mei", now=LATER)
    with pytest.raises(NotOnItsWay):
        confirm_receipt(order=bonded.shipment.order, now=LATER)
    scan(bonded, Code.PICKED_UP)
    assert Shipment.objects.get().state == "handed_over"
    assert Event.objects.filter(name="shipment.handed_over").count() == 1
    assert left(world) == (98, 0, "shipped")


def test_what_came_back_before_any_scan_and_moves_is_a_case(world, bonded):
    released(bonded.shipment.order)
    dispatch()
    shipments.find_out(shipment=Shipment.objects.get(), verb="return", by="mei", now=LATER)
    scan(bonded, Code.PICKED_UP)
    assert Case.objects.get().kind == "tracking.unexpected"
    assert Shipment.objects.get().state == "returned"


def test_direct_mail_inside_china_before_its_release_is_one_case(world, direct):
    scan(direct, Code.PICKED_UP, Code.IN_TRANSIT, Code.CUSTOMS)
    assert not Case.objects.exists()
    scan(direct, Code.PICKED_UP, Code.IN_TRANSIT, Code.CUSTOMS, Code.ARRIVED)
    case = Case.objects.get(kind="tracking.left_before_release")
    assert (case.key, case.title) == (
        direct.event_key,
        "A parcel was handed over inside China before its release",
    )
    Case.objects.update(state="settled", settled_at=LATER, settled_by="mei")
    scan(direct, Code.PICKED_UP, Code.IN_TRANSIT, Code.CUSTOMS, Code.ARRIVED, Code.OUT_FOR_DELIVERY)
    assert Case.objects.count() == 1


def test_released_direct_mail_is_handed_over_inside_china(world, direct):
    released(direct.shipment.order)
    scan(direct, Code.PICKED_UP, Code.CUSTOMS, Code.CLEARED, Code.ARRIVED)
    assert not Case.objects.exists()


def test_a_paid_order_is_promised_for_a_day_of_its_warehouse(world):
    world.warehouse.time_zone, world.warehouse.handling_days = "Europe/Paris", 2
    world.warehouse.save()
    made = shipping.shipment(world)
    assert made.ship_by == date(2026, 11, 24)
    assert made.late_at.isoformat() == "2026-11-25T00:00:00+01:00"


def test_a_day_that_is_over_is_a_case_once_and_settles_when_it_leaves(world, bonded):
    row = Shipment.objects.get()
    assert overdue.sweep(now=row.late_at - timedelta(seconds=1)) == 0
    assert [overdue.sweep(now=row.late_at) for _ in range(2)] == [1, 0]
    case = Case.objects.get(kind="shipment.late")
    assert (case.key, case.facts) == (
        row.event_key,
        {
            "order": row.number,
            "promised": row.ship_by.isoformat(),
            "state": "labelled",
            "waits_for": "release",
        },
    )
    released(row.order)
    dispatch(now=row.late_at)
    assert Case.objects.get(kind="shipment.late").state == "settled"


@pytest.mark.parametrize(
    ("state", "waits_for"), [("to_pick", "picking"), ("packing", "packing"), ("labelled", "dispatch")]
)
def test_the_case_of_a_late_order_says_what_it_waits_for(world, bonded, state, waits_for):
    released(bonded.shipment.order)
    Shipment.objects.update(state=state)
    overdue.sweep(now=bonded.shipment.late_at)
    assert Case.objects.get().facts["waits_for"] == waits_for


def test_what_has_left_or_was_cancelled_is_never_late(world, bonded):
    released(bonded.shipment.order)
    late_at = Shipment.objects.get().late_at
    dispatch()
    assert overdue.sweep(now=late_at) == 0
    other = shipping.shipment(world, ("IR-1", 1))
    shipments.cancel_shipment(order=other.order, by="op", now=LATER)
    assert overdue.sweep(now=late_at + timedelta(days=9)) == 0
    assert not Case.objects.exists()


def test_an_order_that_cannot_be_looked_at_silences_no_other_and_is_looked_at_again(
    world, bonded, monkeypatch
):
    other, waits_for = shipping.shipment(world, ("IR-1", 1)), overdue.waits_for

    def failing(order, row):
        if row.pk == other.pk:
            raise ZeroDivisionError
        return waits_for(order, row)

    monkeypatch.setattr(overdue, "waits_for", failing)
    late_at = max(Shipment.objects.values_list("late_at", flat=True))
    assert overdue.sweep(now=late_at) == 1
    assert Case.objects.get(kind="shipment.late").key == bonded.shipment.event_key
    assert Case.objects.get(kind="shipment.late_failing").facts == {
        "order": other.number,
        "error": "ZeroDivisionError",
    }
    monkeypatch.undo()
    assert overdue.sweep(now=late_at + timedelta(minutes=29)) == 0
    assert overdue.sweep(now=late_at + timedelta(minutes=30)) == 1
    assert Case.objects.get(kind="shipment.late_failing").state == "settled"
