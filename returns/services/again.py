"""What was wrong, missing or damaged, or is exchanged, is sent again in one step with the wish for a refund.

The new order is one like any other: its own quote, judgement, payment and declaration (law.md §8). It does
not wait for the answer to the claim, and stays whatever that answer is; what cannot be ordered now leaves the
request as it stands.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from uuid import UUID

from kernel.errors import Conflict, Invalid, Missing, Refused
from kernel.tenancy import tenant
from orders.models import Order, Quote
from orders.services.place import Confirmation, place_order
from returns.models import ReturnLine, ReturnRequest
from returns.services.holding import hold
from returns.services.replace import GONE, OVER, NotReplaceable
from returns.told import ordered_anew
from storefronts.queries import Shop


class OtherGoods(Invalid):
    """The quote is for exactly what the request wants, piece for piece."""

    code = "return_other_goods"
    title = "The quote is for other goods than the request: quote what you want sent again."
    title_zh = "报价商品与申请不一致，请按需补发或换货的商品重新报价。"


class AnotherQuote(Conflict):
    """An order stands on another quote of the same request."""

    code = "return_another_quote"
    title = "The goods were ordered again on another quote already."
    title_zh = "已按另一报价重新下单。"


def order_again(
    *,
    request: ReturnRequest,
    shop: Shop,
    customer_id: int,
    quote_token: UUID,
    confirmation: Confirmation,
    now: datetime,
) -> Order | Refused:
    """The order of what a request wants sent again, placed on the customer's quote and linked; told again, it
    is the same one. What the law refuses is answered, and its judgement stays.

    Any other problem is raised, and the caller undoes what was written: NotReplaceable, OtherGoods,
    AnotherQuote, and as `place_order`.
    """
    with tenant(request.storefront_id):
        row = hold(request)
        quote = Quote.objects.filter(customer_id=customer_id, token=quote_token).first()
        if quote is None:
            raise Missing()
        lines = ReturnLine.objects.filter(request=row).exclude(state__in=GONE)
        wanted = Counter[str]()
        for one in lines.select_related("line", "wanted"):
            wanted[one.wanted.sku if one.wanted else one.line.sku] += one.quantity
        if not wanted or not ordered_anew(row):
            raise NotReplaceable()
        if wanted != Counter({line["sku"]: line["quantity"] for line in quote.lines}):
            raise OtherGoods()
        if row.replacement_id is not None:
            standing = Order.objects.filter(quote_id=row.replacement_id).exclude(state__in=OVER).first()
            if standing is not None and row.replacement_id != quote.pk:
                raise AnotherQuote()
            if standing is not None:
                return standing
        try:
            placed = place_order(
                shop=shop,
                customer_id=customer_id,
                quote_token=quote_token,
                confirmation=confirmation,
                now=now,
            )
        except Refused as refused:
            return refused
        row.replacement = quote
        row.save(update_fields=["replacement"])
        return Order.objects.get(number=placed.number)
