"""Declarations narrowed by district, by what they wait for, and to those that have stood for too long."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from customs.models import PortAccount
from customs.queries import SINCE, late, since
from customs.services.taxes import unpaid
from customs.states import AT_CUSTOMS
from customs.steps import Step
from kernel.clock import now
from operators import customs_words as words
from operators.bilingual import say
from operators.filters import Switch
from operators.scope import scope_of


def accounts_of(request: HttpRequest) -> QuerySet[PortAccount]:
    """The port accounts of one's own storefronts."""
    return scope_of(request).narrow(PortAccount.objects.order_by("customs_code", "id"), "storefront_id")


class DistrictFilter(admin.SimpleListFilter):
    """One customs district."""

    title = say("关区", "district")
    parameter_name = "district"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        codes = accounts_of(request).values_list("customs_code", flat=True)
        return [(code, code) for code in dict.fromkeys(codes)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        known = {value for value, _ in self.lookup_choices}
        return queryset.filter(account__customs_code=self.value()) if self.value() in known else queryset


class _CodeFilter(admin.SimpleListFilter):
    """One of the codes that a column may hold; asks the database nothing."""

    codes: Sequence[str] = ()

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        word = getattr(words, self.parameter_name or "")
        return [(code, word(code)) for code in self.codes]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = self.value()
        return queryset.filter(**{self.parameter_name or "": wanted}) if wanted in self.codes else queryset


class AwaitsFilter(_CodeFilter):
    """What a declaration waits for."""

    title = say("等待", "waits for")
    parameter_name = "awaits"
    codes = words.AWAITS


class TroubleFilter(_CodeFilter):
    """Why a declaration does not go on."""

    title = say("受阻原因", "why it does not go on")
    parameter_name = "trouble"
    codes = (*words.BLOCKS, *Step)


class UnpaidFilter(Switch):
    """Tax sheets that are neither paid nor void."""

    title = say("缴纳", "payment")
    parameter_name = "unpaid"
    yes = say("未缴", "to be paid")

    @classmethod
    def question(cls) -> Q:
        return unpaid()


class AtCustomsFilter(Switch):
    """Lists that customs has, and has not decided on."""

    title = say("通关", "clearance")
    parameter_name = "at_customs"
    yes = say("通关中", "in clearance")

    @classmethod
    def question(cls) -> Q:
        return Q(state__in=[state for state in SINCE if state in AT_CUSTOMS])


class OverFilter(Switch):
    """Declarations that have stood in their state for too long."""

    title = say("时限", "time")
    parameter_name = "over"
    yes = say("已超时", "over its time")

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.annotate(since=since()).filter(late(now())) if self.value() else queryset
