"""Before a list is sent, the whole order is judged once more: payer, patterns, trade evidence, ceiling.

Each attempt leaves its judgement, sealed under the order's key. No list is sent unless it allows.
"""

from __future__ import annotations

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
from compliance.queries import NOTHING
from customers.models import Identity, NamedPayer
from kernel.clock import shanghai_day
from kernel.errors import Missing
from kernel.tenancy import tenant
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
    lines = list(OrderLine.objects.filter(order=order).order_by("position"))
    check = PayerCheck.objects.filter(order_number=order.number).first()
    taken = compliance_queries.taken(person_id=order.person_id, year=law.day.year).get(VALUE, NOTHING)
    own_fen = order.goods_fen + order.freight_fen
    return Purchase(
        day=law.day,
        moment="declare",
        trade_mode=order.trade_mode,
        storefront_trade_modes=frozenset(shop.trade_modes),
        warehouse_trade_mode=order.warehouse.trade_mode,
        lines=tuple(
            LineFacts(
                sku=line.sku,
                hs_code=line.hs_code,
                quantity=line.quantity,
                goods_fen=line.goods_fen,
                freight_fen=line.freight_fen,
                origin=line.customs.get("origin_iso", ""),  # not kept with the oldest orders
            )
            for line in lines
        ),
        # Well-formed, or checkout had refused; whether it was verified meanwhile is asked anew.
        buyer=BuyerFacts(number_present=True, number_well_formed=True, verified=_is_verified(order)),
        year_used_fen=taken.used,
        year_reserved_fen=max(taken.reserved - own_fen, 0),
        parties=shop.parties,
        notice_confirmed=order.notice_hash,
        exclusions=tuple((line.sku, line.return_exclusion) for line in lines if line.exclusion_hash),
        discount_fen=order.discount_fen,
        rates=_rates(order),
        evidence=TradeEvidence(
            goods=tuple(line.name_zh for line in lines),
            amount_fen=order.total_fen,
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
