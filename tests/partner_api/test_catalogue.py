"""A partner's rows of goods become the catalogue: each is told apart, a product is whole or not written."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backend import delivery
from backend.middleware import MAX_BULK
from catalog.importing.changes import Changes
from catalog.models import Product, Variant
from catalog.services import publication
from catalog.services.editing import _turn
from catalog.services.upserts import UNSAID
from kernel import files
from kernel.models import Event, File, Job
from kernel.receipts import Receipt
from partners.services import accounts
from tests import make
from tests.catalog.shelf import shelves
from tests.partners.calling import system

pytestmark = pytest.mark.django_db(transaction=True)
SERUM = {
    "sku": "RS-30",
    "product_code": "rose-serum",
    "category": "skincare",
    "brand": "aube",
    "name_zh": "玫瑰焕亮精华液",
    "name_en": "Rose Radiance Serum",
    "options": {"zh": {"容量": "30ml"}, "en": {"Size": "30 ml"}},
    "price_fen": 89_900,
    "weight_g": 120,
    "hs_code": "3304990039",
    "origin": "FR",
    "unit": "142",
    "legal_unit_1": "035",
    "legal_quantity_1": "0.03",
    "net_content": "30",
    "net_content_unit": "ml",
    "spec_zh": "精华液|30毫升/瓶",
    "e_label_zh": "产品名称：玫瑰焕亮精华液",
    "customs_confirmed": True,
}
LARGE = {**SERUM, "sku": "RS-50", "options": {"zh": {"容量": "50ml"}, "en": {"Size": "50 ml"}}}
CREAM = {**SERUM, "sku": "RC-1", "product_code": "rose-cream", "name_en": "Rose Cream", "options": None}


@pytest.fixture
def shop():
    shop = make.storefront()
    shelves(shop)
    return shop


@pytest.fixture
def broker(client, shop):
    return system(client, shop, "broker")


@pytest.fixture
def erp(client, shop):
    return system(client, shop, "erp", name="an ERP")


def code(answer):
    return answer.status_code, answer.json()["code"]


def sent(caller, *rows, **more):
    """The job's document once the worker was at it, and its results."""
    answer = caller.post("catalogue/upserts", {"rows": [*rows], **more})
    assert answer.status_code == 202, answer.content
    address = f"jobs/{answer.json()['id']}"
    assert answer["Location"] == caller.where(address)
    delivery.drain()
    return caller.get(address).json(), caller.get(f"{address}/results").json()["items"]


def told(results):
    return [(row["row"], row["sku"], row["outcome"], [f["column"] for f in row["faults"]]) for row in results]


def test_rows_are_written_product_by_product_and_a_row_names_only_what_changes(broker, shop):
    bad = {**LARGE, "product_code": "other", "sku": "O-2", "hs_code": "12", "weight_g": "120"}
    rows = (SERUM, {"sku": "RS-50", **{k: v for k, v in LARGE.items() if k != "name_en"}}, bad)
    sibling = {**SERUM, "product_code": "other", "sku": "O-1"}
    answer = broker.post("catalogue/upserts", {"rows": [*rows, sibling, "nothing"]})
    where = f"jobs/{answer.json()['id']}"
    waiting = broker.get(where)
    assert (waiting.json()["state"], waiting["Retry-After"]) == ("queued", "2")
    assert code(broker.get(f"{where}/results")) == (409, "job_has_no_results")
    delivery.drain()
    job = broker.get(where)
    assert (job.json()["state"], job.get("Retry-After"), job.json()["failure"]) == ("done", None, None)
    assert job.json()["summary"] == {
        "rows": 5,
        "created": 2,
        "changed": 0,
        "unchanged": 0,
        "taken": 0,
        "refused": 3,
    }
    results = broker.get(f"{where}/results").json()["items"]
    assert told(results) == [
        (1, "RS-30", "created", []),
        (2, "RS-50", "created", []),
        (3, "O-2", "refused", ["weight_g", "hs_code"]),
        (4, "O-1", "refused", [""]),
        (5, None, "refused", [""]),
    ]
    assert results[3]["faults"][0]["message"] == "goes with row 3, which is refused"
    assert results[0]["warnings"][0]["column"] == "hs_code"  # no tariff line on file
    costs = []
    for many in (1, 100):
        with CaptureQueriesContext(connection) as queries:
            broker.get(f"{where}/results?limit={many}")
        costs.append(len(queries))
    assert costs[0] == costs[1] <= 8
    page = broker.get(f"{where}/results?outcome=refused&limit=1").json()
    assert told(page["items"]) == [told(results)[2]]
    after = broker.get(f"{where}/results?outcome=refused&cursor={page['next']}").json()
    assert (told(after["items"]), after["next"]) == (told(results)[3:], None)
    assert {*Product.objects.values_list("code", flat=True)} == {"rose-serum"}

    _, results = sent(
        broker, {"sku": "RS-50", "price_fen": 99_000, "name_en": "Rose Serum"}, {"sku": "RS-30"}
    )
    assert [row["outcome"] for row in results] == ["changed", "changed"]  # the product's name is both's
    _, results = sent(broker, {"sku": "RS-50", "subtitle_zh": None, "bar_code": None}, {"sku": "RS-30"})
    assert [row["outcome"] for row in results] == ["unchanged", "unchanged"]
    large = Variant.objects.get(sku="RS-50")
    assert (large.price_fen, large.position, large.legal_quantity_1) == (99_000, 1, Decimal("0.03"))
    assert (large.options, large.product.name_en) == (LARGE["options"], "Rose Serum")
    event = Event.objects.filter(name="catalogue.imported").latest("id")
    assert event.facts["prices"] == {"RS-50": [89_900, 99_000]}
    assert event.facts["by"] == "partner:Ningbo WMS"
    assert Event.objects.filter(name="catalogue.imported").count() == 2


