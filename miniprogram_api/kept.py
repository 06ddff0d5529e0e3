"""Pages that are the same for everyone are rendered once and kept in this process while they are true.

A page is true while the catalogue's version stands and the availability that it shows has not changed, both
a second old at most. A hit passes the same middleware, its caller's token and appid are looked at, and it is
throttled; it never enters DRF nor, but for one look a second, the database.
"""

from __future__ import annotations

import functools
import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from kernel import clock, problems
from kernel.callers import Buckets, client
from miniprogram_api import shelf as shelves
from miniprogram_api.caller import bearer, find_caller, shop_by_header, shop_of
from miniprogram_api.door import Door, Json
from miniprogram_api.shelf import Shelf
from storefronts.queries import Serving, Shop

AT_MOST_PAGES = 5_000
AT_MOST_BYTES = 64 * 2**20
AT_MOST_SECONDS = 60.0
WHILE_CUT_DUE_SECONDS = 2.0  # a price cut began or ended and the version has yet to tell
TOKEN_SECONDS = 5.0  # how long a token that was good is believed for a page that anyone may see
VARY = "Authorization, X-Appid"
public_reads = Buckets(per_second=50, burst=500)

View = Callable[..., HttpResponseBase]
Name = tuple[int, Serving, str, tuple[tuple[str, str], ...]]


@dataclass(slots=True)
class Page:
    """A rendered answer, the shelf it was last found true by, and what it shows of availability."""

    body: bytes
    etag: str
    made_at: float
    shelf: Shelf
    skus: tuple[str, ...]


@dataclass(slots=True)
class Pages:
    """The pages at hand, the longest unused dropped first, bounded in number and in bytes."""

    at_most: int = AT_MOST_PAGES
    at_most_bytes: int = AT_MOST_BYTES
    bytes: int = 0
    _held: OrderedDict[Name, Page] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def find(self, name: Name, shelf: Shelf) -> Page | None:
        """The page, if it is true on this shelf."""
        with self._lock:
            page = self._held.get(name)
            if page is None:
                return None
            self._held.move_to_end(name)
        if page.shelf is not shelf:
            if not _still_true(page, shelf):
                return None
            page.shelf = shelf
        age = time.monotonic() - page.made_at
        return page if age < (WHILE_CUT_DUE_SECONDS if shelf.cut_due else AT_MOST_SECONDS) else None

    def keep(self, name: Name, page: Page) -> None:
        """Keep the page in place of an older one of the same name."""
        with self._lock:
            old = self._held.pop(name, None)
            self.bytes += len(page.body) - (len(old.body) if old else 0)
            self._held[name] = page
            while len(self._held) > self.at_most or self.bytes > self.at_most_bytes:
                _, dropped = self._held.popitem(last=False)
                self.bytes -= len(dropped.body)

    def forget(self) -> None:
        """Drop all: between tests."""
        with self._lock:
            self._held.clear()
            self.bytes = 0

    def __len__(self) -> int:
        return len(self._held)


pages = Pages()
_tokens: dict[str, tuple[float, int]] = {}


def kept(view: View, *parameters: str, apart: str = "") -> View:
    """Put the keeper in front of a DRF view whose answer depends on storefront, path and `parameters` only.

    Other query parameters are ignored, so that they neither change a page nor fill the memory. Who asks with
    the parameter `apart` is answered by the view, for themselves alone.
    """
    known = frozenset(parameters)

    @functools.wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method not in ("GET", "HEAD"):
            return view(request, *args, **kwargs)
        try:
            public_reads.spend(client(request))
            shop = _shop(request)
            door: type[Door] = view.cls  # type: ignore[attr-defined]
            door.admit(request, shop, clock.now())
            shelf = shelves.present(shop.id)
        except Exception as failure:
            return problems.handle(failure, {"request": request, "view": view})
        query = request.META.get("QUERY_STRING", "")
        if apart and query and _canonical(query, (apart,)):
            return view(request, *args, **kwargs)
        name = (shop.id, shop.serving, request.path_info, _canonical(query, known) if query else ())
        page = pages.find(name, shelf)
        if page is None:
            made = view(request, *args, **kwargs)
            if made.status_code != 200 or not isinstance(made, Json):
                return made
            page = _page(made, shelf)
            pages.keep(name, page)
        return _served(page, request)

    return answer


def forget() -> None:
    """Drop pages, shelves and tokens: between tests."""
    pages.forget()
    shelves.forget()
    _tokens.clear()


def _shop(request: HttpRequest) -> Shop:
    """As in the door, but a token that was good a moment ago is believed."""
    token = bearer(request)
    if token is None:
        return shop_by_header(request)
    now = time.monotonic()
    until, storefront_id = _tokens.get(token, (0.0, 0))
    if until < now:
        storefront_id = find_caller(token, clock.now()).storefront_id
        if len(_tokens) >= AT_MOST_PAGES:
            _tokens.clear()
        _tokens[token] = (now + TOKEN_SECONDS, storefront_id)
    return shop_of(storefront_id, request)


def _canonical(query: str, known: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """The known parameters in one order, the last of several values, as the view reads them."""
    found = dict(parse_qsl(query, keep_blank_values=True))
    return tuple((name, found[name]) for name in sorted(found) if name in known)


def _page(made: Json, shelf: Shelf) -> Page:
    body = made.content
    etag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    return Page(body, etag, time.monotonic(), shelf, tuple(made.skus))


def _still_true(page: Page, shelf: Shelf) -> bool:
    before = page.shelf
    if before.version != shelf.version:
        return False
    was, present = before.scarce, shelf.scarce
    return was == present or all(was.get(sku) == present.get(sku) for sku in page.skus)


def _served(page: Page, request: HttpRequest) -> HttpResponse:
    wanted = request.META.get("HTTP_IF_NONE_MATCH")
    if wanted and page.etag in wanted:
        answer = HttpResponse(status=304)
        del answer["Content-Type"]
    else:
        answer = HttpResponse(page.body, content_type="application/json")
    answer.headers["ETag"] = page.etag
    answer.headers["Cache-Control"] = "no-cache"
    answer.headers["Vary"] = VARY
    return answer
