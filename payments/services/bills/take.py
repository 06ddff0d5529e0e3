"""A bill's lines are all in, with their sums, or none is; nowhere is a whole file held in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import IO, Any

from django.db import connection

from kernel.cases import open_case
from kernel.tenancy import tenant
from payments.models import Bill
from payments.services.bills.differences import Found, keep
from payments.states import BILL
from wechat.errors import StatementUnreadable
from wechat.pay.statements import FundRow, Statement, TradeRow, fund_statement, trade_statement

_TRADE = [
    "line",
    "kind",
    "at",
    "appid",
    "transaction_id",
    "out_trade_no",
    "trade_type",
    "currency",
    "order_fen",
    "settled_fen",
    "coupon_fen",
    "wechat_refund_id",
    "out_refund_no",
    "refund_fen",
    "refund_coupon_fen",
    "refund_asked_fen",
    "refund_channel",
    "refund_state",
    "fee_fen",
    "rate_ppm",
]
_FUND = [
    "line",
    "at",
    "business_id",
    "flow_id",
    "business",
    "business_type",
    "amount_fen",
    "balance_fen",
    "voucher",
]

# The lines come into a table of this transaction alone and go over with the payments and refunds of ours that
# they name: what is once in the bill's own table is never changed.
_STAGE = (
    "CREATE TEMPORARY TABLE bill_stage AS SELECT {columns} FROM {table} WITH NO DATA;"
    "ALTER TABLE bill_stage ALTER line SET NOT NULL"
)
_KEEP_TRADE = f"""
INSERT INTO payments_billline (storefront_id, bill_id, payment_id, refund_id, {", ".join(_TRADE)})
SELECT %(storefront)s, %(bill)s, p.id, r.id, {", ".join(f"s.{name}" for name in _TRADE)}
FROM bill_stage s
LEFT JOIN payments_payment p
       ON p.out_trade_no = s.out_trade_no AND p.mchid = %(mchid)s AND p.storefront_id = %(storefront)s
LEFT JOIN payments_refund r
       ON s.kind = 'refund' AND r.out_refund_no = s.out_refund_no AND r.payment_id = p.id
