"""What a basket costs today: one warehouse, one trade mode, every share to the fen, every refusal named.

The price of a quote derives from public prices, public price cuts and the customer's coupon alone.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from catalog import queries as catalog
from catalog.queries import PricedVariant
from compliance import facts, tax
from compliance import queries as compliance
from compliance import services as compliance_services
from compliance.facts import BuyerFacts, LineFacts, Listing, LockedRates, Purchase
from compliance.identity import buyer_facts
from compliance.judge import Verdict, judge
from compliance.law import Law
from compliance.models import VALUE, ReferenceRate
from compliance.queries import NOTHING
from customers import queries as customers
from customers.models import Address, Customer, Identity
from inventory.queries import Offer
from kernel import ids
from kernel.clock import shanghai_day
from kernel.errors import Conflict, Invalid, Missing
from kernel.money import share
from orders.models import CouponClaim, Quote
from orders.services.allocation import allocate
from storefronts import queries as storefronts
from storefronts.queries import Shop

MAX_LINES, MAX_QUANTITY = 99, 99  # CEB311 takes 99 lines an order


@dataclass(frozen=True)
class Wanted:
    """One line of a basket, as asked for."""

    sku: str
    quantity: int


@dataclass(eq=False)
class BadBasket(Invalid):
    """The basket cannot be quoted as it was sent."""

    code = "invalid_basket"
    title = "The basket needs 1 to 99 different items of 1 to 99 pieces each."
    title_zh = "购物清单应包含 1 至 99 种商品，每种 1 至 99 件。"


@dataclass(eq=False)
class NotForSale(Conflict):
    """Some goods are not sold (any more)."""

    code = "not_for_sale"
    title = "Some items are not for sale any more."
    title_zh = "部分商品已下架。"
    skus: list[str]


@dataclass(eq=False)
class CouponUnusable(Conflict):
    """The coupon does not fit this basket, is over, or is held by another order."""

    code = "coupon_unusable"
    title = "This coupon cannot be used for this order."
    title_zh = "该优惠券不适用于本订单。"


def make_quote(
    *,
    customer: Customer,
    wanted: list[Wanted],
    address_id: UUID | None,
    coupon_claim_id: UUID | None,
    now: datetime,
) -> Quote:
    """Price a basket and store the quote; refusals of law are listed in it, not raised.

    Raises BadBasket, NotForSale, StoppedGoods, CannotShipTogether, TooHeavy, RegionRefused, CouponUnusable,
    ProcessingLimited, Missing (address).
    """
    compliance_services.refuse_limited(customer.subject)
    shop = storefronts.shop(customer.storefront_id)
    # Read before the prices: what changes in this instant makes the quote stale, not unfair.
    version = catalog.version(customer.storefront_id)
    basket = _basket(customer.storefront_id, wanted, now)
    day = shanghai_day(now)
    address = _address(customer, address_id)
    province = address.division_code[:2] if address else ""
    goods_fen = sum(v.price_fen * quantity for v, quantity in basket)
    offer, freight_fen, ship_by = allocate(
        storefront_id=customer.storefront_id,
        basket=basket,
        trade_modes=shop.trade_modes,
        province=province,
        goods_fen=goods_fen,
        now=now,
    )
    claim = _claim(customer, coupon_claim_id, goods_fen, now)
    discount_fen = min(claim.coupon.reduces_fen, goods_fen) if claim else 0

    law = Law(day)
    listing = compliance.listing(hs_codes=[v.hs_code for v, _ in basket], day=law.day)
    lines = facts.with_freight(
        [facts_of(v, quantity, listing.get(v.hs_code)) for v, quantity in basket], freight_fen
    )
    rates, usd, brand = rates_on(law.day, shop.brand_currency)
    verdict = _judge(customer, lines, law, offer, shop, rates=rates)
    tariff = compliance.tariff(hs_codes=[line.hs_code for line in lines], day=law.day)
    taxes = tax.assess(lines, tariff, law, verdict.over_limit)
    duty_fen = sum(t.duty_fen for t in taxes)
    vat_fen = sum(t.vat_fen for t in taxes)
    excise_fen = sum(t.excise_fen for t in taxes)
    tax_fen = duty_fen + vat_fen + excise_fen
    total_fen = goods_fen + freight_fen + tax_fen - discount_fen
    if total_fen <= 0:
        raise CouponUnusable()  # an order without a price is not accepted by customs (law.md R1.5)
    discounts = share(discount_fen, [line.goods_fen for line in lines])
    return Quote.objects.create(
        token=ids.uuid7(),
        storefront_id=customer.storefront_id,
        customer=customer,
        warehouse_id=offer.warehouse_id,
        address=address,
        province=province,
        ship_by=ship_by,
        claim=claim,
        trade_mode=offer.trade_mode,
        over_limit=verdict.over_limit,
        goods_fen=goods_fen,
        freight_fen=freight_fen,
        discount_fen=discount_fen,
        duty_fen=duty_fen,
        vat_fen=vat_fen,
        excise_fen=excise_fen,
        tax_fen=tax_fen,
        total_fen=total_fen,
        lines=[
            _line(v, line, levied, discount)
            for (v, _), line, levied, discount in zip(basket, lines, taxes, discounts, strict=True)
        ],
        refusals=[asdict(refusal) for refusal in verdict.refusals],
        edition=verdict.edition,
        day=law.day,
        catalogue_version=version,
        usd_rate=usd,
        usd_cny_per_100=rates.usd,
        brand_currency=rates.brand_currency,
        brand_rate=brand,
        brand_cny_per_100=rates.brand,
        made_at=now,
        expires_at=now + timedelta(seconds=shop.quote_window_seconds),
    )


def end_quote(*, quote_id: int, now: datetime) -> None:
    """Nothing is ordered by this quote any more; an order that is being placed by it is waited for."""
    quotes = Quote.objects.filter(pk=quote_id)
    ends = quotes.select_for_update().values_list("expires_at", flat=True).first()
    if ends is not None and ends > now:
        quotes.update(expires_at=now)


def _basket(storefront_id: int, wanted: list[Wanted], now: datetime) -> list[tuple[PricedVariant, int]]:
    """Lines of one SKU are summed; each becomes (variant with its present price, quantity)."""
    sums: dict[str, int] = {}
    for line in wanted:
        sums[line.sku] = sums.get(line.sku, 0) + line.quantity
    if not 1 <= len(sums) <= MAX_LINES or not all(1 <= q <= MAX_QUANTITY for q in sums.values()):
        raise BadBasket()
    priced = catalog.priced_variants(storefront_id, list(sums), now)
    gone = [sku for sku in sums if sku not in priced or not priced[sku].on_sale]
    if gone:
        raise NotForSale(skus=gone)
    return [(priced[sku], quantity) for sku, quantity in sums.items()]


def rates_on(
    day: date, brand_currency: str
) -> tuple[LockedRates, ReferenceRate | None, ReferenceRate | None]:
    """The rates that a quote of this day locks, with the rows of the dollar and of the brand's currency."""
    found = compliance.reference_rates(currencies={"USD", brand_currency} - {"CNY"}, day=day)
    usd, brand = found.get("USD"), found.get(brand_currency)
    return locked_rates(day, usd=usd, brand=brand, brand_currency=brand_currency), usd, brand


