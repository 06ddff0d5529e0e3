"""What several pages put into tables: instants, citations, values of figures, the history of a row."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson
from django.utils.formats import localize
from django.utils.html import format_html
from django.utils.timezone import localtime

from kernel.models import Event
from operators import told
from operators.bilingual import chinese, say
from operators.names import named, state_name

Table = dict[str, Any]


def cited(text: str, link: str) -> Any:
    """A citation, as a link where it is one."""
    if not link.startswith(("https://", "http://")):
        return text
    return format_html(
        '<a href="{}" class="text-link" rel="noreferrer noopener" target="_blank">{}</a>', link, text
    )


def history(events: Iterable[Event], links: told.Links) -> Table:
    """What happened, a line each."""
    return {
        "title": say("经过", "History"),
        "headers": [say("时间", "time"), say("事件", "event"), say("对象", "about"), say("事实", "facts")],
        "rows": [
            [
                when(e.at),
                told.event_name(e.name),
                told.about(e.key, links),
                told.facts(e.facts, links, name=e.name),
            ]
            for e in events
        ],
    }


def when(instant: Any) -> str:
    """An instant as the reader's clock shows it."""
    return "-" if instant is None else str(localize(localtime(instant)))


def kept(text: Any) -> Any:
    """A short text that is not broken over lines: a day, a result."""
    return format_html('<span class="whitespace-nowrap">{}</span>', text)


def brief(value: Any) -> str:
    """A JSON value in a few words."""
    if isinstance(value, bool):
        return str(say("是", "yes") if value else say("否", "no"))
    if isinstance(value, list):
        text = ("、" if chinese() else ", ").join(state_name(one, one) for one in value)
    elif isinstance(value, dict):
        text = "; ".join(f"{told.fact_name(key)}: {brief(one)}" for key, one in value.items())
    else:
        text = named("state", value) or value if isinstance(value, str) else orjson.dumps(value).decode()
    return text if len(text) <= 300 else f"{text[:300]}…"
