"""The writing statements of placing an order: the order with its lines, the coupon, the cart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson
from django.db import IntegrityError, connection

from compliance.notice import Notice
from kernel.errors import Conflict
from orders.models import CouponClaim
from orders.services.dossier import Dossier
from orders.services.quote import CouponUnusable


class QuoteUsed(Conflict):
    """An order was placed on this quote already; there is at most one."""

    code = "quote_used"
    title = "An order was already placed on this quote."
    title_zh = "该报价已生成订单，请勿重复提交。"


@dataclass(frozen=True, slots=True)
class Placed:
    """What the consumer is told of a new order."""

    number: str
    total_fen: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Sealed:
    """The personal data of an order, sealed under the order's key, and its blind indexes."""

    buyer_name: bytes
    buyer_number: bytes
    consignee_name: bytes
    consignee_phone: bytes
    consignee_street: bytes
    division_code: str
    buyer_index: bytes
    phone_index: bytes
    address_index: bytes


# The amounts are copied from the quote inside the database: no fen passes through this process.
_INSERT = """
WITH placed AS (
    INSERT INTO orders_order (
        number, storefront_id, customer_id, subject_id, person_id, quote_id, warehouse_id, claim_id, key_id,
        trade_mode, over_limit, state, closing_reason, placed_at, expires_at, mchid, out_trade_no,
        transaction_id, goods_fen, freight_fen, discount_fen, duty_fen, vat_fen, excise_fen, tax_fen,
        total_fen, usd_rate_id, usd_cny_per_100, brand_currency, brand_rate_id, brand_cny_per_100,
        notice_hash, notice_confirmed_at, buyer_name_sealed, buyer_number_sealed,
        consignee_name_sealed, consignee_phone_sealed, consignee_street_sealed, division_code, buyer_index,
        phone_index, address_index)
    SELECT %(number)s::text, q.storefront_id, q.customer_id, %(subject)s::uuid, %(person)s::uuid, q.id,
        q.warehouse_id, q.claim_id, %(key)s::uuid, q.trade_mode, q.over_limit, 'placed', '',
        %(now)s::timestamptz, %(expires_at)s::timestamptz, '', '', '', q.goods_fen, q.freight_fen,
        q.discount_fen, q.duty_fen, q.vat_fen, q.excise_fen, q.tax_fen, q.total_fen, q.usd_rate_id,
        q.usd_cny_per_100, q.brand_currency, q.brand_rate_id, q.brand_cny_per_100, %(notice_hash)s::text,
        %(now)s::timestamptz, %(buyer_name)s::bytea, %(buyer_number)s::bytea, %(consignee_name)s::bytea,
        %(consignee_phone)s::bytea, %(consignee_street)s::bytea, %(division_code)s::text,
        %(buyer_index)s::bytea, %(phone_index)s::bytea, %(address_index)s::bytea
    FROM orders_quote q WHERE q.id = %(quote)s::bigint AND q.expires_at > %(now)s::timestamptz
    FOR KEY SHARE OF q
    RETURNING id, storefront_id, quote_id
)
INSERT INTO orders_orderline (
    storefront_id, order_id, position, variant_id, sku, name, name_zh, hs_code, origin_country, customs,
    rates, quantity, list_price_fen, price_fen, goods_fen, discount_fen, freight_fen, duty_fen, vat_fen,
    excise_fen, return_exclusion, exclusion_version, exclusion_hash)
SELECT placed.storefront_id, placed.id, row_number() OVER (), l.variant_id, l.sku, l.name, l.name_zh,
    l.hs_code, l.origin_country, l.customs, l.rates, l.quantity, l.list_price_fen, l.price_fen, l.goods_fen,
    l.discount_fen, l.freight_fen, l.duty_fen, l.vat_fen, l.excise_fen,
    l.return_exclusion, coalesce(%(exclusions)s::jsonb #>> ARRAY[l.sku, 'version'], ''),
    coalesce(%(exclusions)s::jsonb #>> ARRAY[l.sku, 'sha256'], '')
FROM placed JOIN orders_quote q ON q.id = placed.quote_id, jsonb_to_recordset(q.lines) AS l(
    variant_id bigint, sku text, name text, name_zh text, hs_code text, origin_country text, customs jsonb,
    rates jsonb, quantity int, list_price_fen bigint, price_fen bigint, goods_fen bigint, discount_fen bigint,
    freight_fen bigint, duty_fen bigint, vat_fen bigint, excise_fen bigint, return_exclusion text)
"""

_CLEAR = "DELETE FROM orders_cartline WHERE customer_id = %s::bigint AND variant_id = ANY(%s::bigint[])"


def insert_order(
    found: Dossier,
    *,
    number: str,
    customer_id: int,
    key_id: UUID,
    sealed: Sealed,
    notice_hash: str,
    exclusions: Mapping[str, Notice],
    expires_at: datetime,
    now: datetime,
) -> Placed | None:
    """Insert the order and its lines in one statement; raises QuoteUsed when the quote has an order.

    None where the quote was ended in this instant."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                _INSERT,
                {
                    "number": number,
                    "customer": customer_id,
                    "subject": found.subject_id,
                    "person": found.person_id,
                    "key": key_id,
                    "quote": found.quote_id,
                    "notice_hash": notice_hash,
                    "exclusions": orjson.dumps(
                        {sku: {"version": t.version, "sha256": t.sha256} for sku, t in exclusions.items()}
                    ).decode(),
                    "expires_at": expires_at,
                    "now": now,
                    "buyer_name": sealed.buyer_name,
                    "buyer_number": sealed.buyer_number,
                    "consignee_name": sealed.consignee_name,
                    "consignee_phone": sealed.consignee_phone,
                    "consignee_street": sealed.consignee_street,
                    "division_code": sealed.division_code,
                    "buyer_index": sealed.buyer_index,
                    "phone_index": sealed.phone_index,
                    "address_index": sealed.address_index,
                },
            )
            if not cursor.rowcount:
                return None
    except IntegrityError as clash:
        if "orders_order_quote_id" in str(clash):
            raise QuoteUsed() from clash
        raise
    return Placed(number=number, total_fen=found.total_fen, expires_at=expires_at)


def hold_claim(*, claim_id: int, order_number: str) -> None:
    """Tie the coupon to this order; raises CouponUnusable when another order has it."""
    if CouponClaim.objects.filter(pk=claim_id, order_number="").update(order_number=order_number) != 1:
        raise CouponUnusable()


def clear_cart(*, customer_id: int, variant_ids: Sequence[int]) -> None:
    """What was ordered leaves the cart."""
    with connection.cursor() as cursor:
        cursor.execute(_CLEAR, [customer_id, list(variant_ids)])
