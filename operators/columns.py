"""What a column or a read-only field looks like: amounts in yuan, states as labels, documents as text."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import admin
from django.db import models
from django.utils.functional import lazy
from django.utils.html import format_html, format_html_join

from operators import amounts
from operators.bilingual import chinese
from operators.names import state_name
from operators.told import page_of

_COLOURS = {
    "success": "paid succeeded published done settled taken verified open confirmed",
    "warning": "placed closing created prepared queued running held stated received draft pending",
    "danger": "stray failed rejected refused",
    "info": "duplicate ignored released discarded exported answered",
}
COLOURS = {state: colour for colour, states in _COLOURS.items() for state in states.split()}


def column_of(name: Any, model: type[models.Model]) -> Any:
    """Amounts are shown in yuan and states as coloured labels; the rest as it is."""
    if not isinstance(name, str) or not has_field(model, name):
        return name
    field = model._meta.get_field(name)
    if is_named(field):
        shown = _named_column(name, linked=False)
    elif name.endswith("_fen"):
        shown = amounts.column(name)
    elif isinstance(field, models.Field) and field.choices:
        shown = _state_column(name, dict(field.flatchoices), model._meta.label)
    else:
        return name
    shown.short_description = field.verbose_name  # type: ignore[union-attr]
    return shown


def _state_column(name: str, labels: dict[Any, Any], owner: str) -> Any:
    def state(row: Any) -> Any:
        value = getattr(row, name)
        if value in (None, ""):
            return None
        return value, state_name(value, labels.get(value, value), owner)

    state.admin_order_field = name  # type: ignore[attr-defined]
    state.label = {value: COLOURS.get(str(value), "") for value in labels}  # type: ignore[attr-defined]
    return state


def worded(name: str, title: Any, owner: str = "") -> Any:
    """A column for a code that is no declared choice, called what `state` rows of names.csv call it."""

    @admin.display(description=title, ordering=name)
    def word(row: Any) -> str:
        value = getattr(row, name)
        return state_name(value, value, owner) if value else "-"

    return word


# Rows that are named by what they belong to.
_COMPOSED: dict[str, Callable[[Any], Iterable[Any]]] = {
    "inventory.Stock": lambda row: (row.variant.sku, name_of(row.warehouse)),
    "inventory.Lot": lambda row: (row.code or "—", row.inbound_list, row.stock.variant.sku),
    "returns.ReturnPolicy": lambda row: (name_of(row.storefront), row.starts_on),
    "logistics.CarrierAccount": lambda row: (
        state_name(row.provider, row.get_provider_display()),
        row.customer_code,
    ),
    "inventory.Reservation": lambda row: (f"{row.stock.variant.sku} × {row.quantity}", row.holder),
}


def is_named(field: Any) -> bool:
    """Whether a field points at rows that have a name in both languages: a storefront, warehouse, brand …"""
    target = getattr(field, "related_model", None)
    if not isinstance(target, type) or not issubclass(target, models.Model):
        return False
    return has_field(target, "name_zh") or target._meta.label in _COMPOSED


def name_of(row: Any) -> str:
    """The name of such a row in the reader's language; its code where it has none."""
    if parts := _COMPOSED.get(row._meta.label):
        return " · ".join(str(part) for part in parts(row) if part)
    name = row.name_zh if chinese() else getattr(row, "name_en", None) or getattr(row, "name", "")
    return str(name or row)


def named_shown(field: Any) -> Any:
    """Such a field on a page: the name, leading to the row."""
    column = _named_column(field.name, linked=True)
    column.short_description = _label(field)
    return column


def _named_column(name: str, *, linked: bool) -> Any:
    def named(row: Any) -> Any:
        target = getattr(row, name)
        if target is None:
            return "-"
        text = name_of(target)
        return format_html('<a class="text-link" href="{}">{}</a>', page_of(target), text) if linked else text

    named.admin_order_field = name  # type: ignore[attr-defined]
    return named


def choice_shown(labels: dict[Any, Any], owner: str) -> Callable[[Any], Any]:
    by_label = {str(label): value for value, label in labels.items()}

    def shown(contents: Any) -> Any:
        value = by_label.get(str(contents))
        return contents if value is None else state_name(value, labels[value], owner)

    return shown


def is_document(field: Any) -> bool:
    return isinstance(field, models.JSONField)


def _name_of(field: Any) -> str:
    return str(field.verbose_name)


_label: Any = lazy(_name_of, str)  # pages are made before the names are laid over the models


def document_shown(field: Any) -> Any:
    """A JSON column as text to read, Chinese as Chinese."""

    @admin.display(description=_label(field))
    def document(row: Any) -> Any:
        value = getattr(row, field.attname)
        if isinstance(value, dict) and value and set(value) <= {"zh", "en"}:  # said in both languages
            value = value.get("zh" if chinese() else "en")
            if isinstance(value, dict):
                return format_html_join("", "<div>{}: {}</div>", value.items())
        if not value:
            return "-"
        if isinstance(value, list) and all(isinstance(one, list) for one in value):  # of pairs a line each
            return format_html_join("", "<div>{}</div>", ((" ".join(map(str, one)),) for one in value))
        text = json.dumps(value, ensure_ascii=False, indent=2, default=str)
        return format_html('<pre class="whitespace-pre-wrap break-words text-xs">{}</pre>', text)

    return document


def has_choices(model: type[models.Model], name: str) -> bool:
    """Whether a column of this name holds one of a few words."""
    return any(field.name == name and field.choices for field in model._meta.concrete_fields)


def has_field(model: type[models.Model], name: str) -> bool:
    return any(field.name == name for field in model._meta.get_fields())
