"""What comes in is read: elements that no table has are passed over, a value that is none is said."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation

from lxml import etree

from customs.ceb.message import Document, Message, Value
from customs.ceb.tables import NAMESPACE, SUBSCRIBE, TRANSFER, Field, entities, shapes
from customs.ceb.write import CHINA

MOST_BYTES, MOST_DOCUMENTS = 20_000_000, 1_000
YEARS = range(2000, 2100)  # whatever a message tells of happens in one of these
NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_NS = "{" + NAMESPACE + "}"


class Unreadable(Exception):
    """No message of the specification, or a value in it is none; `str()` says where, never what it was."""


def parse(raw: bytes) -> etree._Element:
    """The tree of a message. Raises Unreadable; a document type is refused, and nothing is ever fetched."""
    if len(raw) > MOST_BYTES:
        raise Unreadable(f"more than {MOST_BYTES} bytes")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True
    )
    try:
        root = etree.fromstring(raw, parser)
    except (etree.XMLSyntaxError, ValueError) as fault:
        raise Unreadable("no XML") from fault
    if root.getroottree().docinfo.doctype:  # type: ignore[union-attr]  # the stubs have no such field
        raise Unreadable("a document type has no place in a message")
    return root


def read(raw: bytes) -> Message:
    """The message that these bytes are. Raises Unreadable."""
    return understand(parse(raw))


def understand(root: etree._Element) -> Message:
    """The message of a tree; its signature is another matter (`customs.signing`). Raises Unreadable."""
    name = _local(root)
    if name not in shapes():
        raise Unreadable("the outermost element is no message of the specification")
    shape = shapes()[name]
    documents = []
    for holder in _children(root, shape.container) if shape.container else (root,):
        heads = list(_children(holder, shape.head))
        if shape.container and len(heads) != 1:
            raise Unreadable(f"{len(heads)} {shape.head} in one {shape.container}")
        lines = (
            tuple(_read(line, shape.lines) for line in _children(holder, shape.lines)) if shape.lines else ()
        )
        documents += [Document(_read(head, shape.head), lines) for head in heads]
        if len(documents) > (shape.most or MOST_DOCUMENTS):
            raise Unreadable(f"more than {shape.most or MOST_DOCUMENTS} documents in one message")
    transfer = next(_children(root, TRANSFER), None)
    return Message(
        name,
        root.get("guid", ""),
        tuple(documents),
        None if transfer is None else _read(transfer, TRANSFER),
        tuple(_read(one, SUBSCRIBE) for one in _children(root, SUBSCRIBE)),
    )


def fragments(root: etree._Element) -> list[bytes]:
    """Each document of a message as it came, in the order in which `understand` has them."""
    shape = shapes()[_local(root)]
    found = _children(root, shape.container or shape.head)
    return [etree.tostring(one, encoding="UTF-8", with_tail=False) for one in found]


def document(name: str, fragment: bytes) -> Document:
    """The document that was one of `fragments` of a message of this name. Raises Unreadable."""
    root = etree.Element(_NS + name)
    root.append(parse(fragment))
    return understand(root).documents[0]


def _children(parent: etree._Element, name: str) -> Iterator[etree._Element]:
    return (child for child in parent if _local(child) == name)


def _local(element: etree._Element) -> str:
    tag = element.tag
    return tag.removeprefix(_NS) if isinstance(tag, str) and tag.startswith(_NS) else ""


def _read(element: etree._Element, entity: str) -> dict[str, Value]:
    texts = {_local(child): child for child in element}
    values: dict[str, Value] = {}
    for field in entities()[entity]:
        child = texts.get(field.name)
        text = "" if child is None else (child.text or "")
        if text and child is not None and len(child):
            raise Unreadable(f"{entity}/{field.name} has elements inside")
        if not text:
            continue
        try:
            values[field.name] = _value(field, text)
        except (ValueError, InvalidOperation, OverflowError) as fault:
            raise Unreadable(f"{entity}/{field.name} is no {field.kind}") from fault
    return values


def _value(field: Field, text: str) -> Value:
    match field.kind:
        case "decimal":
            return Decimal(_number(text))
        case "whole":
            return int(_number(text))
        case "moment":
            return _moment(text.strip(), 14)
        case "instant":
            return _moment(text.strip(), 17)
        case "day":
            return _day(text.strip())
        case _:
            return text


def _number(text: str) -> str:
    if not NUMBER.fullmatch(text.strip()) or len(text) > 40:
        raise ValueError
    return text.strip()


def _moment(text: str, digits: int) -> datetime:
    if len(text) != digits or not text.isascii() or not text.isdigit():
        raise ValueError
    whole = datetime.strptime(text[:14], "%Y%m%d%H%M%S").replace(tzinfo=CHINA)
    if whole.year not in YEARS:
        raise ValueError
    return whole + timedelta(milliseconds=int(text[14:] or 0))


def _day(text: str) -> date:
    if len(text) != 8 or not text.isascii() or not text.isdigit():
        raise ValueError
    if int(text[:4]) not in YEARS:
        raise ValueError
    return date(int(text[:4]), int(text[4:6]), int(text[6:]))
