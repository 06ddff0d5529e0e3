"""Two shelves, two brands, and rows of an import that are right as they stand."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import Any

from catalog.services.import_products import import_products
from catalog.services.publication import publish
from catalog.services.shelves import put_brand, put_category
from storefronts.models import Storefront

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
GOOD = {
    "product_code": "rose-serum",
    "category": "skincare",
    "brand": "aube",
    "name_zh": "玫瑰焕亮精华液",
    "name_en": "Rose Radiance Serum",
    "sku": "RS-30",
    "options_zh": "容量=30ml",
    "options_en": "Size=30 ml",
    "price": "899.00",
    "weight_g": "120",
    "hs_code": "3304990039",
    "origin": "FR",
    "unit": "142",
    "legal_unit_1": "035",
    "legal_quantity_1": "0.03",
    "net_content": "30",
    "net_content_unit": "ml",
    "spec_zh": "精华液|30毫升/瓶",
    "e_label_zh": "产品名称：玫瑰焕亮精华液",
    "customs_confirmed": "yes",
}


def row(**changes: str) -> dict[str, str]:
    """A good row with changes."""
    return {**GOOD, **changes}


def table(*rows: dict[str, str]) -> bytes:
    """Rows as the CSV file that a merchant would send."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(dict.fromkeys(name for r in rows for name in r)), restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def product(shop: Storefront, code: str, *, price: str = "100.00", now: datetime = NOW, **more: Any) -> None:
    """One product with one variant, imported and published as a merchant would."""
    line = row(product_code=code, sku=code.upper(), price=price, options_zh="", options_en="", **more)
    import_products(storefront_id=shop.pk, file_name="one.csv", content=table(line), now=now)
    publish(storefront_id=shop.pk, code=code, now=now)


def shelves(shop: Storefront) -> None:
    put_category(storefront_id=shop.pk, code="beauty", name_zh="美妆", name_en="Beauty")
    put_category(storefront_id=shop.pk, code="skincare", name_zh="护肤", name_en="Skincare", parent="beauty")
    put_category(storefront_id=shop.pk, code="coffee", name_zh="咖啡", name_en="Coffee", position=1)
    put_brand(storefront_id=shop.pk, code="aube", name_zh="欧本", name_en="Aube", origin_country="FR")
    put_brand(storefront_id=shop.pk, code="nero", name_zh="尼洛", name_en="Nero", origin_country="IT")
