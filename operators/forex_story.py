"""The page of the forex position: each storefront's position in foreign money, and what waits for what."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from kernel.clock import shanghai_day
from kernel.money import yuan
from operators.bilingual import chinese, say
from operators.tables import Table, kept
from settlement.currency import CURRENCIES, shown
from settlement.position import Position, positions
from settlement.reasons import Reason
from settlement.unsettled import unsettled

MOST_ORDERS, MOST_SHOPS = 50, 10
_COLUMNS = ("waiting", "ready", "in_batch", "on_its_way", "received", "result")


def story(shops: Mapping[int, str], now: datetime) -> list[Table]:
    """The position, and the oldest orders that have not gone abroad with every reason."""
    day = shanghai_day(now)
    chosen = [
        (id, code, unsettled(storefront_id=id, day=day)) for id, code in list(shops.items())[:MOST_SHOPS]
    ]
    stand = [
        [code, at.currency, *_amounts(at)]
        for id, code, theirs in chosen
        for at in positions(storefront_id=id, waiting=theirs)
    ]
    waiting = [
        [code, kept(one.number), kept(str(one.paid_on)), yuan(one.net_fen), _why(one.reasons)]
        for _, code, theirs in chosen
        for one in theirs
        if not one.batch
    ]
    shop = say("店铺", "storefront")
    return [
        {
            "title": say("外汇头寸", "Forex position"),
            "headers": [
                shop,
                say("币种", "currency"),
                say("待凭证", "waiting"),
                say("可结汇", "ready"),
                say("在批次中", "in batches"),
                say("在途", "on its way"),
                say("已到账", "received"),
                say("汇兑损益", "result"),
            ],
            "rows": stand,
        },
        {
            "title": say("尚未结汇的订单", "Orders that have not gone abroad"),
            "headers": [
                shop,
                say("订单", "order"),
                say("付款日", "paid on"),
                say("金额", "amount"),
                say("原因", "why"),
            ],
            "rows": waiting[:MOST_ORDERS],
        },
    ]


def _amounts(at: Position) -> list[str]:
    if at.currency not in CURRENCIES:
        return ["-"] * len(_COLUMNS)
    return [shown(getattr(at, name), at.currency) for name in _COLUMNS]


def _why(reasons: tuple[Reason, ...]) -> str:
    if not reasons:
        return str(say("可结汇", "ready"))
    return ("；" if chinese() else "; ").join(one.zh if chinese() else one.en for one in reasons)
