"""A table of goods is shown before it is written, once however often it is asked for; and it comes back."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from catalog.models import Product, Variant
from catalog.services import import_jobs
from catalog.services import import_products as imports
from kernel.models import Event, Job
from storefronts.models import Storefront
from tests import make
from tests.catalog.shelf import row, shelves, table
from tests.operators import rows

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop() -> Storefront:
    shop = make.storefront()
    shelves(shop)
    return shop


def enter(client, shop, role="merchandiser"):
    client.force_login(rows.operator(f"the-{role}-{shop.pk}", shop, role), backend=rows.BACKEND)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def upload(client, shop, content, name="goods.csv"):
    file = SimpleUploadedFile(name, content)
    return client.post(reverse("goods_import"), {"storefront": shop.pk, "file": file})


def work():
    for event in Event.objects.filter(name=import_jobs.ASKED).order_by("id"):
        import_jobs.prepare(event)


def text(client, url):
    return client.get(url).content.decode()


def test_a_file_is_previewed_confirmed_once_survives_its_worker_and_comes_back_unchanged(
    client, shop, monkeypatch
):
    enter(client, shop)
    named = {"name_en": "1+1 'quoted'"}
    other = row(sku="RS-50", options_zh="容量=50ml", options_en="Size=50 ml", **named)
    content = table(row(**named), other)
    page = upload(client, shop, content)["Location"]
    waiting = client.get(page)
    assert waiting["Refresh"] == "2" and "queued" in waiting.content.decode().lower()
    work()
    shown = client.get(page)
    assert "Refresh" not in shown
    html = shown.content.decode()
    assert "RS-50" in html and "Import what is shown below" in html and not Product.objects.exists()
    written = client.post(page)["Location"]
    assert client.post(page)["Location"] == written  # a second click
    assert Job.objects.count() == 2

    def dies(*args, **options):
        raise RuntimeError("the worker was killed")

    monkeypatch.setattr(imports, "refresh_products", dies)
    with pytest.raises(RuntimeError):
        work()
    assert not Product.objects.exists()
    html = text(client, written)
    assert "it will try once more by itself" in html and "the worker was killed" not in html
    Job.objects.filter(kind=import_jobs.WRITE).update(state="running")  # as one that died leaves it
    monkeypatch.undo()
    work()
    work()
    assert set(Variant.objects.values_list("sku", flat=True)) == {"RS-30", "RS-50"}
    assert Event.objects.filter(name="catalogue.imported").count() == 1
    job = Job.objects.get(kind=import_jobs.WRITE)
    assert (job.state, job.done, job.result["variants_new"]) == ("done", 2, 2)
    assert "see the import" in text(client, page) and "New SKUs" not in text(client, written)
    for kind in ("xlsx", "csv"):
        taken = client.get(reverse("goods_export"), {"storefront": shop.pk, "kind": kind})
        back = upload(client, shop, b"".join(taken) if taken.streaming else taken.content, f"goods.{kind}")
        work()
        assert "nothing to import" in text(client, back["Location"]), kind


def test_faults_are_told_by_row_and_column_and_what_changed_meanwhile_is_not_written(client, shop):
    enter(client, shop)
    imports.import_products(storefront_id=shop.pk, file_name="f.csv", content=table(row()), now=make.NOW)
    bad = upload(client, shop, table(row(price="free", origin="CN")))["Location"]
    good = upload(client, shop, table(row(price="799.00")))["Location"]
    work()
    html = text(client, bad)
    assert "not an amount in yuan like 199.00" in html and "imports do not originate in China" in html
    assert "Import what is shown" not in html
    assert "not older than two days" in client.post(bad).content.decode()
    html = text(client, good)
    assert "899.00" in html and "799.00" in html
    other = table(row(price="500.00"))
    imports.import_products(storefront_id=shop.pk, file_name="f.csv", content=other, now=make.NOW)
    written = client.post(good)["Location"]
    work()
    html = text(client, written)
    assert "The catalogue has changed since the preview" in html
    assert Variant.objects.get().price_fen == 50_000
    work()  # what was refused is not tried again
    assert Job.objects.get(kind=import_jobs.WRITE).state == "failed"


def test_what_fails_again_for_a_reason_of_ours_is_told_in_both_languages_and_tried_no_more(
    client, shop, monkeypatch
):
    enter(client, shop)
    page = upload(client, shop, table(row()))["Location"]
    tried = []

    def fails(**asked):
        tried.append(asked)
        raise LookupError("no such thing")

    monkeypatch.setattr(import_jobs, "check_products", fails)
    with pytest.raises(LookupError):
        work()
    work()
    work()
    assert len(tried) == 2
    assert Job.objects.get().error == "LookupError: no such thing"  # for us
    for language, told in (
        ("en", import_jobs.ImportFailed.title),
        ("zh-CN", import_jobs.ImportFailed.title_zh),
    ):
        html = client.get(page, headers={"accept-language": language}).content.decode()
        assert told in html and "no such thing" not in html


def test_imports_are_the_merchandisers_of_the_shop_alone_and_bounded(client, shop, monkeypatch):
    enter(client, shop)
    page = upload(client, shop, table(row()))["Location"]
    monkeypatch.setattr("operators.goods_import.MAX_BYTES", 10)
    assert upload(client, shop, table(row())).status_code == 200
    assert Job.objects.count() == 1
    stranger = enter(client, make.storefront("swift"))
    assert stranger.get(page).status_code == 404 and stranger.post(page).status_code == 404
    assert upload(stranger, shop, b"sku\n1\n").status_code == 200
    assert "goods.csv" not in text(stranger, reverse("goods_import"))
    assert stranger.get(reverse("goods_export"), {"storefront": shop.pk}).status_code == 404
    finance = enter(client, shop, "finance")
    assert finance.get(reverse("goods_import")).status_code == 403
    assert Job.objects.count() == 1
