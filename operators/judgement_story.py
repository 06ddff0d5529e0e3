"""Why a purchase was allowed or refused: each rule with its answer, each figure with its source."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.html import format_html

from compliance.law import Law, NoFigure
from compliance.models import Judgement
from compliance.rules import RULES
from kernel.clock import shanghai_day
from kernel.money import priced
from operators import told
from operators.bilingual import chinese, say
from operators.names import state_name
from operators.tables import Table, brief, cited, kept, when

PASSED = say("通过", "passed")
REFUSED = say("拒绝", "refused")
NOT_ASKED = say("未判定", "not asked")
_RATES = ("vat", "duty", "excise_rate")


def tell(judgement: Judgement) -> list[Table]:
    """The tables of the judgement's page; reads nothing but the law."""
    law = Law(_day(judgement))
    return [_rules(judgement, law), _figures(judgement, law), _amounts(judgement), *_rates(judgement)]


def on_order(judgement: Judgement) -> Table:
    """The judgement on its order's page: what it refused, what it rests on, and the way to the whole."""
    law = Law(_day(judgement))
    verdict = say("允许", "allowed") if judgement.allowed else say("拒绝", "refused")
    rows = [
        [format_html('<a class="text-link" href="{}">{}</a>', told.page_of(judgement), title), counted, ""]
        for title, counted in [(say("逐条判定", "rule by rule"), _counted(judgement))]
    ]
    rows += [_refusal(refusal) for refusal in judgement.refusals]
    rows += [[title, value, source] for title, value, source, *_ in _each_figure(judgement, law)]
    return {
        "title": f"{say('合规判定', 'Judgement')} · {verdict} · {when(judgement.decided_at)}"
        f" · {edition(judgement, law)}",
        "headers": [
            say("规则或依据", "rule or figure"),
            say("内容", "what it says"),
            say("出处", "citation"),
        ],
        "rows": rows,
    }


def edition(judgement: Judgement, law: Law) -> str:
    """Which rule book was asked, and whether it is the present one."""
    short = judgement.edition[:12]
    if law.edition == judgement.edition:
        return short
    return str(say(f"{short}（引文取自现行版本）", f"{short} (citations from the present edition)"))


def facts(opened: dict[str, Any]) -> list[Table]:
    """The opened facts: single ones a line each, lists of things a table each."""
    single = {key: value for key, value in opened.items() if not _things(value)}
    tables = [
        {
            "title": say("判定事实", "Facts judged"),
            "headers": [say("事实", "fact"), say("内容", "value")],
            "rows": [[told.fact_name(key), _value(key, value)] for key, value in single.items()],
        }
    ]
    for key, value in opened.items():
        if _things(value):
            names = list(dict.fromkeys(name for thing in value for name in thing))
            tables.append(
                {
                    "title": told.fact_name(key),
                    "headers": [told.fact_name(name) for name in names],
                    "rows": [[_value(name, thing.get(name)) for name in names] for thing in value],
                }
            )
    return tables


def _things(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)


def _value(key: str, value: Any) -> Any:
    if key.endswith("_fen") and isinstance(value, int):
        return priced(value)
    return "-" if value in (None, "", []) else brief(value)


def _day(judgement: Judgement) -> date:
    day = judgement.figures.get("day")
    return date.fromisoformat(day) if day else shanghai_day(judgement.decided_at)


def _counted(judgement: Judgement) -> str:
    asked, refused = len(judgement.judged), len(judgement.refusals)
    return str(
        say(
            f"判定 {asked} 条规则，拒绝 {refused} 条" if asked else f"拒绝 {refused} 条",
            f"{asked} rules asked, {refused} refused" if asked else f"{refused} refused",
        )
    )


