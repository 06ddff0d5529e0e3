"""How a storefront stands in foreign money: what is promised, and where each cent stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce

from settlement.models import ForexReceipt, SettlementBatch
from settlement.reasons import Reason
from settlement.unsettled import Unsettled


@dataclass(slots=True)
class Position:
    """One currency, in minor units: what is promised and where it stands; the result of what was settled.

    `waiting` and `ready` are in no batch, `in_batch` in batches without an answer, `on_its_way` is what the
    institution settled and the bank has not told of, `received` what it credited, `charged` what it kept.
    `taken_back` is what batches hold or have settled and orders no longer come to: a later batch deducts it.
    `why` counts the reasons of what waits.
    """

    currency: str
    waiting: int = 0
    ready: int = 0
    in_batch: int = 0
    taken_back: int = 0
    on_its_way: int = 0
    received: int = 0
    charged: int = 0
    settled: int = 0
    result: int = 0
    result_fen: int = 0
    why: Counter[Reason] = field(default_factory=Counter)

    @property
    def promised_open(self) -> int:
        """What the brand is promised and no institution has settled, less what is to be taken back."""
        return self.waiting + self.ready + self.in_batch - self.taken_back


def positions(*, storefront_id: int, waiting: Iterable[Unsettled]) -> list[Position]:
    """Each currency of the storefront with anything in it, by code; one statement beside `waiting`, which is
    what `unsettled` says of the storefront."""
    found: dict[str, Position] = {}
    for one in waiting:
        at = found.setdefault(one.currency, Position(one.currency))
        if one.beyond_minor < 0:
            at.taken_back -= one.beyond_minor
        elif one.reasons:
            at.waiting += one.beyond_minor
        else:
            at.ready += one.beyond_minor
        if not one.batch:
            at.why.update(one.reasons)
    kept = ForexReceipt.objects.filter(batch=OuterRef("pk"), kind=ForexReceipt.Kind.CHARGE).values("batch")
    sums = (
        SettlementBatch.objects.filter(storefront_id=storefront_id)
        .annotate(kept=Coalesce(Subquery(kept.annotate(sum=Sum("amount_minor")).values("sum")), 0))
        .values("currency")
        .annotate(
            in_batch=Sum("promised_minor", filter=Q(state__in=["draft", "exported"]), default=0),
            settled=Sum("foreign_minor", default=0),
            told=Sum("received_minor", default=0),
            charged=Sum("kept", default=0),
            result=Sum(F("foreign_minor") - F("settled_promised_minor"), default=0),
            result_sum=Sum("result_fen", default=0),
        )
    )
    for row in sums:
        at = found.setdefault(row["currency"], Position(row["currency"]))
        at.in_batch, at.settled, at.charged = row["in_batch"], row["settled"], row["charged"]
        at.received, at.on_its_way = row["told"] - row["charged"], row["settled"] - row["told"]
        at.result, at.result_fen = row["result"], row["result_sum"]
    return [found[currency] for currency in sorted(found)]
