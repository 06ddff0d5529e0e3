"""Repeated orders and split purchases are put before an operator; nothing is decided and nothing is split."""

from __future__ import annotations

from datetime import timedelta

import pytest

from compliance import vault
from kernel.models import Case, Delivery
from orders.models import Order, Quote
from orders.services.apart import CannotShipTogether
from orders.services.patterns import look_for_patterns
from tests import make

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def world() -> make.World:
    return make.world()


def cases() -> dict[str, dict]:
    return {case.kind: case.facts for case in Case.objects.all()}


def orders(world: make.World, count: int, *, apart=DAY, **changes) -> list[Order]:
    """Orders of Alice, one piece of 100.00 each, far enough apart not to look split."""
    made = [make.order(world.alice, ("HD-1", 1), now=make.NOW - n * apart) for n in range(count)]
    if changes:
        Order.objects.update(**changes)
    return made


def stranger_s(count: int, **indexes) -> None:
    """Make all but the first orders another person's in everything that `indexes` does not name."""
    for n, order in enumerate(Order.objects.order_by("-placed_at")[1:count]):
        own = {name: f"{n}".encode() * 33 for name in ("buyer_index", "phone_index", "address_index")}
        Order.objects.filter(pk=order.pk).update(**(own | indexes))


def test_one_order_is_looked_at_in_two_statements_and_nothing_is_found(world, django_assert_num_queries):
    order = make.order(world.alice, ("HD-1", 1))
    with django_assert_num_queries(2):
        assert look_for_patterns(number=order.number, now=make.NOW) == []
    assert Case.objects.count() == 0


def test_the_fifth_order_of_one_person_in_a_week_is_looked_at(world):
    made = orders(world, 5)
    assert look_for_patterns(number=made[1].number, now=make.NOW) == ["personal_use.one_person"]
    facts = cases()["personal_use.one_person"]
    assert facts["order"] == made[1].number
    assert sorted(facts["orders"]) == sorted(order.number for order in made)
    assert Case.objects.get().key == f"order:{made[1].number}"


def test_four_are_not_nor_is_what_was_cancelled_or_long_ago(world):
    made = orders(world, 5)
    Order.objects.filter(pk=made[4].pk).update(state="cancelled")
    assert look_for_patterns(number=made[0].number, now=make.NOW) == []
    Order.objects.filter(pk=made[4].pk).update(
        state="paid", placed_at=make.NOW - 7 * DAY - HOUR, paid_at=make.NOW, transaction_id="T"
    )
    assert look_for_patterns(number=made[0].number, now=make.NOW) == []
    Order.objects.filter(pk=made[4].pk).update(placed_at=make.NOW - 7 * DAY)
    assert look_for_patterns(number=made[0].number, now=make.NOW) == ["personal_use.one_person"]


@pytest.mark.parametrize(
    ("index", "count", "kind"),
    [
        ("payer_index", 5, "personal_use.one_payer"),
        ("phone_index", 8, "personal_use.one_phone"),
        ("address_index", 10, "personal_use.one_address"),
    ],
)
def test_one_payer_telephone_or_address_of_many_persons_is_looked_at(world, index, count, kind):
    made = orders(world, count, apart=HOUR)
    shared = vault.blind("openid", "one") if index == "payer_index" else getattr(made[0], index)
    stranger_s(count, **{index: shared})
    if index == "payer_index":
        Order.objects.update(payer_index=shared)
    assert look_for_patterns(number=made[0].number, now=make.NOW) == [kind]
    Order.objects.filter(pk=made[-1].pk).update(state="expired")
    assert look_for_patterns(number=made[0].number, now=make.NOW) == []


def test_orders_of_a_person_that_pass_the_single_limit_together_look_split(world):
    make.stock(world.warehouse, make.variant(world.shop, "XL-1", 250_000))
    first = make.order(world.alice, ("XL-1", 1), now=make.NOW - 23 * HOUR)
    second = make.order(world.alice, ("XL-1", 1))
    assert look_for_patterns(number=second.number, now=make.NOW) == []  # 5,000.00 together: within
    third = make.order(world.alice, ("HD-1", 1))
    assert look_for_patterns(number=third.number, now=make.NOW) == ["personal_use.split"]
    assert cases()["personal_use.split"]["orders"] == [first.number, second.number, third.number]


def test_the_order_placed_first_finds_it_as_well_when_it_is_looked_at_last(world):
    make.stock(world.warehouse, make.variant(world.shop, "XL-1", 300_000))
    first = make.order(world.alice, ("XL-1", 1), now=make.NOW - HOUR)
    make.order(world.alice, ("XL-1", 1))
    assert look_for_patterns(number=first.number, now=make.NOW) == ["personal_use.split"]


