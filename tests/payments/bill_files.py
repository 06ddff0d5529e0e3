"""Bills as WeChat Pay writes them, from rows that a test names; sums and hash fit unless told otherwise."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from kernel.models import Case
from kernel.money import yuan
from payments.models import Bill, BillDifference, Payment, Refund
from payments.services.bills.take import take
from payments.services.settle import settle
from payments.states import REFUND
from tests import make
from tests.payments.reports import report_of
from wechat.pay.statements import FUND_COLUMNS, FUND_SUMMARY, TRADE_COLUMNS, TRADE_SUMMARY

DAY = date(2026, 11, 20)  # of make.NOW, in Shanghai


def sale(payment: Payment, **changes: Any) -> dict[str, Any]:
    """The row of a payment, as it succeeded."""
    total = changes.pop("total", payment.amount_fen)
    return {
        "交易时间": "2026-11-20 12:00:00",
        "公众账号ID": payment.appid,
        "商户号": payment.mchid,
        "微信订单号": payment.transaction_id,
        "商户订单号": payment.out_trade_no,
        "交易状态": "SUCCESS",
        "货币种类": "CNY",
        "应结订单金额": total,
        "手续费": (total * 6 + 500) // 1000,
        "费率": "0.60%",
        "订单金额": total,
        "商品名称": "电吹风, 1 台",
        **changes,
    }


def given_back(refund: Refund, **changes: Any) -> dict[str, Any]:
    """The row of a refund, as it was accepted."""
    total = changes.pop("total", refund.amount_fen)
    left = changes.get("退款金额", total)
    return {
        **sale(refund.payment, total=0, 交易状态="REFUND"),
        "微信退款单号": refund.refund_id or "5030001",
        "商户退款单号": refund.out_refund_no,
        "退款金额": total,
        "申请退款金额": total,
        "手续费": -((left * 6 + 500) // 1000),
        "退款状态": "PROCESSING",
        **changes,
    }


def trade_file(rows: Iterable[dict[str, Any]], **told: int) -> bytes:
    """A trade bill of these rows; amounts are fen. `told` are values of the summary that do not fit."""
    columns = TRADE_COLUMNS.split(",")
    amounts = [name for name in columns if name.endswith(("金额", "手续费"))]
    lines, count = [TRADE_COLUMNS], 0
    sums = dict.fromkeys(amounts, 0)
    for row in rows:
        count += 1
        values = dict.fromkeys(columns, "") | dict.fromkeys(amounts, 0) | row
        for name in amounts:
            sums[name] += values[name]
            values[name] = yuan(values[name])
        lines.append(",".join(f"`{values[name]}" for name in columns))
    summed = {
        "总交易单数": count,
        "应结订单总金额": sums["应结订单金额"],
        "退款总金额": sums["退款金额"],
        "充值券退款总金额": sums["充值券退款金额"],
        "手续费总金额": sums["手续费"],
        "订单总金额": sums["订单金额"],
        "申请退款总金额": sums["申请退款金额"],
    } | told
    values_of_sums = [str(value) if name == "总交易单数" else yuan(value) for name, value in summed.items()]
    return _whole([*lines, TRADE_SUMMARY, ",".join(f"`{value}" for value in values_of_sums)])


def fund_file(rows: Iterable[tuple[str, int, int]], day: date = DAY) -> bytes:
    """A fund-flow bill of (kind of business, what moved, balance after it) on `day`."""
    lines, came, left, count = [FUND_COLUMNS], [0, 0], [0, 0], 0
    for count, (kind, amount, balance) in enumerate(rows, 1):
        side = came if amount >= 0 else left
        side[0] += 1
        side[1] += abs(amount)
        values = [f"{day} 12:00:01", "4200001", f"F{count}", kind, kind]
        values += ["收入" if amount >= 0 else "支出", yuan(abs(amount)), yuan(balance), "system", "", "P1"]
        lines.append(",".join(f"`{value}" for value in values))
    summed = [str(count), str(came[0]), yuan(came[1]), str(left[0]), yuan(left[1])]
    return _whole([*lines, FUND_SUMMARY, ",".join(f"`{value}" for value in summed)])


def _whole(lines: list[str]) -> bytes:
    return b"\xef\xbb\xbf" + "".join(line + "\r\n" for line in lines).encode()


def asked(payment: Payment, day: date = DAY, kind: str = "trade") -> Bill:
    """A bill that is still to be fetched, of the payment's merchant."""
    return Bill.objects.create(
        storefront_id=payment.storefront_id, mchid=payment.mchid, day=day, kind=kind, asked_at=make.NOW
    )


def taken(bill: Bill, content: bytes) -> Bill:
    """The bill with its lines in."""
    sha1 = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    take(bill=bill, file=io.BytesIO(content), sha1=sha1, now=make.NOW)
    return bill


def paid(world: make.World, transaction_id: str = "4200001", at: datetime = make.NOW) -> Payment:
    """A payment of ours that succeeded on the day of the bill."""
    payment = make.payment(make.order(world.alice, ("HD-1", 1)))
    report = report_of(payment, transaction_id=transaction_id, success_time=at)
    settle(storefront_id=payment.storefront_id, mchid=payment.mchid, report=report, now=at)
    payment.refresh_from_db()
    assert payment.state == "succeeded"
    return payment


def refunded(
    payment: Payment,
    amount_fen: int = 1_000,
    state: str = "processing",
    at: datetime = make.NOW,
    *,
    number: str = "",
    refund_id: str = "5030001",
) -> Refund:
    """A refund of ours that WeChat Pay has, in `state`."""
    refund = Refund.objects.create(
        storefront_id=payment.storefront_id,
        payment=payment,
        order=payment.order,
        out_refund_no=number or f"R{payment.out_trade_no}",
        kind=Refund.Kind.GOODWILL,
        key=number or "test",
        amount_fen=amount_fen,
        other_fen=amount_fen,
        reason="sorry",
        asked_by="operator:test",
        requested_at=at,
    )
    if state == "requested":
        return refund
    REFUND.move(refund, "accept", now=at, accepted_at=at)
    if state != "accepted":
        REFUND.move(refund, "process", now=at, refund_id=refund_id)
    if state == "succeeded":
        REFUND.move(refund, "succeed", now=at, succeeded_at=at)
    return refund


def found() -> list[tuple[str, str, int | None, int | None]]:
    """What differs: kind, what about, theirs, ours. Each has one case of the same kind and key."""
    rows = list(BillDifference.objects.order_by("kind", "key"))
    said = {(case.kind, case.key) for case in Case.objects.all()}
    assert {(f"bill.{row.kind}", row.key) for row in rows} == said
    return [(row.kind, row.key, row.theirs_fen, row.ours_fen) for row in rows]