def _rules(judgement: Judgement, law: Law) -> Table:
    """Every rule of the book with what came of it here; a refusal with the facts that say why."""
    zh = chinese()
    refused = {refusal["rule"]: refusal for refusal in judgement.refusals}
    rows = []
    for rule in sorted(RULES, key=lambda r: (r.id not in refused, r.id not in judgement.judged, r.id)):
        refusal = refused.pop(rule.id, None)
        if refusal:
            rows.append(_judged(judgement, refusal))
            continue
        result = PASSED if rule.id in judgement.judged else NOT_ASKED
        rows.append(
            [
                _in_book(judgement, rule.id),
                rule.sentence_zh if zh else rule.sentence,
                kept(result),
                "-",
                _source(law, rule.law),
            ]
        )
    # A rule that left the book since is still told by the refusal that it gave.
    rows = [_judged(judgement, refusal) for refusal in refused.values()] + rows
    return {
        "title": f"{say('规则', 'Rules')} · {_counted(judgement)}",
        "headers": [
            say("编号", "number"),
            say("规则", "rule"),
            say("结果", "result"),
            say("事实", "facts"),
            say("出处", "citation"),
        ],
        "rows": rows,
    }


def _judged(judgement: Judgement, refusal: dict[str, Any]) -> list[Any]:
    number, sentence, citation = _refusal(refusal)
    return [
        _in_book(judgement, number),
        sentence,
        format_html('<span class="font-semibold text-red-600">{}</span>', REFUSED),
        told.facts(refusal.get("facts", {})),
        citation,
    ]


def _refusal(refusal: dict[str, Any]) -> list[Any]:
    sentence = refusal.get("sentence_zh" if chinese() else "sentence", "")
    return [refusal.get("rule", ""), sentence, cited(refusal.get("citation", ""), refusal.get("link", ""))]


def _in_book(judgement: Judgement, number: str) -> Any:
    book = reverse("rule_book")
    day = _day(judgement)
    return format_html('<a class="text-link" href="{}?day={}&amp;q={}">{}</a>', book, day, number, number)


def _source(law: Law, name: str) -> Any:
    try:
        figure = law.source(name)
    except NoFigure:
        return "-"
    return cited(figure.citation, figure.link)


def _figures(judgement: Judgement, law: Law) -> Table:
    return {
        "title": f"{say('依据的数值', 'Figures it rests on')} · {law.day} · {edition(judgement, law)}",
        "headers": [
            say("数值", "figure"),
            say("判定时", "as judged"),
            say("出处", "citation"),
            say("生效", "in force from"),
            say("可信度", "confidence"),
            say("核对日期", "checked"),
        ],
        "rows": list(_each_figure(judgement, law)),
    }


def _each_figure(judgement: Judgement, law: Law) -> Iterator[list[Any]]:
    """Title, value as judged, source, first day, confidence, day of check."""
    for name, value in sorted(judgement.figures.get("law", {}).items()):
        topic = law.topics.get(name)
        if topic is None:  # it left the book since
            yield [name, brief(value), "-", "-", "-", "-"]
            continue
        title = topic.title_zh if chinese() else topic.title
        shown = priced(value) if topic.unit == "yuan" and isinstance(value, int) else brief(value)
        try:
            source = law.source(name)
        except NoFigure:
            yield [title, shown, "-", "-", "-", "-"]
            continue
        yield [
            title,
            shown,
            cited(source.citation, source.link),
            kept(source.first_day.isoformat()),
            state_name(source.confidence, source.confidence),
            kept(source.checked.isoformat()),
        ]


def _amounts(judgement: Judgement) -> Table:
    told_apart = ("law", "rates", "day")
    plain = {key: value for key, value in judgement.figures.items() if key not in told_apart}
    return {
        "title": say("金额与额度", "Amounts and allowance"),
        "headers": [say("项目", "what"), say("数值", "value")],
        "rows": [[told.fact_name(key), _value(key, value)] for key, value in plain.items()],
    }


def _rates(judgement: Judgement) -> list[Table]:
    rates: dict[str, dict[str, Any]] = judgement.figures.get("rates") or {}
    if not rates:
        return []
    names = list(dict.fromkeys(name for rate in rates.values() for name in rate))
    return [
        {
            "title": say("税率", "Rates of tax"),
            "headers": ["SKU", *(told.fact_name(name) for name in names)],
            "rows": [[sku, *(_rate(name, rate.get(name)) for name in names)] for sku, rate in rates.items()],
        }
    ]


def _rate(name: str, value: Any) -> Any:
    """A rate in percent; what is not a rate (a unit, an amount) as it is."""
    if name in _RATES and value is not None:
        return f"{(Decimal(value) * 100).normalize():f} %"
    return _value(name, value)
