"""How a storefront stands in foreign money, and what the brand is told of a period in its own currency."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.db.models import F, Q, Sum

from settlement.models import SettlementBatch, SettlementItem
from settlement.reasons import Reason
from settlement.unsettled import Unsettled


@dataclass(slots=True)
class Position:
    """One currency, in minor units: what is promised and where it stands; the result of what was settled.

    `waiting` and `ready` are of orders in no batch, `in_batch` of batches without an answer, `on_its_way` of
    what the institution settled and the bank has not told of. `why` counts the reasons of what waits.
    """

    currency: str
    waiting: int = 0
    ready: int = 0
    in_batch: int = 0
    on_its_way: int = 0
    received: int = 0
    settled: int = 0
    result: int = 0
    result_fen: int = 0
    why: Counter[Reason] = field(default_factory=Counter)

    @property
    def promised_open(self) -> int:
        """What the brand was promised and no institution has settled."""
        return self.waiting + self.ready + self.in_batch


def positions(*, storefront_id: int, waiting: Iterable[Unsettled]) -> list[Position]:
    """Each currency of the storefront with anything in it, by code; one statement beside `waiting`, which is
    what `unsettled` says of the storefront."""
    found: dict[str, Position] = {}
    for one in waiting:
        at = found.setdefault(one.currency, Position(one.currency))
        if one.batch:
            continue
        if one.reasons:
            at.waiting += one.promised_minor or 0
            at.why.update(one.reasons)
        else:
            at.ready += one.promised_minor or 0
    sums = (
        SettlementBatch.objects.filter(storefront_id=storefront_id)
        .values("currency")
        .annotate(
            in_batch=Sum("promised_minor", filter=Q(state__in=["draft", "exported"]), default=0),
            settled=Sum("foreign_minor", default=0),
            received_sum=Sum("received_minor", default=0),
            result=Sum(F("foreign_minor") - F("settled_promised_minor"), default=0),
            result_sum=Sum("result_fen", default=0),
        )
    )
    for row in sums:
        at = found.setdefault(row["currency"], Position(row["currency"]))
        at.in_batch, at.settled, at.received = row["in_batch"], row["settled"], row["received_sum"]
        at.on_its_way = at.settled - at.received
        at.result, at.result_fen = row["result"], row["result_sum"]
    return [found[currency] for currency in sorted(found)]


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One order's share of what was settled: yuan (fen) to the left, the brand's currency to the right."""

    settled_on: date
    batch: str
    order: str
    gross_fen: int
    refunded_fen: int
    fee_fen: int
    net_fen: int
    locked: Decimal
    promised_minor: int
    rate: Decimal
    foreign_minor: int

    @property
    def result_minor(self) -> int:
        """What the institution's rate brought beyond the promise."""
        return self.foreign_minor - self.promised_minor


def brand_statement(
    *, storefront_id: int, currency: str, first: date, last: date
) -> tuple[list[StatementLine], dict[str, int]]:
    """What was settled for the brand from `first` to `last`, both included, and the sums of its columns.

    One statement. It names orders and no consumer.
    """
    rows = SettlementItem.objects.filter(
        storefront_id=storefront_id, batch__currency=currency, settled_on__range=(first, last)
    ).select_related("batch", "order")
    lines = [
        StatementLine(
            settled_on=item.settled_on,
            batch=item.batch.number,
            order=item.order.number,
            gross_fen=item.gross_fen,
            refunded_fen=item.refunded_fen,
            fee_fen=item.fee_fen,
            net_fen=item.net_fen,
            locked=item.cny_per_100,
            promised_minor=item.promised_minor,
            rate=item.rate,
            foreign_minor=item.foreign_minor,
        )
        for item in rows.order_by("settled_on", "batch_id", "position")
        if item.settled_on is not None and item.rate is not None and item.foreign_minor is not None
    ]
    sums: dict[str, int] = defaultdict(int)
    for line in lines:
        for name in ("gross_fen", "refunded_fen", "fee_fen", "net_fen", "promised_minor", "foreign_minor"):
            sums[name] += getattr(line, name)
    return lines, dict(sums)
