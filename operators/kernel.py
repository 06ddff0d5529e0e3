"""What happened and what waits: events and receipts to read, cases to settle."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from kernel import cases
from kernel.clock import now
from kernel.models import Case
from operators import told
from operators.base import Scoped, register
from operators.bilingual import say
from operators.columns import worded
from operators.filters import LateFilter, states
from operators.lists import Listed
from operators.recipients import TAKE
from operators.scope import PLATFORM, WORKERS
from operators.steps import Stepped
from operators.things import links_of, named_in, rows_of


@register("kernel.Event")
class EventAdmin(Scoped):
    """The history of everything."""

    fields = ("at", "what", "thing", "seq", "facts_told", "storefront_name")
    list_display = ("at", "what", "thing", "seq", "storefront_name")
    list_filter = ("at",)
    search_fields = ("key__startswith", "name__startswith")
    ordering = ("-id",)

    @admin.display(description=say("事件", "event"), ordering="name")
    def what(self, row: Any) -> str:
        return told.event_name(row.name)

    @admin.display(description=say("对象", "about"), ordering="key")
    def thing(self, row: Any) -> Any:
        return told.about(row.key)

    @admin.display(description=say("事实", "facts"))
    def facts_told(self, row: Any) -> Any:
        return told.facts(row.facts, name=row.name)


@register("kernel.Delivery")
class DeliveryAdmin(Scoped):
    """Events on their way to those who listen; what keeps failing shows here."""

    scope_path = "event__storefront_id"
    list_display = ("event", "handler", "attempts", "next_try_at", "done_at")
    list_filter = (LateFilter, "next_try_at", ("done_at", admin.EmptyFieldListFilter))
    list_select_related = ("event",)
    search_fields = ("key__startswith", "handler__startswith")
    ordering = ("-id",)


@register("kernel.Receipt")
class ReceiptAdmin(Scoped):
    """Messages and client keys that were taken in."""

    scope_path = PLATFORM
    list_display = ("at", "source", "key", "status")
    list_filter = ("at",)
    search_fields = ("key__startswith", "source__startswith")
    ordering = ("-id",)


@register("kernel.Case")
class CaseAdmin(Listed):
    """What needs a human; it is settled with a note of what was done."""

    writers = WORKERS
    editable = ("note",)
    fields = (
        "what",
        "todo",
        "thing",
        "facts_told",
        "state",
        "seen",
        "opened_at",
        "taken_by",
        "storefront_name",
        "note",
        "settled_at",
        "settled_by",
    )
    list_display = (
        "what",
        "thing",
        "state",
        "seen",
        "opened_at",
        "taken_by",
        "settled_by",
        "storefront_name",
    )
    list_filter = (states("state"), "opened_at")
    search_fields = ("key__startswith", "title", "kind__startswith")
    ordering = ("-id",)

    @admin.display(description=say("事项", "what"), ordering="kind")
    def what(self, row: Any) -> str:
        return told.case_title(row.kind, row.title)

    @admin.display(description=say("如何处理", "what to do"))
    def todo(self, row: Any) -> str:
        return told.case_todo(row.kind) or "-"

    @admin.display(description=say("对象", "about"), ordering="key")
    def thing(self, row: Any) -> Any:
        return told.about(row.key)

    @admin.display(description=say("事实", "facts"))
    def facts_told(self, row: Any) -> Any:
        return told.facts(row.facts, row.links)

    def get_object(self, request: HttpRequest, *args: Any) -> Any:
        """The case, with the addresses of what it names."""
        case = super().get_object(request, *args)
        if case is not None:
            case.links = links_of(rows_of(request, [case.key, *named_in(case.facts)], of=case.storefront_id))
        return case

    def formfield_for_dbfield(self, db_field: Any, request: Any, **options: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **options)
        if field is not None:
            field.required = True  # what was done is told
        return field

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if isinstance(obj, Case) and obj.state != Case.State.OPEN:
            return False
        return super().has_change_permission(request, obj)

    def save_model(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        self.checked_row(request, obj)
        cases.settle_case(case=obj, by=request.user.get_username(), note=form.cleaned_data["note"], now=now())


@register("kernel.Job")
class JobAdmin(Stepped):
    """Long work, how far it is and how it ended."""

    list_display = (
        worded("kind", say("类型", "kind")),
        "state",
        "done",
        "total",
        "asked_by",
        "queued_at",
        "ended_at",
        "storefront_name",
    )
    list_filter = (states("state"), "queued_at")
    search_fields = ("kind__startswith", "asked_by__startswith")
    ordering = ("-id",)
    steps = (TAKE,)


@register("kernel.File")
class FileAdmin(Scoped):
    """Files that the house holds for someone, until their day."""

    list_display = ("name", "media_type", "size", "sealed", "made_at", "expires_at", "storefront_name")
    list_filter = ("made_at",)
    search_fields = ("name", "sha256__startswith")
    hidden = ("path",)
    ordering = ("-id",)
