"""Messages of every kind, made from the tables: at random for properties, small for one look."""

from __future__ import annotations

import string
import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from customs.ceb.message import Document, Message, Value
from customs.ceb.tables import SUBSCRIBE, TRANSFER, Field, Shape, entities, shapes

GUID = st.uuids().map(lambda one: str(one).upper())
# Everything that XML can carry, with the characters that people really have well to the fore.
TEXT = st.text(
    st.one_of(
        st.sampled_from("王𠮷䶮爱丽" + string.ascii_letters + string.digits + " <>&\"'|`"),
        st.characters(exclude_categories=("Cs", "Cc", "Cn"), exclude_characters="\ufffe\uffff"),
    ),
    min_size=1,
)
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)).map(lambda at: at.replace(tzinfo=UTC))


def values(entity: str) -> st.SearchStrategy[dict[str, Value]]:
    """Values for every element that must be there, and for any of those that may."""
    fields = entities()[entity]
    return st.fixed_dictionaries(
        {field.name: value(field) for field in fields if field.required},
        optional={field.name: value(field) for field in fields if not field.required},
    )


def value(field: Field) -> st.SearchStrategy[Value]:
    if field.allowed:
        allowed = st.sampled_from(sorted(field.allowed))
        return allowed.map(int) if field.kind == "whole" else allowed
    match field.kind:
        case "guid":
            return GUID
        case "decimal":
            return st.integers(-(10**19) + 1, 10**19 - 1).map(lambda whole: Decimal(whole).scaleb(-5))
        case "whole":
            return st.integers(-(10**9) + 1, 10**9 - 1)
        case "moment":
            return MOMENTS.map(lambda at: at.replace(microsecond=0))
        case "instant":
            return MOMENTS.map(lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000))
        case "day":
            return st.dates(date(2000, 1, 1), date(2099, 12, 31))
        case "text":
            least, most = max(field.least or 1, 1), min(field.most or 40, 40)
            if least > most:
                most = least
            return TEXT.map(lambda text: (text * least)[: max(least, min(len(text), most))])


def messages(name: str) -> st.SearchStrategy[Message]:
    shape = shapes()[name]
    lines = st.lists(values(shape.lines), min_size=1, max_size=3) if shape.lines else st.just([])
    document = st.builds(Document, values(shape.head), lines.map(tuple))
    return st.builds(
        Message,
        st.just(name),
        GUID,
        st.lists(document, min_size=1, max_size=min(shape.most or 2, 2)).map(tuple),
        values(TRANSFER) if shape.transfer else st.none(),
        st.lists(values(SUBSCRIBE), max_size=2).map(tuple) if shape.transfer else st.just(()),
    )


def plain(name: str) -> Message:
    """The message with the shortest value that each element may have."""
    shape = shapes()[name]
    return Message(
        name,
        guid(0),
        (_document(shape),),
        _plain(TRANSFER) if shape.transfer else None,
    )


def guid(number: int) -> str:
    return str(uuid.UUID(int=number)).upper()


def _document(shape: Shape) -> Document:
    return Document(_plain(shape.head), (_plain(shape.lines),) if shape.lines else ())


def _plain(entity: str) -> dict[str, Value]:
    return {field.name: _shortest(field) for field in entities()[entity]}


def _shortest(field: Field) -> Value:
    at = datetime(2026, 11, 27, 2, 3, 4, tzinfo=UTC)
    if field.allowed:
        first = min(field.allowed)
        return int(first) if field.kind == "whole" else first
    by_kind: dict[str, Value] = {
        "guid": guid(1),
        "decimal": Decimal("1.50"),
        "whole": 1,
        "moment": at,
        "instant": at + timedelta(milliseconds=7),
        "day": at.date(),
    }
    return by_kind.get(field.kind, "7" * max(field.least or 1, 1))
