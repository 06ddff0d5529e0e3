"""A product is shown only when it can be sold, declared and, if it is food, recalled."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import transaction

import catalog
from catalog.models import Product, Variant
from catalog.queries import priced_variants
from catalog.services.import_products import import_products
from catalog.services.publication import NoSuchProduct, NotReady, publish, withdraw
from catalog.states import PRODUCT
from kernel.errors import Refused
from kernel.models import Event
from kernel.states import WrongState
from storefronts.models import LegalParty, Storefront
from tests.catalog.shelf import NOW, row, table


def bring_in(shop: Storefront, **changes: str) -> None:
    content = table(row(product_code="p", sku="P", **changes))
    import_products(storefront_id=shop.pk, file_name="f.csv", content=content, now=NOW)


def state() -> str:
    return Product.objects.get(code="p").state


def test_a_product_is_published_withdrawn_and_published_again(shop: Storefront) -> None:
    bring_in(shop)
    publish(storefront_id=shop.pk, code="p", now=NOW)
    withdraw(storefront_id=shop.pk, code="p", now=NOW, reason="label")
    assert state() == "withdrawn"
    publish(storefront_id=shop.pk, code="p", now=NOW)
    assert (state(), Product.objects.get(code="p").published_at) == ("published", NOW)
    row_key = Product.objects.get(code="p").event_key
    assert list(Event.objects.filter(key=row_key).order_by("seq").values_list("name", flat=True)) == [
        "product.published",
        "product.withdrawn",
        "product.published",
    ]


def test_a_product_without_its_chinese_e_label_is_not_shown(shop: Storefront) -> None:
    bring_in(shop, e_label_zh="")
    with pytest.raises(NotReady) as refused, transaction.atomic():
        publish(storefront_id=shop.pk, code="p", now=NOW)
    assert refused.value.lacks == ["P: Chinese e-label 中文电子标签"]
    assert state() == "draft"


def test_what_nobody_has_classified_for_certain_is_neither_shown_nor_sold(shop: Storefront) -> None:
    bring_in(shop)
    publish(storefront_id=shop.pk, code="p", now=NOW)
    assert priced_variants(shop.pk, ["P"], NOW)["P"].on_sale
    doubt = {"customs_confirmed": False, "customs_note": "两位附加编号待确认"}
    Variant.objects.update(**doubt)  # an import refuses this of what is shown
    assert not priced_variants(shop.pk, ["P"], NOW)["P"].on_sale
    withdraw(storefront_id=shop.pk, code="p", now=NOW)
    with pytest.raises(NotReady) as refused, transaction.atomic():
        publish(storefront_id=shop.pk, code="p", now=NOW)
    assert refused.value.lacks == ["P: confirmed classification 归类确认"]
    assert state() == "withdrawn"


def test_a_product_without_an_active_item_is_not_shown(shop: Storefront) -> None:
    bring_in(shop)
    Variant.objects.update(active=False)
    with pytest.raises(NotReady), transaction.atomic():
        publish(storefront_id=shop.pk, code="p", now=NOW)
    assert state() == "draft"


def test_food_is_not_shown_until_a_recall_firm_is_on_file(shop: Storefront) -> None:
    bring_in(shop, is_food="yes")
    with pytest.raises(Refused) as refused, transaction.atomic():
        publish(storefront_id=shop.pk, code="p", now=NOW)
    assert [r.rule for r in refused.value.refusals] == ["RECALL-1"]
    assert refused.value.refusals[0].citation.startswith("市场监管总局 商务部公告2026年第1号")
    assert state() == "draft"
    LegalParty.objects.create(storefront=shop, role="food_recall", name="召回公司", country="CN")
    publish(storefront_id=shop.pk, code="p", now=NOW)
    assert state() == "published"


def test_what_is_not_there_or_not_shown_cannot_be_withdrawn(shop: Storefront) -> None:
    with pytest.raises(NoSuchProduct), transaction.atomic():
        withdraw(storefront_id=shop.pk, code="p", now=NOW)
    bring_in(shop)
    with pytest.raises(WrongState), transaction.atomic():
        withdraw(storefront_id=shop.pk, code="p", now=NOW)
    assert state() == "draft"


def test_the_picture_in_the_readme_is_the_state_table() -> None:
    readme = Path(catalog.__file__).parent / "README.md"
    assert PRODUCT.picture() in readme.read_text(encoding="utf-8")
