"""Bills: yesterday's trades and movements as files, told of in a signed answer and fetched without one."""

import gzip
import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time

from sandbox.clock import SHANGHAI, shanghai_day
from sandbox.fields import refuse
from sandbox.moves import Move
from sandbox.orders import Order
from sandbox.refunding import Refund
from sandbox.scene import Scene
from sandbox.wire import Json, PayFault, Reply, Request, json_reply
from sandbox.world import Storefront

READY_HOUR, OLDEST_DAYS = 10, 92
FEE_PPM = 6000
ELSEWHERE = "http://localhost:9"
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


@dataclass(frozen=True)
class Trade:
    """One row of a trade bill: a payment, or a refund of the day on which it was accepted."""

    at: float
    order: Order
    refund: Refund | None = None

    @property
    def moved(self) -> int:
        """What it brought to the merchant's account, before the fee."""
        return -self.refund.settled if self.refund else self.order.settled

    @property
    def fee(self) -> int:
        rounded = (abs(self.moved) * FEE_PPM + 500_000) // 1_000_000
        return -rounded if self.refund else rounded


def trade_bill(scene: Scene, request: Request, merchant: Storefront, *, mode: str | None) -> Reply:
    """GET /v3/bill/tradebill."""
    kind = request.query.get("bill_type", "ALL")
    if kind not in ("ALL", "SUCCESS", "REFUND"):
        raise refuse("bill_type", "is none of ALL, SUCCESS, REFUND", value=kind, location="query")
    if kind != "ALL":
        raise PayFault(501, "SYSTEM_ERROR", "the sandbox makes bills of type ALL only")
    return _made(scene, request, merchant, "tradebill", mode)


def fund_flow_bill(scene: Scene, request: Request, merchant: Storefront, *, mode: str | None) -> Reply:
    """GET /v3/bill/fundflowbill; everything moves on the account BASIC, nothing on the others."""
    account = request.query.get("account_type", "BASIC")
    if account not in ("BASIC", "OPERATION", "FEES"):
        raise refuse("account_type", "is none of BASIC, OPERATION, FEES", value=account, location="query")
    return _made(scene, request, merchant, "fundflowbill", mode, empty=account != "BASIC")


def download(scene: Scene, request: Request, merchant: Storefront) -> Reply:
    """GET /v3/billdownload/file: signed by whoever fetches, and answered without a signature."""
    content = scene.files.get(merchant.mchid, request.query.get("token", ""))
    return Reply(200, content, {"Content-Type": "application/octet-stream"})


def _made(
    scene: Scene, request: Request, merchant: Storefront, call: str, mode: str | None, *, empty: bool = False
) -> Reply:
    day = _day(request.query.get("bill_date", ""))
    packed = request.query.get("tar_type")
    if packed not in (None, "GZIP"):
        raise refuse("tar_type", "may only be GZIP", value=packed, location="query")
    now = datetime.fromtimestamp(scene.clock.now(), SHANGHAI)
    if not 0 < (now.date() - day).days <= OLDEST_DAYS:
        raise refuse("bill_date", "is not a day of the last three months", location="query")
    early = (now.date() - day).days == 1 and now.time() < time(READY_HOUR)
    if mode == "late" or early:
        raise PayFault(400, "STATEMENT_CREATING", "账单文件正在生成中")
    trades = _trades(scene, merchant.mchid, day)
    if mode == "extra_line":
        trades.append(_stranger(merchant, day))
    if mode == "missing_line":
        trades = trades[1:]
    moves = [] if call == "tradebill" else _moves(scene, merchant.mchid, day)
    if empty or not (trades or moves):
        raise PayFault(400, "NO_STATEMENT_EXIST", "账单文件不存在")
    if call == "tradebill":
        lines = _trade_lines(trades, wrong=mode == "wrong_amount")
    else:
        earlier = _trades(scene, merchant.mchid, None, before=day)
        before = sum(trade.moved - trade.fee for trade in earlier)
        before += sum(move.amount for move in _moves(scene, merchant.mchid, None, before=day))
        rows = _movements(trades, moves)
        lines = _fund_lines(rows, before, wrong=mode == "wrong_amount", skip=mode == "wrong_balance")
    return _told(scene, request, merchant, lines, mode, zipped=packed is not None)


def _told(
    scene: Scene, request: Request, merchant: Storefront, lines: list[str], mode: str | None, *, zipped: bool
) -> Reply:
    if mode == "truncated":
        lines = lines[:-2]
    content = b"\xef\xbb\xbf" + "".join(line + "\r\n" for line in lines).encode()
    sha1 = hashlib.sha1(content).hexdigest()  # noqa: S324  (what WeChat tells)
    file = gzip.compress(content) if zipped else content
    if mode == "wrong_hash":
        sha1 = secrets.token_hex(20)
    token = scene.files.put(merchant.mchid, file)
    origin = ELSEWHERE if mode == "elsewhere" else f"http://{request.headers.get('host', '')}"
    url = f"{origin}/v3/billdownload/file?token={token}"
    told: Json = {"hash_type": "SHA1", "hash_value": sha1, "download_url": url}
    return json_reply(told)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise refuse("bill_date", "must be YYYY-MM-DD", value=text, location="query") from None


def _trades(scene: Scene, mchid: str, day: date | None, *, before: date | None = None) -> list[Trade]:
    """The day's payments and refunds, or those of all days `before`, in the order in which they came."""

    def belongs(instant: float) -> bool:
        on = datetime.fromtimestamp(instant, SHANGHAI).date()
        return on == day if before is None else on < before

    found = [
        Trade(order.success_at, order)
        for order in scene.orders.paid(mchid)
        if order.success_at is not None and belongs(order.success_at)
    ]
    found += [
        Trade(one.created_at, one.order, one) for one in scene.refunds.of(mchid) if belongs(one.created_at)
    ]
    return sorted(found, key=lambda trade: trade.at)


