"""What a consumer confirms, each text with its hash: the risk notice (风险告知书), giving up a return."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

from compliance.law import Law

# On what the return within seven days (七日无理由退货) may be excluded; the wording of each is a figure.
GROUNDS = ("opened", "activated", "near_expiry", "custom_made")


@dataclass(frozen=True, slots=True)
class Notice:
    """A version of a text to confirm: its statements in Chinese (which count) and English, and its hash."""

    version: str
    zh: tuple[str, ...]
    en: tuple[str, ...]
    sha256: str


def risk_notice(law: Law) -> Notice:
    """The notice in force; its hash is over version and both languages, so that any change asks anew."""
    return _read(law, "notice/risk_notice")


def return_exclusion(law: Law, ground: str) -> Notice:
    """What the consumer confirms of goods that carry this ground; raises NoFigure for an unknown one."""
    return _read(law, f"returns/wording_{ground}")


def _read(law: Law, figure: str) -> Notice:
    value = law.figure(figure)
    return _notice(value["version"], tuple(value["zh"]), tuple(value["en"]))


@lru_cache(maxsize=16)
def _notice(version: str, zh: tuple[str, ...], en: tuple[str, ...]) -> Notice:
    digest = hashlib.sha256("\n".join((version, *zh, *en)).encode()).hexdigest()
    return Notice(version, zh, en, digest)
