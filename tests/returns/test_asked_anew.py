"""What is taken back and asked for anew is told to customs once: tax and the year come back all the same."""

from __future__ import annotations

import pytest

from backend import delivery
from customs.services.came_back import goods_arrived, never_came
from customs.services.undoing import NotReleased
from kernel.clock import shanghai_day
from kernel.models import Case
from orders.models import Order
from returns.services import at_customs, deadlines
from returns.services.arrive import Found, inspect, lots_of, receive
from returns.services.decide import withdraw
from returns.services.settle import settle
from tests.customs.port import declaration
from tests.customs.test_declaring import port, ready  # noqa: F401 -- fixtures
from tests.customs.test_undoing import returned
from tests.payments.conftest import wechat, world  # noqa: F401
from tests.returns import parts
from tests.returns.parts import asked, graded, wish
from tests.returns.test_customs import (
    DAY,
    allowance,
    balance,
    delivered,
    filing_of,
    handled_at,
    now_is,
    pays,
    restored,
    says,
    sent,
    told_back,
)
from tests.returns.test_windows import undone

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(("pieces", "passed"), [(2, True), (1, False)])
def test_what_customs_was_told_of_for_one_that_is_over_is_the_next_ones(port, ready, pieces, passed):  # noqa: F811
    order, at = ready
    first = delivered(port, order, at)
    parts.had(order, first + 27 * DAY)
    at = first + 28 * DAY
    used = allowance()["used"]
    row = asked(order, wish(2), at=at)
    filing = filing_of(row)
    withdraw(request=row, by="consumer", now=at)
    at = says(port, "CEB626Message", filing, at, "399")
    anew = sent(asked(order, wish(pieces), at=at, key="k-2"), at)
    at += DAY
    receive(request=anew, by="op", now=at)
    graded(anew, at)
    for one in (row, anew):
        one.refresh_from_db()
    open_cases = set(Case.objects.filter(state="open").values_list("kind", flat=True))
    if passed:
        assert (row.return_no, anew.return_no, anew.restorable) == ("", filing.key, True)
        assert (restored(), open_cases) == ([used], set())
    else:  # it is another return, and customs has the pieces in the first one
        assert (row.return_no, anew.return_no, restored()) == (filing.key, "", [])
        assert {"return.not_all_there", "return.not_declared"} <= open_cases


def test_of_two_parcels_for_one_return_each_gives_back_what_it_brings(port, ready):  # noqa: F811
    """One of the two pieces of a request that lapsed is asked for anew; customs was told of both once."""
    order, at = ready
    first = delivered(port, order, at)
    parts.had(order, first + 27 * DAY)
    tax, used, at = balance("tax"), allowance()["used"], first + 28 * DAY
    row = asked(order, wish(2), at=at)  # to be sent after customs' last day: declared at once
    filing = filing_of(row)
    at = says(port, "CEB626Message", filing, at, "399")
    deadlines.sweep(now=row.send_by)
    at = row.send_by
    assert now_is(row) == "lapsed"
    parts.had(order, at)
    anew = asked(order, at=at, key="k-2")
    assert shanghai_day(at) > row.declare_by  # it could not be declared any more
    row = receive(request=row, by="op", now=at)
    graded(row, at)
    assert (row.lines.get().quantity, restored()) == (1, [used // 2])
    case = Case.objects.get(kind="return.not_all_there", state="open")
    assert (case.key, now_is(row), now_is(anew)) == (row.event_key, "refunding", "to_send")
    with undone():
        never_came(declaration=declaration(order), number=filing.key, by="op", now=at)
        at_customs.moved(number=filing.key, order_number=order.number, now=at)
        case.refresh_from_db()
        assert case.state == "settled"
    anew = sent(anew, at)
    receive(request=anew, by="op", now=at)
    graded(anew, at)
    for one in (row, anew):
        pays(one, at)
        assert (one.state, one.return_no, one.restorable) == ("settled", filing.key, True)
    assert (restored(), told_back(port)) == ([used // 2, used - used // 2], [2])
    assert (balance("tax") - tax, balance("goodwill")) == (order.tax_fen, 0)
    still = Case.objects.filter(state="open", kind__regex="^(return|customs)")
    assert set(still.values_list("kind", flat=True)) == {"return.surplus"}  # told of by the first parcel


def refuses(**_):
    raise NotReleased()


@pytest.mark.parametrize("state", ["to_send", "paid"])
def test_what_could_not_be_declared_and_a_colleague_does_is_its_requests(port, ready, monkeypatch, state):  # noqa: F811
    """Though another one of as many pieces was paid unseen: customs knows that one."""
    order, at = ready
    first = delivered(port, order, at)
    parts.had(order, first + 27 * DAY)
    at = first + 28 * DAY
    if state == "paid":
        other = receive(request=sent(asked(order, at=at, key="k-2"), at), by="op", now=at)
        known = filing_of(other)
    with monkeypatch.context() as patch:
        patch.setattr(at_customs, "declare_return", refuses)
        row = asked(order, at=at)
        if state == "paid":
            row = sent(row, at)
    assert (row.return_no, Case.objects.get(kind="return.not_declared").state) == ("", "open")
    if state == "paid":
        settle(request=other, by="system", now=at)
    anew = returned(order, at, {"HD-1": 1})
    delivery.drain(now=at)
    assert filing_of(row) == anew
    assert Case.objects.get(kind="return.not_declared").state == "settled"
    if state == "paid":
        assert filing_of(other) == known


def test_what_was_refused_and_is_declared_anew_for_what_came_gives_back_that(port, ready, monkeypatch):  # noqa: F811
    order, at = ready
    at = delivered(port, order, at)
    tax, used = balance("tax"), allowance()["used"]
    row = receive(request=sent(asked(order, wish(2), at=at), at), by="op", now=at)
    lot = lots_of(row)[1][0]
    inspect(
        request=row,
        found=[Found(1, "as_new", "shelf", 1, lot.pk), Found(1, "short", "nowhere", 1)],
        by="op",
        now=at,
    )
    settle(request=row, by="op", now=at)
    pays(row, at)
    assert balance("tax") == tax + row.refund.tax_fen
    at = says(port, "CEB626Message", filing_of(row), at, "100")
    assert balance("tax") == tax
    anew = returned(order, at, {"HD-1": 1})
    handled_at(monkeypatch, at)
    delivery.drain(now=at)
    at = says(port, "CEB626Message", anew, at, "399")
    assert (filing_of(row), row.restorable, restored()) == (anew, True, [used // 2])
    assert (balance("tax"), balance("goodwill")) == (tax + row.refund.tax_fen, 0)
    assert not Case.objects.filter(kind="return.not_all_there", state="open").exists()


def test_what_was_refunded_by_hand_and_came_is_declared_by_a_person_and_gives_back_its_share(port, ready):  # noqa: F811
    order, at = ready
    at = delivered(port, order, at)
    used = allowance()["used"]
    at_customs.back_by_hand(Order.objects.get(pk=order.pk), now=at)
    filing = returned(order, at, {"HD-1": 1})
    delivery.drain(now=at)
    assert Case.objects.get(kind="return.not_declared").state == "settled"
    at = says(port, "CEB626Message", filing, at, "399")
    goods_arrived(declaration=declaration(order), number=filing.key, on=shanghai_day(at), by="op", now=at)
    assert restored() == [used // 2]
