"""Returns at the same moment: no piece is asked for twice, nothing is refunded, put away or entered twice."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import OperationalError, transaction
from django.db.models import Sum

from inventory.models import Lot, Movement
from kernel.models import Case, Event
from orders.models import Order
from payments.models import Refund
from payments.services.refunds import Wish, request_refund
from returns.models import ReturnLine, ReturnRequest, StrayParcel
from returns.reasons import Kind
from returns.services import deadlines, strays
from returns.services.arrive import Found, inspect, lots_of, receive
from returns.services.ask import NotPossible, write
from returns.services.offer import make_offer
from returns.services.seen import look
from returns.services.settle import settle
from returns.services.way import send
from returns.services.way_paid import pay_way
from tests import make
from tests.races.crowd import at_once
from tests.returns.conftest import customs  # noqa: F401 -- a fixture
from tests.returns.parts import DELIVERED, asked, bought, delivered, graded, of_two_lots, policy, wish
from tests.returns.test_strays import AT, came

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)


@pytest.fixture
def world(customs):  # noqa: F811
    return make.world()


def pieces() -> int:
    held = ReturnLine.objects.exclude(state__in=["dropped", "refused"])
    return held.aggregate(sum=Sum("quantity", default=0))["sum"]


def refunded() -> int:
    living = Refund.objects.exclude(state="closed")
    return living.aggregate(sum=Sum("amount_fen", default=0))["sum"]


def naive_ask(order: Order, key: str, pause: threading.Barrier) -> bool:
    """What a house without the lock does: look at what is left, then write."""
    seen = look(order=order, now=DELIVERED)
    offer = make_offer(seen=seen, wished=wish(2))
    pause.wait(timeout=20)
    with transaction.atomic():
        write(seen, offer, key, "", DELIVERED)
    return offer.possible


def test_without_the_lock_the_same_pieces_are_asked_for_twice(world):
    order, pause = delivered(world), threading.Barrier(2)
    assert at_once([lambda key=key: naive_ask(order, key, pause) for key in "ab"]) == [True, True]
    assert pieces() == 4  # of two that were bought


def test_a_hundred_requests_at_once_ask_for_no_more_pieces_than_there_are(world):
    order = delivered(world)
    done = at_once([lambda key=key: asked(order, key=f"k-{key}") for key in range(100)])
    made = [one for one in done if isinstance(one, ReturnRequest)]
    others = [one for one in done if one not in made]
    # Who waited too long for the lock lost nothing, and may ask again.
    assert all(isinstance(one, NotPossible | OperationalError) for one in others), others
    assert (len(made), pieces()) == (2, 2)


def test_a_hundred_who_give_up_at_once_get_back_no_more_than_was_paid(world):
    order = bought(world)
    given_up = wish(kind=Kind.REFUND_ONLY, reason="no_longer_wanted")
    done = at_once([lambda key=key: asked(order, given_up, key=f"k-{key}") for key in range(100)])
    made = [one for one in done if isinstance(one, ReturnRequest)]
    assert all(isinstance(one, ReturnRequest | NotPossible | OperationalError) for one in done), done
    assert (len(made), pieces(), Refund.objects.count()) == (2, 2, 2)
    assert refunded() == order.total_fen


def test_the_same_wish_at_once_is_one_request(world):
    order = delivered(world)
    done = at_once([lambda: asked(order)] * 8)
    assert len({one.pk for one in done}) == 1, done
    assert (ReturnRequest.objects.count(), pieces()) == (1, 1)


def test_received_inspected_settled_and_swept_a_hundred_times_at_once_it_ends_once(world, customs):  # noqa: F811
    order = delivered(world)
    row = asked(order)
    before = Lot.objects.get(stock__variant=world.dryer).on_hand
    calls = [lambda: send(request=row, carrier="SF", waybill="SF2000000000001", by="me", now=DELIVERED)]
    assert not [one for one in at_once(calls * 4) if isinstance(one, Exception)]
    assert customs.declared == [{"HD-1": 1}]
    at = DELIVERED + DAY
    done = at_once([lambda: receive(request=row, by="op", now=at)] * 4)
    assert sum(isinstance(one, ReturnRequest) for one in done) == 1, done
    late = at + 7 * DAY
    calls = [lambda: graded(row, late), lambda: settle(request=row, by="op", now=late)]
    at_once([*calls, lambda: deadlines.sweep(now=late)] * 33)
    row.refresh_from_db()
    assert (row.state, Refund.objects.count(), refunded()) == ("refunding", 1, row.refund.amount_fen)
    if not Movement.objects.filter(kind="return").exists():  # settled first, it is put away after it
        lot = lots_of(row)[1][0]
        inspect(request=row, found=[Found(1, "as_new", "shelf", 1, lot.pk)], by="op", now=late)
    assert Movement.objects.filter(kind="return").count() == 1
    assert customs.back == [("return-1", at.date())]
    assert Lot.objects.get(stock__variant=world.dryer).on_hand == before + 1


def test_a_way_back_that_two_enter_at_once_is_paid_once_and_one_transfer_pays_one_way(world, customs):  # noqa: F811
    policy(world, way_back_by="brand")
    order = delivered(world)
    rows = [receive(request=asked(order, key=key), by="op", now=DELIVERED) for key in "ab"]

    def pays(row, reference="T-1"):
        told = {"amount_fen": 1_200, "reference": reference, "on": DELIVERED.date()}
        return pay_way(request=row, by="operator:wang", now=DELIVERED, **told)

    done = at_once([lambda row=row: pays(row) for row in rows * 4])
    assert sorted(type(one).__name__ for one in done) == ["ReturnRequest"] * 4 + ["WayPaid"] * 4, done
    paid = ReturnRequest.objects.get(way_reference="T-1")
    other = next(row for row in rows if row.pk != paid.pk)
    done = at_once([lambda number=number: pays(other, f"T-{number}") for number in range(2, 8)])
    assert sorted(type(one).__name__ for one in done) == ["ReturnRequest"] + ["WayPaid"] * 5, done
    assert Event.objects.filter(name="return.way_paid").count() == 2
    assert set(Case.objects.filter(kind="return.way_owed").values_list("state", flat=True)) == {"settled"}


def test_of_two_returns_graded_at_once_to_the_last_piece_of_a_lot_one_is(world):
    order = of_two_lots(world)
    rows = [asked(order, key=key) for key in "ab"]
    for row in rows:
        send(request=row, carrier="SF", waybill="SF2000000000001", by="me", now=DELIVERED)
        receive(request=row, by="op", now=DELIVERED)
    lot = lots_of(rows[0])[1][0]
    found = [Found(1, "as_new", "shelf", 1, lot.pk)]
    done = at_once(
        [lambda row=row: inspect(request=row, found=found, by="op", now=DELIVERED) for row in rows]
    )
    assert sorted(type(one).__name__ for one in done) == ["ReturnRequest", "TooManyOfLot"], done
    assert Movement.objects.filter(kind="return", lot=lot).aggregate(sum=Sum("on_hand"))["sum"] == 1


@pytest.mark.parametrize("guard", [False, True])
def test_of_two_parcels_for_one_refunded_piece_one_is_ours(world, monkeypatch, guard):
    """Each is asked for twice; without the order's lock both are ours, one of them for nothing."""
    order = delivered(world)
    parcels = [came(order) for _ in range(2)]
    hand = Wish(pieces={order.lines.get().pk: 1})
    request_refund(number=order.number, wish=hand, key="a", reason="退款", asked_by="operator:w", now=AT)
    pause = threading.Barrier(2)
    real = strays.refunded_before
    if not guard:
        monkeypatch.setattr(strays, "hold_order", lambda number: Order.objects.get(number=number))
        monkeypatch.setattr(strays, "refunded_before", lambda *it: (real(*it), pause.wait(timeout=20))[0])
    keep = [lambda one=one: strays.keep(parcel=one, by="op", now=AT) for one in parcels]
    done = at_once(keep * (2 if guard else 1))
    states = sorted(StrayParcel.objects.values_list("state", flat=True))
    assert states == (["kept", "ours"] if guard else ["ours", "ours"]), done


def test_a_parcel_refunded_by_its_page_and_graded_at_once_pays_for_what_came(world):
    """It is that return's, or, once that was graded, a piece of its own; no piece is paid twice."""
    order = delivered(world)
    parcel = came(order)
    row = receive(request=asked(order, at=AT), by="op", now=AT)
    found = [Found(1, "as_new", "quarantine", 1, Lot.objects.get(stock__variant=world.dryer).pk)]
    at_once(
        [
            lambda: strays.refund(parcel=parcel, by="mei", now=AT),
            lambda: strays.refund(parcel=parcel, by="mei", now=AT),
            lambda: strays.send_back(parcel=parcel, carrier="SF", waybill="SF2000000000077", by="op", now=AT),
            lambda: inspect(request=row, found=found, by="op", now=AT),
        ]
    )
    back = Movement.objects.filter(kind="return").aggregate(sum=Sum("on_hand"))["sum"]
    parcel.refresh_from_db()
    fates = [("refunded", 1, 1), ("refunded", 2, 2), ("sent_back", 1, 1), ("kept", 2, 1)]
    assert (parcel.state, back, Refund.objects.count()) in fates
