"""What a return comes to: one reckoning for the quote before it and for the refund at its end.

Goodwill is a gift beside the goods as long as something is left of what was paid. What a return comes to
beyond that was given before and is spared, down to nothing: in all never more goes back than was paid.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from payments.services.refund_parts import Part
from payments.services.refund_writing import NOTHING_KEPT, Kept, Weighed, parts_from, weigh, within
from payments.services.refunds import Wish
from returns.services.seen import Seen


@dataclass(frozen=True, slots=True)
class Amount:
    """The parts that go back, what is kept of them, and what it comes to."""

    parts: tuple[Part, ...]
    kept: Kept
    weighed: Weighed

    @property
    def tax_fen(self) -> int:
        """Duty, VAT and consumption tax of the pieces."""
        return sum(one.tax_fen for one in self.parts)

    @property
    def tax_kept_fen(self) -> int:
        """What of it the consumer bears."""
        return self.kept.of(self.tax_fen)["tax_kept_fen"]

    @property
    def goodwill_fen(self) -> int:
        """What goodwill gave of it before; below zero what was taken off so before, and then never came."""
        return self.weighed.spared_fen - self.weighed.other_fen


def wish_for(seen: Seen, pieces: Mapping[int, int], *, freight: bool, kept: Kept) -> Wish:
    """What is asked of payments for these pieces (line id → how many): all that is left where nothing was
    ever kept back and nothing of the order remains."""
    last = all(seen.left(line) <= pieces.get(line.pk, 0) for line in seen.lines)
    # What still waits of another return is refunded by its own number: each tells its own pieces and tax.
    if last and freight and kept == NOTHING_KEPT and not seen.money.pieces_only and not seen.asked:
        return Wish(as_far=True)
    return Wish(pieces, freight=freight, kept=kept, as_far=True)


def comes_to(seen: Seen, pieces: Mapping[int, int], *, freight: bool, kept: Kept) -> Amount:
    """What they would come to now, if everything that is asked for goes back before them."""
    if not pieces:
        return Amount((), kept, Weighed(0, 0, 0))
    wish = wish_for(seen, pieces, freight=freight, kept=kept)
    before = {line.pk: seen.before(line) for line in seen.lines}
    parts = parts_from(
        seen.order, seen.lines, before, pieces=wish.pieces, whole=wish.whole, freight=wish.freight
    )
    kept = within(kept, parts)
    free, waiting = seen.money.free_fen, seen.money.waiting_fen
    found = weigh(parts, kept=kept, left=free, spares=True, whole=False)
    if wish.whole or found.spared_fen:  # goodwill that has not left gives way
        found = weigh(parts, kept=kept, left=free + waiting, spares=True, whole=wish.whole)
    return Amount(tuple(parts), kept, found)
