"""What becomes of returns at customs, by its real services: declared, granted or refused, given up before."""

# ruff: noqa: F811 -- fixtures of other modules

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.db.models import Sum

from backend import delivery
from compliance.models import AllowanceEntry
from customs.models import Declaration, Filing
from customs.services import receiving
from inventory import services as inventory
from inventory.models import Movement, Stock
from kernel.clock import shanghai_day
from kernel.models import Case, Event
from logistics.models import Parcel, ParcelLine, Shipment
from orders.models import Order
from orders.services.cancel_paid import cancel_paid
from payments.models import Refund
from payments.services.send_refund import sweep as sweep_refunds
from returns.reasons import Kind
from returns.services import at_customs, deadlines
from returns.services.arrive import receive
from returns.services.way import send
from settlement.models import Entry, Posting
from tests import make
from tests.customs import port as ports
from tests.customs.port import declaration
from tests.customs.test_declaring import LIST_NO, answer, listed, port, ready  # noqa: F401 -- fixtures too
from tests.customs.test_undoing import accepted, allowance, released, returned, tell
from tests.payments.conftest import wechat, world  # noqa: F401
from tests.payments.declaring import go_on as pay_on
from tests.payments.reports import told
from tests.races.crowd import at_once, wait_for_a_waiter
from tests.returns import parts
from tests.returns.parts import asked, graded, wish

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)
UP = {"kind": Kind.REFUND_ONLY, "reason": "no_longer_wanted"}


def balance(account):
    return Posting.objects.filter(account=account).aggregate(sum=Sum("amount_fen", default=0))["sum"]


def delivered(port, order, at):
    """Released, on its way, and with its consumer; the time it is then."""
    at = released(port, order, at)
    order = Order.objects.get(pk=order.pk)
    parts.left(order)
    parts.had(order, at)
    return at


def sent(row, at):
    return send(request=row, carrier="SF", waybill="SF2000000000001", by="consumer", now=at)


def pays(row, at):
    """WeChat has the refund and says that it has arrived."""
    row.refresh_from_db()
    leaves = Refund.objects.filter(pk=row.refund_id, state__in=["accepted", "processing"])
    assert leaves.update(state="processing") == 1
    refund = Refund.objects.get(pk=row.refund_id)
    told(refund, success_time=at, **({"refund_id": refund.refund_id} if refund.refund_id else {}))
    delivery.drain(now=at)
    row.refresh_from_db()


def now_is(row):
    row.refresh_from_db()
    return row.state


def says(port, name, filing, at, status):
    at = ports.go_on(at, 2)
    tell(port, name, filing, at, status)
    return ports.go_on(at + timedelta(seconds=3), 3)


def handled_at(monkeypatch, at):
    """What happens to an order is told to returns at `at`, which may be tomorrow."""
    monkeypatch.setattr("returns.tasks.now", lambda: at)


def filing_of(row):
    row.refresh_from_db()
    return Filing.objects.get(kind="return", key=row.return_no)


def told_back(port):
    """Pieces by return that customs was told of."""
    documents = [one.documents[0] for one in port.messages("CEB625Message")]
    return [sum(int(line["qty"]) for line in document.lines) for document in documents]


def restored():
    entries = AllowanceEntry.objects.filter(kind="restore", account__measure="value").order_by("id")
    return [one.amount for one in entries]


def held(world):
    return Stock.objects.get(variant=world.dryer).reserved


