"""Categories, brands and pictures are put in place by code; doing it twice changes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.models import Brand, Category, Media, Product
from catalog.services.editing import editing
from catalog.services.indexing import index_products
from kernel.errors import Invalid


@dataclass(eq=False)
class BadShelf(Invalid):
    """A category hangs below one that does not exist, or below itself."""

    code = "bad_category"
    title = "The category {category} cannot hang below {parent}."
    title_zh = "分类 {category} 不能置于 {parent} 之下。"
    category: str
    parent: str


@dataclass(frozen=True)
class Picture:
    """A picture and its thumbnail that are already stored below MEDIA_ROOT; sizes in pixels."""

    path: str
    thumbnail_path: str
    width: int
    height: int


def put_category(
    *, storefront_id: int, code: str, name_zh: str, name_en: str, parent: str = "", position: int = 0
) -> Category:
    """Create the category `code` or bring it up to date. Raises BadShelf."""
    with editing(storefront_id):
        above = Category.objects.filter(storefront_id=storefront_id, code=parent).first() if parent else None
        if parent and (above is None or code in _line(above)):
            raise BadShelf(category=code, parent=parent)
        row, new = Category.objects.update_or_create(
            storefront_id=storefront_id,
            code=code,
            defaults={"parent": above, "name_zh": name_zh, "name_en": name_en, "position": position},
        )
        if not new:
            index_products(list(Product.objects.filter(category=row).values_list("pk", flat=True)))
        return row


def put_brand(*, storefront_id: int, code: str, name_zh: str, name_en: str, origin_country: str) -> Brand:
    """Create the brand `code` or bring it up to date; `origin_country` is ISO 3166-1 alpha-2."""
    with editing(storefront_id):
        row, new = Brand.objects.update_or_create(
            storefront_id=storefront_id,
            code=code,
            defaults={"name_zh": name_zh, "name_en": name_en, "origin_country": origin_country},
        )
        if not new:
            index_products(list(Product.objects.filter(brand=row).values_list("pk", flat=True)))
        return row


def put_pictures(*, storefront_id: int, pictures: dict[str, Picture]) -> None:
    """Make each picture the first one of its product (by code); unknown products are passed over."""
    with editing(storefront_id):
        for product in Product.objects.filter(storefront_id=storefront_id, code__in=pictures):
            picture = pictures[product.code]
            Media.objects.update_or_create(
                storefront_id=storefront_id,
                product=product,
                position=0,
                defaults={
                    "path": picture.path,
                    "thumbnail_path": picture.thumbnail_path,
                    "alt_zh": product.name_zh,
                    "alt_en": product.name_en,
                    "width": picture.width,
                    "height": picture.height,
                },
            )


def _line(category: Category) -> list[str]:
    """The codes from a category up to its root."""
    codes: list[str] = []
    at: Category | None = category
    while at is not None and at.code not in codes:
        codes.append(at.code)
        at = at.parent
    return codes
