"""The judgement's page: why any order or refused attempt was decided as it was, rule by rule."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from compliance.law import Law
from compliance.models import Judgement
from compliance.services.judgement import facts_of
from compliance.vault import VaultError
from kernel.clock import shanghai_day
from operators import judgement_story, told
from operators.base import register
from operators.bilingual import say
from operators.filters import states
from operators.reveal import PurposeForm, nothing
from operators.scope import OFFICERS
from operators.steps import Step, Stepped
from operators.tables import Table, when
from orders.models import Order


def _reveal(row: Judgement, values: Mapping[str, Any], who: str, at: datetime) -> list[Table]:
    try:
        opened = facts_of(judgement=row, who=who, purpose=values["purpose"], now=at)
    except VaultError:
        return nothing(
            say("密钥已销毁，事实无法再打开。", "Its key was destroyed: the facts can no longer be opened.")
        )
    if not opened:
        return nothing(say("该判定未留存事实。", "No facts were kept of this judgement."))
    return judgement_story.facts(opened)


@register("compliance.Judgement")
class JudgementAdmin(Stepped):
    """Each rule with its answer, each figure with its source; the facts open for a stated purpose alone."""

    list_display = ("decided", "moment", "allowed", "rules", "order_number", "storefront_name")
    list_filter = (states("moment"), "allowed", "decided_at")
    search_fields = ("order_number__startswith", "edition__startswith")
    search_help_text = say("订单号，或规则版本的开头", "Order number, or the beginning of an edition")
    ordering = ("-id",)
    fields = (
        ("decided", "moment", "allowed"),
        ("order_link", "law_edition", "sealed_facts"),
        "storefront_name",
    )
    compressed_fields = False
    change_form_outer_after_template = "operators/order_story.html"
    steps = (
        Step(
            name="reveal",
            title=say("打开判定事实", "Open the facts"),
            icon="visibility",
            form=PurposeForm,
            do=_reveal,
            roles=OFFICERS,
            legal=lambda row: row.key_id is not None,
        ),
    )

    @admin.display(description=say("判定时间", "decided"), ordering="decided_at")
    def decided(self, row: Any) -> str:
        return when(row.decided_at)

    @admin.display(description=say("拒绝规则", "refused by"))
    def rules(self, row: Any) -> str:
        return ", ".join(refusal["rule"] for refusal in row.refusals) or "-"

    @admin.display(description=say("订单", "order"))
    def order_link(self, row: Any) -> Any:
        found = Order.objects.filter(number=row.order_number, storefront_id=row.storefront_id).only("number")
        return told.linked(row.order_number or "-", {str(one): told.page_of(one) for one in found})

    @admin.display(description=say("规则版本", "edition"))
    def law_edition(self, row: Any) -> str:
        return judgement_story.edition(row, Law(shanghai_day(row.decided_at)))

    @admin.display(description=say("判定事实", "facts"))
    def sealed_facts(self, row: Any) -> Any:
        return say("••••（已加密）", "•••• (sealed)") if row.key_id else "-"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        judgement = self.get_object(request, object_id)
        context = {"story": judgement_story.tell(judgement) if judgement else [], **(extra_context or {})}
        answer: HttpResponse = super().change_view(request, object_id, form_url, context)
        return answer
