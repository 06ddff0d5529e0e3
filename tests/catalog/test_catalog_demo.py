"""The demo assortment is a real one, and loading it twice is loading it once."""

from __future__ import annotations

import csv
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from PIL import Image

from catalog import queries, reference
from catalog.demo import load, pictures
from catalog.models import Category, Media, PriceCut, Product, Variant
from storefronts.models import LegalParty, Storefront
from tests import make
from tests.catalog.shelf import NOW

FOODS = ("supplements", "infant-food", "wine", "coffee", "pantry")


@pytest.fixture
def empty(db: None) -> Storefront:
    shop = make.storefront()
    LegalParty.objects.create(storefront=shop, role="food_recall", name="召回公司", country="CN")
    return shop


@pytest.fixture
def _no_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "draw", lambda *_: 0)


def bring_in(shop: Storefront, media: Path) -> load.Loaded:
    return load.load(storefront_id=shop.pk, storefront_code=shop.code, media_root=media, now=NOW)


def test_the_assortment_has_nine_shelves_and_every_sku_is_declarable(
    empty: Storefront, tmp_path: Path, _no_drawing: None
) -> None:
    done = bring_in(empty, tmp_path)
    assert (done.imported.rows, done.published, done.held_back, done.on_sale) == (142, 75, 0, 3)
    tree = queries.categories(empty.pk)
    assert [node["code"] for node in tree] == [
        "cosmetics",
        "perfume",
        "supplements",
        "infant-food",
        "wine",
        "coffee",
        "apparel",
        "appliances",
        "pantry",
    ]
    for node in tree:
        page = queries.products(empty.pk, now=NOW, category=node["code"], limit=50)
        assert len(page.items) >= (3 if node["code"] == "pantry" else 7)
    countries, units = reference.countries(), reference.units()
    for v in Variant.objects.select_related("product"):
        assert v.origin_country == countries[v.origin_iso].customs_code
        assert {v.unit, v.legal_unit_1, v.legal_unit_2 or v.unit} <= set(units)
        assert v.e_label_zh.startswith(f"产品名称：{v.product.name_zh}")
        assert v.product.description_zh and v.product.description_en


def test_the_journey_finds_what_it_needs_to_show(
    empty: Storefront, tmp_path: Path, _no_drawing: None
) -> None:
    bring_in(empty, tmp_path)
    variants = Variant.objects.filter(active=True)
    over = variants.filter(price_fen__gt=500_000, price_fen__lt=2_600_000)
    assert sorted(over.values_list("sku", "price_fen")) == [
        ("COR-059-IVO-L", 628_000),
        ("COR-059-IVO-M", 628_000),
        ("FON-065-CRM", 648_000),
        ("FON-065-STL", 628_000),
    ]
    below = variants.filter(price_fen__gt=100_000, price_fen__lte=260_000)
    assert sum(sorted(below.values_list("price_fen", flat=True))[-3:]) > 500_000
    per_ml = {
        v.sku: Decimal(v.price_fen) / 100 / v.net_content
        for v in variants.filter(hs_code__startswith="33049900", net_content_unit="ml")
        if v.net_content
    }
    assert per_ml["AUB-001-30"] > 10 > per_ml["AUB-003-200"]
    assert variants.filter(hs_code__startswith="220421", net_content=750, adult_only=True).count() >= 4


def test_foods_wait_for_a_recall_firm(db: None, tmp_path: Path, _no_drawing: None) -> None:
    shop = make.storefront()
    done = bring_in(shop, tmp_path)
    assert (done.published, done.held_back) == (41, 34)
    held = Product.objects.filter(state="draft")
    firsts = Category.objects.filter(pk__in=held.values("category__parent"))
    assert set(firsts.values_list("code", flat=True)) == set(FOODS)


def test_twice_is_once_and_pictures_are_drawn_quickly(
    empty: Storefront, settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path
    began = time.process_time()
    call_command("load_demo_catalogue", storefront="maison")
    assert time.process_time() - began < 20
    version = queries.version(empty.pk)
    first = (
        Product.objects.count(),
        Variant.objects.count(),
        Media.objects.count(),
        PriceCut.objects.count(),
    )
    assert first == (75, 142, 75, 3)
    for media in Media.objects.all():
        assert (tmp_path / media.path).stat().st_size > 5_000
        with Image.open(tmp_path / media.thumbnail_path) as thumbnail:
            assert thumbnail.size == (320, 320)
    with Image.open(tmp_path / Media.objects.all()[0].path) as picture:
        assert picture.size == (800, 800)
    done = bring_in(empty, tmp_path)
    assert (done.published, done.drawn, done.on_sale) == (0, 0, 0)
    assert (done.imported.products_new, done.imported.variants_changed) == (0, 0)
    assert queries.version(empty.pk) > version  # its shelves were put in place again
    again = (
        Product.objects.count(),
        Variant.objects.count(),
        Media.objects.count(),
        PriceCut.objects.count(),
    )
    assert again == first


def test_a_picture_is_the_same_every_time_and_every_product_differs() -> None:
    with (Path(load.__file__).parent / "products.csv").open(encoding="utf-8", newline="") as file:
        firsts = [line for line in csv.DictReader(file) if line["category"]]
    seen: dict[bytes, str] = {}
    for line in firsts[::6]:
        told = {
            "code": line["product_code"],
            "category": line["category"],
            "brand": line["brand"],
            "brand_name": line["brand"],
            "name": line["name_en"],
        }
        drawn = pictures.draw(**told).tobytes()
        assert drawn == pictures.draw(**told).tobytes()
        assert seen.setdefault(drawn, line["product_code"]) == line["product_code"]
