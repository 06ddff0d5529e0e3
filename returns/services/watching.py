"""A lot of which more comes back than of its like is a case: there may be something wrong with it."""

from __future__ import annotations

from datetime import datetime, timedelta

from kernel.cases import open_case, settle_over
from returns.figures import Rate, Span, by_lot
from storefronts.models import Storefront

LOT_RATE = "return.lot_rate"
LOOKED_BACK = timedelta(days=90)
FEWEST, TIMES = (
    5,
    2,
)  # returned pieces before anything is said, and how many times the rate of the SKU's others


def watch_lots(*, now: datetime) -> int:
    """Open a case for each lot whose rate jumped in the last 90 days; how many stand out. Run daily."""
    found: set[str] = set()
    for shop in Storefront.objects.order_by("pk").values_list("pk", flat=True):
        rates = by_lot(Span([shop], now - LOOKED_BACK, now), most=100_000)
        like: dict[str, list[Rate]] = {}
        for one in rates:
            like.setdefault(one.sku, []).append(one)
        for one in rates:
            others = [other for other in like[one.sku] if other.lot_id != one.lot_id]
            if stands_out(one, others):
                found.add(_key(one))
                open_case(
                    storefront_id=shop,
                    kind=LOT_RATE,
                    key=_key(one),
                    title="More comes back of a lot than of its like",
                    facts={
                        "sku": one.sku,
                        "lot": one.lot,
                        "sold": one.sold,
                        "returned": one.returned,
                    },
                    now=now,
                )
    settle_over(kind=LOT_RATE, waits=found.__contains__, now=now)
    return len(found)


def stands_out(one: Rate, others: list[Rate]) -> bool:
    """Whether enough came back of a lot, and twice as much of a hundred as of the SKU's other lots together.

    Of a SKU with one lot alone it is a tenth of what left.
    """
    if one.returned < FEWEST:
        return False
    sold, returned = sum(other.sold for other in others), sum(other.returned for other in others)
    if not sold:
        return one.returned * 10 >= one.sold
    return one.returned * sold > TIMES * returned * one.sold


def _key(one: Rate) -> str:
    return f"lot:{one.lot_id}"
