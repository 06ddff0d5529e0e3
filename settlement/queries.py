"""What the ledger says of a storefront in a period, and whether it may be believed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import Case, Count, F, OuterRef, Q, QuerySet, Subquery, Sum, When

from orders.models import Order
from payments.models import BillLine, Payment, Refund
from settlement.accounts import Account
from settlement.models import Entry, OpenOrder, Posting
from settlement.unsettled import unsettled

# A refund of goods whose price was kept back, and nothing else: no account moves by it.
MOVES_NOTHING = Q(
    amount_fen=0,
    freight_fen=0,
    tax_fen=F("tax_lost_fen"),
    goods_fen=F("discount_fen") + F("deducted_fen"),
)


@dataclass(frozen=True, slots=True)
class Line:
    """One account over a period, in fen: what stood before, debits, credits (positive), what stands after."""

    account: Account
    opening_fen: int
    debit_fen: int
    credit_fen: int

    @property
    def closing_fen(self) -> int:
        """What stands after the period's last day."""
        return self.opening_fen + self.debit_fen - self.credit_fen


def statement(*, storefront_id: int, first: date, last: date) -> list[Line]:
    """The statement of one storefront from `first` to `last`, both included: every account, in one query.

    The openings, and so the closings, sum to zero.
    """
    within = Q(day__gte=first)
    rows = (
        Posting.objects.filter(storefront_id=storefront_id, day__lte=last)
        .values_list("account")
        .annotate(
            opening=Sum("amount_fen", filter=Q(day__lt=first), default=0),
            debit=Sum("amount_fen", filter=within & Q(amount_fen__gt=0), default=0),
            credit=Sum("amount_fen", filter=within & Q(amount_fen__lt=0), default=0),
        )
    )
    found = {account: (opening, debit, -credit) for account, opening, debit, credit in rows}
    return [Line(account, *found.get(account, (0, 0, 0))) for account in Account]


def of_batch(number: str) -> dict[str, int]:
    """What the settlements and receipts of one batch have moved, in fen by account."""
    own = Q(entry__key__startswith=f"settlement:{number}:") | Q(entry__key__startswith=f"receipt:{number}:")
    rows = Posting.objects.filter(own).values_list("account").annotate(total=Sum("amount_fen"))
    return dict(rows)


def with_told_line(entries: QuerySet[Entry]) -> QuerySet[Entry]:
    """Entries with `told_line`, the id of the line of a trade bill that tells of each: its own, or the first
    with the transaction of its payment or the number of its refund; None until a bill has told."""
    sale = BillLine.objects.filter(
        kind="sale",
        transaction_id=OuterRef("payment__transaction_id"),
        storefront_id=OuterRef("storefront_id"),
    )
    refund = BillLine.objects.filter(
        kind="refund",
        out_refund_no=OuterRef("refund__out_refund_no"),
        storefront_id=OuterRef("storefront_id"),
    )
    return entries.annotate(
        told_line=Case(
            When(bill_line__isnull=False, then=F("bill_line_id")),
            When(kind__in=("sale", "stray"), then=Subquery(sale.order_by("id").values("id")[:1])),
            When(kind="refund", then=Subquery(refund.order_by("id").values("id")[:1])),
        )
    )


def not_entered(*, storefront_id: int) -> list[str]:
    """Payments that came, refunds that arrived and transfers to consumers that the ledger does not have yet,
    by their numbers."""
    entered = Entry.objects.filter(storefront_id=storefront_id)
    payments = (
        Payment.objects.filter(storefront_id=storefront_id, state__in=("succeeded", "stray"))
        .exclude(stray_reason="currency")
        .exclude(pk__in=entered.filter(kind__in=("sale", "stray")).values("payment_id"))
    )
    refunds = (
        Refund.objects.filter(storefront_id=storefront_id, state="succeeded")
        .exclude(payment__stray_reason="currency")
        .exclude(MOVES_NOTHING)
        .exclude(pk__in=entered.filter(kind="refund").values("refund_id"))
    )
    transfers = Refund.objects.filter(storefront_id=storefront_id, transferred_at__isnull=False).exclude(
        pk__in=entered.filter(kind="transfer").values("refund_id")
    )
    return [
        *payments.order_by("id").values_list("out_trade_no", flat=True),
        *refunds.order_by("id").values_list("out_refund_no", flat=True),
        *transfers.order_by("id").values_list("out_refund_no", flat=True),
    ]


def overlooked(*, storefront_id: int, day: date) -> list[str]:
    """Orders of which something has not gone abroad, and that are not among the open ones, by their numbers.
    The database lets none come about; one that is found was taken away by its owner."""
    paid = Order.objects.filter(storefront_id=storefront_id, paid_at__isnull=False)
    hidden = paid.exclude(pk__in=OpenOrder.objects.filter(storefront_id=storefront_id).values("pk"))
    ids = hidden.values_list("pk", flat=True)
    return [one.number for one in unsettled(storefront_id=storefront_id, day=day, only=ids)]


def out_of_balance() -> list[tuple[str, int]]:
    """Entries whose postings do not sum to zero, or that have none, with the sum in fen. The database lets
    none in; one that is found was written by its owner."""
    summed = Entry.objects.annotate(total=Sum("postings__amount_fen", default=0), lines=Count("postings"))
    return list(summed.filter(~Q(total=0) | Q(lines=0)).order_by("id").values_list("key", "total"))
