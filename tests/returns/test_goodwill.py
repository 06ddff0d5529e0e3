"""What a return comes to after goodwill and other refunds: as quoted, and never more than was paid."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models import Sum
from hypothesis import example, given, settings
from hypothesis import strategies as st

from backend import delivery
from kernel.approvals import NeedsColleague
from kernel.models import Case, Event
from orders.models import Order
from payments.models import Refund
from payments.services.refunds import Wish, refundable_fen, request_refund
from returns.figures import Span, by_week
from returns.models import ReturnLine, ReturnRequest
from returns.reasons import Kind
from returns.services import deadlines
from returns.services.arrive import receive
from returns.services.decide import approve
from returns.services.given import mind_given
from returns.services.settle import settle
from returns.services.way import send
from returns.services.way_paid import BadWayPayment, WayNotOwed, WayPaid, owed, pay_way
from returns.tasks import OCCASIONS, tell_consumer
from returns.told import NOTHING_LEFT, says
from settlement.models import Posting
from settlement.queries import not_entered
from tests import make
from tests.returns import parts
from tests.returns.parts import DELIVERED, arrives, asked, delivered, graded, offered, wish

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)


@pytest.fixture
def world():
    return make.world()


@pytest.fixture
def order(world, customs):
    return delivered(world)


def given_before(order, fen, key="sorry"):
    """Goodwill that the house gave."""
    return refunds(order, Wish(goodwill_fen=fen), key)


def refunds(order, wished, key):
    return request_refund(
        number=order.number, wish=wished, key=key, reason="退款", asked_by="operator:wang", now=DELIVERED
    )


def left_of(order):
    return refundable_fen(order.payments.get(state="succeeded"))


def came(row):
    row = send(request=row, carrier="SF", waybill="SF2000000000001", by="consumer", now=DELIVERED)
    return receive(request=row, by="op", now=DELIVERED)


def fresh(row):
    return ReturnRequest.objects.select_related("refund", "order").get(pk=row.pk)


def test_goodwill_is_a_gift_beside_the_goods_while_enough_is_left(order):
    given_before(order, 100)
    row = came(asked(order))
    assert (row.quoted_fen, row.quote["goodwill_fen"]) == (10_910, 0)
    graded(row, DELIVERED)
    assert (fresh(row).refund.amount_fen, fresh(row).refund.spared_fen) == (10_910, 0)
    assert left_of(order) == 10_910 - 100


def test_a_piece_gives_what_goodwill_left_of_the_payment_and_the_quote_said_so(order):
    given_before(order, order.total_fen - 5_000)
    row = came(asked(order))
    assert (row.quoted_fen, row.quote["goodwill_fen"]) == (5_000, 5_910)
    graded(row, DELIVERED)
    refund = fresh(row).refund
    assert (refund.amount_fen, refund.spared_fen, left_of(order)) == (5_000, 5_910, 0)


def test_where_nothing_is_left_the_return_ends_settled_with_nothing(order, monkeypatch):
    """Its pieces have gone back all the same, in the books as in the history."""
    arrives(given_before(order, order.total_fen), DELIVERED)
    row = came(asked(order))
    assert (row.quoted_fen, row.quote["goodwill_fen"]) == (0, 10_910)
    graded(row, DELIVERED)
    assert says(fresh(row), DELIVERED) is NOTHING_LEFT
    delivery.drain(now=DELIVERED)
    row = fresh(row)
    assert (row.state, says(row, DELIVERED), row.refund.state) == ("settled", NOTHING_LEFT, "succeeded")
    facts = Event.objects.get(key=row.event_key, name="return.settled").facts
    assert (facts["refund_fen"], facts["spared_fen"]) == (0, 10_910)
    assert Event.objects.filter(key=row.refund.event_key, name="refund.accepted").count() == 0
    own = dict(Posting.objects.filter(entry__refund=row.refund).values_list("account", "amount_fen"))
    assert own == {"sales": 10_000, "tax": 910, "goodwill": -10_910}
    assert deadlines.sweep(now=DELIVERED + 30 * DAY) == 0
    assert not Case.objects.filter(kind="return.failing").exists()
    told = []
    monkeypatch.setattr("returns.tasks.news.tell", lambda **what: told.append(what["fact"].says))
    tell_consumer(Event.objects.get(key=row.event_key, name="return.settled"))
    assert told == ["无需退款"] != [OCCASIONS["return.settled", ""][1]]


def test_where_all_of_the_price_is_kept_back_the_return_ends_settled_with_nothing(world, customs):
    """Tax that customs does not give up is borne, damaged goods give no price: no fen is left to refund."""
    parts.policy(world, lost_tax_percent=0)
    order = delivered(world)
    late = parts.RELEASED + 46 * DAY
    row = asked(order)
    row = send(request=row, carrier="SF", waybill="SF2000000000001", by="consumer", now=DELIVERED)
    row = receive(request=row, by="op", now=late)
    graded(row, late, "damaged", "destroy", deducted_fen=10_000, why="破损")
    row = settle(request=row, by="op", now=late)
    delivery.drain(now=late)
    row = fresh(row)
    assert (row.state, row.refund.amount_fen, row.refund.deducted_fen) == ("settled", 0, 10_000)
    assert row.refund.tax_kept_fen == row.refund.tax_fen == 910
    # No account moves by it, and nobody waits for its entry.
    assert not Posting.objects.filter(entry__refund=row.refund).exists()
    assert not_entered(storefront_id=world.shop.pk) == []
    assert left_of(order) == order.total_fen


def test_the_other_piece_is_refunded_after_one_of_which_all_was_kept(world, customs):
    parts.policy(world, refunds_freight=True)
    order = delivered(world)
    for key, kept in (("a", 10_000), ("b", 0)):
        row = came(asked(order, key=key))
        graded(row, DELIVERED, *(("damaged", "destroy") if kept else ()), deducted_fen=kept, why="破损")
        if kept:
            settle(request=row, by="op", now=DELIVERED)
    assert [one.amount_fen for one in Refund.objects.order_by("pk")] == [910, 10_910]


def test_goodwill_that_has_not_left_gives_way_to_pieces_before_the_list(world, customs):
    parts.policy(world, approves=False)
    order = parts.bought(world)
    waits = given_before(order, order.total_fen - 1_000)
    row = asked(order, wish(1, "no_longer_wanted", Kind.REFUND_ONLY), at=make.NOW)
    assert (row.quoted_fen, row.quote["goodwill_fen"]) == (10_910, 0)
    approve(request=row, by="ben", now=make.NOW)
    waits.refresh_from_db()
    refund = fresh(row).refund
    assert (refund.amount_fen, refund.state, waits.state) == (10_910, "accepted", "closed")


BOUGHT = {1: 3, 2: 2}
STEP = st.one_of(
    st.tuples(st.just("goodwill"), st.integers(1, 30_000), st.just(0), st.just("")),
    st.tuples(
        st.just("refund"), st.sampled_from([1, 2]), st.integers(1, 3), st.sampled_from(["", "freight"])
    ),
    st.tuples(
        st.just("return"),
        st.sampled_from([1, 2]),
        st.integers(1, 3),
        st.sampled_from(["changed_mind", "wrong"]),
    ),
)


def take(order, number, step):
    """One step; of a return what was quoted and what was paid, else None."""
    kind, one, many, how = step
    lines = {line.position: line for line in order.lines.all()}
    if kind == "goodwill":
        if fen := min(one, left_of(order)):
            given_before(order, fen, f"g-{number}")
        return None
    gone = ReturnLine.objects.filter(request__order=order, line=lines[one], state="paid")
    back = sum(gone.values_list("quantity", flat=True)) + sum(
        Refund.objects.filter(order=order, key__startswith="r-", lines__line=lines[one]).values_list(
            "lines__quantity", flat=True
        )
    )
    pieces = min(many, BOUGHT[one] - back)
    if not pieces:
        return None
    if kind == "refund":
        worth = Wish({lines[one].pk: pieces}, freight=how == "freight", as_far=True)
        refunds(order, worth, f"r-{number}")
        return None
    wished = wish(of={one: pieces}, reason=how)
    offer = offered(order, wished)
    row = came(parts.written(order, wished, f"k-{number}"))
    graded(row, DELIVERED)
    return offer.refund_fen, row.quoted_fen, fresh(row).refund.amount_fen


@pytest.mark.parametrize("freight", [False, True])
def test_a_return_pays_what_its_quote_told_whatever_was_given_before(world, customs, freight):
    parts.policy(world, refunds_freight=freight, approves_up_to_fen=10**9)
    claim = make.coupon(world.alice, reduces_fen=1_001)
    order = delivered(world, ("HD-1", 3), ("IR-1", 2), coupon_claim_id=claim.public_id)

    @settings(max_examples=6, deadline=None)
    @given(st.lists(STEP, max_size=7))
    @example([("goodwill", 30_000, 0, ""), ("return", 1, 3, "changed_mind"), ("return", 2, 2, "wrong")])
    @example([("return", 1, 3, "changed_mind"), ("goodwill", 9_000, 0, ""), ("return", 2, 2, "wrong")])
    @example([("refund", 1, 1, ""), ("return", 1, 2, "wrong"), ("return", 2, 2, "wrong")])
    def check(steps):
        with transaction.atomic():
            for number, step in enumerate(steps):
                if told := take(order, number, step):
                    assert len(set(told)) == 1, told
                living = Refund.objects.exclude(state="closed")
                assert living.aggregate(sum=Sum("amount_fen", default=0))["sum"] <= order.total_fen
            transaction.set_rollback(True)

    check()
    assert Refund.objects.count() == 0


def test_two_that_live_at_once_are_quoted_one_after_the_other(order):
    given_before(order, order.total_fen - 15_000)
    first, second = (asked(order, key=key) for key in ("a", "b"))
    assert (first.quoted_fen, second.quoted_fen) == (10_910, 4_090)
    for row in (first, second):
        graded(came(row), DELIVERED)
    assert [one.amount_fen for one in Refund.objects.order_by("pk")][1:] == [10_910, 4_090]
    assert Order.objects.get().state == "paid"


def ways(row, fen=1_200, reference="T-1", days=0):
    on = DELIVERED.date() + days * DAY
    return pay_way(request=row, amount_fen=fen, reference=reference, on=on, by="operator:wang", now=DELIVERED)


def test_a_way_back_that_the_seller_owes_is_entered_as_paid_once(world, customs):
    """Only when the goods came, one transfer for one return, and beyond the limit by two people."""
    parts.policy(world, way_back_by="brand")
    order = delivered(world)
    row = asked(order)
    assert row.seller_pays
    with pytest.raises(WayNotOwed):
        ways(row)
    row, second = came(row), came(asked(order, key="k-2"))
    due = Case.objects.filter(kind="return.way_owed", state="open").order_by("pk")
    assert [one.key for one in due] == [row.event_key, second.event_key]
    for wrong in ({"fen": 0}, {"fen": -1}, {"reference": " "}, {"days": 1}, {"days": -9}):
        with pytest.raises(BadWayPayment):
            ways(row, **wrong)
    with pytest.raises(NeedsColleague):
        ways(row, fen=200_001)
    assert owed(fresh(row)) and not Event.objects.filter(name="return.way_paid").exists()
    ways(row)
    assert ways(row).way_fen == 1_200 and not owed(fresh(row))
    assert Event.objects.get(name="return.way_paid").facts["amount_fen"] == 1_200
    assert [one.key for one in due.all()] == [second.event_key]
    for one, more in ((row, {"fen": 1_300}), (row, {"reference": "T-2"}), (second, {})):
        with pytest.raises(WayPaid):
            ways(one, **more)
    with pytest.raises(NeedsColleague):
        ways(second, fen=198_801, reference="T-2")
    ways(second, fen=300, reference="T-2")
    (week,) = by_week(Span([world.shop.pk], DELIVERED - DAY, DELIVERED + 2 * DAY))
    assert (week.way_fen, week.cost_fen) == (1_500, 1_500)
    assert left_of(order) == order.total_fen
    given = {"order": order, "by": "operator:wang", "now": DELIVERED}
    mind_given(**given, coming_fen=198_500)  # with the ways it is just the limit
    with pytest.raises(NeedsColleague):
        mind_given(**given, coming_fen=198_501)


def test_a_quote_beside_a_return_counts_what_that_one_still_holds(world, customs):
    """Of two pieces on their way back one is refunded by hand: what was promised for it is free again."""
    order = delivered(world, ("HD-1", 2), ("IR-1", 1))
    iron = parts.wish(of={2: 1})
    came(asked(order, parts.wish(2)))
    beside = parts.offered(order, iron).refund_fen
    hand = Wish(pieces={order.lines.get(position=1).pk: 1})
    request_refund(
        number=order.number, wish=hand, key="h", reason="退款", asked_by="operator:w", now=DELIVERED
    )
    assert parts.offered(order, iron).refund_fen == beside > 0
    row = came(asked(order, iron, key="k-2"))
    graded(row, DELIVERED)
    assert (fresh(row).refund.amount_fen, row.quoted_fen) == (beside, beside)


def test_a_way_back_that_the_consumer_pays_is_not_owed(order):
    row = came(asked(order))
    assert not row.seller_pays
    with pytest.raises(WayNotOwed):
        ways(row)
