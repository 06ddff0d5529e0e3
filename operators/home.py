"""What today brought beside yesterday, and how it goes: kept days, each shown to those it concerns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from kernel.clock import shanghai_day
from kernel.money import priced
from operators.bilingual import say
from operators.charts import Series, chart
from operators.filters import StorefrontFilter, is_number
from operators.first_steps import shown as steps_shown
from operators.reporting import BOOKKEEPERS, TRADERS
from operators.scope import CARERS, PACKERS, READERS, REFUNDERS, scope_of
from operators.waiting import AUDITORS, midnight
from orders.models import Order
from payments.models import Refund
from reporting.queries import Figures, Position, days, position
from settlement.currency import shown as in_units
from settlement.currency import units

SPANS = (7, 30, 90)
CLEARERS = PACKERS | CARERS | AUDITORS
RETURNERS = PACKERS | REFUNDERS | AUDITORS
_TENTHS, _CENTS = "{:.1f}".format, "{:,.2f}".format
_HOURS, _YUAN = say("小时", "hours"), say("元", "CNY")


@dataclass(frozen=True, slots=True)
class Choice:
    """Of which storefront, all of one's own where none is named, and of how many days."""

    storefront_id: int | None
    days: int
    storefronts: Sequence[tuple[str, str]]

    @property
    def spans(self) -> list[dict[str, Any]]:
        """The spans to choose from, each an address that keeps the storefront."""
        kept = {} if self.storefront_id is None else {StorefrontFilter.parameter_name: self.storefront_id}
        return [
            {
                "title": say(f"近 {n} 天", f"{n} days"),
                "url": f"?{urlencode({**kept, 'days': n})}",
                "chosen": n == self.days,
            }
            for n in SPANS
        ]


def choice_of(request: HttpRequest) -> Choice:
    """What is asked for, of one's own; what makes no sense is left out."""
    scope = scope_of(request)
    asked, span = (request.GET.get(name, "") for name in (StorefrontFilter.parameter_name, "days"))
    chosen = int(asked) if is_number(asked) else None
    return Choice(
        storefront_id=chosen if chosen in scope.names and len(scope.names) > 1 else None,
        days=int(span) if span in map(str, SPANS) else 30,
        storefronts=[(str(id), name) for id, name in scope.names.items()] if len(scope.names) > 1 else [],
    )


def shown(request: HttpRequest, choice: Choice, at: datetime) -> dict[str, Any]:
    """Today's figures beside yesterday's, and the charts. Each in the storefronts in which the operator has a
    role that it concerns: two statements, one more for each other set of storefronts."""
    today = shanghai_day(at)
    first = today - timedelta(days=choice.days - 1)
    kept: dict[frozenset[int], list[Figures]] = {}

    def of(roles: frozenset[str]) -> list[Figures]:
        shops = _shops(request, choice, roles)
        if shops and shops not in kept:
            kept[shops] = days(shops=shops, first=first, last=today)
        return kept[shops] if shops else []

    charts: list[dict[str, Any]] = []
    for roles, drawn in (
        (TRADERS, _sales),
        (TRADERS, _conversion),
        (CLEARERS, _clearance),
        (RETURNERS, _returns),
    ):
        if found := of(roles):
            charts.append(drawn(found))
    if shops := _shops(request, choice, BOOKKEEPERS):
        charts.append(_forex(position(shops=shops, first=first, last=today), first, today))
    traded = of(TRADERS)
    return {"figures": _figures(traded, choice, at) if traded else [], "charts": charts}


def first_steps(request: HttpRequest, choice: Choice) -> list[dict[str, Any]]:
    """What leads to the first order of the storefronts that are looked at."""
    return steps_shown(request, _shops(request, choice, READERS))


def _shops(request: HttpRequest, choice: Choice, roles: frozenset[str]) -> frozenset[int]:
    scope = scope_of(request)
    mine = frozenset(scope.names if scope.everything else scope.storefronts(roles))
    return mine if choice.storefront_id is None else mine & {choice.storefront_id}


