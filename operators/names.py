"""The Chinese names of what the admin shows, laid over the models at start; English ones are the models' own.

Laying them over changes no migration: those are written from what the models declare.
"""

from __future__ import annotations

import csv
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db import models
from django.utils import translation
from django.utils.functional import lazy
from django.utils.translation import get_language

from operators.bilingual import chinese, say

_FILE = Path(__file__).parent / "data" / "names.csv"
_UNCOUNTED = ("evidence", "stock")


@lru_cache(maxsize=1)
def _names() -> dict[tuple[str, str], tuple[str, str]]:
    """(kind, key) → (Chinese, English or "").

    Kinds are app, model, field and state, laid over models, one model's own ("orders.OrderLine.customs",
    "customs.TaxSheet:1") before what a word means everywhere; help by its text; event, case, reason, thing
    and fact, which name codes of events and cases; todo says what to do about a case, datum names sealed
    data.
    """
    with _FILE.open(encoding="utf-8", newline="") as lines:
        return {(row["kind"], row["key"]): (row["zh"], row["en"]) for row in csv.DictReader(lines)}


def _pick_help(zh: str, en: str, own: str) -> str:
    language = get_language()
    if language is None:  # migrations are written with no language: they keep the model's own text
        return own
    return zh if language.startswith("zh") else en


_help: Any = lazy(_pick_help, str)


def chinese_name(kind: str, key: str) -> str:
    """The Chinese name of an app, model ("orders.Order") or field; "" where there is none."""
    return _names().get((kind, key), ("", ""))[0]


def named(kind: str, key: str) -> str:
    """The name in the reader's language; "" where there is none."""
    zh, en = _names().get((kind, key), ("", ""))
    return zh if chinese() else en


def state_name(value: Any, label: Any, owner: str = "") -> str:
    """What a state or another choice is called in the reader's language.

    `label` is the model's own; `owner` names the model where the same word means another thing.
    """
    names = _names()
    found = names.get(("state", f"{owner}:{value}")) or names.get(("state", str(value)))
    zh, en = found or ("", "")
    if not found and " · " in str(label):  # a choice that the model names in both languages
        zh, _, en = str(label).partition(" · ")
    if chinese():
        return zh or str(label)
    return en or (str(label) if str(label) != str(value) else str(value).replace("_", " "))


def lay_over() -> None:
    """Give apps, models and fields a name in both languages."""
    with translation.override("en"):  # Django's own names are read here as the English ones
        for config in apps.get_app_configs():
            zh, en = _names().get(("app", config.label), ("", ""))
            if zh:
                config.verbose_name = say(zh, en or str(config.verbose_name))
            for model in config.get_models():
                _name_model(model)


def _name_model(model: type[models.Model]) -> None:
    meta = model._meta
    zh, en = _names().get(("model", meta.label), ("", ""))
    if zh:
        given = str(meta.verbose_name_plural)
        own = "" if given == f"{meta.verbose_name}s" else given  # what Django has only added an s to
        en = en or str(meta.verbose_name)
        meta.verbose_name = say(zh, en)
        meta.verbose_name_plural = say(zh, own or plural(en))
        for field in meta.concrete_fields:
            _name_field(meta.label, field)


def plural(noun: str) -> str:
    """The plural of an English noun, of several words too: "copy of a bill" becomes "copies of a bill"."""
    head, *rest = re.split(r"(?= (?:of|to) )", noun, maxsplit=1)
    if head.endswith(_UNCOUNTED):
        return noun
    if head.endswith("y") and head[-2:-1] not in "aeiou":
        head = head.removesuffix("y") + "ie"
    elif head.endswith(("s", "x", "ch", "sh")):
        head += "e"
    return "".join((f"{head}s", *rest))


def _name_field(owner: str, field: Any) -> None:
    text = str(field.help_text)
    if helped := _names().get(("help", text)):
        field.help_text = _help(helped[0], helped[1] or text, text)
    names = _names()
    zh, en = names.get(("field", f"{owner}.{field.name}")) or names.get(("field", field.name), ("", ""))
    en = en or str(field.verbose_name)
    if field.name.endswith("_fen"):
        zh, en = f"{zh}（元）", f"{en.removesuffix(' fen')} (CNY)"
    if zh:
        field.verbose_name = say(zh, en)
