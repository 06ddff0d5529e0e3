"""A message in memory, and all that the specification would refuse in it, said before customs says it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import NamedTuple, TypeAlias

from customs.ceb.tables import (
    MOST_SUBSCRIBERS,
    SUBSCRIBE,
    TRANSFER,
    Field,
    Kind,
    Shape,
    entities,
    shapes,
)
from kernel.errors import Invalid

Value: TypeAlias = str | int | Decimal | datetime | date
Values: TypeAlias = Mapping[str, Value]

GUID = re.compile(r"[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}")
# What XML 1.0 has no way to write.
UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
FRACTION_DIGITS, TOTAL_DIGITS, WHOLE_DIGITS = 5, 19, 9
TYPES: Mapping[Kind, type | tuple[type, ...]] = {
    "text": str,
    "guid": str,
    "decimal": (Decimal, int),
    "whole": int,
    "moment": datetime,
    "instant": datetime,
    "day": date,
}


@dataclass(frozen=True, slots=True)
class Document:
    """One order, list, receipt …: values of its head and of each line, by element; the empty is absent."""

    head: Values
    lines: tuple[Values, ...] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """Documents of one kind on their way; `guid` names the message itself."""

    name: str
    guid: str
    documents: tuple[Document, ...]
    transfer: Values | None = None
    subscribers: tuple[Values, ...] = ()

    @property
    def shape(self) -> Shape:
        return shapes()[self.name]


class Fault(NamedTuple):
    """What is wrong, and where (`Order[1]/OrderList[2]/gmodel`); never the value: it may tell of a person."""

    where: str
    what: str


@dataclass(eq=False)
class MessageInvalid(Invalid):
    """A message that the specification does not allow; nothing was written."""

    code = "ceb_message_invalid"
    title = "The customs message has values that the specification does not allow: see faults"
    title_zh = "报文不符合海关规范：详见 faults"
    faults: list[dict[str, str]]


def demand(message: Message) -> None:
    """Raises MessageInvalid with every fault, at most a hundred of them."""
    if found := list(islice(faults(message), 100)):
        raise MessageInvalid(faults=[fault._asdict() for fault in found])


def faults(message: Message) -> Iterator[Fault]:
    """Everything that is wrong with a message, in the order of its elements."""
    shape = message.shape
    if not GUID.fullmatch(message.guid):
        yield Fault("guid", "36 characters in capitals")
    yield from _count("", len(message.documents), shape.most)
    for place, document in enumerate(message.documents, 1):
        where = f"{shape.container or shape.head}[{place}]"
        yield from _values(f"{where}/" * bool(shape.container) + shape.head, shape.head, document.head)
        if shape.lines:
            yield from _count(f"{where}/{shape.lines}", len(document.lines), shape.most_lines)
        elif document.lines:
            yield Fault(where, "has no lines in this message")
        for line, values in enumerate(document.lines, 1):
            yield from _values(f"{where}/{shape.lines}[{line}]", shape.lines, values)
    if shape.transfer:
        yield from _values(TRANSFER, TRANSFER, message.transfer or {})
        yield from _count(SUBSCRIBE, len(message.subscribers), MOST_SUBSCRIBERS, least=0)
        for place, values in enumerate(message.subscribers, 1):
            yield from _values(f"{SUBSCRIBE}[{place}]", SUBSCRIBE, values)
    elif message.transfer or message.subscribers:
        yield Fault(TRANSFER, "has no place in this message")


def _count(where: str, found: int, most: int | None, least: int = 1) -> Iterator[Fault]:
    if found < least or (most is not None and found > most):
        yield Fault(where or "documents", f"{least} to {most or 'any number'}, not {found}")


def _values(where: str, entity: str, values: Values) -> Iterator[Fault]:
    fields = entities()[entity]
    for field in fields:
        value = values.get(field.name)
        if value is None or value == "":
            if field.required and not (field.least == 0 and value == ""):
                yield Fault(f"{where}/{field.name}", "is missing")
        elif what := wrong(field, value):
            yield Fault(f"{where}/{field.name}", what)
    for unknown in sorted(values.keys() - {field.name for field in fields}):
        yield Fault(f"{where}/{unknown}", "is no element of this document")


def wrong(field: Field, value: Value) -> str:
    """What is wrong with a value, in words; empty where nothing is."""
    kind = TYPES[field.kind]
    if (
        not isinstance(value, kind)
        or isinstance(value, bool)
        or (kind is date and isinstance(value, datetime))
    ):
        return f"is no {field.kind}"
    if isinstance(value, datetime):
        return "" if value.tzinfo else "has no time zone"
    if isinstance(value, str):
        said = _wrong_text(field, value)
    elif field.kind == "decimal":
        said = _wrong_number(Decimal(value))  # type: ignore[arg-type]  # TYPES has seen to it
    elif field.kind == "whole":
        said = "" if abs(int(value)) < 10**WHOLE_DIGITS else f"has more than {WHOLE_DIGITS} digits"  # type: ignore[arg-type]
    else:
        said = ""
    if not said and field.allowed and str(value) not in field.allowed:
        said = f"is none of {', '.join(sorted(field.allowed))}"
    return said


def _wrong_text(field: Field, value: str) -> str:
    if UNWRITABLE.search(value):
        return "has a character that XML cannot carry"
    if field.kind == "guid" and not GUID.fullmatch(value):
        return "is not 36 characters in capitals"
    least, most = field.least or 0, field.most or len(value)
    if not least <= len(value) <= most:
        return f"has {len(value)} characters, not {least if least == most else f'{least} to {most}'}"
    return ""


def _wrong_number(value: Decimal) -> str:
    if not value.is_finite():
        return "is no number"
    _, digits, exponent = value.normalize().as_tuple()
    fraction = max(-int(exponent), 0)
    if fraction > FRACTION_DIGITS or max(len(digits), len(digits) + int(exponent)) > TOTAL_DIGITS:
        return f"has more than {FRACTION_DIGITS} decimals or {TOTAL_DIGITS} digits"
    return ""
