"""Goods come in for personal use (自用), one transaction at a time: what looks otherwise is not declared."""

from __future__ import annotations

from datetime import date
from typing import Any

from compliance.facts import REPEATED, SPLIT, Purchase
from compliance.law import Law
from compliance.rules.book import rule


@rule(
    "PERSONAL-1",
    law="personal_use/window_days",
    also=tuple(f"personal_use/orders_of_one_{what}" for what in ("person", "payer", "phone", "address")),
    since=date(2019, 1, 1),
    moments=("declare",),
    zh="消费者购买的商品仅限个人自用，不得再次销售；对同一购买人、支付账户、收件电话或者收货地址短时间内"
    "反复订购的，核查结束前不得申报。",
)
def goods_are_for_personal_use(case: Purchase, law: Law) -> dict[str, Any] | None:
    """Goods are for the consumer's personal use only and may not be sold again; orders that one person,
    payer, telephone or address repeats in a short time are not declared until an operator has looked."""
    open_ones = case.suspicions & REPEATED
    return {"cases": sorted(open_ones)} if open_ones else None


@rule(
    "SPLIT-1",
    law="personal_use/split_hours",
    also=("import/single_transaction_limit",),
    since=date(2019, 1, 1),
    moments=("declare",),
    zh="一次购买不得为规避单次交易限值而拆分为数个订单，平台不自动拆单；疑似拆单的，核查结束前不得申报。",
)
def transaction_is_not_split(case: Purchase, law: Law) -> dict[str, Any] | None:
    """One purchase may not be split into several orders to stay within the single-transaction limit; the shop
    never splits a basket by itself, and what looks split is not declared until an operator has looked."""
    return {"cases": [SPLIT]} if SPLIT in case.suspicions else None
