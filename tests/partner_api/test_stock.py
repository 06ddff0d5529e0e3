"""A partner sees stock and moves it: every piece through the ledger, a message whole or not at all."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory.models import Count, Lot, Movement, Stock
from kernel.models import Case
from tests import make
from tests.partners.calling import System, system
from tests.races.crowd import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world():
    return make.world()


@pytest.fixture
def wms(client, world):
    return system(client, world.shop)


def code(answer):
    return answer.status_code, answer.json()["code"]


def receipt(world, *lines, reference="GRN-1"):
    return {"warehouse": world.warehouse.code, "reference": reference, "lines": list(lines)}


def test_levels_and_lots_say_what_there_is(wms, world):
    (row,) = wms.get(f"stock?sku=HD-1&warehouse={world.warehouse.code}").json()["items"]
    stock = Stock.objects.get(variant=world.dryer)
    assert (row["sku"], row["warehouse"]) == ("HD-1", world.warehouse.code)
    assert (row["on_hand"], row["reserved"], row["available"]) == (stock.on_hand, 0, stock.on_hand)
    assert [one["sku"] for one in wms.get("stock/lots?sku=HD-1").json()["items"]] == ["HD-1"]
    assert wms.get("warehouses").json()["items"][0]["trade_mode"] == world.warehouse.trade_mode
    first = wms.get("stock?limit=1").json()
    second = wms.get(f"stock?limit=1&cursor={first['next']}").json()
    assert {first["items"][0]["sku"], second["items"][0]["sku"]} == {"HD-1", "IR-1"}
    assert second["next"] is None
    assert code(wms.get("stock?warehouse=elsewhere")) == (404, "not_found")
    assert wms.get(f"stock/lots?cursor={first['next']}").status_code == 422  # of another list


def test_what_comes_in_is_taken_in_whole_under_the_partners_number(wms, world):
    before = {row.variant.sku: row.on_hand for row in Stock.objects.select_related("variant")}
    known = Lot.objects.get(stock__variant=world.dryer)
    lines = (
        {"sku": "IR-1", "quantity": 5, "lot": "B-9", "inbound_list": known.inbound_list},
        {"sku": "HD-1", "quantity": 7, "lot": known.code, "inbound_list": known.inbound_list},
    )
    answer = wms.post("stock/receipts", receipt(world, *lines), idempotency_key="grn-0001")
    assert (answer.status_code, [one["sku"] for one in answer.json()["lots"]]) == (201, ["IR-1", "HD-1"])
    again = wms.post("stock/receipts", receipt(world, *lines), idempotency_key="grn-0001")
    assert (again.content, again["Idempotent-Replay"]) == (answer.content, "true")
    after = {row.variant.sku: row.on_hand for row in Stock.objects.select_related("variant")}
    assert after == {"IR-1": before["IR-1"] + 5, "HD-1": before["HD-1"] + 7}
    moves = Movement.objects.filter(by="partner:Ningbo WMS")
    assert [*moves.order_by("pk").values_list("on_hand", "reason")] == [
        (7, "receipt GRN-1"),
        (5, "receipt GRN-1"),
    ]


def test_a_line_that_cannot_be_done_is_named_and_none_of_the_others_is(wms, world):
    before = Movement.objects.count()
    good = {"sku": "HD-1", "quantity": 1, "lot": "N-1"}
    bad_days = {**good, "lot": "N-2", "produced_on": "2026-05-01", "expires_on": "2026-04-01"}
    for second, why in (
        ({**good, "sku": "NOTHING"}, "not_found"),
        (bad_days, "lot_days"),
        ({**good, "expires_on": "2027-01-01"}, "lot_differs"),
    ):
        answer = wms.post("stock/receipts", receipt(world, good, second))
        assert (code(answer), answer.json()["line"], answer.json()["why"]) == ((422, "line_refused"), 2, why)
    for malformed in (
        {**good, "quantity": 0},
        {"sku": "HD-1"},
        {**good, "lot": "\0"},
        {**good, "sku": ["HD-1"]},
    ):
        assert code(wms.post("stock/receipts", receipt(world, malformed))) == (422, "invalid_fields")
    assert code(wms.post("stock/receipts", receipt(world))) == (422, "invalid_fields")
    long = [{**good, "sku": "NOTHING", "lot": "长" * 60}] * 500  # beyond what other calls may send
    assert code(wms.post("stock/receipts", receipt(world, *long))) == (422, "line_refused")
    assert code(wms.post("stock/receipts", [])) == (422, "invalid_fields")
    assert Movement.objects.count() == before


def test_what_is_missing_is_written_off_but_for_what_is_promised(wms, world):
    lot = Lot.objects.get(stock__variant=world.dryer)
    make.order(world.alice, ("HD-1", 2))
    one = {"sku": "HD-1", "lot": lot.code, "pieces": -3, "reason": "broken in the rack"}
    body = {"warehouse": world.warehouse.code, "lines": [one]}
    assert wms.post("stock/adjustments", body).json()["lots"][0]["on_hand"] == lot.on_hand - 3
    body["lines"] = [{**one, "pieces": -(lot.on_hand - 3 - 1)}]
    answer = wms.post("stock/adjustments", body)
    assert (answer.status_code, answer.json()["line"], answer.json()["why"]) == (
        422,
        1,
        "stock_below_reserved",
    )
    body["lines"] = [{**one, "pieces": 2, "reason": "found behind the rack"}]
    assert wms.post("stock/adjustments", body).json()["lots"][0]["on_hand"] == lot.on_hand - 1


def test_a_count_moves_nothing_and_a_difference_waits_for_the_brand(wms, world):
    lot = Lot.objects.get(stock__variant=world.dryer)
    line = {"sku": "HD-1", "lot": lot.code, "counted": lot.on_hand - 1}
    answer = wms.post("stock/counts", {"warehouse": world.warehouse.code, "lines": [line]})
    assert answer.json()["lines"] == [
        {
            "sku": "HD-1",
            "lot": lot.code,
            "expected": lot.on_hand,
            "counted": lot.on_hand - 1,
            "state": "varies",
        }
    ]
    lot.refresh_from_db()
    assert (lot.on_hand, Count.objects.get().opened_by) == (line["counted"] + 1, "partner:Ningbo WMS")
    assert Case.objects.get(kind="stock.variance").state == "open"


def test_two_receipts_of_the_same_goods_in_opposite_order_do_not_wait_for_each_other(wms, world):
    lines = [{"sku": sku, "quantity": 1, "lot": f"R-{sku}"} for sku in ("HD-1", "IR-1")]
    wms.bearer()

    def send(order, number):
        def call():
            mine = System(type(wms.client)(), wms.issued, wms.storefront, wms.token)
            return mine.post("stock/receipts", receipt(world, *order, reference=f"G{number}")).status_code

        return call

    met = at_once([send(lines[:: (-1) ** n], n) for n in range(6)])
    assert met == [201] * 6
    assert sum(Lot.objects.filter(code__startswith="R-").values_list("on_hand", flat=True)) == 12


def test_a_page_of_stock_costs_the_same_however_long_it_is(wms, world):
    costs = []
    for _ in range(2):
        for address in ("stock", "stock/lots"):
            wms.get(address)
            with CaptureQueriesContext(connection) as queries:
                wms.get(address)
            costs.append(len(queries))
        wms.post(
            "stock/receipts",
            receipt(world, *({"sku": "HD-1", "quantity": 1, "lot": f"C{n}"} for n in range(9))),
        )
    assert costs[:2] == costs[2:]
    assert max(costs) <= 8


def test_who_may_read_alone_moves_nothing_and_another_storefronts_goods_are_not_there(client, wms, world):
    reader = system(client, world.shop, "broker", name="a broker")
    assert code(reader.post("stock/receipts", receipt(world))) == (403, "scope_missing")
    other = system(client, make.storefront("swift"))
    assert other.get("stock").json()["items"] == []
    body = receipt(world, {"sku": "HD-1", "quantity": 1})
    assert code(other.post("stock/receipts", body)) == (404, "not_found")
