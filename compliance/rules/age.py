"""Who is too young: alcohol is for adults, and a child's data is handled with a guardian's consent only."""

from __future__ import annotations

from datetime import date
from typing import Any

from compliance.facts import BuyerFacts, Purchase
from compliance.kinds import for_adults
from compliance.law import Law
from compliance.rules.book import OF_THE_PERSON, rule


def _younger(buyer: BuyerFacts, years: int) -> bool:
    """Whether someone with a well-formed number is younger; an age that is not known is too young."""
    return buyer.number_well_formed and (buyer.age is None or buyer.age < years)


@rule(
    "ADULT-1",
    law="people/adult_age",
    also=("goods/adult_only_codes",),
    since=date(2021, 6, 1),
    moments=OF_THE_PERSON,
    zh="禁止向未成年人销售酒类等仅限成年人购买的商品。",
)
def only_adults_buy_what_is_for_adults(case: Purchase, law: Law) -> dict[str, Any] | None:
    """Alcohol and other goods for adults may not be sold to minors."""
    skus = [
        line.sku
        for line in case.lines
        if for_adults(marked=line.goods.adult_only, hs_code=line.hs_code, law=law)
    ]
    years = law.figure("people/adult_age")
    if not skus or not _younger(case.buyer, years):
        return None
    return {"skus": skus, "from_age": years}


@rule(
    "MINOR-1",
    law="people/guardian_age",
    since=date(2021, 11, 1),
    moments=OF_THE_PERSON,
    zh="处理不满十四周岁未成年人个人信息的，应当取得其监护人的同意；本店不向其销售。",
)
def a_child_needs_a_guardian(case: Purchase, law: Law) -> dict[str, Any] | None:
    """The personal data of a minor under fourteen may be handled with a guardian's consent only; this house
    does not sell to them."""
    years = law.figure("people/guardian_age")
    return {"from_age": years} if _younger(case.buyer, years) else None
