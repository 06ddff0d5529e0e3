"""A person sees what is left of their years and how it was used; of other shops only that it was there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from catalog.cursors import Place, encode
from compliance.models import VALUE
from compliance.services import allowance_reconcile, allowance_reserve, allowance_use
from customers.models import Customer, Identity
from tests import make
from tests.miniprogram_api.conftest import Phone

pytestmark = pytest.mark.django_db
LIMIT = 2_600_000


def verified(customer: Customer) -> Any:
    Identity.objects.filter(customer=customer).update(
        state=Identity.State.VERIFIED, verified_at=make.present()
    )
    customer.subject.refresh_from_db()
    return customer.subject.person_id


def value(year: dict[str, Any]) -> dict[str, Any]:
    return next(measure for measure in year["measures"] if measure["measure"] == "value")


def test_an_unverified_person_is_told_the_limits_and_nothing_else(alice: Phone, world: make.World) -> None:
    make.order(world.alice, ("HD-1", 2), now=make.present())
    Identity.objects.update(state=Identity.State.STATED, person=None, verified_at=None)
    shown = alice.get("me/allowance").json()
    assert (shown["verified"], shown["items"], shown["next_cursor"]) == (False, [], None)
    assert [year["year"] for year in shown["years"]] == [make.present().year]
    assert value(shown["years"][0]) == {
        "measure": "value", "unit": "fen", "limit": LIMIT, "used": None, "reserved": None, "left": None,
    }  # fmt: skip


def buys_at_another_shop(now: Any) -> tuple[Customer, str]:
    """Alice as a customer of another storefront, with an order of 700 yuan there."""
    shop = make.storefront("other")
    make.stock(make.warehouse(shop), make.variant(shop, "IR-9", 70_000))
    there = make.buyer(shop)
    return there, make.order(there, ("IR-9", 1), now=now).number


def shown_items(alice: Phone) -> list[tuple[Any, ...]]:
    items = alice.get("me/allowance").json()["items"]
    return [(i["kind"], i["taken_from"], i["given_to"], i["amount"], i["where"], i["order"]) for i in items]


def test_own_orders_are_named_and_what_was_bought_elsewhere_is_not(alice: Phone, world: make.World) -> None:
    now = make.present()
    person_id = verified(world.alice)
    own = make.order(world.alice, ("HD-1", 2), now=now)
    there, number = buys_at_another_shop(now + timedelta(seconds=1))
    Customer.objects.filter(pk__in=(world.alice.pk, there.pk)).update(phone_index=b"1" * 33)
    allowance_use(order_number=number, year=now.year, now=now + timedelta(seconds=2))
    allowance_reconcile(
        person_id=person_id, year=now.year, used=71_000, reference="621-1", now=now + timedelta(seconds=3)
    )
    answer = alice.get("me/allowance")
    assert answer.json()["verified"] is True
    assert value(answer.json()["years"][0]) == {
        "measure": "value", "unit": "fen", "limit": LIMIT, "used": 71_000, "reserved": 20_000,
        "left": 2_509_000,
    }  # fmt: skip
    assert shown_items(alice) == [
        ("customs_more", "left", "used", 1_000, "customs", None),
        ("use", "reserved", "used", 70_000, "elsewhere", None),
        ("reserve", "left", "reserved", 70_000, "elsewhere", None),
        ("reserve", "left", "reserved", 20_000, "here", own.number),
    ]
    assert number not in answer.content.decode()
    assert str(person_id) not in answer.content.decode()


def test_who_knows_name_and_number_but_has_another_phone_sees_sums_alone(
    alice: Phone, world: make.World
) -> None:
    now = make.present()
    verified(world.alice)
    there, _ = buys_at_another_shop(now)
    for mine, theirs in ((None, None), (b"1" * 33, b"2" * 33), (b"1" * 33, None)):
        Customer.objects.filter(pk=world.alice.pk).update(phone_index=mine)
        Customer.objects.filter(pk=there.pk).update(phone_index=theirs)
        assert shown_items(alice) == []
        assert value(alice.get("me/allowance").json()["years"][0])["reserved"] == 70_000


def test_a_verified_person_who_has_bought_nothing_has_all_of_it_left(alice: Phone, world: make.World) -> None:
    verified(world.alice)
    shown = alice.get("me/allowance").json()
    assert (len(shown["years"]), shown["items"]) == (1, [])
    told = [(m["measure"], m["unit"], m["left"]) for m in shown["years"][0]["measures"]]
    assert told == [("value", "fen", LIMIT), ("sugar", "g", 2_000), ("rice", "g", 20_000)]


def test_past_years_are_shown_with_the_limits_of_their_day(alice: Phone, world: make.World) -> None:
    now = make.present()
    allowance_reserve(
        person_id=verified(world.alice), order_number="OLD", wanted={VALUE: (70_000, LIMIT)},
        year=now.year - 1, now=now,
    )  # fmt: skip
    allowance_use(order_number="OLD", year=now.year - 1, now=now)
    years = alice.get("me/allowance").json()["years"]
    assert [(year["year"], value(year)["used"]) for year in years] == [(now.year, 0), (now.year - 1, 70_000)]


def test_pages_show_every_movement_once_even_those_of_one_instant(alice: Phone, world: make.World) -> None:
    now = make.present()
    verified(world.alice)
    for n in range(7):
        make.order(world.alice, ("HD-1", n + 1), now=now - timedelta(seconds=n // 4))
    seen, cursor, pages = [], "", 0
    while cursor is not None:
        page = alice.get(f"me/allowance?limit=2&cursor={cursor}").json()
        seen += [item["amount"] for item in page["items"]]
        cursor, pages = page["next_cursor"], pages + 1
    assert seen == [40_000, 30_000, 20_000, 10_000, 70_000, 60_000, 50_000]
    assert pages == 4


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        encode(Place("price", 1, "1")),
        encode(Place("allowance", "1", "1")),
        encode(Place("allowance", 1, "x")),
        encode(Place("allowance", 1, "9999999")),
        encode(Place("allowance", 9 * 10**18, "1")),
    ],
)
def test_a_cursor_of_another_list_is_refused(alice: Phone, world: make.World, cursor: str) -> None:
    verified(world.alice)
    answer = alice.get(f"me/allowance?cursor={cursor}")
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_cursor")
