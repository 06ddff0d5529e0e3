"""A sheet does what a call does: all of its stock or nothing, its goods row by row; the answer is a sheet."""

from __future__ import annotations

import csv
import io

import pytest
from openpyxl import Workbook

from backend import delivery
from catalog.models import Variant
from inventory.models import Count, Lot, Movement
from kernel.models import Job
from partners.services import accounts
from tests import make
from tests.catalog.shelf import row, shelves, table
from tests.partner_api.test_catalogue import code
from tests.partner_api.test_catalogue import sent as upserted
from tests.partners.calling import System, system
from tests.races.crowd import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world():
    return make.world()


@pytest.fixture
def wms(client, world):
    return system(client, world.shop)


def sheet(*rows):
    """CSV as a warehouse saves it."""
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def sent(caller, kind, content, name="a-file.csv", more=""):
    answer = caller.post(f"files?kind={kind}&name={name}{more}", content)
    assert answer.status_code == 202, answer.content
    delivery.drain()
    where = f"jobs/{answer.json()['id']}"
    told = caller.get(f"{where}/file")
    rows = caller.get(f"{where}/results").json()["items"]
    lines = [*csv.reader(io.StringIO(told.content.decode("utf-8-sig")))]
    assert (told["Content-Type"], lines[0][:3]) == ("text/csv; charset=utf-8", ["row", "sku", "outcome"])
    assert [str(row["row"]) for row in rows] == [line[0] for line in lines[1:]]
    return caller.get(where).json(), lines[1:]


RECEIPT = ("warehouse", "reference", "sku", "lot", "quantity", "produced_on", "expires_on")


def test_a_sheet_of_stock_is_done_whole_and_once(wms, world):
    place = world.warehouse.code
    before = Movement.objects.count()
    good = (place, "G-1", "HD-1", "N-1", "5", "2026/5/1", "2028-05-01")
    for second, said in (
        ((place, "G-2", "NOTHING", "N-2", "5", "", ""), ("There is nothing here.", "内容不存在。")),
        (("elsewhere", "G-2", "HD-1", "N-2", "5", "", ""), ("There is nothing here.", "内容不存在。")),
        (
            (place, "G-2", "HD-1", "N-2", "five", "", ""),
            ("quantity: A valid integer is required.", "quantity: "),
        ),
        (
            (place, "G-2", "=1+1", "N-2", "5", "", ""),
            ("sku: a formula; write its value", "sku: 单元格为公式"),
        ),
    ):
        content = sheet(RECEIPT, good, second)
        job, (first, refused) = sent(wms, "receipts", content)
        assert (job["kind"], job["summary"]["refused"]) == ("file.receipts", 2)
        assert first[:4] == ["2", "HD-1", "refused", "goes with row 3, which is refused"]
        assert refused[0] == "3" and said[0] in refused[3] and refused[4].startswith(said[1])
        sent(wms, "receipts", content)  # what was refused may come again
    assert Movement.objects.count() == before
    book = Workbook()
    for line in (RECEIPT, good, (place, "G-2", "IR-1", "N-2", 3, None, make.NOW.replace(tzinfo=None))):
        book.active.append(line)
    out = io.BytesIO()
    book.save(out)
    job, lines = sent(wms, "receipts", out.getvalue(), "grn.xlsx")
    assert [line[:3] for line in lines] == [["2", "HD-1", "taken"], ["3", "IR-1", "taken"]]
    assert job["summary"]["taken"] == 2
    lots = {lot.code: lot for lot in Lot.objects.filter(code__in=("N-1", "N-2"))}
    assert (lots["N-1"].on_hand, str(lots["N-1"].produced_on)) == (5, "2026-05-01")
    assert (lots["N-2"].on_hand, lots["N-2"].expires_on) == (3, make.NOW.date())
    assert {*Movement.objects.filter(by="partner:Ningbo WMS").values_list("reason", flat=True)} == {
        "receipt G-1",
        "receipt G-2",
    }
    _two_at_once(wms, sheet(RECEIPT, (place, "G-3", "HD-1", "N-3", "1", "", "")))
    again = wms.post("files?kind=receipts&name=other.xlsx", out.getvalue())
    assert (code(again), again.json()["job"]) == ((409, "file_taken_before"), job["id"])
    less = ("warehouse", "sku", "lot", "pieces", "reason"), (place, "HD-1", "N-1", "-2", "broken")
    sent(wms, "adjustments", sheet(*less))
    sent(wms, "counts", sheet(("warehouse", "sku", "lot", "counted"), (place, "HD-1", "N-1", "3")))
    assert (Lot.objects.get(code="N-1").on_hand, Count.objects.get().opened_by) == (3, "partner:Ningbo WMS")


