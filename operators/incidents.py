"""The incident register: the clock above, what to do next as buttons, who was affected, what was told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html

from compliance.incident_texts import kinds, kinds_of
from compliance.incidents import DUTIES, Duty
from compliance.models.incident import Incident
from compliance.services import incident as life
from compliance.services.incident_affected import freeze_affected
from compliance.services.incident_notice import draft_notice
from compliance.services.incident_watch import ENDED
from compliance.states import INCIDENT
from kernel.clock import now
from operators import incident_story, once, told
from operators.base import register
from operators.bilingual import chinese, say
from operators.filters import Switch, states
from operators.incident_forms import (
    PLATFORM,
    AssessForm,
    NoteForm,
    NothingForm,
    RegisterForm,
)
from operators.scope import INSPECTORS, OFFICERS, scope_of
from operators.steps import Step, Stepped
from operators.tables import when
from operators.whose import subjects_of

_TEXTS = ("cause_zh", "cause_en", "measures_zh", "measures_en")


class OpenFilter(Switch):
    """Incidents that have not ended."""

    title = say("进展", "progress")
    parameter_name = "open"
    yes = say("未结束", "not ended")

    @classmethod
    def question(cls) -> Q:
        return ~Q(state__in=ENDED)


def overdue(at: datetime) -> Q:
    """Incidents of which a duty should have been done by now."""
    late = Q()
    for duty in DUTIES:
        missed = Q(**{f"{duty}_due_at__lte": at, f"{duty}_told_at": None})
        late |= missed & Q(persons_waived="") if duty == "persons" else missed
    return late & OpenFilter.question()


def _assess(row: Incident, values: Mapping[str, Any], who: str, at: datetime) -> None:
    life.assess_incident(incident=row, **{**values, "loss_fen": values["loss_fen"] or 0}, by=who, now=at)


def _known(row: Incident) -> dict[str, Any]:
    """What the form of assessment begins with: what is stored, or what the frozen list tells."""
    names = ("persons", "loss_fen", "data_kinds", *_TEXTS)
    start = {name: getattr(row, name) for name in names}
    counts = row.affected.order_by("-frozen_at").values_list("counts", flat=True).first()
    if counts:
        start["persons"] = max(start["persons"], counts["persons"])
        start["data_kinds"] = start["data_kinds"] or kinds_of(counts["by_label"])
    return start


def _may(verb: str) -> Any:
    return lambda row: verb in INCIDENT.verbs(row.state)


def _drafts(duty: Duty, zh: str, en: str) -> Step:
    return Step(
        name=f"draft-{duty}",
        title=say(f"起草{zh}", f"Draft {en}"),
        icon="draft",
        form=NothingForm,
        hint=say(
            "将按事件现有事实生成中英文草稿，可随后改写。",
            "Drafts both languages from the facts; you can reword them.",
        ),
        do=lambda row, values, who, at: draft_notice(incident=row, duty=duty, by=who, now=at),
        roles=OFFICERS,
        legal=lambda row: row.state not in ENDED and not getattr(row, f"{duty}_told_at"),
    )


@register("compliance.Incident")
class IncidentAdmin(Stepped):
    """Personal data leaked, altered or lost: each step with its service, nothing edited by hand."""

    readers = INSPECTORS
    writers = OFFICERS
    list_display = (
        "numbered",
        "title",
        "kind",
        "severity",
        "state",
        "persons",
        "detected_at",
        "clock",
        "storefront_name",
    )
    list_filter = (OpenFilter, states("severity"), states("state"), "detected_at")
    search_fields = ("number__startswith", "title")
    ordering = ("-id",)
    fieldsets = (
        (
            say("事件", "Incident"),
            {
                "fields": (
                    ("numbered", "state", "severity"),
                    ("kind", "critical", "storefront_name"),
                    "title",
                    ("detected_at", "window_from", "window_to"),
                    ("suspect", "data_concerned", "contact"),
                )
            },
        ),
        (
            say("研判", "Assessment"),
            {
                "fields": (
                    ("persons", "loss_fen", "data_named"),
                    ("cause_zh", "cause_en"),
                    ("measures_zh", "measures_en"),
                    ("contained_at", "closed_at"),
                    ("persons_waived", "closing_note"),
                )
            },
        ),
    )
    compressed_fields = False
    change_form_outer_after_template = "operators/order_story.html"
    steps = (
        Step(
            name="freeze",
            title=say("从访问日志统计受影响的人", "Count who was affected"),
            icon="groups",
            form=NothingForm,
            hint=say(
                "按涉及时段、可疑账号和数据范围统计访问日志，名单加密冻结；页面只显示数量。",
                "Counts the access log by period, suspect and data; the list is sealed, numbers are shown.",
            ),
            do=lambda row, values, who, at: freeze_affected(incident=row, owners=subjects_of, by=who, now=at),
            roles=OFFICERS,
            legal=lambda row: row.state not in ENDED,
        ),
        Step(
            name="assess",
            title=say("研判定级", "Assess"),
            icon="rule",
            form=AssessForm,
            do=_assess,
            roles=OFFICERS,
            legal=_may("assess"),
            start=_known,
        ),
        _drafts("authority", "主管部门报告", "the report to the authority"),
        _drafts("persons", "个人告知书", "the notice to the persons"),
        _drafts("final", "总结报告", "the final report"),
        Step(
            name="waive",
            title=say("不通知个人", "Do not tell the persons"),
            icon="notifications_off",
            form=NoteForm,
            hint=say(
                "个人信息保护法第五十七条：措施能够有效避免危害的，可以不通知个人；主管部门可要求通知。",
                "PIPL Art. 57: the persons need not be told where measures effectively avoid harm;"
                " the authority may demand it.",
            ),
            do=lambda row, values, who, at: life.waive_persons(
                incident=row, reason=values["note"], by=who, now=at
            ),
            roles=OFFICERS,
            legal=lambda row: (
                row.state in ("assessed", "contained") and not row.persons_told_at and not row.persons_waived
            ),
        ),
        Step(
            name="contain",
            title=say("处置完毕", "Contained"),
            icon="shield",
            form=NothingForm,
            hint=say(
                "泄露已被制止；总结报告的期限自此起算。",
                "The leak is stopped; the days of the final report begin.",
            ),
            do=lambda row, values, who, at: life.contain_incident(incident=row, by=who, now=at),
            roles=OFFICERS,
            legal=_may("contain"),
        ),
        Step(
            name="report",
            title=say("告知义务已全部完成", "All have been told"),
            icon="task_alt",
            form=NothingForm,
            do=lambda row, values, who, at: life.report_incident(incident=row, by=who, now=at),
            roles=OFFICERS,
            legal=_may("report"),
        ),
        Step(
            name="close",
            title=say("结案", "Close"),
            icon="inventory",
            form=NoteForm,
            do=lambda row, values, who, at: life.close_incident(
                incident=row, note=values["note"], by=who, now=at
            ),
            roles=OFFICERS,
            legal=_may("close"),
        ),
        Step(
            name="dismiss",
            title=say("并非事件", "Not an incident"),
            icon="block",
            form=NoteForm,
            do=lambda row, values, who, at: life.dismiss_incident(
                incident=row, note=values["note"], by=who, now=at
            ),
            roles=OFFICERS,
            legal=_may("dismiss"),
        ),
    )

    @admin.display(description=say("编号", "number"), ordering="number")
    def numbered(self, row: Incident) -> str:
        return row.number

    @admin.display(description=say("可疑账号", "suspect"))
    def suspect(self, row: Incident) -> str:
        return row.who or "-"

    @admin.display(description=say("数据范围", "which data"))
    def data_concerned(self, row: Incident) -> str:
        return told.datum_name(row.what) if row.what else "-"

    @admin.display(description=say("时限", "clock"))
    def clock(self, row: Incident) -> Any:
        """What is to be done next, and until when."""
        owed = [] if row.state in ENDED else life.missing_duties(row)
        if not owed:
            return "-"
        duty = min(owed, key=lambda one: getattr(row, f"{one}_due_at"))
        due_at = getattr(row, f"{duty}_due_at")
        colour = "font-semibold text-red-600" if due_at <= now() else ""
        return format_html(
            '<span class="{}">{} {}</span>', colour, incident_story.duty_name(duty), when(due_at)
        )

    @admin.display(description=say("涉及信息种类", "kinds of data"))
    def data_named(self, row: Incident) -> str:
        language = "zh" if chinese() else "en"
        names = [kinds()[code][language] for code in row.data_kinds if code in kinds()]
        return ("、" if chinese() else ", ").join(names) or "-"

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return scope_of(request).may_anywhere(OFFICERS)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """The register's own form: an incident is entered by its service."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        scope = scope_of(request)
        mine = {id: name for id, name in scope.names.items() if scope.may(id, OFFICERS)}
        start = {name: now() for name in ("detected_at", "window_from", "window_to")}
        form = RegisterForm(request.POST or None, storefronts=mine, platform=scope.everything, initial=start)

        def register_it(told_: Mapping[str, Any]) -> str:
            values = dict(told_)
            shop = values.pop("storefront")
            made = life.register_incident(
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
            done=say("事件已登记。", "The incident is registered."),
            title=say("登记事件", "Register an incident"),
            hint=say(
                "未研判之前，时限按较大事件计算。",
                "Until it is assessed the clock is that of a larger incident.",
            ),
        )

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        incident = self.get_object(request, object_id)
        context = {"story": incident_story.tell(incident) if incident else [], **(extra_context or {})}
        answer: HttpResponse = super().change_view(request, object_id, form_url, context)
        return answer