def test_whole_writes_nothing_unless_every_row_is_good_and_a_dry_run_nothing_at_all(broker, shop):
    job, results = sent(broker, SERUM, {**CREAM, "brand": "nobody"}, mode="whole")
    assert job["summary"]["refused"] == 2
    assert told(results) == [(1, "RS-30", "refused", [""]), (2, "RC-1", "refused", ["brand"])]
    job, results = sent(broker, SERUM, CREAM, dry_run=True, mode="whole")
    assert (job["summary"]["created"], Product.objects.count()) == (2, 0)
    sent(broker, SERUM, CREAM, mode="whole")
    assert Product.objects.count() == 2


def test_what_is_no_value_is_a_fault_of_its_row_and_never_a_failure(broker):
    faults = {
        "price_fen": ["5", 0, 1.5, True, 10**18],
        "weight_g": [-1, "1", 10**12],
        "active": ["yes", 1],
        "legal_quantity_1": [0.03, "0", "x", "1e3", "\0"],
        "classes": ["egg", [1], ["nothing"], {}],
        "options": [[], {"fr": {}}, {"zh": {"a": "b;c=d"}}, {"zh": {"\0": "x"}, "en": {"a": "b"}}, {"zh": 1}],
        "name_zh": ["x" * 6000, 5, "\0", {}],
        "category": ["\0", "nothing"],
        "product_code": ["\0", None, "A b"],
        "e_label_zh": ["\0", []],
        "origin": ["CN", "XX", None],
        "nothing": [1],
        "price": [5],
    }
    rows = [
        {**SERUM, "product_code": f"p-{name.replace('_', '-')}-{n}", "sku": f"{name}-{n}", name: value}
        for name, values in faults.items()
        for n, value in enumerate(values)
    ]
    skus = [{**SERUM, "sku": sku, "product_code": "q"} for sku in ("\0", "a b", None, 5, "", "x" * 40)]
    job, results = sent(broker, *rows, *skus, {**SERUM, "sku": "S"}, {**SERUM, "sku": "S"}, {}, [], None)
    assert (job["state"], job["summary"]["refused"]) == ("done", job["summary"]["rows"])
    for row, result in zip(rows, results, strict=False):
        (name,) = [name for name in faults if row["sku"].startswith(f"{name}-")]
        name = "" if name in ("nothing", "price") else name
        assert name in [fault["column"] for fault in result["faults"]], (row, result)
    assert max(len(row["faults"]) for row in results) == 8
    assert max(len(row["sku"] or "") for row in results) == 30
    assert not Product.objects.exists()
    for body in ({}, {"rows": []}, {"rows": {}}, {"rows": [SERUM], "mode": "x"}, [], {"rows": [1] * 10_001}):
        assert code(broker.post("catalogue/upserts", body)) == (422, "invalid_fields")
    huge = broker.send("POST", "catalogue/upserts", {"rows": [{"sku": "x" * MAX_BULK}]})
    assert code(huge) == (413, "body_too_large")
    big = {"rows": [{"sku": "RS-30", "description_zh": "长" * 5000}] * 250}  # beyond what Django takes
    assert broker.post("catalogue/upserts", big).status_code == 202


