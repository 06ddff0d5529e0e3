"""What WeChat Pay gave back by itself: all that was left has its pieces, a part has those that are named."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

from backend import delivery
from compliance.models import AllowanceEntry
from inventory.models import Reservation
from kernel.models import Case, Event
from orders.models import Order
from orders.services.gate import move_gate
from payments.models import Payment, PaymentDeclaration, Refund, RefundLine
from payments.services.refund_gate import DeclarationBehind, PiecesNotNamed, send_to_customs
from payments.services.refund_pieces import (
    MoreThanWentBack,
    NamedBefore,
    NotNameable,
    PiecesLetGo,
    name_pieces,
)
from payments.services.refund_refusals import TooManyPieces
from payments.services.refunds import Wish, request_refund
from payments.states import DECLARATION
from settlement.models import Entry
from settlement.services.named_pieces import enter_named
from settlement.services.reverse_correction import ReversedBefore, is_reversible, reverse_correction
from settlement.unsettled import unsettled
from tests import make
from tests.payments.reports import declared, told
from tests.races.crowd import at_once
from tests.settlement import trades
from tests.settlement.bill_days import balances
from tests.settlement.test_unsettled import DAY, of
from tests.stepping import step

pytestmark = pytest.mark.django_db(transaction=True)
TOTAL, PIECE, TAX = 27_275, 10_910, 2_275  # 2 × HD-1 at 100 yuan, 1 × IR-1 at 50, and 9.1 % tax


@pytest.fixture
def world():
    return make.world()


@pytest.fixture
@step
def order(world):
    return trades.ready(world)


def portal(order, fen, number="WX-1", **changes):
    """A refund that somebody made at WeChat Pay's portal, and what hears of it has heard of it."""
    payment = Payment.objects.get(order=order)
    ghost = Refund(
        pk=int(number[-1]),
        storefront_id=order.storefront_id,
        payment=payment,
        order=order,
        out_refund_no=number,
        amount_fen=fen,
    )
    told(ghost, **changes)
    delivery.drain()
    return Refund.objects.get(out_refund_no=number)


def line(order, sku="HD-1"):
    return order.lines.get(sku=sku).pk


def named(refund, *, freight=True, **pieces):
    wanted = {
        line(refund.order, sku.replace("HD", "HD-").replace("IR", "IR-")): n for sku, n in pieces.items()
    }
    return enter_named(refund=refund, pieces=wanted, freight=freight, by="fang", note="one", now=make.NOW)


def reversed_(entry):
    return reverse_correction(entry=entry, note="the other one", by="olga", now=make.NOW)


def amounts(entry):
    return dict(entry.postings.values_list("account", "amount_fen"))


def cases(refund):
    rows = Case.objects.filter(kind="refund.unknown", key=refund.event_key).order_by("id")
    return list(rows.values_list("state", flat=True))


def after_release(order):
    Order.objects.filter(pk=order.pk).update(gate="after_release")


def test_all_that_was_paid_and_went_back_by_the_portal_is_all_pieces_and_leaves_the_books_empty(order):
    refund = portal(order, TOTAL)
    assert (refund.kind, refund.whole, refund.asked_by, refund.state) == (
        "lines",
        True,
        "wechat",
        "succeeded",
    )
    assert (refund.goods_fen, refund.tax_fen, refund.other_fen, refund.spared_fen) == (25_000, TAX, 0, 0)
    assert list(refund.lines.order_by("id").values_list("line__sku", "quantity")) == [
        ("HD-1", 2),
        ("IR-1", 1),
    ]
    assert (Order.objects.get(pk=order.pk).state, balances()) == ("cancelled", {})
    assert unsettled(storefront_id=order.storefront_id, day=DAY, only=[order.pk]) == []
    case = Case.objects.get(kind="refund.unknown")
    assert (case.facts["booked"], case.facts["gives_back"]) == (True, "all_pieces")


def test_the_rest_that_the_portal_gave_back_spares_the_goodwill_that_went_before_it(order):
    portal(order, 5_000)
    rest = portal(order, TOTAL - 5_000, "WX-2")
    assert (rest.goods_fen, rest.tax_fen, rest.spared_fen, rest.whole) == (25_000, TAX, 5_000, True)
    assert (Order.objects.get(pk=order.pk).state, balances()) == ("cancelled", {})


def test_what_still_waited_to_leave_is_taken_back_where_the_portal_gave_all(order):
    move_gate(number=order.number, verb="send", now=make.NOW)
    waits = request_refund(
        number=order.number, wish=Wish({line(order): 1}), key="k", reason="退款", asked_by="x", now=make.NOW
    )
    assert waits.state == "requested"
    refund = portal(order, TOTAL)
    assert Refund.objects.get(pk=waits.pk).state == "closed"
    assert sorted(refund.lines.values_list("line__sku", "quantity")) == [("HD-1", 2), ("IR-1", 1)]
    assert Event.objects.get(name="refund.requested", key=refund.event_key).facts["instead_of"] == [
        waits.out_refund_no
    ]


