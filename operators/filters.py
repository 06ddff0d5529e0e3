"""Filters that never list another storefront, and one that finds people without naming them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest

from kernel.clock import now
from operators.bilingual import say
from operators.names import state_name
from operators.scope import scope_of


def is_number(text: str) -> bool:
    """Whether an address's piece can be a primary key: plain digits that fit a bigint."""
    return text.isascii() and text.isdecimal() and len(text) < 19


class StorefrontFilter(admin.SimpleListFilter):
    """The operator's own storefronts, offered when there are several."""

    title = say("店铺", "storefront")
    parameter_name = "storefront"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        names = scope_of(request).names
        if model_admin.scope_path in {"", "*"} or len(names) < 2:
            return []
        return [(str(id), name) for id, name in names.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = self.value()
        if not wanted or not is_number(wanted):
            return queryset
        path = self.path or "storefront_id"
        return queryset.filter(**{path: int(wanted)})

    path = ""

    @classmethod
    def at(cls, path: str) -> type[StorefrontFilter]:
        """The filter for rows that name their storefront at another place."""
        return type("StorefrontFilter", (cls,), {"path": path})


def states(field: str, title: Any = None) -> type[admin.SimpleListFilter]:
    """A filter over the choices of a field, in the reader's language; asks the database nothing."""

    class StateFilter(admin.SimpleListFilter):
        parameter_name = field

        def __init__(self, request: Any, params: Any, model: Any, model_admin: Any) -> None:
            self.title = title or model._meta.get_field(field).verbose_name
            super().__init__(request, params, model, model_admin)

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
            choices = model_admin.model._meta.get_field(field).flatchoices
            return [
                (value, state_name(value, label, model_admin.model._meta.label)) for value, label in choices
            ]

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            known = {value for value, _ in self.lookup_choices}
            return queryset.filter(**{field: self.value()}) if self.value() in known else queryset

    return StateFilter


def known(field: str, options: Callable[[], Iterable[tuple[str, Any]]]) -> type[admin.SimpleListFilter]:
    """A filter over the values that a field can have: to look which it has would read the whole table."""

    class KnownFilter(admin.SimpleListFilter):
        parameter_name = field

        def __init__(self, request: Any, params: Any, model: Any, model_admin: Any) -> None:
            self.title = model._meta.get_field(field).verbose_name
            super().__init__(request, params, model, model_admin)

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
            return list(options())

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            offered = {str(value) for value, _ in self.lookup_choices}
            return queryset.filter(**{field: self.value()}) if self.value() in offered else queryset

    return KnownFilter


class Switch(admin.SimpleListFilter):
    """One question that a row answers with yes or is left out."""

    yes: Any = ""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("1", self.yes)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(self.question()) if self.value() else queryset

    @classmethod
    def question(cls) -> Q:
        raise NotImplementedError


class LateFilter(Switch):
    """Deliveries that should have been done a minute ago."""

    title = say("投递", "delivery")
    parameter_name = "late"
    yes = say("逾一分钟未完成", "not done after a minute")

    @classmethod
    def question(cls) -> Q:
        return Q(done_at=None, event__at__lt=now() - timedelta(minutes=1))


class UnmadeFilter(Switch):
    """Copies of their data that consumers asked for and that no worker has made yet."""

    title = say("进展", "progress")
    parameter_name = "unmade"
    yes = say("尚未生成", "not made yet")

    @classmethod
    def question(cls) -> Q:
        return Q(file=None, expires_at__gt=now())


FEW = 10


class FewFilter(Switch):
    """Stock that runs out."""

    title = say("余量", "left")
    parameter_name = "few"
    yes = say(f"可售不多于 {FEW} 件", f"{FEW} pieces or fewer")

    @classmethod
    def question(cls) -> Q:
        return Q(on_hand__lte=F("reserved") + F("quarantined") + FEW) | Q(stopped=True)


class BlindFilter(admin.SimpleListFilter):
    """Rows of one phone or identity number, named by a blind index so that no address bar shows it."""

    title = say("按加密索引查找", "found by blind index")
    parameter_name = "blind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(self.value() or "", say("已匹配", "matched"))] if self.value() else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        try:
            wanted = [bytes.fromhex(part) for part in (self.value() or "").split("-") if part]
        except ValueError:
            return queryset.none()
        if not wanted:
            return queryset
        found = Q()
        for field in self.fields:
            found |= Q(**{f"{field}__in": wanted})
        return queryset.filter(found)

    fields: tuple[str, ...] = ()

    @classmethod
    def over(cls, *fields: str) -> type[BlindFilter]:
        """The filter over these index columns."""
        return type("BlindFilter", (cls,), {"fields": fields})