def test_a_day_apart_or_taxed_in_full_nothing_was_split(world):
    make.stock(world.warehouse, make.variant(world.shop, "XL-1", 300_000))
    make.stock(world.warehouse, make.variant(world.shop, "XXL-1", 600_000))
    make.order(world.alice, ("XL-1", 1), now=make.NOW - 25 * HOUR)
    order = make.order(world.alice, ("XL-1", 1))
    whole = make.order(world.alice, ("XXL-1", 1))
    assert whole.over_limit
    assert look_for_patterns(number=order.number, now=make.NOW) == []
    assert look_for_patterns(number=whole.number, now=make.NOW) == []


def test_orders_split_over_two_storefronts_are_found_and_neither_learns_the_others_order(world):
    swift = make.storefront("swift")
    make.stock(make.warehouse(swift), make.variant(swift, "XL-1", 300_000))
    make.stock(world.warehouse, make.variant(world.shop, "XL-1", 300_000))
    there = make.order(make.buyer(swift), ("XL-1", 1))
    here = make.order(world.alice, ("XL-1", 1))
    assert bytes(there.buyer_index) == bytes(here.buyer_index)
    for own, other in ((here, there), (there, here)):
        assert look_for_patterns(number=own.number, now=make.NOW) == ["personal_use.split"]
        case = Case.objects.get(storefront_id=own.storefront_id)
        assert case.facts == {"order": own.number, "orders": [own.number], "others": 1}
        assert other.number not in str(Case.objects.filter(pk=case.pk).values())


@pytest.mark.parametrize(("what", "here", "there"), [("person", 3, 2), ("phone", 5, 3), ("address", 6, 4)])
def test_repeated_orders_count_across_storefronts(world, what, here, there):
    swift = make.storefront("swift")
    make.stock(make.warehouse(swift), make.variant(swift, "HD-1", 10_000))
    away = make.buyer(swift)
    for n in range(there):
        make.order(away, ("HD-1", 1), now=make.NOW - n * HOUR)
    made = orders(world, here, apart=HOUR)
    if what != "person":
        shared = getattr(made[0], f"{what}_index")
        stranger_s(here + there, **{f"{what}_index": shared})
    assert look_for_patterns(number=made[0].number, now=make.NOW) == [f"personal_use.one_{what}"]
    facts = cases()[f"personal_use.one_{what}"]
    assert sorted(facts["orders"]) == sorted(order.number for order in made)
    assert facts["others"] == there


def test_no_basket_is_split_by_the_shop_it_is_one_quote_with_its_refusal(world):
    make.stock(world.warehouse, make.variant(world.shop, "XL-1", 300_000))
    quote = make.quote(world.alice, ("XL-1", 2), ("HD-1", 1))
    assert [refusal["rule"] for refusal in quote.refusals] == ["LIMIT-1"]
    assert [line["sku"] for line in quote.lines] == ["XL-1", "HD-1"]
    assert Quote.objects.count() == 1


def test_what_no_single_warehouse_has_is_refused_not_split(world):
    elsewhere = make.warehouse(world.shop, "hongkong", trade_mode="9610")
    make.stock(elsewhere, make.variant(world.shop, "FAR-1", 1_000))
    with pytest.raises(CannotShipTogether):
        make.quote(world.alice, ("FAR-1", 1), ("HD-1", 1))
    assert Quote.objects.count() == 0


def test_cases_hold_no_personal_data(world):
    made = orders(world, 5)
    look_for_patterns(number=made[0].number, now=make.NOW)
    held = str(Case.objects.values())
    for secret in (make.NAMES[make.ALICE], make.PHONES[make.ALICE], make.NUMBERS[make.ALICE]):
        assert secret not in held
    assert bytes(made[0].buyer_index).hex() not in held


def test_it_hears_of_every_order_when_placed_and_when_paid(world):
    from backend.subscriptions import SUBSCRIPTIONS

    make.order(world.alice, ("HD-1", 1))
    assert Delivery.objects.filter(handler="orders.tasks.watch_patterns").count() == 1
    assert "orders.tasks.watch_patterns" in {h.path for h in SUBSCRIPTIONS["order.paid"]}


def test_each_lookup_has_an_index():
    indexed = {index.fields[0] for index in Order._meta.indexes}
    assert {"buyer_index", "payer_index", "phone_index", "address_index"} <= indexed