def test_what_was_closed_before_it_gave_anything_back_has_no_pieces_and_takes_nothing_back(order):
    refund = portal(order, TOTAL, status="CLOSED", success_time=None)
    assert (refund.state, refund.whole, refund.other_fen) == ("closed", False, TOTAL)
    assert RefundLine.objects.count() == 0


def test_a_part_is_goodwill_and_no_list_goes_until_its_pieces_are_named_and_all_sums_agree(order):
    payment = Payment.objects.get(order=order)
    declared(payment)
    refund = portal(order, PIECE)
    assert (refund.kind, refund.other_fen) == ("goodwill", PIECE)
    assert Case.objects.get(kind="refund.unknown").facts["gives_back"] == "to_be_named"
    row = PaymentDeclaration.objects.get()
    assert (row.order_fen, row.duty_fen) == (TOTAL - PIECE, TAX)
    DECLARATION.move(row, "succeed", now=make.NOW, succeeded_at=make.NOW)
    with pytest.raises(PiecesNotNamed) as refused:
        send_to_customs(number=order.number, now=make.NOW)
    assert (refused.value.numbers, Order.objects.get(pk=order.pk).gate) == (["WX-1"], "before_list")

    named(refund, HD1=1)
    assert cases(refund) == ["settled"]
    with pytest.raises(DeclarationBehind):
        send_to_customs(number=order.number, now=make.NOW)
    delivery.drain()
    row.refresh_from_db()
    assert (row.state, row.order_fen, row.product_fen, row.duty_fen) == ("amending", 16_365, 16_365, 1_365)
    assert row.order_fen == TOTAL - PIECE == 15_000 + row.duty_fen
    held = Reservation.objects.filter(holder=order.event_key, state="held")
    assert dict(held.values_list("stock__variant__sku", "quantity")) == {"HD-1": 1, "IR-1": 1}
    freed = AllowanceEntry.objects.get(order_number=order.number, kind="free")
    assert (freed.reference, freed.amount) == ("refund:WX-1", 10_000)
    DECLARATION.move(row, "succeed", now=make.NOW, succeeded_at=make.NOW)
    assert send_to_customs(number=order.number, now=make.NOW).gate == "with_customs"


def test_what_the_pieces_do_not_make_up_stays_goodwill_and_goes_on_keeping_the_list(order):
    declared(Payment.objects.get(order=order))
    refund = portal(order, PIECE + 1)
    named(refund, HD1=1)
    assert balances()["goodwill"] == 1
    delivery.drain()
    DECLARATION.move(PaymentDeclaration.objects.get(), "succeed", now=make.NOW, succeeded_at=make.NOW)
    with pytest.raises(PiecesNotNamed):
        send_to_customs(number=order.number, now=make.NOW)


def test_an_order_that_is_cancelled_needs_no_names_and_its_books_are_empty(order):
    portal(order, 5_000)
    rest = request_refund(
        number=order.number, wish=Wish(), key="all", reason="退款", asked_by="x", now=make.NOW
    )
    told(rest)
    delivery.drain()
    assert (Order.objects.get(pk=order.pk).state, balances()) == ("cancelled", {})


def test_the_entry_moves_goods_and_tax_from_goodwill_and_the_brand_no_longer_pays_the_tax(order):
    after_release(order)
    refund = portal(order, PIECE)
    assert (balances()["goodwill"], of(order).net_fen) == (PIECE, 25_000 - PIECE)
    entry = named(refund, HD1=1)
    assert (entry.kind, entry.key, entry.refund) == ("correction", "pieces:WX-1:1", refund)
    assert (entry.order_id, entry.payment_id) == (order.pk, refund.payment_id)
    assert amounts(entry) == {"goodwill": -PIECE, "sales": 10_000, "tax": 910}
    assert balances() == {"wechat": TOTAL - PIECE, "sales": -15_000, "tax": -1_365}
    assert of(order).net_fen == 15_000


def test_freight_is_named_with_its_pieces_or_stays(world):
    make.warehouse(world.shop, freight_fen=1_000)
    order = trades.ready(world, ("HD-1", 2))
    after_release(order)
    with_freight, without = portal(order, 11_456), portal(order, 10_956, "WX-2")
    assert amounts(named(with_freight, HD1=1))["freight"] == 500
    assert amounts(named(without, freight=False, HD1=1)).keys() == {"goodwill", "sales", "tax"}


def test_the_refund_is_entered_before_its_pieces_are_where_its_event_comes_late(order):
    after_release(order)
    payment = Payment.objects.get(order=order)
    ghost = Refund(pk=1, storefront_id=order.storefront_id, payment=payment, out_refund_no="WX-1")
    ghost.amount_fen = PIECE
    told(ghost)
    named(Refund.objects.get(), HD1=1)
    delivery.drain()
    assert balances() == {"wechat": TOTAL - PIECE, "sales": -15_000, "tax": -1_365}


