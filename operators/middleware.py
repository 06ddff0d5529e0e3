"""Each request of an operator sees the rows of their storefronts alone, whatever a page forgets to ask."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

from django.http import HttpRequest

from kernel.tenancy import among, everything
from operators.entering import settled_in
from operators.scope import NOTHING, scope_of

Handler = Callable[[HttpRequest], Any]


def own_storefronts(get_response: Handler) -> Handler:
    """Names the operator's storefronts, or everything for a superuser; nothing before the log-in is whole."""

    def answer(request: HttpRequest) -> Any:
        named = _named(request)
        with named():
            response = get_response(request)
        if response.streaming:  # its rows are read when it is sent
            response.streaming_content = _sent(named, response.streaming_content)
        return response

    return answer


def _named(request: HttpRequest) -> Callable[[], AbstractContextManager[None]]:
    scope = scope_of(request) if settled_in(request) else NOTHING
    return everything if scope.everything else lambda: among(*scope.names)


def _sent(named: Callable[[], AbstractContextManager[None]], pieces: Iterator[bytes]) -> Iterator[bytes]:
    while True:
        with named():
            piece = next(pieces, None)
        if piece is None:
            return
        yield piece
