"""The client: every call of the door, and lists row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from partner_client.calls import Calls


class Client(Calls):
    """One credential in one storefront."""

    def each(self, call: Callable[..., Any], *names: str, **query: Any) -> Iterator[Any]:
        """The rows of a list, page after page, until there are none for now."""
        cursor = query.pop("cursor", None)
        while True:
            page = call(*names, cursor=cursor, **query)
            yield from page["items"]
            cursor = page["next"]
            if not cursor or not page["items"]:
                return
