"""Pictures of a product: encoded anew, so that nothing hidden is published, in an order that is told.

The first is the one on cards. The same picture a second time is not added again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F

from catalog.models import Media, Product
from catalog.services.editing import editing
from catalog.services.publication import NoSuchProduct
from kernel import events, pictures
from kernel.errors import Conflict, Invalid
from storefronts.models import Storefront

MOST, SIDE, THUMBNAIL = 12, 1600, 320
_ASIDE = 10_000  # while places are exchanged


@dataclass(eq=False)
class BadPicture(Invalid):
    """What was sent is no picture that can be shown, or too large."""

    code = "bad_picture"
    title = "{name} is not a JPEG, PNG or WebP of at most 5 MB and of a camera's or screen's size."
    title_zh = "{name} 不是可用的图片：须为 JPEG、PNG 或 WebP，不超过 5 MB。"
    name: str


@dataclass(eq=False)
class TooManyPictures(Conflict):
    """A product shows a few."""

    code = "too_many_pictures"
    title = "A product has at most {most} pictures."
    title_zh = "每个商品最多 {most} 张图片。"
    most: int = MOST


@dataclass(frozen=True)
class Alt:
    """What a picture says to who cannot see it."""

    zh: str
    en: str


def add_pictures(
    *, storefront_id: int, code: str, found: Iterable[tuple[str, bytes]], by: str, now: datetime
) -> int:
    """Put pictures (name, content) behind those that are there; returns how many are new. All or none.

    They are decoded one at a time, before anything is locked. Raises BadPicture, TooManyPictures and
    NoSuchProduct.
    """
    shop = Storefront.objects.values_list("code", flat=True).get(pk=storefront_id)
    made = [_kept(shop, name, content) for name, content in found]
    with editing(storefront_id):
        product = _product(storefront_id, code)
        there = {row.path: row.position for row in Media.objects.filter(product=product)}
        new = [one for one in {one.path: one for one in made}.values() if one.path not in there]
        if len(there) + len(new) > MOST:
            raise TooManyPictures()
        place = max(there.values(), default=-1) + 1
        for number, one in enumerate(new, start=place):
            one.storefront_id, one.product, one.position = storefront_id, product, number
            one.alt_zh, one.alt_en = product.name_zh, product.name_en
        Media.objects.bulk_create(new)
        if new:
            _tell(product, "added", {"by": by, "pictures": len(new)}, now)
    return len(new)


def arrange_pictures(
    *,
    storefront_id: int,
    code: str,
    order: Sequence[int],
    gone: Collection[int],
    alts: Mapping[int, Alt],
    by: str,
    now: datetime,
) -> None:
    """The pictures (ids) in this order with these words; those `gone` are taken away with their files.

    What is not named was added meanwhile, and stays behind the others. Raises NoSuchProduct.
    """
    with editing(storefront_id):
        product = _product(storefront_id, code)
        there = {row.pk: row for row in Media.objects.filter(product=product).order_by("position")}
        away = [row for pk, row in there.items() if pk in gone]
        kept = [there[pk] for pk in dict.fromkeys([*order, *there]) if pk in there and pk not in gone]
        Media.objects.filter(pk__in=[row.pk for row in away]).delete()
        Media.objects.filter(product=product).update(position=F("position") + _ASIDE)
        for place, row in enumerate(kept):
            alt = alts.get(row.pk, Alt(row.alt_zh, row.alt_en))
            row.position, row.alt_zh, row.alt_en = place, alt.zh, alt.en
        Media.objects.bulk_update(kept, ["position", "alt_zh", "alt_en"])
        for row in away:
            if not Media.objects.filter(storefront_id=storefront_id, path=row.path).exists():
                for path in (row.path, row.thumbnail_path):
                    transaction.on_commit(partial(default_storage.delete, path), robust=True)
        _tell(product, "arranged", {"by": by, "pictures": len(kept), "removed": len(away)}, now)


def _kept(shop: str, name: str, content: bytes) -> Media:
    """The picture and its thumbnail on disk, named by what they hold; not a row yet."""
    try:
        kept = pictures.store(f"catalog/{shop}", content, side=SIDE, thumbnail=THUMBNAIL)
    except ValueError as failure:
        raise BadPicture(name=name[:80]) from failure
    return Media(path=kept.path, thumbnail_path=kept.thumbnail_path, width=kept.width, height=kept.height)


def _product(storefront_id: int, code: str) -> Product:
    rows = Product.objects.select_for_update().filter(storefront_id=storefront_id, code=code)
    product = rows.defer("search").first()
    if product is None:
        raise NoSuchProduct(product=code)
    return product


def _tell(product: Product, what: str, facts: dict[str, object], now: datetime) -> None:
    events.record(
        storefront_id=product.storefront_id,
        name=f"product.pictures_{what}",
        key=product.event_key,
        facts=facts,
        now=now,
    )
