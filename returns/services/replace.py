"""What is wanted in exchange, or was wrong or missing, is ordered anew: a quote of its own, by the return.

Nothing is held by it: a quote promises its price for a while, and goods are reserved when the order is
placed, as of any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from customers.models import Customer
from kernel.errors import Conflict
from kernel.tenancy import tenant
from orders.models import Order, Quote
from orders.services.quote import Wanted, end_quote, make_quote
from returns.models import ReturnLine, ReturnRequest
from returns.services.holding import hold
from returns.told import replaceable

GONE = ("refused", "dropped")
OVER = ("expired", "cancelled")


class NotReplaceable(Conflict):
    """Only an exchange, or what was wrong, missing or damaged, is ordered anew, and once it was agreed to."""

    code = "return_not_replaceable"
    title = "Nothing is ordered anew with this return: order the goods as usual."
    title_zh = "该申请不支持重新下单，请直接选购商品。"


@dataclass(eq=False)
class Replaced(Conflict):
    """An order stands on the quote already."""

    code = "return_replaced"
    title = "The goods were ordered anew already: order {order}."
    title_zh = "已重新下单，订单号 {order}。"
    order: str


def quote_replacement(*, request: ReturnRequest, customer: Customer, now: datetime) -> Quote:
    """A new quote for what is wanted, to where the first order went, or to the default address once that one
    is removed; the quote before it ends, so that one return leads to one order.

    Raises NotReplaceable, Replaced, and as `make_quote`.
    """
    with tenant(request.storefront_id):
        row = hold(request)
        lines = ReturnLine.objects.filter(request=row).exclude(state__in=GONE).order_by("line__position")
        wanted = [
            Wanted(one.wanted.sku if one.wanted else one.line.sku, one.quantity)
            for one in lines.select_related("line", "wanted")
        ]
        if not wanted or not replaceable(row):
            raise NotReplaceable()
        if row.replacement_id is not None:
            end_quote(quote_id=row.replacement_id, now=now)
            standing = Order.objects.filter(quote_id=row.replacement_id).exclude(state__in=OVER).first()
            if standing is not None:
                raise Replaced(standing.number)
        where = row.order.quote.address
        row.replacement = make_quote(
            customer=customer,
            wanted=wanted,
            address_id=where.public_id if where and where.removed_at is None else None,
            coupon_claim_id=None,
            now=now,
        )
        row.save(update_fields=["replacement"])
    return row.replacement
