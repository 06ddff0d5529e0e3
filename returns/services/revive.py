"""A parcel came after its request had lapsed: it is received for the pieces that are nobody else's meanwhile.

What another request holds is received there, with its money and its declaration. What was refunded meanwhile
is put away with the rest, and nothing is refunded again. Either is a case for a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kernel.cases import open_case
from kernel.errors import Conflict
from orders.given_back import NOTHING
from returns.models import ReturnLine, ReturnRequest
from returns.services.seen import look
from returns.states import HOLDING

SURPLUS = "return.surplus"


@dataclass(eq=False)
class AskedAnew(Conflict):
    """All that could have come was asked for again by another request: it is received there."""

    code = "return_asked_anew"
    title = "These pieces were asked for again under {numbers}: receive the parcel under that number."
    title_zh = "相关商品已在{numbers}中重新申请，请按该申请号登记到货。"
    numbers: str


def revive(row: ReturnRequest, *, now: datetime) -> None:
    """The pieces of a held request that lapsed are asked for again, as far as they are. Raises AskedAnew."""
    seen = look(order=row.order, now=now, but=row.pk)
    elsewhere, refunded, lines = [], [], []
    for one in row.lines.filter(state="dropped").select_related("line"):
        asked = seen.asked.get(one.line_id, 0)
        gone = seen.gone.get(one.line_id, NOTHING).quantity
        beyond = max(0, one.quantity - max(0, one.line.quantity - asked - gone))
        if theirs := min(beyond, asked):
            elsewhere.append(f"{one.line.sku} × {theirs}")
        if beyond > theirs:
            refunded.append(f"{one.line.sku} × {beyond - theirs}")
        if one.quantity > theirs:
            one.quantity, one.refunded = one.quantity - theirs, beyond - theirs
            one.state = "approved"
            lines.append(one)
    held = ReturnRequest.objects.filter(order=row.order, lines__state__in=HOLDING).exclude(pk=row.pk)
    others = ", ".join(sorted(set(held.values_list("number", flat=True)))) if elsewhere else ""
    if not lines:
        raise AskedAnew(others)
    ReturnLine.objects.bulk_update(lines, ["quantity", "refunded", "state"])
    if elsewhere or refunded:
        open_case(
            storefront_id=row.storefront_id,
            kind=SURPLUS,
            key=row.event_key,
            title="A parcel that came late holds pieces that were asked for again, or refunded, meanwhile",
            facts={
                "order": row.order.number,
                "return": row.number,
                **({"elsewhere": ", ".join(elsewhere), "others": others} if elsewhere else {}),
                **({"refunded": ", ".join(refunded)} if refunded else {}),
            },
            now=now,
        )
