"""What the brand is told of a period in its own currency, from orders down to what its bank credited."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Q, Sum

from settlement.models import ForexReceipt, SettlementItem


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


@dataclass(frozen=True, slots=True)
class Told:
    """What the brand's bank told of a batch: one of the two amounts is zero."""

    credited_on: date
    batch: str
    reference: str
    charged_minor: int
    credited_minor: int


@dataclass(frozen=True, slots=True)
class BrandStatement:
    """`opening_minor` was settled before the period and not yet told of by the bank; minor units."""

    currency: str
    first: date
    last: date
    opening_minor: int
    lines: list[StatementLine]
    told: list[Told]

    def sum(self, name: str) -> int:
        """The sum of a column of amounts."""
        if name in ("charged_minor", "credited_minor"):
            return sum(getattr(one, name) for one in self.told)
        return sum(getattr(one, name) for one in self.lines)

    @property
    def closing_minor(self) -> int:
        """What is on its way to the bank after the period's last day."""
        told = self.sum("charged_minor") + self.sum("credited_minor")
        return self.opening_minor + self.sum("foreign_minor") - told


def brand_statement(*, storefront_id: int, currency: str, first: date, last: date) -> BrandStatement:
    """What was settled for the brand from `first` to `last`, both included, and what its bank told in them.

    Opening and settled, less charged and credited, is the closing. Four statements. It names orders and no
    consumer.
    """
    own = {"storefront_id": storefront_id, "batch__currency": currency}
    items = SettlementItem.objects.filter(**own, settled_on__isnull=False)
    receipts = ForexReceipt.objects.filter(**own)
    settled = items.filter(settled_on__lt=first).aggregate(sum=Sum("foreign_minor", default=0))["sum"]
    came = receipts.filter(credited_on__lt=first).aggregate(sum=Sum("amount_minor", default=0))["sum"]
    within = items.filter(settled_on__range=(first, last)).select_related("batch", "order")
    news = receipts.filter(credited_on__range=(first, last)).select_related("batch")
    return BrandStatement(
        currency=currency,
        first=first,
        last=last,
        opening_minor=settled - came,
        lines=[line_of(item) for item in within.order_by("settled_on", "batch_id", "position")],
        told=[_told(one) for one in news.order_by("credited_on", "id")],
    )


def line_of(item: SettlementItem) -> StatementLine:
    """The line of an item that was settled."""
    assert item.settled_on is not None
    assert item.rate is not None
    assert item.foreign_minor is not None
    return StatementLine(
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


def brand_sums(*, storefront_id: int, currency: str, first: date, last: date) -> dict[str, int]:
    """The sums of `brand_statement`, however many orders it has: two statements."""
    own = {"storefront_id": storefront_id, "batch__currency": currency}
    within = Q(settled_on__range=(first, last))
    columns = {
        name: Sum(name, filter=within, default=0)
        for name in ("gross_fen", "refunded_fen", "fee_fen", "net_fen", "promised_minor")
    }
    items = SettlementItem.objects.filter(**own, settled_on__lte=last).aggregate(
        before=Sum("foreign_minor", filter=Q(settled_on__lt=first), default=0),
        settled_minor=Sum("foreign_minor", filter=within, default=0),
        **columns,
    )
    came = Q(credited_on__gte=first)
    charge = Q(kind=ForexReceipt.Kind.CHARGE)
    told = ForexReceipt.objects.filter(**own, credited_on__lte=last).aggregate(
        before=Sum("amount_minor", filter=~came, default=0),
        charged_minor=Sum("amount_minor", filter=came & charge, default=0),
        credited_minor=Sum("amount_minor", filter=came & ~charge, default=0),
    )
    opening = items.pop("before") - told.pop("before")
    closing = opening + items["settled_minor"] - told["charged_minor"] - told["credited_minor"]
    return {**items, **told, "opening_minor": opening, "closing_minor": closing}


def _told(one: ForexReceipt) -> Told:
    kept = one.amount_minor if one.kind == ForexReceipt.Kind.CHARGE else 0
    return Told(one.credited_on, one.batch.number, one.reference, kept, one.amount_minor - kept)
