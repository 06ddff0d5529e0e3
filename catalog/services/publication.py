"""A product is shown only when each of its pieces can be sold and declared, and food can be recalled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from catalog.models import Product, Variant
from catalog.services.editing import editing
from catalog.services.present_prices import refresh_products
from catalog.states import PRODUCT
from compliance.facts import Goods, LineFacts
from compliance.judge import judge_offer
from compliance.law import Law
from kernel.clock import shanghai_day
from kernel.errors import Conflict, Missing, Refusal, Refused
from storefronts import queries as storefronts


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


def publish(*, storefront_id: int, code: str, now: datetime, by: str = "") -> None:
    """Show a product, for the first time or again.

    Raises NoSuchProduct, NotReady with every lack, Refused when the law is against it (food without a recall
    firm on file), or WrongState.
    """

    def show(product: Product) -> None:
        _check(product, now)
        refresh_products([product.pk], now=now)
        facts = {"by": by} if by else {}
        if product.state == "withdrawn":
            PRODUCT.move(product, "republish", now=now, facts=facts)
        else:
            PRODUCT.move(product, "publish", now=now, facts=facts, published_at=now)

    _change(storefront_id, code, show)


def withdraw(*, storefront_id: int, code: str, now: datetime, reason: str = "", by: str = "") -> None:
    """Take a product off the shelves at once. Raises NoSuchProduct or WrongState."""
    facts = {"reason": reason, **({"by": by} if by else {})}
    _change(storefront_id, code, lambda product: PRODUCT.move(product, "withdraw", now=now, facts=facts))


def _change(storefront_id: int, code: str, change: Callable[[Product], None]) -> None:
    with editing(storefront_id):
        product = Product.objects.select_for_update().filter(storefront_id=storefront_id, code=code).first()
        if product is None:
            raise NoSuchProduct(product=code)
        change(product)


def _check(product: Product, now: datetime) -> None:
    variants = list(Variant.objects.filter(product=product, active=True).order_by("position", "id"))
    lacks = [] if variants else ["an active item 可售规格"]
    lacks += [f"{v.sku}: Chinese e-label 中文电子标签" for v in variants if not labelled(v)]
    lacks += [f"{v.sku}: confirmed classification 归类确认" for v in variants if not v.customs_confirmed]
    if lacks:
        raise NotReady(product=product.code, lacks=lacks)
    refusals = refusals_of_offer(variants, storefronts.roles_on_file(product.storefront_id), now)
    if refusals:
        raise Refused(refusals)


def labelled(variant: Variant) -> bool:
    """Whether it has its Chinese e-label, without which it is not shown."""
    return bool(variant.e_label_zh.strip())


def refusals_of_offer(
    variants: Iterable[Variant], parties: Mapping[str, str], now: datetime
) -> tuple[Refusal, ...]:
    """What the law has against putting these variants on sale, whoever would buy them; none need be saved.

    `parties` maps the roles on file to their countries.
    """
    lines = [
        LineFacts(
            sku=v.sku,
            hs_code=v.hs_code,
            quantity=1,
            goods_fen=v.price_fen,
            goods=Goods(
                classes=v.classes,
                is_food=v.is_food,
                adult_only=v.adult_only,
                exclusion_ruled_out=v.exclusion_ruled_out,
            ),
        )
        for v in variants
    ]
    return judge_offer(lines=lines, parties=parties, law=Law(shanghai_day(now))).refusals
