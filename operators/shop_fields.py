"""The parts of a shop's look as fields of a form, and what was typed as parts of a look again.

A shape knows both ways for one kind of part; what is right is said by `shopfront/form.py` alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import uuid4

from django import forms
from django.conf import settings
from django.utils.html import format_html
from django.utils.timezone import localtime
from unfold.widgets import (
    UnfoldAdminColorInputWidget,
    UnfoldAdminFileFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from operators.bilingual import say

Fields = dict[str, forms.Field]
Values = Mapping[str, Any]
Keep = Callable[[str, Any], dict[str, Any]]  # an upload of a use, stored
ZH, EN = say("中文", "Chinese"), say("英文", "English")
_LOCAL = "%Y-%m-%dT%H:%M"


class Shape(Protocol):
    """One kind of part."""

    def fields(self, name: str, value: Any) -> Fields:
        """Fields that show `value`; None for one that is not there yet."""

    def read(self, values: Values, name: str, old: Any, keep: Keep) -> Any:
        """The part as it was typed; `old` is what the form showed."""


@dataclass(frozen=True)
class Words:
    """A text in both languages."""

    label: Any
    most: int
    long: bool = False

    def fields(self, name: str, value: Any) -> Fields:
        widget = UnfoldAdminTextareaWidget if self.long else UnfoldAdminTextInputWidget
        return {
            f"{name}_{language}": forms.CharField(
                label=format_html("{} · {}", self.label, told),
                max_length=self.most,
                required=False,
                initial=(value or {}).get(language, ""),
                widget=widget(attrs={"rows": 3} if self.long else {}),
            )
            for language, told in (("zh", ZH), ("en", EN))
        }

    def read(self, values: Values, name: str, old: Any, keep: Keep) -> Any:
        return {language: values[f"{name}_{language}"].replace("\r\n", "\n") for language in ("zh", "en")}


@dataclass(frozen=True)
class Plain:
    """A text that is the same in both languages."""

    label: Any
    most: int

    def fields(self, name: str, value: Any) -> Fields:
        widget = UnfoldAdminTextInputWidget()
        return {
            name: forms.CharField(
                label=self.label, max_length=self.most, required=False, initial=value, widget=widget
            )
        }

    def read(self, values: Values, name: str, old: Any, keep: Keep) -> Any:
        return values[name]


@dataclass(frozen=True)
class Colour:
    """A colour, chosen by eye or typed."""

    label: Any

    def fields(self, name: str, value: Any) -> Fields:
        widget = UnfoldAdminColorInputWidget()
        return {name: forms.CharField(label=self.label, max_length=7, initial=value, widget=widget)}

    def read(self, values: Values, name: str, old: Any, keep: Keep) -> Any:
        return values[name].lower()


@dataclass(frozen=True)
class Choice:
    """One of some words, each with its name."""

    label: Any
    choices: Mapping[Any, Any]

    def fields(self, name: str, value: Any) -> Fields:
        named = [(key, told) for key, told in self.choices.items()]
        start = next(iter(self.choices)) if value is None else value
        widget = UnfoldAdminSelectWidget()
        return {name: forms.ChoiceField(label=self.label, choices=named, initial=start, widget=widget)}

    def read(self, values: Values, name: str, old: Any, keep: Keep) -> Any:
        return next(key for key in self.choices if str(key) == values[name])


@dataclass(frozen=True)
class Number:
    """A small number."""

    label: Any
    most: int
    start: int

    def fields(self, name: str, value: Any) -> Fields:
        widget = UnfoldAdminIntegerFieldWidget()
        start = self.start if value is None else value
        return {
            name: forms.IntegerField(
                label=self.label, initial=start, widget=widget, min_value=1, max_value=self.most
            )
        }

    def read(self, values: Values, name: str, old: Any, keep: Keep) -> Any:
        return values[name]


@dataclass(frozen=True)
class Flag:
    """Yes or no."""

    label: Any

    def fields(self, name: str, value: Any) -> Fields:
        widget = UnfoldBooleanSwitchWidget()
        return {
            name: forms.BooleanField(label=self.label, required=False, initial=bool(value), widget=widget)
        }

    def read(self, values: Values, name: str, old: Any, keep: Keep) -> Any:
        return values[name]


@dataclass(frozen=True)
class Instant:
    """A time, or none."""

    label: Any

    def fields(self, name: str, value: Any) -> Fields:
        start = localtime(datetime.fromisoformat(value)) if value else None
        widget = forms.DateTimeInput(
            format=_LOCAL, attrs={"type": "datetime-local", "class": " ".join(_INPUT)}
        )
        return {
            name: forms.DateTimeField(
                label=self.label, required=False, initial=start, widget=widget, input_formats=[_LOCAL]
            )
        }

    def read(self, values: Values, name: str, old: Any, keep: Keep) -> Any:
        return values[name].isoformat() if values[name] else None


@dataclass(frozen=True)
class Codes:
    """Codes, one a line."""

    label: Any

    def fields(self, name: str, value: Any) -> Fields:
        widget = UnfoldAdminTextareaWidget(attrs={"rows": 4})
        start = "\n".join(value or ())
        return {name: forms.CharField(label=self.label, required=False, initial=start, widget=widget)}

    def read(self, values: Values, name: str, old: Any, keep: Keep) -> Any:
        return values[name].split()


@dataclass(frozen=True)
class PictureOf:
    """A picture for a use (services.pictures.USES): kept, replaced or taken away."""

    label: Any
    use: str

    def fields(self, name: str, value: Any) -> Fields:
        shown = self.label
        if value:
            source = f"{settings.MEDIA_URL}{value['thumbnail_path']}"
            shown = format_html('{} <img src="{}" alt="" class="shop-thumbnail">', self.label, source)
        accept = {"accept": "image/jpeg,image/png,image/webp"}
        found: Fields = {
            f"{name}_file": forms.FileField(
                label=shown, required=False, widget=UnfoldAdminFileFieldWidget(attrs=accept)
            )
        }
        if value:
            found[f"{name}_gone"] = forms.BooleanField(
                label=say("去除此图片", "take this picture away"),
                required=False,
                widget=UnfoldBooleanSwitchWidget(),
            )
        return found

    def read(self, values: Values, name: str, old: Any, keep: Keep) -> Any:
        if values[f"{name}_file"]:
            return keep(self.use, values[f"{name}_file"])
        return None if values.get(f"{name}_gone") else old


@dataclass(frozen=True)
class Group:
    """Several parts by name; those `fixed` are what they are, and nobody types them."""

    parts: Mapping[str, Shape]
    fixed: Mapping[str, Any] | None = None
    numbered: bool = False  # it has an id of its own, given here

    def fields(self, name: str, value: Any) -> Fields:
        made: Fields = {}
        for part, shape in self.parts.items():
            made |= shape.fields(_below(name, part), (value or {}).get(part))
        return made

    def read(self, values: Values, name: str, old: Any, keep: Keep) -> Any:
        told = {
            part: shape.read(values, _below(name, part), (old or {}).get(part), keep)
            for part, shape in self.parts.items()
        }
        given = {"id": (old or {}).get("id") or uuid4().hex[:12]} if self.numbered else {}
        return {**given, **(self.fixed or {}), **told}


@dataclass(frozen=True)
class Rows:
    """A list of parts, each with its place: empty takes it away, and rows for `more` wait at the end."""

    label: Any
    inner: Shape
    more: int = 2

    def fields(self, name: str, value: Any) -> Fields:
        made: Fields = {}
        rows = [*(value or ()), *[None] * self.more]
        for number, row in enumerate(rows):
            known = row is not None
            told = say("顺序；留空即删除", "its place; empty takes it away")
            made[f"{name}-{number}_place"] = forms.IntegerField(
                label=format_html("{} {}", self.label, number + 1),
                required=False,
                min_value=1,
                max_value=99,
                initial=number + 1 if known else None,
                help_text=told if known else say("新增一项（可留空）", "one more; may stay empty"),
                widget=UnfoldAdminIntegerFieldWidget(),
            )
            made |= self.inner.fields(f"{name}-{number}", row)
        return made

    def read(self, values: Values, name: str, old: Any, keep: Keep) -> Any:
        before: Sequence[Any] = old or ()
        found = []
        for number in range(len(before) + self.more):
            row, place = f"{name}-{number}", values.get(f"{name}-{number}_place")
            known = number < len(before)
            if place is None and (known or not _typed(values, row)):
                continue
            part = self.inner.read(values, row, before[number] if known else None, keep)
            found.append((place or 99, number, part))
        return [part for _, _, part in sorted(found, key=lambda one: one[:2])]


@dataclass(frozen=True)
class Each:
    """The same parts for each of some names, in their order: the four tabs."""

    named: Mapping[str, Any]
    key: str
    parts: Mapping[str, Callable[[Any], Shape]]

    def _group(self, one: str) -> Group:
        parts = {part: make(self.named[one]) for part, make in self.parts.items()}
        return Group(parts, fixed={self.key: one})

    def fields(self, name: str, value: Any) -> Fields:
        old = {row[self.key]: row for row in value or ()}
        made: Fields = {}
        for one in self.named:
            made |= self._group(one).fields(_below(name, one), old.get(one))
        return made

    def read(self, values: Values, name: str, old: Any, keep: Keep) -> Any:
        before = {row[self.key]: row for row in old or ()}
        return [self._group(one).read(values, _below(name, one), before.get(one), keep) for one in self.named]


def form_of(shape: Shape, value: Any) -> type[forms.Form]:
    """A form that shows `value`."""
    return type("ShopForm", (forms.Form,), shape.fields("", value))


def _below(name: str, part: str) -> str:
    return f"{name}-{part}" if name else part


def _typed(values: Values, row: str) -> bool:
    """Whether anything was typed or uploaded into a new row; of a list something is always chosen."""
    texts = ("_zh", "_en", "_file", "-code")
    mine = (
        value
        for name, value in values.items()
        if name.startswith((f"{row}_", f"{row}-")) and name.endswith(texts)
    )
    return any(mine)


_INPUT = (
    *("border", "border-base-200", "bg-white", "font-medium", "min-w-20", "rounded-default", "shadow-xs"),
    *("px-3", "py-2", "w-full", "max-w-2xl", "text-sm", "dark:bg-base-900", "dark:border-base-700"),
)
