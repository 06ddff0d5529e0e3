"""A form is done once, however often it is sent: a double click is one wish, and leads where the first led.

Each form carries a number. What was sent under it is kept with where it led, as a keyed hash of what was
typed and of the files; which button was pressed is no part of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.crypto import salted_hmac
from django.utils.html import format_html

from kernel.clock import now
from kernel.errors import Conflict, Problem
from kernel.ids import uuid7
from kernel.receipts import Answer, InFlight, KeyReused, keep, kept, take, wait
from operators.bilingual import chinese, say
from operators.told import link

_LONGEST = 64  # of a form's number
_WAITS = 3  # seconds, of a second click for the first
_NOT_TYPED = {"csrfmiddlewaretoken", "once", "_save", "_addanother", "_continue", "_saveasnew"}
_USED = "_once_used"
SENT = say(
    "此表单已提交过，请在此核对结果；仅显示一次的内容不再显示。",
    "This form was sent before: see here what came of it. What is shown once is not shown again.",
)


class SentBefore(Conflict):
    """The form's number was used before, for something else than what it says now; `where` that led."""

    code = "form_sent_before"
    title = "This form was sent before with something else in it. This is not saved; send it to save it too."
    title_zh = "此表单已提交过，当时内容不同。现在的内容尚未保存；如仍需保存，请再次提交。"
    where = ""


def number(request: HttpRequest) -> str:
    """What the form carries: the number it was sent with, or a new one where that is used up."""
    return str(uuid7()) if request.__dict__.get(_USED) else _number(request) or str(uuid7())


def once(request: HttpRequest, do: Callable[[], str]) -> str:
    """Do what a form asks for, in one transaction, and keep the address where it leads; sent again, that
    address alone. "" where `do` gives none: then nothing is done for good, and the number may come again.

    So it may after a Problem. A second click waits for the first. Raises InFlight when that takes too long,
    and SentBefore.
    """
    key = _number(request)
    if not key:
        return do()
    with transaction.atomic():
        earlier = _earlier(request, key)
        if earlier is not None:
            return earlier
        where = do()
        if where:
            _keep(request, key, where)
    return where


def led(request: HttpRequest) -> str:
    """Where this very form led when it was sent before; "" where it was not."""
    key = _number(request)
    try:
        with transaction.atomic():
            return (key and _earlier(request, key)) or ""
    except Problem:
        return ""


def claimed(request: HttpRequest, where: str) -> bool:
    """For what keeps its own transactions: whether the form comes the first time; then its number is used
    up, whatever comes of it, and `where` tells what did. Raises as `once`."""
    key = _number(request)
    if not key:
        return True
    with transaction.atomic():
        if _earlier(request, key) is not None:
            return False
        _keep(request, key, where)
    request.__dict__[_USED] = True
    return True


def words(problem: Problem) -> Any:
    """A refusal in the reader's language, with the way to what was made before."""
    text = problem.text("zh" if chinese() else "en")
    if isinstance(problem, SentBefore) and problem.where:
        return format_html("{} {}", text, link(problem.where, say("查看已提交的", "See what was sent")))
    return text


def page_of_form(
    page: Any, request: HttpRequest, form: Any, do: Callable[[Any], str], *, done: Any, **context: Any
) -> HttpResponse:
    """A form of our own on a page of its own: shown, or done once, told as `done`, and led on by `do`."""
    if request.method == "POST" and form.is_valid():
        try:
            where = once(request, lambda: do(form.cleaned_data))
        except Problem as problem:
            page.tell(request, problem)
        else:
            messages.success(request, done)
            return HttpResponseRedirect(where)
    shown = {**page.admin_site.each_context(request), "opts": page.opts, "form": form, **context}
    answer = TemplateResponse(request, "operators/form.html", {**shown, "once": number(request)})
    answer["Cache-Control"] = "no-store"
    return answer


def _number(request: HttpRequest) -> str:
    return request.POST.get("once", "").replace("\0", "")[:_LONGEST]


def _source(request: HttpRequest) -> str:
    return f"operators:{request.user.pk}"


def _said(request: HttpRequest) -> bytes:
    typed = [(name, *values) for name, values in request.POST.lists() if name not in _NOT_TYPED]
    files = [(name, *map(_digest, files)) for name, files in request.FILES.lists()]
    told = repr((request.path, sorted(typed), sorted(files)))
    return salted_hmac("operators.once", told, algorithm="sha256").digest()


def _digest(file: Any) -> str:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return f"{file.name} {digest.hexdigest()}"


def _earlier(request: HttpRequest, key: str) -> str | None:
    """Where the same form led, None the first time; takes the number."""
    claim = {"source": _source(request), "key": key}
    try:
        try:
            earlier = take(**claim, fingerprint=_said(request))
        except InFlight:
            wait(**claim, seconds=_WAITS)
            earlier = take(**claim, fingerprint=_said(request))
    except KeyReused:
        before, first = SentBefore(), kept(**claim)
        before.where = first.body.decode().rpartition("\n")[2] if first else ""
        request.__dict__[_USED] = True
        raise before from None
    return None if earlier is None else earlier.body.decode()


def _keep(request: HttpRequest, key: str, where: str) -> None:
    answer = Answer(204, where.encode())
    keep(source=_source(request), key=key, fingerprint=_said(request), answer=answer, now=now())