def test_pieces_are_named_once_within_the_sum_and_of_what_is_left(order):
    after_release(order)
    refund = portal(order, PIECE)
    with pytest.raises(MoreThanWentBack) as refused:
        named(refund, HD1=2)
    assert (refused.value.amount_fen, refused.value.refund_fen) == (2 * PIECE, PIECE)
    with pytest.raises(TooManyPieces):
        named(refund, IR1=2)
    with pytest.raises(MoreThanWentBack):
        named(refund)
    assert (Entry.objects.filter(kind="correction").count(), RefundLine.objects.count()) == (0, 0)
    named(refund, HD1=1)
    with pytest.raises(NamedBefore):
        named(refund, IR1=1)
    assert Entry.objects.filter(kind="correction").count() == 1


def test_pieces_are_named_for_no_refund_of_ours_and_for_none_that_has_its_own(world, order):
    after_release(order)
    ours = request_refund(
        number=order.number,
        wish=Wish(goodwill_fen=PIECE),
        key="k",
        reason="补偿",
        asked_by="operator:fang",
        now=make.NOW,
    )
    told(ours)
    other = trades.ready(world)
    whole = portal(other, TOTAL, "WX-2")
    for refund in (ours, whole):
        with pytest.raises(NotNameable):
            named(Refund.objects.get(pk=refund.pk), HD1=1)


def test_the_named_pieces_are_taken_back_once_and_named_anew(order):
    after_release(order)
    refund = portal(order, PIECE)
    entry = named(refund, HD1=1)
    delivery.drain()
    assert is_reversible(entry)
    back = reversed_(entry)
    assert (back.reverses, amounts(back)) == (entry, {"goodwill": PIECE, "sales": -10_000, "tax": -910})
    assert balances()["goodwill"] == PIECE
    assert cases(refund) == ["settled", "open"]
    with pytest.raises(ReversedBefore):
        reversed_(entry)
    anew = named(refund, IR1=1)
    assert (anew.key, amounts(anew)) == ("pieces:WX-1:3", {"goodwill": -5_455, "sales": 5_000, "tax": 455})
    with pytest.raises(ReversedBefore):
        reversed_(entry)
    assert cases(refund) == ["settled", "settled"]
    left = RefundLine.objects.order_by("id").values_list("line__sku", "turn", "quantity", "goods_fen")
    assert list(left) == [("HD-1", 1, 1, 10_000), ("HD-1", 2, -1, -10_000), ("IR-1", 3, 1, 5_000)]
    assert Event.objects.filter(name="refund.unnamed").count() == 1


def test_pieces_that_the_house_has_let_go_of_are_not_taken_back(order):
    refund = portal(order, PIECE)
    entry = named(refund, HD1=1)
    delivery.drain()
    with pytest.raises(PiecesLetGo):
        reversed_(entry)
    assert (Entry.objects.filter(reverses=entry).count(), cases(refund)) == (0, ["settled"])


def test_before_anything_followed_they_are_taken_back_before_the_list_too(order):
    refund = portal(order, PIECE)
    reversed_(named(refund, HD1=1))
    delivery.drain()
    assert balances()["goodwill"] == PIECE
    held = Reservation.objects.filter(holder=order.event_key, state="held")
    assert dict(held.values_list("stock__variant__sku", "quantity")) == {"HD-1": 2, "IR-1": 1}
    assert AllowanceEntry.objects.filter(order_number=order.number, kind="free").count() == 0


def test_two_who_name_at_once_enter_one_entry(order):
    after_release(order)
    refund = portal(order, PIECE)
    results = at_once([lambda: named(refund, HD1=1), lambda: named(refund, IR1=1)])
    assert sorted(type(one).__name__ for one in results) == ["Entry", "NamedBefore"]
    assert Entry.objects.filter(kind="correction").count() == 1


def test_without_the_turn_two_who_name_at_once_would_both_be_written(order, monkeypatch):
    after_release(order)
    refund = portal(order, 2 * PIECE)
    monkeypatch.setattr("payments.services.refund_pieces._turn", lambda refund: 0)
    name = {"refund": refund, "freight": True, "by": "fang", "note": "n", "now": make.NOW}
    name_pieces(pieces={line(order): 1}, **name)
    name_pieces(pieces={line(order, "IR-1"): 1}, **name)
    assert RefundLine.objects.filter(turn=1).count() == 2


def test_no_line_that_was_asked_for_has_another_sign_and_none_is_changed(order):
    after_release(order)
    refund = portal(order, PIECE)
    named(refund, HD1=1)
    row = RefundLine.objects.get()
    with pytest.raises(IntegrityError, match="refund_line_signs"), transaction.atomic():
        RefundLine.objects.create(
            storefront_id=row.storefront_id,
            refund=row.refund,
            line=row.line,
            quantity=-1,
            **{f"{share}_fen": 0 for share in ("goods", "discount", "freight", "duty", "vat", "excise")},
        )
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_table_privilege('web', 'payments_refundline', 'UPDATE')")
        assert cursor.fetchone() == (False,)
