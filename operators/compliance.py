"""The law's own tables are the same for all; what it remembers of persons is read by the platform alone."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from compliance import consent_texts
from compliance.disclosures import Kind, named
from compliance.models import VALUE
from kernel.money import priced
from operators import told
from operators.base import Scoped, register
from operators.bilingual import chinese, say
from operators.columns import worded
from operators.filters import states
from operators.scope import DECIDERS, PLATFORM, SHARED


def consent_title(kind: str) -> str:
    """What a consent is called on the consumer's own screen."""
    versions = consent_texts.read(consent_texts.FOLDER).get(kind)
    if not versions:
        return kind
    return versions[-1].title_zh if chinese() else versions[-1].title_en


class ConsentFilter(admin.SimpleListFilter):
    """One kind of consent."""

    title = say("授权", "consent")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(kind, consent_title(kind)) for kind in consent_texts.read(consent_texts.FOLDER)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        known = {kind for kind, _ in self.lookup_choices}
        return queryset.filter(kind=self.value()) if self.value() in known else queryset


class TableFilter(admin.SimpleListFilter):
    """Accesses to the data of one table: a label begins with it."""

    title = say("数据", "data")
    parameter_name = "table"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("customers.customer", say("消费者", "consumers")),
            ("customers.address", say("收货地址", "addresses")),
            ("customers.identity", say("身份信息", "identities")),
            ("orders.order", say("订单", "orders")),
            ("compliance", say("合规记录", "records of compliance")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        known = {table for table, _ in self.lookup_choices}
        return queryset.filter(what__startswith=self.value()) if self.value() in known else queryset


_MEASURED = {"used": ("已用", "used"), "reserved": ("占用", "reserved"), "amount": ("数量", "amount")}


def measured(field: str, account: str = "") -> Any:
    """A list column for what is counted in a measure: yuan for the value, grams for anything else."""

    @admin.display(description=say(*_MEASURED[field]), ordering=field)
    def amount(row: Any) -> str:
        of = getattr(row, account) if account else row
        value = getattr(row, field)
        return priced(value) if of.measure == VALUE else f"{value} g"

    return amount


@register("compliance.DataKey")
class DataKeyAdmin(Scoped):
    """Which keys there are and when they end; the keys themselves are never shown."""

    readers = DECIDERS
    list_display = ("id", "kind", "master_key_id", "destroy_on", "destroyed_at", "storefront_name")
    list_filter = (states("kind"), "destroy_on")
    ordering = ("-id",)


@register("compliance.Person")
class PersonAdmin(Scoped):
    """Human beings behind verified numbers, over all storefronts: no name, no number."""

    scope_path = PLATFORM
    list_display = ("id", "created_at")
    list_filter = ("created_at",)
    ordering = ("-id",)


@register("compliance.Subject")
class SubjectAdmin(Scoped):
    """Whom sealed data is about."""

    hidden = ("person", "key")
    list_display = ("id", "created_at", "erased_at", "storefront_name")
    list_filter = ("created_at",)
    ordering = ("-id",)


@register("compliance.AllowanceAccount")
class AllowanceAccountAdmin(Scoped):
    """A person's year over all storefronts: what another storefront sold is not a storefront's to see."""

    scope_path = PLATFORM
    list_display = (
        "person",
        "year",
        worded("measure", say("计量项目", "measure")),
        measured("used"),
        measured("reserved"),
    )
    list_filter = ("year",)
    search_fields = ("measure__startswith",)
    list_select_related = ("person",)
    ordering = ("-id",)


@register("compliance.AllowanceEntry")
class AllowanceEntryAdmin(Scoped):
    """Each movement of an allowance."""

    scope_path = PLATFORM
    list_display = (
        "order_number",
        "kind",
        "source",
        "target",
        measured("amount", "account"),
        "reference",
        "at",
    )
    list_select_related = ("account",)
    list_filter = (states("kind"), "at")
    search_fields = ("order_number__startswith",)
    ordering = ("-id",)


@register("compliance.PayerCheck")
class PayerCheckAdmin(Scoped):
    """Whether the payer of an order is its orderer, and until when a difference can be mended."""

    list_display = (
        "order_number",
        "state",
        "port",
        "asked_at",
        "answered_at",
        "deadline_at",
        "storefront_name",
    )
    list_filter = (states("state"), "opened_at")
    search_fields = ("order_number__startswith",)
    ordering = ("-id",)


@register("compliance.Consent")
class ConsentAdmin(Scoped):
    """Who agreed to what, in which version, and until when."""

    fields = ("titled", "version", "given_at", "withdrawn_at", "text_hash", "storefront_name")
    list_display = ("titled", "version", "given_at", "withdrawn_at", "storefront_name")
    list_filter = (ConsentFilter, "given_at", "withdrawn_at", ("withdrawn_at", admin.EmptyFieldListFilter))
    search_fields = ("kind__startswith",)
    ordering = ("-id",)

    @admin.display(description=say("授权", "consent"), ordering="kind")
    def titled(self, row: Any) -> str:
        return consent_title(row.kind)


@register("compliance.Access")
class AccessAdmin(Scoped):
    """Who opened whose personal data, and what for."""

    readers = DECIDERS | {"auditor"}
    fields = ("at", "who", "datum", "what", "ref", "purpose", "storefront_name")
    list_display = ("at", "who", "datum", "ref", "purpose", "storefront_name")
    list_filter = (TableFilter, "at")
    search_fields = ("who__startswith", "ref__startswith", "what__startswith", "purpose__startswith")
    search_help_text = say(
        "操作者、对象编号、数据标签或目的", "Operator, number of the row, label or purpose"
    )
    ordering = ("-id",)

    @admin.display(description=say("数据", "datum"), ordering="what")
    def datum(self, row: Any) -> str:
        return told.datum_name(row.what)


@register("compliance.ChainLink")
class ChainLinkAdmin(Scoped):
    """The chains of the logs; `manage.py audit verify` reads them against the rows."""

    readers = DECIDERS | {"auditor"}
    hidden = ("prev", "digest", "hash")
    list_display = ("chained_at", worded("log", say("日志", "log")), "position", "row_id", "storefront_name")
    list_filter = ("chained_at",)
    ordering = ("-id",)


@register("compliance.NoticeSeen")
class NoticeSeenAdmin(Scoped):
    """Who was told what is done by contract and law."""

    hidden = ("subject",)
    list_display = ("at", worded("kind", say("类型", "kind")), "version", "storefront_name")
    list_filter = ("at",)
    ordering = ("-id",)


@register("compliance.Disclosure")
class DisclosureAdmin(Scoped):
    """To whom personal data was given, what for and on which basis; never the data itself."""

    hidden = ("subject",)
    readers = DECIDERS | {"auditor"}
    fields = (
        "at",
        "recipient_kind",
        "recipient",
        "country",
        "what_for",
        "basis",
        "which",
        "order_number",
        "storefront_name",
    )
    list_display = (
        "at",
        "recipient_kind",
        "recipient",
        "what_for",
        "which",
        "order_number",
        "storefront_name",
    )
    list_filter = (states("recipient_kind"), "at")
    search_fields = ("order_number__startswith", "recipient__startswith")
    ordering = ("-id",)

    @admin.display(description=say("目的", "purpose"), ordering="purpose")
    def what_for(self, row: Any) -> str:
        return _told("purposes", row.purpose)

    @admin.display(description=say("提供的信息", "which data"))
    def which(self, row: Any) -> str:
        return ", ".join(_told("fields", name) for name in row.fields)


def _told(kind: Kind, word: str) -> str:
    return named(kind, word)["zh" if chinese() else "en"]


@register("compliance.PositiveListLine")
class PositiveListLineAdmin(Scoped):
    """What the positive list says of a code from a day on, with source and confidence."""

    scope_path = SHARED
    list_display = (
        "hs_code",
        "name_zh",
        "first_day",
        "listed",
        "remark",
        "limit_group",
        "confidence",
    )
    list_filter = ("listed", "limit_group", states("confidence"), "first_day")
    search_fields = ("hs_code__startswith", "name_zh", "remark")
    ordering = ("hs_code", "-first_day")


@register("compliance.TariffLine")
class TariffLineAdmin(Scoped):
    """The rates of the tariff from their first day on, with source and confidence."""

    scope_path = SHARED
    list_display = (
        "hs_code",
        "name_zh",
        "first_day",
        "mfn_rate",
        "vat_rate",
        "excise_kind",
        "excise_rate",
        "confidence",
    )
    list_filter = (states("excise_kind"), states("confidence"), "first_day")
    search_fields = ("hs_code__startswith", "name_zh")
    ordering = ("hs_code", "-first_day")


@register("compliance.ReferenceRate")
class ReferenceRateAdmin(Scoped):
    """Reference rates of currencies from their first day on, with source and confidence."""

    scope_path = SHARED
    list_display = ("currency", "first_day", "cny_per_100", "source", "confidence", "checked_on")
    list_filter = (states("confidence"), "first_day")
    search_fields = ("currency__startswith",)
    ordering = ("-first_day", "currency")
