"""The refunds WeChat Pay knows: one number once, no more than was paid, and each with its end."""

import secrets
from dataclasses import dataclass
from threading import RLock

from sandbox.clock import Clock, rfc3339, shanghai_day
from sandbox.orders import PAID, Order
from sandbox.wire import Json, PayFault

MOST_PARTIAL, APART_SECONDS, YEAR_SECONDS = 50, 60, 365 * 86_400
PROCESSING, SUCCESS, ABNORMAL, CLOSED = "PROCESSING", "SUCCESS", "ABNORMAL", "CLOSED"


@dataclass
class Refund:
    """One refund of one order; `params` are what was first sent, and must be sent again unchanged."""

    order: Order
    out_refund_no: str
    refund_id: str
    amount: int
    params: Json
    notify_url: str
    created_at: float
    status: str = PROCESSING
    success_at: float | None = None
    coupon: int = 0  # of the amount, what goes back to coupons
    received_by: str = "支付用户零钱"
    channel: str = "ORIGINAL"

    def told(self) -> Json:
        """As an answer tells it."""
        told: Json = {
            "refund_id": self.refund_id,
            "out_refund_no": self.out_refund_no,
            "transaction_id": self.order.transaction_id,
            "out_trade_no": self.order.out_trade_no,
            "channel": self.channel,
            "user_received_account": self.received_by,
            "create_time": rfc3339(self.created_at),
            "status": self.status,
            "funds_account": "AVAILABLE",
            "amount": {
                **self._amount(),
                "settlement_refund": self.settled,
                "settlement_total": self.order.settled,
                "discount_refund": self.coupon,
                "currency": "CNY",
                "from": [],
                "refund_fee": 0,
            },
            "promotion_detail": [],
        }
        if self.success_at is not None:
            told["success_time"] = rfc3339(self.success_at)
        return told

    def noticed(self) -> Json:
        """As a notification tells it: with the merchant, without currency, and the status by another name."""
        told = self.told()
        kept = ("refund_id", "out_refund_no", "transaction_id", "out_trade_no", "success_time")
        return {
            "mchid": self.order.mchid,
            **{name: told[name] for name in kept if name in told},
            "refund_status": self.status,
            "user_received_account": self.received_by,
            "amount": self._amount(),
        }

    @property
    def settled(self) -> int:
        """What leaves the merchant's account: behind a free coupon there is nothing to give back."""
        return self.amount - (self.coupon if self.order.free else 0)

    def _amount(self) -> Json:
        order = self.order
        return {
            "total": order.total,
            "refund": self.amount,
            "payer_total": order.total - order.coupon,
            "payer_refund": self.amount - self.coupon,
        }


class Refunds:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = RLock()
        self._by_number: dict[tuple[str, str], Refund] = {}

    def take(self, order: Order, body: Json) -> tuple[Refund, bool]:
        """The refund of this number, and whether it is new; PayFault where WeChat would not take it."""
        number, amount = body["out_refund_no"], body["amount"]
        with self._lock:
            known = self._by_number.get((order.mchid, number))
            if known is not None:
                if known.params != body:
                    raise PayFault(400, "INVALID_REQUEST", "订单金额或退款金额与之前请求不一致，请核实后再试")
                return known, False
            now = self._clock.now()
            living = [one for one in self.of(order.mchid) if one.order is order and one.status != CLOSED]
            _allow(order, amount, living, now)
            day = shanghai_day(now).replace("-", "")
            refund = Refund(
                order=order,
                out_refund_no=number,
                refund_id=f"5030{secrets.randbelow(10**6):06}{day}{secrets.randbelow(10**11):011}",
                amount=amount["refund"],
                params=body,
                notify_url=body.get("notify_url", ""),
                created_at=now,
                coupon=_coupon(order, sum(one.amount for one in living), amount["refund"]),
            )
            self._by_number[order.mchid, number] = refund
            order.trade_state = "REFUND"
            return refund, True

    def find(self, mchid: str, number: str) -> Refund | None:
        with self._lock:
            return self._by_number.get((mchid, number))

    def of(self, mchid: str) -> list[Refund]:
        """Every refund that this merchant's number knows, the oldest first."""
        with self._lock:
            return [one for (owner, _), one in self._by_number.items() if owner == mchid]

    def returned(self, order: Order) -> int:
        """How much of an order has gone back, in fen."""
        with self._lock:
            rows = self._by_number.values()
            return sum(one.amount for one in rows if one.order is order and one.status == SUCCESS)

    def all(self) -> list[Refund]:
        """Every refund of every merchant, the oldest first."""
        with self._lock:
            return list(self._by_number.values())

    def become(self, refund: Refund, status: str) -> None:
        with self._lock:
            refund.status = status
            if status == SUCCESS:
                refund.success_at = self._clock.now()

    def reset(self) -> None:
        with self._lock:
            self._by_number.clear()


def _coupon(order: Order, before: int, amount: int) -> int:
    """The coupon's share of a refund, so that all refunds together give back all of it."""
    return order.coupon * (before + amount) // order.total - order.coupon * before // order.total


def _allow(order: Order, amount: Json, living: list[Refund], now: float) -> None:
    if order.trade_state not in PAID or order.success_at is None:
        raise PayFault(400, "INVALID_REQUEST", "订单状态错误：订单未支付")
    if amount["total"] != order.total:
        raise PayFault(400, "INVALID_REQUEST", "订单金额与原订单不一致")
    if now > order.success_at + YEAR_SECONDS:
        raise PayFault(400, "INVALID_REQUEST", "订单已超过可退款的最大期限（一年）")
    if len(living) >= MOST_PARTIAL:
        raise PayFault(400, "INVALID_REQUEST", "部分退款次数超过限制")
    if sum(one.amount for one in living) + amount["refund"] > order.total:
        raise PayFault(400, "INVALID_REQUEST", "申请退款金额大于订单可退金额")
    if any(now - one.created_at < APART_SECONDS for one in living):
        raise PayFault(429, "FREQUENCY_LIMITED", "该笔单退款过于频繁，请一分钟后用原单号重试")
