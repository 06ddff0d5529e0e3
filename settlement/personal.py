"""What this app holds about people: no name, and entries of the books that lead to an order by number."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from compliance.holdings import Holding, Keeping, Kept, Staying, numbers, stays
from compliance.models import Subject
from settlement.models import Entry, Evidence, OpenOrder, Posting, RatePublication, SettlementItem

_BOOKS = {
    "zh": "账簿分录（金额与单号，不含姓名；不设到期日）",
    "en": "entries of the books: amounts and numbers, no names; no day is set",
}
_ABROAD = {
    "zh": "结汇明细（金额与单号，不含姓名；不设到期日）",
    "en": "shares of settlement batches: amounts and numbers, no names; no day is set",
}
_EVIDENCE = {
    "zh": "贸易凭证编号（运单号、清单号等，不含姓名）",
    "en": "numbers of trade evidence (waybill, list and the like), no names",
}
_OPEN = {
    "zh": "订单尚有款项待结汇的标记（仅编号，结清后移除）",
    "en": "that something of an order may still go abroad: its number alone, until all has",
}
_WHY = {
    "zh": "账簿只增不改，删去一笔则余额与报表不再相符；仅有金额与单号，不含姓名",
    "en": "Books are added to and never changed: without one entry balances and statements would be wrong."
    " They carry amounts and numbers, no name.",
}
_SENT = {
    "zh": "结汇批次、其文件与到账记录是账簿的依据，并载明各订单已结汇的金额；删去则同一笔会再次结汇",
    "en": "Batches, their files and the bank's credits are what the books rest on, and tell what of an order"
    " has gone abroad: without them it would go twice.",
}


def erase(subject: Subject, now: datetime) -> list[Kept]:
    """Nothing goes: the books stay whole, and what in them leads to the person's orders is told."""
    of_theirs = Q(order__subject=subject) | Q(payment__order__subject=subject)
    entries = Entry.objects.filter(of_theirs | Q(refund__order__subject=subject))
    postings = Posting.objects.filter(entry__in=entries).count()
    items = SettlementItem.objects.filter(order__subject=subject).count()
    waiting = OpenOrder.objects.filter(order__subject=subject).count()
    told = Evidence.objects.filter(order__subject=subject).values_list("told_at", flat=True)
    return [
        *numbers("books", _BOOKS, "order_years", entries.count() + postings, now, *_LEDGER),
        *numbers("abroad", _ABROAD, "order_years", items, now, "settlement.SettlementItem"),
        *numbers("open_abroad", _OPEN, "order_years", waiting, now, "settlement.OpenOrder"),
        *stays("trade_evidence", _EVIDENCE, "order_years", list(told), now, "settlement.Evidence"),
    ]


_LEDGER = ("settlement.Entry", "settlement.Posting")

HOLDING = Holding(
    app="settlement",
    erase=erase,
    keeping=(
        Keeping(
            "settlement.evidence",
            {"zh": "贸易凭证编号", "en": "numbers of trade evidence"},
            lambda before: Evidence.objects.filter(told_at__lt=before),
            "order_years",
            append_only=True,
        ),
        Keeping(
            "settlement.rates",
            {"zh": "公布的人民币汇率中间价页面", "en": "pages of the central parity as they were published"},
            lambda before: RatePublication.objects.filter(fetched_at__lt=before),
            "order_years",
            append_only=True,
        ),
    ),
    staying=(
        Staying("settlement.Entry", _BOOKS, _WHY),
        Staying("settlement.SettlementItem", _ABROAD, _WHY),
        Staying("settlement.SettlementBatch", {"zh": "结汇批次", "en": "settlement batches"}, _SENT),
        Staying("settlement.ForexReceipt", {"zh": "到账记录", "en": "credits of the brand's bank"}, _SENT),
    ),
)
