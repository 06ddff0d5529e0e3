"""One query tells what has not gone abroad yet, order by order, and everything that each still waits for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import orjson
from django.db import connection

from compliance.law import Law
from settlement.currency import CURRENCIES, PAR, to_minor
from settlement.reasons import Reason

# `books` is what the ledger says of each order: goods and freight may go abroad, the tax stays; a free coupon
# of WeChat Pay lessens what came as a fee does. `live` is what batches hold of an order, and what ended ones
# have settled. What is only taken back (a fee after a whole refund, a refund after settlement) needs no
# evidence of a trade: nothing goes abroad for it. `differing` are orders of which a bill says otherwise,
# while the case of that is open: the difference's own, or the one that tells of very many alike. `cased` are
# orders that an open case is about, by their number or by that of an attempt to pay them.
# Only orders that are open are looked at, or those that are asked for (settlement/models/open.py): each by
# its key, so that what is settled and done costs nothing, however much of it there is.
_QUERY = """
WITH looked AS MATERIALIZED (
    SELECT order_id FROM settlement_openorder
    WHERE storefront_id = %(storefront_id)s AND %(only)s::bigint[] IS NULL
    UNION SELECT unnest(%(only)s::bigint[])
), books AS (
    SELECT e.order_id,
           bool_or(e.kind = 'sale') AS entered,
           -coalesce(sum(p.amount_fen)
               FILTER (WHERE e.kind = 'sale' AND p.account IN ('sales', 'freight')), 0) AS gross,
           -coalesce(sum(p.amount_fen)
               FILTER (WHERE e.kind = 'sale' AND p.account IN ('sales', 'freight', 'tax')), 0) AS sale,
           coalesce(sum(p.amount_fen)
               FILTER (WHERE e.kind <> 'sale' AND p.account IN ('sales', 'freight', 'goodwill')), 0)
               AS refunded,
           coalesce(sum(p.amount_fen) FILTER (WHERE p.account IN ('fee', 'coupon')), 0) AS fee
    FROM looked JOIN settlement_entry e ON e.order_id = looked.order_id
    JOIN settlement_posting p ON p.entry_id = e.id
    WHERE e.storefront_id = %(storefront_id)s AND e.kind NOT IN ('settlement', 'receipt', 'clearing')
    GROUP BY e.order_id
), live AS (
    SELECT i.order_id, count(*) AS turns,
           coalesce(sum(i.net_fen) FILTER (WHERE b.state = 'closed'), 0) AS net,
           coalesce(sum(i.promised_minor) FILTER (WHERE b.state = 'closed'), 0) AS promised,
           coalesce(sum(i.promised_minor) FILTER (WHERE b.state <> 'closed'), 0) AS held,
           coalesce(sum(i.gross_fen) FILTER (WHERE b.state = 'closed'), 0) AS gross,
           coalesce(sum(i.refunded_fen) FILTER (WHERE b.state = 'closed'), 0) AS refunded,
           coalesce(sum(i.fee_fen) FILTER (WHERE b.state = 'closed'), 0) AS fee,
           max(b.number) FILTER (WHERE b.state <> 'closed') AS batch
    FROM looked JOIN settlement_settlementitem i ON i.order_id = looked.order_id
    JOIN settlement_settlementbatch b ON b.id = i.batch_id
    WHERE i.storefront_id = %(storefront_id)s AND i.live
    GROUP BY i.order_id
), differing AS MATERIALIZED (
    SELECT p.order_id
    FROM payments_billdifference d JOIN payments_payment p ON p.id = d.payment_id
    JOIN payments_bill b ON b.id = d.bill_id
    JOIN kernel_case c ON c.state = 'open' AND c.kind = 'bill.' || d.kind AND c.key IN (
        d.key, concat('bill:', b.mchid, ':', to_char(b.day, 'YYYY-MM-DD'), ':', b.kind))
    WHERE d.storefront_id = %(storefront_id)s
), cased AS MATERIALIZED (
    SELECT o.id AS order_id FROM kernel_case c JOIN orders_order o ON o.number = c.facts ->> 'order'
    WHERE c.storefront_id = %(storefront_id)s AND c.state = 'open'
    UNION SELECT p.order_id FROM kernel_case c
    JOIN payments_payment p ON p.out_trade_no = c.facts ->> 'out_trade_no'
    WHERE c.storefront_id = %(storefront_id)s AND c.state = 'open'
    UNION SELECT o.id FROM kernel_case c JOIN orders_order o ON o.number = substr(c.key, 7)
    WHERE c.storefront_id = %(storefront_id)s AND c.state = 'open' AND starts_with(c.key, 'order:')
    UNION SELECT p.order_id FROM kernel_case c JOIN payments_payment p ON p.out_trade_no = substr(c.key, 9)
    WHERE c.storefront_id = %(storefront_id)s AND c.state = 'open' AND starts_with(c.key, 'payment:')
), found AS (
    SELECT o.*, coalesce(b.entered, false) AS entered, coalesce(b.sale, 0) AS sale,
           coalesce(b.gross, o.goods_fen - o.discount_fen + o.freight_fen) - coalesce(l.gross, 0) AS gross,
           coalesce(b.refunded, 0) - coalesce(l.refunded, 0) AS refunded,
           coalesce(b.fee, 0) - coalesce(l.fee, 0) AS fee,
           coalesce(l.turns, 0) AS turns, coalesce(l.net, 0) AS done_net,
           coalesce(l.promised, 0) AS done_promised, coalesce(l.held, 0) AS held, l.batch
    FROM looked JOIN orders_order o ON o.id = looked.order_id
    LEFT JOIN books b ON b.order_id = o.id LEFT JOIN live l ON l.order_id = o.id
    WHERE o.storefront_id = %(storefront_id)s AND o.paid_at IS NOT NULL
)
SELECT f.id, f.number, (f.paid_at AT TIME ZONE 'Asia/Shanghai')::date, f.brand_currency,
       f.brand_cny_per_100, f.gross, f.refunded, f.fee, f.turns,
       f.done_net, f.done_promised, f.held, coalesce(f.batch, ''), paid.transaction_id, proof.told,
       array_remove(ARRAY[
           CASE WHEN NOT f.entered THEN 'not_entered' END,
           CASE WHEN paid.id IS NULL THEN 'payment' END,
           CASE WHEN f.entered AND (f.sale <> f.total_fen OR paid.received_fen <> f.total_fen)
                THEN 'amounts' END,
           CASE WHEN f.usd_cny_per_100 IS NULL
                  OR f.brand_currency <> 'CNY' AND f.brand_cny_per_100 IS NULL THEN 'rate' END,
           CASE WHEN NOT f.brand_currency = ANY(%(currencies)s::text[]) THEN 'currency' END,
           CASE WHEN f.goods_fen - f.discount_fen + f.freight_fen > %(ceiling)s::numeric * f.usd_cny_per_100
                THEN 'ceiling' END,
           CASE WHEN f.person_id IS NULL THEN 'buyer' END,
           CASE WHEN check_.state IS DISTINCT FROM 'same' THEN 'payer' END,
           CASE WHEN NOT coalesce(proof.told, '{}'::jsonb) ? 'payment' THEN 'declared' END,
           CASE WHEN NOT coalesce(proof.told, '{}'::jsonb) ? 'logistics' THEN 'logistics' END,
           CASE WHEN NOT coalesce(proof.told, '{}'::jsonb) ? 'clearance' THEN 'clearance' END,
           CASE WHEN EXISTS (
               SELECT FROM payments_refund r
               WHERE r.order_id = f.id AND r.state <> 'closed' AND NOT EXISTS (
                   SELECT FROM payments_payment s
                   WHERE s.id = r.payment_id AND s.stray_reason = 'currency'
               ) AND NOT (
                   r.state = 'succeeded'
                   AND (r.redirected_to <> 'merchant' OR r.transferred_at IS NOT NULL)
                   AND (EXISTS (
                       SELECT FROM settlement_entry e
                       WHERE e.refund_id = r.id AND e.order_id = f.id AND e.kind = 'refund')
                   -- What is kept back has all of it: it moves nothing, and is not entered.
                   OR r.amount_fen = 0 AND r.freight_fen = 0 AND r.tax_fen = r.tax_lost_fen
                      AND r.goods_fen = r.discount_fen + r.deducted_fen))
           ) THEN 'refund' END,
           CASE WHEN EXISTS (
               SELECT FROM payments_complaint c WHERE c.order_id = f.id AND c.state <> 'processed'
           ) OR f.id IN (SELECT order_id FROM cased)
           OR f.id IN (SELECT order_id FROM differing) THEN 'case' END,
           CASE WHEN f.batch IS NOT NULL THEN 'in_batch' END
       ], NULL) AS reasons
