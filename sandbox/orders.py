"""The orders WeChat Pay knows, each under its merchant's own numbers, and what may happen to them."""

import secrets
from dataclasses import dataclass, field
from threading import RLock

from sandbox.clock import Clock, rfc3339, shanghai_day
from sandbox.wire import ControlFault, Json, PayFault

PREPAY_SECONDS = 2 * 3600
PAID = ("SUCCESS", "REFUND")  # a payment of which something went back is REFUND, and stays paid
DESCRIPTIONS = {
    "NOTPAY": "订单未支付",
    "SUCCESS": "支付成功",
    "REFUND": "订单发生过退款，退款详情请查询退款单",
    "CLOSED": "订单已关闭",
}


@dataclass
class Order:
    mchid: str
    appid: str
    out_trade_no: str
    openid: str
    total: int  # fen
    notify_url: str
    params: Json  # as first sent: a repeated request must be equal to it
    expires_at: float
    attach: str | None = None
    identity: tuple[str, str] | None = None  # number and name of the only one who may pay
    prepay_ids: dict[str, float] = field(default_factory=dict)  # id → good until
    trade_state: str = "NOTPAY"
    transaction_id: str | None = None
    coupon: int = 0  # fen of the total that coupons of WeChat's paid
    free: bool = False  # no money stands behind the coupon: the merchant gets that much less
    success_at: float | None = None
    override: Json = field(default_factory=dict)  # what a query is to say instead of the truth

    def transaction(self) -> Json:
        """The order as a query or a notification tells it."""
        told: Json = {
            "appid": self.appid,
            "mchid": self.mchid,
            "out_trade_no": self.out_trade_no,
            "trade_state": self.trade_state,
            "trade_state_desc": DESCRIPTIONS[self.trade_state],
            "promotion_detail": [],
            "amount": {"total": self.total, "currency": "CNY", "payer_currency": "CNY"},
        }
        if self.attach is not None:
            told["attach"] = self.attach
        if self.success_at is not None:
            told["transaction_id"] = self.transaction_id
            told["trade_type"] = "JSAPI"
            told["bank_type"] = "OTHERS"
            told["success_time"] = rfc3339(self.success_at)
            told["payer"] = {"openid": self.openid}
            told["amount"]["payer_total"] = self.total - self.coupon
            if self.coupon:
                told["promotion_detail"] = [self._promotion()]
        return told

    def _promotion(self) -> Json:
        return {
            "coupon_id": f"C{self.transaction_id}",
            "name": "微信支付代金券",
            "scope": "GLOBAL",
            "type": "NOCASH" if self.free else "CASH",
            "amount": self.coupon,
            "currency": "CNY",
        }

    @property
    def settled(self) -> int:
        """What the merchant gets for it, before the fee."""
        return self.total - (self.coupon if self.free else 0)


