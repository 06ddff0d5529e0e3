"""Every page of the admin stands on this class: own storefronts only, read-only unless a verb is opened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, models, transaction
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest

from kernel import events
from kernel.approvals import NeedsColleague
from kernel.clock import now
from kernel.errors import Conflict, Problem, Refused
from kernel.tenancy import tenant
from operators import amounts, colleague, columns, once, paging, told
from operators.bilingual import chinese, say
from operators.filters import StorefrontFilter, states
from operators.forms import Forms
from operators.purpose import first_of
from operators.reading import readers_of
from operators.scope import OWNERS, PLATFORM, READERS, SHARED, scope_of, storefront_id_of
from storefronts.models import Storefront

# What the filters of a field ask, and the links of our own pages: no pattern, which would be one to guess by.
_ASKED = {"", "id", "pk", "gte", "lt", "isnull", "isempty"}


class Taken(Conflict):
    """A row with the same key is there already."""

    code = "already_there"
    title = "There is already one like this."
    title_zh = "已存在相同的记录。"


def register(*labels: str) -> Callable[[type[Scoped]], type[Scoped]]:
    """Register an admin for models by label, in place of one that a library registered itself."""

    def put(admin_class: type[Scoped]) -> type[Scoped]:
        from django.apps import apps  # noqa: PLC0415  (the registry is full when the admin is discovered)

        for label in labels:
            model = apps.get_model(label)
            if admin.site.is_registered(model):
                admin.site.unregister(model)
            admin.site.register(model, admin_class)
        return admin_class

    return put


class Scoped(Forms):
    """Base of every ModelAdmin.

    `scope_path` says where a row names its storefront. Nothing can be written until a class opens it:
    `editable` are the fields of the change form, `addable` those of the add form, `removable` allows to
    delete; each for `writers` in the storefront of the very row. Binary fields are never read.
    """

    scope_path: ClassVar[str] = "storefront_id"
    scope_many: ClassVar[bool] = False
    readers: ClassVar[frozenset[str]] = READERS
    writers: ClassVar[frozenset[str]] = OWNERS
    editable: ClassVar[tuple[str, ...]] = ()
    addable: ClassVar[tuple[str, ...]] = ()
    removable: ClassVar[bool] = False
    hidden: ClassVar[tuple[str, ...]] = ()

    paginator = paging.BoundedPaginator
    list_per_page = 50
    list_max_show_all = 50
    show_full_result_count = False
    list_filter_sheet = False
    show_facets = admin.ShowFacets.NEVER
    compressed_fields = True

    def __init__(self, model: type[models.Model], site: admin.AdminSite) -> None:
        super().__init__(model, site)
        self.sealed = tuple(f.name for f in model._meta.concrete_fields if isinstance(f, models.BinaryField))
        self.documents = {
            f.name: columns.document_shown(f) for f in model._meta.concrete_fields if columns.is_document(f)
        }
        # A row that has a name in both languages is shown by it; what is written keeps its own field.
        written = {*self.editable, *self.addable}
        self.documents |= {
            f.name: columns.named_shown(f)
            for f in model._meta.concrete_fields
            if columns.is_named(f) and f.name not in written
        }
        if self.readers is READERS:
            self.readers = readers_of(model._meta.label)  # type: ignore[misc]  # of this page alone
        declared: tuple[Any, ...] = getattr(self, "list_filter", ())
        self.list_filter = tuple(
            states(name) if isinstance(name, str) and columns.has_choices(model, name) else name
            for name in declared
        )
        shown: dict[str, Any] = {}
        for field in model._meta.concrete_fields:
            if field.name.endswith("_fen"):
                shown[field.name] = amounts.shown
            elif field.name in ("closing_reason", "stray_reason"):
                shown[field.name] = told.reason_name
            elif field.choices:
                shown[field.name] = columns.choice_shown(dict(field.flatchoices), model._meta.label)
        self.readonly_preprocess_fields = shown

    @property
    def first_thing(self) -> str:
        """What an empty list says to do."""
        return first_of(self.opts.label)

    # What is seen.

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request).defer(*self.sealed)
        if self.scope_path == "storefront_id" and not columns.has_field(self.model, "storefront"):
            code = Storefront.objects.filter(pk=OuterRef("storefront_id")).values("code")[:1]
            rows = rows.annotate(storefront_code=Subquery(code))
        return self.narrow(request, rows)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The row of a page that only reads is read once, however many parts of the page ask for it."""
        if request.method != "GET":
            return super().get_object(request, object_id, from_field)
        kept = request.__dict__.setdefault("_rows_looked_at", {})
        place = (self.model, object_id, from_field)
        if place not in kept:
            kept[place] = super().get_object(request, object_id, from_field)
        return kept[place]

    def narrow(
        self, request: HttpRequest, rows: QuerySet[Any], roles: frozenset[str] = READERS
    ) -> QuerySet[Any]:
        """Of `rows` of this model, those the operator may see in one of `roles`."""
        return scope_of(request).narrow(rows, self.scope_path, self.readers & roles, many=self.scope_many)

    @admin.display(description=say("店铺", "storefront"))
    def storefront_name(self, row: Any) -> str:
        """The storefront's code, for rows below the layer that knows storefronts."""
        return getattr(row, "storefront_code", None) or "-"

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[Any]:
        if obj is None and self.addable:
            return self.addable
        if self.fields:
            return list(self.fields)
        own = [f.name for f in self.model._meta.concrete_fields if not f.primary_key]
        kept = [name for name in own if name not in self.sealed and name not in self.hidden]
        return [self.documents.get(n, n if n != "storefront_id" else "storefront_name") for n in kept]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None and self.addable:
            return [(None, {"fields": self.addable})]
        return super().get_fieldsets(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[Any]:
        if obj is None:
            return ()
        names = [*self.get_fields(request, obj)]
        for _, options in self.fieldsets or ():
            names += _flat(options["fields"])
        declared = [name for name in self.readonly_fields if name not in names]
        return [name for name in names if name not in self.editable] + declared

    def get_list_display(self, request: HttpRequest) -> Any:
        names = list(super().get_list_display(request))
        if len(scope_of(request).names) == 1:  # always the same one
            names = [name for name in names if name not in ("storefront", "storefront_name")] or names
        return [columns.column_of(name, self.model) for name in names]

    def get_list_filter(self, request: HttpRequest) -> Any:
        filters = list(super().get_list_filter(request))
        if self.scope_path in (PLATFORM, SHARED) or self.scope_many:
            return filters
        return [StorefrontFilter.at(self.scope_path), *filters]

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """Only what a declared filter asks for: a hash or an index is not to be guessed letter by letter."""
        if "\0" in str(value):  # no text of the database holds one
            return False
        filters = self.get_list_filter(request) if request is not None else self.list_filter
        named = (f[0] if isinstance(f, tuple) else getattr(f, "parameter_name", f) for f in filters)
        field, _, asked = lookup.removesuffix("__exact").partition("__")
        declared = {*named}
        return lookup in declared or (field in declared & _fields(self.list_filter) and asked in _ASKED)

    # What may be done.

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        scope = scope_of(request)
        if self.scope_path == PLATFORM:
            return scope.everything
        return scope.may_anywhere(self.readers) and self._mine(request, obj, self.readers)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(self.addable) and self._may(request, None)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(self.editable) and self._may(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.removable and self._may(request, obj)

    def has_write_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """For actions: `permissions=["write"]`; each row is asked again by `act`."""
        return self._may(request, obj)

    def _may(self, request: HttpRequest, obj: Any) -> bool:
        scope = scope_of(request)
        return scope.may_anywhere(self.writers) and self._mine(request, obj, self.writers)

    def _mine(self, request: HttpRequest, obj: Any, roles: frozenset[str]) -> bool:
        if not isinstance(obj, self.model) or self.scope_path == SHARED:
            return True
        if self.scope_many:
            return bool(scope_of(request).everything or self.narrow(request, _one(obj), roles).exists())
        return scope_of(request).may(storefront_id_of(obj, self.scope_path), roles)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions: dict[str, Any] = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        """Not for rows of which nobody has been told how many they are."""
        if request.POST.get("select_across") == "1" and self.get_paginator(request, queryset, 1).more:
            zh, en = (
                f"所选超过 {paging.MOST:,} 条，请先筛选",
                f"More than {paging.MOST:,} rows: filter them first",
            )
            self.message_user(request, zh if chinese() else en, messages.ERROR)
            return None
        return super().response_action(request, queryset)

    # Writing.

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Write a row that no service owns; the event keeps who changed which fields."""
        storefront_id = self.checked_storefront(request, obj)
        with tenant(storefront_id):
            try:
                obj.save()
            except IntegrityError as clash:
                raise Taken() from clash
            self.record(
                request, obj, storefront_id, "changed" if change else "added", fields=form.changed_data
            )

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        storefront_id = self.checked_storefront(request, obj)
        with tenant(storefront_id):
            self.record(request, obj, storefront_id, "removed")
            obj.delete()

    def checked_storefront(self, request: HttpRequest, obj: Any) -> int:
        """The storefront of a row about to be written; raises PermissionDenied when it is not theirs."""
        storefront_id = storefront_id_of(obj, self.scope_path)
        if storefront_id is None or not scope_of(request).may(storefront_id, self.writers):
            raise PermissionDenied
        return storefront_id

    def checked_row(self, request: HttpRequest, obj: Any) -> None:
        """As `checked_storefront`, for rows that may also belong to the platform as a whole."""
        if not scope_of(request).may(storefront_id_of(obj, self.scope_path), self.writers):
            raise PermissionDenied

    def record(self, request: Any, obj: Any, storefront_id: int, what: str, **facts: Any) -> None:
        """Who did what to a row, as an event beside the change; `facts` are never personal."""
        name = self.opts.model_name
        events.record(
            storefront_id=storefront_id,
            name=f"{name}.{what}",
            key=f"{name}:{obj.pk}",
            facts={"by": request.user.get_username(), **facts},
            now=now(),
        )

    def act(
        self,
        request: HttpRequest,
        rows: QuerySet[Any],
        verb: Callable[[Any], object],
        *,
        outside: bool = False,
    ) -> None:
        """Call `verb` for each row in which the operator may write, and tell what came of it.

        One that leaves something behind when it refuses keeps its own transactions: `outside`.
        """
        done = 0
        for row in rows:
            if not self._mine(request, row, self.writers):
                continue
            try:
                with (
                    nullcontext() if outside else transaction.atomic()
                ):  # what one row refuses does not touch the others
                    verb(row)
                done += 1
            except Problem as problem:
                self.tell(request, problem, prefix=f"{row}: ")
        if done:
            self.message_user(request, f"已处理 {done} 条" if chinese() else f"{done} done", messages.SUCCESS)

    def tell(self, request: HttpRequest, problem: Problem, prefix: str = "") -> None:
        """A refusal in the reader's language, with the sentences of law it rests on.

        Where a colleague has to agree, the colleague is asked.
        """
        if isinstance(problem, NeedsColleague):
            colleague.ask(self, request, problem)
            return
        text = once.words(problem)
        if isinstance(problem, Refused):
            text += " " + " ".join(r.sentence_zh if chinese() else r.sentence for r in problem.refusals)
        self.message_user(request, prefix + text if prefix else text, messages.ERROR)


def _fields(filters: Any) -> set[str]:
    return {f[0] if isinstance(f, tuple) else f for f in filters if isinstance(f, (tuple, str))}


def _flat(fields: Sequence[Any]) -> list[Any]:
    return [name for item in fields for name in (item if isinstance(item, (tuple, list)) else (item,))]


def _one(obj: models.Model) -> QuerySet[Any]:
    return type(obj)._default_manager.filter(pk=obj.pk)
