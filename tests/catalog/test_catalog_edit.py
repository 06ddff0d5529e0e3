"""What is taken home comes back as it was; many SKUs are changed as one, shown first, or not at all."""

from __future__ import annotations

import io
from dataclasses import asdict

import pytest
from django.db import transaction

from catalog.importing.cells import HEADER, rows_of
from catalog.importing.changes import Change
from catalog.importing.faults import ImportRefused
from catalog.models import CatalogVersion, Product, Variant
from catalog.services import edit_products as edits
from catalog.services.import_products import ChangedSince, check_products, import_products
from catalog.services.publication import publish
from kernel.models import Event
from kernel.sheets import Sheet, cell, plain
from storefronts.models import Storefront
from tests.catalog.shelf import NOW, row, table

ROWS = (
    row(subtitle_zh="+ 焕亮", description_en='two\nlines; -and a dash, with "marks"', classes="egg"),
    row(sku="RS-50", options_zh="容量=50ml", options_en="Size=50 ml", net_content="50", price="1299.5"),
    row(sku="RS-90", options_zh="容量=90ml", options_en="Size=90 ml", net_content="0.125", active="no"),
    row(
        product_code="solo", sku="SOLO", options_zh="", options_en="", is_food="no", bar_code="4006381333931"
    ),
)


@pytest.fixture
def four(shop: Storefront) -> Storefront:
    import_products(storefront_id=shop.pk, file_name="f.csv", content=table(*ROWS), now=NOW)
    return shop


def taken_home(shop: Storefront, **only: object) -> bytes:
    kept = Variant.objects.filter(storefront=shop, **only).select_related(
        "product__category", "product__brand"
    )
    out = io.StringIO()
    sheet = Sheet(out)
    sheet.row(HEADER)
    sheet.rows(
        [one[name] for name in HEADER] for one in rows_of(kept.order_by("product_id", "position", "id"))
    )
    return out.getvalue().encode()


def test_what_is_taken_home_and_brought_back_changes_nothing_whole_or_in_part(four: Storefront) -> None:
    version = CatalogVersion.objects.get(storefront=four).version
    for only in ({}, {"sku__in": ["RS-50", "RS-90"]}, {"sku": "RS-90"}):
        content = taken_home(four, **only)
        assert b"'+ \xe7\x84\x95" in content or only  # no spreadsheet runs it
        found = check_products(storefront_id=four.pk, file_name="f.csv", content=content, now=NOW)
        assert (found.faults, found.cells, found.variants_changed, found.products_changed) == ((), (), 0, 0)
    assert CatalogVersion.objects.get(storefront=four).version == version
    for text in ("+1", "=x", "a;=b", "\t-1", "\uff1dx", "-5", "rose", "'quoted"):
        assert plain(cell(text)) == text


def test_a_preview_tells_each_changed_cell_and_only_that_is_written(four: Storefront) -> None:
    content = taken_home(four).replace(b"1299.50", b"1199.00").replace(b"RS-90", b"RS-91")
    shown = check_products(storefront_id=four.pk, file_name="f.csv", content=content, now=NOW)
    assert [asdict(one) for one in shown.cells] == [
        asdict(Change(3, "RS-50", "price", "1299.50", "1199.00")),
        asdict(Change(4, "RS-91", "", "", "精华液|30毫升/瓶")),
    ]
    edits.edit_products(storefront_id=four.pk, skus=["RS-50"], values={"weight_g": "99"}, by="mia", now=NOW)
    arguments = {"storefront_id": four.pk, "file_name": "f.csv", "content": content, "now": NOW}
    with pytest.raises(ChangedSince), transaction.atomic():
        import_products(**arguments, seen=shown.digest)
    assert not Variant.objects.filter(sku="RS-91").exists()
    again = check_products(**arguments)
    import_products(**arguments, seen=again.digest, by="mia")
    assert Variant.objects.get(sku="RS-91").position == 3  # behind those that the file does not name
    assert Event.objects.filter(name="catalogue.imported").latest("id").facts["by"] == "mia"


def test_many_are_changed_as_one_with_one_event_and_neighbours_stay(four: Storefront) -> None:
    asked = {"storefront_id": four.pk, "skus": ["RS-30", "SOLO"], "now": NOW}
    values = {"weight_g": "321", "brand": "nero"}
    shown = edits.check_edit(**asked, values=values)
    assert [(one.thing, one.column, one.before, one.after) for one in shown.cells] == [
        ("rose-serum", "brand", "aube", "nero"),
        ("RS-30", "weight_g", "120", "321"),
        ("solo", "brand", "aube", "nero"),
        ("SOLO", "weight_g", "120", "321"),
    ]
    assert not Variant.objects.filter(weight_g=321).exists()
    assert edits.edit_products(**asked, values=values, by="mia", seen=shown.digest) == 4
    assert set(Variant.objects.filter(weight_g=321).values_list("sku", flat=True)) == {"RS-30", "SOLO"}
    assert edits.edit_products(**asked, values=values, by="mia") == 0  # twice is once
    [told] = Event.objects.filter(name="catalogue.edited")
    assert told.facts["by"] == "mia" and ["SOLO", "weight_g", "120"] in told.facts["before"]
    with pytest.raises(ChangedSince), transaction.atomic():
        edits.edit_products(**asked, values={"weight_g": "5"}, by="mia", seen=shown.digest)


def test_an_edit_with_a_fault_names_the_sku_and_changes_nothing(four: Storefront) -> None:
    publish(storefront_id=four.pk, code="solo", now=NOW)
    asked = {"storefront_id": four.pk, "skus": ["RS-30", "SOLO"], "now": NOW}
    shown = edits.check_edit(**asked, values={"e_label_zh": ""})
    assert [(sku, fault.column) for sku, fault in shown.faults] == [("SOLO", "e_label_zh")]
    with pytest.raises(ImportRefused) as refused, transaction.atomic():
        edits.edit_products(**asked, values={"e_label_zh": ""}, by="mia")
    assert [fault.column for fault in refused.value.faults] == ["SOLO e_label_zh"]
    assert not Variant.objects.filter(e_label_zh="").exists()
    full_width = edits.check_edit(**asked, values={"hs_code": "33049900３９"})
    assert {(sku, fault.column) for sku, fault in full_width.faults} == {
        ("RS-30", "hs_code"),
        ("SOLO", "hs_code"),
    }
    for values in ({}, {"price": "1.00"}, {"sku": "X"}, {"bar_code": ""}):
        with pytest.raises(edits.BadEdit), transaction.atomic():
            edits.edit_products(**asked, values=values, by="mia")
    assert Product.objects.get(code="solo").state == "published"
