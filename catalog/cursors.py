"""A page's cursor says where the next page begins: opaque, and of use only with the sort it was made for."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

import orjson

from kernel.errors import Invalid


@dataclass(eq=False)
class BadCursor(Invalid):
    """The cursor was not made by this list, or for another sort."""

    code = "bad_cursor"
    title = "The cursor does not belong to this list; begin again without one."
    title_zh = "分页标记无效，请重新加载列表。"


@dataclass(frozen=True)
class Place:
    """The last row of a page: its sort value, and its code, which tells rows of one value apart."""

    sort: str
    value: int | str
    code: str


def encode(place: Place) -> str:
    """The cursor of a place."""
    raw = orjson.dumps([place.sort, place.value, place.code])
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(cursor: str, *, sort: str) -> Place:
    """The place of a cursor; raises BadCursor unless it was made for `sort`."""
    try:
        found = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError) as failure:
        raise BadCursor() from failure
    match found:
        case [str() as of, int() | str() as value, str() as code] if (
            of == sort and "\x00" not in f"{value}{code}"
        ):
            return Place(of, value, code)
    raise BadCursor()
