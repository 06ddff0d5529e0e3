"""The words in which a disclosure is told: recipients, purposes and fields, each in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

import yaml

WORDS = Path(__file__).parent / "data" / "disclosures.yaml"
Kind = Literal["recipients", "purposes", "fields"]
Words = Mapping[str, Mapping[str, str]]


@cache
def words(kind: Kind) -> Words:
    """Every word of a kind with its names {"zh": …, "en": …}."""
    found: Words = yaml.safe_load(WORDS.read_text(encoding="utf-8"))[kind]
    return found


def named(kind: Kind, word: str) -> Mapping[str, str]:
    """The names of one word; a word of an older release that is gone stands for itself."""
    return words(kind).get(word) or {"zh": word, "en": word}
