"""Guides are Markdown, a file a guide and language; a test runs the code in them and follows their links."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

FOLDER: Final = Path(__file__).parent / "guides"
LANGUAGES: Final = ("en", "zh")
_MARKDOWN: Final = MarkdownIt("commonmark", {"html": False}).enable("table")
# In the order in which they are read.
SLUGS: Final = (
    "first-call",
    "signing",
    "lists",
    "webhooks",
    "errors",
    "goods",
    "orders",
    "customs",
    "sheets",
    "personal-data",
    "going-live",
)


@dataclass(frozen=True, slots=True)
class Guide:
    """One guide: its title is its first heading."""

    slug: str
    title: str
    lead: str
    html: SafeString


@lru_cache
def guide(language: str, slug: str) -> Guide:
    """A guide, drawn; raw HTML in it is text."""
    text = source(language, slug)
    title, _, rest = text.removeprefix("# ").partition("\n")
    lead = rest.strip().partition("\n\n")[0]
    drawn = mark_safe(_MARKDOWN.render(text))  # noqa: S308  (the renderer escapes)
    return Guide(slug, title.strip(), lead.replace("`", ""), drawn)


def inline(text: str) -> SafeString:
    """A sentence, with its code as code; raw HTML in it is text."""
    drawn: SafeString = mark_safe(_MARKDOWN.renderInline(text))  # noqa: S308  (the renderer escapes)
    return drawn


def source(language: str, slug: str) -> str:
    """A guide as it was written."""
    return (FOLDER / language / f"{slug}.md").read_text(encoding="utf-8")


def guides(language: str) -> list[Guide]:
    """All of them, in their order."""
    return [guide(language, slug) for slug in SLUGS]
