"""Returns in numbers (退货分析): which goods come back, why and of which lot, the cost and the time."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.widgets import UnfoldAdminSelectWidget

from kernel.clock import SHANGHAI, now, shanghai_day
from kernel.money import yuan
from operators.bilingual import chinese, say
from operators.charts import Series, chart
from operators.scope import READERS, scope_of
from operators.tables import Table, kept
from returns.figures import Rate, Span, Week, Why, by_lot, by_reason, by_sku, by_week
from returns.reasons import REASONS

TITLE = say("退货分析", "Returns in numbers")
WEEKS = (13, 26, 52)
_TENTHS, _CENTS = "{:.1f}".format, "{:,.2f}".format
_WEEKS = [(str(n), say(f"近 {n} 周", f"last {n} weeks")) for n in WEEKS]


class NumbersForm(forms.Form):
    """Which storefront, and how far back."""

    storefront = forms.ChoiceField(label=say("店铺", "storefront"), required=False)
    weeks = forms.ChoiceField(label=say("时段", "time"), choices=_WEEKS, required=False)

    def __init__(self, *args: Any, shops: dict[int, str], **options: Any) -> None:
        super().__init__(*args, **options)
        everything = [("", say("全部", "all")), *((str(id), name) for id, name in shops.items())]
        choices: dict[str, list[tuple[str, Any]]] = {"storefront": everything, "weeks": list(_WEEKS)}
        for name, offered in choices.items():
            field: Any = self.fields[name]
            field.choices, field.widget = offered, UnfoldAdminSelectWidget(choices=offered)


def show(request: HttpRequest) -> HttpResponse:
    """The numbers of the storefronts in which the operator has a role; four statements, whatever there is."""
    scope = scope_of(request)
    shops = {id: name for id, name in scope.names.items() if scope.may(id, READERS)}
    if not shops:
        raise PermissionDenied
    form = NumbersForm({"weeks": "13", **request.GET.dict()}, shops=shops)
    asked = form.cleaned_data if form.is_valid() else {}
    chosen = [int(asked["storefront"])] if asked.get("storefront") else list(shops)
    today = shanghai_day(now())
    monday = today - timedelta(days=today.weekday(), weeks=int(asked.get("weeks") or WEEKS[0]) - 1)
    ends = today + timedelta(days=1)
    span = Span(chosen, *(datetime.combine(day, time(0), SHANGHAI) for day in (monday, ends)))
    weeks, skus, reasons, lots = by_week(span), by_sku(span), by_reason(span), by_lot(span)
    answer = TemplateResponse(
        request,
        "operators/return_numbers.html",
        {
            **admin.site.each_context(request),
            "title": TITLE,
            "content_title": TITLE,
            "form": form,
            "charts": [*_charts(weeks), *_bars(skus, reasons, lots, sum(one.sold for one in weeks))],
            "tables": [
                _rates(say("按商品", "By SKU"), skus),
                _reasons(reasons),
                _rates(say("按批次", "By lot"), lots, lots=True),
                _weeks(weeks),
            ],
        },
    )
    answer["Cache-Control"] = "no-store"
    return answer


def _charts(weeks: list[Week]) -> list[dict[str, Any]]:
    days = [f"{one.monday:%m-%d}" for one in weeks]
    wanted: tuple[tuple[Any, Any, list[Series]], ...] = (
        (
            say("退货率", "Rate of returns"),
            "%",
            [
                Series(
                    say("退货件数 / 发出件数", "returned of what left"), [one.share for one in weeks], _TENTHS
                )
            ],
        ),
        (
            say("退货成本", "Cost of returns"),
            say("元", "CNY"),
            [
                Series(say("品牌承担", "borne by the brand"), [one.cost_fen / 100 for one in weeks], _CENTS),
                Series(
                    say("海关退还的税款", "tax that customs gave up"),
                    [one.restored_tax_fen / 100 for one in weeks],
                    _CENTS,
                ),
            ],
        ),
        (
            say("退款用时（中位数）", "Time to the refund (median)"),
            say("小时", "hours"),
            [
                Series(
                    say("自申请至到账", "from the request to the money"),
                    [one.hours for one in weeks],
                    _TENTHS,
                )
            ],
        ),
    )
    return [
        chart(name=name, unit=unit, days=days, series=series, first=say("周一", "Monday"))
        for name, unit, series in wanted
    ]


def _bars(skus: list[Rate], reasons: list[Why], lots: list[Rate], sold: int) -> list[dict[str, Any]]:
    """A chart each: of a reason it is the share of all that left."""
    sku, reason, lot = say("商品", "SKU"), say("原因", "reason"), say("批次", "lot")
    found: list[tuple[Any, Any, list[tuple[str, float]]]] = [
        (say("各商品退货率", "Rate by SKU"), sku, [(one.sku, one.share) for one in skus]),
        (
            say("各原因退货率", "Rate by reason"),
            reason,
            [(_reason(one), 100 * one.back / sold if sold else 0.0) for one in reasons],
        ),
        (say("各批次退货率", "Rate by lot"), lot, [(f"{one.sku} {_lot(one)}", one.share) for one in lots]),
    ]
    name = say("退回件数 / 发出件数", "came back of what left")
    return [
        chart(
            name=title,
            unit="%",
            days=[one for one, _ in rates],
            series=[Series(name, [share for _, share in rates], _TENTHS)],
            bars=True,
            first=first,
        )
        for title, first, rates in found
    ]


def _reason(one: Why) -> str:
    return REASONS[one.reason].zh if chinese() else REASONS[one.reason].en


def _lot(one: Rate) -> Any:
    return one.lot or say("无批次号", "no number")


def _rates(title: Any, rates: list[Rate], *, lots: bool = False) -> Table:
    names = ["SKU", *([say("批次", "lot")] if lots else [])]
    return {
        "title": title,
        "headers": [*names, say("发出", "left"), say("退回", "returned"), say("退货率", "rate")],
        "rows": [
            [
                kept(one.sku),
                *([kept(_lot(one))] if lots else []),
                one.sold,
                one.returned,
                f"{one.share:.1f}%" if one.sold else "-",
            ]
            for one in rates
        ],
    }


def _reasons(found: list[Why]) -> Table:
    return {
        "title": say("按原因", "By reason"),
        "headers": [
            say("原因", "reason"),
            say("申请数", "returns"),
            say("退回件数", "came back"),
            say("未退回件数", "not sent back"),
            say("退款（元）", "refunded (CNY)"),
        ],
        "rows": [
            [
                _reason(one),
                one.requests,
                one.back,
                one.kept,
                yuan(one.refund_fen),
            ]
            for one in found
        ],
    }


def _weeks(weeks: list[Week]) -> Table:
    return {
        "title": say("按周", "By week"),
        "headers": [
            say("周一", "Monday"),
            say("发出", "left"),
            say("退回", "returned"),
            say("退货率", "rate"),
            say("品牌承担税款（元）", "lost tax borne (CNY)"),
            say("退还运费（元）", "freight back (CNY)"),
            say("不可再售（元）", "not for sale (CNY)"),
            say("寄回运费（元）", "ways back paid (CNY)"),
            say("海关退还税款（元）", "tax given up (CNY)"),
            say("退款用时（小时）", "hours to refund"),
        ],
        "rows": [
            [
                kept(one.monday),
                one.sold,
                one.returned,
                "-" if one.share is None else f"{one.share:.1f}%",
                *map(yuan, (one.lost_tax_fen, one.freight_fen, one.gone_fen, one.way_fen)),
                yuan(one.restored_tax_fen),
                "-" if one.hours is None else f"{one.hours:.1f}",
            ]
            for one in reversed(weeks)
        ],
    }
