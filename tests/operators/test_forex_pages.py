"""The pages of foreign money show amounts, what each order promises the brand, and where they stop short."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from kernel.models import Case
from operators import forex_story
from settlement.models import ForexReceipt, SettlementBatch
from settlement.services.exchange import export_batch
from tests import make
from tests.operators import rows
from tests.settlement import trades
from tests.settlement.institution import credited, taken
from tests.settlement.test_batches import made
from tests.settlement.test_unsettled import DAY

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world():
    return make.world()


@pytest.fixture
def finance(client, world):
    client.force_login(rows.operator("fang", world.shop, "finance"), backend=rows.BACKEND)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def words(answer) -> str:
    text = re.sub(r"<script.*?</script>|<style.*?</style>", "", answer.content.decode(), flags=re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


def tables(client) -> list[tuple[str, list[dict[str, str]]]]:
    story = client.get(reverse("admin:settlement_position")).context["story"]
    return [
        (
            str(table["title"]),
            [
                dict(
                    zip(map(str, table["headers"]), (re.sub("<[^>]+>", "", str(c)) for c in row), strict=True)
                )
                for row in table["rows"]
            ],
        )
        for table in story
    ]


def test_each_order_shows_what_the_brand_will_receive_and_how_it_comes_to_it(finance, world):
    order = trades.ready(world)
    trades.charged(order, 150)
    trades.refunded(order, goods_fen=5_000)
    (_, (stand,)), (title, (row,)), (_, back) = tables(finance)
    assert (stand["currency"], stand["ready"], stand["to be taken back"]) == ("EUR", "24.21", "0.00")
    assert title == "Orders that have not gone abroad"
    assert row == {
        "storefront": world.shop.code,
        "order": order.number,
        "paid on": "2026-11-20",
        "sold (CNY)": "250.00",
        "refunded (CNY)": "50.00",
        "fees (CNY)": "1.50",
        "net (CNY)": "198.50",
        "locked rate": "820.0000",
        "promised": "24.21 EUR",
        "why": "ready",
    }
    assert back == []


def test_an_order_refunded_while_its_batch_is_out_is_named_with_what_is_taken_back(finance, world):
    order = trades.ready(world)
    batch = made(world)
    export_batch(batch=batch, by="me", now=make.NOW)
    trades.refunded(order, goods_fen=25_000)
    (_, (stand,)), (_, waiting), (title, (row,)) = tables(finance)
    assert (stand["in batches"], stand["to be taken back"]) == ("30.49", "30.49")
    assert waiting == []
    assert title == "Orders to be taken back from"
    assert (row["order"], row["batch"], row["to be taken back"]) == (order.number, batch.number, "30.49 EUR")


def test_a_table_that_is_cut_says_so(finance, world, monkeypatch):
    monkeypatch.setattr(forex_story, "MOST_ORDERS", 2)
    oldest = [trades.paid(world, ("IR-1", 1)) for _ in range(3)][:2]
    _, (title, waiting), _ = tables(finance)
    assert title == "Orders that have not gone abroad (2 of 3)"
    assert [row["order"] for row in waiting] == [order.number for order in oldest]
    monkeypatch.setattr(forex_story, "MOST_ORDERS", 3)
    assert tables(finance)[1][0] == "Orders that have not gone abroad"


def test_storefronts_that_are_left_out_are_counted(client, world, monkeypatch):
    monkeypatch.setattr(forex_story, "MOST_SHOPS", 1)
    make.storefront("other")
    client.force_login(rows.operator("root", is_superuser=True), backend=rows.BACKEND)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    assert tables(client)[0][0] == "Forex position (1 of 2 storefronts)"


def test_the_pages_of_a_batch_its_items_and_receipts_show_amounts_and_no_minor_units(finance, world):
    trades.ready(world)
    batch = made(world)
    export_batch(batch=batch, by="me", now=make.NOW)
    batch = taken(batch)
    receipt = credited(batch, 500, kind=ForexReceipt.Kind.CHARGE)
    credited(batch, 2_000, "B-2")
    for row, amounts in (
        (batch, ("30.49 EUR", "30.67 EUR", "25.00 EUR", "5.00 EUR")),
        (batch.items.get(), ("30.49 EUR", "30.67 EUR")),
        (receipt, ("5.00 EUR",)),
    ):
        page = f"admin:settlement_{row._meta.model_name}_change"
        shown = words(finance.get(reverse(page, args=[row.pk])))
        for amount in amounts:
            assert f" {amount} " in shown
        for raw in ("3049", "3067", "2500", "minor"):
            assert raw not in shown


def test_more_than_was_settled_is_not_recorded_and_becomes_a_case_of_its_own(finance, world):
    trades.ready(world)
    batch = made(world)
    export_batch(batch=batch, by="me", now=make.NOW)
    batch = taken(batch)
    receive = reverse("admin:settlement_settlementbatch_step", args=[batch.pk, "receive"])
    credit = {"kind": "credit", "reference": "B-1", "credited_on": f"{DAY}"}
    answer = finance.post(receive, {**credit, "amount": "30.68"})
    assert "Only 30.67 EUR of this batch are still to come; a case tells of the rest." in words(answer)
    assert "more than nothing" in words(finance.post(receive, {**credit, "amount": "-1.00"}))
    assert ForexReceipt.objects.count() == 0
    assert finance.post(receive, {**credit, "amount": "30.67"}).status_code == 302
    assert SettlementBatch.objects.get().state == "received"
    finance.post(receive, {**credit, "reference": "B-2", "amount": "1.00"})
    cases = Case.objects.filter(kind="forex.too_much").order_by("id")
    assert [(one.key, one.state, one.facts) for one in cases] == [
        (
            f"batch:{batch.number}:{reference}",
            "open",
            {
                "batch": batch.number,
                "bank_reference": reference,
                "amount": amount,
                "to_come": to_come,
                "by": "fang",
            },
        )
        for reference, amount, to_come in (("B-1", "30.68 EUR", "30.67 EUR"), ("B-2", "1.00 EUR", "0.00 EUR"))
    ]
    assert ForexReceipt.objects.count() == 1
