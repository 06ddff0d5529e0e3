"""Notices of an incident, drafted from its facts in Chinese and English; nothing personal goes into one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from compliance.incidents import Duty
from compliance.models.incident import Incident
from kernel.clock import SHANGHAI
from kernel.money import yuan

FOLDER = Path(__file__).parent / "texts" / "incident"
LANGUAGES = ("zh", "en")

# What the facts of an incident are called in a notice.
_WORDS: dict[str, tuple[str, str]] = {
    "leak": ("泄露", "leak"),
    "altered": ("篡改", "alteration"),
    "lost": ("丢失", "loss"),
    "": ("尚未判定", "not yet assessed"),
    "ordinary": ("一般", "ordinary (一般)"),
    "larger": ("较大", "larger (较大)"),
    "major": ("重大", "major (重大)"),
    "extraordinary": ("特别重大", "extraordinary (特别重大)"),
    "unknown": ("正在调查", "under investigation"),
    "not yet": ("尚未", "not yet"),
    "waived": ("不通知，理由：", "not told, because: "),
}


def draft(*, incident: Incident, duty: Duty) -> tuple[str, str]:
    """The notice of this duty in Chinese and in English, as the incident's facts stand now."""
    texts = _read(duty)
    zh, en = (texts[language].strip().format(**_facts(incident, language)) for language in LANGUAGES)
    return zh, en


def kinds() -> dict[str, dict[str, Any]]:
    """The kinds of data by code, each with its names, its harm and advice in both languages, and fields."""
    return _read("kinds")


def kinds_of(labels: Iterable[str]) -> list[str]:
    """The kinds of data that labels of sealed fields ("orders.order.phone") belong to, in table order."""
    fields = {label.rpartition(".")[2] for label in labels}
    return [code for code, kind in kinds().items() if fields & {*kind["fields"]}]


def _facts(incident: Incident, language: str) -> dict[str, str]:
    concerned = [kinds()[code] for code in incident.data_kinds if code in kinds()]

    def told(at: datetime | None) -> str:
        return _instant(at) if at else _word("not yet", language)

    def joined(part: str) -> str:
        parts = [kind[part] for kind in concerned] or [_word("unknown", language)]
        return ("；" if language == "zh" else "; ").join(parts)

    persons_told = told(incident.persons_told_at)
    if incident.persons_waived and not incident.persons_told_at:
        persons_told = _word("waived", language) + incident.persons_waived
    return {
        "number": incident.number,
        "title": incident.title,
        "contact": incident.contact,
        "kind": _word(incident.kind, language),
        "severity": _word(incident.severity, language),
        "detected": _instant(incident.detected_at),
        "window": f"{_instant(incident.window_from)} – {_instant(incident.window_to)}",
        "persons": f"{incident.persons:,}",
        "loss": yuan(incident.loss_fen),
        "data": joined(language),
        "harm": joined(f"harm_{language}"),
        "advice": joined(f"advice_{language}"),
        "cause": getattr(incident, f"cause_{language}") or _word("unknown", language),
        "measures": getattr(incident, f"measures_{language}") or _word("unknown", language),
        "reported": told(incident.authority_told_at),
        "told": persons_told,
        "contained": told(incident.contained_at),
    }


def _word(code: str, language: str) -> str:
    return _WORDS[code][LANGUAGES.index(language)]


def _instant(at: datetime) -> str:
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M} (UTC+8)"


@cache
def _read(name: str) -> dict[str, Any]:
    raw: dict[str, Any] = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    return raw
