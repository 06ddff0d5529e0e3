"""What an exchange takes beside what it gives back: the present price of what is wanted, and its quota.

The new order is paid and declared like any other, before the old one's quota comes back (law.md §8).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from catalog import queries as catalog
from catalog.queries import PricedVariant
from compliance import queries as compliance
from compliance.law import Law
from customers.models import Customer, Identity
from inventory import queries as inventory
from kernel.clock import shanghai_day
from orders.models import Order
from returns.services.ask import WantedUnknown
from returns.services.offer import Wished
from returns.services.seen import Seen


@dataclass(frozen=True, slots=True)
class Swap:
    """What is wanted by position, with how many pieces; `left_fen` of the year, None of an unknown person.

    `freight_fen` is from the warehouse of the first order, None where nothing is carried from there now.
    """

    wanted: tuple[tuple[int, PricedVariant, int], ...]
    year: int
    limit_fen: int
    left_fen: int | None
    freight_fen: int | None

    @property
    def goods_fen(self) -> int:
        """Its price without freight and tax."""
        return sum(variant.price_fen * pieces for _, variant, pieces in self.wanted)

    @property
    def enough(self) -> bool | None:
        """Whether the year has room for it before anything comes back; None where nobody can say."""
        if self.left_fen is None:
            return None
        if self.freight_fen is None and self.left_fen >= self.goods_fen:
            return None  # it hangs on the freight
        return self.left_fen >= self.needs_fen

    @property
    def needs_fen(self) -> int:
        """What it takes of the year: goods and freight."""
        return self.goods_fen + (self.freight_fen or 0)


def swap(*, seen: Seen, wished: Wished, now: datetime) -> Swap:
    """Look up what is wanted in exchange, the same goods where nothing else is said, in three statements.

    Raises WantedUnknown.
    """
    own = {line.position: line.sku for line in seen.lines}
    skus = {at: wished.wanted.get(at, own[at]) for at in wished.pieces if at in own}
    if not set(wished.wanted) <= set(skus):
        raise WantedUnknown()
    found = catalog.priced_variants(seen.order.storefront_id, sorted(set(skus.values())), now)
    if not set(skus.values()) <= set(found):
        raise WantedUnknown()
    law = Law(seen.today)
    limit, year = law.figure("import/annual_limit"), seen.today.year
    person = _person(seen.order.customer)
    left = (
        compliance.allowance(person_id=person, year=year, limit_fen=limit).left_fen
        if person is not None
        else None
    )
    wanted = tuple((at, found[sku], wished.pieces[at]) for at, sku in sorted(skus.items()))
    freight = _freight_fen(seen.order, [(variant, many) for _, variant, many in wanted], now)
    return Swap(wanted, year, limit, left, freight)


def _freight_fen(order: Order, basket: list[tuple[PricedVariant, int]], now: datetime) -> int | None:
    """From the warehouse of the first order to where that went; None where nothing is carried there now."""
    day = shanghai_day(now)
    terms = inventory.terms(warehouse_ids=[order.warehouse_id], day=day)[order.warehouse_id]
    return terms.freight_fen(
        province=order.quote.province,
        weight_g=sum(variant.weight_g * many for variant, many in basket),
        pieces=sum(many for _, many in basket),
        goods_fen=sum(variant.price_fen * many for variant, many in basket),
    )


def _person(customer: Customer | None) -> UUID | None:
    """Whose year it is: nobody's whose identity is not verified, who must not learn what its owner bought."""
    identity = getattr(customer, "identity", None)
    verified = identity is not None and identity.state == Identity.State.VERIFIED
    return customer.subject.person_id if verified and customer else None