def locked_rates(
    day: date, *, usd: ReferenceRate | None, brand: ReferenceRate | None, brand_currency: str
) -> LockedRates:
    """The reference rates of a day as the rules look at them."""
    return LockedRates(
        locked_on=day,
        usd=usd.cny_per_100 if usd else None,
        usd_day=usd.first_day if usd else None,
        brand_currency=brand_currency,
        brand=brand.cny_per_100 if brand else None,
        brand_day=brand.first_day if brand else None,
    )


def _judge(
    customer: Customer,
    lines: tuple[LineFacts, ...],
    law: Law,
    offer: Offer,
    shop: Shop,
    *,
    rates: LockedRates,
) -> Verdict:
    identity = Identity.objects.filter(customer=customer).exclude(state=Identity.State.REJECTED).first()
    taken = compliance.taken(person_id=identity.person_id if identity else None, year=law.day.year)
    value = taken.get(VALUE, NOTHING)
    case = basket_case(lines, law, offer.trade_mode, shop, rates=rates)
    return judge(
        replace(
            case,
            buyer=buyer_facts(
                customers.identity_number(customer, identity) if identity else None,
                verified=identity is not None and identity.state == Identity.State.VERIFIED,
                day=law.day,
            ),
            year_used_fen=value.used,
            year_reserved_fen=value.reserved,
            year_grams=compliance.grams(taken),
        ),
        law,
    )


