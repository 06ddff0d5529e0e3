"""The port as one part of the scene."""

from collections.abc import Callable

from sandbox.clock import Clock
from sandbox.declaring import Declarations, Record
from sandbox.orders import Orders
from sandbox.port.intake import Intake
from sandbox.port.office import Enterprise, Office
from sandbox.port.payments import Payments
from sandbox.registry import Registry


class Port:
    def __init__(
        self,
        *,
        clock: Clock,
        enterprises: tuple[Enterprise, ...],
        orders: Orders,
        declarations: Declarations,
        registry: Registry,
        scale: Callable[[], float],
    ) -> None:
        self.office = Office(clock, enterprises, scale)
        self.payments = Payments(orders, declarations, registry, lambda one: _state(clock, scale(), one))
        self.intake = Intake(self.office, self.payments)
        self.carried: dict[str, tuple[str, str]] = {}  # waybill: the carrier's code, who hears of it

    def reset(self) -> None:
        with self.office.lock:
            self.office.reset()
            self.carried.clear()


def _state(clock: Clock, scale: float, record: Record) -> str:
    """How a declaration of WeChat Pay's stands now."""
    passed = clock.now() - record.changed_at
    return record.state(passed / scale if scale else 1e9)
