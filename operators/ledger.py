"""The ledger, to read: each entry with its postings, back to its payment, refund and order."""

from __future__ import annotations

from operators.base import Scoped, register


@register("settlement.Entry")
class EntryAdmin(Scoped):
    """One fact of money."""

    list_display = ("key", "kind", "day", "order", "payment", "refund", "at", "storefront")
    list_select_related = ("order", "payment", "refund", "storefront")
    list_filter = ("kind", "day")
    search_fields = (
        "key__startswith",
        "order__number__startswith",
        "payment__out_trade_no__startswith",
        "refund__out_refund_no__startswith",
    )
    ordering = ("-id",)


@register("settlement.Posting")
class PostingAdmin(Scoped):
    """One account's share of an entry: debit positive, credit negative."""

    list_display = ("entry", "account", "amount_fen", "day", "storefront")
    list_select_related = ("entry", "storefront")
    list_filter = ("account", "day")
    search_fields = ("entry__key__startswith",)
    ordering = ("-id",)
