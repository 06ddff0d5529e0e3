"""What WeChat knows of shipping (发货信息), payment by payment, and which mini-programs it manages."""

from dataclasses import dataclass, field
from threading import RLock

from sandbox.clock import Clock
from sandbox.orders import Order
from sandbox.refunding import Refunds
from sandbox.wire import Json

TO_SHIP, SHIPPED, RECEIVED, COMPLETED, REFUNDED, AWAITING = range(1, 7)
SETTLES_AFTER_SECONDS = 10 * 24 * 3600


@dataclass
class Parcel:
    """One parcel as it was told; `uploaded_at` is ours, `said_at` the caller's upload_time."""

    number: str
    carrier: str
    goods: str
    contact: Json
    uploaded_at: float


@dataclass
class Shipped:
    """The shipping of one payment; `finished` counts how often all of it was told to have left."""

    mode: int = 1
    logistics: int = 1
    parcels: list[Parcel] = field(default_factory=list)
    finished: int = 0
    said_at: float = 0  # upload_time of the last call, which the next one must pass
    first_at: float | None = None
    received_at: float | None = None
    settled_at: float | None = None
    reminded_at: float | None = None


@dataclass
class Management:
    """How one mini-program stands; payments are known `ingest_seconds` after they were paid."""

    managed: bool = True
    confirmed: bool = True
    ingest_seconds: float = 0
    never: set[str] = field(default_factory=set)  # numbers that are never taken over
    path: str = ""


class Shippings:
    def __init__(self, clock: Clock, refunds: Refunds) -> None:
        self.clock, self.refunds, self.lock = clock, refunds, RLock()
        self._of: dict[str, Shipped] = {}
        self._management: dict[str, Management] = {}

    def of(self, order: Order) -> Shipped:
        with self.lock:
            return self._of.setdefault(order.transaction_id or "", Shipped())

    def forget(self, order: Order) -> None:
        """For trials of the daily comparison: it is to be shipped, as if nothing had been told."""
        with self.lock:
            self._of[order.transaction_id or ""] = Shipped(said_at=self.of(order).said_at)

    def management(self, appid: str) -> Management:
        with self.lock:
            return self._management.setdefault(appid, Management())

    def is_known(self, order: Order) -> bool:
        """Whether WeChat's shipping management has taken this payment over by now."""
        stand = self.management(order.appid)
        if order.success_at is None or order.out_trade_no in stand.never:
            return False
        return self.clock.now() >= order.success_at + stand.ingest_seconds

    def state(self, order: Order) -> int:
        shipped = self.of(order)
        if self.refunds.returned(order) >= order.total:
            return REFUNDED
        if shipped.settled_at is not None:
            return COMPLETED
        if shipped.received_at is not None:
            return RECEIVED
        return SHIPPED if shipped.finished else TO_SHIP

    def read(self, order: Order) -> Json:
        """The order as get_order and get_order_list tell it."""
        shipped = self.of(order)
        told: Json = {
            "transaction_id": order.transaction_id,
            "merchant_id": order.mchid,
            "sub_merchant_id": "",
            "merchant_trade_no": order.out_trade_no,
            "description": str(order.params.get("description", "")),
            "paid_amount": order.total - order.coupon,
            "openid": order.openid,
            "trade_create_time": int(order.success_at or 0),
            "pay_time": int(order.success_at or 0),
            "order_state": self.state(order),
            "in_complaint": False,
        }
        if shipped.parcels:
            told["shipping"] = {
                "delivery_mode": shipped.mode,
                "logistics_type": shipped.logistics,
                "finish_shipping": shipped.finished > 0,
                "finish_shipping_count": shipped.finished,
                "goods_desc": "；".join(one.goods for one in shipped.parcels),
                "shipping_list": [
                    {
                        "tracking_no": one.number,
                        "express_company": one.carrier,
                        "goods_desc": one.goods,
                        "upload_time": int(one.uploaded_at),
                        "contact": one.contact,
                    }
                    for one in shipped.parcels
                ],
            }
        return told

    def reset(self) -> None:
        with self.lock:
            self._of.clear()
            self._management.clear()
