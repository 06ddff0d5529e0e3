"""A public price and its public cuts: a cut is always below the price, and one cut holds at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from catalog.models import PriceCut, Variant
from catalog.services.editing import editing
from catalog.services.present_prices import refresh_products
from catalog.services.public_prices import publish_cut, publish_end_of_cut, publish_list_prices
from kernel import events
from kernel.errors import Conflict, Invalid, Missing


@dataclass(eq=False)
class NoSuchVariant(Missing):
    """The storefront has no variant with this SKU."""

    code = "variant_not_found"
    title = "There is no item {sku}."
    title_zh = "商品规格 {sku} 不存在。"
    sku: str


@dataclass(eq=False)
class BadPrice(Invalid):
    """A price is a positive number of fen; a cut is lower than the price and ends after it began."""

    code = "bad_price"
    title = "The price of {sku} is not possible: {why}."
    title_zh = "商品 {sku} 的价格无效：{why_zh}。"
    sku: str
    why: str
    why_zh: str


@dataclass(eq=False)
class CutInTheWay(Conflict):
    """A price cut that runs or is to come stands against this change."""

    code = "price_cut_in_the_way"
    title = "The price cut “{cut}” of {sku} from {starts_at} to {ends_at} is in the way."
    title_zh = "商品 {sku} 的降价活动“{cut}”（{starts_at} 至 {ends_at}）与此冲突。"
    sku: str
    cut: str
    starts_at: str
    ends_at: str


def set_price(*, storefront_id: int, sku: str, price_fen: int, now: datetime) -> None:
    """Set the public price of one piece, in fen, tax excluded; the old one stays in its public history.

    Raises NoSuchVariant, BadPrice, or CutInTheWay when a cut that runs or is to come is not below it.
    """
    if price_fen <= 0:
        raise BadPrice(sku=sku, why="it must be above zero", why_zh="价格必须大于零")
    with editing(storefront_id):
        variant = _locked(storefront_id, sku)
        above = PriceCut.objects.filter(variant=variant, ends_at__gt=now, price_fen__gte=price_fen)
        refuse_first(sku, above.order_by("starts_at").first())
        if variant.price_fen == price_fen:
            return
        before = variant.price_fen
        Variant.objects.filter(pk=variant.pk).update(price_fen=price_fen)
        publish_list_prices(storefront_id=storefront_id, prices={variant.pk: price_fen}, now=now)
        refresh_products([variant.product_id], now=now)
        events.record(
            storefront_id=storefront_id,
            name="variant.priced",
            key=f"variant:{variant.pk}",
            facts={"sku": sku, "from_fen": before, "to_fen": price_fen},
            now=now,
        )


def cut_price(
    *,
    storefront_id: int,
    sku: str,
    price_fen: int,
    starts_at: datetime,
    ends_at: datetime,
    name_zh: str,
    name_en: str,
    now: datetime,
    promotion: str = "",
) -> PriceCut:
    """Announce a public price cut from `starts_at` until just before `ends_at`, open to every consumer.

    The cuts of one `promotion` (a code) are shown together. Raises NoSuchVariant, BadPrice, or CutInTheWay
    when another cut of the variant overlaps it.
    """
    if price_fen <= 0:
        raise BadPrice(sku=sku, why="it must be above zero", why_zh="价格必须大于零")
    if not starts_at < ends_at or ends_at <= now:
        raise BadPrice(sku=sku, why="the cut must end after it began, and after now", why_zh="活动时间无效")
    with editing(storefront_id):
        variant = _locked(storefront_id, sku)
        if price_fen >= variant.price_fen:
            raise BadPrice(sku=sku, why="a cut must be below the price", why_zh="活动价必须低于原价")
        overlapping = Q(starts_at__lt=ends_at, ends_at__gt=starts_at)
        refuse_first(sku, PriceCut.objects.filter(overlapping, variant=variant).order_by("starts_at").first())
        cut = PriceCut.objects.create(
            storefront_id=storefront_id,
            variant=variant,
            price_fen=price_fen,
            starts_at=starts_at,
            ends_at=ends_at,
            name_zh=name_zh,
            name_en=name_en,
            promotion=promotion,
        )
        publish_cut(cut=cut, now=now)
        refresh_products([variant.product_id], now=now)
        events.record(
            storefront_id=storefront_id,
            name="variant.cut",
            key=f"variant:{variant.pk}",
            facts={
                "sku": sku,
                "to_fen": price_fen,
                "starts_at": starts_at.isoformat(),
                "ends_at": ends_at.isoformat(),
            },
            now=now,
        )
        return cut


def end_cut(*, storefront_id: int, cut_id: int, now: datetime) -> None:
    """End a price cut now; one that has not begun is taken away. Raises Missing when there is none."""
    with editing(storefront_id):
        cut = (
            PriceCut.objects.select_for_update(of=("self",))
            .filter(storefront_id=storefront_id, pk=cut_id, ends_at__gt=now)
            .select_related("variant")
            .first()
        )
        if cut is None:
            raise Missing()
        publish_end_of_cut(cut=cut, now=now)
        if cut.starts_at >= now:
            cut.delete()
        else:
            PriceCut.objects.filter(pk=cut.pk).update(ends_at=now)
        refresh_products([cut.variant.product_id], now=now)
        events.record(
            storefront_id=storefront_id,
            name="variant.cut_ended",
            key=f"variant:{cut.variant_id}",
            facts={"sku": cut.variant.sku},
            now=now,
        )


def _locked(storefront_id: int, sku: str) -> Variant:
    variant = Variant.objects.select_for_update().filter(storefront_id=storefront_id, sku=sku).first()
    if variant is None:
        raise NoSuchVariant(sku=sku)
    return variant


def refuse_first(sku: str, cut: PriceCut | None) -> None:
    """Raises CutInTheWay where there is one."""
    if cut is not None:
        raise CutInTheWay(
            sku=sku, cut=cut.name_en, starts_at=cut.starts_at.isoformat(), ends_at=cut.ends_at.isoformat()
        )
