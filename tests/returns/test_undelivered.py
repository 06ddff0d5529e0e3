"""What did not reach its consumer: what came back is refunded and put away, what is lost only refunded."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import Sum

from backend import delivery
from inventory.models import Lot
from kernel.approvals import NeedsColleague
from kernel.cases import open_case
from kernel.models import Case
from kernel.states import WrongState
from logistics.models import Parcel, Shipment
from logistics.services.shipments import find_out
from logistics.states import SHIPMENT
from payments.models import Refund
from returns.models import ReturnRequest
from returns.reasons import Kind
from returns.services import deadlines, decide, undelivered
from returns.services.ask import NotPossible
from returns.services.lost import grant_lost
from returns.services.way import send
from settlement.models import Posting
from storefronts.models import FourEyes, Operator
from tests import make
from tests.returns import parts
from tests.returns.parts import DELIVERED, RELEASED, asked, graded, wish
from tests.stepping import step

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)
NOT_THERE = wish(kind=Kind.REFUND_ONLY, reason="not_received")


@pytest.fixture
def world(customs):
    return make.world()


@pytest.fixture
@step
def order(world):
    """Released, and with its carrier."""
    made = parts.bought(world)
    parts.cleared(world, made)
    parts.left(made)
    delivery.drain(now=make.NOW)
    return made


def found_out(order, verb, at):
    find_out(shipment=Shipment.objects.get(order=order), verb=verb, by="op", now=at)
    delivery.drain(now=at)


def pays(row, at):
    row.refresh_from_db()
    Refund.objects.filter(pk=row.refund_id).update(state="processing")
    parts.arrives(Refund.objects.get(pk=row.refund_id), at)
    row.refresh_from_db()


def balance(account):
    return Posting.objects.filter(account=account).aggregate(sum=Sum("amount_fen", default=0))["sum"]


@pytest.mark.parametrize("late", [False, True])
def test_what_comes_back_is_received_by_itself_and_refunded_whole(order, world, customs, late):
    parts.policy(world, lost_tax_percent=0)  # whoever refused it, the tax is never at the consumer's cost
    at = RELEASED + 31 * DAY if late else DELIVERED
    before = Lot.objects.get(stock__variant=world.dryer).on_hand
    tax = balance("tax")
    for _ in range(2):
        found_out(order, "return", at) if Shipment.objects.get(order=order).state != "returned" else None
        undelivered.came_back(order=order, at=at, now=at)
    row = ReturnRequest.objects.get()
    assert (row.state, row.reason, row.lines.get().quantity) == ("received", "undelivered", 2)
    assert customs.declared == ([] if late else [{"HD-1": 2}])
    graded(row, at)
    assert len(customs.back) == (not late)
    pays(row, at)
    assert (row.state, row.restorable, row.refund.amount_fen) == ("settled", not late, order.total_fen)
    assert Lot.objects.get(stock__variant=world.dryer).on_hand == before + 2
    lost = order.tax_fen if late else 0
    assert (balance("tax"), balance("goodwill")) == (tax + order.tax_fen - lost, lost)


def test_what_comes_back_is_refunded_on_the_laws_last_day_though_nobody_looks_at_it(order):
    found_out(order, "return", DELIVERED)
    row = ReturnRequest.objects.get()
    deadlines.sweep(now=row.refund_by - timedelta(hours=1))
    assert Refund.objects.get().amount_fen == order.total_fen


def test_a_wish_that_nobody_granted_gives_way_to_the_parcel_and_a_granted_one_is_a_case(order, customs):
    waiting = asked(order, NOT_THERE)
    assert waiting.state == "requested"
    found_out(order, "return", DELIVERED)
    waiting.refresh_from_db()
    row = ReturnRequest.objects.get(reason="undelivered")
    assert (waiting.state, row.state, row.lines.get().quantity) == ("withdrawn", "received", 2)
    assert not Case.objects.filter(kind="return.back_refunded").exists()


def test_pieces_refunded_before_the_parcel_came_back_are_not_refunded_again(order, customs):
    from returns.services.decide import approve

    row = approve(request=asked(order, NOT_THERE), by="ben", now=DELIVERED)
    assert (row.state, row.refund.tax_lost_fen) == ("refunding", row.refund.tax_fen)
    found_out(order, "return", DELIVERED)
    other = ReturnRequest.objects.get(reason="undelivered")
    assert (other.lines.get().quantity, customs.declared) == (1, [{"HD-1": 1}])
    graded(other, DELIVERED)
    assert Refund.objects.aggregate(sum=Sum("amount_fen"))["sum"] == order.total_fen
    assert Case.objects.get(kind="return.back_refunded").facts["refunds"] == row.refund.out_refund_no


@pytest.mark.parametrize("verb", ["lose", "damage"])
def test_what_is_lost_or_destroyed_is_refunded_without_a_return_and_its_tax_stays_used(
    order, world, customs, verb
):
    parts.policy(world, lost_tax_percent=0)
    tax, before = balance("tax"), Lot.objects.get(stock__variant=world.dryer).on_hand
    with pytest.raises(undelivered.NotLost):
        undelivered.lost(order=order, by="op", now=DELIVERED)
    found_out(order, verb, DELIVERED)
    asked(order, NOT_THERE)  # gives way to it
    with pytest.raises(undelivered.SamePerson):
        undelivered.lost(order=order, by="op", now=DELIVERED)
    FourEyes.objects.create(storefront=world.shop, verb="refund", above=order.total_fen - 1)
    Operator.objects.create(username="kin", let_in_by=["op"])
    with pytest.raises(NeedsColleague):  # two names, and maybe one person
        undelivered.lost(order=order, by="kin", now=DELIVERED)
    assert not Refund.objects.exists()
    for _ in range(2):
        row = undelivered.lost(order=order, by="mei", now=DELIVERED)
    pays(row, DELIVERED)
    assert (row.state, row.refund.amount_fen, Refund.objects.count()) == ("settled", order.total_fen, 1)
    assert (customs.declared, customs.back, row.return_no) == ([], [], "")
    assert (balance("tax"), balance("goodwill")) == (tax, order.tax_fen)
    assert Lot.objects.get(stock__variant=world.dryer).on_hand == before


def test_no_consumer_asks_in_the_words_of_the_house(order):
    parts.had(order)
    with pytest.raises(NotPossible) as told:
        asked(order, wish(reason="undelivered"))
    assert [one["code"] for one in told.value.obstacles] == ["reason"]


def test_what_was_refunded_as_lost_and_is_delivered_after_all_is_a_case_and_nobody_pays_twice(order):
    found_out(order, "lose", DELIVERED)
    row = undelivered.lost(order=order, by="mei", now=DELIVERED)
    shipment = Shipment.objects.get(order=order)
    SHIPMENT.move(shipment, "deliver", now=DELIVERED + DAY, delivered_at=DELIVERED + DAY)
    delivery.drain(now=DELIVERED + DAY)
    case = Case.objects.get(kind="return.lost_delivered")
    assert (case.key, case.facts["order"], Refund.objects.count()) == (row.event_key, order.number, 1)


def test_what_was_not_refunded_as_lost_is_delivered_without_a_case(order):
    SHIPMENT.move(Shipment.objects.get(order=order), "deliver", now=DELIVERED, delivered_at=DELIVERED)
    delivery.drain(now=DELIVERED)
    assert not Case.objects.filter(kind="return.lost_delivered").exists()


def test_the_case_of_a_lost_parcel_is_over_once_all_of_it_is_refunded_as_not_received(order):
    parcel = Parcel.objects.create(
        storefront_id=order.storefront_id,
        shipment=Shipment.objects.get(order=order),
        own_number="P-1",
        carrier="SF",
        weight_g=900,
        asked_at=DELIVERED,
    )
    open_case(
        storefront_id=order.storefront_id,
        kind="tracking.lost",
        key=parcel.event_key,
        title="A parcel is lost",
        facts={},
        now=DELIVERED,
    )
    states = []
    for key in ("k-1", "k-2"):
        row = asked(order, NOT_THERE, key=key)
        if row.state == "requested":
            decide.approve(request=row, by="mei", now=DELIVERED)
        states.append(Case.objects.get(kind="tracking.lost").state)
    assert states == ["open", "settled"]


def test_what_was_refunded_by_hand_and_is_lost_on_its_way_back_ends_and_nothing_more_is_paid(world, customs):
    order = parts.delivered(world)
    row = send(request=asked(order, wish(2)), carrier="SF", waybill="SF2000000000001", by="c", now=DELIVERED)
    parts.refunded_all(order)
    deadlines.sweep(now=row.next_at)
    row = grant_lost(request=row, by="ben", now=DELIVERED + DAY)
    row.refresh_from_db()
    assert (row.state, row.lines.get().state, Refund.objects.count()) == ("ended", "dropped", 1)
    assert customs.never == [row.return_no]
    assert not Case.objects.filter(state="open", kind__startswith="return").exists()
    with pytest.raises(WrongState):
        grant_lost(request=row, by="ben", now=DELIVERED + DAY)
