"""A port that wants a second call and has no number of the storefront's is asked about once, not passed over.

Whether it is needed there an accountant finds out; what they settle stays so for that storefront and port.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from kernel.cases import open_case, settle_open
from kernel.models import Case
from orders.models import Order
from payments.ports import besides_of

KIND = "declaration.second_port"


def mind_second_ports(*, order: Order, registered: Collection[str], now: datetime) -> None:
    """Put before an accountant each second port of the order's district where the storefront has no number.

    Called by who opens the order's declarations; one case a storefront and port, and none after one was
    settled. A number that is there by now settles it.
    """
    for port in besides_of(order.warehouse.customs_district):
        key = f"port:{order.storefront.code}:{port}"
        if port in registered:
            settle_open(kinds=[KIND], key=key, by="system", note="a number is there", now=now)
        elif not Case.objects.filter(kind=KIND, key=key, state=Case.State.SETTLED).exists():
            open_case(
                storefront_id=order.storefront_id,
                kind=KIND,
                key=key,
                title="A port wants a second declaration, and the storefront has no number there",
                facts={"order": order.number, "port": port},
                now=now,
            )
