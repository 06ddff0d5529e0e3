"""The texts that a consumer is asked to agree to: versioned, dated, in Chinese (which counts) and English."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import yaml

FOLDER = Path(__file__).parent / "texts"


@dataclass(frozen=True, slots=True)
class ConsentText:
    """One version of one text. `required` says that without it the service cannot be given at all."""

    kind: str
    version: str
    first_day: date
    required: bool
    title_zh: str
    title_en: str
    zh: str
    en: str
    sha256: str


def current_text(kind: str, day: date) -> ConsentText | None:
    """The text of `kind` in force on `day`; None when there is none."""
    versions = [text for text in read(FOLDER).get(kind, ()) if text.first_day <= day]
    return versions[-1] if versions else None


def current_texts(day: date) -> list[ConsentText]:
    """All texts in force on `day`, the required ones first, then by kind."""
    texts = [text for kind in read(FOLDER) if (text := current_text(kind, day)) is not None]
    return sorted(texts, key=lambda text: (not text.required, text.kind))


@cache
def read(folder: Path) -> dict[str, tuple[ConsentText, ...]]:
    """Every text of a folder by kind, versions in order of their first days, which differ."""
    texts: dict[str, tuple[ConsentText, ...]] = {}
    for path in sorted(folder.glob("*.yaml")):
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
        versions = sorted(
            (
                ConsentText(
                    kind=path.stem,
                    version=entry["version"],
                    first_day=entry["from"],
                    required=raw["required"],
                    title_zh=raw["title_zh"],
                    title_en=raw["title_en"],
                    zh=entry["zh"].strip(),
                    en=entry["en"].strip(),
                    sha256=_digest(entry["version"], entry["zh"].strip(), entry["en"].strip()),
                )
                for entry in raw["versions"]
            ),
            key=lambda text: text.first_day,
        )
        if len({text.first_day for text in versions}) != len(versions):
            raise ValueError(f"{path.stem}: two versions begin on one day")
        texts[path.stem] = tuple(versions)
    return texts


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
