"""Placing an order: the quote's price or no order, judged, sealed, reserved and told, in one transaction.

The path is set-based: one statement reads (dossier.py), one per app writes. Whatever can be refused by law
is refused before anything else is written, so that a refusal leaves its judgement and nothing more. Stock
is taken last, because its rows are the ones that everyone waits for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from catalog import queries as catalog
from catalog.naming import names_of
from compliance import queries as compliance_queries
from compliance import services as compliance
from compliance import vault
from compliance.facts import (
    BuyerFacts,
    LockedRates,
    PublicTerms,
    Purchase,
    TradeEvidence,
    goods_from,
)
from compliance.identity import buyer_facts
from compliance.judge import Verdict, judge
from compliance.law import Law
from compliance.models import VALUE
from compliance.notice import return_exclusion
from compliance.queries import NOTHING
from customers import labels as customer_labels
from inventory import services as inventory
from kernel import events, ids
from kernel.clock import shanghai_day
from kernel.errors import Conflict, Invalid, Missing, Refused
from orders import labels
from orders.services import dossier as dossiers
from orders.services.dossier import Dossier
from orders.services.quoted import line_facts
from orders.services.write import Placed, QuoteUsed, Sealed, clear_cart, hold_claim, insert_order
from storefronts.queries import Shop


class QuoteStale(Conflict):
    """The quote's time is over, or the goods or the law have changed: ask for a new one.

    The rates of tax that the quote used stand for its quarter of an hour within one day of the law, like its
    prices; they are kept with the order and its judgement.
    """

    code = "quote_stale"
    title = "The quote is no longer valid; ask for a new one."
    title_zh = "报价已失效，请重新确认订单。"


class AddressNeeded(Invalid):
    """The quote has no address, or it was removed meanwhile."""

    code = "address_needed"
    title = "Choose a delivery address and ask for a new quote."
    title_zh = "请选择收货地址后重新确认订单。"


@dataclass(frozen=True)
class Confirmation:
    """What the consumer ticked for this order: the hash of the risk notice (风险告知书), and one by one the
    SKUs whose return within seven days (七日无理由退货) they give up."""

    notice_hash: str | None
    return_exclusions: tuple[str, ...] = ()


def place_order(
    *,
    shop: Shop,
    customer_id: int,
    quote_token: UUID,
    confirmation: Confirmation,
    now: datetime,
    on_placed: Callable[[Placed], None] = lambda _: None,
) -> Placed:
    """Turn a quote into an order, inside the caller's transaction, which must be rolled back on any error
    but Refused (after which only the refused judgement is written, and should stay).

    `on_placed` runs before the stock is taken: the caller keeps its receipt there. Raises Missing,
    QuoteUsed, QuoteStale, AddressNeeded, ConsentNeeded, ProcessingLimited, CouponUnusable,
    SoldOut (Conflict) and Refused.
    """
    day = shanghai_day(now)
    law = Law(day)
    found = dossiers.read(
        customer_id=customer_id, token=quote_token, year=day.year, names=names_of(shop), now=now
    )
    if found is None:
        raise Missing()
    _check(found, law, now)
    own_key = vault.unwrap_raw(found.key_id, found.wrapped, found.master_key_id)
    number = ids.number(now)
    id_number = _id_number(found, own_key)
    buyer = buyer_facts(id_number, verified=found.identity_state == "verified", day=day)
    purchase = _purchase(found, shop, law, buyer, confirmation, now=now)
    verdict = judge(purchase, law)
    if not verdict.allowed:
        _refuse(found, purchase, verdict, own_key, now)
    assert found.person_id is not None and id_number is not None  # IDENTITY-1 and 3 have refused otherwise
    reserved = compliance.allowance_reserve(
        person_id=found.person_id,
        order_number=number,
        wanted=_wanted(purchase, law),
        year=day.year,
        now=now,
    )
    if not reserved:  # another order of this person took the rest in this instant
        purchase = _purchase(found, shop, law, buyer, confirmation, now=now, anew=True)
        verdict = judge(purchase, law)
        if verdict.allowed:  # and gave it back in the next
            raise compliance.AllowanceBusy()
        _refuse(found, purchase, verdict, own_key, now)

    key_row, order_key = vault.new_key("order", found.storefront_id, evidence_until(law))
    compliance.record_judgement(
        storefront_id=found.storefront_id,
        subject_id=found.subject_id,
        order_number=number,
        purchase=purchase,
        verdict=verdict,
        key=order_key,
        new_key=key_row,
        more_figures={"rates": {line["sku"]: line["rates"] for line in found.lines}},
        now=now,
    )
    placed = insert_order(
        found,
        number=number,
        customer_id=customer_id,
        key_id=key_row.id,
        sealed=_seal(found, own_key, order_key, number, id_number),
        notice_hash=confirmation.notice_hash or "",
        exclusions={sku: return_exclusion(law, ground) for sku, ground in purchase.exclusions},
        expires_at=now + timedelta(seconds=shop.payment_window_seconds),
        now=now,
    )
    if placed is None:
        raise QuoteStale()
    if found.claim_id is not None:
        hold_claim(claim_id=found.claim_id, order_number=number)
    events.record(
        storefront_id=found.storefront_id,
        name="order.placed",
        key=f"order:{number}",
        facts={"total_fen": found.total_fen, "trade_mode": found.trade_mode},
        now=now,
    )
    if found.has_cart:
        clear_cart(customer_id=customer_id, variant_ids=[line["variant_id"] for line in found.lines])
    on_placed(placed)
    inventory.reserve(
        warehouse_id=found.warehouse_id,
        wanted=[(line["variant_id"], line["quantity"]) for line in found.lines],
        holder=f"order:{number}",
        now=now,
    )
    return placed


def evidence_until(law: Law) -> date:
    """The first day on which the evidence of an order placed today may be destroyed."""
    years: int = law.figure("retention/order_years")
    month = law.day.year * 12 + law.day.month  # the first of the month after the last of the years
    return date(years + month // 12, month % 12 + 1, 1)


def _check(found: Dossier, law: Law, now: datetime) -> None:
    """The quote still stands: unused, in time, same law, same day, same goods."""
    if found.used:
        raise QuoteUsed()
    if found.expires_at <= now or found.day != law.day or found.edition != law.edition:
        raise QuoteStale()
    if not found.warehouse_active or found.warehouse_trade_mode != found.trade_mode:
        raise QuoteStale()
    if found.present_version != found.catalogue_version:
        _check_goods(found)
    if not found.address_kept:
        raise AddressNeeded()
    if (found.division_code or "")[:2] != found.province:
        raise QuoteStale()  # the address was moved to another province since its freight was quoted
    if found.limited:
        raise compliance.ProcessingLimited()
    if found.consent_missing is not None:  # never given, withdrawn, or to a text that is no longer in force
        raise compliance.ConsentNeeded(consent=found.consent_missing)


def _check_goods(found: Dossier) -> None:
    """The catalogue has changed since the quote: the goods of this order must not have.

    Prices are those of the quote's instant: a price cut that merely began or ended in the meantime does not
    count, the quote is a promise for its quarter of an hour; one that was being told just then does.
    """
    present = catalog.priced_variants(
        found.storefront_id, [line["sku"] for line in found.lines], found.made_at
    )
    for line in found.lines:
        variant = present.get(line["sku"])
        if variant is None or not variant.on_sale:
            raise QuoteStale()
        goods = goods_from(line["goods"])
        content = str(variant.net_content) if variant.net_content is not None else None
        same = (
            variant.variant_id == line["variant_id"]
            and variant.list_price_fen == line["list_price_fen"]
            and variant.price_fen == line["price_fen"]
            and variant.return_exclusion == line["return_exclusion"]
            and variant.hs_code == line["hs_code"]
            and variant.origin_country == line["origin_country"]
            and (content, variant.net_content_unit) == (line["content_per_piece"], line["content_unit"])
            and variant.goods(goods.listing) == goods
        )
        if not same:
            raise QuoteStale()


def _purchase(
    found: Dossier,
    shop: Shop,
    law: Law,
    buyer: BuyerFacts,
    confirmation: Confirmation,
    *,
    now: datetime,
    anew: bool = False,
) -> Purchase:
    """The facts to judge; `anew` reads the allowance again."""
    taken = found.taken
    if anew:
        taken = compliance_queries.taken(person_id=found.person_id, year=law.day.year)
    value = taken.get(VALUE, NOTHING)
    return Purchase(
        day=law.day,
        moment="checkout",
        trade_mode=found.trade_mode,
        storefront_trade_modes=frozenset(shop.trade_modes),
        warehouse_trade_mode=found.warehouse_trade_mode,
        lines=line_facts(found.lines),
        buyer=buyer,
        year_used_fen=value.used,
        year_reserved_fen=value.reserved,
        year_grams=compliance_queries.grams(taken),
        parties=shop.parties,
        approved_modes=shop.approved_modes,
        open_gates=shop.open_gates,
        notice_confirmed=confirmation.notice_hash,
        exclusions=_exclusions(found, confirmation),
        discount_fen=found.discount_fen,
        terms=PublicTerms(tuple(found.public_fen), found.coupon_fen),
        rates=LockedRates(
            locked_on=found.day,
            usd=found.usd_cny_per_100,
            usd_day=found.usd_day,
            brand_currency=found.brand_currency,
            brand=found.brand_cny_per_100,
            brand_day=found.brand_day,
        ),
        evidence=TradeEvidence(
            goods=tuple(line["name_zh"] for line in found.lines),
            amount_fen=found.total_fen,
            seller=shop.seller,
            seller_country=shop.seller_country,
            ordered_at=now,
        ),
    )


def _exclusions(found: Dossier, confirmation: Confirmation) -> tuple[tuple[str, str], ...]:
    """The SKUs whose return is given up, each with the ground that the goods carry, "" for none."""
    if not confirmation.return_exclusions:
        return ()
    grounds = {line["sku"]: line["return_exclusion"] for line in found.lines}
    return tuple((sku, grounds.get(sku, "")) for sku in confirmation.return_exclusions)


def _wanted(purchase: Purchase, law: Law) -> dict[str, tuple[int, int]]:
    """What the order takes of the person's year by measure, each with its limit: fen, or grams."""
    limits = law.figure("import/person_year_quantities")
    return {VALUE: (purchase.dutiable_fen, law.figure("import/annual_limit"))} | {
        group: (grams, limits[group]) for group, grams in purchase.limited_grams.items()
    }


