"""Four eyes: what is asked, by whom, with its facts; a colleague grants or declines it by a button."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminTextInputWidget

from kernel import approvals
from kernel.clock import now
from kernel.models import Approval
from operators import told
from operators.base import Scoped, register
from operators.bilingual import say
from operators.filters import states
from operators.names import state_name
from operators.scope import DECIDERS, OFFICERS, scope_of
from operators.steps import Step, Stepped
from storefronts import queries as storefronts
from storefronts.services import GOODS_GATE, TRADE_MODE, four_eyes

LAW_VERBS = (TRADE_MODE, GOODS_GATE)
APART = say(
    "申请人与审批人须为两人：账号由另一方开通，或由同一位同事开通的，视为同一人。",
    "Who asks and who decides are two people: who was let in by the other, or by the same colleague, counts"
    " as one.",
)


class DecisionForm(forms.Form):
    """Why; who asked reads it."""

    reason = forms.CharField(label=say("理由", "reason"), max_length=300, widget=UnfoldAdminTextInputWidget)


def _decide(row: Approval, values: Mapping[str, Any], who: str, at: datetime, granted: bool) -> None:
    four_eyes.decide(approval=row, by=who, granted=granted, reason=values["reason"], now=at)
    storefronts.forget_kept()


def _open(row: Approval) -> bool:
    return approvals.open_to(row, now())


@register("kernel.Approval")
class ApprovalAdmin(Stepped):
    """What one operator asks for, another one grants or declines; what the law asks for, by compliance."""

    fields = (
        "what",
        "thing",
        "facts_told",
        "asked_by",
        "asked_at",
        "expires_at",
        "granted",
        "decided_by",
        "decided_at",
        "reason",
        "done",
        "storefront_name",
    )
    list_display = (
        "what",
        "key",
        "asked_by",
        "asked_at",
        "expires_at",
        "granted",
        "decided_by",
        "storefront_name",
    )
    list_filter = ("granted", "asked_at")
    search_fields = ("key__startswith", "verb__startswith")
    ordering = ("-id",)
    steps = (
        Step(
            "grant",
            say("批准", "Grant"),
            "check",
            DecisionForm,
            lambda row, values, who, at: _decide(row, values, who, at, True),
            DECIDERS,
            legal=_open,
            hint=APART,
        ),
        Step(
            "decline",
            say("驳回", "Decline"),
            "close",
            DecisionForm,
            lambda row, values, who, at: _decide(row, values, who, at, False),
            DECIDERS,
            legal=_open,
            hint=APART,
        ),
    )

    def _mine(self, request: HttpRequest, obj: Any, roles: frozenset[str]) -> bool:
        """Nobody decides what they asked for; what the law asks for is compliance's."""
        if isinstance(obj, Approval) and roles == DECIDERS:
            lawful = obj.verb not in LAW_VERBS or scope_of(request).may(obj.storefront_id, OFFICERS)
            if obj.asked_by == request.user.get_username() or not lawful:
                return False
        return super()._mine(request, obj, roles)

    @admin.display(description=say("事项", "what"), ordering="verb")
    def what(self, row: Any) -> str:
        return state_name(row.verb, row.verb, self.model._meta.label)

    @admin.display(description=say("对象", "about"))
    def thing(self, row: Any) -> Any:
        return told.about(row.key)

    @admin.display(description=say("事实", "facts"))
    def facts_told(self, row: Any) -> Any:
        return told.facts(row.facts)

    @admin.display(description=say("已执行", "done"), boolean=True)
    def done(self, row: Any) -> bool:
        return approvals.used(row)


@register("storefronts.FourEyes")
class FourEyesAdmin(Scoped):
    """Which verbs need a colleague, and from which size on; a looser limit needs one too."""

    editable = ("above",)
    addable = ("storefront", "verb", "above")
    list_display = ("storefront", "verb", "above")
    list_select_related = ("storefront",)
    list_filter = (states("verb"),)
    ordering = ("storefront", "verb")

    def save_model(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        storefront_id = self.checked_storefront(request, obj)
        four_eyes.set_limit(row=obj, by=request.user.get_username(), now=now())
        self.record(request, obj, storefront_id, "changed" if change else "added", above=obj.above)
