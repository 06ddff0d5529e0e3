"""The page of the forex position: each storefront's position in foreign money, and what waits for what."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.html import format_html_join
from django.utils.safestring import mark_safe

from kernel.clock import shanghai_day
from kernel.money import yuan
from operators.bilingual import chinese, say
from operators.tables import Table, kept
from settlement.currency import CURRENCIES, shown
from settlement.position import positions
from settlement.reasons import Reason
from settlement.unsettled import Unsettled, unsettled

MOST_ORDERS, MOST_SHOPS = 50, 10
_COLUMNS = (
    ("waiting", say("待凭证", "waiting")),
    ("ready", say("可结汇", "ready")),
    ("in_batch", say("在批次中", "in batches")),
    ("taken_back", say("待扣回", "to be taken back")),
    ("on_its_way", say("在途", "on its way")),
    ("received", say("已到账", "received")),
    ("charged", say("银行扣费", "bank charges")),
    ("result", say("汇兑损益", "result")),
)
_SHOP, _ORDER = say("店铺", "storefront"), say("订单", "order")
_FEN = (
    ("gross_fen", say("销售额（元）", "sold (CNY)")),
    ("refunded_fen", say("退款（元）", "refunded (CNY)")),
    ("fee_fen", say("手续费（元）", "fees (CNY)")),
    ("net_fen", say("净额（元）", "net (CNY)")),
)


def story(shops: Mapping[int, str], now: datetime) -> list[Table]:
    """The position, the oldest orders that have not gone abroad with every reason, and those of which a later
    batch takes something back. What is left out is said."""
    day = shanghai_day(now)
    chosen = [
        (id, code, unsettled(storefront_id=id, day=day)) for id, code in list(shops.items())[:MOST_SHOPS]
    ]
    stand = [
        [code, at.currency, *(_money(getattr(at, name), at.currency) for name, _ in _COLUMNS)]
        for id, code, theirs in chosen
        for at in positions(storefront_id=id, waiting=theirs)
    ]
    every = [(code, one) for _, code, theirs in chosen for one in theirs]
    waiting = [(code, one) for code, one in every if not one.batch and one.beyond_minor >= 0]
    back = [(code, one) for code, one in every if one.beyond_minor < 0]
    return [
        {
            "title": _of(say("外汇头寸", "Forex position"), len(chosen), len(shops), _SHOP),
            "headers": [_SHOP, say("币种", "currency"), *(name for _, name in _COLUMNS)],
            "rows": stand,
        },
        {
            "title": _of(
                say("尚未结汇的订单", "Orders that have not gone abroad"), MOST_ORDERS, len(waiting)
            ),
            "headers": [
                *(_SHOP, _ORDER, say("付款日", "paid on"), *(name for _, name in _FEN)),
                *(say("锁定汇率", "locked rate"), say("承诺品牌方", "promised"), say("原因", "why")),
            ],
            "rows": [_row(code, one, one.promised_minor) for code, one in waiting[:MOST_ORDERS]],
        },
        {
            "title": _of(say("待扣回的订单", "Orders to be taken back from"), MOST_ORDERS, len(back)),
            "headers": [
                *(_SHOP, _ORDER, say("付款日", "paid on"), *(name for _, name in _FEN)),
                *(say("锁定汇率", "locked rate"), say("待扣回", "to be taken back")),
                *(say("原因", "why"), say("批次", "batch")),
            ],
            "rows": [[*_row(code, one, -one.beyond_minor), one.batch] for code, one in back[:MOST_ORDERS]],
        },
    ]


def _row(code: str, one: Unsettled, minor: int | None) -> list[Any]:
    rate = "-" if one.cny_per_100 is None else str(one.cny_per_100)
    amounts = (yuan(getattr(one, name)) for name, _ in _FEN)
    promised = kept(_money(minor, one.currency, named=True))
    return [code, kept(one.number), kept(str(one.paid_on)), *amounts, rate, promised, _why(one.reasons)]


def _money(minor: int | None, currency: str, *, named: bool = False) -> str:
    if minor is None or currency not in CURRENCIES:
        return "-"
    return f"{shown(minor, currency)} {currency}" if named else shown(minor, currency)


def _of(title: Any, shown_rows: int, all_rows: int, what: Any = "") -> str:
    """A title that says where a table ends before its rows do."""
    if all_rows <= shown_rows:
        return str(title)
    if chinese():
        return f"{title}（{what}共 {all_rows}，显示前 {shown_rows}）"
    return f"{title} ({shown_rows} of {all_rows}{f' {what}s' if what else ''})"


def _why(reasons: tuple[Reason, ...]) -> Any:
    """Each reason on a line of its own."""
    if not reasons:
        return say("可结汇", "ready")
    return format_html_join(
        mark_safe("<br>"), "{}", ((kept(one.zh if chinese() else one.en),) for one in reasons)
    )
