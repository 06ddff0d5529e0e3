"""What is kept of a day is what the tables say of it, in whatever order and however often it was told."""

from __future__ import annotations

import io
from datetime import date, timedelta
from random import Random

import pytest
from django.core.management import CommandError, call_command

from kernel.clock import shanghai_day
from kernel.models import Case
from orders.models import Quote
from reporting import services
from reporting.models import Day, ForexDay, StaleDay
from reporting.queries import position
from reporting.services import count_marked, differing, mark, mark_all, mark_quoted
from settlement.position import positions
from settlement.services.exchange import export_batch
from settlement.unsettled import unsettled
from tests import make
from tests.reporting import life
from tests.settlement import trades
from tests.settlement.institution import credited, taken
from tests.settlement.test_batches import made

pytestmark = pytest.mark.django_db
TODAY = shanghai_day(make.NOW)
AFTER = make.NOW + timedelta(days=6)


@pytest.fixture
def world():
    return make.world()


def told() -> None:
    for delivery in life.unheard():
        life.hear(delivery)
    count_marked(now=AFTER)


def kept(shop, day: date) -> dict[str, object]:
    row = Day.objects.filter(storefront=shop, day=day).values().first() or {}
    return {name: value for name, value in row.items() if value and name not in UNTOLD}


UNTOLD = ("id", "storefront_id", "day", "counted_at")


def test_each_figure_belongs_to_the_day_on_which_it_happened(world):
    at = make.NOW.replace(hour=15, minute=55)  # five to midnight in Shanghai
    late, gone = life.placed(world, at), life.placed(world, at)
    life.paid(late, at + timedelta(minutes=10))
    life.expired(gone, at + timedelta(minutes=30))
    life.released(late, at + timedelta(days=1, minutes=30))
    life.returned(late, at + timedelta(days=2))
    life.refunded(late, at + timedelta(days=3), 400)
    life.returned(late, at + timedelta(days=3))
    told()
    fen = late.total_fen
    assert kept(world.shop, TODAY) == {
        **{"placed": 2, "placed_fen": 2 * fen, "quotes": 2, "quotes_ordered": 2, "quotes_paid": 1}
    }
    assert kept(world.shop, TODAY + timedelta(days=1)) == {"paid": 1, "paid_fen": fen, "ended": 1}
    assert kept(world.shop, TODAY + timedelta(days=2)) == {
        **{"released": 1, "clearance": {"30": 1}, "returns_asked": 1}
    }
    assert kept(world.shop, TODAY + timedelta(days=3)) == {
        **{"refunded": 1, "refunded_fen": 400, "returns_settled": 1}
    }


@pytest.mark.parametrize("seed", range(3))
def test_whatever_the_order_of_the_news_the_days_are_those_of_the_tables(world, seed):
    chance, orders = Random(seed), []
    for _ in range(45):
        at = make.NOW + timedelta(hours=chance.randint(0, 5 * 24))
        life.happen(world, orders, chance, at)
        if chance.random() < 0.5 and (waiting := life.unheard()):
            life.hear(chance.choice(waiting), again=chance.random() < 0.3)
        if chance.random() < 0.2:
            count_marked(now=AFTER)
    late = life.unheard()
    chance.shuffle(late)
    for delivery in late:
        life.hear(delivery)
    count_marked(now=AFTER)
    assert differing(storefront_id=world.shop.pk, first=None, last=None, now=AFTER) == {}
    before = _everything()
    assert sum(row["paid"] for row in before[0]) > 3
    mark_all(storefront_id=world.shop.pk, first=None, last=None, now=AFTER)
    count_marked(now=AFTER)
    assert _everything() == before
    waiting = unsettled(storefront_id=world.shop.pk, day=shanghai_day(AFTER))
    (now,) = positions(storefront_id=world.shop.pk, waiting=waiting)
    assert position(shops=[world.shop.pk], first=TODAY, last=shanghai_day(AFTER))["EUR"][-1].open_minor == (
        now.promised_open
    )


