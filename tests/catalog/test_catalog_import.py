"""An import says every fault by row and column, and writes whole or not at all."""

from __future__ import annotations

import io
import sys
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from openpyxl import Workbook

from catalog import queries
from catalog.importing import changes, plan
from catalog.importing.faults import ImportRefused
from catalog.models import Product, Variant
from catalog.services.import_products import ImportReport, check_products, import_products
from catalog.services.prices import cut_price
from catalog.services.publication import publish
from kernel.models import Event
from storefronts.models import Storefront
from tests import make
from tests.catalog.shelf import GOOD, NOW, row, shelves, table


def check(shop: Storefront, *rows: dict[str, str]) -> list[tuple[int, str, str]]:
    report = check_products(storefront_id=shop.pk, file_name="f.csv", content=table(*rows), now=NOW)
    return [(fault.row, fault.column, fault.message) for fault in report.faults]


def bring_in(shop: Storefront, *rows: dict[str, str]) -> ImportReport:
    return import_products(storefront_id=shop.pk, file_name="f.csv", content=table(*rows), now=NOW)


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    return report.products_new, report.products_changed, report.variants_new, report.variants_changed


@pytest.mark.parametrize(
    ("changes", "column", "message"),
    [
        ({"product_code": "Rose Serum"}, "product_code", "not a code like rose-serum"),
        ({"product_code": ""}, "product_code", "must not be empty"),
        ({"category": "nothing"}, "category", "there is no such category"),
        ({"brand": "nobody"}, "brand", "there is no such brand"),
        ({"name_zh": ""}, "name_zh", "must not be empty"),
        ({"name_en": "x" * 161}, "name_en", "longer than 160 characters"),
        ({"name_en": "a\x07"}, "name_en", "holds control characters"),
        ({"sku": "RS 30"}, "sku", "not an SKU of 1 to 30 letters, digits, . _ -"),
        ({"options_zh": "容量"}, "options_zh", "not of the form “Shade=Rose; Size=30 ml”"),
        ({"options_en": ""}, "options_en", "does not match options_zh"),
        ({"price": "0"}, "price", "not between 0.01 and 10,000,000 yuan"),
        ({"price": "1.005"}, "price", "not an amount in yuan like 199.00"),
        ({"price": "¥5"}, "price", "not an amount in yuan like 199.00"),
        ({"price": "-5"}, "price", "not an amount in yuan like 199.00"),
        ({"weight_g": "1.5"}, "weight_g", "not a whole number from 1 to 100000"),
        ({"weight_g": "0"}, "weight_g", "not a whole number from 1 to 100000"),
        ({"price": "１９９"}, "price", "not an amount in yuan like 199.00"),
        ({"weight_g": "１２０"}, "weight_g", "not a whole number from 1 to 100000"),
        ({"bar_code": "4006381333932"}, "bar_code", "not a bar code (GTIN): wrong length or check digit"),
        (
            {"bar_code": "４００６３８１３３３９３１"},
            "bar_code",
            "not a bar code (GTIN): wrong length or check digit",
        ),
        ({"active": "perhaps"}, "active", "neither yes nor no"),
        (
            {"hs_code": "901210000"},
            "hs_code",
            "not 10 digits; format the column as text to keep leading zeros",
        ),
        (
            {"hs_code": "33049900３９"},
            "hs_code",
            "not 10 digits; format the column as text to keep leading zeros",
        ),
        ({"hs_code": "7701000000"}, "hs_code", "there is no chapter 77"),
        ({"origin": "303"}, "origin", "not an ISO country code like FR"),
        ({"origin": "CN"}, "origin", "imports do not originate in China"),
        ({"unit": "999"}, "unit", "not a customs unit like 142 or 瓶"),
        ({"legal_unit_1": ""}, "legal_unit_1", "must not be empty"),
        (
            {"legal_quantity_1": "0"},
            "legal_quantity_1",
            "not a positive number with at most 5 decimals",
        ),
        (
            {"legal_quantity_1": "0.000001"},
            "legal_quantity_1",
            "not a positive number with at most 5 decimals",
        ),
        ({"legal_unit_2": "011"}, "legal_quantity_2", "belongs together with legal_unit_2"),
        (
            {"legal_unit_2": "035", "legal_quantity_2": "1"},
            "legal_unit_2",
            "is the first unit again",
        ),
        ({"net_content_unit": ""}, "net_content_unit", "belongs together with net_content"),
        ({"net_content_unit": "kg"}, "net_content_unit", "none of ml, g, piece"),
        ({"spec_zh": "x" * 251}, "spec_zh", "longer than 250 characters"),
        ({"customs_confirmed": "no"}, "customs_note", "must say what is still to be confirmed"),
    ],
)
def test_a_bad_cell_is_named_by_row_and_column(
    shop: Storefront, changes: dict[str, str], column: str, message: str
) -> None:
    assert check(shop, row(product_code="good", sku="GOOD"), row(**changes)) == [(3, column, message)]


