"""A list as a CSV file: the rows that the reader sees under the filters that stand, as they are shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import label_for_field, lookup_field
from django.contrib.admin.views.main import ERROR_FLAG
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponseRedirect, StreamingHttpResponse
from django.urls import reverse
from django.utils.formats import localize
from django.utils.html import strip_tags
from django.utils.timezone import localtime
from unfold.decorators import action

from kernel import events, ids
from kernel.clock import now
from kernel.sheets import Line, Sheet
from operators.base import Scoped
from operators.bilingual import say
from operators.scope import READERS, scope_of

MOST = 50_000


class Listed(Scoped):
    """A page whose list can be taken home."""

    actions_list: ClassVar[tuple[str, ...]] = ("download",)

    @action(description=say("下载 CSV", "Download CSV"), icon="download", url_path="download")  # type: ignore[operator]
    def download(self, request: HttpRequest) -> StreamingHttpResponse | HttpResponseRedirect:
        """The rows of the list, up to MOST, with the names of its columns."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            shown = self.get_changelist_instance(request)
        except IncorrectLookupParameters:  # as the list itself: sent on to all of it
            here = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
            return HttpResponseRedirect(f"{here}?{ERROR_FLAG}=1")
        columns = [name for name in shown.list_display if name != "action_checkbox"]
        answer = StreamingHttpResponse(
            self._lines(shown.queryset[:MOST], columns), content_type="text/csv; charset=utf-8"
        )
        answer["Content-Disposition"] = f'attachment; filename="{self.opts.model_name}.csv"'
        answer["Cache-Control"] = "no-store"
        own = scope_of(request).storefronts(READERS)
        shop = own[0] if len(own) == 1 else None  # of several it is the platform's to see
        note_taken(request, self.opts.label, min(shown.result_count, MOST), shop)
        return answer

    def _lines(self, rows: Any, columns: list[Any]) -> Iterator[str]:
        sheet = Sheet(Line(), ending="\r\n")
        yield "\ufeff" + sheet.row(
            [str(label_for_field(name, self.model, model_admin=self)) for name in columns]
        )
        for row in rows:
            yield sheet.row(
                [_text(lookup_field(getattr(name, "plain", name), row, self)[2]) for name in columns]
            )


def note_taken(request: HttpRequest, label: str, rows: int, storefront_id: int | None) -> None:
    """Who took a list home stays on record: which, narrowed by which filters (not by what was typed in them),
    and how many rows at most."""
    at = now()
    with transaction.atomic():
        events.record(
            storefront_id=storefront_id,
            name="list.taken",
            key=f"download:{ids.number(at)}",
            facts={
                "by": request.user.get_username(),
                "taken": label,
                "filters": sorted(request.GET),
                "rows": rows,
            },
            now=at,
        )


def _text(value: Any) -> str:
    """A cell as a reader sees it."""
    if value is None:
        return ""
    if isinstance(value, tuple):  # a state: its value and its name
        value = value[-1]
    if hasattr(value, "hour"):
        value = localize(localtime(value))
    return strip_tags(str(value))
