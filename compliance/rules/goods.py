"""Goods with a rule of their own: what may not be mailed in, what waits for an approval, what is eaten."""

from __future__ import annotations

from datetime import date
from typing import Any

from compliance.facts import Purchase
from compliance.kinds import eaten
from compliance.law import Law
from compliance.rules.book import rule
from compliance.rules.parties import in_place

DIRECT = "9610"  # 直购进口: by post or express, under the customs of the mail


@rule(
    "QUARANTINE-1",
    law="goods/not_by_direct_mail",
    since=date(2021, 10, 20),
    zh="列入《禁止携带、寄递进境的动植物及其产品和其他检疫物名录》的商品不得以直购进口（9610）方式进境。",
)
def quarantined_goods_are_not_mailed(case: Purchase, law: Law) -> dict[str, Any] | None:
    """Goods on the list of animals, plants and their products that may not be carried or mailed into the
    country may not enter by direct purchase (9610)."""
    if case.trade_mode != DIRECT:
        return None
    banned = law.figure("goods/not_by_direct_mail")
    found = {line.sku: banned[c] for line in case.lines for c in line.goods.classes if c in banned}
    return {"trade_mode": case.trade_mode, "goods": found} if found else None


@rule(
    "GATE-1",
    law="goods/gated_classes",
    since=date(2018, 1, 1),
    zh="婴幼儿配方乳粉等商品须经合规审批后方可销售。",
)
def gated_goods_are_approved(case: Purchase, law: Law) -> dict[str, Any] | None:
    """Infant formula and goods like it are not sold before an operator's compliance approval is recorded, for
    the item or for its class."""
    gated = law.figure("goods/gated_classes")
    shut = {
        line.sku: gated[c]
        for line in case.lines
        for c in line.goods.classes
        if c in gated and not case.open_gates.intersection((f"sku:{line.sku}", f"class:{c}"))
    }
    return {"goods": shut} if shut else None


@rule(
    "RECALL-1",
    law="goods/food_recall",
    also=("goods/food_codes",),
    since=date(2026, 2, 13),
    moments=("offer", "quote", "checkout"),
    zh="跨境电商零售进口食品须先委托一家境内食品生产经营者承担召回，方可上架销售。",
)
def food_has_a_recall_firm(case: Purchase, law: Law) -> dict[str, Any] | None:
    """Food goes on sale only when one domestic food producer or trader is entrusted with its recall and on
    file."""
    firm = law.figure("goods/food_recall")
    foods = [
        line.sku for line in case.lines if eaten(marked=line.goods.is_food, hs_code=line.hs_code, law=law)
    ]
    if not foods or in_place(case.parties.get(firm["role"], ""), firm["where"]):
        return None
    return {"skus": foods, "role": firm["role"]}
