"""The clearance board (通关看板): what stands where since when, what to mend, how long customs takes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from unfold.widgets import UnfoldAdminSelectWidget

from customs.models import Declaration
from customs.queries import (
    SINCE,
    Day,
    Standing,
    Start,
    clearance,
    done,
    standing,
    stopped,
    to_mend,
    unanswered,
)
from kernel.clock import now, shanghai_day
from operators import customs_words as words
from operators import told
from operators.bilingual import say
from operators.charts import Series, chart
from operators.customs_filters import accounts_of
from operators.names import state_name
from operators.scope import scope_of
from operators.tables import Table, kept

TITLE = say("通关看板", "Clearance board")
DAYS, MOST = 30, 50
_START = {"listed": say("自清单发送", "from the list's sending"), "paid": say("自付款", "from payment")}
_ALL = ("", say("全部", "all"))


class BoardForm(forms.Form):
    """Which storefront, which district, and from when clearance is counted."""

    storefront = forms.ChoiceField(label=say("店铺", "storefront"), required=False)
    district = forms.ChoiceField(label=say("关区", "district"), required=False)
    start = forms.ChoiceField(
        label=say("通关时长起点", "clearance counts"), required=False, choices=list(_START.items())
    )

    def __init__(self, *args: Any, shops: dict[int, str], districts: list[str], **options: Any) -> None:
        super().__init__(*args, **options)
        choices = {
            "storefront": [_ALL, *((str(id), name) for id, name in shops.items())],
            "district": [_ALL, *((code, code) for code in districts)],
            "start": list(_START.items()),
        }
        for name, offered in choices.items():
            field: Any = self.fields[name]
            field.choices, field.widget = offered, UnfoldAdminSelectWidget(choices=offered)


def page(request: HttpRequest, context: dict[str, Any], rows: QuerySet[Declaration]) -> HttpResponse:
    """The board over `rows`, which are the operator's own; twelve statements, however many rows there are."""
    at = now()
    accounts = list(accounts_of(request).values_list("pk", "customs_code"))
    form = BoardForm(
        {"start": "listed", **request.GET.dict()},
        shops=dict(scope_of(request).names),
        districts=list(dict.fromkeys(code for _, code in accounts)),
    )
    asked = form.cleaned_data if form.is_valid() else {}
    chosen = {name: asked[name] for name in ("storefront", "district") if asked.get(name)}
    if "storefront" in chosen:
        rows = rows.filter(storefront_id=int(chosen["storefront"]))
    if "district" in chosen:
        rows = rows.filter(account_id__in=[pk for pk, code in accounts if code == chosen["district"]])
    start: Start = "paid" if asked.get("start") == "paid" else "listed"
    found = standing(rows, at)
    first = shanghai_day(at) - timedelta(days=DAYS - 1)
    days = clearance(rows, start=start, first=first)
    told_days = _every_day(days, shanghai_day(at))
    answer = TemplateResponse(
        request,
        "operators/customs_board.html",
        {
            **context,
            "title": TITLE,
            "content_title": TITLE,
            "form": form,
            "cards": _cards(found, done(rows), chosen, at),
            "waits": _waits(found, chosen, at),
            "queue": _queue(rows, at),
            "stopped": _stopped(rows, at),
            "charts": [{**_chart(told_days, start), "table": _days(days)}],
        },
    )
    answer["Cache-Control"] = "no-store"
    return answer


def _list(chosen: dict[str, str], **asked: str) -> str:
    return f"{reverse('admin:customs_declaration_changelist')}?{urlencode({**chosen, **asked})}"


def _state(state: str) -> str:
    return state_name(state, state, "customs.Declaration")


def _cards(
    found: list[Standing], ended: dict[str, int], chosen: dict[str, str], at: datetime
) -> list[dict[str, Any]]:
    """A card a state that has any: how many, how old the oldest is, and how many are over their time."""
    cards = []
    for state in SINCE:
        mine = [one for one in found if one.state == state]
        late = sum(one.late for one in mine)
        oldest = min((one.oldest for one in mine if one.oldest), default=None)
        age = words.age(oldest, at)
        note = str(say(f"最久 {age}", f"oldest {age}")) if mine else "\u00a0"
        cards.append(
            {
                "title": _state(state) + (str(say(f"（超时 {late}）", f" ({late} over)")) if late else ""),
                "count": sum(one.many for one in mine),
                "note": note,
                "wrong": bool(late),
                "url": _list(chosen, state=state),
            }
        )
    return cards + [
        {"title": _state(state), "count": count, "note": "\u00a0", "url": _list(chosen, state=state)}
        for state, count in ended.items()
    ]


