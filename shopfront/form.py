"""The form of a look, as a table: what may stand where, how long and how many; each fault in both languages.

A look is one JSON document, so that a version is whole and never half of another. What it means beyond its
form (colours that can be read, links that lead somewhere) is judged in `checks.py`, before it is published.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Fault:
    """What is wrong at one place of the document ("blocks.2.title")."""

    at: str
    zh: str
    en: str


Check = Callable[[Any, str], Iterator[Fault]]

TABS = ("home", "category", "cart", "me")
LINKS = ("none", "product", "category", "brand", "promotion", "search", "coupons", "page")
# Pages of the mini-program that a link may open by name.
PAGES = (
    *("newest", "popular", "category", "cart", "me", "orders", "returns"),
    *("allowance", "identity", "addresses", "rights", "parties"),
)
SOURCES = ("newest", "popular", "category", "brand", "promotion", "picked")
NAMED = ("product", "category", "brand", "promotion")  # what the catalogue knows by a code
MOST = {"blocks": 20, "items": 20, "banners": 8, "picked": 20, "notices": 5, "words": 12, "paragraphs": 10}
_COLOUR = re.compile(r"#[0-9a-f]{6}")
_CODE = re.compile(r"[A-Za-z0-9_-]{1,80}")
_ID = re.compile(r"[a-z0-9-]{1,40}")


def record(**fields: Check) -> Check:
    """An object with exactly these members."""

    def check(value: Any, at: str) -> Iterator[Fault]:
        if not isinstance(value, Mapping):
            yield Fault(at, "应为一组设置", "should be a group of settings")
            return
        for name in sorted(value.keys() - fields.keys()):
            yield Fault(_below(at, name), "没有此项设置", "there is no such setting")
        for name, inner in fields.items():
            if name in value:
                yield from inner(value[name], _below(at, name))
            else:
                yield Fault(_below(at, name), "缺少此项设置", "is missing")

    return check


def by_kind(**kinds: Check) -> Check:
    """An object whose `kind` says which of the forms it has."""

    def check(value: Any, at: str) -> Iterator[Fault]:
        kind = value.get("kind") if isinstance(value, Mapping) else None
        if kind not in kinds:
            yield Fault(_below(at, "kind"), "没有这种类型", "there is no such kind")
            return
        yield from kinds[kind](value, at)

    return check


def rows(inner: Check, most: int, least: int = 0) -> Check:
    """A list of so many; those that have an `id` have one of their own."""

    def check(value: Any, at: str) -> Iterator[Fault]:
        if not isinstance(value, list):
            yield Fault(at, "应为列表", "should be a list")
            return
        if not least <= len(value) <= most:
            yield Fault(at, f"应有 {least} 至 {most} 项", f"should have {least} to {most} items")
            return
        for place, one in enumerate(value):
            yield from inner(one, _below(at, str(place)))
        ids = [one["id"] for one in value if isinstance(one, Mapping) and "id" in one]
        if len(ids) != len(set(map(str, ids))):
            yield Fault(at, "编号重复", "two have the same id")

    return check


def line(most: int, *, needed: bool = True) -> Check:
    """One text in both languages, or, where it is not `needed`, in none."""

    def check(value: Any, at: str) -> Iterator[Fault]:
        if not isinstance(value, Mapping) or value.keys() != {"zh", "en"}:
            yield Fault(at, "应有中文与英文", "should be in Chinese and English")
            return
        for language, said in value.items():
            place = _below(at, language)
            if not isinstance(said, str) or "\x00" in said:
                yield Fault(place, "应为文字", "should be a text")
            elif len(said) > most:
                yield Fault(place, f"最多 {most} 个字符", f"has at most {most} characters")
            elif not said.strip() and (needed or any(str(one).strip() for one in value.values())):
                yield Fault(place, "请填写中英文两种文字", "is needed in both languages")

    return check


def plain(most: int) -> Check:
    """A text that says the same in both languages, such as a telephone number; may be empty."""

    def check(value: Any, at: str) -> Iterator[Fault]:
        if not isinstance(value, str) or len(value) > most or "\x00" in value:
            yield Fault(at, f"最多 {most} 个字符", f"has at most {most} characters")

    return check


def one_of(*values: Any) -> Check:
    """One of these."""

    def check(value: Any, at: str) -> Iterator[Fault]:
        if value not in values:
            told = ", ".join(map(str, values))
            yield Fault(at, f"应为其中之一：{told}", f"should be one of {told}")

    return check


def matching(pattern: re.Pattern[str], zh: str, en: str) -> Check:
    """A text of this pattern."""

    def check(value: Any, at: str) -> Iterator[Fault]:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            yield Fault(at, zh, en)

    return check


def maybe(inner: Check) -> Check:
    """Null, or what `inner` says."""

    def check(value: Any, at: str) -> Iterator[Fault]:
        if value is not None:
            yield from inner(value, at)

    return check


def _count(value: Any, at: str) -> Iterator[Fault]:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MOST["picked"]:
        most = MOST["picked"]
        yield Fault(at, f"应为 1 至 {most}", f"should be 1 to {most}")


def _instant(value: Any, at: str) -> Iterator[Fault]:
    try:
        known = datetime.fromisoformat(value).tzinfo is not None
    except (TypeError, ValueError):
        known = False
    if not known:
        yield Fault(at, "应为带时区的时间", "should be a time with its zone")


def _pixels(value: Any, at: str) -> Iterator[Fault]:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        yield Fault(at, "应为像素数", "should be a number of pixels")


def _notice(value: Any, at: str) -> Iterator[Fault]:
    faults = list(_NOTICE(value, at))
    yield from faults
    begins, ends = (None if faults else value[name] for name in ("from", "until"))
    if begins and ends and datetime.fromisoformat(begins) >= datetime.fromisoformat(ends):
        yield Fault(_below(at, "until"), "应晚于开始时间", "should be later than its beginning")


def _tabs(value: Any, at: str) -> Iterator[Fault]:
    faults = list(rows(_TAB, len(TABS), len(TABS))(value, at))
    if not faults and tuple(one["tab"] for one in value) != TABS:
        faults = [
            Fault(at, "应依次为首页、分类、购物车、我的", f"should be {', '.join(TABS)}, in this order")
        ]
    yield from faults


def _link(value: Any, at: str) -> Iterator[Fault]:
    faults = list(_LINK(value, at))
    yield from faults
    if faults:
        return
    kind, code, place = value["kind"], value["code"], _below(at, "code")
    if kind in NAMED and not _CODE.fullmatch(code):
        yield Fault(place, "请填写所链接内容的编码", "the code of what it leads to is needed")
    elif kind == "search" and not code.strip():
        yield Fault(place, "请填写搜索词", "the words to search for are needed")
    elif kind == "page" and code not in PAGES:
        yield Fault(place, f"没有此页面，可选：{', '.join(PAGES)}", f"should be one of {', '.join(PAGES)}")
    elif kind in ("none", "coupons") and code:
        yield Fault(place, "此类链接不需要编码", "such a link has no code")


def _source(value: Any, at: str) -> Iterator[Fault]:
    faults = list(_SOURCE(value, at))
    yield from faults
    if faults:
        return
    if value["kind"] in NAMED and not _CODE.fullmatch(value["code"]):
        yield Fault(_below(at, "code"), "请填写编码", "the code of what they are of is needed")
    if value["kind"] == "picked" and not value["codes"]:
        yield Fault(_below(at, "codes"), "请至少选择一件商品", "at least one product is needed")


def _below(at: str, name: str) -> str:
    return f"{at}.{name}" if at else name


colour = matching(_COLOUR, "应为 #rrggbb 颜色值（小写）", "should be a colour as #rrggbb, in small letters")
code = matching(_CODE, "编码只含字母、数字、- 与 _", "a code is of letters, digits, - and _")
ident = matching(_ID, "编号只含小写字母、数字与 -", "an id is of small letters, digits and -")
_path = matching(
    re.compile(r"shopfront/[a-z0-9_-]{1,40}/[a-z0-9-]{1,80}\.(jpg|png|webp)"),
    "应为已上传的图片",
    "should be an uploaded picture",
)
_picture = record(path=_path, thumbnail_path=_path, width=_pixels, height=_pixels)


def picture(value: Any, at: str) -> Iterator[Fault]:
    """A picture as `services.pictures` stored it."""
    if value is None:
        yield Fault(at, "请上传图片", "is needed: upload one")
    else:
        yield from _picture(value, at)


_LINK = record(kind=one_of(*LINKS), code=plain(80))
_SOURCE = record(kind=one_of(*SOURCES), code=plain(80), codes=rows(code, MOST["picked"]))
_TAB = record(tab=one_of(*TABS), text=line(12), icon=maybe(picture), icon_selected=maybe(picture))
_NOTICE = record(
    id=ident,
    kind=one_of("info", "warning"),
    text=line(120),
    **{"from": maybe(_instant), "until": maybe(_instant)},
)
_kind = one_of("banner", "grid", "products", "text", "coupons")
_title = line(40)
_banner = record(picture=picture, link=_link, says=line(60))
_cell = record(picture=maybe(picture), name=line(20), link=_link)

LOOK = record(
    **dict.fromkeys(("primary", "on_primary", "accent", "page", "ink", "surface"), colour),
    corner=one_of("square", "soft", "round"),
    card=one_of("flat", "outline", "shadow"),
    logo=maybe(picture),
    wordmark=line(30),
    slogan=line(60, needed=False),
)
BLOCK = by_kind(
    banner=record(id=ident, kind=_kind, items=rows(_banner, MOST["banners"], 1)),
    # Its items, or, where `categories` is set, the catalogue's shelves of the first level.
    grid=record(
        id=ident,
        kind=_kind,
        columns=one_of(2, 3, 4, 5),
        categories=one_of(True, False),
        items=rows(_cell, MOST["items"]),
    ),
    products=record(
        id=ident,
        kind=_kind,
        title=_title,
        layout=one_of("rail", "grid", "list"),
        source=_source,
        most=_count,
        more=_link,
    ),
    text=record(id=ident, kind=_kind, title=_title, paragraphs=rows(line(500), MOST["paragraphs"], 1)),
    coupons=record(id=ident, kind=_kind, title=_title),
)
FORM = record(
    look=LOOK,
    tabs=_tabs,
    notices=rows(_notice, MOST["notices"]),
    search_words=rows(line(20), MOST["words"]),
    customer_service=record(phone=plain(30), hours=line(60, needed=False)),
    blocks=rows(BLOCK, MOST["blocks"]),
)


def faults_of(content: Any) -> list[Fault]:
    """What is wrong with the form of a look; nothing where it is right."""
    return list(FORM(content, ""))
