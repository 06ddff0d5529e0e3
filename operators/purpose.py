"""What each page is for, in a sentence, and what to do first where a list is empty: data/pages.csv."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import NamedTuple

from django.apps import apps
from django.http import HttpRequest

from operators.bilingual import chinese, say

_FILE = Path(__file__).parent / "data" / "pages.csv"
_LOOKED_AT = ("changelist", "add", "change", "step", "find")
_OF_ANY = ("history", "delete")  # what is said there is the same of every row
BY_ITSELF = say(
    "系统按业务进展自动记录，现在还没有。", "The system keeps these by itself; there is none yet."
)


class Page(NamedTuple):
    """A model's pages ("orders.Order"), one of their own ("work") or the same one of every model ("history");
    `first` is of lists alone."""

    zh: str
    en: str
    first_zh: str
    first_en: str


@cache
def pages() -> dict[str, Page]:
    """What the file says, by key."""
    with _FILE.open(encoding="utf-8", newline="") as lines:
        return {row.pop("key"): Page(**row) for row in csv.DictReader(lines)}


@cache
def _names() -> dict[str, str]:
    """The name by which a page's address is found → its key."""
    labels = {
        f"{model._meta.app_label}_{model._meta.model_name}": model._meta.label for model in apps.get_models()
    }
    found = {f"admin:{name}_{page}": label for name, label in labels.items() for page in _LOOKED_AT}
    found |= {f"admin:{name}_{page}": page for name in labels for page in _OF_ANY}
    return {**found, **{key: key for key in pages()}, "admin:index": "index"}


def page_named(name: str) -> Page | None:
    """What is said on the page of an address's name, None where there is nothing."""
    return pages().get(_names().get(name, ""))


def purpose_of(request: HttpRequest) -> str:
    """The sentence of the page that is asked for, in the reader's language; "" where it has none."""
    match = request.resolver_match
    page = page_named(match.view_name) if match else None
    if page is None:
        return ""
    return page.zh if chinese() else page.en


def first_of(label: str) -> str:
    """What to do first where the list of a model is empty, in the reader's language."""
    page = pages().get(label)
    told = page and (page.first_zh if chinese() else page.first_en)
    return told or str(BY_ITSELF)
