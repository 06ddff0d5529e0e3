"""What a copy of one's data calls what the tables keep as codes: each word in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml

_WORDS = Path(__file__).parent / "data" / "copy_words.yaml"


@cache
def words() -> dict[str, dict[str, dict[str, str]]]:
    """Every word, by kind and code, with its names {"zh": …, "en": …}."""
    found: dict[str, dict[str, dict[str, str]]] = yaml.safe_load(_WORDS.read_text(encoding="utf-8"))
    return found


def word(kind: str, code: str) -> str:
    """The word in both languages; empty stays empty, a code of an older release stands for itself."""
    names = words()[kind].get(code)
    return both(names) if names else code


def both(names: Mapping[str, str]) -> str:
    """A pair of names as one text."""
    return f"{names['zh']} {names['en']}"
