"""Secrets of a storefront go in by a form, are sealed at once, and never come out by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from kernel.errors import Problem
from kernel.tenancy import tenant
from operators import once, told
from operators.bilingual import say
from storefronts import queries
from storefronts.models import Storefront

Values = dict[str, Any]


def sealing_page(
    page: Any,
    request: HttpRequest,
    object_id: str,
    *,
    title: Any,
    form: Callable[[Any, Storefront], forms.Form],
    keep: Callable[[Storefront, Values], None],
    hint: Callable[[Storefront], Any] = lambda _: "",
) -> HttpResponse:
    """Show the empty form, or `keep` what was sent, in one transaction as the storefront.

    What `keep` raises as a Problem is told. Raises Http404 for a foreign storefront.
    """
    storefront = page.get_queryset(request).filter(pk=object_id).select_related("key").first()
    if storefront is None:
        raise Http404
    shown = form(request.POST or None, storefront)
    if request.method == "POST" and shown.is_valid() and _kept(page, request, storefront, keep, shown):
        return HttpResponseRedirect(reverse("admin:storefronts_storefront_change", args=[storefront.pk]))
    context = {
        **page.admin_site.each_context(request),
        "title": title,
        "subtitle": str(storefront),
        "opts": page.opts,
        "form": shown,
        "hint": hint(storefront),
        "once": once.number(request),
        "original": storefront,
    }
    answer = TemplateResponse(request, "operators/form.html", context)
    answer["Cache-Control"] = "no-store"
    return answer


def _kept(
    page: Any,
    request: HttpRequest,
    storefront: Storefront,
    keep: Callable[[Storefront, Values], None],
    form: forms.Form,
) -> bool:
    def do() -> str:
        keep(storefront, form.cleaned_data)
        return told.page_of(storefront)

    try:
        with transaction.atomic(), tenant(storefront.pk):
            once.once(request, do)
    except Problem as problem:
        page.tell(request, problem)
        return False
    queries.forget_kept()
    page.message_user(request, say("已加密保存。", "It is sealed and stored."), messages.SUCCESS)
    return True
