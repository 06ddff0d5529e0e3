"""The brand is told each order with both rates down to what its bank credited, and is owed nothing after."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db.models import Sum
from django.urls import reverse

from kernel.states import WrongState
from settlement import brand_file
from settlement.brand import brand_statement
from settlement.models import Entry, ForexReceipt, Posting, SettlementBatch
from settlement.services.exchange import export_batch
from settlement.services.receipts import close_batch
from tests import make
from tests.operators import rows
from tests.races.crowd import at_once
from tests.settlement import trades
from tests.settlement.institution import balance, credited, taken
from tests.settlement.test_batches import made
from tests.settlement.test_unsettled import DAY

pytestmark = pytest.mark.django_db(transaction=True)
CHARGE = ForexReceipt.Kind.CHARGE
NEXT = DAY + timedelta(days=1)


@pytest.fixture
def world():
    return make.world()


def answered(world: make.World, rate: str = "815.0000") -> SettlementBatch:
    batch = made(world)
    export_batch(batch=batch, by="me", now=make.NOW)
    return taken(batch, rate=rate)


def closed(batch: SettlementBatch) -> None:
    close_batch(batch=SettlementBatch.objects.get(pk=batch.pk), by="me", now=make.NOW)


@pytest.mark.parametrize(
    ("rate", "charge", "before", "cleared"),
    [
        # the rate brought 18 cents more than the promise, and the bank kept 5.00 of it all
        ("815.0000", 500, {"brand": -3_929, "fee": 4_076, "forex": -147}, {"brand": 3_929}),
        ("815.0000", 0, {"brand": 147, "forex": -147}, {"brand": -147}),
        ("835.0000", 0, {"brand": -459, "forex": 459}, {"brand": 459}),
        ("835.0000", 100, {"brand": -1_294, "fee": 835, "forex": 459}, {"brand": 1_294}),
        ("820.0000", 0, {}, {}),
    ],
)
def test_of_a_closed_batch_the_brand_is_owed_nothing_whatever_the_rate_and_the_bank_took(
    world, rate, charge, before, cleared
):
    trades.ready(world)
    batch = answered(world, rate)
    if charge:
        credited(batch, charge, "C-1", kind=CHARGE)
    credited(batch, batch.foreign_minor - charge)
    stands = {"account__in": ["abroad", "brand", "fee", "forex"]}
    assert balance(**stands) == before
    closed(batch)
    assert balance(**stands) == {}
    entries = Entry.objects.filter(kind="clearing")
    assert [one.key for one in entries] == ([f"clearing:{batch.number}"] if before else [])
    assert balance(entry__in=entries, account="brand") == cleared
    assert sum(balance().values()) == 0


def test_a_batch_that_is_closed_clears_nothing_of_another(world):
    trades.ready(world)
    first = answered(world)
    trades.ready(world)
    second = answered(world, "835.0000")
    for batch, reference in ((first, "B-1"), (second, "B-2")):
        credited(batch, batch.foreign_minor, reference)
    closed(first)
    assert balance(account__in=["brand", "forex"]) == {"brand": -459, "forex": 459}
    closed(second)
    assert balance(account__in=["brand", "forex"]) == {}


def test_closed_by_four_at_once_a_batch_is_cleared_once(world):
    trades.ready(world)
    batch = answered(world)
    credited(batch, batch.foreign_minor)
    received = [SettlementBatch.objects.get() for _ in range(4)]
    assert {one.state for one in received} == {"received"}

    def close() -> str:
        try:
            close_batch(batch=received.pop(), by="me", now=make.NOW)
        except WrongState:
            return "late"
        return "closed"

    assert sorted(at_once([close] * 4)) == ["closed", "late", "late", "late"]
    assert Entry.objects.filter(kind="clearing").count() == 1
    assert Posting.objects.filter(account="brand").aggregate(sum=Sum("amount_fen"))["sum"] == 0


def test_each_order_is_told_with_both_rates_and_the_sums_are_what_the_bank_will_credit(
    world, django_assert_num_queries
):
    order = trades.ready(world)
    trades.charged(order, 164)
    trades.refunded(order, goods_fen=5_000)
    batch = answered(world)
    credited(batch, 34, "C-1", kind=CHARGE)
    credited(batch, 2_000, "B-1")
    credited(batch, 400, "B-2", credited_on=NEXT, now=make.NOW + timedelta(days=1))
    with django_assert_num_queries(4):
        told = brand_statement(storefront_id=world.shop.pk, currency="EUR", first=DAY, last=DAY)
    (line,) = told.lines
    assert (line.settled_on, line.batch, line.order) == (DAY, batch.number, order.number)
    assert (line.gross_fen, line.refunded_fen, line.fee_fen, line.net_fen) == (25_000, 5_000, 164, 19_836)
    assert (line.promised_minor, line.foreign_minor, line.result_minor) == (2_419, 2_434, 15)
    assert (str(line.locked), str(line.rate)) == ("820.0000", "815.0000")
    assert [(one.reference, one.charged_minor, one.credited_minor) for one in told.told] == [
        ("C-1", 34, 0),
        ("B-1", 0, 2_000),
    ]
    assert (told.opening_minor, told.sum("foreign_minor"), told.closing_minor) == (0, 2_434, 400)
    after = brand_statement(storefront_id=world.shop.pk, currency="EUR", first=NEXT, last=NEXT)
    assert (after.opening_minor, after.lines, after.sum("credited_minor")) == (400, [], 400)
    assert after.closing_minor == 0


def test_another_storefront_and_another_currency_are_told_nothing(world):
    trades.ready(world)
    batch = answered(world)
    credited(batch, batch.foreign_minor)
    days = {"first": date(2026, 11, 1), "last": date(2026, 11, 30)}
    for asked in (
        {"storefront_id": world.shop.pk, "currency": "USD"},
        {"storefront_id": make.storefront("other").pk, "currency": "EUR"},
    ):
        told = brand_statement(**asked, **days)
        assert (told.opening_minor, told.lines, told.told, told.closing_minor) == (0, [], [], 0)


def test_the_page_and_the_file_are_what_the_command_prints(client, world):
    order = trades.ready(world)
    batch = answered(world)
    credited(batch, 67, "C-1", kind=CHARGE)
    credited(batch, 2_900, "B-1")
    out = io.StringIO()
    call_command("settle", "statement", world.shop.code, "EUR", f"{DAY}", f"{DAY}", stdout=out)
    assert list(csv.reader(out.getvalue().splitlines())) == [
        [
            *("day", "batch", "order", "gross_yuan", "refunded_yuan", "fee_yuan", "net_yuan", "locked_rate"),
            *("promised_EUR", "rate", "settled_EUR", "difference_EUR"),
            *("reference", "charged_EUR", "credited_EUR", "on_its_way_EUR"),
        ],
        ["brought forward", *[""] * 14, "0.00"],
        [
            *("2026-11-20", batch.number, order.number, "250.00", "0.00", "0.00", "250.00", "820.0000"),
            *("30.49", "815.0000", "30.67", "0.18", "", "", "", ""),
        ],
        ["2026-11-20", batch.number, *[""] * 10, "C-1", "0.67", "", ""],
        ["2026-11-20", batch.number, *[""] * 10, "B-1", "", "29.00", ""],
        [
            *("total", "", "", "250.00", "0.00", "0.00", "250.00", ""),
            *("30.49", "", "30.67", "0.18", "", "0.67", "29.00", ""),
        ],
        ["carried forward", *[""] * 14, "1.00"],
    ]
    client.force_login(rows.operator("finance", world.shop, "finance"), backend=rows.BACKEND)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    asked = {"storefront": world.shop.pk, "currency": "EUR", "first": f"{DAY}", "last": f"{DAY}"}
    page = client.get(reverse("admin:settlement_brand"), asked)
    settled, bank, way = page.context["tables"]
    assert settled["rows"][0][2:] == [
        *(f'<span class="whitespace-nowrap">{order.number}</span>', "250.00", "0.00", "0.00", "250.00"),
        *(Decimal("820.0000"), "30.49", Decimal("815.0000"), "30.67", "0.18"),
    ]
    assert bank["rows"][-1] == ["total", "", "", "0.67", "29.00"]
    assert [row[1] for row in way["rows"]] == ["0.00", "30.67", "-0.67", "-29.00", "1.00"]
    file = client.get(reverse("admin:settlement_brand"), {**asked, "format": "csv"})
    assert file.content.decode() == out.getvalue()
    assert file["Content-Disposition"] == (
        f'attachment; filename="brand-{world.shop.code}-EUR-2026-11-20-2026-11-20.csv"'
    )


def test_the_statement_of_another_storefront_is_shown_to_nobody(client, world):
    trades.ready(world)
    answered(world)
    other = make.storefront("other")
    client.force_login(rows.operator("olga", other, "finance"), backend=rows.BACKEND)
    asked = {"storefront": world.shop.pk, "currency": "EUR", "first": f"{DAY}", "last": f"{DAY}"}
    page = client.get(reverse("admin:settlement_brand"), asked)
    assert page.context["tables"] == []
    assert "storefront" in page.context["form"].errors
    client.force_login(rows.operator("nobody"), backend=rows.BACKEND)
    assert client.get(reverse("admin:settlement_brand"), asked).status_code == 403


def test_a_banks_reference_is_no_formula_in_the_file(world):
    trades.ready(world)
    credited(answered(world), 3_000, reference='=HYPERLINK("https://evil.test")')
    told = brand_statement(storefront_id=world.shop.pk, currency="EUR", first=DAY, last=DAY)
    out = io.StringIO()
    brand_file.write(told, out)
    cells = {cell for row in csv.reader(out.getvalue().splitlines()) for cell in row}
    assert '\'=HYPERLINK("https://evil.test")' in cells
    assert not {cell for cell in cells if cell.startswith(("=", "+", "@"))}
