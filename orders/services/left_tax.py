"""What customs would levy on what is left of an order: on the lines that would be declared for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from compliance import tax
from compliance.facts import LineFacts
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
    """Tax by kind, in fen, of the lines as they are left (line id → what), at the rates of the quote.

    Those stand with the lines: a tariff that was corrected since changes nothing. Freight that stayed of a
    line without pieces is carried by the others. Raises ContentMissing as the quote would.
    """
    rows = sorted(lines, key=lambda line: line.position)
    facts: list[LineFacts] = []
    rates: list[tax.Rate] = []
    stayed = 0
    for row, fact in zip(rows, line_facts(order.quote.lines), strict=True):
        rest = left.get(row.pk, Left(0, 0))
        if rest.quantity <= 0:
            stayed += rest.freight_fen
            continue
        rates.append(_rate(row))
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
    levied = tax.levy(facts, rates, Law(order.quote.day), order.over_limit)
    return {name: sum(getattr(one, name) for one in levied) for name in TAXES}


def _rate(row: OrderLine) -> tax.Rate:
    """The rates that the tax of a line rests on; whether excise was due was decided then."""
    told = row.rates
    return tax.Rate(
        hs_code=row.hs_code,
        mfn_rate=Decimal(told["duty"]),
        vat_rate=Decimal(told["vat"]),
        excise_kind=told["excise"],
        excise_rate=Decimal(told["excise_rate"]) if told["excise_rate"] is not None else None,
        excise_per_unit_fen=told["excise_per_unit_fen"],
        excise_unit=told["excise_unit"],
    )
