"""A product is shown only when each of its pieces can be sold and declared, and food can be recalled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from catalog.models import Product, Variant
from catalog.services.editing import editing
from catalog.services.present_prices import refresh_products
from catalog.states import PRODUCT
from kernel.errors import Conflict, Missing, Refusal, Refused
from storefronts.models import LegalParty

NO_RECALL_FIRM = Refusal(
    rule="CATALOG-FOOD-RECALL",
    sentence="Food goes on sale only with a domestic food recall firm on file.",
    sentence_zh="跨境电商零售进口食品须先委托境内食品生产经营者承担召回，方可上架。",
    citation="市场监管总局 商务部公告2026年第1号",
)


@dataclass(eq=False)
class NoSuchProduct(Missing):
    """The storefront has no product with this code, or it is not shown."""

    code = "product_not_found"
    title = "There is no product {product}."
    title_zh = "商品 {product} 不存在。"
    product: str


@dataclass(eq=False)
class NotReady(Conflict):
    """Something that a shown product needs is missing; every lack is listed."""

    code = "product_not_ready"
    title = "The product {product} is not ready to be shown: {lacks}."
    title_zh = "商品 {product} 尚不能上架：{lacks}。"
    product: str
    lacks: list[str]


def publish(*, storefront_id: int, code: str, now: datetime) -> None:
    """Show a product, for the first time or again.

    Raises NoSuchProduct, NotReady with every lack, Refused when food has no recall firm, or WrongState.
    """

    def show(product: Product) -> None:
        _check(product)
        refresh_products([product.pk], now=now)
        if product.state == "withdrawn":
            PRODUCT.move(product, "republish", now=now)
        else:
            PRODUCT.move(product, "publish", now=now, published_at=now)

    _change(storefront_id, code, show)


def withdraw(*, storefront_id: int, code: str, now: datetime, reason: str = "") -> None:
    """Take a product off the shelves at once. Raises NoSuchProduct or WrongState."""
    _change(
        storefront_id,
        code,
        lambda product: PRODUCT.move(product, "withdraw", now=now, facts={"reason": reason}),
    )


def _change(storefront_id: int, code: str, change: Callable[[Product], None]) -> None:
    with editing(storefront_id):
        product = Product.objects.select_for_update().filter(storefront_id=storefront_id, code=code).first()
        if product is None:
            raise NoSuchProduct(product=code)
        change(product)


def _check(product: Product) -> None:
    variants = list(Variant.objects.filter(product=product, active=True).order_by("position", "id"))
    lacks = [] if variants else ["an active item 可售规格"]
    lacks += [f"{v.sku}: Chinese e-label 中文电子标签" for v in variants if not v.e_label_zh.strip()]
    if lacks:
        raise NotReady(product=product.code, lacks=lacks)
    if any(v.is_food for v in variants) and not has_recall_firm(product.storefront_id):
        raise Refused((NO_RECALL_FIRM,))


def has_recall_firm(storefront_id: int) -> bool:
    """Whether the storefront has named the domestic firm that recalls its food."""
    return LegalParty.objects.filter(storefront_id=storefront_id, role=LegalParty.Role.FOOD_RECALL).exists()
