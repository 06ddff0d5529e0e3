"""The texts that a consumer is asked to agree to: versioned, dated, in Chinese (which counts) and English.

A text may leave room for the names of a storefront's own brand and seller; what is agreed to, and hashed, is
the text with these names in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path

import yaml

FOLDER = Path(__file__).parent / "texts"
NOTICES = Path(__file__).parent / "notices"  # told, not asked


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
    names: tuple[str, ...] = ()

    def filled(self, names: Mapping[str, str]) -> ConsentText:
        """The text with its names in place, and its hash; raises KeyError for a name that it needs."""
        if not self.names:
            return self
        own = {name: names[name] for name in self.names}
        zh, en = self.zh.format(**own), self.en.format(**own)
        return replace(self, zh=zh, en=en, sha256=_digest(self.version, zh, en), names=())


NO_NAMES: Mapping[str, str] = {}


def current_text(
    kind: str, day: date, names: Mapping[str, str] = NO_NAMES, *, folder: Path | None = None
) -> ConsentText | None:
    """The text of `kind` in force on `day`, with these names in it; None when there is none."""
    versions = [text for text in read(folder or FOLDER).get(kind, ()) if text.first_day <= day]
    return versions[-1].filled(names) if versions else None


def current_texts(day: date, names: Mapping[str, str] = NO_NAMES) -> list[ConsentText]:
    """All texts in force on `day`, the required ones first, then by kind."""
    texts = [text for kind in read(FOLDER) if (text := current_text(kind, day, names)) is not None]
    return sorted(texts, key=lambda text: (not text.required, text.kind))


def required_kinds() -> list[str]:
    """The kinds without which the service cannot be given at all."""
    return [kind for kind, versions in read(FOLDER).items() if versions[0].required]


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
                    required=raw.get("required", False),
                    title_zh=raw["title_zh"],
                    title_en=raw["title_en"],
                    zh=entry["zh"].strip(),
                    en=entry["en"].strip(),
                    sha256=_digest(entry["version"], entry["zh"].strip(), entry["en"].strip()),
                    names=tuple(raw.get("names", ())),
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
