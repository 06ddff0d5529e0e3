"""Templates name a text in both languages; the reader's one is shown."""

from __future__ import annotations

from django import template

from operators.bilingual import chinese

register = template.Library()


@register.simple_tag
def both(zh: str, en: str) -> str:
    """The Chinese or the English text."""
    return zh if chinese() else en
