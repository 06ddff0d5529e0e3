"""What a granted return used of the year comes back once its goods are known to be back in time."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest
from django.db import transaction
from django.urls import reverse

from compliance.models import AllowanceEntry
from compliance.services import allowance_reserve, allowance_restore
from customs.models import Filing, ListedPieces
from customs.services.came_back import (
    SOON,
    ArrivalKnown,
    ArrivedImpossible,
    NotThese,
    expected,
    goods_arrived,
    never_came,
    remind,
)
from kernel.clock import shanghai_day
from kernel.models import Case, Event
from orders.models import Quote
from tests.customs import port as ports
from tests.customs.port import declaration
from tests.customs.test_declaring import port, ready  # noqa: F401 -- fixtures
from tests.customs.test_undoing import allowance, released, returned, tell
from tests.operators import rows
from tests.operators.test_walk import enter
from tests.races.crowd import at_once

pytestmark = pytest.mark.django_db(transaction=True)
WAITS = "customs.return_waits"


def grant(port, filing, at):  # noqa: F811
    at = ports.go_on(at, 2)
    tell(port, "CEB626Message", filing, at, "399")
    return ports.go_on(at + timedelta(seconds=3), 2)


def back(order, filing, at, days=0):
    """The goods came back so many days before this."""
    on = shanghai_day(at) - timedelta(days=days)
    goods_arrived(declaration=declaration(order), number=filing.key, on=on, by="officer", now=at)


def given_back():
    return list(
        AllowanceEntry.objects.filter(kind="restore").order_by("id").values_list("reference", "amount")
    )


def reminded(at):
    """How many are looked at on the day before the last week of the 45, and then in it."""
    return remind(now=at + timedelta(days=45) - SOON - timedelta(days=1)), remind(now=at + timedelta(days=44))


def waits():
    return [(case.state, case.facts["until"]) for case in Case.objects.filter(kind=WAITS)]


def test_a_granted_return_waits_for_the_day_its_goods_came_back_and_then_restores_its_pieces(port, ready):  # noqa: F811
    order, at = ready
    at = released(port, order, at)
    until = (shanghai_day(at) + timedelta(days=45)).isoformat()
    counted = order.goods_fen + order.freight_fen
    was = at
    filing = returned(order, at, {"HD-1": 1})
    at = grant(port, filing, at)
    assert (given_back(), waits()) == ([], [])  # goods travel for days: nothing is wrong yet
    assert (reminded(was), waits()) == ((0, 1), [("open", until)])
    with pytest.raises(NotThese):
        goods_arrived(
            declaration=declaration(order), number=filing.key, on=shanghai_day(at), by="o", now=at, pieces={}
        )
    back(order, filing, at)
    assert reminded(was) == (0, 0)
    assert given_back() == [(filing.key, counted // 2)]
    assert allowance() == {"used": counted - counted // 2, "reserved": 0}
    assert waits() == [("settled", until)]
    assert Event.objects.get(name="customs.return_restored").facts == {
        "return": filing.key,
        "measures": {"value": counted // 2},
        "pieces": {"HD-1": 1},
    }


def test_two_partial_returns_give_back_all_that_the_list_used_to_the_fen(port, ready):  # noqa: F811
    order, at = ready
    at = released(port, order, at)
    counted = order.goods_fen + order.freight_fen
    first, second = (returned(order, at, {"HD-1": 1}) for _ in range(2))
    at = grant(port, first, at)
    at = grant(port, second, at)
    remind(now=at + timedelta(days=44))
    back(order, second, at)
    assert Case.objects.get(kind=WAITS).state == "open"
    back(order, first, at)
    assert given_back() == [(second.key, counted // 2), (first.key, counted - counted // 2)]
    assert allowance() == {"used": 0, "reserved": 0}
    assert Case.objects.get(kind=WAITS).state == "settled"


def test_goods_that_are_back_before_customs_grants_restore_when_it_does_and_once(port, ready):  # noqa: F811
    order, at = ready
    at = released(port, order, at)
    filing = returned(order, at, {"HD-1": 2})
    back(order, filing, at)
    assert allowance()["used"] == order.goods_fen + order.freight_fen
    for _ in range(2):
        at = grant(port, filing, at)
    assert given_back() == [(filing.key, order.goods_fen + order.freight_fen)]
    assert not Case.objects.filter(kind=WAITS).exists()


def test_the_day_is_entered_once_however_many_enter_it_at_once(port, ready):  # noqa: F811
    order, at = ready
    at = released(port, order, at)
    filing = returned(order, at, {"HD-1": 1})
    at = grant(port, filing, at)
    done = at_once([lambda: back(order, filing, at)] * 3)
    assert Counter(type(one) for one in done) == {type(None): 1, ArrivalKnown: 2}
    assert len(given_back()) == 1
    with pytest.raises(ArrivalKnown):
        back(order, filing, at)


def test_goods_that_are_back_while_customs_is_told_once_more_restore_when_it_grants(port, ready):  # noqa: F811
    order, at = ready
    at = released(port, order, at)
    filing = returned(order, at, {"HD-1": 2})
    at = ports.go_on(at, 2)
    tell(port, "CEB626Message", filing, at, "-301013", "[Code:-301013;Desc:稍后]")
    at = ports.go_on(at + timedelta(seconds=3))
    back(order, filing, at)
    assert given_back() == []
    grant(port, filing, at + timedelta(minutes=6))
    assert given_back() == [(filing.key, order.goods_fen + order.freight_fen)]


def test_goods_that_are_entered_while_customs_word_is_taken_in_restore_once_whoever_comes_last(port, ready):  # noqa: F811
    order, at = ready
    at = released(port, order, at)
    counted = order.goods_fen + order.freight_fen
    filings = [returned(order, at, {"HD-1": 1}) for _ in range(2)]
    at = ports.go_on(at, 2)
    for filing in filings:
        tell(port, "CEB626Message", filing, at, "399")
        at += timedelta(seconds=3)
    entered = [lambda one=one: back(order, one, at) for one in filings]
    assert at_once([lambda: ports.receiving.collect(now=at), *entered]) == [2, None, None]
    assert {reference for reference, _ in given_back()} == {one.key for one in filings}
    assert sorted(fen for _, fen in given_back()) == [counted // 2, counted - counted // 2]
    assert allowance() == {"used": 0, "reserved": 0}
    assert not Case.objects.filter(kind=WAITS, state="open").exists()


@pytest.mark.parametrize(("days", "restored"), [(45, 1), (46, 0)])
def test_goods_that_come_back_after_forty_five_days_restore_nothing(port, ready, days, restored):  # noqa: F811
    order, at = ready
    at = released(port, order, at)
    filing = returned(order, at, {"HD-1": 1})
    late = grant(port, filing, at) + timedelta(days=60)
    assert remind(now=late) == 1
    back(order, filing, late, days=(shanghai_day(late) - shanghai_day(at)).days - days)
    assert len(given_back()) == restored
    assert [state for state, _ in waits()] == ["settled"]


def test_a_day_before_the_release_or_to_come_and_a_refused_return_are_turned_away(port, ready):  # noqa: F811
    order, at = ready
    at = released(port, order, at)
    filing = returned(order, at, {"HD-1": 1})
    for days in (-1, 1):
        with pytest.raises(ArrivedImpossible):
            back(order, filing, at, days=days)
    at = ports.go_on(at, 2)
    tell(port, "CEB626Message", filing, at, "100", "退货与原清单不符")
    at = ports.go_on(at + timedelta(seconds=3), 2)
    assert expected(declaration(order)) == {}
    with pytest.raises(ArrivalKnown):
        back(order, filing, at)
    assert not Event.objects.filter(name="customs.return_arrived").exists()


def test_limited_goods_come_back_by_weight_too(port, ready):  # noqa: F811
    order, at = ready
    [line] = order.quote.lines
    goods = {**line["goods"], "listing": {**line["goods"]["listing"], "limit_group": "rice"}}
    Quote.objects.filter(pk=order.quote_id).update(lines=[{**line, "goods": goods, "grams": 3000}])
    assert allowance_reserve(
        person_id=order.person_id,
        order_number=order.number,
        wanted={"rice": (3000, 20_000)},
        year=at.year,
        reference="rice",
        now=at,
    )
    at = released(port, order, at)
    filing = returned(order, at, {"HD-1": 1})
    at = grant(port, filing, at)
    back(order, filing, at)
    assert Event.objects.get(name="customs.return_restored").facts["measures"] == {
        "value": (order.goods_fen + order.freight_fen) // 2,
        "rice": 1500,
    }


def test_no_more_comes_back_than_the_order_still_has_used(port, ready):  # noqa: F811
    order, at = ready
    at = released(port, order, at)
    used = order.goods_fen + order.freight_fen
    allowance_restore(order_number=order.number, reference="other", amounts={"value": used - 5}, now=at)
    filing = returned(order, at, {"HD-1": 1})
    at = grant(port, filing, at)
    back(order, filing, at)
    assert given_back() == [("other", used - 5), (filing.key, 5)]


def page_at(monkeypatch: pytest.MonkeyPatch, at: datetime) -> None:
    """The page takes no day to come, and `at` may be tomorrow."""
    monkeypatch.setattr("kernel.clock.datetime", SimpleNamespace(now=at.astimezone))


def test_an_officer_enters_the_day_on_the_declarations_page(client, port, ready, monkeypatch):  # noqa: F811
    order, at = ready
    at = released(port, order, at)
    page_at(monkeypatch, at)
    enter(client, rows.operator("officer", order.storefront, "compliance"))
    url = reverse("admin:customs_declaration_step", args=[declaration(order).pk, "arrived"])
    assert client.get(url).status_code == 403  # nothing is on its way back
    filing = returned(order, at, {"HD-1": 1})
    assert filing.key in client.get(url).content.decode()
    on = shanghai_day(at).isoformat()
    entered = {f"pieces:{filing.key}:HD-1": "1", f"seen:{filing.key}": "0", "on": on}
    assert client.post(url, {**entered, f"pieces:{filing.key}:HD-1": "0"}).status_code == 200  # of no piece
    assert client.post(url, entered).status_code == 302
    assert Event.objects.get(name="customs.return_arrived").facts == {
        "return": filing.key,
        "arrived": on,
        "by": "officer",
        "pieces": {"HD-1": 1},
    }
    assert Filing.objects.filter(kind="return").count() == 1


def test_what_did_not_come_gives_nothing_back_until_it_does_and_leaves_the_book_if_it_never_does(
    client,
    port,  # noqa: F811
    ready,  # noqa: F811
    monkeypatch,
):
    order, at = ready
    at = released(port, order, at)
    counted = order.goods_fen + order.freight_fen
    filing = returned(order, at, {"HD-1": 2})
    at = grant(port, filing, at)
    page_at(monkeypatch, at)
    enter(client, rows.operator("officer", order.storefront, "compliance"))
    arrived, never = (
        reverse("admin:customs_declaration_step", args=[declaration(order).pk, step])
        for step in ("arrived", "never-came")
    )
    one = {f"pieces:{filing.key}:HD-1": "1", f"seen:{filing.key}": "0", "on": shanghai_day(at).isoformat()}
    assert client.post(arrived, one).status_code == 302
    assert (given_back(), in_book(order)) == ([(filing.key, counted // 2)], 2)
    assert client.post(arrived, one).status_code == 200  # the same form once more: it has been entered
    assert (expected(declaration(order)), len(given_back())) == ({filing.key: {"HD-1": 1}}, 1)
    with transaction.atomic():
        assert client.post(never, {"number": filing.key}).status_code == 302
        assert (expected(declaration(order)), in_book(order), len(given_back())) == ({}, 1, 1)
        goods_arrived(
            declaration=declaration(order),
            number=filing.key,
            on=shanghai_day(at),
            by="o",
            now=at,
            pieces={"HD-1": 1},
        )
        assert (in_book(order), allowance()["used"]) == (2, 0)
        transaction.set_rollback(True)
    late = at + timedelta(days=46)
    back(order, filing, late)
    assert (len(given_back()), in_book(order), expected(declaration(order))) == (1, 2, {})


def test_a_piece_that_never_came_is_not_in_the_book_when_customs_grants_it_later(port, ready):  # noqa: F811
    order, at = ready
    at = released(port, order, at)
    filing = returned(order, at, {"HD-1": 2})
    told = {"declaration": declaration(order), "number": filing.key, "by": "op", "now": at}
    goods_arrived(on=shanghai_day(at), pieces={"HD-1": 1}, **told)
    never_came(**told)
    grant(port, filing, at)
    assert in_book(order) == 1
    assert [fen for _, fen in given_back()] == [(order.goods_fen + order.freight_fen) // 2]


def test_a_grant_that_is_taken_back_leaves_the_book_and_is_in_it_once_when_it_is_given_again(port, ready):  # noqa: F811
    order, at = ready
    at = released(port, order, at)
    filing = returned(order, at, {"HD-1": 1})
    at = grant(port, filing, at)
    back(order, filing, at)
    for status, pieces in (("100", 0), ("399", 1)):
        at = ports.go_on(at + timedelta(hours=1), 2)
        tell(port, "CEB626Message", filing, at, status)
        at = ports.go_on(at + timedelta(seconds=3), 2)
        assert (in_book(order), len(given_back())) == (pieces, 1)


def in_book(order):
    """Pieces that the account book holds again."""
    return ListedPieces.objects.get(declaration=declaration(order), variant__sku="HD-1").returned


def test_goods_that_never_come_settle_what_waits_and_those_that_come_after_all_give_back(client, port, ready):  # noqa: F811
    order, at = ready
    at = released(port, order, at)
    filing = returned(order, at, {"HD-1": 1})
    at = grant(port, filing, at)
    listed = ListedPieces.objects.get(declaration=declaration(order), variant__sku="HD-1")
    assert listed.returned == 1
    assert remind(now=at + timedelta(days=44)) == 1
    enter(client, rows.operator("officer", order.storefront, "compliance"))
    url = reverse("admin:customs_declaration_step", args=[declaration(order).pk, "never-came"])
    assert client.post(url, {"number": filing.key}).status_code == 302
    listed.refresh_from_db()
    assert (waits()[0][0], listed.returned, given_back()) == ("settled", 0, [])
    assert (expected(declaration(order)), client.post(url, {"number": filing.key}).status_code) == ({}, 403)
    back(order, filing, at)
    listed.refresh_from_db()
    assert (listed.returned, [reference for reference, _ in given_back()]) == (1, [filing.key])


def test_what_is_granted_after_its_goods_were_lost_waits_for_nobody(port, ready):  # noqa: F811
    order, at = ready
    at = released(port, order, at)
    filing = returned(order, at, {"HD-1": 1})
    never_came(declaration=declaration(order), number=filing.key, by="op", now=at)
    grant(port, filing, at)
    assert (waits(), ListedPieces.objects.get(variant__sku="HD-1").returned) == ([], 0)
