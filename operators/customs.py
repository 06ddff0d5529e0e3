"""Clearance as operators see it: every declaration by state and age, its documents, messages and receipts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse

from customs.models import Declaration, Filing, PortMessage, PortReceipt
from customs.services.declaring import resume
from customs.services.sending import hand_over, unheard
from customs.services.viewing import view_filing, view_message, view_receipt
from customs.states import DECLARATION
from kernel.clock import now
from operators import customs_board, customs_story, customs_undoing
from operators import customs_words as words
from operators.base import register
from operators.bilingual import say
from operators.customs_filters import (
    AtCustomsFilter,
    AwaitsFilter,
    DistrictFilter,
    OverFilter,
    TroubleFilter,
)
from operators.filters import known, states
from operators.incident_forms import NothingForm
from operators.names import state_name
from operators.reveal import PurposeForm
from operators.scope import OFFICERS
from operators.steps import Step, Stepped
from operators.tables import Table, when

Values = Mapping[str, Any]
_MASKED = say(
    "姓名、证件号码、电话、地址及无法辨认的文字均已遮盖；每份单证的打开都会留下记录。",
    "Names, identity numbers, telephones, addresses and words that are not known are masked; each document"
    " that is opened leaves a record.",
)


def _silent(row: Declaration) -> list[PortMessage]:
    """The messages of what stands of a declaration that may go out again."""
    standing = Filing.objects.filter(declaration=row, superseded=False).values("message")
    return list(unheard(PortMessage.objects.filter(pk__in=standing)).order_by("id"))


def _hand_over_all(row: Declaration, values: Values, who: str, at: datetime) -> None:
    for one in _silent(row):
        hand_over(message=one, by=who, now=at)


def _viewed(row: Any, values: Values, who: str, at: datetime) -> list[Table]:
    how: dict[str, Any] = {"who": who, "purpose": values["purpose"], "now": at}
    if isinstance(row, PortMessage):
        return customs_story.viewed(view_message(message=row, **how))
    if isinstance(row, PortReceipt):
        return customs_story.viewed([view_receipt(receipt=row, **how)])
    return customs_story.viewed([view_filing(filing=row, **how)])


VIEW = Step(
    name="view",
    title=say("查看内容（脱敏）", "View what it says (masked)"),
    icon="visibility",
    form=PurposeForm,
    do=_viewed,
    roles=OFFICERS,
    legal=lambda row: not isinstance(row, Filing) or row.digest != "",
    hint=_MASKED,
    button=say("查看", "View"),
)
_AGAIN = say("已更正，重新申报", "Mended: declare again")
_HAND_OVER = say("重新递交报文", "Hand the message over again")


@register("customs.Declaration")
class DeclarationAdmin(Stepped):
    """Each order's declaration; what waits for a person is blocked or rejected."""

    writers = OFFICERS
    list_display = (
        "number",
        "state",
        "stands_for",
        "at_customs",
        "list_no",
        "listed_at",
        "released_at",
        "district",
        "storefront",
    )
    list_select_related = ("account", "storefront")
    list_filter = (
        states("state"),
        AtCustomsFilter,
        OverFilter,
        DistrictFilter,
        AwaitsFilter,
        TroubleFilter,
        "opened_at",
        "listed_at",
        "released_at",
    )
    search_fields = ("number__startswith", "list_no__exact", "cop_no__exact", "pre_no__exact")
    ordering = ("-id",)
    actions = ("again",)
    fieldsets = (
        (
            say("申报", "Declaration"),
            {"fields": (("order", "state", "round"), ("account", "stands_for", "at_customs"))},
        ),
        (
            say("编号", "Numbers"),
            {"fields": (("cop_no", "pre_no", "list_no"),)},
        ),
        (
            say("税款（元）", "Tax (CNY)"),
            {"fields": (("duty_fen", "vat_fen", "excise_fen", "tax_fen"),)},
        ),
        (
            say("时间", "Times"),
            {
                "fields": (
                    ("opened_at", "listed_at", "accepted_at"),
                    ("released_at", "told_at", "next_try_at"),
                    ("tries", "resends", "storefront"),
                )
            },
        ),
    )
    compressed_fields = False
    change_form_outer_after_template = "operators/order_story.html"
    list_before_template = "operators/steps.html"
    steps = (
        Step(
            name="again",
            title=_AGAIN,
            button=say("确认重新申报", "Declare again"),
            icon="replay",
            form=NothingForm,
            do=lambda row, values, who, at: resume(declaration=row, by=who, now=at),
            roles=OFFICERS,
            legal=lambda row: row.state in DECLARATION.moves["resume"] and row.state != "documents",
            hint=say(
                "全部内容重新核对后再次申报；被海关退单的清单使用新的企业内部编号。确认后，相关事项随之办结。",
                "Everything is compared anew and told again; a list that customs refused goes under a new"
                " number of ours. Its cases are settled.",
            ),
        ),
        Step(
            name="hand-over",
            title=_HAND_OVER,
            button=say("确认递交", "Hand over"),
            icon="outbox",
            form=NothingForm,
            do=_hand_over_all,
            roles=OFFICERS,
            legal=lambda row: bool(_silent(row)),
            hint=say(
                "口岸尚未收下或没有任何回执的报文，以原编号、原内容再递交一次。",
                "Messages that the port has not taken, or never answered, go out once more: the same bytes"
                " under the same number.",
            ),
        ),
        *customs_undoing.STEPS,
    )

    def get_urls(self) -> list[Any]:
        shown = path("board/", self.admin_site.admin_view(self.board), name="customs_board")
        return [shown, *super().get_urls()]

    def board(self, request: HttpRequest) -> HttpResponse:
        """Where declarations stand, in one's own storefronts."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows = self.narrow(request, Declaration.objects.all())
        return customs_board.page(request, self.admin_site.each_context(request), rows)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Above the list leads a button to the board."""
        button = {
            "title": customs_board.TITLE,
            "icon": "dashboard",
            "url": reverse("admin:customs_board"),
        }
        answer: HttpResponse = super().changelist_view(request, {"steps": [button], **(extra_context or {})})
        return answer

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        context = {"story": customs_story.tell(row, now()) if row else [], **(extra_context or {})}
        answer: HttpResponse = super().change_view(request, object_id, form_url, context)
        return answer

    @admin.display(description=say("等待或受阻于", "waits for, or held by"))
    def stands_for(self, row: Any) -> str:
        return words.stands_for(row.state, row.awaits, row.trouble)

    @admin.display(description=say("关区", "district"), ordering="account__customs_code")
    def district(self, row: Any) -> str:
        return row.account.customs_code if row.account else "-"

    @admin.display(description=say("海关状态", "at customs"), ordering="status")
    def at_customs(self, row: Any) -> str:
        return words.status(row.status)

    @admin.action(description=_AGAIN, permissions=["write"])
    def again(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        by = request.user.get_username()
        self.act(request, rows, lambda row: resume(declaration=row, by=by, now=now()))


@register("customs.Filing")
class FilingAdmin(Stepped):
    """Each version of each document that customs was told; what it says rests sealed."""

    list_display = (
        "declaration",
        "kind",
        "app_type",
        "status",
        "told_at",
        "sent_at",
        "superseded",
        "storefront",
    )
    list_select_related = ("declaration", "storefront")
    list_filter = ("kind", known("status", words.statuses), "superseded", "sent_at")
    search_fields = ("declaration__number__startswith", "guid__exact", "key__exact")
    ordering = ("-id",)
    steps = (VIEW,)

    def stands(self, row: Any) -> str:
        return words.status(row.status)


@register("customs.PortMessage")
class PortMessageAdmin(Stepped):
    """Each signed message, and whether the port has it."""

    list_display = ("name", "guid", "account", "made_at", "sent_at", "tries", "error", "storefront")
    list_select_related = ("account", "storefront")
    list_filter = (known("name", words.messages), "made_at", ("error", admin.EmptyFieldListFilter))
    search_fields = ("guid__exact", "filings__declaration__number__startswith")
    ordering = ("-id",)
    steps = (
        VIEW,
        Step(
            name="hand-over",
            title=_HAND_OVER,
            button=say("确认递交", "Hand over"),
            icon="outbox",
            form=NothingForm,
            do=lambda row, values, who, at: hand_over(message=row, by=who, now=at),
            roles=OFFICERS,
            legal=lambda row: unheard(PortMessage.objects.filter(pk=row.pk)).exists(),
            hint=say(
                "口岸尚未收下或没有任何回执：以原编号、原内容再递交一次。",
                "The port has not taken it, or never answered: the same bytes go out under the same number.",
            ),
        ),
    )

    def stands(self, row: Any) -> str:
        if row.sent_at is None:
            told = say("口岸尚未收下", "the port does not have it")
            return " · ".join(filter(None, (str(told), row.error)))
        return f"{say('口岸已收下', 'the port has it')} · {when(row.sent_at)}"


@register("customs.PortReceipt")
class PortReceiptAdmin(Stepped):
    """Each receipt as it came; its words rest sealed."""

    list_display = ("name", "order", "status", "code", "told_at", "outcome", "received_at", "storefront")
    list_select_related = ("filing__declaration", "storefront")
    list_filter = ("outcome", "received_at")
    search_fields = ("filing__declaration__number__startswith", "code__exact", "digest__exact")
    ordering = ("-id",)
    steps = (VIEW,)

    def stands(self, row: Any) -> str:
        return " · ".join(
            (words.status(row.status), state_name(row.outcome, row.outcome, "customs.PortReceipt"))
        )

    @admin.display(description=say("订单", "order"))
    def order(self, row: Any) -> str:
        """The order that it is about."""
        return row.filing.declaration.number if row.filing else "—"
