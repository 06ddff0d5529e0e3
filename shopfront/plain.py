"""What a storefront that nobody has furnished shows: quiet colours, its shelves, what is new, what sells."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

NOWHERE = {"kind": "none", "code": ""}
_TABS = (
    ("home", "首页", "Home"),
    ("category", "分类", "Categories"),
    ("cart", "购物车", "Cart"),
    ("me", "我的", "Me"),
)


def _words(zh: str, en: str) -> dict[str, str]:
    return {"zh": zh, "en": en}


def _products(kind: str, layout: str, zh: str, en: str) -> dict[str, Any]:
    return {
        "id": kind,
        "kind": "products",
        "title": _words(zh, en),
        "layout": layout,
        "source": {"kind": kind, "code": "", "codes": []},
        "most": 8,
        "more": {"kind": "page", "code": kind},
    }


_PLAIN: dict[str, Any] = {
    "look": {
        "primary": "#1f4d46",
        "on_primary": "#ffffff",
        "accent": "#b4532a",
        "page": "#f6f5f2",
        "ink": "#1d1f1e",
        "surface": "#ffffff",
        "corner": "soft",
        "card": "shadow",
        "logo": None,
        "slogan": _words("", ""),
    },
    "tabs": [
        {"tab": tab, "text": _words(zh, en), "icon": None, "icon_selected": None} for tab, zh, en in _TABS
    ],
    "notices": [],
    "search_words": [],
    "customer_service": {"phone": "", "hours": _words("", "")},
    "blocks": [
        {"id": "shelves", "kind": "grid", "columns": 4, "categories": True, "items": []},
        _products("newest", "rail", "新品上架", "New in"),
        _products("popular", "grid", "大家在买", "Bestsellers"),
    ],
}


def plain_look(*, name_zh: str, name: str) -> dict[str, Any]:
    """A look for a storefront of this name, fresh, to be changed at will."""
    made = deepcopy(_PLAIN)
    made["look"]["wordmark"] = _words(name_zh[:30], name[:30])
    return made
