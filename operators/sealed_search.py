"""A phone or identity number is looked for by its blind index: posted, never kept in an address or a page."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse

from compliance import vault
from compliance.crypto import IndexKind
from operators.base import Scoped
from operators.bilingual import say

_ID_NUMBER = re.compile(r"^\d{17}[\dXx]$")
_PHONE = re.compile(r"^(?:\+|00)?(?:86)?1\d{10}$")


def kind_of(text: str) -> IndexKind | None:
    """Whether a text looks like a mainland mobile number or a resident identity number."""
    bare = re.sub(r"[\s()-]", "", unicodedata.normalize("NFKC", text))
    if _ID_NUMBER.match(bare):
        return "id_number"
    return "phone" if _PHONE.match(bare) else None


class SealedSearch(Scoped):
    """Adds a box above the list that finds rows by phone or identity number.

    What is typed into the ordinary search box by mistake is taken the same way and not shown again.
    """

    list_before_template = "operators/sealed_search.html"

    def get_urls(self) -> list[Any]:
        find = path("find/", self.admin_site.admin_view(self.find), name=self._find_name())
        return [find, *super().get_urls()]

    def find(self, request: HttpRequest) -> HttpResponse:
        """Take the posted number and go to the list of what has its index."""
        return self._to_index(request, request.POST.get("number", ""))

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        typed = request.GET.get("q", "")
        if kind_of(typed):
            return self._to_index(request, typed)
        context = {"find_url": reverse(f"admin:{self._find_name()}"), **(extra_context or {})}
        answer: HttpResponse = super().changelist_view(request, context)
        return answer

    def _to_index(self, request: HttpRequest, text: str) -> HttpResponse:
        here = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
        kind = kind_of(text)
        if kind is None:
            messages.warning(
                request,
                say("请输入完整的手机号或身份证号码。", "Type a whole mobile or identity number."),
            )
            return HttpResponseRedirect(here)
        indexes = "-".join(index.hex() for index in vault.blinds(kind, text))
        return HttpResponseRedirect(f"{here}?blind={indexes}")

    def _find_name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_find"
