"""A message as XML, in the order of the specification; nothing that it would refuse is ever written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from lxml import etree

from customs.ceb.message import Message, Value, Values, demand
from customs.ceb.tables import NAMESPACE, SUBSCRIBE, TRANSFER, VERSION, Field, entities

# Every time in a message is of China (UTC+8).
CHINA = ZoneInfo("Asia/Shanghai")
_NS = "{" + NAMESPACE + "}"
_DECLARED = b"<?xml version='1.0' encoding='UTF-8'?>\n"
_NAMED = f' xmlns:ceb="{NAMESPACE}"'.encode()


def write(message: Message) -> etree._Element:
    """The message as an unsigned tree. Raises MessageInvalid with all that is wrong."""
    demand(message)
    shape = message.shape
    root = etree.Element(
        _NS + message.name, {"guid": message.guid, "version": VERSION}, nsmap={"ceb": NAMESPACE}
    )
    for document in message.documents:
        parent = etree.SubElement(root, _NS + shape.container) if shape.container else root
        _write(parent, shape.head, document.head)
        for line in document.lines:
            _write(parent, shape.lines, line)
    if message.transfer:
        _write(root, TRANSFER, message.transfer)
    for subscriber in message.subscribers:
        _write(root, SUBSCRIBE, subscriber)
    return root


def to_bytes(root: etree._Element) -> bytes:
    """The tree as it travels: UTF-8 with its declaration, not a character added after it was signed."""
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def written(field: Field, value: Value) -> str:
    """A value as it stands in a message: times of China, decimals without exponent or needless zeros."""
    if isinstance(value, datetime):
        local = value.astimezone(CHINA)
        text = f"{local:%Y%m%d%H%M%S}"
        return f"{text}{local.microsecond // 1000:03d}" if field.kind == "instant" else text
    if isinstance(value, date):
        return f"{value:%Y%m%d}"
    if field.kind == "decimal":
        return f"{Decimal(value).normalize():f}"
    return str(value)


def _write(parent: etree._Element, entity: str, values: Values) -> None:
    under = etree.SubElement(parent, _NS + entity)
    for field in entities()[entity]:
        value = values.get(field.name)
        if (value is None or value == "") and not field.required:
            continue
        etree.SubElement(under, _NS + field.name).text = written(field, "" if value is None else value)


def body(message: Message) -> bytes:
    """The bytes of a message's one document, as they stand in any message that carries it.

    Raises MessageInvalid as `write` does: what is kept was checked.
    """
    raw = etree.tostring(write(message)[0], encoding="UTF-8").removeprefix(_DECLARED)
    return raw.replace(_NAMED, b"", 1)


def assemble(name: str, guid: str, bodies: Sequence[bytes], transfer: Values) -> etree._Element:
    """An unsigned message of documents that `body` made."""
    opened = f'<ceb:{name} xmlns:ceb="{NAMESPACE}" guid="{guid}" version="{VERSION}">'.encode()
    root = etree.fromstring(b"".join([opened, *bodies, f"</ceb:{name}>".encode()]))
    _write(root, TRANSFER, transfer)
    return root


def taken_apart(raw: bytes, bodies: Sequence[bytes]) -> tuple[bytes, bytes]:
    """What stands before and after the documents of a message, byte for byte; raises ValueError where they
    do not stand in it.
    """
    documents = b"".join(bodies)
    start = raw.find(documents)
    if start < 0 or not bodies:
        raise ValueError("these documents are not those of the message")
    return raw[:start], raw[start + len(documents) :]
