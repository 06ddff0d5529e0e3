"""The copy of a person's data: a JSON for machines and a page for people, in both languages, read offline."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import orjson
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from compliance.holdings import Category
from kernel.clock import SHANGHAI
from kernel.money import yuan

_NONE = SafeString('<p class="none">无 <span class="en">none</span></p>')
_PAGE = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>我的个人信息 · My personal data</title>
<style>
body{{font:16px/1.6 system-ui,"PingFang SC","Microsoft YaHei",sans-serif;max-width:64rem;margin:2rem auto;
padding:0 1rem;color:#1c2430;background:#fff}}
h1{{font-size:1.5rem}} h2{{font-size:1.15rem;margin:2.2rem 0 .5rem;border-bottom:2px solid #d8dee6}}
nav a{{margin-right:1rem}} .en{{color:#5b6675;font-weight:normal}} .scroll{{overflow-x:auto}}
table{{border-collapse:collapse;width:100%}} th,td{{text-align:left;vertical-align:top;padding:.4rem .6rem;
border-bottom:1px solid #e6eaef}} th{{background:#f4f6f9;font-weight:600}} .none{{color:#5b6675}}
@media(prefers-color-scheme:dark){{body{{background:#14181d;color:#e5e9ee}} th{{background:#1f252c}}
td,th,h2{{border-color:#333c46}} .en,.none{{color:#9aa5b1}} a{{color:#8ab8ff}}}}
</style></head><body>
<h1>我的个人信息 <span class="en">My personal data</span></h1>
<p>制作时间 {made} · 北京时间 <span class="en">made {made}, Beijing time</span></p>
<nav>{links}</nav>
{sections}
</body></html>
"""


def as_zip(categories: list[Category], now: datetime) -> bytes:
    """A ZIP of data.json and index.html."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.json", as_json(categories, now))
        archive.writestr("index.html", as_page(categories, now))
    return buffer.getvalue()


def as_json(categories: list[Category], now: datetime) -> bytes:
    """Every category with the names of its columns and its rows; amounts in fen, instants in UTC."""
    told = {
        "made_at": now,
        "categories": [
            {
                "code": one.code,
                "name": dict(one.names),
                "columns": {code: dict(names) for code, names in one.columns.items()},
                "rows": [dict(row) for row in one.rows],
            }
            for one in categories
        ],
    }
    return orjson.dumps(told, option=orjson.OPT_INDENT_2, default=str)


def as_page(categories: list[Category], now: datetime) -> str:
    """The same for the eye: amounts in yuan, instants in Beijing time; opens offline."""
    return format_html(
        _PAGE,
        made=_shown("", now),
        links=format_html_join(
            "\n", '<a href="#{}">{}</a>', ((one.code, one.names["zh"]) for one in categories)
        ),
        sections=format_html_join("\n", "{}", ((_section(one),) for one in categories)),
    )


def _section(one: Category) -> str:
    head = format_html_join("", "<th>{}</th>", ((_names(code, n),) for code, n in one.columns.items()))
    body = format_html_join("\n", "<tr>{}</tr>", ((_cells(one.columns, row),) for row in one.rows))
    table = format_html(
        '<div class="scroll"><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>', head, body
    )
    return format_html(
        '<section id="{}"><h2>{} <span class="en">{}</span></h2>{}</section>',
        one.code,
        one.names["zh"],
        one.names["en"],
        table if one.rows else _NONE,
    )


def _names(code: str, names: Mapping[str, str]) -> str:
    zh, en = ("（元）", " (CNY)") if code.endswith("_fen") else ("", "")
    return format_html('{}{} <span class="en">{}{}</span>', names["zh"], zh, names["en"], en)


def _cells(columns: Iterable[str], row: Mapping[str, Any]) -> str:
    return format_html_join("", "<td>{}</td>", ((_shown(code, row.get(code)),) for code in columns))


def _shown(code: str, value: Any) -> str:
    if value is None or value in ("", []):
        return "-"
    if isinstance(value, bool):
        return "是 yes" if value else "否 no"
    if isinstance(value, datetime):
        return f"{value.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"
    if isinstance(value, list):
        return "；".join(str(part) for part in value)
    return yuan(value) if code.endswith("_fen") else str(value)