def _refuse(found: Dossier, purchase: Purchase, verdict: Verdict, own_key: vault.Key, now: datetime) -> None:
    """Keep the refused judgement, sealed under the person's own key, and refuse."""
    compliance.record_judgement(
        storefront_id=found.storefront_id,
        subject_id=found.subject_id,
        order_number=None,
        purchase=purchase,
        verdict=verdict,
        key=own_key,
        now=now,
    )
    raise Refused(refusals=verdict.refusals)


def _id_number(found: Dossier, own: vault.Key) -> str | None:
    """The orderer's identity number, opened once for judging and sealing; None where none was given."""
    if found.identity_ref is None:
        return None
    sealed = found.buyer_number_sealed or b""
    return own.open(customer_labels.IDENTITY_NUMBER, found.identity_ref, sealed)


def _seal(found: Dossier, own: vault.Key, order_key: vault.Key, number: str, id_number: str) -> Sealed:
    """Move what the order needs of the person from the person's key to the order's."""
    identity, address = found.identity_ref, found.address_ref
    assert identity is not None
    assert address is not None
    assert found.division_code is not None
    name = own.open(customer_labels.IDENTITY_NAME, identity, found.buyer_name_sealed or b"")
    consignee = own.open(customer_labels.ADDRESS_NAME, address, found.name_sealed or b"")
    phone = own.open(customer_labels.ADDRESS_PHONE, address, found.phone_sealed or b"")
    street = own.open(customer_labels.ADDRESS_STREET, address, found.street_sealed or b"")
    return Sealed(
        buyer_name=order_key.seal(labels.BUYER_NAME, number, name),
        buyer_number=order_key.seal(labels.BUYER_NUMBER, number, id_number),
        consignee_name=order_key.seal(labels.CONSIGNEE_NAME, number, consignee),
        consignee_phone=order_key.seal(labels.CONSIGNEE_PHONE, number, phone),
        consignee_street=order_key.seal(labels.CONSIGNEE_STREET, number, street),
        division_code=found.division_code,
        buyer_index=bytes(found.number_index or b""),
        phone_index=vault.blind("phone", phone),
        address_index=vault.blind("address", f"{found.division_code} {street}"),
    )
