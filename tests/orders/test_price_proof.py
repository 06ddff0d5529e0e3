"""The price of any order can be proved from what was public; nobody's price is another's."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.models import Variant
from catalog.services.prices import cut_price, end_cut, set_price
from compliance.models import AllowanceAccount, Judgement
from inventory.models import Stock
from kernel.errors import Refused
from orders.models import Coupon, Order, OrderLine, Quote
from orders.price_proof import price_proof
from orders.services.place import Confirmation, QuoteStale, place_order
from storefronts import queries as storefronts
from tests import make

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def place(person, quote, now=make.NOW):
    with transaction.atomic():
        return place_order(
            shop=storefronts.shop(person.storefront_id),
            customer_id=person.pk,
            quote_token=quote.token,
            confirmation=Confirmation(make.notice_hash(now)),
            now=now,
        )


def sale(shop, fen=8_000, starts=make.NOW - HOUR, ends=make.NOW + HOUR, now=make.NOW - HOUR):
    return cut_price(
        storefront_id=shop.pk,
        sku="HD-1",
        price_fen=fen,
        starts_at=starts,
        ends_at=ends,
        name_zh="特惠",
        name_en="Sale",
        now=now,
    )


def proof_of(order: Order):
    return price_proof(Order.objects.select_related("quote", "claim__coupon").get(pk=order.pk))


def prove(order: Order, capsys) -> tuple[int, str]:
    status = 0
    try:
        call_command("prove_price", order.number)
    except SystemExit as ended:
        status = int(ended.code or 0)
    return status, capsys.readouterr().out


def test_a_line_follows_from_the_list_price_or_from_the_cut_in_force(django_assert_num_queries):
    world = make.world()
    cut = sale(world.shop)
    order = make.order(world.alice, ("HD-1", 2), ("IR-1", 1))
    found = Order.objects.select_related("quote", "claim__coupon").get(pk=order.pk)
    with django_assert_num_queries(3):
        proof = price_proof(found)
    assert proof.holds
    dryer, iron = proof.lines
    assert (dryer.goods_fen, dryer.public.price.price_fen, dryer.cut.price_fen) == (16_000, 10_000, 8_000)
    assert (dryer.cut.starts_at, dryer.cut.ends_at) == (cut.starts_at, cut.ends_at)
    assert (iron.goods_fen, iron.public.price.price_fen, iron.cut) == (5_000, 5_000, None)


def test_later_prices_change_no_proof(capsys):
    world = make.world()
    cut = sale(world.shop)
    order = make.order(world.alice, ("HD-1", 1))
    end_cut(storefront_id=world.shop.pk, cut_id=cut.pk, now=make.NOW + timedelta(minutes=1))
    set_price(storefront_id=world.shop.pk, sku="HD-1", price_fen=99_900, now=make.NOW + HOUR)
    assert proof_of(order).holds
    status, told = prove(order, capsys)
    assert status == 0
    assert "1 × HD-1 for ¥80.00: list price ¥100.00 since" in told
    assert "cut to ¥80.00" in told
    assert "nothing about the person entered" in told


def test_a_coupon_is_derived_from_its_public_terms(capsys):
    world = make.world()
    claim = make.coupon(world.alice, reduces_fen=1_000)
    order = make.order(world.alice, ("HD-1", 1), coupon_claim_id=claim.public_id)
    proof = proof_of(order)
    assert (proof.holds, proof.discount_fen, proof.coupon_fen) == (True, 1_000, 1_000)
    assert "coupon WELCOME: ¥10.00 from ¥0.00 of goods, for everyone" in prove(order, capsys)[1]


def test_a_price_that_was_never_public_is_found_out_and_the_exit_status_is_1(capsys):
    world = make.world()
    order = make.order(world.alice, ("HD-1", 1))
    OrderLine.objects.filter(order=order).update(price_fen=9_000, goods_fen=9_000)
    proof = proof_of(order)
    assert (proof.holds, [line.holds for line in proof.lines]) == (False, [False])
    status, told = prove(order, capsys)
    assert status == 1 and "✗" in told and "NOT derivable" in told


def test_a_reduction_beside_the_coupon_is_found_out():
    world = make.world()
    order = make.order(world.alice, ("HD-1", 1))
    Order.objects.filter(pk=order.pk).update(discount_fen=100, total_fen=order.total_fen - 100)
    assert proof_of(order).holds is False


def test_checkout_refuses_a_quote_whose_price_is_not_the_public_one_and_nothing_else_happens():
    """Someone with a hand in the database lowers a quote for one person: PRICE-1 says no."""
    world = make.world()
    quote = make.quote(world.alice, ("HD-1", 1))
    line = quote.lines[0] | {"price_fen": 9_000, "goods_fen": 9_000}
    Quote.objects.filter(pk=quote.pk).update(lines=[line], goods_fen=9_000, total_fen=quote.total_fen - 1_000)
    shop = storefronts.shop(world.shop.pk)
    with transaction.atomic(), pytest.raises(Refused) as refused:
        place_order(
            shop=shop,
            customer_id=world.alice.pk,
            quote_token=quote.token,
            confirmation=Confirmation(make.notice_hash()),
            now=make.NOW,
        )
    assert [r.rule for r in refused.value.refusals] == ["PRICE-1"]
    assert Order.objects.count() == AllowanceAccount.objects.count() == 0
    assert Stock.objects.get(variant=world.dryer).reserved == 0
    assert Judgement.objects.get().allowed is False


def test_a_coupon_whose_terms_do_not_give_the_reduction_is_refused():
    world = make.world()
    claim = make.coupon(world.alice, reduces_fen=1_000)
    quote = make.quote(world.alice, ("HD-1", 1), coupon_claim_id=claim.public_id)
    Coupon.objects.update(reduces_fen=500)
    with pytest.raises(Refused) as refused:
        place(world.alice, quote)
    assert [r.rule for r in refused.value.refusals] == ["PRICE-1"]


def test_a_cut_that_ends_after_the_quote_leaves_the_quote_its_price():
    world = make.world()
    sale(world.shop, ends=make.NOW + timedelta(minutes=1))
    quote = make.quote(world.alice, ("HD-1", 1))
    placed = place(world.alice, quote, now=make.NOW + timedelta(minutes=5))
    assert Order.objects.get(number=placed.number).goods_fen == 8_000


def test_a_cut_told_in_the_instant_of_the_quote_makes_it_stale_not_unfair():
    world = make.world()
    quote = make.quote(world.alice, ("HD-1", 1))
    sale(world.shop, starts=make.NOW - HOUR, now=make.NOW)
    with pytest.raises(QuoteStale):
        place(world.alice, quote)
    assert place(world.alice, make.quote(world.alice, ("HD-1", 1))).total_fen == 8_000 + 728


persons = st.fixed_dictionaries(
    {
        "who": st.sampled_from([make.ALICE, make.BOB, make.STRANGER]),
        "serial": st.integers(0, 999),
        "identified": st.booleans(),
        "division_code": st.sampled_from(["310115", "110101", "440305"]),
        "orders": st.integers(0, 2),
        "language": st.sampled_from(["zh", "en"]),
    }
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    one=persons,
    other=persons,
    list_fen=st.integers(100, 200_000),
    cut=st.none() | st.tuples(st.integers(1, 99), st.integers(-2, 2), st.integers(1, 4)),
    quantity=st.integers(1, 3),
)
def test_two_who_quote_at_the_same_instant_get_the_same_price(one, other, list_fen, cut, quantity):
    """Whoever they are, wherever they live, whatever they bought: price, freight and tax are the same."""
    with transaction.atomic():
        shop = make.storefront("fair")
        place_ = make.warehouse(shop, freight_fen=1_000)
        made = make.variant(shop, "HD-1", list_fen)
        make.stock(place_, made)
        if cut is not None and (cut_fen := list_fen * cut[0] // 100):
            starts = make.NOW + cut[1] * HOUR
            if starts + cut[2] * HOUR > make.NOW:
                sale(shop, cut_fen, starts, starts + cut[2] * HOUR, now=make.NOW)
        seen = []
        for n, person in enumerate((one, other)):
            customer = make.customer(shop, f"{person['who']}-{n}")
            customer.language = person["language"]
            customer.save()
            make.address(customer, person["who"], division_code=person["division_code"])
            if person["identified"]:
                make.consent(customer, "privacy_policy")
                make.identity(customer, person["who"], make.id_number(person["serial"]))
                for _ in range(person["orders"] if list_fen < 100_000 else 0):
                    make.order(customer, ("HD-1", 1), now=make.NOW)
            quote = make.quote(customer, ("HD-1", quantity))
            fields = ("goods_fen", "freight_fen", "tax_fen", "discount_fen", "total_fen")
            with connection.cursor() as cursor:
                cursor.execute("SELECT catalog_public_price(%s, %s)", [made.pk, make.NOW])
                assert quote.goods_fen == cursor.fetchone()[0] * quantity
            seen.append([getattr(quote, name) for name in fields])
        assert seen[0] == seen[1]
        transaction.set_rollback(True)
    assert Variant.objects.count() == 0