def test_partial_after_partial_restores_all_that_was_used_and_pays_all_but_the_freight(port, ready):
    order, at = ready
    at = delivered(port, order, at)
    used = allowance()["used"]
    first = sent(asked(order, at=at), at)
    at = says(port, "CEB626Message", filing_of(first), at, "399")
    assert restored() == []  # granted, and not back yet
    receive(request=first, by="op", now=at)
    graded(first, at)
    assert restored() == [used // 2]
    second = sent(asked(order, at=at, key="k-2"), at)
    receive(request=second, by="op", now=at)
    at = says(port, "CEB626Message", filing_of(second), at, "399")
    at = says(port, "CEB626Message", filing_of(second), at, "399")
    graded(second, at)
    assert (restored(), allowance()) == ([used // 2, used - used // 2], {"used": 0, "reserved": 0})
    assert told_back(port) == [1, 1]
    for row in (first, second):
        pays(row, at)
    assert (now_is(first), now_is(second), balance("tax"), balance("goodwill")) == (
        "settled",
        "settled",
        0,
        0,
    )
    assert first.refund.amount_fen + second.refund.amount_fen == order.total_fen - order.freight_fen
    assert not Case.objects.filter(state="open", kind__regex="^(return|customs)").exists()


def test_goods_entered_and_customs_grant_taken_in_a_hundred_times_at_once_restore_the_year_once(port, ready):
    order, at = ready
    at = delivered(port, order, at)
    used = allowance()["used"]
    row = sent(asked(order, at=at), at)
    at = ports.go_on(at, 2)
    tell(port, "CEB626Message", filing_of(row), at, "399")
    at += timedelta(seconds=3)
    receive(request=row, by="op", now=at)
    entered = [lambda: graded(row, at)] * 60
    at_once([*entered, *[lambda: receiving.collect(now=at)] * 40])
    ports.go_on(at, 2)
    assert (now_is(row), restored()) == ("refunding", [used // 2])
    assert Event.objects.filter(name="customs.return_arrived").count() == 1


@pytest.mark.parametrize("when", ["before", "after", "paid"])
def test_a_return_that_customs_refuses_stays_refunded_and_its_tax_is_owed_again(port, ready, when):
    order, at = ready
    at = delivered(port, order, at)
    tax = balance("tax")
    row = sent(asked(order, at=at), at)
    if when == "before":
        at = says(port, "CEB626Message", filing_of(row), at, "100")
    receive(request=row, by="op", now=at)
    graded(row, at)
    if when == "paid":
        pays(row, at)
        assert balance("tax") == tax + row.refund.tax_fen
    for _ in range(2) if when != "before" else ():
        at = says(port, "CEB626Message", filing_of(row), at, "100")
    if when != "paid":
        pays(row, at)
    assert (row.state, row.restorable, row.refund.amount_fen) == ("settled", False, row.quoted_fen)
    assert row.refund.tax_lost_fen == (row.refund.tax_fen if when == "before" else 0)
    assert (balance("tax"), balance("goodwill")) == (tax, row.refund.tax_fen)
    assert Entry.objects.filter(kind="tax_levied").count() == (when != "before")
    assert (restored(), Case.objects.get(kind="customs.rejected").facts["document"]) == ([], "return")


def test_a_refused_return_that_a_colleague_declares_anew_and_customs_grants_gives_the_tax_up(
    port, ready, monkeypatch
):
    order, at = ready
    at = delivered(port, order, at)
    tax, used = balance("tax"), allowance()["used"]
    row = sent(asked(order, at=at), at)
    receive(request=row, by="op", now=at)
    graded(row, at)
    pays(row, at)
    at = says(port, "CEB626Message", filing_of(row), at, "100")
    assert (balance("tax"), balance("goodwill")) == (tax, row.refund.tax_fen)
    anew = returned(order, at, {"HD-1": 1})
    handled_at(monkeypatch, at)
    delivery.drain(now=at)
    assert filing_of(row) == anew
    for _ in range(2):
        at = says(port, "CEB626Message", anew, at, "399")
    row.refresh_from_db()
    assert (row.restorable, restored()) == (True, [used // 2])
    assert (balance("tax"), balance("goodwill")) == (tax + row.refund.tax_fen, 0)


def test_given_up_before_the_list_one_piece_is_not_declared(port, ready, wechat, world):
    order, at = ready
    before = held(world)
    wechat.control("advance", seconds=60)  # by whose clock it says when a declaration was changed
    row = asked(order, wish(**UP), at=at)
    assert (row.state, row.refund.state) == ("refunding", "accepted")
    for hours in range(1, 9, 2):  # through WeChat, which is asked what is left of the payment
        sweep_refunds(now=at + timedelta(hours=hours))
        delivery.drain(now=at + timedelta(hours=hours))
    assert (now_is(row), held(world), Order.objects.get(pk=order.pk).state) == ("settled", before - 1, "paid")
    listed(port, pay_on(4, at + timedelta(hours=9)))
    assert [int(line["qty"]) for line in port.messages("CEB621Message")[0].documents[0].lines] == [1]


def test_given_up_before_the_list_a_whole_order_ends(port, ready, world):
    order, at = ready
    before = held(world)
    row = asked(order, wish(2, **UP), at=at)
    pays(row, at)
    at = ports.go_on(at, 3)
    order.refresh_from_db()
    assert (row.state, order.state, row.refund.amount_fen) == ("settled", "cancelled", order.total_fen)
    assert (held(world), allowance(), port.sent) == (before - 2, {"used": 0, "reserved": 0}, [])
    assert (Declaration.objects.get().state, Shipment.objects.get().state) == ("ended", "cancelled")


def test_given_up_while_customs_has_the_list_it_is_asked_back_and_the_money_leaves_once_it_is(
    port, ready, world
):
    order, at = ready
    at, before = listed(port, at), held(world)
    row = asked(order, wish(2, **UP), at=at)
    assert (row.state, row.refund.state) == ("refunding", "requested")
    deadlines.sweep(now=at + timedelta(minutes=10))
    assert declaration(order).state == "listed"  # without a number it cannot be asked back
    answer(port, order, at, "120", **LIST_NO)
    at = ports.go_on(at + timedelta(minutes=11), 2)
    deadlines.sweep(now=at + timedelta(minutes=10))
    assert (declaration(order).state, Refund.objects.get().state) == ("cancelling", "requested")
    at = says(port, "CEB624Message", Filing.objects.get(kind="cancel"), at + timedelta(minutes=10), "399")
    pays(row, at)
    order.refresh_from_db()
    assert (row.state, order.state, row.refund.amount_fen) == ("settled", "cancelled", order.total_fen)
    given = Refund.objects.filter(state="succeeded").aggregate(sum=Sum("amount_fen"))["sum"]
    assert (given, held(world)) == (order.total_fen, before - 2)
    assert allowance() == {"used": 0, "reserved": 0}


def test_a_list_that_customs_keeps_goes_on_and_becomes_a_return_that_never_left(
    port, ready, world, monkeypatch
):
    order, at = ready
    at, before = accepted(port, order, at), held(world)
    row = asked(order, wish(2, **UP), at=at)
    assert declaration(order).state == "cancelling"
    at = says(port, "CEB624Message", Filing.objects.get(kind="cancel"), at, "100")
    assert (declaration(order).state, Refund.objects.get().state) == ("accepted", "requested")
    answer(port, order, at, "800", **LIST_NO)
    handled_at(monkeypatch, at)
    at = ports.go_on(at + timedelta(seconds=3), 3)
    _is_a_return(port, row, at, world, before, 2)
    assert Shipment.objects.get().state == "cancelled"
    assert allowance() == {"used": 0, "reserved": 0}


def test_a_piece_given_up_while_customs_has_the_list_waits_for_the_release_and_is_a_return(
    port, ready, world, monkeypatch
):
    order, at = ready
    at, before = accepted(port, order, at), held(world)
    row = asked(order, wish(**UP), at=at)
    assert (declaration(order).state, row.refund.state) == ("accepted", "requested")
    answer(port, order, at, "800", **LIST_NO)
    handled_at(monkeypatch, at)
    at = ports.go_on(at + timedelta(seconds=3), 3)
    _is_a_return(port, row, at, world, before, 1)
    assert Shipment.objects.get().state == "to_pick"


@pytest.mark.parametrize("pieces", [1, 2])
def test_given_up_after_the_release_what_has_not_left_is_a_return_and_stays(port, ready, world, pieces):
    order, at = ready
    at, before = released(port, order, at), held(world)
    row = asked(order, wish(pieces, **UP), at=at)
    assert (row.state, row.refund.state, row.refund.tax_lost_fen) == ("refunding", "accepted", 0)
    _is_a_return(port, row, at, world, before, pieces)
    assert Shipment.objects.get().state == ("cancelled" if pieces == 2 else "to_pick")


def _is_a_return(port, row, at, world, before, pieces):
    """Declared and back on the same day; stock is free once, and money and share of the year are back."""
    filing = filing_of(row)
    assert Event.objects.get(name="customs.return_arrived").facts["arrived"] == shanghai_day(at).isoformat()
    used = allowance()["used"]
    at = says(port, "CEB626Message", filing, at, "399")
    assert (told_back(port), held(world)) == ([pieces], before - pieces)
    assert restored() == [used * pieces // 2]
    pays(row, at)
    ports.go_on(at, 2)
    assert (row.state, row.restorable, held(world)) == ("settled", True, before - pieces)
    assert not Movement.objects.filter(kind="return").exists()
    assert not Case.objects.filter(state="open", kind__startswith="return").exists()


def test_a_parcel_that_is_packed_with_pieces_that_stay_is_a_case(port, ready, world):
    order, at = ready
    at = released(port, order, at)
    parcel, line = Parcel.objects.get(), order.lines.get()
    inventory.pick(holder=order.event_key, by="op", now=at)
    inside = {"storefront": world.shop, "parcel": parcel, "line": line}
    for one in inventory.picked(holder=order.event_key):
        ParcelLine.objects.create(**inside, lot_id=one.lot_id, quantity=one.quantity)
    Shipment.objects.update(state="labelled")
    asked(order, wish(**UP), at=at)
    ports.go_on(at, 2)
    case = Case.objects.get(kind="shipment.packed_refunded", state="open")
    assert (case.facts["pieces"], Shipment.objects.get().state) == ("HD-1×1", "labelled")


def test_what_left_before_the_release_was_taken_in_is_put_before_a_person(port, ready, world):
    order, at = ready
    at, before = accepted(port, order, at), held(world)
    row = asked(order, wish(**UP), at=at)
    Shipment.objects.update(state="dispatched", dispatched_at=at)
    answer(port, order, at, "800", **LIST_NO)
    ports.go_on(at + timedelta(seconds=3), 3)
    assert Case.objects.get(kind="return.left_refunded").facts["return"] == row.number
    assert (told_back(port), held(world), Filing.objects.filter(kind="return").count()) == ([], before, 0)


def test_a_return_follows_the_refund_of_all_that_took_the_place_of_its_own(port, ready):
    order, at = ready
    at = accepted(port, order, at)
    rows = [asked(order, wish(**UP), at=at, key=key) for key in ("a", "b")]
    Order.objects.filter(pk=order.pk).update(gate="before_list")  # refused, and ended before they could leave
    cancel_paid(number=order.number, by="customs", now=at, within_hold=False)
    delivery.drain(now=at)
    refund = Refund.objects.exclude(state="closed").get()
    for row in rows:
        row.refresh_from_db()
        assert (row.refund_id, row.state) == (refund.pk, "refunding")
    pays(rows[0], at)
    assert [now_is(row) for row in rows] == ["settled", "settled"]
    assert refund.amount_fen == order.total_fen


@pytest.mark.parametrize("guard", [False, True])
def test_who_orders_while_their_return_is_graded_is_not_a_deadlock(port, ready, world, monkeypatch, guard):
    """Without the year held before the stock, a checkout that holds the year waits for the stock, and the
    grading for the year."""
    order, at = ready
    at = delivered(port, order, at)
    row = sent(asked(order, wish(2), at=at), at)
    at = says(port, "CEB626Message", filing_of(row), at, "399")
    receive(request=row, by="op", now=at)
    made = make.quote(world.alice, ("HD-1", 1), now=at)
    has_the_year, reserve = threading.Event(), inventory.reserve

    def reserving(*facts, **more):
        has_the_year.set()
        wait_for_a_waiter()
        return reserve(*facts, **more)

    def grading():
        has_the_year.wait(timeout=20)
        return graded(row, at)

    monkeypatch.setattr(inventory, "reserve", reserving)
    if not guard:
        monkeypatch.setattr(at_customs, "hold_year", lambda order: None)
    done = at_once([grading, lambda: make.place(world.alice, made, now=at)])
    assert [type(one) for one in done].count(OperationalError) == (0 if guard else 1), done
    if guard:
        assert sum(restored()) == 20_000
