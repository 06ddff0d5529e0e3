"""A phone or identity number is looked for by its blind index: posted, never put into an address or page."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse

from compliance import vault
from compliance.crypto import IndexKind
from operators.base import Scoped
from operators.bilingual import say

if TYPE_CHECKING:
    ChangeList = Any
else:
    from unfold.views import ChangeList

_ID_NUMBER = re.compile(r"^\d{17}[\dXx]$")
_PHONE = re.compile(r"^(?:\+|00)?(?:86)?1\d{10}$")

# What may stand in an address: the number of an order or a payment, a SKU, an id. Not a name, and not digits
# that are nearly someone's number.
_CODE = re.compile(r"^[A-Za-z0-9_.-]{1,64}$")
_NEARLY = re.compile(r"^(?:1[3-9]\d{7,11}|\d{14,18}[\dXx])$")


def kind_of(text: str) -> IndexKind | None:
    """Whether a text looks like a mainland mobile number or a resident identity number."""
    bare = re.sub(r"[\s()-]", "", unicodedata.normalize("NFKC", text))
    if _ID_NUMBER.match(bare):
        return "id_number"
    return "phone" if _PHONE.match(bare) else None


class Posted(ChangeList):  # type: ignore[misc]
    """A list without the library's own search box, whose text would go into the address."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.search_fields = ()  # the search itself is done


class SealedSearch(Scoped):
    """One box above the list, in place of the ordinary one: a number is found by its index, a code as ever.

    A number that reaches us in an address all the same is taken the same way and not shown again.
    """

    list_before_template = "operators/sealed_search.html"

    def get_urls(self) -> list[Any]:
        find = path("find/", self.admin_site.admin_view(self.find), name=self._find_name())
        return [find, *super().get_urls()]

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[Any]:
        return Posted

    def find(self, request: HttpRequest) -> HttpResponse:
        """Take what was posted and go to the list of what it finds."""
        return self._found(request, request.POST.get("text", "").strip())

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        typed = request.GET.get("q", "")
        if kind_of(typed):
            return self._found(request, typed)
        context = {"find_url": reverse(f"admin:{self._find_name()}"), **(extra_context or {})}
        answer: HttpResponse = super().changelist_view(request, context)
        return answer

    def _found(self, request: HttpRequest, text: str) -> HttpResponse:
        here = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
        kind = kind_of(text)
        if kind is not None:
            indexes = "-".join(index.hex() for index in vault.blinds(kind, text))
            return HttpResponseRedirect(f"{here}?blind={indexes}")
        if _CODE.match(text) and not _NEARLY.match(text):
            return HttpResponseRedirect(f"{here}?{urlencode({'q': text})}")
        if text:
            messages.warning(
                request,
                say(
                    "请输入完整的手机号、身份证号码，或编号。",
                    "Type a whole mobile or identity number, or a code of ours.",
                ),
            )
        return HttpResponseRedirect(here)

    def _find_name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_find"
