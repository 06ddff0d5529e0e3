"""What waits for somebody: rows of a list, counted, each count leading to the list of as many rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import Count, Model, Q, QuerySet, Value
from django.http import HttpRequest
from django.urls import reverse
from django.utils.timezone import localtime

from compliance.models import Consent, Judgement
from compliance.models.incident import Incident
from customers.models import Export
from customs.models import Declaration
from inventory.models import Stock
from kernel.clock import shanghai_day
from kernel.models import Case, Delivery
from logistics.models import Shipment
from operators.bilingual import say
from operators.customs_filters import AtCustomsFilter
from operators.filters import FEW, FewFilter, LateFilter, StorefrontFilter, Switch, UnmadeFilter
from operators.incidents import OpenFilter, overdue
from operators.refunds import AttendFilter, ToRefundFilter
from operators.returns import WaitsFilter
from operators.rule_book import may_read, stale_figures
from operators.scope import (
    ACCOUNTANTS,
    CARERS,
    INSPECTORS,
    PACKERS,
    PLATFORM,
    READERS,
    REFUNDERS,
    SHARED,
    Role,
    scope_of,
)
from operators.shipping import LateFilter as LateShipments
from operators.shipping import ToShipFilter
from orders.models import Order
from payments.models import Refund
from returns.models import ReturnRequest

Card = dict[str, Any]
NOBODY: Q = Q(pk__in=[])

# Who has to do with what; the auditor reads everything.
AUDITORS = frozenset({Role.AUDITOR.value})
SHIPPERS = PACKERS | CARERS | AUDITORS
DECLARANTS = PACKERS | CARERS | AUDITORS
PAYERS = REFUNDERS | AUDITORS
STOCKERS = PACKERS | AUDITORS
RETURNERS = PACKERS | REFUNDERS | AUDITORS


@dataclass(frozen=True, slots=True)
class Question:
    """Rows that are counted: `where` says which, `asked` how their list is asked for them by its filters.

    For those of `roles`. `wrong`: there should be none; `late` are the rows among them that are overdue. `of`
    names what is counted once, where that is not the row.
    """

    title: Any
    model: type[Model]
    where: Q
    asked: dict[str, str]
    roles: frozenset[str] = READERS
    wrong: bool = False
    late: Q = field(default_factory=lambda: NOBODY)
    late_title: Any = ""
    of: str = "pk"


def waits(at: datetime) -> list[Question]:
    """What waits, in the order in which an order passes it."""
    rejected, placed = {"state": "rejected"}, {"state": "placed"}
    open_case = Q(state=Case.State.OPEN)
    few = say(f"可售不多于 {FEW} 件的 SKU", f"SKUs with {FEW} pieces or fewer")
    bills = say("未了结的对账差异", "Open cases of bills")
    events = say("逾一分钟未投递的事件", "Events not delivered after a minute")
    return [
        Question(say("待付款", "To pay"), Order, Q(**placed), placed),
        _of(say("待发货", "To ship"), Shipment, ToShipFilter, SHIPPERS),
        _of(
            say("逾承诺日未出库的订单", "Orders not left by their day"),
            Shipment,
            LateShipments,
            SHIPPERS,
            True,
        ),
        _of(say("通关中", "In clearance"), Declaration, AtCustomsFilter, DECLARANTS),
        Question(
            say("海关退单", "Rejected by customs"), Declaration, Q(**rejected), rejected, DECLARANTS, True
        ),
        _of(say("待退款", "To refund"), Refund, ToRefundFilter, PAYERS),
        _of(say("须关注的退款", "Refunds to attend to"), Refund, AttendFilter, PAYERS, True),
        _of(say("待处理的退换货", "Returns to attend to"), ReturnRequest, WaitsFilter, RETURNERS),
        Question(
            bills,
            Case,
            open_case & Q(kind__startswith="bill."),
            {"state": "open", "q": "bill."},
            ACCOUNTANTS | AUDITORS,
            True,
        ),
        Question(few, Stock, FewFilter.question(), _yes(FewFilter), STOCKERS, True, of="variant"),
        _of(events, Delivery, LateFilter, READERS, True),
    ]


def ages_of_cases(at: datetime) -> list[Question]:
    """Open cases by the day on which they were opened."""
    today = midnight(at)
    edges = [today - timedelta(days=days) for days in (0, 2, 6)]
    titles = (
        say("今日新增", "today"),
        say("一至两天", "1–2 days"),
        say("三至六天", "3–6 days"),
        say("七天及以上", "7 days and more"),
    )
    found = []
    for title, since, until in zip(titles, [*edges, None], [None, *edges], strict=True):
        bounds = {"opened_at__gte": since, "opened_at__lt": until}
        asked = {name: str(edge) for name, edge in bounds.items() if edge is not None}
        where = Q(state=Case.State.OPEN, **asked)
        found.append(Question(title, Case, where, {"state": "open", **asked}, wrong=until in edges[1:]))
    return found


def officers(at: datetime) -> list[Question]:
    """For the compliance officer: incidents, refused attempts, consents withdrawn, copies asked for."""
    today = str(midnight(at))
    refused = {"allowed__exact": "0", "decided_at__gte": today}
    withdrawn = {"withdrawn_at__gte": today}
    return [
        Question(
            say("未结束的安全事件", "Open incidents"),
            Incident,
            OpenFilter.question(),
            _yes(OpenFilter),
            INSPECTORS,
            late=overdue(at),
            late_title=say("未结束的安全事件（{} 件逾期）", "Open incidents ({} overdue)"),
        ),
        Question(
            say("今日被拒绝的交易", "Refused attempts today"),
            Judgement,
            Q(allowed=False, decided_at__gte=today),
            refused,
            INSPECTORS,
        ),
        Question(
            say("今日撤回的同意", "Consents withdrawn today"), Consent, Q(**withdrawn), withdrawn, INSPECTORS
        ),
        _of(
            say("待生成的个人信息副本", "Copies of personal data to be made"),
            Export,
            UnmadeFilter,
            INSPECTORS,
        ),
    ]


def counted(
    request: HttpRequest, parts: Sequence[Sequence[Question]], *, storefront_id: int | None
) -> list[list[Card]]:
    """A card for each question that the operator may ask, part by part: one statement for all of them."""
    asked = {
        f"{part}.{place}": (one, rows)
        for part, questions in enumerate(parts)
        for place, one in enumerate(questions)
        if (rows := _mine(request, one, storefront_id)) is not None
    }
    counts = [
        rows.filter(one.where)
        .order_by()
        .values(name=Value(name))
        .annotate(many=Count(one.of, distinct=one.of != "pk"), late=Count("pk", filter=one.late))
        for name, (one, rows) in asked.items()
    ]
    found = {row["name"]: row for row in counts[0].union(*counts[1:], all=True)} if counts else {}
    cards: list[list[Card]] = [[] for _ in parts]
    for name, (one, _) in asked.items():
        told = found.get(name, {"many": 0, "late": 0})
        cards[int(name.partition(".")[0])].append(_card(one, told["many"], told["late"], storefront_id))
    return cards


def old_figures(request: HttpRequest, at: datetime) -> list[Card]:
    """Figures of law that nobody has checked for a year: these stand in files."""
    if not may_read(request):
        return []
    old = stale_figures(shanghai_day(at))
    title = say("逾一年未核对的法规数值", "Figures of law not checked for a year")
    return [{"title": title, "count": old, "url": reverse("rule_book"), "wrong": bool(old)}]


def _of(
    title: Any,
    model: type[Model],
    switch: type[Switch],
    roles: frozenset[str] = READERS,
    wrong: bool = False,
) -> Question:
    return Question(title, model, switch.question(), _yes(switch), roles, wrong)


def _yes(switch: type[Switch]) -> dict[str, str]:
    return {str(switch.parameter_name): "1"}


def midnight(at: datetime) -> datetime:
    """When the day began in China."""
    return localtime(at).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def _mine(request: HttpRequest, one: Question, storefront_id: int | None) -> QuerySet[Any] | None:
    """The operator's own rows; None when the page, or the question, is not theirs."""
    page: Any = admin.site._registry[one.model]
    if not page.has_view_permission(request) or not scope_of(request).may_anywhere(one.roles):
        return None
    rows: QuerySet[Any] = page.narrow(request, one.model._default_manager.all())
    if storefront_id is not None and page.scope_path not in (PLATFORM, SHARED):
        rows = rows.filter(**{page.scope_path: storefront_id})
    return rows


def _card(one: Question, many: int, late: int, storefront_id: int | None) -> Card:
    meta = one.model._meta
    url = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
    chosen = {} if storefront_id is None else {StorefrontFilter.parameter_name: str(storefront_id)}
    return {
        "title": str(one.late_title).format(late) if late else one.title,
        "count": many,
        "url": f"{url}?{urlencode({**one.asked, **chosen})}",
        "wrong": bool(late or (one.wrong and many)),
    }
