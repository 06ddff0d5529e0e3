"""Payments as customs has them: what WeChat Pay declared there with success, and who paid."""

from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from sandbox.declaring import PORTS, SUCCESS, Declarations, Record
from sandbox.orders import Orders
from sandbox.registry import Registry

PAY_CODE, PAY_NAME = "4403169D3W", "财付通支付科技有限公司"


class Payment(NamedTuple):
    """One payment document (411) as it stands; `payer` None is whoever is named."""

    order_no: str
    ebp_code: str
    amount: Decimal
    payer: tuple[str, str] | None


class Payments:
    def __init__(
        self,
        orders: Orders,
        declarations: Declarations,
        registry: Registry,
        state: Callable[[Record], str],
    ) -> None:
        self._orders, self._declarations = orders, declarations
        self._registry, self._state = registry, state

    def of(self, transaction_id: str) -> list[Payment]:
        """The documents of a transaction, one a port and platform where it was declared with success."""
        order = self._orders.by_transaction(transaction_id)
        if order is None:
            return []
        records = [one for port in sorted(PORTS) for one in self._declarations.of(order, port)]
        return [
            Payment(
                order.out_trade_no,
                str(one.told["merchant_customs_no"]),
                Decimal(one.amount) / 100,
                self._registry.payer(order.openid),
            )
            for one in records
            if self._state(one) == SUCCESS
        ]