def _waits(found: list[Standing], chosen: dict[str, str], at: datetime) -> Table:
    rows = []
    for one in found:
        why = {name: value for name in ("awaits", "trouble") if (value := getattr(one, name))}
        url = _list(chosen, state=one.state, **why)
        rows.append(
            [
                format_html('<a class="text-link" href="{}">{}</a>', url, _state(one.state)),
                words.stands_for(one.state, one.awaits, one.trouble),
                one.many,
                words.age(one.oldest, at),
                format_html('<a class="text-red-600" href="{}&amp;over=1">{}</a>', url, one.late)
                if one.late
                else "0",
            ]
        )
    return {
        "title": say("在等什么", "What they wait for"),
        "headers": [
            say("状态", "state"),
            say("等待或受阻于", "waits for, or held by"),
            say("数量", "how many"),
            say("最久", "oldest"),
            say("超时", "over their time"),
        ],
        "rows": rows,
    }


def _queue(rows: QuerySet[Declaration], at: datetime) -> Table:
    return {
        "title": say(
            f"待处理的退单与受阻申报（最久的 {MOST} 条）", f"To mend: refused or blocked, oldest {MOST}"
        ),
        "headers": [
            say("订单", "order"),
            say("状态", "state"),
            say("单证", "document"),
            say("代码", "code"),
            say("含义", "meaning"),
            say("下一步", "next step"),
            say("已等待", "waits since"),
        ],
        "rows": [
            [
                _order(row),
                kept(_state(row.state)),
                words.document(row.document) if row.document else "-",
                kept(row.code or row.status or "-"),
                (words.meaning(row.code or "") or words.trouble(row.trouble)),
                words.next_step(row.state, row.trouble) or "-",
                kept(words.age(row.since, at)),
            ]
            for row in to_mend(rows, MOST)
        ],
    }


def _order(row: Declaration) -> Any:
    return format_html('<a class="text-link" href="{}">{}</a>', told.page_of(row), row.number)


def _stopped(rows: QuerySet[Declaration], at: datetime) -> list[Table]:
    """What customs looks at, and what is asked back and not answered: both wait for customs, and a colleague
    asks there."""
    looked = say(f"海关查验、扣留、转人工的清单（最久的 {MOST} 条）", f"Stopped by customs, oldest {MOST}")
    asked = say(f"超时未答复的撤单（最久的 {MOST} 条）", f"Asked back, not answered in time, oldest {MOST}")
    found = ((looked, stopped(rows, MOST)), (asked, unanswered(rows, MOST, at)))
    return [
        {
            "title": title,
            "headers": [
                say("订单", "order"),
                say("状态", "state"),
                say("清单编号", "number of the list"),
                say("原因（海关状态）", "why, as customs says"),
                say("下一步", "next step"),
                say("已等待", "waits since"),
            ],
            "rows": [
                [
                    _order(row),
                    kept(_state(row.state)),
                    kept(row.list_no or "-"),
                    words.status(row.status),
                    words.stopped(row.state),
                    _age(row, at),
                ]
                for row in queue
            ],
        }
        for title, queue in found
    ]


def _age(row: Any, at: datetime) -> Any:
    """How long it stands so, in red where that is over its time."""
    age = words.age(row.since, at)
    over = row.since is not None and at - row.since > SINCE[row.state][1]
    return format_html('<span class="whitespace-nowrap{}">{}</span>', " text-red-600" if over else "", age)


def _every_day(days: list[Day], today: Any) -> list[tuple[str, Day | None]]:
    told_of = {one.day: one for one in days}
    dates = [today - timedelta(days=n) for n in reversed(range(DAYS))]
    return [(f"{day:%m-%d}", told_of.get(day)) for day in dates]


def _chart(days: list[tuple[str, Day | None]], start: str) -> dict[str, Any]:
    return chart(
        name=f"{say('放行用时', 'Clearance time')} · {_START[start]}",
        unit=say("小时", "hours"),
        days=[day for day, _ in days],
        series=[
            Series(say("中位数", "median"), [one and one.median for _, one in days]),
            Series(say("九成以内", "nine of ten"), [one and one.slow for _, one in days]),
        ],
    )


def _days(days: list[Day]) -> Table:
    return {
        "title": say("按放行日", "By day of release"),
        "headers": [
            say("放行日", "released on"),
            say("清单数", "lists"),
            say("中位数", "median"),
            say("九成以内", "nine of ten within"),
        ],
        "rows": [
            [kept(one.day), one.lists, *(words.span(timedelta(hours=hours)) for hours in one[2:])]
            for one in reversed(days)
        ],
    }
