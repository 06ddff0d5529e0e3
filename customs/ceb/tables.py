"""The import messages of the CEB specification (跨境统一版报文), edition 202205, as tables.

`data/messages.csv` says which document a message carries and who signs it, `data/fields.csv` which elements a
document has, in their order, and `data/elements.csv` what an element means and whether it tells of a person.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

Kind = Literal["text", "guid", "decimal", "whole", "moment", "instant", "day"]
# Who is bound by law to sign the document (GACC 2018 No. 113).
Sender = Literal["house", "payment_firm", "carrier", "site", "customs"]
Signature = Literal["must", "may", "no"]

NAMESPACE = "http://www.chinaport.gov.cn/ceb"
VERSION = "1.0"
TRANSFER, SUBSCRIBE = "BaseTransfer", "BaseSubscribe"
MOST_SUBSCRIBERS = 5
_DATA = Path(__file__).parent / "data"


class Field(NamedTuple):
    """An element of a document. `least` and `most` count the characters of a text; None is no bound."""

    name: str
    required: bool
    kind: Kind
    least: int | None
    most: int | None
    allowed: frozenset[str]


class Meaning(NamedTuple):
    """What an element says in Chinese and English, and, where it tells of a person, how it is masked."""

    personal: str
    zh: str
    en: str


class Shape(NamedTuple):
    """A message: the element that holds a document (empty where it stands bare), its head and its lines.

    `most` documents in a message and `most_lines` lines in a document, None where there is no bound.
    """

    name: str
    zh: str
    en: str
    sender: Sender
    container: str
    head: str
    lines: str
    most: int | None
    most_lines: int | None
    transfer: bool
    signature: Signature
    answer: str


@lru_cache(maxsize=1)
def shapes() -> Mapping[str, Shape]:
    """Every message by its name, `CEB311Message`."""
    return {
        row["name"]: Shape(
            row["name"],
            row["zh"],
            row["en"],
            row["sender"],  # type: ignore[arg-type]
            row["container"],
            row["head"],
            row["lines"],
            _bound(row["most"]),
            _bound(row["most_lines"]),
            row["transfer"] == "yes",
            row["signature"],  # type: ignore[arg-type]
            row["answer"],
        )
        for row in _rows("messages.csv")
    }


@lru_cache(maxsize=1)
def entities() -> Mapping[str, tuple[Field, ...]]:
    """The elements of every entity (`OrderHead`, `BaseTransfer`, …) in their order."""
    found: dict[str, list[Field]] = {}
    for row in _rows("fields.csv"):
        found.setdefault(row["entity"], []).append(
            Field(
                row["element"],
                row["required"] == "1",
                row["kind"],  # type: ignore[arg-type]
                _bound(row["least"]),
                _bound(row["most"]),
                frozenset(filter(None, row["allowed"].split("|"))),
            )
        )
    return {entity: tuple(fields) for entity, fields in found.items()}


@lru_cache(maxsize=1)
def meanings() -> Mapping[str, Meaning]:
    """What every element means."""
    return {row["element"]: Meaning(row["personal"], row["zh"], row["en"]) for row in _rows("elements.csv")}


def _rows(name: str) -> list[dict[str, str]]:
    with (_DATA / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _bound(text: str) -> int | None:
    return int(text) if text else None