def test_a_bar_code_is_kept_without_its_hyphens_and_blanks(shop: Storefront) -> None:
    hyphen, blank = (
        row(bar_code="4006381-333931"),
        row(product_code="b", sku="B", bar_code=" 4 006381 333931"),
    )
    assert check(shop, hyphen, blank) == []
    bring_in(shop, hyphen, blank)
    assert {*Variant.objects.values_list("bar_code", flat=True)} == {"4006381333931"}


def test_every_fault_of_a_file_is_told_at_once_in_order_and_in_chinese_too(shop: Storefront) -> None:
    rows = [row(price="free", origin="XX"), row(sku="RS-50", hs_code="1"), row(category="no", name_zh="")]
    rows.append(row(product_code="f", sku="F", options_zh="=1+1", origin="=1+1"))  # not read at all
    report = check_products(storefront_id=shop.pk, file_name="f.csv", content=table(*rows), now=NOW)
    assert [(f.row, f.column) for f in report.faults] == [
        (2, "price"),
        (2, "origin"),
        (3, "hs_code"),
        (4, "category"),
        (4, "sku"),
        (5, "options_zh"),
        (5, "origin"),
    ]
    assert [f.message_zh for f in report.faults[3:5]] == ["与同一商品第 2 行不一致", "与第 2 行重复"]


