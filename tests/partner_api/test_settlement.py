"""What a period brought, as an ERP reads it: the same sums and the same file as the admin's."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest

from settlement.brand import brand_statement
from settlement.brand_file import write
from settlement.models import ForexReceipt
from settlement.queries import statement
from tests import make
from tests.partner_api.recording import Recorder, compare
from tests.partners.calling import system
from tests.partners.wire import over
from tests.settlement import trades
from tests.settlement.institution import credited
from tests.settlement.test_brand import answered
from tests.settlement.test_unsettled import DAY

pytestmark = pytest.mark.django_db(transaction=True)
DAYS = f"first={DAY}&last={DAY}"
EUR = f"currency=EUR&{DAYS}"


def code(reply):
    return reply.status_code, reply.json()["code"]


def test_a_period_is_told_as_sums_orders_receipts_file_batches_and_ledger(client):
    world = make.world()
    for lines in ((("HD-1", 1),), (("IR-1", 1),), (("HD-1", 2),)):
        trades.ready(world, *lines)
    batch = answered(world)
    credited(batch, 500, "C-1", kind=ForexReceipt.Kind.CHARGE)
    tomorrow = {"credited_on": DAY + timedelta(days=1), "now": make.NOW + timedelta(days=1)}
    credited(batch, batch.foreign_minor - 700, **tomorrow)
    erp = system(client, world.shop, "erp")

    told = brand_statement(storefront_id=world.shop.pk, currency="EUR", first=DAY, last=DAY)
    sums = erp.get(f"settlement/brand?{EUR}").json()
    for name in ("gross_fen", "refunded_fen", "fee_fen", "net_fen", "promised_minor", "charged_minor"):
        assert sums[name] == told.sum(name), name
    assert (sums["settled_minor"], sums["credited_minor"]) == (batch.foreign_minor, 0)
    assert (sums["opening_minor"], sums["closing_minor"]) == (0, told.closing_minor)
    after = DAY + timedelta(days=1)
    next_day = erp.get(f"settlement/brand?currency=EUR&first={after}&last={after}").json()
    assert (next_day["opening_minor"], next_day["closing_minor"]) == (told.closing_minor, 200)
    assert erp.get(f"settlement/brand?currency=USD&{DAYS}").json()["net_fen"] == 0

    lines, cursor = [], ""
    for _ in range(2):
        part = erp.get(f"settlement/brand/lines?{EUR}&limit=2{cursor}").json()
        lines += part["items"]
        cursor = f"&cursor={part['next']}"
    assert (part["next"], len(lines)) == (None, 3)
    assert [(one["order"], one["net_fen"], one["rate"], one["settled_minor"]) for one in lines] == [
        (one.order, one.net_fen, str(one.rate), one.foreign_minor) for one in told.lines
    ]
    (bank,) = erp.get(f"settlement/brand/receipts?{EUR}").json()["items"]
    assert (bank["kind"], bank["amount_minor"], bank["reference"]) == ("charge", 500, "C-1")
    file, out = erp.get(f"settlement/brand/file?{EUR}"), io.StringIO()
    write(told, out)
    assert (file.content.decode(), file["Cache-Control"]) == (out.getvalue(), "no-store")

    (row,) = erp.get("settlement/batches").json()["items"]
    one = erp.get(f"settlement/batches/{batch.number}")
    assert (one.json(), one["ETag"] != "", row["state"], row["items_count"]) == (row, True, "answered", 3)
    assert row["received_minor"] == batch.foreign_minor - 200
    items = erp.get(f"settlement/batches/{batch.number}/items?limit=2").json()
    rest = erp.get(f"settlement/batches/{batch.number}/items?cursor={items['next']}").json()
    assert [one["position"] for one in (*items["items"], *rest["items"])] == [1, 2, 3]
    assert erp.get("settlement/batches?state=draft").json()["items"] == []

    ledger = erp.get(f"settlement/ledger?{DAYS}").json()["accounts"]
    expected = statement(storefront_id=world.shop.pk, first=DAY, last=DAY)
    assert [(one["account"], one["closing_fen"]) for one in ledger] == [
        (line.account, line.closing_fen) for line in expected
    ]
    assert sum(one["closing_fen"] for one in ledger) == 0

    wrong = (
        f"first={DAY}&last={DAY - timedelta(days=1)}",
        f"first={DAY}&last={DAY + timedelta(days=366)}",
    )
    for days in wrong:
        assert code(erp.get(f"settlement/ledger?{days}")) == (422, "period_wrong")
        assert code(erp.get(f"settlement/brand/file?currency=EUR&{days}")) == (422, "period_wrong")
    for bad in (f"settlement/brand?{DAYS}", "settlement/ledger", f"settlement/brand?currency=XXX&{DAYS}"):
        assert erp.get(bad).status_code == 422, bad
    whole = erp.get(f"settlement/ledger?first={DAY}&last={DAY + timedelta(days=365)}")
    assert whole.status_code == 200

    other = system(client, make.storefront("swift"), "erp")
    assert other.get("settlement/batches").json()["items"] == []
    assert other.get(f"settlement/batches/{batch.number}").status_code == 404
    assert other.get(f"settlement/batches/{batch.number}/items").status_code == 404
    assert other.get(f"settlement/brand/lines?{EUR}").json()["items"] == []
    assert code(system(client, world.shop, "warehouse", name="w").get("settlement/batches")) == (
        403,
        "scope_missing",
    )
    assert examples(erp, batch.number) == []


def examples(erp, number):
    """Calls whose example is another one than what is answered here."""
    made, _ = over(erp, Recorder)
    days = {"first": str(DAY), "last": str(DAY)}
    for call in (made.get_settlement_brand, made.get_settlement_brand_lines, made.get_settlement_brand_file):
        call(currency="EUR", **days)
    made.get_settlement_brand_receipts(currency="EUR", **days)
    made.get_settlement_ledger(**days)
    made.get_settlement_batches()
    made.get_settlement_batch(number)
    made.get_settlement_batch_items(number)
    return compare(made.kept)
