"""A bill is read strictly, line by line: whatever is not as documented makes all of it unreadable.

The form (wechat.md B7): UTF-8 with a BOM, a line of column names, rows whose every value begins with a
backtick, a line of the summary's names, one summary row. A comma inside a product name is no separator,
because only a comma before a backtick is. Amounts are yuan and become whole fen exactly or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import IO, Generic, TypeVar

from kernel.clock import SHANGHAI, shanghai_day
from wechat.errors import StatementUnreadable

Row = TypeVar("Row")
Made = TypeVar("Made")

TRADE_COLUMNS = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,"
    "货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,"
    "商户数据包,手续费,费率,订单金额,申请退款金额,费率备注"
)
TRADE_SUMMARY = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
FUND_COLUMNS = (
    "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),"
    "资金变更提交申请人,备注,业务凭证号"
)
FUND_SUMMARY = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额"

KINDS = {"SUCCESS": "sale", "REFUND": "refund", "REVOKED": "revoked"}
LONGEST_LINE = 16 * 1024
LONGEST_TRANSACTION = 32  # of WeChat Pay's number of a payment
_BOM = b"\xef\xbb\xbf"
_YUAN = re.compile(r"(-?)([0-9]{1,11})(?:\.([0-9]{1,2})(0*))?", re.ASCII)
_RATE = re.compile(r"([0-9]{1,3})(?:\.([0-9]{1,4}))?%", re.ASCII)
_COUNT = re.compile(r"([0-9]{1,10})(?:\.0{1,2})?", re.ASCII)
_NUMBER = re.compile(r"[0-9A-Za-z_\-|*@.]{1,64}", re.ASCII)
_WORD = re.compile(r"[^\x00-\x1f\x7f]{0,64}")
_TIME = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}", re.ASCII)


class _Wrong(Exception):
    """A value is not of its form; its name, never itself."""


@dataclass(frozen=True, slots=True)
class TradeRow:
    """One row of a trade bill. Amounts are fen; the payer and the names of goods stay in the file.

    `kind` is sale, refund or revoked. `rate_ppm` is the rate of the fee in millionths.
    """

    line: int
    kind: str
    at: datetime
    appid: str
    transaction_id: str
    out_trade_no: str
    trade_type: str
    currency: str
    settled_fen: int
    coupon_fen: int
    refund_id: str
    out_refund_no: str
    refund_fen: int
    refund_coupon_fen: int
    refund_channel: str
    refund_state: str
    fee_fen: int
    rate_ppm: int | None
    order_fen: int
    refund_asked_fen: int


@dataclass(frozen=True, slots=True)
class FundRow:
    """One movement of an account: `amount_fen` is negative for what left."""

    line: int
    at: datetime
    business_id: str
    flow_id: str
    business_name: str
    business_type: str
    amount_fen: int
    balance_fen: int
    voucher: str


@dataclass
class Statement(Generic[Row]):
    """The rows of a file, once; when they are through, `told` are the values of its summary row.

    Raises StatementUnreadable while being read.
    """

    file: IO[bytes]
    columns: Sequence[str]
    summary: Sequence[str]
    row: Callable[[int, Sequence[str]], Row]
    counts: frozenset[str]
    told: dict[str, int] = field(default_factory=dict)
    lines: int = 0

    def __iter__(self) -> Iterator[Row]:
        first = self._line()
        self._names(first[1:] if first.startswith("\ufeff") else first, self.columns)
        while (text := self._line()).startswith("`"):
            yield self._read(text, self.columns, self.row)
        self._names(text, self.summary)
        self.told = self._read(self._line(), self.summary, self._summed)
        while rest := self.file.readline(LONGEST_LINE):
            self.lines += 1
            if rest.strip():
                raise self._unreadable("something follows the summary")

    def _line(self) -> str:
        raw = self.file.readline(LONGEST_LINE)
        self.lines += 1
        if not raw:
            raise self._unreadable("the file ends too early")
        if len(raw) >= LONGEST_LINE:
            raise self._unreadable("the line is too long")
        try:
            return raw.decode().rstrip("\r\n")
        except UnicodeDecodeError:
            raise self._unreadable("not UTF-8") from None

    def _names(self, text: str, names: Sequence[str]) -> None:
        said = text.replace("（", "(").replace("）", ")").replace("`", "").split(",")
        if [name.strip() for name in said] != list(names):
            raise self._unreadable("other column names than documented")

    def _read(self, text: str, columns: Sequence[str], make: Callable[[int, Sequence[str]], Made]) -> Made:
        values = text[1:].split(",`")
        if not text.startswith("`") or len(values) != len(columns):
            raise self._unreadable(f"{len(values)} values instead of {len(columns)}")
        try:
            return make(self.lines, values)
        except _Wrong as wrong:
            raise self._unreadable(f"{wrong} is not of its form") from None

    def _summed(self, _line: int, values: Sequence[str]) -> dict[str, int]:
        return {
            name: _count(name, value) if name in self.counts else fen(name, value)
            for name, value in zip(self.summary, values, strict=True)
        }

    def _unreadable(self, issue: str) -> StatementUnreadable:
        return StatementUnreadable(line=self.lines, issue=issue)


def trade_statement(file: IO[bytes], *, mchid: str, day: date) -> Statement[TradeRow]:
    """The trades of merchant `mchid` on `day`, as they stand in the uncompressed `file`."""

    def row(line: int, values: Sequence[str]) -> TradeRow:
        made = _trade_row(line, values, mchid)
        # A refund stands on the day on which it was accepted, whichever of its times is told.
        _of_day("交易时间", made.at, day, before=made.kind == "refund")
        return made

    return Statement(file, TRADE_COLUMNS.split(","), TRADE_SUMMARY.split(","), row, frozenset({"总交易单数"}))


def fund_statement(file: IO[bytes], *, day: date) -> Statement[FundRow]:
    """The movements of one account on `day`, as they stand in the uncompressed `file`."""

    def row(line: int, values: Sequence[str]) -> FundRow:
        made = _fund_row(line, values)
        _of_day("记账时间", made.at, day)
        return made

    counts = frozenset({"资金流水总笔数", "收入笔数", "支出笔数"})
    return Statement(file, FUND_COLUMNS.split(","), FUND_SUMMARY.split(","), row, counts)


def fen(name: str, text: str) -> int:
    """Yuan as whole fen: "45.0" → 4500, "-0.47" → -47, "0.06000" → 6; a part of a fen is refused."""
    found = _YUAN.fullmatch(text)
    if found is None:
        raise _Wrong(name)
    sign, whole, part, _ = found.groups()
    amount = int(whole) * 100 + int((part or "").ljust(2, "0"))
    return -amount if sign else amount


def _trade_row(line: int, values: Sequence[str], mchid: str) -> TradeRow:
    (at, appid, merchant, _sub, _device, transaction_id, out_trade_no, _payer, trade_type, state) = values[
        :10
    ]
    (_bank, currency, settled, coupon, refund_id, out_refund_no, refund, refund_coupon) = values[10:18]
    (channel, refund_state, _goods, _attach, fee, rate, order, refund_asked, _remark) = values[18:]
    if merchant != mchid:
        raise _Wrong("商户号")
    kind = KINDS.get(state)
    if kind is None:
        raise _Wrong("交易状态")
    refunded = kind == "refund"
    return TradeRow(
        line=line,
        kind=kind,
        at=_instant("交易时间", at),
        appid=_word("公众账号ID", appid),
        transaction_id=_number("微信订单号", transaction_id, longest=LONGEST_TRANSACTION),
        out_trade_no=_number("商户订单号", out_trade_no),
        trade_type=_word("交易类型", trade_type),
        currency=_word("货币种类", currency),
        settled_fen=_not_negative("应结订单金额", settled),
        coupon_fen=_not_negative("代金券金额", coupon),
        refund_id=_number("微信退款单号", refund_id) if refunded else "",
        out_refund_no=_number("商户退款单号", out_refund_no) if refunded else "",
        refund_fen=_not_negative("退款金额", refund),
        refund_coupon_fen=_not_negative("充值券退款金额", refund_coupon),
        refund_channel=_word("退款类型", channel),
        refund_state=_word("退款状态", refund_state),
        fee_fen=fen("手续费", fee),
        rate_ppm=_rate("费率", rate),
        order_fen=_not_negative("订单金额", order),
        refund_asked_fen=_not_negative("申请退款金额", refund_asked),
    )


def _fund_row(line: int, values: Sequence[str]) -> FundRow:
    (at, business_id, flow_id, name, kind, direction, amount, balance, _who, _remark, voucher) = values
    if direction not in ("收入", "支出"):
        raise _Wrong("收支类型")
    moved = _not_negative("收支金额(元)", amount)
    return FundRow(
        line=line,
        at=_instant("记账时间", at),
        business_id=_word("微信支付业务单号", business_id),
        flow_id=_number("资金流水单号", flow_id),
        business_name=_word("业务名称", name),
        business_type=_word("业务类型", kind),
        amount_fen=moved if direction == "收入" else -moved,
        balance_fen=fen("账户结余(元)", balance),
        voucher=_word("业务凭证号", voucher),
    )


def _not_negative(name: str, text: str) -> int:
    amount = fen(name, text)
    if amount < 0:
        raise _Wrong(name)
    return amount


def _count(name: str, text: str) -> int:
    found = _COUNT.fullmatch(text)
    if found is None:
        raise _Wrong(name)
    return int(found[1])


def _rate(name: str, text: str) -> int | None:
    if not text:
        return None
    found = _RATE.fullmatch(text)
    if found is None:
        raise _Wrong(name)
    return int(found[1]) * 10_000 + int((found[2] or "").ljust(4, "0"))


def _of_day(name: str, at: datetime, day: date, *, before: bool = False) -> None:
    """What stands in the bill of `day` happened on it, or a day apart where its edge is drawn otherwise; with
    `before`, whenever before."""
    apart = (shanghai_day(at) - day).days
    if apart > 1 or (apart < -1 and not before):
        raise _Wrong(name)


def _number(name: str, text: str, longest: int = 64) -> str:
    if len(text) > longest or not _NUMBER.fullmatch(text):
        raise _Wrong(name)
    return text


def _word(name: str, text: str) -> str:
    if not _WORD.fullmatch(text):
        raise _Wrong(name)
    return text


def _instant(name: str, text: str) -> datetime:
    if not _TIME.fullmatch(text):
        raise _Wrong(name)
    try:
        return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)
    except ValueError:
        raise _Wrong(name) from None
