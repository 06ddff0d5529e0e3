"""Money and declaration exclude each other: from the list until customs has decided no money leaves.

Before the list everything is corrected together; once customs has the list no money goes back; after its
decision it may again. Who declares drives the gate; who refunds asks it, holding the order's row.
"""

from __future__ import annotations

from datetime import datetime

from kernel import events
from kernel.states import WrongState
from kernel.tenancy import tenant
from orders.models import Order

BEFORE, HELD, AFTER = Order.Gate.BEFORE_LIST, Order.Gate.WITH_CUSTOMS, Order.Gate.AFTER_RELEASE
_MOVES = {
    "send": {BEFORE: HELD},
    "reject": {HELD: BEFORE},  # 100, or a cancelled list (624 = 399)
    "release": {HELD: AFTER},  # 800
}


def move_gate(*, number: str, verb: str, now: datetime) -> Order:
    """Move the gate of a paid order by "send", "reject" or "release"; the event is `order.gate_<state>`.

    Locks the order. Raises as `move_gate_of`.
    """
    with tenant(Order.objects.values_list("storefront_id", flat=True).get(number=number)):
        order = Order.objects.select_for_update().get(number=number)
        move_gate_of(order=order, verb=verb, now=now)
    return order


def move_gate_of(*, order: Order, verb: str, now: datetime) -> None:
    """The same of an order whose row the caller holds, as it was read under that lock.

    Raises WrongState where the table has no such move, or the order is not paid; a refund that waits is
    tried again by who hears the event.
    """
    after = _MOVES[verb].get(Order.Gate(order.gate))
    if after is None or order.state != "paid":
        state = order.state if after is not None else order.gate
        raise WrongState(machine="gate", verb=verb, state=state)
    before, order.gate = order.gate, after
    Order.objects.filter(pk=order.pk).update(gate=after)
    events.record(
        storefront_id=order.storefront_id,
        name=f"order.gate_{after}",
        key=order.event_key,
        facts={"from": before, "verb": verb},
        now=now,
    )
