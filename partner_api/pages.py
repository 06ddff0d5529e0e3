"""Lists come in pages by cursor, of each row the fields that were asked for, and who changes one saw it."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

import orjson
from django.db.models import QuerySet
from django.http import HttpRequest
from rest_framework import serializers

from kernel.errors import Conflict, Invalid

MOST: Final = 100


class BadCursor(Invalid):
    """A cursor that this list did not give."""

    code = "bad_page_cursor"
    title = "This cursor is not from this list: begin again without one."
    title_zh = "该游标不属于此列表，请从头开始。"


class NoSuchField(Invalid):
    """A field that the row has not."""

    code = "no_such_field"
    title = "There is no field {field} here."
    title_zh = "没有字段 {field}。"

    def __init__(self, field: str) -> None:
        super().__init__()
        self.field = field

    def facts(self) -> dict[str, Any]:
        return {"field": self.field}


class MatchNeeded(Invalid):
    """Who changes a row says which one they saw."""

    status = 428
    code = "if_match_needed"
    title = "Send If-Match with the ETag of what you change, as you last read it."
    title_zh = "请在请求头 If-Match 中提供上次读取时的 ETag。"


class Changed(Conflict):
    """Somebody changed the row since it was read."""

    status = 412
    code = "changed_since"
    title = "It has changed since you read it: read it again, then decide again."
    title_zh = "该内容在您读取之后已有变化，请重新读取后再操作。"


class Instant(serializers.DateTimeField):
    """An instant; one without a zone at the end of time is refused like any other that is none."""

    def enforce_timezone(self, value: datetime) -> datetime:
        """In our zone, where it names none."""
        try:
            return super().enforce_timezone(value)
        except OverflowError:
            self.fail("overflow")


class PageQuery(serializers.Serializer[Any]):
    """What every list may be asked."""

    cursor = serializers.CharField(
        required=False, default="", max_length=200, help_text="`next` of the page before"
    )
    limit = serializers.IntegerField(required=False, default=MOST, min_value=1, max_value=MOST)


class Sparse(serializers.Serializer[Any]):
    """The shape of a row of which some fields alone may have been asked for."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Each may be missing."""
        fields: dict[str, serializers.Field[Any, Any, Any, Any]] = super().get_fields()
        for one in fields.values():
            one.required = False
        return fields


@cache
def paged(row: type[serializers.Serializer[Any]]) -> type[serializers.Serializer[Any]]:
    """The shape of a page of such rows, for the OpenAPI document."""
    fields = {
        "__doc__": "One page.",
        "items": serializers.ListField(child=row()),
        "next": serializers.CharField(allow_null=True, help_text="`cursor` of the page after it"),
    }
    return type(f"{row.__name__}Page", (serializers.Serializer,), fields)


def page(items: Sequence[Any], *, next: str | None) -> dict[str, Any]:
    """One page: `next` begins the one after it; null: there is none."""
    return {"items": list(items), "next": next}


def turned(
    rows: QuerySet[Any], list_name: str, asked: dict[str, Any], *, by: str = "pk", end: int | None = None
) -> tuple[list[Any], str | None]:
    """The rows of one page in the order of their number `by` (with a minus the last one first), behind the
    cursor that was asked for, or else behind `end`; and where the page after it begins. Raises BadCursor."""
    number, side = by.lstrip("-"), "lt" if by.startswith("-") else "gt"
    behind = place_of(list_name, asked["cursor"])
    behind = end if behind is None else behind
    if behind is not None:
        rows = rows.filter(**{f"{number}__{side}": behind})
    found = list(rows.order_by(by)[: asked["limit"] + 1])
    items = found[: asked["limit"]]
    more = cursor_of(list_name, getattr(items[-1], number)) if len(found) > len(items) else None
    return items, more


def cursor_of(list_name: str, place: int | UUID) -> str:
    """Where the next page begins."""
    return base64.urlsafe_b64encode(orjson.dumps([list_name, place])).rstrip(b"=").decode()


def place_of(list_name: str, cursor: str) -> int | None:
    """The place of a cursor, None for none; raises BadCursor."""
    if not cursor:
        return None
    match _read(cursor):
        case [str() as name, int() as place] if name == list_name and 0 <= place < 2**63:
            return int(place)  # true is a number, too
    raise BadCursor()


def id_of(list_name: str, cursor: str) -> UUID | None:
    """The place of a cursor of a list whose rows go by an id, None for none; raises BadCursor."""
    if not cursor:
        return None
    match _read(cursor):
        case [str() as name, str() as place] if name == list_name:
            try:
                return UUID(place)
            except ValueError as wrong:
                raise BadCursor() from wrong
    raise BadCursor()


def _read(cursor: str) -> Any:
    try:
        return orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError) as wrong:
        raise BadCursor() from wrong


def sparse(row: dict[str, Any], wanted: str) -> dict[str, Any]:
    """Of a row the fields named in `wanted`, parted by commas; all where it is empty. Raises NoSuchField."""
    if not wanted:
        return row
    names = wanted.split(",")
    for name in names:
        if name not in row:
            raise NoSuchField(name[:40])
    return {name: row[name] for name in names}


def sparse_all(
    rows: Sequence[dict[str, Any]], wanted: str, shape: type[serializers.Serializer[Any]]
) -> list[dict[str, Any]]:
    """As above of each row; a field that rows of this shape have not is told where there is no row, too."""
    told = dict.fromkeys(shape().fields)
    sparse(told, wanted)
    return [sparse(row, wanted) for row in rows]


def etag(row: Any) -> str:
    """The mark of what a row shows (RFC 9110 §8.8.3): another mark, another content."""
    return f'"{hashlib.sha256(orjson.dumps(row)).hexdigest()[:32]}"'


def mind_match(request: HttpRequest, row: Any) -> None:
    """Go on where the caller has seen the row as it is; raises MatchNeeded, Changed."""
    told = request.headers.get("If-Match", "")
    if not told:
        raise MatchNeeded()
    if told != "*" and etag(row) not in [one.strip() for one in told.split(",")]:
        raise Changed()
