"""Orders that look like resale, or like one purchase in parts, are put before an operator; none is decided.

Looked for after an order is placed and after it is paid, never within checkout. The window lies around the
order, before and after: of two orders at once each sees the other after its own commit, so that one of them
finds both. Persons, telephones and addresses are counted across all storefronts of the platform, whose duty
it is (486号); a case names its own storefront's orders, and of others only how many there are. An openid is
one mini-program's, so a payer is counted within it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection

from compliance.facts import SPLIT
from compliance.law import Law
from kernel.cases import open_case
from kernel.clock import shanghai_day
from kernel.models import Case
from kernel.tenancy import everything
from orders.models import Order

LIVING = ["placed", "closing", "paid"]
_TITLES = {
    "personal_use.one_person": "One person orders again and again in a short time",
    "personal_use.one_payer": "One payer pays for orders again and again in a short time",
    "personal_use.one_phone": "Orders for one telephone again and again in a short time",
    "personal_use.one_address": "Orders to one address again and again in a short time",
    SPLIT: "Orders of one person in a short time pass the single-transaction limit together",
}

_NUMBERS = """
    coalesce(array_agg(o.number ORDER BY o.id) FILTER (WHERE o.storefront_id = me.storefront_id), '{}'),
    count(*) FILTER (WHERE o.storefront_id <> me.storefront_id)"""
# Each branch walks one index. An order above the limit is taxed in full: nothing is gained by splitting it.
_FIND = """
WITH me AS (SELECT * FROM orders_order WHERE number = %(number)s)
{branches}
"""
_REPEATED = """
SELECT 'personal_use.one_{what}', {numbers} FROM me JOIN orders_order o
    ON o.{index} = me.{index} AND o.state = ANY(%(living)s)
    AND o.placed_at BETWEEN me.placed_at - %(window)s * interval '1 day'
                        AND me.placed_at + %(window)s * interval '1 day'
HAVING count(*) >= %(one_{what})s
"""
_SPLIT = """
SELECT 'personal_use.split', {numbers} FROM me JOIN orders_order o
    ON o.buyer_index = me.buyer_index AND o.state = ANY(%(living)s)
    AND o.placed_at BETWEEN me.placed_at - %(split)s * interval '1 hour'
                        AND me.placed_at + %(split)s * interval '1 hour'
WHERE NOT o.over_limit AND NOT me.over_limit
HAVING count(*) > 1 AND sum(o.goods_fen + o.freight_fen) > %(limit)s
"""
_INDEXES = {
    "person": "buyer_index",
    "payer": "payer_index",
    "phone": "phone_index",
    "address": "address_index",
}
_BRANCHES = [_REPEATED.format(what=what, index=index, numbers=_NUMBERS) for what, index in _INDEXES.items()]
FIND = _FIND.format(branches=" UNION ALL ".join([*_BRANCHES, _SPLIT.format(numbers=_NUMBERS)]))


def look_for_patterns(*, number: str, now: datetime) -> list[str]:
    """Open a case for each pattern that this order is part of; their kinds.

    A case names the orders, and how many `others` there are elsewhere, nobody's data; looked for again it
    only counts one more sighting.
    """
    order = Order.objects.only("storefront_id", "number", "placed_at").get(number=number)
    found = _find(number, Law(shanghai_day(order.placed_at)))
    for kind, numbers, others in found:
        open_case(
            storefront_id=order.storefront_id,
            kind=kind,
            key=order.event_key,
            title=_TITLES[kind],
            facts={"order": number, "orders": numbers, "others": others},
            now=now,
        )
    return [kind for kind, _, _ in found]


def suspicions_of(order: Order) -> frozenset[str]:
    """The kinds of open cases of which this order is a part, whichever order opened them."""
    cases = Case.objects.filter(
        storefront_id=order.storefront_id,
        state=Case.State.OPEN,
        kind__in=list(_TITLES),
        facts__orders__contains=[order.number],
    )
    return frozenset(cases.values_list("kind", flat=True))


def _find(number: str, law: Law) -> list[tuple[str, list[str], int]]:
    values: dict[str, Any] = {
        "number": number,
        "living": LIVING,
        "window": law.figure("personal_use/window_days"),
        "split": law.figure("personal_use/split_hours"),
        "limit": law.figure("import/single_transaction_limit"),
    }
    values |= {f"one_{what}": law.figure(f"personal_use/orders_of_one_{what}") for what in _INDEXES}
    with everything(), connection.cursor() as cursor:  # what is split is split over several shops
        cursor.execute(FIND, values)
        return list(cursor.fetchall())
