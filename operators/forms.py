"""Forms of the admin's pages: amounts in yuan, own rows to choose from, nothing typed lost, added once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.admin.options import IS_POPUP_VAR
from django.core.exceptions import ValidationError
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse

from kernel.errors import Problem
from operators import amounts, once, told
from operators.bilingual import say
from operators.names import state_name

if TYPE_CHECKING:
    ModelAdmin = Any  # the types that can be inferred of unfold contradict those of Django
else:
    from unfold.admin import ModelAdmin

_MADE, _TOLD, _POPUP = "_row_made", "_refusal_told", "popup_response_data"  # of one request


class _Told(ModelForm):  # type: ignore[type-arg]
    """What was typed, shown again: nothing of it is saved, for the reason that stands above."""

    def clean(self) -> Any:
        super().clean()
        raise ValidationError(say("尚未保存，原因见页首。", "Not saved: the reason stands at the top."))


class Forms(ModelAdmin):  # type: ignore[misc]
    """The part of the page class (`base.Scoped`) that makes forms and takes them."""

    writers: ClassVar[frozenset[str]]
    narrow: Any
    tell: Any

    def formfield_for_dbfield(self, db_field: Any, request: Any, **options: Any) -> Any:
        if db_field.name.endswith("_fen"):
            return amounts.YuanField(
                label=db_field.verbose_name,
                required=not db_field.blank and not db_field.has_default(),
                min_value=0,
            )
        return super().formfield_for_dbfield(db_field, request, **options)

    def formfield_for_choice_field(self, db_field: Any, request: Any, **options: Any) -> Any:
        if "choices" not in options:
            owner = self.model._meta.label
            named = [(value, state_name(value, label, owner)) for value, label in db_field.flatchoices]
            options["choices"] = [("", say("请选择", "Select")), *named]
        return super().formfield_for_choice_field(db_field, request, **options)

    def formfield_for_foreignkey(self, db_field: Any, request: Any, **options: Any) -> Any:
        """Only rows in which the operator may write can be chosen."""
        target = self.admin_site._registry.get(db_field.remote_field.model)
        if isinstance(target, Forms):
            rows = db_field.remote_field.model._default_manager.all()
            options["queryset"] = target.narrow(request, rows, self.writers)
        return super().formfield_for_foreignkey(db_field, request, **options)

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """What is refused, or was sent before with something else in it, is told above what was typed."""
        show = super().changeform_view

        def page() -> HttpResponse:
            shown = {"once": once.number(request), **(extra_context or {})}
            answer: HttpResponse = show(request, object_id, form_url, shown)
            return answer

        try:
            return self._added_once(request, page) if object_id is None else page()
        except Problem as problem:  # its transaction is rolled back
            self.tell(request, problem)
        request.__dict__[_TOLD] = True
        return page()

    @staticmethod
    def _added_once(request: HttpRequest, page: Callable[[], HttpResponse]) -> HttpResponse:
        """An add form that is sent twice adds once: the second click lands where the first did."""
        answers: list[HttpResponse] = []

        def add() -> str:
            answers.append(page())
            made = request.__dict__.get(_MADE)
            if made is None:  # only shown, or not valid
                return ""
            popup = getattr(answers[0], "context_data", None) or {}
            return f"{popup.get(_POPUP) or answers[0]['Location']}\n{told.page_of(made)}"

        where, _, _ = once.once(request, add).rpartition("\n")
        if answers:
            return answers[0]
        if IS_POPUP_VAR in request.POST:
            return TemplateResponse(request, "admin/popup_response.html", {_POPUP: where})
        return HttpResponseRedirect(where)

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> HttpResponse:
        request.__dict__[_MADE] = obj
        answer: HttpResponse = super().response_add(request, obj, post_url_continue)
        return answer

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any) -> Any:
        form = super().get_form(request, obj, change=change, **options)
        return type(form.__name__, (_Told, form), {}) if request.__dict__.get(_TOLD) else form
