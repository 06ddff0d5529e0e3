"""Shop look · 店铺装修: the draft beside a picture of it, published by the same people who may sell.

Each part is a form of its own; what is saved is the whole draft, by whoever saw it as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode

from catalog.models import Brand, Category
from kernel.clock import now
from kernel.errors import Problem
from kernel.money import priced
from operators import once
from operators.bilingual import chinese, say
from operators.filters import is_number
from operators.scope import OWNERS, SELLERS, scope_of
from operators.shop_fields import Shape, form_of
from operators.shop_parts import BLOCKS, KINDS, LOOK, TAB_BAR, WORDS, read, told
from operators.shop_serving import serve
from operators.tables import when
from operators.told import link
from shopfront import queries
from shopfront.checks import BadLook, astray, unreadable
from shopfront.form import MOST
from shopfront.models import Draft, Version
from shopfront.services.drafting import DraftMoved, draft_again, save_draft
from shopfront.services.pictures import keep_picture
from shopfront.services.previews import preview_token
from shopfront.services.publishing import publish
from storefronts.models import Storefront

TITLE = say("店铺装修", "Shop look")
LAST = 10
PARTS: dict[str, tuple[Any, Shape, tuple[str, ...]]] = {
    "look": (say("外观", "Colours and logo"), LOOK, ("look",)),
    "tabs": (say("底部导航", "Tabs"), TAB_BAR, ("tabs",)),
    "words": (say("公告、搜索与客服", "Notices, searches, service"), WORDS, ()),
}


@dataclass(frozen=True)
class Desk:
    """One storefront's draft as it stands, and who is at it."""

    request: HttpRequest
    shop: Storefront
    revision: int
    content: dict[str, Any]

    @property
    def by(self) -> str:
        return self.request.user.get_username()

    @property
    def home(self) -> str:
        return f"{reverse('shop_look')}?{urlencode({'storefront': self.shop.pk})}"

    def part(self, name: str, **asked: str) -> str:
        """Where a part is edited."""
        address = reverse("shop_look_part", args=[self.shop.pk, name])
        return f"{address}?{urlencode(asked)}" if asked else address

    def save(self, content: dict[str, Any], seen: int) -> str:
        """Keep the draft as it was seen; leads back to the desk."""
        save_draft(storefront_id=self.shop.pk, content=content, revision=seen, by=self.by, now=now())
        return self.home


def may(request: HttpRequest) -> bool:
    """Owners and merchandisers."""
    return scope_of(request).may_anywhere(SELLERS)


def show(request: HttpRequest) -> HttpResponse:
    """The parts of the look, what is wrong with them, the versions, and the draft as it would be seen."""
    if not may(request):
        raise PermissionDenied
    shops = list(scope_of(request).narrow(Storefront.objects.order_by("code"), "pk", SELLERS))
    if not shops:
        raise Http404
    asked = request.GET.get("storefront", "")
    shop = next((one for one in shops if is_number(asked) and one.pk == int(asked)), shops[0])
    return _overview(_desk(request, shop), shops)


def part(request: HttpRequest, shop: int, name: str) -> HttpResponse:
    """One part: shown as a form, or done."""
    row = Storefront.objects.filter(pk=shop).first() if scope_of(request).may(shop, SELLERS) else None
    if row is None:
        raise Http404
    desk = _desk(request, row)
    if name == "serving":
        if not scope_of(request).may(shop, OWNERS):
            raise PermissionDenied
        return serve(request, row, lambda form, title: _form(desk, form, title), desk.home)
    if name == "colours":
        return _colours(desk)
    if name in _DONE:
        return _do(desk, _DONE[name])
    if name in PARTS:
        title, shape, path = PARTS[name]
        old = desk.content[path[0]] if path else desk.content
        return _edit(
            desk, title, shape, old, lambda new: {**desk.content, **({path[0]: new} if path else new)}
        )
    return _block(desk, name)


def _desk(request: HttpRequest, shop: Storefront) -> Desk:
    draft = Draft.objects.filter(storefront=shop).first()
    if draft is not None:
        return Desk(request, shop, draft.revision, draft.content)
    return Desk(request, shop, 0, queries.published(shop.pk, (shop.name_zh, shop.name))[1])


