"""What a brand is told of a period in its own currency: a page to read, and the same as a file."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from kernel.clock import now, shanghai_day
from kernel.money import yuan
from operators.bilingual import say
from operators.ledger_forms import BrandStatementForm
from operators.reading import BOOKS
from operators.scope import scope_of
from operators.tables import Table, kept
from settlement.brand import BrandStatement, brand_statement
from settlement.brand_file import write
from settlement.currency import shown

TITLE = say("品牌对账单", "Statement for the brand")
_FEN = ("gross_fen", "refunded_fen", "fee_fen", "net_fen")
_TOTAL = say("合计", "total")


def page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """Each order's share with both rates, what the bank credited and kept, and what is on its way; with
    `format=csv` as a file.

    Only of storefronts in which the operator has a role; this month's, unless other days are asked for.
    """
    scope = scope_of(request)
    shops = {id: name for id, name in scope.names.items() if scope.may(id, BOOKS)}
    if not shops:
        raise PermissionDenied
    today = shanghai_day(now())
    asked = {
        "storefront": str(next(iter(shops))),
        "currency": "EUR",
        "first": today.replace(day=1),
        "last": today,
    }
    typed = {name: request.GET[name] for name in asked if name in request.GET}
    form = BrandStatementForm({**asked, **typed}, storefronts=shops)
    tables: list[Table] = []
    if form.is_valid():
        values = form.cleaned_data
        chosen = {name: values[name] for name in asked}
        told = brand_statement(
            storefront_id=int(values["storefront"]),
            currency=values["currency"],
            first=values["first"],
            last=values["last"],
        )
        if request.GET.get("format") == "csv":
            return _file(shops[int(values["storefront"])], told)
        tables = [_settled(told), _bank(told), _way(told)]
        context["csv"] = f"?{urlencode({**chosen, 'format': 'csv'})}"
    answer = TemplateResponse(
        request, "operators/statement.html", {**context, "title": TITLE, "form": form, "tables": tables}
    )
    answer["Cache-Control"] = "no-store"
    return answer


def _settled(told: BrandStatement) -> Table:
    money = told.currency
    rows: list[list[Any]] = [
        [
            *(kept(line.settled_on), kept(line.batch), kept(line.order)),
            *(yuan(getattr(line, name)) for name in _FEN),
            *(line.locked, shown(line.promised_minor, money)),
            *(line.rate, shown(line.foreign_minor, money), shown(line.result_minor, money)),
        ]
        for line in told.lines
    ]
    promised, settled, beyond = (
        shown(told.sum(name), money) for name in ("promised_minor", "foreign_minor", "result_minor")
    )
    rows.append([_TOTAL, "", "", *(yuan(told.sum(name)) for name in _FEN), "", promised, "", settled, beyond])
    return {
        "title": say("已结汇", "Settled"),
        "headers": [
            say("结汇日", "settled on"),
            say("批次", "batch"),
            say("订单", "order"),
            say("销售额（元）", "sold (CNY)"),
            say("退款（元）", "refunded (CNY)"),
            say("手续费（元）", "fees (CNY)"),
            say("净额（元）", "net (CNY)"),
            say("锁定汇率", "locked rate"),
            _in(say("承诺", "promised"), money),
            say("结汇汇率", "rate"),
            _in(say("实结", "settled"), money),
            _in(say("差额", "difference"), money),
        ],
        "rows": rows,
    }


def _bank(told: BrandStatement) -> Table:
    rows: list[list[Any]] = [
        [
            kept(one.credited_on),
            kept(one.batch),
            kept(one.reference),
            *_both(one.charged_minor, one.credited_minor, told),
        ]
        for one in told.told
    ]
    sums = _both(told.sum("charged_minor"), told.sum("credited_minor"), told)
    return {
        "title": say("收款银行", "The bank"),
        "headers": [
            say("入账日期", "credited on"),
            say("批次", "batch"),
            say("银行流水号", "bank's reference"),
            _in(say("银行扣费（品牌方承担）", "bank charge, borne by the brand"), told.currency),
            _in(say("入账", "credited"), told.currency),
        ],
        "rows": [*rows, [_TOTAL, "", "", *sums]],
    }


def _way(told: BrandStatement) -> Table:
    lines = (
        (say("期初在途", "on its way before"), told.opening_minor),
        (say("实结", "settled"), told.sum("foreign_minor")),
        (say("银行扣费", "bank charge"), -told.sum("charged_minor")),
        (say("入账", "credited"), -told.sum("credited_minor")),
        (say("期末在途", "on its way after"), told.closing_minor),
    )
    return {
        "title": say("在途", "On its way"),
        "headers": ["", told.currency],
        "rows": [[name, shown(amount, told.currency)] for name, amount in lines],
    }


def _both(charged: int, credited: int, told: BrandStatement) -> list[str]:
    return [shown(charged, told.currency), shown(credited, told.currency)]


def _in(name: Any, currency: str) -> str:
    return f"{name} {currency}"


def _file(shop: str, told: BrandStatement) -> HttpResponse:
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    name = f"brand-{shop}-{told.currency}-{told.first}-{told.last}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "no-store"
    write(told, answer)
    return answer