def basket_case(
    lines: tuple[LineFacts, ...], law: Law, trade_mode: str, shop: Shop, *, rates: LockedRates
) -> Purchase:
    """A basket before the law, whoever it is that asks for a quote."""
    return Purchase(
        day=law.day,
        moment="quote",
        trade_mode=trade_mode,
        storefront_trade_modes=frozenset(shop.trade_modes),
        warehouse_trade_mode=trade_mode,
        lines=lines,
        buyer=BuyerFacts(number_present=False),
        parties=shop.parties,
        approved_modes=shop.approved_modes,
        open_gates=shop.open_gates,
        rates=rates,
    )


def _claim(customer: Customer, public_id: UUID | None, goods_fen: int, now: datetime) -> CouponClaim | None:
    if public_id is None:
        return None
    claim = (
        CouponClaim.objects.select_related("coupon")
        .filter(
            customer=customer,
            public_id=public_id,
            order_number="",
            coupon__starts_at__lte=now,
            coupon__ends_at__gt=now,
            coupon__from_goods_fen__lte=goods_fen,
        )
        .first()
    )
    if claim is None:
        raise CouponUnusable()
    return claim


def _address(customer: Customer, public_id: UUID | None) -> Address | None:
    kept = Address.objects.filter(customer=customer, removed_at=None)
    if public_id is None:
        return kept.filter(is_default=True).first()
    found = kept.filter(public_id=public_id).first()
    if found is None:
        raise Missing()
    return found


def facts_of(v: PricedVariant, quantity: int, listing: Listing | None) -> LineFacts:
    """What the law asks of pieces of a variant at its present price."""
    return LineFacts(
        sku=v.sku,
        hs_code=v.hs_code,
        quantity=quantity,
        goods_fen=v.price_fen * quantity,
        content_per_piece=v.net_content,
        content_unit=v.net_content_unit,
        goods=v.goods(listing),
        grams=v.net_g * quantity,
        origin=v.origin_iso,
    )


def _line(v: PricedVariant, line: LineFacts, levied: tax.LineTax, discount_fen: int) -> dict[str, Any]:
    """One line of the stored quote: what checkout copies into the order, and what the consumer sees."""
    return {
        "variant_id": v.variant_id,
        "sku": v.sku,
        "name": v.name_en,
        "name_zh": v.name_zh,
        "hs_code": v.hs_code,
        "origin_country": v.origin_country,
        "quantity": line.quantity,
        "list_price_fen": v.list_price_fen,
        "price_fen": v.price_fen,
        "goods_fen": line.goods_fen,
        "discount_fen": discount_fen,
        "freight_fen": line.freight_fen,
        "duty_fen": levied.duty_fen,
        "vat_fen": levied.vat_fen,
        "excise_fen": levied.excise_fen,
        "customs": {
            "unit": v.unit,
            "legal_unit_1": v.legal_unit_1,
            "legal_quantity_1": str(v.legal_quantity_1),
            "legal_unit_2": v.legal_unit_2,
            "legal_quantity_2": str(v.legal_quantity_2) if v.legal_quantity_2 is not None else None,
            "spec_zh": v.spec_zh,
            "bar_code": v.bar_code,
            "weight_g": v.weight_g,
            "origin_iso": v.origin_iso,
        },
        "rates": {
            "duty": str(levied.rate.duty_rate),
            "surtax": str(levied.surtax_rate),
            "vat": str(levied.rate.vat_rate),
            "excise": levied.rate.excise_kind if levied.excise_due else "none",
            "excise_rate": str(levied.rate.excise_rate) if levied.rate.excise_rate is not None else None,
            "excise_per_unit_fen": levied.rate.excise_per_unit_fen,
            "excise_unit": levied.rate.excise_unit,
        },
        "content_per_piece": str(v.net_content) if v.net_content is not None else None,
        "content_unit": v.net_content_unit,
        "return_exclusion": v.return_exclusion,
        "goods": asdict(line.goods),
        "grams": line.grams,
    }
