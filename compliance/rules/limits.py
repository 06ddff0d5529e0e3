"""The two limits of cross-border retail import, on the dutiable value before tax and before coupons."""

from __future__ import annotations

from datetime import date
from typing import Any

from compliance.facts import Purchase
from compliance.law import Law
from compliance.rules.book import OF_THE_PERSON, rule


def one_piece_above_limit(case: Purchase, law: Law) -> bool:
    """Whether the order is exactly one piece between the two limits, both bounds strict: taxed in full."""
    return (
        law.figure("import/single_transaction_limit") < case.dutiable_fen < law.figure("import/annual_limit")
        and case.pieces == 1
        and law.figure("import/one_piece_exception")
    )


@rule(
    "LIMIT-1",
    law="import/single_transaction_limit",
    also=("import/annual_limit", "import/one_piece_exception"),
    since=date(2016, 4, 8),
    moments=OF_THE_PERSON,
    zh="跨境电子商务零售进口商品的单次交易完税价格不得超过单次交易限值；超过该限值但低于年度交易限值，"
    "且订单下仅一件商品的，可以按照货物税率全额征税进口。",
)
def single_transaction_within_limit(case: Purchase, law: Law) -> dict[str, Any] | None:
    """The dutiable value of a single cross-border retail import transaction may not exceed the
    single-transaction limit; above it, and below the annual limit, exactly one piece may enter at full
    rates."""
    limit_fen = law.figure("import/single_transaction_limit")
    if case.dutiable_fen <= limit_fen or one_piece_above_limit(case, law):
        return None
    return {"dutiable_fen": case.dutiable_fen, "limit_fen": limit_fen, "pieces": case.pieces}


@rule(
    "LIMIT-2",
    law="import/annual_limit",
    since=date(2016, 4, 8),
    moments=OF_THE_PERSON,
    zh="个人当年跨境电子商务零售进口交易额（含本次）不得超过个人年度交易限值。",
)
def annual_total_within_limit(case: Purchase, law: Law) -> dict[str, Any] | None:
    """What one person imports by cross-border retail in a calendar year, this transaction included, may not
    exceed the annual limit."""
    limit_fen = law.figure("import/annual_limit")
    left_fen = limit_fen - case.year_used_fen - case.year_reserved_fen
    if case.dutiable_fen <= left_fen:
        return None
    facts = {"dutiable_fen": case.dutiable_fen, "limit_fen": limit_fen}
    # Only a verified person is told what is left: it says what was bought elsewhere.
    return facts | {"left_fen": max(left_fen, 0)} if case.buyer.verified else facts
