"""Makers of what a shop looks like: a whole look with a block of each kind."""

from __future__ import annotations

from typing import Any

from shopfront.plain import NOWHERE, plain_look
from shopfront.services.drafting import save_draft
from shopfront.services.publishing import publish
from tests.make_tables import NOW

PICTURE = {
    "path": "shopfront/maison/a.jpg",
    "thumbnail_path": "shopfront/maison/a-750.jpg",
    "width": 1500,
    "height": 700,
}


def words(zh: str, en: str = "words") -> dict[str, str]:
    return {"zh": zh, "en": en}


def link(kind: str = "none", code: str = "") -> dict[str, str]:
    return {"kind": kind, "code": code}


def products(ident: str, kind: str = "newest", **changes: Any) -> dict[str, Any]:
    source = {"kind": kind, "code": changes.pop("code", ""), "codes": changes.pop("codes", [])}
    return {
        "id": ident,
        "kind": "products",
        "title": words("商品"),
        "layout": "rail",
        "source": source,
        "most": 8,
        "more": NOWHERE,
        **changes,
    }


def banner(*links: dict[str, str], ident: str = "top") -> dict[str, Any]:
    items = [{"picture": PICTURE, "link": one, "says": words("大图")} for one in links]
    return {"id": ident, "kind": "banner", "items": items}


def grid(*links: dict[str, str], ident: str = "grid") -> dict[str, Any]:
    items = [{"picture": None, "name": words("去"), "link": one} for one in links]
    return {"id": ident, "kind": "grid", "columns": 4, "categories": False, "items": items}


def look(*blocks: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A look in the plain colours, with these blocks; `changes` are of its parts."""
    return {**plain_look(name_zh="店", name="Shop"), "blocks": list(blocks), **changes}


def shown(storefront_id: int, content: dict[str, Any], revision: int = 0) -> int:
    """Drafted and published; returns the draft's revision."""
    seen = save_draft(storefront_id=storefront_id, content=content, revision=revision, by="mei", now=NOW)
    publish(storefront_id=storefront_id, revision=seen, by="mei", now=NOW)
    return seen