def test_who_may_not_classify_changes_nothing_that_stands_under_a_confirmation(broker, erp, shop):
    note = {"customs_confirmed": False, "customs_note": "归类待确认"}
    _, results = sent(
        erp, SERUM, {**LARGE, "product_code": "large", **note}, {**CREAM, **note, "exclusion_ruled_out": True}
    )
    assert told(results)[0] == (1, "RS-30", "refused", ["customs_confirmed"])
    assert (results[0]["faults"][0]["message"], results[0]["faults"][0]["message_zh"]) == UNSAID
    assert [row["outcome"] for row in results] == ["refused", "created", "refused"]
    sent(broker, SERUM, {"sku": "RS-50", "customs_confirmed": True})
    assert [*Variant.objects.order_by("sku").values_list("customs_confirmed", flat=True)] == [True, True]
    same = {**LARGE, "product_code": "large", "price_fen": 99_000}
    _, results = sent(erp, {**SERUM, "hs_code": "3304990099"}, same)
    assert told(results) == [(1, "RS-30", "refused", ["hs_code"]), (2, "RS-50", "changed", [])]
    publication.publish(storefront_id=shop.pk, code="rose-serum", now=make.present())
    _, results = sent(erp, {"sku": "RS-30", "hs_code": "3304990099", **note})
    assert told(results) == [(1, "RS-30", "refused", ["customs_confirmed"])]  # it is on sale
    _, results = sent(erp, {"sku": "RS-50", "hs_code": "3304990099", **note})
    assert told(results) == [(1, "RS-50", "changed", [])]
    assert Variant.objects.get(sku="RS-50").customs_note == "归类待确认"
    # what is taken back while the job waits is not done
    answer = broker.post("catalogue/upserts", {"rows": [{"sku": "RS-50", "customs_confirmed": True}]})
    row = broker.issued.credential.partner
    accounts.connect(partner=row, storefront=shop, scopes=["catalogue:read"], by="o", now=make.present())
    delivery.drain()
    job = broker.get(f"jobs/{answer.json()['id']}").json()
    assert (job["state"], job["summary"]) == ("failed", None)
    assert job["failure"]["title"].startswith("The storefront has taken back")
    assert job["failure"]["code"] == "connection_over"


def test_a_worker_that_dies_has_written_nothing_and_the_same_key_is_the_same_job(broker, shop, monkeypatch):
    body = {"rows": [SERUM, CREAM]}
    answer = broker.post("catalogue/upserts", body, idempotency_key="upsert-1")
    again = broker.post("catalogue/upserts", body, idempotency_key="upsert-1")
    assert (again.content, Job.objects.count()) == (answer.content, 1)
    write = Changes.write

    def dies(*args, **options):
        write(*args, **options)
        raise RuntimeError("killed")

    monkeypatch.setattr(Changes, "write", dies)
    delivery.drain()
    assert (Product.objects.count(), Job.objects.get().state) == (0, "failed")
    where = f"jobs/{answer.json()['id']}"
    told = broker.get(where).json()
    assert (told["state"], told["failure"]) == ("queued", None)
    monkeypatch.undo()
    Job.objects.update(state="running")  # as one that was killed leaves it
    later = make.present() + timedelta(minutes=11)
    delivery.drain(later)
    assert broker.get(where).json()["summary"]["created"] == 2
    assert Event.objects.filter(name="catalogue.imported").count() == 1
    files.remove([*File.objects.all()])
    assert code(broker.get(f"{where}/results")) == (410, "job_results_gone")


def test_while_a_file_is_imported_a_job_waits_and_jobs_of_others_are_not_there(broker, erp, client, shop):
    answer = broker.post("catalogue/upserts", {"rows": [SERUM]})
    where = f"jobs/{answer.json()['id']}"
    aside = connection.copy()
    with aside.cursor() as importer:
        importer.execute("SELECT pg_advisory_lock(%s::bigint)", [_turn("import", shop.pk)])
        for _ in range(2):
            delivery.drain(make.present() + timedelta(minutes=1))
            assert broker.get(where).json()["state"] == "queued"
    aside.close()
    delivery.drain(make.present() + timedelta(minutes=2))
    assert broker.get(where).json()["summary"]["created"] == 1
    assert code(erp.get(where)) == code(erp.get(f"{where}/results")) == (404, "not_found")
    other = system(client, make.storefront("swift"), "erp")
    assert code(other.get(where)) == (404, "not_found")
    elsewhere = make.storefront("maison2", brand=shop.brand)
    row = broker.issued.credential.partner
    accounts.connect(
        partner=row, storefront=elsewhere, scopes=["catalogue:write"], by="o", now=make.present()
    )
    assert code(broker.get(f"/storefronts/{elsewhere.code}/{where}")) == (404, "not_found")
    wms = system(client, shop, name="a warehouse")
    assert code(wms.post("catalogue/upserts", {"rows": [SERUM]})) == (403, "scope_missing")
    for _ in range(20):
        assert broker.post("catalogue/upserts", {"rows": [SERUM]}).status_code == 202
    assert code(broker.post("catalogue/upserts", {"rows": [SERUM]})) == (409, "too_many_jobs")
    assert erp.post("catalogue/upserts", {"rows": [{"sku": "RS-30", "price_fen": 1}]}).status_code == 202
    assert Receipt.objects.filter(status=202).count() == 22
