"""What is missing before a SKU may be sold in a trade mode, by the very rules that judge a quote."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from catalog import queries as catalog
from catalog.models import Variant
from catalog.queries import PricedVariant
from catalog.services.publication import labelled
from compliance import queries as compliance
from compliance import tax
from compliance.facts import LineFacts, LockedRates
from compliance.judge import standing
from compliance.law import Figure, Law
from compliance.rules import Rule
from inventory import queries as inventory
from inventory.queries import Offer
from kernel.clock import shanghai_day
from kernel.errors import Refusal
from orders.services.apart import Line, Place
from orders.services.quote import basket_case, facts_of, rates_on
from storefronts import queries as storefronts


@dataclass(frozen=True)
class Need:
    """One requirement: a rule of law with its refusal, or what the house asks for, by its name."""

    name: str
    met: bool
    rule: Rule | None = None
    refusal: Refusal | None = None
    source: Figure | None = None
    problem: tax.TariffMissing | tax.ContentMissing | None = None


def needs(*, storefront_id: int, skus: Iterable[str], now: datetime) -> dict[str, dict[str, list[Need]]]:
    """SKU → trade mode → every requirement, met or not, in the same order; seven statements for any number.

    The modes are those of the policy and those of the storefront. Raises NoStorefront.
    """
    shop = storefronts.shop(storefront_id)
    law = Law(shanghai_day(now))
    modes = sorted({*law.figure("import/trade_modes"), *shop.trade_modes})
    priced = catalog.priced_variants(storefront_id, list(skus), now)
    kept = Variant.objects.filter(storefront_id=storefront_id, sku__in=priced).select_related("product")
    variants = {v.sku: v for v in kept.defer("product__search")}
    codes = [v.hs_code for v in priced.values()]
    listing = compliance.listing(hs_codes=codes, day=law.day)
    tariff = compliance.tariff(hs_codes=codes, day=law.day)
    rates, _, _ = rates_on(law.day, shop.brand_currency)
    ids = [v.variant_id for v in priced.values()]
    offers = inventory.offers(storefront_id=storefront_id, variant_ids=ids, trade_modes=modes, day=law.day)
    selling = [offer for offer in offers if offer.trade_mode in shop.trade_modes]
    found: dict[str, dict[str, list[Need]]] = {}
    for sku, v in priced.items():
        line = facts_of(v, 1, listing.get(v.hs_code))
        for mode in modes:
            found.setdefault(sku, {})[mode] = [
                *_of_the_catalogue(variants[sku]),
                *_of_the_law(line, mode, shop, rates, law),
                _of_tax(line, tariff, law),
                *_of_the_shelf(v, [o for o in offers if o.trade_mode == mode], selling),
            ]
    return found


def _of_the_catalogue(v: Variant) -> list[Need]:
    """What a shown product needs; on sale is what is active of it."""
    return [
        Need("label", labelled(v)),
        Need("classification", v.customs_confirmed),
        Need("active", v.active),
        Need("published", v.product.state == "published"),
    ]


def _of_the_law(
    line: LineFacts, mode: str, shop: storefronts.Shop, rates: LockedRates, law: Law
) -> list[Need]:
    case = basket_case((line,), law, mode, shop, rates=rates)
    return [Need(rule.id, no is None, rule, no, law.source(rule.law)) for rule, no in standing(case, law)]


def _of_tax(line: LineFacts, tariff: dict[str, tax.Rate], law: Law) -> Need:
    try:
        tax.assess([line], tariff, law, over_limit=False)
    except (tax.TariffMissing, tax.ContentMissing) as problem:
        return Need("tax", met=False, problem=problem)
    return Need("tax", met=True)


def _of_the_shelf(v: PricedVariant, offers: list[Offer], selling: list[Offer]) -> list[Need]:
    """A warehouse of the mode has a piece, a parcel of its takes it, and nowhere its sale is stopped."""
    line = Line(v.variant_id, v.sku, v.weight_g, 1)
    places = [Place(offer, delivers=True) for offer in offers]
    return [
        Need("stock", any(place.has(line) for place in places)),
        Need("parcel", not places or any(place.fits(line) for place in places)),
        Need("not_stopped", not any(v.variant_id in offer.stopped for offer in selling)),
    ]
