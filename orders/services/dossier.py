"""Everything that placing an order must know, read in one statement; nothing is decided here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from compliance.consent_texts import required_kinds
from compliance.queries import MISSING, Taken, asked

# The customer's row is held against the closing of the account until the order is there: as the foreign key
# would at the end, but before the key of the person's data is read.
_READ = """
SELECT q.id AS quote_id, q.storefront_id, q.warehouse_id, q.claim_id, q.trade_mode, q.over_limit,
       q.province, q.goods_fen, q.freight_fen, q.discount_fen, q.duty_fen, q.vat_fen, q.excise_fen, q.tax_fen,
       q.total_fen, q.lines::text AS lines, q.edition, q.day, q.catalogue_version, q.made_at, q.expires_at,
       q.usd_cny_per_100, u.first_day AS usd_day, q.brand_currency, q.brand_cny_per_100,
       b.first_day AS brand_day,
       ARRAY(SELECT catalog_public_price(l.variant_id, q.made_at) * l.quantity
             FROM ROWS FROM (jsonb_to_recordset(q.lines) AS (variant_id bigint, quantity bigint))
                  WITH ORDINALITY AS l (variant_id, quantity, position) ORDER BY l.position) AS public_fen,
       CASE WHEN q.made_at >= g.starts_at AND q.made_at < g.ends_at AND q.goods_fen >= g.from_goods_fen
            THEN least(g.reduces_fen, q.goods_fen) ELSE 0 END AS coupon_fen,
       EXISTS (SELECT 1 FROM orders_order o WHERE o.quote_id = q.id) AS used,
       EXISTS (SELECT 1 FROM orders_cartline l WHERE l.customer_id = q.customer_id) AS has_cart,
       v.version AS present_version, w.trade_mode AS warehouse_trade_mode, w.active AS warehouse_active,
       s.id AS subject_id, k.id AS key_id, k.wrapped, k.master_key_id,
       a.public_id AS address_ref, a.division_code, a.id IS NOT NULL AND a.removed_at IS NULL AS address_kept,
       a.name_sealed, a.phone_sealed, a.street_sealed,
       i.public_id AS identity_ref, i.person_id, i.state AS identity_state, i.number_index,
       i.name_sealed AS buyer_name_sealed, i.number_sealed AS buyer_number_sealed,
       ({missing}) AS consent_missing,
       s.limited_at IS NOT NULL AS limited,
       (SELECT jsonb_object_agg(measure, jsonb_build_array(used, reserved))::text FROM (
            SELECT y.measure, coalesce(sum(y.used) FILTER (WHERE y.year = %(year)s::int), 0) AS used,
                   sum(y.reserved) AS reserved
            FROM compliance_allowanceaccount y WHERE y.person_id = i.person_id GROUP BY y.measure) t
       ) AS taken
FROM orders_quote q
LEFT JOIN compliance_referencerate u ON u.id = q.usd_rate_id
LEFT JOIN compliance_referencerate b ON b.id = q.brand_rate_id
LEFT JOIN orders_couponclaim h ON h.id = q.claim_id
LEFT JOIN orders_coupon g ON g.id = h.coupon_id
JOIN inventory_warehouse w ON w.id = q.warehouse_id
JOIN customers_customer c ON c.id = q.customer_id
JOIN compliance_subject s ON s.id = c.subject_id
JOIN compliance_datakey k ON k.id = s.key_id
LEFT JOIN catalog_catalogversion v ON v.storefront_id = q.storefront_id
LEFT JOIN customers_address a ON a.id = q.address_id
LEFT JOIN customers_identity i ON i.customer_id = c.id AND i.state <> 'rejected'
WHERE q.token = %(token)s::uuid AND q.customer_id = %(customer)s::bigint AND c.closed_at IS NULL
FOR KEY SHARE OF c
"""
READ = _READ.format(missing=MISSING)


@dataclass(frozen=True, slots=True)
class Dossier:
    """One quote with its customer's keys, address, identity and allowance, as they stand now.

    The fields stand in the order of the columns of READ. Those of address and identity are None where there
    is none.
    """

    quote_id: int
    storefront_id: int
    warehouse_id: int
    claim_id: int | None
    trade_mode: str
    over_limit: bool
    province: str
    goods_fen: int
    freight_fen: int
    discount_fen: int
    duty_fen: int
    vat_fen: int
    excise_fen: int
    tax_fen: int
    total_fen: int
    lines: list[dict[str, Any]]
    edition: str
    day: date
    catalogue_version: int
    made_at: datetime
    expires_at: datetime
    usd_cny_per_100: Decimal | None
    usd_day: date | None
    brand_currency: str
    brand_cny_per_100: Decimal | None
    brand_day: date | None
    public_fen: list[int | None]
    coupon_fen: int
    used: bool
    has_cart: bool
    present_version: int
    warehouse_trade_mode: str
    warehouse_active: bool
    subject_id: UUID
    key_id: UUID
    wrapped: bytes
    master_key_id: str
    address_ref: UUID | None
    division_code: str | None
    address_kept: bool
    name_sealed: bytes | None
    phone_sealed: bytes | None
    street_sealed: bytes | None
    identity_ref: UUID | None
    person_id: UUID | None
    identity_state: str | None
    number_index: bytes | None
    buyer_name_sealed: bytes | None
    buyer_number_sealed: bytes | None
    consent_missing: str | None
    limited: bool
    taken: dict[str, Taken]


NAMES = [field.name for field in fields(Dossier)]
LINES, TAKEN = NAMES.index("lines"), NAMES.index("taken")


def read(
    *, customer_id: int, token: UUID, year: int, names: Mapping[str, str], now: datetime
) -> Dossier | None:
    """The dossier of a quote of this customer; None when there is no such quote.

    `names` are those of the storefront's consent texts.
    """
    with connection.cursor() as cursor:
        wanted: dict[str, Any] = {"token": token, "customer": customer_id, "year": year}
        cursor.execute(READ, wanted | asked(required_kinds(), now, names))
        row = cursor.fetchone()
    if row is None:
        return None
    values: list[Any] = list(row)
    values[LINES] = orjson.loads(values[LINES])
    values[TAKEN] = {m: Taken(*amounts) for m, amounts in orjson.loads(values[TAKEN] or "{}").items()}
    return Dossier(*values)
