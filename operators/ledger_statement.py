"""The statement of a storefront's books over a period: a page to read, and the same as a file."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from kernel.clock import now, shanghai_day
from kernel.money import yuan
from operators.bilingual import say
from operators.ledger_forms import StatementForm
from operators.names import state_name
from operators.reading import BOOKS
from operators.scope import scope_of
from operators.tables import Table
from settlement.queries import Line, statement
from settlement.statement_file import write

TITLE = say("账簿报表", "Statement of the books")


def page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """Opening, debits, credits and closing of each account; with `format=csv` as a file.

    Only of storefronts in which the operator has a role; this month's, unless other days are asked for.
    """
    scope = scope_of(request)
    shops = {id: name for id, name in scope.names.items() if scope.may(id, BOOKS)}
    if not shops:
        raise PermissionDenied
    today = shanghai_day(now())
    asked = {"storefront": str(next(iter(shops))), "first": today.replace(day=1), "last": today}
    typed = {name: request.GET[name] for name in asked if name in request.GET}
    form = StatementForm({**asked, **typed}, storefronts=shops)
    tables: list[Table] = []
    if form.is_valid():
        values = form.cleaned_data
        shop, first, last = int(values["storefront"]), values["first"], values["last"]
        lines = statement(storefront_id=shop, first=first, last=last)
        if request.GET.get("format") == "csv":
            return _file(shops[shop], first, last, lines)
        tables = [_table(shops[shop], first, last, lines)]
        chosen = {"storefront": shop, "first": first, "last": last, "format": "csv"}
        context["csv"] = f"?{urlencode(chosen)}"
    answer = TemplateResponse(
        request, "operators/statement.html", {**context, "title": TITLE, "form": form, "tables": tables}
    )
    answer["Cache-Control"] = "no-store"
    return answer


def _table(shop: str, first: date, last: date, lines: list[Line]) -> Table:
    shown = [line for line in lines if line.opening_fen or line.debit_fen or line.credit_fen]
    rows: list[list[Any]] = [
        [state_name(line.account, line.account, "settlement.Posting"), *map(yuan, _amounts(line))]
        for line in shown
    ]
    sums = [sum(column) for column in zip(*map(_amounts, shown), strict=True)] or [0] * 4
    return {
        "title": f"{shop} {first} – {last}",
        "headers": [
            say("科目", "account"),
            say("期初", "opening"),
            say("借方", "debit"),
            say("贷方", "credit"),
            say("期末", "closing"),
        ],
        "rows": [*rows, [str(say("合计", "total")), *map(yuan, sums)]],
    }


def _amounts(line: Line) -> tuple[int, int, int, int]:
    return (line.opening_fen, line.debit_fen, line.credit_fen, line.closing_fen)


def _file(shop: str, first: date, last: date, lines: list[Line]) -> HttpResponse:
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="ledger-{shop}-{first}-{last}.csv"'
    answer["Cache-Control"] = "no-store"
    write(lines, answer)
    return answer
