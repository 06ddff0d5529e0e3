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
from returns.services.ask import WantedUnknown
from returns.services.offer import Wished
from returns.services.seen import Seen


@dataclass(frozen=True, slots=True)
class Swap:
    """What is wanted by position, with how many pieces; `left_fen` of the year, None of an unknown person.

    `once_fen` is the most that one order takes of the year, but for one piece that alone is dearer.
    """

    wanted: tuple[tuple[int, PricedVariant, int], ...]
    year: int
    limit_fen: int
    left_fen: int | None
    once_fen: int

    @property
    def goods_fen(self) -> int:
        """Its price without freight and tax, which is what it needs of the year at least."""
        return sum(variant.price_fen * pieces for _, variant, pieces in self.wanted)

    @property
    def enough(self) -> bool | None:
        """Whether the year has room for it before anything comes back; None where nobody can say."""
        if self.left_fen is None:
            return None
        if self.left_fen < self.goods_fen:
            return False
        return True if self.goods_fen <= self.once_fen <= self.left_fen else None  # it hangs on the freight


def swap(*, seen: Seen, wished: Wished, now: datetime) -> Swap:
    """Look up what is wanted in exchange, the same goods where nothing else is said, in two statements.

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
    return Swap(wanted, year, limit, left, law.figure("import/single_transaction_limit"))


def _person(customer: Customer | None) -> UUID | None:
    """Whose year it is: nobody's whose identity is not verified, who must not learn what its owner bought."""
    identity = getattr(customer, "identity", None)
    verified = identity is not None and identity.state == Identity.State.VERIFIED
    return customer.subject.person_id if verified and customer else None