def _two_at_once(wms, content):
    """Under keys of their own: one of them is taken."""

    def call():
        mine = System(type(wms.client)(), wms.issued, wms.storefront, wms.token)
        return mine.post("files?kind=receipts&name=twice.csv", content).status_code

    assert sorted(at_once([call] * 4)) == [202, 409, 409, 409]
    delivery.drain()
    assert Lot.objects.get(code="N-3").on_hand == 1


def test_a_sheet_of_goods_may_have_some_columns_and_an_empty_cell_empties(client, world):
    shelves(world.shop)
    erp = system(client, world.shop, "erp")
    new = row(customs_confirmed="no", customs_note="归类待确认", subtitle_en="For the night")
    bad = row(product_code="b", sku="B", hs_code="1", customs_note="x", customs_confirmed="")
    job, lines = sent(erp, "catalogue", table(new, bad))
    assert [line[:3] for line in lines] == [["2", "RS-30", "created"], ["3", "B", "refused"]]
    assert lines[1][3].startswith("hs_code: not 10 digits")
    job, lines = sent(erp, "catalogue", sheet(("sku", "price", "subtitle_en"), ("RS-30", "799.00", "")))
    assert [line[2] for line in lines] == ["changed"]
    kept = Variant.objects.select_related("product").get(sku="RS-30")
    assert (kept.price_fen, kept.product.subtitle_en, kept.weight_g) == (79_900, "", 120)
    confirms = sheet(("sku", "customs_confirmed"), ("RS-30", "yes"))
    assert sent(erp, "catalogue", confirms)[1][0][2:4][0] == "refused"
    dry = sheet(("sku", "price"), ("RS-30", "699.00"))
    assert sent(erp, "catalogue", dry, more="&dry_run=true&mode=whole")[0]["summary"]["changed"] == 1
    many = sheet(("warehouse", "sku", "counted"), *[("ningbo", "HD-1", "1")] * 501)
    assert "more than 500 rows" in sent(erp, "counts", many)[1][0][3]
    for content in (b"\0", b"sku,colour\nRS-30,red\n", b"sku,sku\na,b\n", b"sku\n", b"PK\x03\x04"):
        job, lines = sent(erp, "catalogue", content)
        assert (job["summary"]["refused"], lines[0][0]) == (1, "0")
        _, lines = sent(erp, "counts", content)
        assert (lines[0][0], lines[0][2]) == ("0", "refused")
    assert Variant.objects.get(sku="RS-30").price_fen == 79_900
    # a price with tax (包税) becomes the list price that comes to it, by one rule for sheets and fields
    told = {"sku": "HD-1", "price_tax_included_fen": 21_820, "e_label_zh": "产品名称：吹风机"}
    _, (taxed, uneven) = upserted(erp, told, {**told, "sku": "IR-1", "price_tax_included_fen": 10_916})
    assert (taxed["outcome"], Variant.objects.get(sku="HD-1").price_fen) == ("changed", 20_000)
    assert [one["column"] for one in uneven["faults"]] == ["price_tax_included_fen"]


def test_who_may_not_sends_no_file_and_what_is_none_is_not_taken(client, wms, world):
    assert code(wms.post("files?kind=catalogue&name=a.csv", b"sku")) == (403, "scope_missing")
    assert code(wms.post("files?kind=receipts&name=a.csv", b"")) == (422, "file_empty")
    for query in (
        "kind=receipts&name=a.txt",
        "kind=x&name=a.csv",
        "kind=receipts&name=a/b.csv",
        "name=a.csv",
    ):
        assert code(wms.post(f"files?{query}", b"sku")) == (422, "invalid_fields")
    key = {"idempotency_key": "file-0001"}
    assert wms.post("files?kind=counts&name=a.csv", b"sku", **key).status_code == 202
    reused = wms.post("files?kind=receipts&name=a.csv", b"sku", **key)
    assert code(reused) == (422, "idempotency_key_reused")
    # a warehouse that serves another place alone finds nothing here
    row = wms.issued.credential.partner
    place = make.warehouse(world.shop, "far-away")
    scopes = ["stock:write"]
    connect = {"partner": row, "storefront": world.shop, "by": "o", "now": make.present()}
    accounts.connect(scopes=scopes, warehouses=[place.code], **connect)
    wms.token = ""
    line = (world.warehouse.code, "G-1", "HD-1", "N-1", "5", "", "")
    _, lines = sent(wms, "receipts", sheet(RECEIPT, line))
    assert lines[0][2] == "refused"
    assert Job.objects.exclude(state="done").count() == 0
