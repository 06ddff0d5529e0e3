"""What can be done to a row next: one button and one small form each, and each calls one service."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse

from kernel.clock import now
from kernel.errors import Problem
from kernel.tenancy import tenant
from operators import once, told
from operators.base import Scoped
from operators.bilingual import say
from operators.names import state_name
from operators.scope import scope_of
from operators.tables import Table


@dataclass(frozen=True)
class Preview:
    """What a step would do, shown instead of done: the form comes again with `seen` in it, to confirm."""

    tables: Sequence[Table]
    seen: Mapping[str, str]
    button: Any


@dataclass(frozen=True)
class Step:
    """One verb on a page: `do` takes the row, what was typed, who asks and when.

    A list that `do` returns is shown (tables of a reveal) and never kept, a `Preview` is shown and may be
    confirmed, a response is sent; all else leads back to the row's page. `form_of` makes the form where it
    depends on the row, `legal` says for which rows the button is there, `start` what the form begins with.
    """

    name: str
    title: Any
    icon: str
    form: type[forms.Form]
    do: Callable[[Any, Mapping[str, Any], str, datetime], object]
    roles: frozenset[str]
    legal: Callable[[Any], bool] = lambda row: True
    start: Callable[[Any], dict[str, Any]] = field(default=lambda row: {})
    hint: Any = ""
    form_of: Callable[[Any], type[forms.Form]] | None = None
    button: Any = ""  # what the button says; "Save" otherwise
    prefilled: tuple[str, ...] = ()  # fields that a link to the form may fill in
    outside: bool = False  # it keeps its own transactions, as what calls an outside party does
    shown_once: bool = False  # it has made what it shows: sent again, it makes and shows nothing


class Stepped(Scoped):
    """A page with steps: their buttons stand above the fields, for those who may take them."""

    steps: ClassVar[tuple[Step, ...]] = ()
    change_form_outer_before_template = "operators/steps.html"

    def get_urls(self) -> list[Any]:
        step = path(
            "<path:object_id>/step/<slug:name>/",
            self.admin_site.admin_view(self.step),
            name=self._step_name(),
        )
        return [step, *super().get_urls()]

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id) if object_id else None
        shown = {"steps": self._buttons(request, row) if row else []}
        answer: HttpResponse = super().changeform_view(
            request, object_id, form_url, {**shown, **(extra_context or {})}
        )
        return answer

    def step(self, request: HttpRequest, object_id: str, name: str) -> HttpResponse:
        """Show the form of one step, or take it. Strangers find nothing."""
        row = self.get_object(request, object_id)
        chosen = next((one for one in self.steps if one.name == name), None)
        if row is None or chosen is None:
            raise Http404
        if not self._mine(request, row, chosen.roles):
            raise PermissionDenied
        posted = request.method == "POST"
        if not chosen.legal(row):
            if posted and (where := once.led(request)):  # by the first click
                return self._done(request, chosen, where, first=False)
            raise PermissionDenied
        made = chosen.form_of(row) if chosen.form_of else chosen.form
        form = made(
            request.POST if posted else None,
            request.FILES if posted else None,
            initial={
                **chosen.start(row),
                **{name: request.GET[name] for name in chosen.prefilled if name in request.GET},
            },
        )
        tables: Sequence[Table] = ()
        button: Any = chosen.button
        if request.method == "POST" and form.is_valid():
            taken = self._take(request, row, chosen, form.cleaned_data)
            if isinstance(taken, HttpResponse):
                return taken
            if isinstance(taken, Preview):
                form, button = made({**request.POST.dict(), **taken.seen}), taken.button
            tables = taken.tables if isinstance(taken, Preview) else taken
        context = {
            **self.admin_site.each_context(request),
            "title": chosen.title,
            "subtitle": str(row),
            "opts": self.opts,
            "form": form,
            "hint": chosen.hint,
            "button": button or chosen.title,
            "tables": tables,
            # What a preview shows is read before it is confirmed; beside what was opened the actions stand.
            "confirms": button is not chosen.button,
            "shown_once": chosen.shown_once and tables,
            "done_url": told.page_of(row),
            "stands": self.stands(row),
            "steps": [one for one in self._buttons(request, row) if not one["url"].endswith(f"/{name}/")],
            "original": row,
            "once": once.number(request),
        }
        answer = TemplateResponse(request, "operators/form.html", context)
        answer["Cache-Control"] = "no-store"
        return answer

    def stands(self, row: Any) -> str:
        """In a few words where the row stands, beside what can be done to it."""
        state = getattr(row, "state", "")
        return state_name(state, state, row._meta.label) if state else ""

    def _take(
        self, request: HttpRequest, row: Any, step: Step, values: Mapping[str, Any]
    ) -> HttpResponse | Preview | Sequence[Table]:
        storefront_id = getattr(row, "storefront_id", None)  # None: a row of the platform's own
        who, here, came = request.user.get_username(), told.page_of(row), []

        def do() -> str:
            came.append(step.do(row, values, who, now()))
            only_shown = isinstance(came[0], list | Preview | HttpResponse) and not step.shown_once
            return "" if only_shown else here

        try:
            if not step.outside:
                with transaction.atomic(), nullcontext() if storefront_id is None else tenant(storefront_id):
                    once.once(request, do)
            elif once.claimed(request, here):
                do()
        except Problem as problem:
            self.tell(request, problem)
            return ()
        done = came[0] if came else None
        if isinstance(done, list | Preview | HttpResponse):
            return done
        return self._done(request, step, here, first=bool(came))

    def _done(self, request: HttpRequest, step: Step, where: str, *, first: bool) -> HttpResponse:
        if first or not (step.outside or step.shown_once):
            self.message_user(request, say("已完成。", "Done."), messages.SUCCESS)
        else:  # another sending of the form has done it, and only its page tells what came of it
            self.message_user(request, once.SENT, messages.INFO)
        return HttpResponseRedirect(where)

    def _buttons(self, request: HttpRequest, row: Any) -> list[dict[str, Any]]:
        return [
            {
                "title": one.title,
                "icon": one.icon,
                "url": reverse(f"admin:{self._step_name()}", args=[row.pk, one.name]),
            }
            for one in self.steps
            if scope_of(request).may_anywhere(one.roles)
            and self._mine(request, row, one.roles)
            and one.legal(row)
        ]

    def _step_name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_step"