ORDER BY s.line
"""  # noqa: S608  (names of our own columns)
_KEEP_FUND = f"""
INSERT INTO payments_fundline (storefront_id, bill_id, {", ".join(_FUND)})
SELECT %(storefront)s, %(bill)s, {", ".join(_FUND)} FROM bill_stage ORDER BY line
"""  # noqa: S608

# Summary column → the sum of ours that it must be.
_TRADE_TOLD = {
    "总交易单数": "rows",
    "应结订单总金额": "settled_fen",
    "退款总金额": "refund_fen",
    "充值券退款总金额": "refund_coupon_fen",
    "手续费总金额": "fee_fen",
    "订单总金额": "sales_fen",
    "申请退款总金额": "refunded_fen",
}
_FUND_TOLD = {
    "资金流水总笔数": "rows",
    "收入笔数": "came",
    "收入金额": "in_fen",
    "支出笔数": "left",
    "支出金额": "out_fen",
}
_COLUMNS = [
    "rows",
    "sales",
    "sales_fen",
    "settled_fen",
    "refunds",
    "refunded_fen",
    "fee_fen",
    "in_fen",
    "out_fen",
    "closing_fen",
]


def take(*, bill: Bill, file: IO[bytes] | None, sha1: str, now: datetime) -> None:
    """Keep every line of the verified `file`; None: nothing happened that day.

    One transaction. Whoever comes second finds the bill taken and changes nothing. A file that cannot be
    read leaves no line behind: the bill is `unreadable`, with a case.
    """
    try:
        with tenant(bill.storefront_id):
            row = Bill.objects.select_for_update().get(pk=bill.pk)
            if row.state != "asked":
                return
            sums, told = _load(row, file) if file is not None else ({}, {})
            columns: dict[str, Any] = {name: sums[name] for name in _COLUMNS if name in sums}
            BILL.move(row, "take", now=now, sha1=sha1, told=told, downloaded_at=now, trouble="", **columns)
            names = _TRADE_TOLD if row.kind == Bill.Kind.TRADE else _FUND_TOLD
            keep(bill=row, found=_summary(row, sums, told, names), now=now)
    except StatementUnreadable as failure:
        _unreadable(bill, failure, sha1, now)
    finally:
        bill.refresh_from_db()


def _load(bill: Bill, file: IO[bytes]) -> tuple[dict[str, int], dict[str, int]]:
    """Copy the lines over; their sums, and those of the summary row."""
    names = {"storefront": bill.storefront_id, "bill": bill.pk, "mchid": bill.mchid}
    sums: dict[str, int] = {}
    if bill.kind == Bill.Kind.TRADE:
        trades = trade_statement(file, mchid=bill.mchid, day=bill.day)
        _copy("payments_billline", _TRADE, _trade_values(trades, sums), _KEEP_TRADE, names)
        return sums, trades.told
    movements = fund_statement(file, day=bill.day)
    _copy("payments_fundline", _FUND, _fund_values(movements, sums), _KEEP_FUND, names)
    return sums, movements.told


def _copy(
    table: str, columns: list[str], rows: Iterable[tuple[Any, ...]], go_over: str, names: dict[str, Any]
) -> None:
    listed = ", ".join(columns)
    with connection.cursor() as cursor:
        cursor.execute(_STAGE.format(columns=listed, table=table))
        with cursor.copy(f"COPY bill_stage ({listed}) FROM STDIN") as stage:
            for row in rows:
                stage.write_row(row)
        cursor.execute("ANALYZE bill_stage")
        cursor.execute(go_over, names)
        cursor.execute("DROP TABLE bill_stage")


def _trade_values(statement: Statement[TradeRow], sums: dict[str, int]) -> Iterator[tuple[Any, ...]]:
    sums.update(dict.fromkeys([*_TRADE_TOLD.values(), "sales", "refunds"], 0))
    for row in statement:
        sums["rows"] += 1
        sums["sales"] += row.kind == "sale"
        sums["refunds"] += row.kind == "refund"
        sums["sales_fen"] += row.order_fen
        sums["settled_fen"] += row.settled_fen
        sums["refund_fen"] += row.refund_fen
        sums["refund_coupon_fen"] += row.refund_coupon_fen
        sums["refunded_fen"] += row.refund_asked_fen
        sums["fee_fen"] += row.fee_fen
        yield (
            row.line,
            row.kind,
            row.at,
            row.appid,
            row.transaction_id,
            row.out_trade_no,
            row.trade_type,
            row.currency,
            row.order_fen,
            row.settled_fen,
            row.coupon_fen,
            row.refund_id,
            row.out_refund_no,
            row.refund_fen,
            row.refund_coupon_fen,
            row.refund_asked_fen,
            row.refund_channel,
            row.refund_state,
            row.fee_fen,
            row.rate_ppm,
        )


def _fund_values(statement: Statement[FundRow], sums: dict[str, int]) -> Iterator[tuple[Any, ...]]:
    sums.update(dict.fromkeys(_FUND_TOLD.values(), 0))
    for row in statement:
        sums["rows"] += 1
        count, amount = ("came", "in_fen") if row.amount_fen >= 0 else ("left", "out_fen")
        sums[count] += 1
        sums[amount] += abs(row.amount_fen)
        sums["closing_fen"] = row.balance_fen
        yield (
            row.line,
            row.at,
            row.business_id,
            row.flow_id,
            row.business_name,
            row.business_type,
            row.amount_fen,
            row.balance_fen,
            row.voucher,
        )


def _summary(bill: Bill, sums: dict[str, int], told: dict[str, int], names: dict[str, str]) -> list[Found]:
    """One difference for each value of the summary row that is not the sum of the lines."""
    return [
        Found("summary", f"{bill.event_key}:{ours}", theirs_fen=told[name], ours_fen=sums[ours], says=name)
        for name, ours in names.items()
        if name in told and told[name] != sums[ours]
    ]


def _unreadable(bill: Bill, failure: StatementUnreadable, sha1: str, now: datetime) -> None:
    with tenant(bill.storefront_id):
        row = Bill.objects.select_for_update().get(pk=bill.pk)
        if row.state != "asked":
            return
        what = {"line": failure.line, "issue": failure.issue}
        trouble = f"line {failure.line}: {failure.issue}"[:200]
        BILL.move(row, "refuse", now=now, facts=what, sha1=sha1, trouble=trouble)
        open_case(
            storefront_id=bill.storefront_id,
            kind="bill.unreadable",
            key=bill.event_key,
            title="A bill of WeChat Pay cannot be read",
            facts={"merchant": bill.mchid, "day": bill.day.isoformat(), "bill": bill.kind, **what},
            now=now,
        )
