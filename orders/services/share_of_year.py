"""Of an order that goes on, the yearly allowance does not keep what was refunded before the list: its share
of the value, and of the grams of each group of limited goods, is free again, once a refund."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from compliance import services as compliance
from compliance.models import VALUE
from orders.given_back import NOTHING, Returned
from orders.models import Order, OrderLine
from orders.services.quoted import line_facts


def free_share(
    *,
    order: Order,
    reference: str,
    before: Mapping[int, Returned],
    gone: Mapping[int, Returned],
    now: datetime,
) -> dict[str, int]:
    """Free the share of `gone` (line → what one refund gave back of it), which came after `before`.

    Grams go by cumulative floors, so that all pieces together free all of them. How much of each measure;
    nothing where `reference`, which names the refund, has freed its share before. Called by who holds the
    order's row.
    """
    amounts: dict[str, int] = {}
    lines = OrderLine.objects.filter(order=order).order_by("position")
    for line, facts in zip(lines, line_facts(order.quote.lines), strict=True):
        part, earlier = gone.get(line.pk, NOTHING), before.get(line.pk, NOTHING).quantity
        _add(amounts, VALUE, part.shares["goods_fen"] + part.shares["freight_fen"])
        group = facts.goods.listing.limit_group if facts.goods.listing else ""
        if group:
            grams = [facts.grams * pieces // line.quantity for pieces in (earlier, earlier + part.quantity)]
            _add(amounts, group, grams[1] - grams[0])
    return compliance.allowance_lessen(
        order_number=order.number, reference=reference, amounts=amounts, now=now
    )


def _add(amounts: dict[str, int], measure: str, amount: int) -> None:
    amounts[measure] = amounts.get(measure, 0) + amount