def _moves(scene: Scene, mchid: str, day: date | None, *, before: date | None = None) -> list[Move]:
    """The day's movements beside the trades, or those of all days `before`."""
    found = []
    for one in scene.moves.of(mchid):
        on = datetime.fromtimestamp(one.at, SHANGHAI).date()
        if on == day if before is None else on < before:
            found.append(one)
    return found


def _state_then(refund: Refund) -> str:
    """As it stood at the end of the day on which it was accepted: bills do not tell it anew."""
    ended = refund.success_at is not None and shanghai_day(refund.success_at) == shanghai_day(
        refund.created_at
    )
    return "SUCCESS" if ended else "PROCESSING"


def _stranger(merchant: Storefront, day: date) -> Trade:
    """A payment that this merchant never ordered here."""
    at = datetime.combine(day, time(23, 30), SHANGHAI).timestamp()
    order = Order(
        mchid=merchant.mchid,
        appid=merchant.appid,
        out_trade_no=f"X{secrets.token_hex(8)}",
        openid="oStranger",
        total=1999,
        notify_url="",
        params={"description": "线下收款, 门店"},
        expires_at=at,
        trade_state="SUCCESS",
        transaction_id=f"4200009999{day:%Y%m%d}{secrets.randbelow(10**10):010}",
        success_at=at,
    )
    return Trade(at, order)


def yuan(fen: int) -> str:
    """Fen as WeChat writes them in bills: no more digits than needed after the first."""
    whole = f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"
    return whole[:-1] if whole.endswith("0") else whole


def _written(values: Iterable[str | int]) -> str:
    return ",".join(f"`{value}" for value in values)


def _trade_lines(trades: list[Trade], *, wrong: bool) -> list[str]:
    lines, sums = [TRADE_COLUMNS], [0] * 6
    for position, trade in enumerate(trades):
        order, refund = trade.order, trade.refund
        more = 100 if wrong and position == 0 and not refund else 0
        total, settled = (0, 0) if refund else (order.total + more, order.settled + more)
        asked, back = (refund.amount, refund.settled) if refund else (0, 0)
        prepaid = refund.coupon if refund and not order.free else 0
        for place, amount in enumerate((settled, back, prepaid, trade.fee, total, asked)):
            sums[place] += amount
        lines.append(
            _written(
                [
                    f"{datetime.fromtimestamp(trade.at, SHANGHAI):%Y-%m-%d %H:%M:%S}",
                    order.appid,
                    order.mchid,
                    0,
                    "",
                    order.transaction_id or "",
                    order.out_trade_no,
                    order.openid,
                    "JSAPI",
                    "REFUND" if refund else "SUCCESS",
                    "OTHERS",
                    "CNY",
                    yuan(settled),
                    yuan(0 if refund else order.coupon),
                    refund.refund_id if refund else 0,
                    refund.out_refund_no if refund else 0,
                    yuan(back),
                    yuan(prepaid),
                    refund.channel if refund else "",
                    _state_then(refund) if refund else "",
                    str(order.params.get("description", "")),
                    order.attach or "",
                    yuan(trade.fee),
                    "0.60%",
                    yuan(total),
                    yuan(asked),
                    "",
                ]
            )
        )
    return [*lines, TRADE_SUMMARY, _written([len(trades), *map(yuan, sums)])]


@dataclass(frozen=True)
class Movement:
    """One row of a fund-flow bill, before its balance is known."""

    at: float
    kind: str
    amount: int
    business_id: str
    voucher: str


def _movements(trades: list[Trade], moves: list[Move]) -> list[Movement]:
    found = []
    for trade in trades:
        order, refund = trade.order, trade.refund
        number = (refund.refund_id if refund else order.transaction_id) or ""
        voucher = refund.out_refund_no if refund else order.out_trade_no
        for kind, amount in (("退款" if refund else "交易", trade.moved), ("扣除交易手续费", -trade.fee)):
            found.append(Movement(trade.at, kind, amount, number, voucher))
    found += [Movement(one.at, one.kind, one.amount, f"30{int(one.at)}", "") for one in moves]
    return sorted((one for one in found if one.amount), key=lambda one: one.at)


def _fund_lines(moved: list[Movement], balance: int, *, wrong: bool, skip: bool) -> list[str]:
    lines, came, left = [FUND_COLUMNS], [0, 0], [0, 0]
    for row, one in enumerate(moved, 1):
        amount = one.amount + (100 if wrong and row == 1 else 0)
        balance += amount + (7 if skip and row == 2 else 0)
        side = came if amount > 0 else left
        side[0] += 1
        side[1] += abs(amount)
        lines.append(
            _written(
                [
                    f"{datetime.fromtimestamp(one.at, SHANGHAI):%Y-%m-%d %H:%M:%S}",
                    one.business_id,
                    f"10{int(one.at)}{row:08}",
                    one.kind,
                    one.kind,
                    "收入" if amount > 0 else "支出",
                    yuan(abs(amount)),
                    yuan(balance),
                    "system",
                    "",
                    one.voucher,
                ]
            )
        )
    summary: list[str | int] = [len(moved), came[0], yuan(came[1]), left[0], yuan(left[1])]
    return [*lines, FUND_SUMMARY, _written(summary)]
