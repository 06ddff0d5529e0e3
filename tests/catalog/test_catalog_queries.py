"""Pages, details and prices, in a constant number of statements."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from catalog import queries
from catalog.cursors import BadCursor
from catalog.models import Product, Variant
from catalog.services.import_products import import_products
from catalog.services.prices import cut_price
from catalog.services.publication import NoSuchProduct, withdraw
from catalog.services.shelves import Picture, put_pictures
from compliance.law import Law
from compliance.notice import return_exclusion
from storefronts.models import Storefront
from tests import make, make_tables
from tests.catalog.shelf import NOW, product, row, shelves, table


def codes(page: queries.Page) -> list[str]:
    return [item["code"] for item in page.items]


def walk(shop: Storefront, limit: int, **asked: Any) -> list[str]:
    """Every code, page by page."""
    found: list[str] = []
    cursor = ""
    while True:
        page = queries.products(shop.pk, now=NOW, limit=limit, cursor=cursor, **asked)
        found += codes(page)
        if page.next_cursor is None:
            return found
        cursor = page.next_cursor


@pytest.fixture
def five(shop: Storefront) -> Storefront:
    """Five products, oldest first; two cost the same."""
    for number, (code, price, more) in enumerate(
        [
            ("a-cream", "300.00", {"name_zh": "玫瑰面霜", "name_en": "Rose Cream"}),
            ("b-toner", "100.00", {"name_zh": "百合爽肤水", "name_en": "Lily Toner"}),
            ("c-serum", "300.00", {"name_zh": "玫瑰精华液", "name_en": "Rose Serum"}),
            (
                "d-beans",
                "68.50",
                {"category": "coffee", "brand": "nero", "name_zh": "咖啡豆", "name_en": "Beans"},
            ),
            ("e-mask", "59.00", {"category": "beauty", "name_zh": "面膜", "name_en": "Sheet Mask"}),
        ]
    ):
        product(shop, code, price=price, now=NOW + timedelta(minutes=number), **more)
    return shop


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
def test_pages_of_any_size_tell_every_product_once_and_in_order(five: Storefront, limit: int) -> None:
    Product.objects.filter(code="b-toner").update(sold_count=7)
    assert walk(five, limit) == ["e-mask", "d-beans", "c-serum", "b-toner", "a-cream"]
    assert walk(five, limit, sort="price") == ["e-mask", "d-beans", "b-toner", "a-cream", "c-serum"]
    assert walk(five, limit, sort="-price") == ["c-serum", "a-cream", "b-toner", "d-beans", "e-mask"]
    assert walk(five, limit, sort="sold") == ["b-toner", "e-mask", "d-beans", "c-serum", "a-cream"]
    assert sorted(walk(five, limit, q="玫瑰")) == ["a-cream", "c-serum"]


def test_a_page_costs_two_statements_however_many_products_and_filters(
    five: Storefront, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(2):
        page = queries.products(five.pk, now=NOW)
    assert len(page.items) == 5
    with django_assert_num_queries(2):
        page = queries.products(
            five.pk, now=NOW, category="beauty", brand="aube", q="玫瑰", min_price_fen=1, max_price_fen=30_000
        )
    assert sorted(codes(page)) == ["a-cream", "c-serum"]


def test_a_card_has_what_a_list_shows(shop: Storefront) -> None:
    content = table(
        row(),
        row(sku="RS-50", options_zh="容量=50ml", options_en="Size=50 ml", price="1299.00", net_content="50"),
        row(sku="RS-99", options_zh="容量=99ml", options_en="Size=99 ml", price="1.00", active="no"),
    )
    import_products(storefront_id=shop.pk, file_name="f.csv", content=content, now=NOW)
    assert queries.products(shop.pk, now=NOW).items == []  # a draft is not shown
    from catalog.services.publication import publish

    publish(storefront_id=shop.pk, code="rose-serum", now=NOW)
    put_pictures(storefront_id=shop.pk, pictures={"rose-serum": Picture("c/a.webp", "c/b.webp", 800, 800)})
    assert queries.products(shop.pk, now=NOW).items == [
        {
            "code": "rose-serum",
            "name": {"zh": "玫瑰焕亮精华液", "en": "Rose Radiance Serum"},
            "subtitle": {"zh": "", "en": ""},
            "brand": {"code": "aube", "name": {"zh": "欧本", "en": "Aube"}},
            "category": "skincare",
            "price_fen": 89_900,
            "list_price_fen": 89_900,
            "price_varies": True,
            "skus": ["RS-30", "RS-50"],
            "picture": {
                "url": "/media/c/a.webp",
                "thumbnail_url": "/media/c/b.webp",
                "alt": {"zh": "玫瑰焕亮精华液", "en": "Rose Radiance Serum"},
                "width": 800,
                "height": 800,
            },
        }
    ]


def test_a_category_takes_its_descendants_with_it(five: Storefront) -> None:
    assert walk(five, 50, category="beauty") == ["e-mask", "c-serum", "b-toner", "a-cream"]
    assert walk(five, 50, category="skincare") == ["c-serum", "b-toner", "a-cream"]
    assert walk(five, 50, category="nothing") == []


def test_price_bounds_are_included(five: Storefront) -> None:
    assert walk(five, 50, min_price_fen=6_850, max_price_fen=10_000) == ["d-beans", "b-toner"]


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("精华", ["c-serum"]),
        ("玫瑰精华液", ["c-serum"]),
        ("霜", ["a-cream"]),
        ("ROSÉ ser", ["c-serum"]),
        ("C-SERUM", ["c-serum"]),
        ("nero", ["d-beans"]),
        ("尼洛 咖啡", ["d-beans"]),
        ("百合 玫瑰", []),
        ("'; DROP", []),
        ("？！", []),
    ],
)
def test_search_finds_words_of_names_brand_category_and_sku(
    five: Storefront, q: str, found: list[str]
) -> None:
    assert codes(queries.products(five.pk, now=NOW, q=q)) == found


def test_a_name_counts_more_than_a_description(shop: Storefront) -> None:
    product(shop, "said", name_zh="面膜", name_en="Mask", description_zh="含有玫瑰成分")
    product(shop, "named", name_zh="玫瑰面膜", name_en="Rose Mask")
    assert codes(queries.products(shop.pk, now=NOW, q="玫瑰")) == ["named", "said"]


@pytest.mark.parametrize("cursor", ["x", "WzFd", "bnVsbA", "W10", "é"])
def test_a_cursor_that_no_list_made_is_refused(five: Storefront, cursor: str) -> None:
    with pytest.raises(BadCursor):
        queries.products(five.pk, now=NOW, cursor=cursor)


def test_a_cursor_of_another_sort_is_refused(five: Storefront) -> None:
    cursor = queries.products(five.pk, now=NOW, sort="price", limit=1).next_cursor
    assert cursor is not None
    with pytest.raises(BadCursor):
        queries.products(five.pk, now=NOW, sort="-price", cursor=cursor)


def test_a_page_has_fifty_products_at_most(shop: Storefront) -> None:
    lines = [row(product_code=f"p-{n}", sku=f"P-{n}") for n in range(51)]
    import_products(storefront_id=shop.pk, file_name="f.csv", content=table(*lines), now=NOW)
    Product.objects.update(state="published", published_at=NOW)
    page = queries.products(shop.pk, now=NOW, limit=1000)
    assert (len(page.items), page.next_cursor is None) == (50, False)


def test_another_storefront_sees_nothing_of_this_one(five: Storefront) -> None:
    other = make.storefront("swift")
    shelves(other)
    assert queries.products(other.pk, now=NOW).items == []
    assert queries.products(other.pk, now=NOW, q="玫瑰").items == []
    assert queries.priced_variants(other.pk, ["A-CREAM"], NOW) == {}
    with pytest.raises(NoSuchProduct):
        queries.product(other.pk, "a-cream", now=NOW)


def test_a_product_is_told_in_five_statements(shop: Storefront, django_assert_num_queries: Any) -> None:
    product(shop, "serum", price="899.00")
    make_tables.tariff()
    make_tables.listed("33049900", remark="仅限网购保税商品", only_modes=["1210"], limit_group="sugar")
    with django_assert_num_queries(5):
        told = queries.product(shop.pk, "serum", now=NOW)
    assert told == {
        "code": "serum",
        "name": {"zh": "玫瑰焕亮精华液", "en": "Rose Radiance Serum"},
        "subtitle": {"zh": "", "en": ""},
        "description": {"zh": "", "en": ""},
        "brand": {"code": "aube", "name": {"zh": "欧本", "en": "Aube"}, "origin_country": "FR"},
        "category": {"code": "skincare", "name": {"zh": "护肤", "en": "Skincare"}},
        "pictures": [],
        "variants": [
            {
                "sku": "SERUM",
                "options": {},
                "price_fen": 89_900,
                "list_price_fen": 89_900,
                "cut": None,
                "weight_g": 120,
                "bar_code": "",
                "hs_code": "3304990039",
                "origin": {"country": "FR", "name": {"zh": "法国", "en": "France"}},
                "unit": "瓶",
                "net_content": {"value": "30", "unit": "ml"},
                "spec_zh": "精华液|30毫升/瓶",
                "e_label_zh": "产品名称：玫瑰焕亮精华液",
                "is_food": False,
                "adult_only": False,
                "return_exclusion": None,
                "listing": {"remark": "仅限网购保税商品", "only_modes": ["1210"], "grams_per_year": 2_000},
                "tax": {
                    "composite_rate": "23.06",
                    "duty_rate": "0",
                    "vat_rate": "13",
                    "excise_rate": "15",
                    "excise_by_quantity": False,
                    "levied_share": "70",
                    "tax_fen": 20_730,
                },
            }
        ],
    }
    make_tables.listed("33049900", listed=False)
    assert queries.product(shop.pk, "serum", now=NOW)["variants"][0]["listing"] is None


@pytest.mark.parametrize(
    ("hs_code", "marked", "told"),
    [
        ("3304990039", {}, (False, False)),
        ("0901210000", {}, (True, False)),
        ("2204210000", {}, (True, True)),
        ("2402200000", {}, (False, True)),
        ("3304990039", {"is_food": True, "adult_only": True}, (True, True)),
    ],
)
def test_a_page_says_food_and_adults_only_where_the_rules_do_and_what_may_be_kept_from_return(
    shop: Storefront, hs_code: str, marked: dict[str, bool], told: tuple[bool, bool]
) -> None:
    product(shop, "serum")
    Variant.objects.filter(sku="SERUM").update(hs_code=hs_code, return_exclusion="opened", **marked)
    (shown,) = queries.product(shop.pk, "serum", now=NOW)["variants"]
    assert (shown["is_food"], shown["adult_only"]) == told
    wording = return_exclusion(Law(NOW.date()), "opened")
    text = {"zh": " ".join(wording.zh), "en": " ".join(wording.en)}
    assert shown["return_exclusion"] == {"ground": "opened", "text": text}


def test_a_withdrawn_product_is_not_told(five: Storefront) -> None:
    withdraw(storefront_id=five.pk, code="a-cream", now=NOW)
    with pytest.raises(NoSuchProduct):
        queries.product(five.pk, "a-cream", now=NOW)
    assert "a-cream" not in walk(five, 50)


def test_priced_variants_carry_price_and_customs_attributes_in_one_statement(
    five: Storefront, django_assert_num_queries: Any
) -> None:
    cut_price(
        storefront_id=five.pk,
        sku="A-CREAM",
        price_fen=25_000,
        starts_at=NOW,
        ends_at=NOW + timedelta(days=1),
        name_zh="特惠",
        name_en="Sale",
        now=NOW,
    )
    withdraw(storefront_id=five.pk, code="b-toner", now=NOW)
    with django_assert_num_queries(1):
        found = queries.priced_variants(five.pk, ["A-CREAM", "B-TONER", "NOPE"], NOW)
    assert sorted(found) == ["A-CREAM", "B-TONER"]
    assert found["A-CREAM"] == queries.PricedVariant(
        variant_id=Variant.objects.get(sku="A-CREAM").pk,
        sku="A-CREAM",
        product_id=Product.objects.get(code="a-cream").pk,
        product_code="a-cream",
        name_zh="玫瑰面霜",
        name_en="Rose Cream",
        brand_zh="欧本",
        brand_en="Aube",
        options={},
        price_fen=25_000,
        list_price_fen=30_000,
        cut_zh="特惠",
        cut_en="Sale",
        cut_ends_at=NOW + timedelta(days=1),
        weight_g=120,
        bar_code="",
        hs_code="3304990039",
        origin_country="305",
        origin_iso="FR",
        unit="142",
        legal_unit_1="035",
        legal_quantity_1=Decimal("0.03"),
        legal_unit_2=None,
        legal_quantity_2=None,
        net_content=Decimal(30),
        net_content_unit="ml",
        spec_zh="精华液|30毫升/瓶",
        is_food=False,
        adult_only=False,
        return_exclusion="",
        classes=[],
        exclusion_ruled_out=False,
        on_sale=True,
        thumbnail_path=None,
        promotion=None,
    )
    assert found["B-TONER"].on_sale is False


def test_the_category_tree_and_the_brands_cost_a_statement_each(
    shop: Storefront, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(1):
        tree = queries.categories(shop.pk)
    assert tree == [
        {
            "code": "beauty",
            "name": {"zh": "美妆", "en": "Beauty"},
            "children": [{"code": "skincare", "name": {"zh": "护肤", "en": "Skincare"}, "children": []}],
        },
        {"code": "coffee", "name": {"zh": "咖啡", "en": "Coffee"}, "children": []},
    ]
    with django_assert_num_queries(1):
        found = queries.brands(shop.pk)
    assert [brand["code"] for brand in found] == ["aube", "nero"]


def test_the_version_grows_with_every_change_and_is_zero_before(shop: Storefront) -> None:
    before = queries.version(shop.pk)
    product(shop, "serum")
    assert queries.version(shop.pk) == before + 2  # the import and the publication
    assert queries.version(make.storefront("swift").pk) == 0
