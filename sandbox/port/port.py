"""The port as one part of the scene."""

from collections.abc import Callable, Mapping

from sandbox.clock import Clock
from sandbox.declaring import FAIL, SUCCESS, Declarations, Record
from sandbox.orders import Orders
from sandbox.port.cards import Cards
from sandbox.port.form import Paper
from sandbox.port.intake import Intake
from sandbox.port.office import Enterprise, Filed, Office
from sandbox.port.payments import PAY_CODE, Payments
from sandbox.port.requested import Requested
from sandbox.registry import Registry


class Port:
    """`enterprises` by the merchant number of each at WeChat Pay."""

    def __init__(
        self,
        *,
        clock: Clock,
        enterprises: Mapping[str, Enterprise],
        orders: Orders,
        declarations: Declarations,
        registry: Registry,
        scale: Callable[[], float],
    ) -> None:
        def state(record: Record) -> str:
            passed, each = clock.now() - record.changed_at, scale()
            return record.state(passed / each if each else 1e9)

        known = tuple(enterprises.values())
        self.office = Office(clock, known, scale)
        self.payments = Payments(orders, declarations, registry, state)
        self.intake = Intake(self.office, self.payments)
        self.machine, self.asked = Cards(known), Requested()
        self.carried: dict[str, tuple[str, str]] = {}  # waybill: the carrier's code, who hears of it
        self._boxes = {mchid: one.dxp_id for mchid, one in enterprises.items()}
        self._declarations, self._state = declarations, state
        self._watched: list[Record] = []

    def tick(self) -> None:
        """Everything that is due happens."""
        with self.office.lock:
            self._watched += self._declarations.news()
            under_way = []
            for record in self._watched:
                state = self._state(record)
                if state in (SUCCESS, FAIL):
                    self._paid(record, state)
                else:
                    under_way.append(record)
            self._watched = under_way
            self.office.tick()

    def _paid(self, record: Record, state: str) -> None:
        """What WeChat Pay's own message about a payment (411) came to, for the merchant that subscribed."""
        box = self._boxes.get(record.order.mchid)
        head = {"payCode": PAY_CODE, "payTransactionId": record.order.transaction_id or ""}
        filed = Filed("CEB411Message", Paper(head), (box,) if box else ())
        if state == FAIL:
            self.office.say(filed, "100", record.explanation or "海关退单")
            return
        self.office.say(filed, "120", "海关入库")
        self.office.later(1, lambda: self.office.say(filed, "399", "海关审结"))

    def reset(self) -> None:
        with self.office.lock:
            self.office.reset()
            self.machine.reset()
            self.asked.reset()
            self.carried.clear()
            self._watched.clear()
            self._declarations.news()
