"""What this app holds about people: no name, and entries of the books that lead to an order by number."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from compliance.holdings import Holding, Kept, Staying, numbers
from compliance.models import Subject
from settlement.models import Entry, Evidence, Posting, SettlementItem

_BOOKS = {
    "zh": "账簿分录（金额与单号，不含姓名；不设到期日）",
    "en": "entries of the books: amounts and numbers, no names; no day is set",
}
_ABROAD = {
    "zh": "结汇明细与贸易凭证编号（金额与单号，不含姓名；不设到期日）",
    "en": "shares of settlement batches and numbers of trade evidence, no names; no day is set",
}
_WHY = {
    "zh": "账簿只增不改，删去一笔则余额与报表不再相符；仅有金额与单号，不含姓名",
    "en": "Books are added to and never changed: without one entry balances and statements would be wrong."
    " They carry amounts and numbers, no name.",
}


def erase(subject: Subject, now: datetime) -> list[Kept]:
    """Nothing goes: the books stay whole, and what in them leads to the person's orders is told."""
    of_theirs = Q(order__subject=subject) | Q(payment__order__subject=subject)
    entries = Entry.objects.filter(of_theirs | Q(refund__order__subject=subject))
    postings = Posting.objects.filter(entry__in=entries).count()
    items = SettlementItem.objects.filter(order__subject=subject).count()
    evidence = Evidence.objects.filter(order__subject=subject).count()
    return [
        *numbers("books", _BOOKS, "order_years", entries.count() + postings, now, *_LEDGER),
        *numbers("abroad", _ABROAD, "order_years", items + evidence, now, *_BATCHES),
    ]


_LEDGER = ("settlement.Entry", "settlement.Posting")
_BATCHES = ("settlement.Evidence", "settlement.SettlementItem")

HOLDING = Holding(
    app="settlement",
    erase=erase,
    staying=(
        Staying("settlement.Entry", _BOOKS, _WHY),
        Staying("settlement.SettlementItem", _ABROAD, _WHY),
    ),
)
