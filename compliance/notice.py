"""The risk notice (风险告知书) of a day, with the hash that a confirmation must carry."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

from compliance.law import Law


@dataclass(frozen=True, slots=True)
class RiskNotice:
    """A version of the notice: its statements in Chinese (which count) and English, and its hash."""

    version: str
    zh: tuple[str, ...]
    en: tuple[str, ...]
    sha256: str


def risk_notice(law: Law) -> RiskNotice:
    """The notice in force; its hash is over version and both languages, so that any change asks anew."""
    value = law.figure("notice/risk_notice")
    return _notice(value["version"], tuple(value["zh"]), tuple(value["en"]))


@lru_cache(maxsize=16)
def _notice(version: str, zh: tuple[str, ...], en: tuple[str, ...]) -> RiskNotice:
    digest = hashlib.sha256("\n".join((version, *zh, *en)).encode()).hexdigest()
    return RiskNotice(version, zh, en, digest)
