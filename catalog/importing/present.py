"""What an import meets in the catalogue: shelves and brands, the SKUs that are there, cuts, what is shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Max

from catalog.importing.faults import Fault
from catalog.models import Brand, Category, PriceCut, Product, Variant
from catalog.services.publication import refusals_of_offer
from compliance import queries as compliance
from compliance.models import TariffLine
from kernel.clock import shanghai_day
from storefronts import queries as storefronts

if TYPE_CHECKING:
    from catalog.importing.plan import ProductPlan


@dataclass(frozen=True)
class Present:
    """The part of the catalogue that a file speaks of, read in a constant number of statements."""

    categories: dict[str, int]
    brands: dict[str, int]
    shown: frozenset[str]  # codes of the file's products that are published
    owner: dict[str, str]  # SKU → code of its product
    beside: dict[str, list[tuple[str, Any]]]  # product code → SKU and options of active ones not in the file
    options: dict[str, Any]  # SKU → options of active ones that are in it
    cut_fen: dict[str, int]  # SKU → dearest cut that runs or is to come
    parties: dict[str, str]  # role on file → country
    now: datetime

    @classmethod
    def read(
        cls, storefront_id: int, products: Iterable[str], skus: Iterable[str], *, now: datetime
    ) -> Present:
        """Look up what the file names."""
        of = {"storefront_id": storefront_id}
        named = list(skus)
        variants = Variant.objects.filter(**of, sku__in=named)
        beside: dict[str, list[tuple[str, Any]]] = defaultdict(list)
        there = list(variants.values_list("sku", "product__code", "options", "active"))
        others = Variant.objects.filter(**of, active=True, product__code__in=list(products))
        others = others.exclude(sku__in=named)
        for code, sku, options in others.values_list("product__code", "sku", "options"):
            beside[code].append((sku, options))
        return cls(
            categories=dict(Category.objects.filter(**of).values_list("code", "pk")),
            brands=dict(Brand.objects.filter(**of).values_list("code", "pk")),
            shown=frozenset(
                Product.objects.filter(**of, code__in=list(products), state="published").values_list(
                    "code", flat=True
                )
            ),
            owner={sku: code for sku, code, _, _ in there},
            beside=beside,
            options={sku: options for sku, _, options, active in there if active},
            cut_fen=dict(
                PriceCut.objects.filter(variant__in=variants, ends_at__gt=now)
                .values_list("variant__sku")
                .annotate(dearest=Max("price_fen"))
            ),
            parties=storefronts.roles_on_file(storefront_id),
            now=now,
        )

    def faults(self, product: ProductPlan) -> Iterator[Fault]:
        """What of this product cannot stand beside the catalogue as it is."""
        if product.category is not None and product.category not in self.categories:
            yield Fault(product.row, "category", "there is no such category", "分类不存在")
        if product.brand is not None and product.brand not in self.brands:
            yield Fault(product.row, "brand", "there is no such brand", "品牌不存在")
        for variant in product.variants:
            owner = self.owner.get(variant.sku, product.code)
            if owner != product.code:
                yield Fault(variant.row, "sku", f"belongs to the product {owner}", f"已属于商品 {owner}")
            if variant.values["active"] and self.options.get(variant.sku) != variant.values["options"]:
                for sku, options in self.beside.get(product.code, ()):
                    if options == variant.values["options"]:
                        yield Fault(variant.row, "options_zh", f"same options as {sku}", f"选项与 {sku} 相同")
            cut = self.cut_fen.get(variant.sku)
            if cut is not None and variant.values["price_fen"] <= cut:
                yield Fault(variant.row, "price", "is not above its price cut", "不高于该商品的活动价")
            if product.code in self.shown and variant.values["active"]:
                if not variant.values["e_label_zh"]:
                    yield Fault(variant.row, "e_label_zh", "the product is on sale", "商品在售，不能为空")
                if not variant.values["customs_confirmed"]:
                    yield Fault(
                        variant.row, "customs_confirmed", "the product is on sale", "商品在售，须已确认"
                    )
                present = Variant(sku=variant.sku, **variant.values)
                for refusal in refusals_of_offer([present], self.parties, self.now):
                    yield Fault(
                        variant.row,
                        "sku",
                        f"{refusal.rule}: {refusal.sentence}",
                        f"{refusal.rule}：{refusal.sentence_zh}",
                    )

    def warnings(self, products: Iterable[ProductPlan]) -> Iterator[Fault]:
        """Commodity codes without a tariff line, or off the positive list: such goods can be imported and
        shown, not bought."""
        lines: dict[str, int] = {}
        for product in products:
            for variant in product.variants:
                lines.setdefault(variant.values["hs_code"], variant.row)
        wanted = {*lines, *(code[:8] for code in lines)}
        known = set(TariffLine.objects.filter(hs_code__in=wanted).values_list("hs_code", flat=True))
        for code, line in lines.items():
            if code not in known and code[:8] not in known:
                yield Fault(
                    line, "hs_code", f"no tariff line on file for {code}", f"税则库中没有 {code} 的税率"
                )
        listed = compliance.listing(hs_codes=lines, day=shanghai_day(self.now))
        for code, line in lines.items():
            if code not in listed:
                yield Fault(
                    line, "hs_code", f"{code[:8]} is not on the positive list", f"正面清单中没有 {code[:8]}"
                )