FROM found f
LEFT JOIN payments_payment paid ON paid.order_id = f.id AND paid.state = 'succeeded'
LEFT JOIN compliance_payercheck check_ ON check_.order_number = f.number
LEFT JOIN LATERAL (
    SELECT jsonb_object_agg(e.kind, e.reference ORDER BY e.id) AS told
    FROM settlement_evidence e WHERE e.order_id = f.id
) proof ON true
WHERE (f.gross - f.refunded - f.fee <> 0 OR f.batch IS NOT NULL)
  AND (%(currency)s::text = '' OR f.brand_currency = %(currency)s::text)
ORDER BY f.id
"""
_TAKEN_BACK = frozenset(
    {
        Reason.CEILING,
        Reason.BUYER,
        Reason.PAYER,
        Reason.DECLARED,
        Reason.LOGISTICS,
        Reason.CLEARANCE,
    }
)  # what a mere deduction does not wait for


@dataclass(frozen=True, slots=True)
class Unsettled:
    """One order, in fen, with what of it has not gone abroad; without reasons it is ready for a batch.

    `promised_minor` is that amount at the rate locked on the order, so that all shares of the order together
    are the promise for all of it. `turn` counts the batches that settled some of it; `held_minor` is what a
    batch that has not ended holds as promised.
    """

    order_id: int
    number: str
    paid_on: date
    currency: str
    cny_per_100: Decimal | None
    gross_fen: int
    refunded_fen: int
    fee_fen: int
    promised_minor: int | None
    held_minor: int
    turn: int
    batch: str
    evidence: dict[str, str]
    reasons: tuple[Reason, ...]

    @property
    def net_fen(self) -> int:
        """What is to be converted: negative where it is taken back."""
        return self.gross_fen - self.refunded_fen - self.fee_fen

    @property
    def beyond_minor(self) -> int:
        """What is promised and in no batch: negative where a later one takes it back."""
        return (self.promised_minor or 0) - self.held_minor


def unsettled(
    *, storefront_id: int, day: date, currency: str = "", only: Iterable[int] | None = None
) -> list[Unsettled]:
    """What of one storefront's orders has not gone abroad by the law of `day`: oldest first, one statement.

    `currency` and `only` (ids of orders) narrow it.
    """
    asked = {
        "storefront_id": storefront_id,
        "currency": currency,
        "only": None if only is None else list(only),
        "currencies": sorted(CURRENCIES),
        "ceiling": Law(day).figure("forex/single_transaction_usd"),
    }
    with connection.cursor() as cursor:
        cursor.execute(_QUERY, asked)
        return [_read(row) for row in cursor.fetchall()]


def _read(row: Any) -> Unsettled:
    (
        id,
        number,
        paid_on,
        currency,
        locked,
        gross,
        refunded,
        fee,
        turn,
        net,
        promised,
        held,
        batch,
        paid,
        told,
        why,
    ) = row
    left = int(gross - refunded - fee)
    evidence: dict[str, str] = orjson.loads(told) if isinstance(told, str) else dict(told or {})
    if paid:
        evidence["transaction"] = paid
    rate = PAR if currency == "CNY" else locked
    mere = turn or left < 0
    reasons = tuple(Reason(code) for code in why if not (mere and code in _TAKEN_BACK))
    share = None
    if rate is not None and currency in CURRENCIES:
        share = to_minor(int(net) + left, cny_per_100=rate, currency=currency) - int(promised)
    return Unsettled(
        order_id=id,
        number=number,
        paid_on=paid_on,
        currency=currency,
        cny_per_100=rate,
        gross_fen=int(gross),
        refunded_fen=int(refunded),
        fee_fen=int(fee),
        promised_minor=share,
        held_minor=int(held),
        turn=turn,
        batch=batch,
        evidence=evidence,
        reasons=reasons,
    )