def _block(desk: Desk, name: str) -> HttpResponse:
    """A new block of the kind `name`, or, where `name` is "block", the one that the address asks for."""
    blocks = desk.content["blocks"]
    ident = desk.request.GET.get("id", "")
    old = next((one for one in blocks if one["id"] == ident), None) if name == "block" else None
    kind = old["kind"] if old else name
    if kind not in BLOCKS or (old is None and len(blocks) >= MOST["blocks"]):
        raise Http404

    def put(new: Any) -> dict[str, Any]:
        kept = [new if one["id"] == ident else one for one in blocks]
        return {**desk.content, "blocks": kept if old else [*blocks, new]}

    return _edit(desk, KINDS[kind], BLOCKS[kind], old, put)


def _edit(
    desk: Desk, title: Any, shape: Shape, old: Any, put: Callable[[Any], dict[str, Any]]
) -> HttpResponse:
    request = desk.request
    posted = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = form_of(shape, old)(*posted)
    if request.method == "POST" and form.is_valid():

        def keep(use: str, file: Any) -> dict[str, Any]:
            return keep_picture(storefront_id=desk.shop.pk, use=use, name=file.name, content=file.read())

        def do() -> str:
            return desk.save(put(shape.read(form.cleaned_data, "", old, keep)), _seen(request))

        done = _once(desk, do, say("草稿已保存。", "The draft is saved."))
        if done is not None:
            return done
    return _form(desk, form, title)


def _do(desk: Desk, verb: Callable[[Desk], str]) -> HttpResponse:
    """A button of the desk."""
    if desk.request.method != "POST":
        return HttpResponseRedirect(desk.home)
    done = _once(desk, lambda: verb(desk), say("已完成。", "Done."))
    return HttpResponseRedirect(desk.home) if done is None else done


def _once(desk: Desk, do: Callable[[], str], said: Any) -> HttpResponse | None:
    try:
        with transaction.atomic():
            where = once.once(desk.request, do)
    except BadLook as bad:
        for fault in bad.faults[:8]:
            messages.error(desk.request, told(fault))
        return None
    except Problem as problem:
        messages.error(desk.request, once.words(problem))
        return None
    messages.success(desk.request, said)
    return HttpResponseRedirect(where)


def _move(desk: Desk) -> str:
    """A block goes up or down, or away."""
    content, ident = deepcopy(desk.content), desk.request.POST.get("block", "")
    blocks = content["blocks"]
    place = next((n for n, one in enumerate(blocks) if one["id"] == ident), None)
    if place is None:
        raise DraftMoved
    block = blocks.pop(place)
    where = {"up": max(place - 1, 0), "down": place + 1}.get(desk.request.POST.get("to", ""))
    if where is not None:
        blocks.insert(where, block)
    return desk.save(content, _seen(desk.request))


def _publish(desk: Desk) -> str:
    publish(storefront_id=desk.shop.pk, revision=_seen(desk.request), by=desk.by, now=now())
    return desk.home


def _again(desk: Desk) -> str:
    """The draft begins anew from what consumers see."""
    shown = queries.shown_version(desk.shop.pk)
    number = shown.number if shown else None
    draft_again(
        storefront_id=desk.shop.pk, number=number, revision=_seen(desk.request), by=desk.by, now=now()
    )
    return desk.home


_DONE: dict[str, Callable[[Desk], str]] = {"move": _move, "publish": _publish, "again": _again}


def _seen(request: HttpRequest) -> int:
    given = request.POST.get("revision", "")
    return int(given) if is_number(given) else 0


