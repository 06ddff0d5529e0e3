"""The register of impact assessments: an officer enters each as it was made; nothing in it is changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from unfold.widgets import (
    UnfoldAdminDateWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from compliance.models import ImpactAssessment
from compliance.services.assessments import record_assessment
from kernel.clock import now, shanghai_day
from operators import once, told
from operators.base import Scoped, register
from operators.bilingual import say
from operators.filters import states
from operators.incident_forms import PLATFORM
from operators.names import state_name
from operators.scope import INSPECTORS, OFFICERS, scope_of


def _day(label: Any) -> forms.DateField:
    return forms.DateField(label=label, widget=UnfoldAdminDateWidget)


def _text(label: Any, help_text: Any) -> forms.CharField:
    return forms.CharField(label=label, help_text=help_text, widget=UnfoldAdminTextareaWidget)


class AssessmentForm(forms.Form):
    """What Art. 56 asks an assessment to weigh, and what came of it."""

    storefront = forms.ChoiceField(label=say("店铺", "storefront"), widget=UnfoldAdminSelectWidget)
    processing = forms.ChoiceField(label=say("处理活动", "processing"), widget=UnfoldAdminSelectWidget)
    assessed_on = _day(say("评估日期", "assessed on"))
    assessed_by = forms.CharField(
        label=say("评估人", "assessed by"),
        max_length=80,
        widget=UnfoldAdminTextInputWidget,
        help_text=say("人员或机构及其职责", "a person or body, with its role"),
    )
    purpose = _text(
        say("目的与方式", "purpose and means"),
        say("是否合法、正当、必要", "Are they lawful, legitimate and necessary?"),
    )
    impact = _text(
        say("影响与风险", "impact and risks"),
        say("对个人权益的影响及安全风险", "Influence on the persons' rights, risks to security"),
    )
    measures = _text(
        say("保护措施", "measures"),
        say("是否合法、有效并与风险程度相适应", "Are they lawful, effective, and fit for the risk?"),
    )
    acceptable = forms.BooleanField(
        label=say("结论：可以进行", "conclusion: it may go on"), required=False, widget=UnfoldBooleanWidget
    )
    review_on = _day(say("下次评估日期", "next assessment by"))

    def __init__(self, *args: Any, storefronts: Mapping[int, str], platform: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        choices = [(str(id), name) for id, name in storefronts.items()]
        if platform:
            choices.append((PLATFORM, str(say("全平台", "the whole platform"))))
        self.fields["storefront"].choices = choices  # type: ignore[attr-defined]
        self.fields["processing"].choices = [  # type: ignore[attr-defined]
            (value, state_name(value, label, _MODEL)) for value, label in ImpactAssessment.Processing.choices
        ]


_MODEL = "compliance.ImpactAssessment"


@register(_MODEL)
class ImpactAssessmentAdmin(Scoped):
    """Impact assessments (个人信息保护影响评估), to read and to add."""

    readers = INSPECTORS
    writers = OFFICERS
    list_display = (
        "processing",
        "assessed_on",
        "assessed_by",
        "acceptable",
        "review_on",
        "storefront_name",
    )
    list_filter = (states("processing"), "acceptable", "review_on")
    search_fields = ("assessed_by__startswith",)
    ordering = ("-assessed_on", "-id")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return scope_of(request).may_anywhere(OFFICERS)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """The register's own form: an assessment is entered by its service."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        scope, today = scope_of(request), shanghai_day(now())
        form = AssessmentForm(
            request.POST or None,
            storefronts={id: name for id, name in scope.names.items() if scope.may(id, OFFICERS)},
            platform=scope.everything,
            initial={
                "assessed_on": today,
                "review_on": date(today.year + 1, today.month, min(today.day, 28)),
                "processing": request.GET.get("processing", ""),
            },
        )

        def register_it(told_: Mapping[str, Any]) -> str:
            values = dict(told_)
            shop = values.pop("storefront")
            made = record_assessment(
                storefront_id=None if shop == PLATFORM else int(shop),
                **values,
                by=request.user.get_username(),
                now=now(),
            )
            return told.page_of(made)

        return once.page_of_form(
            self,
            request,
            form,
            register_it,
            done=say("评估已登记。", "It is registered."),
            title=say("登记个人信息保护影响评估", "Register an impact assessment"),
            hint=say(
                "登记后不可修改；不写任何消费者的姓名或号码。报告及处理情况记录至少保存三年。",
                "It cannot be changed afterwards; name no consumer. Kept for three years at least.",
            ),
        )
