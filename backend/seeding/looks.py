"""The looks of the demonstration's shops: drawn and published once, left alone where an operator was."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from PIL import Image

from catalog.demo import banners
from catalog.models import Product
from shopfront.form import TABS
from shopfront.models import Draft, Version
from shopfront.services.drafting import save_draft
from shopfront.services.publishing import publish
from storefronts.models import Storefront

BY = "seed"
Json = dict[str, Any]


@cache
def looks() -> Json:
    """The file beside this one."""
    found: Json = yaml.safe_load(Path(__file__).with_name("looks.yaml").read_text(encoding="utf-8"))
    return found


def put_look(storefront: Storefront, *, now: datetime) -> bool:
    """Publish the look of this storefront; False where there is none, or where it stands already."""
    told = looks().get(storefront.code)
    last = Version.objects.filter(storefront=storefront).order_by("-number").first()
    draft = Draft.objects.filter(storefront=storefront).first()
    if told is None or (last and last.published_by != BY) or (draft and draft.edited_by != BY):
        return False
    content = _look(storefront, told)
    if last and last.content == content:
        return False
    seen = save_draft(
        storefront_id=storefront.pk, content=content, revision=draft.revision if draft else 0, by=BY, now=now
    )
    publish(storefront_id=storefront.pk, revision=seen, by=BY, now=now)
    return True


def _look(storefront: Storefront, told: Json) -> Json:
    shop, logo, icons = storefront.code, told["logo"], told["icons"]
    shown = {
        name: _drawn(shop, f"banner-{name}", 2, lambda one=one: _banner(storefront, one))
        for name, one in told["banners"].items()
    }
    return {
        "look": {
            **told["look"],
            "wordmark": _text(told["look"]["wordmark"]),
            "slogan": _text(told["look"]["slogan"]),
            "logo": _drawn(
                shop,
                "logo",
                2,
                lambda: banners.wordmark(
                    logo["name"], ink=logo["ink"], accent=logo["accent"], shape=logo["shape"]
                ),
            ),
        },
        "tabs": [
            {
                "tab": tab,
                "text": _text(told["tabs"][tab]),
                "icon": _icon(shop, tab, icons, chosen=False),
                "icon_selected": _icon(shop, tab, icons, chosen=True),
            }
            for tab in TABS
        ],
        "notices": [
            {"from": None, "until": None, **one, "text": _text(one["text"])} for one in told["notices"]
        ],
        "search_words": [_text(one) for one in told["search_words"]],
        "customer_service": {
            "phone": told["customer_service"]["phone"],
            "hours": _text(told["customer_service"]["hours"]),
        },
        "blocks": [_block(storefront, one, shown) for one in told["blocks"]],
    }


def _block(storefront: Storefront, told: Json, shown: Json) -> Json:
    made = dict(told)
    if "title" in told:
        made["title"] = _text(told["title"])
    if "paragraphs" in told:
        made["paragraphs"] = [_text(one) for one in told["paragraphs"]]
    if told["kind"] == "banner":
        made["items"] = [
            {"picture": shown[one["banner"]], "link": _link(one["link"]), "says": _text(one["says"])}
            for one in told["items"]
        ]
    if told["kind"] == "grid":
        made["items"] = [
            {
                "picture": _drawn(
                    storefront.code,
                    f"cell-{one['ware']}",
                    2,
                    lambda code=one["ware"]: banners.portrait(_wares(storefront, [code])[0], 400),
                ),
                "name": _text(one["name"]),
                "link": _link(one["link"]),
            }
            for one in told["items"]
        ]
    if told["kind"] == "products":
        made["source"] = {**_link(told["source"]), "codes": []}
        made["more"] = _link(told["more"])
    return made


def _wares(storefront: Storefront, codes: list[str]) -> list[banners.Ware]:
    rows = Product.objects.filter(storefront=storefront, code__in=codes)
    found = {row.code: row for row in rows.select_related("brand", "category").defer("search")}
    return [
        banners.Ware(row.code, row.category.code, row.brand.code, row.brand.name_en, row.name_en)
        for row in (found[code] for code in codes)
    ]


def _banner(storefront: Storefront, told: Json) -> Image.Image:
    facts = {name: told[name] for name in ("frame", "ground", "ink", "headline", "above")}
    return banners.banner(_wares(storefront, told["wares"]), **facts)


def _icon(shop: str, tab: str, told: Json, *, chosen: bool) -> Json:
    colour = told["chosen" if chosen else "muted"]
    name = f"tab-{tab}-chosen" if chosen else f"tab-{tab}"
    return _drawn(
        shop, name, 2, lambda: banners.icon(tab, colour=colour, line=told["line"], filled=chosen), "png"
    )


def _drawn(shop: str, name: str, less: int, draw: Any, ending: str = "webp") -> Json:
    """The picture and its thumbnail, so many times smaller, on disk: drawn where they are not there yet."""
    folder = Path(settings.MEDIA_ROOT) / "shopfront" / shop
    full, small = folder / f"{name}.{ending}", folder / f"{name}-small.{ending}"
    if not small.exists():
        folder.mkdir(parents=True, exist_ok=True)
        picture = draw()
        picture.save(full, quality=90)
        picture.reduce(less).save(small, quality=88)
    with Image.open(full) as found:
        width, height = found.size
    below = f"shopfront/{shop}"
    paths = {"path": f"{below}/{full.name}", "thumbnail_path": f"{below}/{small.name}"}
    return {**paths, "width": width, "height": height}


def _text(pair: list[str]) -> dict[str, str]:
    zh, en = pair
    return {"zh": zh, "en": en}


def _link(told: str) -> dict[str, str]:
    kind, _, code = told.partition(":")
    return {"kind": kind, "code": code}
