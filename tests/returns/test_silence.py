"""Nobody answers: the consumer is told, and after two more days silence gives what the terms let it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kernel.clock import shanghai_day
from kernel.models import Case, Event
from payments.models import Refund
from returns.reasons import Kind
from returns.services import deadlines
from returns.services.decide import appeal, refuse
from returns.told import LATE, NEXT, OVERDUE, due, says
from tests import make
from tests.returns import parts
from tests.returns.parts import DELIVERED, RELEASED, delivered, wish, written

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)


@pytest.fixture
def world():
    return make.world()


def claimed(order, reason="missing", **more):
    kind = more.pop("kind", Kind.CLAIM)
    return written(order, wish(kind=kind, reason=reason), more.pop("key", "c"), approved=False, **more)


def swept(row, at):
    deadlines.sweep(now=at)
    row.refresh_from_db()
    return row.state


@pytest.mark.parametrize(("reason", "state"), [("missing", "refunding"), ("damaged", "to_send")])
def test_a_claim_that_nobody_answers_is_late_for_two_days_and_then_given(world, customs, reason, state):
    row = claimed(delivered(world), reason)
    assert says(row, row.decide_by - DAY) is NEXT["requested"]
    assert swept(row, row.decide_by) == "requested"
    assert (says(row, row.decide_by), due(row, row.decide_by)) == (LATE, row.decide_by + 2 * DAY)
    assert Event.objects.get(name="return.late").facts == {"until": row.next_at.isoformat()}
    assert swept(row, row.next_at - DAY) == "requested"
    assert swept(row, row.next_at) == state
    assert (row.decided_by, row.answer) == ("system", deadlines.UNANSWERED)
    assert Case.objects.get(kind="return.undecided").state == "settled"
    assert Refund.objects.count() == (state == "refunding")


@pytest.mark.parametrize("terms", [{"approves": False}, {"approves_up_to_fen": 10_000}])
def test_what_the_terms_do_not_let_silence_give_is_the_owners_every_day(world, customs, terms):
    parts.policy(world, **terms)
    row = claimed(delivered(world))
    late = row.decide_by + 2 * DAY
    for at in (row.decide_by, late, late + DAY):
        assert swept(row, at) == "requested"
    case = Case.objects.get(kind="return.overdue")
    assert (case.state, case.seen, Refund.objects.count()) == ("open", 2, 0)
    assert says(row, late) is OVERDUE
    refuse(request=row, answer="凭证不符", by="anna", now=late + DAY)
    assert set(Case.objects.values_list("state", flat=True)) == {"settled"}


def test_silence_gives_neither_what_a_person_refused_nor_money_for_goods_on_their_way(world, customs):
    first = claimed(delivered(world))
    second = parts.bought(world)
    parts.cleared(world, second)
    parts.left(second)
    lost = claimed(second, "not_received", kind=Kind.REFUND_ONLY, at=DELIVERED)
    row = appeal(request=refuse(request=first, answer="不符", by="anna", now=DELIVERED), now=DELIVERED)
    for days in (2, 4, 5):
        deadlines.sweep(now=DELIVERED + days * DAY)
    for one in (row, lost):
        one.refresh_from_db()
    assert (row.state, lost.state, Refund.objects.count()) == ("appealed", "requested", 0)
    assert Case.objects.filter(kind="return.overdue", state="open").count() == 2


def test_what_cannot_be_given_any_more_is_a_persons_and_no_failure(world, customs):
    order = delivered(world)
    row = claimed(order)
    parts.refunded_all(order)
    for at in (row.decide_by, row.decide_by + 2 * DAY):
        assert swept(row, at) == "requested"
    assert list(Case.objects.filter(state="open").values_list("kind", flat=True).order_by("kind")) == [
        "return.overdue",
        "return.undecided",
    ]


def test_where_customs_last_day_would_pass_meanwhile_silence_gives_it_at_once(world, customs):
    order, at = delivered(world), RELEASED + 28 * DAY
    parts.had(order, at)
    row = claimed(order, "damaged", at=at)
    assert shanghai_day(row.decide_by) <= row.declare_by < shanghai_day(row.decide_by + 2 * DAY)
    assert swept(row, row.decide_by) == "to_send"
    assert (row.answer, customs.declared) == (deadlines.UNANSWERED, [{"HD-1": 1}])
