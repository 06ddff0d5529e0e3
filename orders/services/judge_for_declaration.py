"""Before a list is sent, what is left of the order is judged once more: payer, patterns, evidence, ceiling.

What has gone back to who paid is neither in its lines nor in its sums: they are those of payment and list.
Each attempt leaves its judgement, sealed under the order's key. No list is sent unless it allows.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from compliance import queries as compliance_queries
from compliance import services as compliance
from compliance import vault
from compliance.facts import (
    BuyerFacts,
    LineFacts,
    LockedRates,
    PayerFacts,
    Purchase,
    TradeEvidence,
)
from compliance.judge import Verdict, judge
from compliance.law import Law
from compliance.models import VALUE, PayerCheck
from customers.models import Identity, NamedPayer
from kernel.clock import shanghai_day
from kernel.errors import Missing
from kernel.tenancy import tenant
from orders.given_back import NOTHING, Back, back_of
from orders.models import Order, OrderLine
from orders.services.patterns import suspicions_of
from storefronts import queries as storefronts


def judge_for_declaration(*, number: str, waybill_number: str, now: datetime) -> Verdict:
    """Judge a paid order at the moment "declare", keep the judgement; raises Missing for an unknown number.

    `waybill_number` is the carrier's, empty where there is none yet: that is refused like anything else that
    is missing. Nothing else is changed, whatever the verdict; it may be asked any number of times.
    """
    order = (
        Order.objects.select_related("key", "warehouse", "usd_rate", "brand_rate", "quote")
        .filter(number=number)
        .first()
    )
    if order is None:
        raise Missing()
    with tenant(order.storefront_id):
        law = Law(shanghai_day(now))
        purchase = _purchase(order, waybill_number, law)
        verdict = judge(purchase, law)
        compliance.record_judgement(
            storefront_id=order.storefront_id,
            subject_id=order.subject_id,
            order_number=order.number,
            purchase=purchase,
            verdict=verdict,
            key=vault.unwrap(order.key),
            now=now,
        )
    return verdict


def _purchase(order: Order, waybill_number: str, law: Law) -> Purchase:
    shop = storefronts.shop(order.storefront_id)
    back = back_of(order)
    lines = list(OrderLine.objects.filter(order=order).order_by("position"))
    left = [line for line in lines if line.quantity > back.lines.get(line.pk, NOTHING).quantity]
    check = PayerCheck.objects.filter(order_number=order.number).first()
    taken = compliance_queries.taken(person_id=order.person_id, year=law.day.year).get(VALUE)
    held_fen = compliance_queries.reserved_by(order_number=order.number, person_id=order.person_id)
    return Purchase(
        day=law.day,
        moment="declare",
        trade_mode=order.trade_mode,
        storefront_trade_modes=frozenset(shop.trade_modes),
        warehouse_trade_mode=order.warehouse.trade_mode,
        lines=_facts(lines, back),
        # Well-formed, or checkout had refused; whether it was verified meanwhile is asked anew.
        buyer=BuyerFacts(number_present=True, number_well_formed=True, verified=_is_verified(order)),
        year_used_fen=taken.used if taken else 0,
        year_reserved_fen=taken.reserved - held_fen if taken else 0,
        parties=shop.parties,
        notice_confirmed=order.notice_hash,
        exclusions=tuple((line.sku, line.return_exclusion) for line in left if line.exclusion_hash),
        discount_fen=sum(_share(line, back, "discount_fen") for line in lines),
        rates=_rates(order),
        evidence=TradeEvidence(
            goods=tuple(line.name_zh for line in left),
            amount_fen=max(order.total_fen - back.fen, 0),
            seller=shop.seller,
            seller_country=shop.seller_country,
            ordered_at=order.placed_at,
            order_number=order.number,
            payment_number=order.transaction_id,
            waybill_number=waybill_number,
        ),
        payer=PayerFacts(check.state, check.port) if check else None,
        suspicions=suspicions_of(order),
    )


def _facts(lines: list[OrderLine], back: Back) -> tuple[LineFacts, ...]:
    """The lines of which a piece is left. Freight that stayed of the others goes with the first of them."""
    stayed = 0
    facts = []
    for line in lines:
        quantity = line.quantity - back.lines.get(line.pk, NOTHING).quantity
        freight_fen = _share(line, back, "freight_fen")
        if quantity <= 0:
            stayed += freight_fen
            continue
        facts.append(
            LineFacts(
                sku=line.sku,
                hs_code=line.hs_code,
                quantity=quantity,
                goods_fen=_share(line, back, "goods_fen"),
                freight_fen=freight_fen,
                origin=line.customs.get("origin_iso", ""),  # not kept with the oldest orders
            )
        )
    if facts and stayed:
        facts[0] = replace(facts[0], freight_fen=facts[0].freight_fen + stayed)
    return tuple(facts)


def _share(line: OrderLine, back: Back, name: str) -> int:
    """What is left of one of the shares of a line, in fen."""
    share: int = getattr(line, name) - back.lines.get(line.pk, NOTHING).shares[name]
    return share


def _is_verified(order: Order) -> bool:
    if order.person_id is None or order.customer_id is None:  # unreadable by now
        return False
    own = Identity.objects.filter(
        customer_id=order.customer_id, person_id=order.person_id, state=Identity.State.VERIFIED
    )
    named = NamedPayer.objects.filter(
        order_number=order.number,
        customer_id=order.customer_id,
        person_id=order.person_id,
        state="taken",
    )
    return own.exists() or named.exists()


def _rates(order: Order) -> LockedRates:
    return LockedRates(
        locked_on=order.quote.day,
        usd=order.usd_cny_per_100,
        usd_day=order.usd_rate.first_day if order.usd_rate else None,
        brand_currency=order.brand_currency,
        brand=order.brand_cny_per_100,
        brand_day=order.brand_rate.first_day if order.brand_rate else None,
    )