def test_a_file_is_compared_some_products_at_a_time_with_the_same_result(
    shop: Storefront, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = ("p0", "p1", "p2")
    bring_in(shop, *(row(product_code=code, sku=code) for code in codes))
    further = {"options_zh": "容量=50ml", "options_en": "Size=50 ml"}
    lines = [row(product_code=code, sku=code, price="799.00") for code in (*codes, "new")]
    lines.append(row(product_code="p1", sku="p1-50", price="799.00", **further))

    def report() -> ImportReport:
        return check_products(storefront_id=shop.pk, file_name="f.csv", content=table(*lines), now=NOW)

    whole = report()
    assert (whole.products_new, whole.variants_new, whole.variants_changed, whole.rows) == (1, 2, 3, 5)
    held = []
    compare = changes.Changes._compare
    monkeypatch.setattr(changes, "BATCH", 2)
    monkeypatch.setattr(
        changes.Changes,
        "_compare",
        lambda self, of, plans, *more: (held.append(len(plans)), compare(self, of, plans, *more)),
    )
    assert (report(), held) == (whole, [2, 2])


def test_a_row_costs_the_same_however_many_are_wrong_before_it(shop: Storefront) -> None:
    def calls(rows: int) -> int:
        made = Counter[str]()
        bad = [row(product_code=f"p{n}", sku=f"S-{n}", price="free") for n in range(rows)]
        sys.setprofile(lambda frame, what, _: made.update([frame.f_code.co_filename]))
        try:
            assert len(check(shop, *bad)) == rows
        finally:
            sys.setprofile(None)
        return made[plan.__file__]

    assert calls(80) < 2.5 * calls(40)


def test_a_file_without_its_columns_is_told_which(shop: Storefront) -> None:
    lines = {name: value for name, value in GOOD.items() if name not in ("price", "origin")}
    assert check(shop, {**lines, "colour": "red"}) == [
        (1, "colour", "there is no such column"),
        (1, "price", "this column is missing"),
        (1, "origin", "this column is missing"),
    ]


def test_rows_of_one_product_must_agree_and_be_told_apart(shop: Storefront) -> None:
    assert check(shop, row(), row(sku="RS-31", name_en="Other")) == [
        (3, "name_en", "differs from row 2 of the same product")
    ]
    assert check(shop, row(), row(sku="RS-31")) == [(3, "options_zh", "same options as row 2")]
    assert check(shop, row(), row(sku="RS-31", active="no")) == []


def test_a_new_variant_is_told_apart_from_those_that_the_file_does_not_name(shop: Storefront) -> None:
    bring_in(shop, row())
    twin = row(sku="RS-31")
    assert check(shop, twin) == [(2, "options_zh", "same options as RS-30")]
    assert check(shop, {**twin, "active": "no"}) == []
    other = {"options_zh": "容量=31ml", "options_en": "Size=31 ml"}
    bring_in(shop, row(sku="RS-31", **other))
    Variant.objects.filter(sku="RS-31").update(options=Variant.objects.get(sku="RS-30").options)
    assert check(shop, {**twin, "price": "1.00"}) == []  # what stood so before stands as it did


def test_a_further_variant_need_not_tell_its_product_again(shop: Storefront) -> None:
    second = row(sku="RS-50", options_zh="容量=50ml", options_en="Size=50 ml", unit="瓶")
    for name in ("category", "brand", "name_zh", "name_en"):
        second[name] = ""
    assert counts(bring_in(shop, row(), second)) == (1, 0, 2, 0)
    assert list(Variant.objects.order_by("position").values_list("sku", "position", "unit")) == [
        ("RS-30", 0, "142"),
        ("RS-50", 1, "142"),
    ]


def test_with_one_fault_nothing_is_written(shop: Storefront) -> None:
    version = queries.version(shop.pk)
    with pytest.raises(ImportRefused) as refused, transaction.atomic():
        bring_in(shop, row(product_code="good", sku="GOOD"), row(price="free"))
    assert [(f.row, f.column) for f in refused.value.faults] == [(3, "price")]
    assert refused.value.facts()["count"] == 1
    assert Product.objects.count() == Variant.objects.count() == Event.objects.count() == 0
    assert queries.version(shop.pk) == version


def test_a_dry_run_tells_what_would_change_and_writes_nothing(
    shop: Storefront, django_capture_on_commit_callbacks: Any
) -> None:
    version = queries.version(shop.pk)
    content = table(row())
    report = check_products(storefront_id=shop.pk, file_name="f.csv", content=content, now=NOW)
    assert counts(report) == (1, 0, 1, 0)
    assert Product.objects.count() == 0
    assert queries.version(shop.pk) == version


def test_the_same_file_twice_changes_nothing(shop: Storefront) -> None:
    bring_in(shop, row())
    before = list(Variant.objects.values()), list(Product.objects.values())
    assert counts(bring_in(shop, row())) == (0, 0, 0, 0)
    assert (list(Variant.objects.values()), list(Product.objects.values())) == before
    assert Event.objects.filter(name="catalogue.imported").count() == 1


def test_a_known_sku_is_brought_up_to_date_and_stays_published(shop: Storefront) -> None:
    bring_in(shop, row())
    publish(storefront_id=shop.pk, code="rose-serum", now=NOW)
    bring_in(shop, row(price="799.00", name_zh="茉莉精华液"))
    card = queries.products(shop.pk, now=NOW, q="茉莉").items[0]
    assert (card["price_fen"], card["name"]["zh"]) == (79_900, "茉莉精华液")
    assert queries.products(shop.pk, now=NOW, q="玫瑰").items == []
    event = Event.objects.filter(name="catalogue.imported").order_by("-seq")[0]
    assert event.facts["prices"] == {"RS-30": [89_900, 79_900]}
    assert (event.facts["products_changed"], event.facts["variants_changed"]) == (1, 1)


def test_a_sku_cannot_move_to_another_product(shop: Storefront) -> None:
    bring_in(shop, row())
    assert check(shop, row(product_code="other")) == [(2, "sku", "belongs to the product rose-serum")]


def test_a_price_at_its_cut_is_a_fault(shop: Storefront) -> None:
    bring_in(shop, row())
    cut_price(
        storefront_id=shop.pk,
        sku="RS-30",
        price_fen=80_000,
        starts_at=NOW,
        ends_at=NOW + timedelta(days=1),
        name_zh="特惠",
        name_en="Sale",
        now=NOW,
    )
    assert check(shop, row(price="800.00")) == [(2, "price", "is not above its price cut")]
    assert check(shop, row(price="800.01")) == []


def test_what_is_on_sale_keeps_what_it_needs(shop: Storefront) -> None:
    bring_in(shop, row())
    publish(storefront_id=shop.pk, code="rose-serum", now=NOW)
    assert check(shop, row(e_label_zh="", is_food="yes")) == [
        (
            2,
            "sku",
            "RECALL-1: Food goes on sale only when one domestic food producer or trader is entrusted with "
            "its recall and on file.",
        ),
        (2, "e_label_zh", "the product is on sale"),
    ]
    doubt = {"customs_confirmed": "no", "customs_note": "待确认"}
    assert check(shop, row(**doubt)) == [(2, "customs_confirmed", "the product is on sale")]


def test_a_code_without_a_tariff_line_or_off_the_list_is_a_warning_until_it_is_there(
    shop: Storefront,
) -> None:
    report = bring_in(shop, row(), row(product_code="two", sku="TWO"))
    assert [(w.row, w.column, w.message) for w in report.warnings] == [
        (2, "hs_code", "no tariff line on file for 3304990039"),
        (2, "hs_code", "33049900 is not on the positive list"),
    ]
    make.tariff()
    assert bring_in(shop, row()).warnings == ()


def test_two_storefronts_may_use_the_same_codes(shop: Storefront) -> None:
    other = make.storefront("swift")
    shelves(other)
    bring_in(shop, row())
    bring_in(other, row(price="1.00"))
    assert Variant.objects.get(storefront=shop).price_fen == 89_900
    assert Variant.objects.get(storefront=other).price_fen == 100


def test_a_large_file_costs_a_bounded_number_of_statements(
    shop: Storefront, django_assert_max_num_queries: Any
) -> None:
    rows = [row(product_code=f"p-{n}", sku=f"P-{n}") for n in range(400)]
    with django_assert_max_num_queries(26):
        report = bring_in(shop, *rows)
    assert counts(report) == (400, 0, 400, 0)


def test_a_workbook_does_what_a_csv_does(shop: Storefront) -> None:
    book = Workbook()
    assert book.active is not None
    book.active.append(list(GOOD))
    book.active.append(list(GOOD.values()))
    out = io.BytesIO()
    book.save(out)
    import_products(storefront_id=shop.pk, file_name="f.xlsx", content=out.getvalue(), now=NOW)
    made = Variant.objects.get()
    assert (made.price_fen, made.origin_country, made.hs_code) == (89_900, "305", "3304990039")


def test_the_command_checks_then_imports(shop: Storefront, tmp_path: Any, capsys: Any) -> None:
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_bytes(table(row()))
    bad.write_bytes(table(row(price="free")))
    call_command("import_catalogue", str(good), storefront="maison", dry_run=True)
    assert Product.objects.count() == 0
    with pytest.raises(CommandError, match="row 2, price: not an amount"), transaction.atomic():
        call_command("import_catalogue", str(bad), storefront="maison")
    with pytest.raises(CommandError, match=r"^1 fault; nothing was written"):
        call_command("import_catalogue", str(bad), storefront="maison", dry_run=True)
    call_command("import_catalogue", str(good), storefront="maison")
    assert Product.objects.count() == 1
    assert capsys.readouterr().out.splitlines()[-1] == (
        "1 row: products 1 new, 0 changed; SKUs 1 new, 0 changed"
    )


def test_classes_of_goods_are_words_of_the_law(shop: Storefront) -> None:
    bring_in(shop, row(classes="meat; egg；egg", exclusion_ruled_out="yes"))
    kept = Variant.objects.get()
    assert (kept.classes, kept.exclusion_ruled_out) == (["egg", "meat"], True)
    [(number, column, message)] = check(shop, row(classes="eggs"))
    assert (number, column) == (2, "classes") and "infant_formula" in message
