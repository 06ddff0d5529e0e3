"""What is kept of each day, to read: the first page draws it, `manage.py summaries` counts it anew."""

from __future__ import annotations

from operators.base import Scoped, register
from operators.filters import known
from operators.forex import money
from operators.scope import ACCOUNTANTS, SELLERS, Role
from settlement.currency import CURRENCIES

AUDITORS = frozenset({Role.AUDITOR.value})
# Who sees what a storefront turns over, and who what it owes abroad.
TRADERS = SELLERS | ACCOUNTANTS | AUDITORS
BOOKKEEPERS = ACCOUNTANTS | AUDITORS


@register("reporting.Day")
class DayAdmin(Scoped):
    """A day's figures."""

    readers = TRADERS
    list_display = ("day", "placed", "paid", "paid_fen", "refunded_fen", "quotes", "released", "storefront")
    list_select_related = ("storefront",)
    list_filter = ("day",)
    ordering = ("-day", "-id")


@register("reporting.ForexDay")
class ForexDayAdmin(Scoped):
    """How a day moved the position in foreign money."""

    readers = BOOKKEEPERS
    list_display = (
        "day",
        money("promised_minor", "新承诺", "promised"),
        money("kept_minor", "已结汇部分的承诺", "of it settled"),
        money("settled_minor", "实结外币", "settled abroad"),
        money("credited_minor", "已到账", "credited"),
        money("charged_minor", "银行扣费", "charged"),
        "storefront",
    )
    list_select_related = ("storefront",)
    list_filter = (known("currency", lambda: [(one, one) for one in sorted(CURRENCIES)]), "day")
    ordering = ("-day", "-id")


@register("reporting.StaleDay")
class StaleDayAdmin(Scoped):
    """Days that are about to be counted anew."""

    list_display = ("day", "storefront")
    list_select_related = ("storefront",)
    ordering = ("day", "id")
