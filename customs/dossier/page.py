"""The dossier's first page: what lies in it with its SHA-256, and the facts as tables; read offline."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from django.utils.html import format_html, format_html_join

from customs.dossier.parts import Entry

_PAGE = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>单证档案 · Dossier {number}</title>
<style>
body{{font:15px/1.55 system-ui,"PingFang SC","Microsoft YaHei",sans-serif;max-width:72rem;margin:2rem auto;
padding:0 1rem;color:#1c2430;background:#fff}}
h1{{font-size:1.5rem}} h2{{font-size:1.15rem;margin:2.2rem 0 .5rem;border-bottom:2px solid #d8dee6}}
.en{{color:#5b6675;font-weight:normal}} .scroll{{overflow-x:auto}}
code{{font-size:.85em;word-break:break-all}}
table{{border-collapse:collapse;width:100%}} td table{{font-size:.95em}}
th,td{{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid #e6eaef}}
th{{background:#f4f6f9;font-weight:600}}
@media(prefers-color-scheme:dark){{body{{background:#14181d;color:#e5e9ee}} th{{background:#1f252c}}
td,th,h2{{border-color:#333c46}} .en{{color:#9aa5b1}} a{{color:#8ab8ff}}}}
@media print{{body{{max-width:none}}}}
</style></head><body>
<h1>单证档案 <span class="en">Dossier</span> {number}</h1>
<table>{head}</table>
<h2>目录 <span class="en">Contents</span></h2>
<div class="scroll"><table>
<tr><th>文件 file</th><th>内容 what it is</th><th>字节 bytes</th><th>SHA-256</th></tr>
{contents}</table></div>
<p>核对 <span class="en">To check</span>：<code>sha256sum -c SHA256SUMS</code></p>
{sections}
</body></html>
"""
_HEAD = {
    "storefront": "店铺 storefront",
    "made_at": "制作时间 made at (UTC)",
    "by": "制作人 made by",
    "purpose": "目的 purpose",
    "recipient": "提供给 given to",
    "edition": "规则版本 edition of the rule book",
}


def index(manifest: Mapping[str, Any], entries: Sequence[Entry]) -> bytes:
    """The page as UTF-8; JSON entries are shown as tables, everything else is linked."""
    shown = [entry for entry in entries if entry.path.endswith(".json")]
    page = format_html(
        _PAGE,
        number=manifest["order"],
        head=format_html_join(
            "", "<tr><th>{}</th><td>{}</td></tr>", ((_HEAD[name], manifest[name]) for name in _HEAD)
        ),
        contents=format_html_join(
            "\n",
            '<tr><td><a href="{}">{}</a></td><td>{} <span class="en">{}</span></td><td>{}</td>'
            "<td><code>{}</code></td></tr>",
            ((one.path, one.path, one.zh, one.en, len(one.content), digest(one.content)) for one in entries),
        ),
        sections=format_html_join(
            "\n",
            '<h2>{} <span class="en">{}</span></h2><div class="scroll">{}</div>',
            ((one.zh, one.en, _value(orjson.loads(one.content))) for one in shown),
        ),
    )
    return str(page).encode()


def digest(content: bytes) -> str:
    """SHA-256 in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def _value(value: Any) -> Any:
    if value is None or value in ("", [], {}):
        return "—"
    if isinstance(value, dict):
        rows = ((name, _value(one)) for name, one in value.items())
        return format_html("<table>{}</table>", format_html_join("", "<tr><th>{}</th><td>{}</td></tr>", rows))
    if isinstance(value, list):
        if all(isinstance(one, str | int) for one in value):
            return "；".join(map(str, value))
        return format_html_join(
            "", '<div style="margin-bottom:.8rem">{}</div>', ((_value(one),) for one in value)
        )
    return str(value)
