"""What a consumer may do with an order now, and until when: what the services would say, beforehand."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from rest_framework import serializers

from compliance.models import PayerCheck
from logistics.models import Shipment
from logistics.services.receipt import may_confirm
from orders.models import Order
from orders.services.cancel_paid import hold_ends_at
from orders.services.name_orderer import may_name
from payments.services.ask_payer import may_refund_instead
from returns import queries as returns
from returns.reasons import Kind
from returns.services.options import options
from returns.services.seen import look
from reviews import queries as reviews

PAY, CANCEL, MEND, NAME, REFUND, CONFIRM, ASK_REFUND, RETURN, REVIEW = (
    "pay",
    "cancel",
    "mend_address",
    "name_payer",
    "refund_instead",
    "confirm_receipt",
    "ask_refund",
    "ask_return",
    "review",
)
ACTS = (PAY, CANCEL, MEND, NAME, REFUND, CONFIRM, ASK_REFUND, RETURN, REVIEW)


class ActOut(serializers.Serializer[Any]):
    """Something that may be done now; `until` is the last instant where there is one."""

    act = serializers.ChoiceField(ACTS)
    until = serializers.DateTimeField(allow_null=True)


def may(row: Order, check: PayerCheck | None, now: datetime) -> list[dict[str, Any]]:
    """Each act that is possible; at most ten statements, none of an order that is over."""
    acts: dict[str, datetime | None] = {}
    if row.state == "placed":
        if now < row.expires_at:
            acts[PAY] = row.expires_at
        acts[CANCEL] = None
    elif row.state == "paid":
        hold = hold_ends_at(row)
        if hold is not None and now <= hold:
            acts |= {CANCEL: hold, MEND: hold}
        if may_name(row, check, now) and check is not None:
            acts[NAME] = check.deadline_at
        if may_refund_instead(row, check):
            acts[REFUND] = None
        shipment = Shipment.objects.filter(order=row).first()
        if shipment is not None and may_confirm(shipment):
            acts[CONFIRM] = shipment.receipt_due_at
        if row.customer_id is not None and (kinds := _may_be_asked(row, now)):
            acts[ASK_REFUND if kinds == {Kind.REFUND_ONLY} else RETURN] = None
        if row.customer_id is not None and reviews.open_lines(row.customer_id).filter(order=row).exists():
            acts[REVIEW] = None
    return [{"act": act, "until": until} for act, until in acts.items()]


def _may_be_asked(row: Order, now: datetime) -> set[Kind]:
    """What may be asked of any of its goods now, for whichever reason: of those under way, a refund alone."""
    assert row.customer_id is not None
    seen = look(order=returns.own_order(customer_id=row.customer_id, number=row.number), now=now)
    return {one.kind for line in options(seen) for one in line.kinds if one.reasons}
