"""The return within seven days (七日无理由退货) is given up on a ground of the law, or not at all."""

from __future__ import annotations

from datetime import date
from typing import Any

from compliance.facts import Purchase
from compliance.law import Law
from compliance.notice import GROUNDS
from compliance.rules.book import rule


@rule(
    "RETURN-1",
    law="returns/exclusion_grounds",
    also=tuple(f"returns/wording_{ground}" for ground in GROUNDS),
    since=date(2017, 3, 15),
    moments=("checkout",),
    zh="不适用七日无理由退货的商品以法律规定的性质为限，由消费者在购买时逐一确认；经营者不得扩大范围，"
    "不得以默认勾选方式代替确认。",
)
def exclusion_rests_on_a_ground_of_the_law(case: Purchase, law: Law) -> dict[str, Any] | None:
    """The return within seven days may be excluded only for goods of a nature that the law names, confirmed
    by the consumer for each purchase; the seller may not widen it and may tick nothing beforehand."""
    grounds = law.figure("returns/exclusion_grounds")
    widened = [sku for sku, ground in case.exclusions if ground not in grounds]
    return {"skus": widened} if widened else None