def _overview(desk: Desk, shops: list[Storefront]) -> HttpResponse:
    shown = queries.shown_version(desk.shop.pk)
    public = shown.content if shown else queries.plain(desk.shop.pk)
    last = Version.objects.filter(storefront=desk.shop).order_by("-number")[:LAST]
    at = now()
    gone = astray(public, storefront_id=desk.shop.pk, now=at)
    lacks = [*unreadable(desk.content["look"]), *astray(desk.content, storefront_id=desk.shop.pk, now=at)]
    context = {
        "shops": [(one, one.pk == desk.shop.pk) for one in shops] if len(shops) > 1 else [],
        "parts": [(title, desk.part(name)) for name, (title, _, _) in PARTS.items()],
        "serving": desk.part("serving") if scope_of(desk.request).may(desk.shop.pk, OWNERS) else "",
        "blocks": [
            {
                "id": one["id"],
                "kind": KINDS[one["kind"]],
                "title": read(one["title"]) if "title" in one else "",
                "url": desk.part("block", id=one["id"]),
            }
            for one in desk.content["blocks"]
        ],
        "new": [(title, desk.part(kind)) for kind, title in KINDS.items()],
        "full": len(desk.content["blocks"]) >= MOST["blocks"],
        "move": desk.part("move"),
        "publish": desk.part("publish"),
        "again": desk.part("again"),
        "changed": desk.content != public,
        "lacks": [told(fault) for fault in lacks],
        "gone": [told(fault) for fault in gone],
        "public": shown.number if shown else 0,
        "story": [_history(list(last))],
        "address": _address(desk),
    }
    return _page(desk, TITLE, context)


def _form(desk: Desk, form: forms.Form, title: Any) -> HttpResponse:
    return _page(desk, title, {"form": form, "codes": _codes(desk.shop), "back": desk.home})


def _page(desk: Desk, title: Any, context: dict[str, Any]) -> HttpResponse:
    request, at = desk.request, now()
    shell = queries.shell(desk.content, now=at)
    shown = read(queries.blocks(desk.shop.pk, desk.content, now=at))
    for block in shown:
        block["classes"] = f"phone-{block.get('layout')}"
        if block["kind"] == "grid":
            block["classes"] = f"phone-grid phone-columns-{block['columns']}"
        for card in block["items"] if block["kind"] == "products" else ():
            card["price"] = priced(card["price_fen"])
    shared = {
        **admin.site.each_context(request),
        "title": title,
        "subtitle": desk.shop.name_zh if chinese() else desk.shop.name,
        "once": once.number(request),
        "revision": request.POST.get("revision", desk.revision),
        "shell": read(shell),
        "phone": f"phone phone-{shell['look']['corner']} phone-{shell['look']['card']}",
        "colours": desk.part("colours"),
        "shown": shown,
    }
    answer = TemplateResponse(request, "operators/shop_look.html", {**shared, **context})
    answer["Cache-Control"] = "no-store"
    return answer


def _colours(desk: Desk) -> HttpResponse:
    """The draft's colours as a style sheet: no page of ours carries a style of its own."""
    look = desk.content["look"]
    names = ("primary", "on_primary", "accent", "page", "ink", "surface")
    told = "".join(f"--{name.replace('_', '-')}:{look[name]};" for name in names)
    answer = HttpResponse(f".phone{{{told}}}", content_type="text/css; charset=utf-8")
    answer["Cache-Control"] = "no-store"
    return answer


def _history(versions: list[Version]) -> dict[str, Any]:
    return {
        "title": say("已发布的版本（点击可恢复）", "Published versions, each of which can come back"),
        "headers": [say("版本", "version"), say("发布时间", "published"), say("发布人", "by"), ""],
        "rows": [
            [
                link(reverse("admin:shopfront_version_change", args=[one.pk]), str(one.number)),
                when(one.published_at),
                one.published_by,
                str(say("恢复自版本 {}", "version {} again")).format(one.brings_back)
                if one.brings_back
                else "",
            ]
            for one in versions
        ],
    }


def _address(desk: Desk) -> str:
    """Where the draft is seen in the mini-program itself, for two hours; "" where no such page is set."""
    if not settings.SHOP_ADDRESS:
        return ""
    token = preview_token(storefront_id=desk.shop.pk, now=now())
    address = settings.SHOP_ADDRESS.replace("{storefront}", desk.shop.code)
    return f"{address}?{urlencode({'preview': token})}"


def _codes(shop: Storefront) -> list[tuple[str, str]]:
    """What a link may name, offered while one types: categories and brands."""
    return [
        (code, f"{zh} · {en}")
        for model in (Category, Brand)
        for code, zh, en in model._default_manager.filter(storefront=shop)
        .order_by("code")
        .values_list("code", "name_zh", "name_en")
    ]
