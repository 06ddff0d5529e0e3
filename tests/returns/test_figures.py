"""Returns in numbers: what left and came back, by SKU, lot, reason and week, and a lot that stands out."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from psycopg import ClientCursor

from backend import delivery
from inventory.models import Lot
from kernel.models import Case
from orders.models import Order
from payments.models import Refund
from returns import figures
from returns.figures import Rate, Span, by_lot, by_reason, by_sku, by_week
from returns.models import ReturnRequest
from returns.reasons import Kind
from returns.services.arrive import receive
from returns.services.lost import grant_lost
from returns.services.watching import LOT_RATE, stands_out, watch_lots
from returns.services.way import send
from tests import make
from tests.operators import rows
from tests.operators.test_walk import enter
from tests.returns import parts
from tests.returns.parts import DELIVERED, asked, delivered, graded, wish

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)


@pytest.fixture
def world(customs):
    world = make.world()
    delivered(world, ("HD-1", 4), ("IR-1", 2))
    row = asked(delivered(world, ("HD-1", 6)), wish(5))
    row = send(request=row, carrier="SF", waybill="SF2000000000001", by="consumer", now=DELIVERED)
    row = receive(request=row, by="op", now=DELIVERED + DAY)
    graded(row, DELIVERED + DAY, "damaged", "destroy")
    row.refresh_from_db()
    Refund.objects.update(state="processing")
    parts.arrives(Refund.objects.get(), DELIVERED + 2 * DAY)
    return world


def span(world):
    return Span([world.shop.pk], make.NOW - DAY, DELIVERED + 30 * DAY)


def test_what_left_and_what_came_back_are_counted_by_sku_lot_and_reason(world):
    lot = Lot.objects.get(stock__variant=world.dryer)
    refund = Refund.objects.get()
    assert by_sku(span(world)) == [Rate("HD-1", "", None, 10, 5)]
    found = {one.lot_id: one for one in by_lot(span(world))}
    assert found[lot.pk] == Rate("HD-1", lot.code or lot.inbound_list, lot.pk, 10, 5)
    assert [(one.sku, one.returned) for one in found.values() if one.lot_id != lot.pk] == [("IR-1", 0)]
    (why,) = by_reason(span(world))
    assert (why.reason, why.requests, why.back, why.kept) == ("changed_mind", 1, 5, 0)
    assert why.refund_fen == refund.amount_fen
    weeks = by_week(span(world))
    assert (sum(one.sold for one in weeks), sum(one.returned for one in weeks)) == (12, 5)
    assert sum(one.restored_tax_fen for one in weeks) == refund.tax_fen
    assert sum(one.gone_fen for one in weeks) == 5 * world.dryer.price_fen
    assert [one.hours for one in weeks if one.hours is not None] == [48.0]


def test_of_what_left_only_the_index_is_read(world):
    """Of few rows any plan is good: the index has all the columns that the statements read of what left."""
    asked = {"shops": [world.shop.pk], "since": make.NOW, "until": make.NOW}
    with connection.cursor() as cursor:
        ClientCursor(connection.connection).execute(
            f"CREATE TEMP VIEW left_us AS WITH {figures._SOLD} SELECT * FROM sold", asked
        )
        cursor.execute(
            "SELECT column_name FROM information_schema.view_column_usage"
            " WHERE view_name = 'left_us' AND table_name = 'inventory_pick'"
        )
        read = {name for (name,) in cursor.fetchall()}
        cursor.execute("DROP VIEW left_us")
        cursor.execute(
            "SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid"
            " AND a.attnum = ANY (i.indkey) WHERE i.indexrelid = 'pick_left'::regclass"
        )
        assert {"shipped_at", "quantity"} <= read <= {name for (name,) in cursor.fetchall()}
    assert all(figures._SOLD in one for one in (figures._WEEKS, figures._SKUS, figures._LOTS))


def test_what_never_left_or_never_came_is_no_return_and_a_shared_refund_is_counted_once(world, customs):
    order = parts.bought(world)
    parts.cleared(world, order)
    asked(order, wish(2, "no_longer_wanted", Kind.REFUND_ONLY), at=parts.RELEASED)
    gone = send(
        request=asked(delivered(world), key="k-2"),
        carrier="SF",
        waybill="SF2000000000002",
        by="consumer",
        now=DELIVERED,
    )
    grant_lost(request=gone, by="ben", now=DELIVERED + DAY)
    assert [(one.sold, one.returned) for one in by_sku(span(world))] == [(12, 5)]
    assert sum(one.returned for one in by_week(span(world))) == 5
    found = {one.reason: one for one in by_reason(span(world))}
    assert (found["no_longer_wanted"].back, found["no_longer_wanted"].kept) == (0, 2)
    assert (found["changed_mind"].back, found["changed_mind"].kept) == (5, 1)
    # Two that wait for customs follow one refund of all: each counts its part of it.
    more = parts.bought(world)
    Order.objects.filter(pk=more.pk).update(gate="with_customs")
    for key in ("a", "b"):
        asked(more, wish(1, "no_longer_wanted", Kind.REFUND_ONLY), at=make.NOW, key=key)
    parts.refunded_all(more)
    delivery.drain()
    (whole,) = {row.refund for row in ReturnRequest.objects.filter(order=more)}
    found = {one.reason: one.refund_fen for one in by_reason(span(world))}
    others = Refund.objects.filter(order=order).values_list("amount_fen", flat=True)
    assert found["no_longer_wanted"] == whole.amount_fen + sum(others)


def test_another_storefronts_and_another_times_are_not_counted(world):
    for other in (
        Span([world.shop.pk + 1], make.NOW - DAY, DELIVERED + DAY),
        Span([world.shop.pk], *[make.NOW] * 2),
    ):
        assert (by_sku(other), by_lot(other), by_reason(other), by_week(other)) == ([], [], [], [])


def test_a_lot_of_which_much_comes_back_is_a_case_until_its_rate_is_like_others(world):
    assert watch_lots(now=DELIVERED + 3 * DAY) == 1
    case = Case.objects.get(kind=LOT_RATE)
    assert (case.state, case.facts["sku"], case.facts["sold"], case.facts["returned"]) == (
        "open",
        "HD-1",
        10,
        5,
    )
    watch_lots(now=DELIVERED + 4 * DAY)
    assert Case.objects.filter(kind=LOT_RATE).count() == 1
    assert watch_lots(now=DELIVERED + 200 * DAY) == 0
    case.refresh_from_db()
    assert case.state == "settled"


@pytest.mark.parametrize(
    ("returned", "sold", "others", "jumps"),
    [
        (4, 10, [], False),  # too few to say anything
        (5, 50, [], True),
        (5, 51, [], False),
        (5, 100, [(100, 2)], True),
        (5, 100, [(100, 3)], False),
        (5, 100, [(50, 1), (50, 1)], True),
        (9, 100, [(10, 0)], True),
    ],
)
def test_a_lot_stands_out_by_twice_the_rate_of_its_like_and_five_pieces(returned, sold, others, jumps):
    like = [Rate("HD-1", "", n, *one) for n, one in enumerate(others)]
    assert stands_out(Rate("HD-1", "L", 99, sold, returned), like) is jumps


def test_the_page_shows_them_to_those_who_work_in_the_storefront(
    world, client, django_assert_max_num_queries
):
    enter(client, rows.operator("anna", world.shop, "owner"))
    with django_assert_max_num_queries(30):
        text = client.get("/admin/returns/numbers/?weeks=52").content.decode()
    assert "退货分析" in text
    assert "50.0%" in text
    assert "不想要了（七日无理由）" in text
    assert text.count('<canvas class="chart" role="img"') == 6
    for name in ("各商品退货率", "各原因退货率", "各批次退货率"):
        assert f'aria-label="{name}"' in text