def _everything():
    days = [
        {k: v for k, v in row.items() if k not in UNTOLD[:1]} for row in Day.objects.order_by("day").values()
    ]
    # A day that nothing ever moved is counted by a rebuild alone.
    return [row for row in days if kept(row["storefront_id"], row["day"])], list(
        ForexDay.objects.order_by("day").values("day", "currency", *services.truth.MOVES)
    )


def test_the_position_follows_the_promise_to_the_bank(world):
    trades.paid(world, ("IR-1", 1))
    trades.ready(world)
    batch = made(world)
    export_batch(batch=batch, by="me", now=make.NOW)
    batch = taken(batch)
    credited(batch, 3_000)
    told()
    (row,) = ForexDay.objects.values_list("currency", *services.truth.MOVES)
    assert row == ("EUR", 3_659, 3_049, 3_067, 3_000, 0)
    (today,) = position(shops=[world.shop.pk], first=TODAY, last=TODAY)["EUR"]
    assert (today.open_minor, today.on_its_way_minor) == (610, 67)
    (later,) = position(
        shops=[world.shop.pk], first=TODAY + timedelta(days=9), last=TODAY + timedelta(days=9)
    )["EUR"]
    assert (later.open_minor, later.on_its_way_minor) == (610, 67)


def test_quotes_are_counted_though_nobody_tells_of_them_and_stay_counted_once_let_go_of(world):
    make.quote(world.alice, ("HD-1", 1))
    at = make.NOW + timedelta(minutes=2)
    mark_quoted(now=at)
    count_marked(now=at)
    assert kept(world.shop, TODAY) == {"quotes": 1}
    mark_quoted(now=at)
    assert not StaleDay.objects.exists()  # none is younger than the count
    Quote.objects.all().delete()
    mark(storefront_id=world.shop.pk, days=[TODAY])
    count_marked(now=make.NOW)
    assert kept(world.shop, TODAY) == {"quotes": 1}
    life.placed(world, make.NOW)
    told()
    assert differing(storefront_id=world.shop.pk, first=None, last=None, now=AFTER) == {}


@pytest.mark.django_db(transaction=True)
def test_a_day_that_cannot_be_counted_keeps_no_other_waiting_and_is_a_case(world, monkeypatch):
    mark(storefront_id=world.shop.pk, days=[TODAY, TODAY + timedelta(days=1)])
    real = services.truth.figures

    def fails(*, storefront_id, day):
        return 1 / 0 if day == TODAY else real(storefront_id=storefront_id, day=day)

    monkeypatch.setattr(services.truth, "figures", fails)
    assert count_marked(now=make.NOW) == 1
    case = Case.objects.get(kind="summary.failing")
    assert case.facts == {"day": str(TODAY), "error": "ZeroDivisionError"}
    assert [row.day for row in StaleDay.objects.all()] == [TODAY]
    monkeypatch.undo()
    assert count_marked(now=make.NOW) == 0  # it rests
    assert count_marked(now=AFTER) == 1
    case.refresh_from_db()
    assert case.state == "settled"


def test_the_command_names_what_differs_and_mends_it(world):
    life.paid(life.placed(world, make.NOW), make.NOW)
    told()
    Day.objects.update(paid=7)
    said = io.StringIO()
    with pytest.raises(CommandError, match="1 differences"):
        call_command("summaries", "check", "--to", str(TODAY), stdout=said)
    assert said.getvalue() == f"maison {TODAY} paid: 7 is kept, 1 is true\n"
    call_command("summaries", "rebuild", "--storefront", "maison", "--from", str(TODAY), "--to", str(TODAY))
    call_command("summaries", "check", stdout=io.StringIO())
    assert Day.objects.get(day=TODAY).paid == 1
    with pytest.raises(CommandError, match="no storefront"):
        call_command("summaries", "check", "--storefront", "nobody")
