"""Only goods of the positive list (正面清单) enter, and only as its remark on their code allows."""

from __future__ import annotations

from datetime import date
from typing import Any

from compliance.facts import Purchase
from compliance.law import Law
from compliance.rules.book import OF_THE_PERSON, rule

SINCE = date(2020, 1, 1)  # the first edition on file


@rule(
    "LIST-1",
    law="import/positive_list",
    since=SINCE,
    zh="跨境电子商务零售进口商品应当列入《跨境电子商务零售进口商品清单》。",
)
def goods_are_on_the_positive_list(case: Purchase, law: Law) -> dict[str, Any] | None:
    """Goods of cross-border retail import must be on the positive list of the day by their 8-digit code."""
    unlisted = {line.sku: line.hs_code[:8] for line in case.lines if line.goods.listing is None}
    return {"hs_codes": unlisted} if unlisted else None


@rule(
    "LIST-2",
    law="import/positive_list",
    since=SINCE,
    zh="清单备注仅限网购保税的商品，不得以其他监管方式进口。",
)
def the_remark_allows_the_trade_mode(case: Purchase, law: Law) -> dict[str, Any] | None:
    """Goods that the positive list's remark limits to bonded import (仅限网购保税) may not enter in another
    trade mode."""
    found = {
        line.sku: listing.remark
        for line in case.lines
        if (listing := line.goods.listing)
        and listing.only_modes
        and case.trade_mode not in listing.only_modes
    }
    return {"trade_mode": case.trade_mode, "remarks": found} if found else None


@rule(
    "LIST-3",
    law="import/person_year_quantities",
    also=("import/positive_list",),
    since=SINCE,
    moments=OF_THE_PERSON,
    zh="清单备注规定个人年度购买数量的商品（如食糖2千克、大米20千克），个人当年购买量（含本次）不得超过该数量。",
)
def the_years_quantity_is_kept(case: Purchase, law: Law) -> dict[str, Any] | None:
    """Of goods for which the positive list sets a quantity per person and year, such as sugar 2 kg and rice
    20 kg, one person may not buy more in a calendar year, this purchase included."""
    wanted = case.limited_grams
    if not wanted:
        return None
    limits = law.figure("import/person_year_quantities")
    above = {
        group: {"grams": grams, "limit_grams": limits.get(group, 0)}
        # Only a verified person is told what is left: it says what was bought elsewhere.
        | ({"left_grams": max(left, 0)} if case.buyer.verified else {})
        for group, grams in wanted.items()
        if grams > (left := limits.get(group, 0) - case.year_grams.get(group, 0))
    }
    return {"groups": above} if above else None


@rule(
    "LIST-4",
    law="import/positive_list",
    since=SINCE,
    zh="清单备注列有除外情形的，须先确认商品不属于除外范围。",
)
def exclusions_are_confirmed_not_to_apply(case: Purchase, law: Law) -> dict[str, Any] | None:
    """Where the positive list's remark excludes goods of the code (…的除外), someone must have confirmed that
    the exclusion does not meet the goods."""
    open_ = {
        line.sku: listing.exclusion
        for line in case.lines
        if (listing := line.goods.listing) and listing.exclusion and not line.goods.exclusion_ruled_out
    }
    return {"exclusions": open_} if open_ else None
