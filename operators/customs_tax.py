"""Tax and guarantee (税款与担保): what each port account owes, what room is left, what is due when."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html

from customs.models import PortAccount
from customs.queries import Owed, owed, window_of
from kernel.clock import now, shanghai_day
from kernel.money import priced
from operators import told
from operators.bilingual import say
from operators.columns import name_of
from operators.customs_filters import accounts_of
from operators.names import state_name
from operators.tables import Table, kept

TITLE = say("税款与担保", "Tax and guarantee")
WINDOWS = ("unreleased", "not_yet", "open", "ending", "over")
_PRESSING = ("ending", "over")


def page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """Each of the operator's accounts; four statements, however many lists are open."""
    today = shanghai_day(now())
    accounts = list(accounts_of(request).select_related("storefront"))
    rows = owed(accounts_of(request).order_by())
    found = {one.pk: [row for row in rows if row.account_id == one.pk] for one in accounts}
    tables = [
        _guarantees(accounts, found),
        _windows(accounts, found, today),
        _due(accounts, rows, today),
    ]
    shown = {**context, "title": TITLE, "content_title": TITLE, "story": tables}
    answer = TemplateResponse(request, "operators/tables.html", shown)
    answer["Cache-Control"] = "no-store"
    return answer


def _named(account: PortAccount) -> Any:
    return format_html('<a class="text-link" href="{}">{}</a>', told.page_of(account), account)


def _guarantees(accounts: list[PortAccount], found: dict[int, list[Owed]]) -> Table:
    lines = []
    for one in accounts:
        owing = sum(row.fen for row in found[one.pk])
        room = one.guarantee_fen - owing
        used = f"{owing * 100 // one.guarantee_fen} %" if one.guarantee_fen else "-"
        left = _red(priced(room)) if room <= 0 else priced(room)
        lines.append(
            [_named(one), name_of(one.storefront), priced(one.guarantee_fen), priced(owing), used, left]
        )
    return {
        "title": say("担保（元）", "Guarantee (CNY)"),
        "headers": [
            say("口岸账户", "port account"),
            say("店铺", "storefront"),
            say("担保额度", "guarantee"),
            say("待缴税款", "tax owing"),
            say("已用", "used"),
            say("担保余额", "room"),
        ],
        "rows": lines,
    }


def _windows(accounts: list[PortAccount], found: dict[int, list[Owed]], today: date) -> Table:
    """Lists, sheets and tax of each account by where they stand in the window to pay."""
    lines = []
    for one in accounts:
        for window in WINDOWS:
            mine = [row for row in found[one.pk] if window_of(row.day, today)[0] == window]
            if mine:
                lines.append(
                    [
                        _named(one),
                        _window(window),
                        sum(row.lists for row in mine),
                        sum(row.sheets for row in mine),
                        priced(sum(row.fen for row in mine)),
                    ]
                )
    return {
        "title": say("未缴税款，按缴纳期", "Tax that is open, by its window"),
        "headers": [
            say("口岸账户", "port account"),
            say("缴纳期", "window"),
            say("清单数", "lists"),
            say("未缴税单数", "open sheets"),
            say("税款（元）", "tax (CNY)"),
        ],
        "rows": lines,
    }


def _due(accounts: list[PortAccount], rows: list[Owed], today: date) -> Table:
    """Each day of release whose tax is open, in the order in which it is due."""
    by_key = {one.pk: one for one in accounts}
    lines = []
    for row in rows:
        if row.day is None:
            continue
        window, opens, ends = window_of(row.day, today)
        account = by_key[row.account_id]
        sheets = f"{reverse('admin:customs_taxsheet_changelist')}?unpaid=1"
        lines.append(
            [
                kept(row.day),
                _named(account),
                row.lists,
                format_html('<a class="text-link" href="{}">{}</a>', sheets, row.sheets) if row.sheets else 0,
                priced(row.fen),
                kept(f"{opens} – {ends}"),
                _window(window),
            ]
        )
    return {
        "title": say("接下来要缴的，按放行日", "What is due next, by day of release"),
        "headers": [
            say("放行日", "released on"),
            say("口岸账户", "port account"),
            say("清单数", "lists"),
            say("未缴税单数", "open sheets"),
            say("税款（元）", "tax (CNY)"),
            say("缴纳期", "to be paid"),
            say("状态", "state"),
        ],
        "rows": lines,
    }


def _window(window: str) -> Any:
    word = state_name(window, window, "customs.window")
    return _red(word) if window in _PRESSING else word


def _red(text: Any) -> Any:
    return format_html('<span class="font-semibold text-red-600">{}</span>', text)
