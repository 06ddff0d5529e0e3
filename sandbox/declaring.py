"""What WeChat Pay tells customs of payments: one record a payment and port, and how far each has come."""

from dataclasses import dataclass, field
from datetime import datetime
from threading import RLock

from sandbox.clock import SHANGHAI, Clock
from sandbox.orders import PAID, Order
from sandbox.wire import Json, PayFault

SUBMITTED, PROCESSING, SUCCESS, FAIL, EXCEPT = "SUBMITTED", "PROCESSING", "SUCCESS", "FAIL", "EXCEPT"
STATES = (SUBMITTED, PROCESSING, SUCCESS, FAIL, EXCEPT)
# What becomes of a record: `stuck` stays SUBMITTED, `slow` stays PROCESSING.
OUTCOMES = {"success": SUCCESS, "fail": FAIL, "except": EXCEPT, "stuck": SUBMITTED, "slow": PROCESSING}
EXPLANATIONS = {FAIL: "海关退单：支付企业未备案", EXCEPT: "海关接口异常"}
SUBMITTED_SECONDS, PROCESSING_SECONDS = 1, 3  # of the ladder
PORTS = frozenset(
    (
        *("GUANGZHOU_ZS", "HANGZHOU_ZS", "NINGBO", "ZHENGZHOU_BS", "CHONGQING", "SHANGHAI_ZS", "SHENZHEN"),
        *("ZHENGZHOU_ZH_ZS", "TIANJIN", "GUANGZHOU_HP_GJ", "GUANGZHOU_NS_GJ", "XIAN", "BEIJING"),
    )
)
CHANGEABLE = ("merchant_customs_no", "duty", "order_fee", "transport_fee", "product_fee")
DEPARTMENTS = ("UNIONPAY", "NETSUNION", "OTHERS")


@dataclass
class Record:
    """One payment declared at one port; `told` is what the merchant sent, by the names of v3."""

    order: Order
    customs: str
    told: Json
    amount: int
    outcome: str
    changed_at: float
    certificate: str = "UNCHECKED"
    explanation: str = ""
    rounds: int = 0  # how often it was made void, or refused by customs, and made anew
    resent: int = 0  # how often it was sent to customs once more, unchanged

    def state(self, ladder_seconds: float) -> str:
        """Submitted first, then under way, then as it ends; a stuck one never leaves its first state."""
        if self.outcome == SUBMITTED or ladder_seconds < SUBMITTED_SECONDS:
            return SUBMITTED
        if self.outcome == PROCESSING or ladder_seconds < PROCESSING_SECONDS:
            return PROCESSING
        return self.outcome

    @property
    def transport(self) -> int:
        return int(self.told.get("transport_fee", 0))

    @property
    def department(self) -> str:
        assert self.order.transaction_id is not None
        return DEPARTMENTS[int(self.order.transaction_id[-1]) % 3]

    @property
    def department_number(self) -> str:
        return f"20{self.order.transaction_id}"


@dataclass
class Declarations:
    clock: Clock
    _records: dict[tuple[str, str, str], Record] = field(default_factory=dict)
    _news: list[Record] = field(default_factory=list)
    _registered: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    _lock: RLock = field(default_factory=RLock)

    def register(self, mchid: str, customs: str, number: str) -> None:
        """From now on only numbers told here are registered by this merchant at this port."""
        with self._lock:
            self._registered.setdefault((mchid, customs), set()).add(number)

    def declare(self, order: Order, body: Json, refunded: int, outcome: str) -> tuple[Record, bool]:
        """The record and whether it is new: the same once more is the same, and after a FAIL a new one."""
        with self._lock:
            self._check(order, body, refunded)
            known = self._records.get(_key(order, body["customs"]))
            if known is not None and known.outcome != FAIL:
                if known.told != body:
                    raise PayFault(400, "INVALID_REQUEST", "请求重入时，参数与首次请求时不一致")
                return known, False
            record = Record(
                order, body["customs"], body, order.total - refunded, OUTCOMES[outcome], self.clock.now()
            )
            record.rounds = known.rounds + 1 if known is not None else 0
            self._records[_key(order, body["customs"])] = record
            self._news.append(record)
            return record, True

    def amend(self, order: Order, body: Json, refunded: int, outcome: str) -> Record:
        """The record is void and made anew with what may change."""
        with self._lock:
            record = self.find(order, body["customs"])
            told = record.told | {name: body[name] for name in CHANGEABLE if name in body}
            self._check(order, told, refunded)
            record.told, record.amount = told, order.total - refunded
            record.outcome, record.changed_at = OUTCOMES[outcome], self.clock.now()
            record.explanation, record.certificate = "", "UNCHECKED"
            record.rounds += 1
            self._news.append(record)
            return record

    def again(self, record: Record, state: str, outcome: str) -> None:
        """Send an unchanged record once more; allowed where it succeeded or customs' interface failed."""
        if state not in (SUCCESS, EXCEPT):
            raise PayFault(400, "INVALID_REQUEST", "当前状态不允许重推")
        with self._lock:
            record.outcome, record.changed_at, record.explanation = OUTCOMES[outcome], self.clock.now(), ""
            record.resent += 1
            self._news.append(record)

    def news(self) -> list[Record]:
        """Records that were made or sent since this was last asked."""
        with self._lock:
            told, self._news = self._news, []
            return told

    def find(self, order: Order, customs: str) -> Record:
        with self._lock:
            record = self._records.get(_key(order, customs))
        if record is None:
            raise PayFault(400, "INVALID_REQUEST", "查询指定记录不存在")
        return record

    def of(self, order: Order, customs: str) -> list[Record]:
        with self._lock:
            record = self._records.get(_key(order, customs))
        return [record] if record else []

    def all_of(self, order: Order) -> list[Record]:
        """The order's records at every port."""
        with self._lock:
            return [one for one in self._records.values() if one.order is order]

    def all(self) -> list[Record]:
        """Every record of every merchant, the oldest first."""
        with self._lock:
            return list(self._records.values())

    def reset(self) -> None:
        with self._lock:
            self._records.clear()
            self._news.clear()
            self._registered.clear()

    def _check(self, order: Order, body: Json, refunded: int) -> None:
        if order.trade_state not in PAID:
            raise PayFault(400, "INVALID_REQUEST", "订单状态错误：订单未支付")
        if refunded >= order.total:
            raise PayFault(400, "INVALID_REQUEST", "订单已全额退款，不能报关")
        numbers = self._registered.get((order.mchid, body["customs"]))
        if numbers is not None and body["merchant_customs_no"] not in numbers:
            raise PayFault(400, "INVALID_REQUEST", "查询指定记录不存在")
        fees = [body[name] for name in ("order_fee", "transport_fee", "product_fee") if name in body]
        if not fees:
            return
        if len(fees) < 3 or fees[0] != fees[1] + fees[2]:
            raise PayFault(400, "PARAM_ERROR", "参数错误：order_fee应等于transport_fee与product_fee之和")
        if fees[0] > order.total - refunded:
            raise PayFault(400, "PARAM_ERROR", "参数错误：报关金额大于订单可报关金额")


def _key(order: Order, customs: str) -> tuple[str, str, str]:
    return order.mchid, order.out_trade_no, customs


def compact(instant: float) -> str:
    """An instant as both families write it here: 20091227091010, in Shanghai."""
    return datetime.fromtimestamp(instant, SHANGHAI).strftime("%Y%m%d%H%M%S")
