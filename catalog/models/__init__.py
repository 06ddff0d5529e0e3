"""The tables of the catalogue: its goods, and their prices."""

from catalog.models.goods import SKU, Brand, CatalogVersion, Category, Media, Product, Variant
from catalog.models.prices import PriceChange, PriceCut, PublicPrice

__all__ = [
    "SKU",
    "Brand",
    "CatalogVersion",
    "Category",
    "Media",
    "PriceChange",
    "PriceCut",
    "Product",
    "PublicPrice",
    "Variant",
]
