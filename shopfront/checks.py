"""What is judged of a look before consumers see it: it can be read, and each link leads somewhere here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from catalog import picks
from kernel.errors import Invalid
from shopfront.form import Fault, faults_of

# WCAG 2.2, 1.4.3: 4.5 for text, 3 for large text, which prices are.
CONTRASTS = (
    ("ink", "page", 4.5, "正文与页面背景", "text and page"),
    ("ink", "surface", 4.5, "正文与卡片背景", "text and cards"),
    ("on_primary", "primary", 4.5, "按钮文字与主色", "the words on buttons and the buttons"),
    ("accent", "surface", 3.0, "强调色与卡片背景", "accent and cards"),
)
KINDS = {
    "product": ("没有在售的商品", "there is no product on sale with the code"),
    "category": ("没有此分类", "there is no category"),
    "brand": ("没有此品牌", "there is no brand"),
    "promotion": ("没有进行中或将开始的促销", "no promotion runs or is to come with the code"),
}


@dataclass(eq=False)
class BadLook(Invalid):
    """The look has faults; each is named with its place."""

    code = "bad_shop_look"
    title = "The shop look has faults: {said}"
    title_zh = "店铺装修有误：{said_zh}"
    faults: tuple[Fault, ...]
    said: str
    said_zh: str


def bad(faults: list[Fault]) -> BadLook:
    """The error of these faults; its sentence names the first three."""
    first = faults[:3]
    return BadLook(
        tuple(faults[:50]),
        "; ".join(f"{one.at}: {one.en}" for one in first),
        "；".join(f"{one.at}：{one.zh}" for one in first),
    )


def must_be_well_formed(content: Any) -> None:
    """Raises BadLook for what no reader of it could understand."""
    if faults := faults_of(content):
        raise bad(faults)


def contrast(one: str, other: str) -> float:
    """The contrast of two colours (#rrggbb) as WCAG counts it, 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def unreadable(look: dict[str, Any]) -> Iterator[Fault]:
    """Pairs of colours that are too much alike."""
    for front, back, least, zh, en in CONTRASTS:
        found = contrast(look[front], look[back])
        if found < least:
            yield Fault(
                f"look.{front}",
                f"{zh}的对比度为 {found:.1f}，至少应为 {least}",
                f"{en} have a contrast of {found:.1f}; {least} is the least that can be read",
            )


def astray(content: dict[str, Any], *, storefront_id: int, now: datetime) -> list[Fault]:
    """Links and sources that lead to nothing that this storefront shows, in one statement."""
    named = list(targets(content))
    there = picks.standing(storefront_id, {(kind, code) for _, kind, code in named}, now=now)
    return [
        Fault(at, f"{KINDS[kind][0]}：{code}", f"{KINDS[kind][1]} {code}")
        for at, kind, code in named
        if (kind, code) not in there
    ]


def targets(content: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Every product, category and brand that a look names, with its place."""
    for number, block in enumerate(content["blocks"]):
        at = f"blocks.{number}"
        links = [(f"{at}.items.{n}.link", one["link"]) for n, one in enumerate(block.get("items", ()))]
        if "more" in block:
            links.append((f"{at}.more", block["more"]))
        for place, link in links:
            if link["kind"] in KINDS:
                yield place, link["kind"], link["code"]
        source = block.get("source", {"kind": ""})
        if source["kind"] in KINDS:
            yield f"{at}.source", source["kind"], source["code"]
        elif source["kind"] == "picked":
            for n, code in enumerate(source["codes"]):
                yield f"{at}.source.codes.{n}", "product", code


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[n : n + 2], 16) / 255) for n in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
