"""The price of an order derives from public price and public promotion alone (个人信息保护法 Art. 24)."""

from __future__ import annotations

from datetime import date
from typing import Any

from compliance.facts import Purchase
from compliance.law import Law
from compliance.rules.book import rule


@rule(
    "PRICE-1",
    law="price/public_terms",
    since=date(2021, 11, 1),
    moments=("checkout",),
    zh="商品价格应当为报价时对所有消费者公开的价格或者公开的降价，此外仅可按公开条件使用优惠券抵扣；"
    "不得对个人在交易价格等交易条件上实行不合理的差别待遇。",
)
def price_is_the_public_price(case: Purchase, law: Law) -> dict[str, Any] | None:
    """The price of goods is the price or price cut that was public to every consumer when the quote was made,
    and nothing else reduces it but a coupon on public terms; no person is treated differently in price."""
    terms = case.terms
    if terms is None or len(terms.lines_fen) != len(case.lines):
        return {"skus": [line.sku for line in case.lines]}
    skus = [
        line.sku
        for line, public_fen in zip(case.lines, terms.lines_fen, strict=True)
        if line.goods_fen != public_fen
    ]
    if not skus and case.discount_fen == terms.coupon_fen:
        return None
    return {"skus": skus, "discount_fen": case.discount_fen, "coupon_fen": terms.coupon_fen}
