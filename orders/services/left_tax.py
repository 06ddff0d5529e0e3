"""What customs would levy on what is left of an order: on the lines that would be declared for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from compliance import queries as compliance
from compliance import tax
from compliance.law import Law
from orders.models import Order, OrderLine
from orders.services.quoted import line_facts

TAXES = ("duty_fen", "vat_fen", "excise_fen")


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of a line: pieces, and freight in fen, also of pieces that are gone."""

    quantity: int
    freight_fen: int


def tax_left(*, order: Order, lines: Iterable[OrderLine], left: Mapping[int, Left]) -> dict[str, int]:
    """Tax by kind, in fen, of all `lines` as they are left (line id → what); as it was levied at the quote.

    Freight that stayed of a line without pieces is carried by the others. Raises TariffMissing,
    ContentMissing as the quote would.
    """
    rows = sorted(lines, key=lambda line: line.position)
    facts, stayed = [], 0
    for row, fact in zip(rows, line_facts(order.quote.lines), strict=True):
        rest = left.get(row.pk, Left(0, 0))
        if rest.quantity <= 0:
            stayed += rest.freight_fen
            continue
        facts.append(
            replace(
                fact,
                quantity=rest.quantity,
                goods_fen=row.price_fen * rest.quantity,
                freight_fen=rest.freight_fen,
            )
        )
    if not facts:
        return dict.fromkeys(TAXES, 0)
    facts[0] = replace(facts[0], freight_fen=facts[0].freight_fen + stayed)
    tariff = compliance.tariff(hs_codes=[one.hs_code for one in facts], day=order.quote.day)
    levied = tax.assess(facts, tariff, Law(order.quote.day), order.over_limit)
    return {name: sum(getattr(one, name) for one in levied) for name in TAXES}
