"""The rule book on any day: each rule, its source, the figures in force, what changes next, what is old."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from compliance import rulebook
from compliance.law import Figure, Law, Topic
from compliance.rules.book import Rule
from kernel.clock import now, shanghai_day
from kernel.money import priced
from operators.bilingual import chinese, say
from operators.names import state_name
from operators.scope import INSPECTORS, scope_of
from operators.tables import brief, cited


@dataclass(frozen=True)
class FigureLine:
    """One figure as the page shows it; without `figure` before its first day, `next` is the change known."""

    name: str
    title: str
    figure: Figure | None
    value: str
    cited: Any
    confidence: str
    next: Figure | None
    next_value: str
    stale: bool
    note: str


@dataclass(frozen=True)
class RuleLine:
    """One rule as the page shows it, its sentence in the reader's language first."""

    number: str
    since: date
    sentences: tuple[str, str]
    moments: str
    in_force: bool
    source: FigureLine
    figures: list[FigureLine]


def may_read(request: HttpRequest) -> bool:
    """Owners, compliance officers and auditors of any storefront, and the platform."""
    return scope_of(request).may_anywhere(INSPECTORS)


def show(request: HttpRequest) -> HttpResponse:
    """The page; `day` (YYYY-MM-DD, today in Shanghai) and `q`, a part of a number, sentence or figure."""
    if not may_read(request):
        raise PermissionDenied
    today = shanghai_day(now())
    day = _day(request.GET.get("day", "")) or today
    asked = request.GET.get("q", "").strip()[:60]
    law = Law(day)
    figures = {name: _figure(law, name, today) for name in law.topics}
    rules = [_rule(rule, day, figures) for rule in rulebook.rules()]
    found = [
        line
        for line in rules
        if _has(asked, line.number, *line.sentences, *(figure.name for figure in line.figures))
    ]
    theirs = {figure.name for line in found for figure in line.figures} if asked else set()
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": say("规则手册", "Rule book"),
        "day": day,
        "today": today,
        "q": asked,
        "edition": law.edition,
        "rules": found,
        "figures": [f for f in figures.values() if f.name in theirs or _has(asked, f.name, f.title)],
        "stale": sum(figure.stale for figure in figures.values()),
        "unsure": sum(bool(f.figure and f.figure.confidence == "M") for f in figures.values()),
        "coming": sum(figure.next is not None for figure in figures.values()),
    }
    return TemplateResponse(request, "operators/rule_book.html", context)


def stale_figures(today: date) -> int:
    """How many figures in force have not been checked for a year."""
    law = Law(today)
    return sum(rulebook.entry(law, name).stale(today) for name in law.topics)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _has(asked: str, *texts: str) -> bool:
    return asked.lower() in " ".join(texts).lower()


def _rule(rule: Rule, day: date, figures: dict[str, FigureLine]) -> RuleLine:
    zh = chinese()
    return RuleLine(
        number=rule.id,
        since=rule.since,
        sentences=(rule.sentence_zh, rule.sentence) if zh else (rule.sentence, rule.sentence_zh),
        moments=("、" if zh else ", ").join(state_name(one, one) for one in rule.moments),
        in_force=rule.since <= day,
        source=figures[rule.law],
        figures=[figures[name] for name in rule.figures],
    )


def _figure(law: Law, name: str, today: date) -> FigureLine:
    entry = rulebook.entry(law, name)
    figure = entry.figure
    return FigureLine(
        name=name,
        title=entry.topic.title_zh if chinese() else entry.topic.title,
        figure=figure,
        value=_value(entry.topic, entry.figure),
        cited=cited(figure.citation, figure.link) if figure else "",
        confidence=_confidence(figure) if figure else "",
        next=entry.next,
        next_value=_value(entry.topic, entry.next),
        stale=entry.stale(today),
        note=(figure.note_zh if chinese() else figure.note) if figure else "",
    )


def _confidence(figure: Figure) -> str:
    """How sure it is; a link that leaves the text to be found is told beside it."""
    sure = state_name(figure.confidence, figure.confidence)
    if not figure.front_page:
        return sure
    return f"{sure} · {say('链接为主管部门首页', 'the link is a front page')}"


def _value(topic: Topic, figure: Figure | None) -> str:
    """A value in the reader's language; a long text is cut, its whole stands in the file of the figure."""
    if figure is None:
        return ""
    shown = _SHOWN.get(topic.unit)
    return shown(figure.value) if shown else rulebook.shown(topic, figure)


_SHOWN: dict[str, Callable[[Any], str]] = {
    "yuan": priced,
    "count": lambda value: f"{value:,}",
    "flag": brief,
    "codes": lambda codes: brief(list(codes)),
    "text": lambda text: brief({key: list(v) if isinstance(v, tuple) else v for key, v in text.items()}),
}
