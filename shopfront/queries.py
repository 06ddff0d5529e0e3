"""What consumers see of a storefront's look, ready for JSON, in a constant number of statements."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from catalog import picks
from catalog.queries import picture
from kernel.errors import Missing
from shopfront.checks import KINDS, targets
from shopfront.form import MOST
from shopfront.models import Draft, Version
from shopfront.plain import plain_look
from storefronts.models import Storefront

Json = dict[str, Any]


class NoSuchVersion(Missing):
    """The storefront never looked like that."""

    code = "shop_version_not_found"
    title = "There is no such version of the shop look."
    title_zh = "没有此装修版本。"


def shown_version(storefront_id: int) -> Version | None:
    """What consumers see, None where nothing was published yet."""
    return Version.objects.filter(storefront_id=storefront_id).order_by("-number").first()


def version(storefront_id: int, number: int) -> Version:
    """A published version; raises NoSuchVersion."""
    found = Version.objects.filter(storefront_id=storefront_id, number=number).first()
    if found is None:
        raise NoSuchVersion()
    return found


def plain(storefront_id: int) -> Json:
    """What a storefront shows before anything was published."""
    row = Storefront.objects.only("name", "name_zh").get(pk=storefront_id)
    return plain_look(name_zh=row.name_zh, name=row.name)


def published(storefront_id: int, names: tuple[str, str]) -> tuple[int, Json]:
    """Number and document of what consumers see, of a new shop of these names (zh, en), 0."""
    found = shown_version(storefront_id)
    return (found.number, found.content) if found else (0, plain_look(name_zh=names[0], name=names[1]))


def drafted(storefront_id: int, names: tuple[str, str]) -> tuple[int, Json]:
    """The draft's document, with the number of what consumers see meanwhile; without a draft, that."""
    number, content = published(storefront_id, names)
    draft = Draft.objects.filter(storefront_id=storefront_id).first()
    return number, draft.content if draft else content


def shell(content: Json, *, now: datetime) -> Json:
    """Everything but the first page: look, tabs, the notices that hold now, search words, service."""
    look = content["look"]
    return {
        "look": {**look, "logo": _pictured(look["logo"], look["wordmark"])},
        "tabs": [
            {**tab, "icon": _url(tab["icon"]), "icon_selected": _url(tab["icon_selected"])}
            for tab in content["tabs"]
        ],
        "notices": [one for one in content["notices"] if _holds(one, now)],
        "search_words": content["search_words"],
        "customer_service": content["customer_service"],
    }


def blocks(storefront_id: int, content: Json, *, now: datetime) -> list[Json]:
    """The first page, block by block, in four statements at most; cards come without their stock.

    What leads to nothing that is shown here any more is left out, and so is a block that is empty by it.
    """
    named = {(kind, code) for _, kind, code in targets(content)}
    there = picks.standing(storefront_id, named, now=now)
    wanted = [block for block in content["blocks"] if block["kind"] == "products"]
    found = picks.picked(storefront_id, [_pick(block) for block in wanted], now=now)
    cards = {block["id"]: items for block, items in zip(wanted, found, strict=True)}
    fronts = (
        picks.fronts(storefront_id) if any(block.get("categories") for block in content["blocks"]) else []
    )
    made = (_MAKERS[block["kind"]](block, there, cards, fronts) for block in content["blocks"])
    return [block for block in made if block is not None]


def _pick(block: Json) -> picks.Pick:
    source = block["source"]
    return picks.Pick(source["kind"], block["most"], source["code"], tuple(source["codes"]))


There = set[tuple[str, str]]
Maker = Callable[[Json, There, Mapping[str, list[Json]], list[Json]], "Json | None"]


def _banner(block: Json, there: There, cards: Mapping[str, list[Json]], fronts: list[Json]) -> Json | None:
    items = [
        {"picture": _pictured(one["picture"], one["says"]), "link": one["link"], "says": one["says"]}
        for one in block["items"]
        if _leads(one["link"], there)
    ]
    return {"id": block["id"], "kind": "banner", "items": items} if items else None


def _grid(block: Json, there: There, cards: Mapping[str, list[Json]], fronts: list[Json]) -> Json | None:
    if block["categories"]:
        items = [
            {
                "picture": one["picture"],
                "name": one["name"],
                "link": {"kind": "category", "code": one["code"]},
            }
            for one in fronts[: MOST["items"]]
        ]
    else:
        items = [
            {"picture": _pictured(one["picture"], one["name"]), "name": one["name"], "link": one["link"]}
            for one in block["items"]
            if _leads(one["link"], there)
        ]
    return {"id": block["id"], "kind": "grid", "columns": block["columns"], "items": items} if items else None


def _products(block: Json, there: There, cards: Mapping[str, list[Json]], fronts: list[Json]) -> Json | None:
    items = cards[block["id"]]
    if not items:
        return None
    more = block["more"] if block["more"]["kind"] != "none" and _leads(block["more"], there) else None
    told = {name: block[name] for name in ("id", "kind", "title", "layout")}
    return {**told, "more": more, "items": items}


def _as_written(block: Json, there: There, cards: Mapping[str, list[Json]], fronts: list[Json]) -> Json:
    return block


_MAKERS: dict[str, Maker] = {
    "banner": _banner,
    "grid": _grid,
    "products": _products,
    "text": _as_written,
    "coupons": _as_written,
}


def _leads(link: Json, there: There) -> bool:
    return link["kind"] not in KINDS or (link["kind"], link["code"]) in there


def _holds(notice: Json, now: datetime) -> bool:
    begins, ends = notice["from"], notice["until"]
    return (begins is None or datetime.fromisoformat(begins) <= now) and (
        ends is None or now < datetime.fromisoformat(ends)
    )


def _pictured(kept: Json | None, says: Mapping[str, str]) -> Json | None:
    """A stored picture with what it says to who cannot see it."""
    if kept is None:
        return None
    size = kept["width"], kept["height"]
    return picture((kept["path"], kept["thumbnail_path"], says["zh"], says["en"], *size))


def _url(kept: Json | None) -> str | None:
    shown = _pictured(kept, {"zh": "", "en": ""})
    return shown["url"] if shown else None