def _figures(found: list[Figures], choice: Choice, at: datetime) -> list[dict[str, Any]]:
    today, before = found[-1], found[-2]
    since = str(midnight(at))
    back = {"succeeded_at__gte": since}

    def card(title: Any, shown: Callable[[Figures], Any], model: Any = None, **asked: str) -> dict[str, Any]:
        was = shown(before)
        return {
            "title": title,
            "count": shown(today),
            "note": say(f"昨日 {was}", f"yesterday {was}"),
            "url": _list(model, choice, asked) if model else "",
        }

    return [
        card(say("今日销售额", "Sales today"), lambda one: priced(one.paid_fen), Order, paid_at__gte=since),
        card(say("今日付款订单", "Paid today"), lambda one: one.paid, Order, paid_at__gte=since),
        card(say("今日下单", "Orders today"), lambda one: one.placed, Order, placed_at__gte=since),
        card(say("今日退款", "Refunded today"), lambda one: priced(one.refunded_fen), Refund, **back),
        card(
            say("报价转化率", "Quotes that were paid"),
            lambda one: "-" if one.conversion is None else f"{one.conversion:.1f}%",
        ),
    ]


def _list(model: Any, choice: Choice, asked: dict[str, str]) -> str:
    meta = model._meta
    chosen = {} if choice.storefront_id is None else {StorefrontFilter.parameter_name: choice.storefront_id}
    url = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
    return f"{url}?{urlencode({**asked, **chosen})}"


def _drawn(name: Any, unit: Any, found: list[Figures], *series: Series, bars: bool = False) -> dict[str, Any]:
    labels = [f"{one.day:%m-%d}" for one in found]
    return chart(name=name, unit=unit, days=labels, series=series, bars=bars, first=say("日期", "day"))


def _sales(found: list[Figures]) -> dict[str, Any]:
    return _drawn(
        say("销售额", "Sales"),
        _YUAN,
        found,
        Series(say("已付款", "paid"), [one.paid_fen / 100 for one in found], _CENTS),
        Series(say("已退款", "refunded"), [one.refunded_fen / 100 for one in found], _CENTS),
        bars=True,
    )


def _conversion(found: list[Figures]) -> dict[str, Any]:
    ordered = [100 * one.quotes_ordered / one.quotes if one.quotes else None for one in found]
    return _drawn(
        say("报价转化率（按报价日）", "Conversion of quotes, by their day"),
        "%",
        found,
        Series(say("已下单", "ordered"), ordered, _TENTHS),
        Series(say("已付款", "paid"), [one.conversion for one in found], _TENTHS),
    )


def _clearance(found: list[Figures]) -> dict[str, Any]:
    return _drawn(
        say("通关用时（自清单发送至放行）", "Clearance time, from the list's sending"),
        _HOURS,
        found,
        Series(say("中位数", "median"), [one.hours(0.5) for one in found], _TENTHS),
        Series(say("九成以内", "nine of ten"), [one.hours(0.9) for one in found], _TENTHS),
    )


def _returns(found: list[Figures]) -> dict[str, Any]:
    return _drawn(
        say("退换货", "Returns"),
        say("单", "requests"),
        found,
        Series(say("申请", "asked"), [one.returns_asked for one in found]),
        Series(say("办结", "settled"), [one.returns_settled for one in found]),
        bars=True,
    )


def _forex(found: Any, first: date, today: date) -> dict[str, Any]:
    """Two lines a currency: at most two currencies, those that end with most open; the table of the position
    has them all."""
    most = sorted(found, key=lambda one: -abs(found[one][-1].open_minor / units(one)))[:2]
    series = [line for currency in sorted(most) for line in _lines(currency, found[currency])]
    labels = [f"{first + timedelta(days=n):%m-%d}" for n in range((today - first).days + 1)]
    return chart(
        name=say("外汇头寸（日终）", "Forex position at the end of the day"),
        unit="、".join(sorted(most)),
        days=labels,
        series=series,
        first=say("日期", "day"),
    )


def _lines(currency: str, found: list[Position]) -> list[Series]:
    unit = units(currency)

    def words(value: float) -> str:
        return in_units(round(value * unit), currency)

    to_settle = [one.open_minor / unit for one in found]
    on_its_way = [one.on_its_way_minor / unit for one in found]
    return [
        Series(say(f"{currency} 待结汇", f"{currency} to settle"), to_settle, words),
        Series(say(f"{currency} 在途", f"{currency} on its way"), on_its_way, words),
    ]
