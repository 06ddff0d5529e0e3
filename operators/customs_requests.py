"""What customs asked for of payments (支付原始数据): given, tried again, or an operator's to mend."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from customs.services.data_asked import give_again
from kernel.clock import now
from operators.base import Scoped, register
from operators.bilingual import say
from operators.filters import states
from operators.scope import OFFICERS


@register("customs.DataRequest")
class DataRequestAdmin(Scoped):
    """Each request of customs for the original data of a payment, and whether it was given; it rests sealed.

    One whose number nobody knows is no storefront's, and the platform's to look at.
    """

    writers = OFFICERS
    list_display = (
        "number",
        "session",
        "state",
        "age",
        "trouble",
        "code",
        "asked_at",
        "given_at",
        "next_try_at",
        "tries",
        "storefront",
    )
    list_select_related = ("storefront",)
    list_filter = (states("state"), "asked_at", ("trouble", admin.EmptyFieldListFilter))
    search_fields = ("number__exact", "session__exact", "order__number__startswith")
    ordering = ("-id",)
    actions = ("again",)

    @admin.action(description=say("重新提供", "Send again"), permissions=["write"])
    def again(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        by = request.user.get_username()
        self.act(request, rows, lambda row: give_again(request=row, by=by, now=now()))

    @admin.display(description=say("等待时长", "age"))
    def age(self, row: Any) -> str:
        """How long customs has waited, or waited until it was given."""
        waited = (row.given_at or now()) - row.asked_at
        return str(timedelta(seconds=int(waited.total_seconds())))
