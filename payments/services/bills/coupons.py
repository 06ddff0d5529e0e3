"""Whose money a coupon of WeChat Pay is (代金券): what of one the shop bears follows from the bill line.

A prepaid coupon (充值券) was paid for by whoever issued it: WeChat Pay hands its amount to the shop with the
sale, and takes it back with a refund (充值券退款金额). Behind a free one (免充值券) stands no money: the shop
gets that much less (应结订单金额 = 订单金额 − 免充值券), and of a refund that much less leaves its account
(退款金额 = 申请退款金额 − 免充值券).
https://pay.weixin.qq.com/docs/merchant/products/bill-download/format-trade.html
"""

from __future__ import annotations

# What of the sale the free coupons can have been: by its own line, else by what the payment told of coupons,
# else by the refund's line.
_OF_SALE = """coalesce(
    (SELECT s.order_fen - s.settled_fen FROM payments_billline s
     WHERE s.kind = 'sale' AND s.transaction_id = l.transaction_id AND s.storefront_id = l.storefront_id
     ORDER BY s.id LIMIT 1),
    (SELECT c.received_fen - c.payer_fen FROM payments_payment c WHERE c.id = l.payment_id),
    l.coupon_fen)"""
_GIVEN_BACK = """(SELECT coalesce(sum(o.refund_asked_fen - o.refund_fen), 0) FROM payments_billline o
     WHERE o.kind = 'refund' AND o.payment_id = l.payment_id AND o.id <= l.id)"""

# SQL over a line `l`: the fen of free coupons that the shop bears; negative where a refund gives them back;
# 0 where no coupon in the line can be the reason.
BORNE = f"""CASE
    WHEN l.kind = 'sale' AND l.order_fen - l.settled_fen BETWEEN 1 AND l.coupon_fen
        THEN l.order_fen - l.settled_fen
    WHEN l.kind = 'refund' AND l.refund_asked_fen > l.refund_fen AND {_GIVEN_BACK} <= {_OF_SALE}
        THEN l.refund_fen - l.refund_asked_fen
    ELSE 0 END"""