class Orders:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = RLock()
        self._by_number: dict[tuple[str, str], Order] = {}
        self._by_transaction: dict[str, Order] = {}
        self._by_prepay: dict[str, Order] = {}
        self._across_merchants: dict[str, list[Order]] = {}

    def place(self, fresh: Order) -> str:
        """A prepay_id for a new order, or again for the same one; PayFault for anything else."""
        with self._lock:
            now = self._clock.now()
            order = self._by_number.get((fresh.mchid, fresh.out_trade_no))
            if order is None:
                order = self._by_number[fresh.mchid, fresh.out_trade_no] = fresh
                self._across_merchants.setdefault(fresh.out_trade_no, []).append(fresh)
            elif order.trade_state in PAID:
                raise PayFault(400, "ORDERPAID", "该订单已支付")
            elif order.trade_state == "CLOSED":
                raise PayFault(400, "ORDER_CLOSED", "该订单已关闭，请重新下单")
            elif order.appid != fresh.appid:
                raise PayFault(403, "OUT_TRADE_NO_USED", "商户订单号重复")
            elif order.params != fresh.params:
                raise PayFault(400, "INVALID_REQUEST", "请求重入时，参数与首次请求时不一致")
            elif now >= order.expires_at:
                raise PayFault(400, "INVALID_REQUEST", "订单已过支付结束时间，请更换商户订单号重新下单")
            day = shanghai_day(now).replace("-", "")
            prepay_id = f"wx{day}{secrets.token_hex(13)}"
            order.prepay_ids[prepay_id] = now + PREPAY_SECONDS
            self._by_prepay[prepay_id] = order
            return prepay_id

    def known(self, mchid: str, out_trade_no: str) -> bool:
        with self._lock:
            return (mchid, out_trade_no) in self._by_number

    def query(self, mchid: str, *, out_trade_no: str = "", transaction_id: str = "") -> Json:
        """The transaction as told to `mchid`; another merchant's order does not exist for it."""
        with self._lock:
            order = (
                self._by_transaction.get(transaction_id)
                if transaction_id
                else self._by_number.get((mchid, out_trade_no))
            )
            if order is None or order.mchid != mchid:
                raise PayFault(404, "ORDER_NOT_EXIST", "订单不存在")
            return overridden(order.transaction(), order.override)

    def paid_or_not(self, mchid: str, out_trade_no: str, transaction_id: str) -> Order | None:
        """This merchant's order of either number, whatever its state."""
        with self._lock:
            found = (
                self._by_transaction.get(transaction_id)
                if transaction_id
                else self._by_number.get((mchid, out_trade_no))
            )
            return found if found is not None and found.mchid == mchid else None

    def by_transaction(self, transaction_id: str) -> Order | None:
        with self._lock:
            return self._by_transaction.get(transaction_id)

    def close(self, mchid: str, out_trade_no: str) -> None:
        """Close an unpaid order; closing it again is no error, closing a paid one is."""
        with self._lock:
            order = self._by_number.get((mchid, out_trade_no))
            if order is None:
                raise PayFault(404, "ORDER_NOT_EXIST", "订单不存在")
            if order.trade_state in PAID:
                raise PayFault(400, "ORDERPAID", "该订单已支付")
            order.trade_state = "CLOSED"

    def find(self, *, out_trade_no: str | None, prepay_id: str | None, mchid: str | None) -> Order:
        """The one order a payer means; ControlFault 404 if there is none, 400 if there are two."""
        with self._lock:
            if prepay_id is not None:
                found = [self._by_prepay[prepay_id]] if prepay_id in self._by_prepay else []
            else:
                found = list(self._across_merchants.get(out_trade_no or "", ()))
        found = [
            order
            for order in found
            if out_trade_no in (None, order.out_trade_no) and mchid in (None, order.mchid)
        ]
        if not found:
            raise ControlFault(404, "no such order")
        if len(found) > 1:
            raise ControlFault(400, "two merchants have this number: say which mchid")
        return found[0]

    def pay(
        self,
        order: Order,
        *,
        prepay_id: str | None,
        openid: str | None,
        force: bool,
        coupon: int = 0,
        free: bool = False,
    ) -> Json:
        """The payer pays, a part by coupon; the transaction as it now stands. ControlFault 409: refused."""
        with self._lock:
            now = self._clock.now()
            if order.trade_state in PAID:
                raise ControlFault(409, "ORDERPAID: this order is paid")
            if not force:
                if order.trade_state == "CLOSED":
                    raise ControlFault(409, "ORDER_CLOSED: this order is closed")
                if now >= order.expires_at:
                    raise ControlFault(409, "the time to pay this order is over")
                if prepay_id is not None and now >= order.prepay_ids[prepay_id]:
                    raise ControlFault(409, "this prepay_id is older than two hours")
            order.trade_state, order.success_at = "SUCCESS", now
            order.openid = openid or order.openid
            order.coupon, order.free = coupon, free
            day = shanghai_day(now).replace("-", "")
            order.transaction_id = f"4200{secrets.randbelow(10**6):06}{day}{secrets.randbelow(10**10):010}"
            self._by_transaction[order.transaction_id] = order
            return order.transaction()

    def paid(self, mchid: str) -> list[Order]:
        """Every order of this merchant that was ever paid."""
        with self._lock:
            return [o for o in self._by_number.values() if o.mchid == mchid and o.success_at is not None]

    def all(self) -> list[Order]:
        """Every order of every merchant, the oldest first."""
        with self._lock:
            return list(self._by_number.values())

    def reset(self) -> None:
        with self._lock:
            self._by_number.clear()
            self._by_transaction.clear()
            self._by_prepay.clear()
            self._across_merchants.clear()


def overridden(transaction: Json, override: Json) -> Json:
    """The transaction with another total, appid or mchid, for those who must not believe it."""
    told = {**transaction, "amount": dict(transaction["amount"])}
    for name in ("appid", "mchid"):
        if name in override:
            told[name] = override[name]
    if "total" in override:
        told["amount"]["total"] = override["total"]
        if "payer_total" in told["amount"]:
            told["amount"]["payer_total"] = override["total"]
    if "currency" in override:
        told["amount"]["currency"] = told["amount"]["payer_currency"] = override["currency"]
    return told
