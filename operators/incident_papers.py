"""The papers of an incident: the frozen lists of whom it concerned, and the notices in both languages."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.template.defaultfilters import linebreaksbr

from compliance.models.incident import IncidentAffected, IncidentNotice
from compliance.services.incident_notice import draft_notice, tell
from compliance.services.incident_watch import ENDED
from operators import incident_story, told
from operators.base import register
from operators.bilingual import say
from operators.filters import states
from operators.incident_forms import TellForm, WordingForm
from operators.reveal import PurposeForm
from operators.scope import INSPECTORS, OFFICERS
from operators.steps import Step, Stepped


def _untold(notice: IncidentNotice) -> bool:
    return not getattr(notice.incident, f"{notice.duty}_told_at") and notice.incident.state not in ENDED


def _words(text: str) -> Any:
    return linebreaksbr(text, autoescape=True)


@register("compliance.IncidentAffected")
class IncidentAffectedAdmin(Stepped):
    """Whom an incident concerned: numbers to read, the list for a stated purpose alone."""

    readers = INSPECTORS
    list_display = ("frozen_at", "incident", "persons", "accesses", "frozen_by", "storefront_name")
    list_select_related = ("incident",)
    list_filter = ("frozen_at",)
    search_fields = ("incident__number__startswith",)
    ordering = ("-id",)
    fields = (("frozen_at", "frozen_by", "storefront_name"), ("incident", "persons", "accesses"), "by_label")
    compressed_fields = False
    steps = (
        Step(
            name="reveal",
            title=say("打开名单", "Open the list"),
            icon="visibility",
            form=PurposeForm,
            do=lambda row, values, who, at: incident_story.people(row, values["purpose"], who, at),
            roles=OFFICERS,
        ),
    )

    @admin.display(description=say("涉及人数", "persons"))
    def persons(self, row: IncidentAffected) -> int:
        return int(row.counts["persons"])

    @admin.display(description=say("访问次数", "accesses"))
    def accesses(self, row: IncidentAffected) -> int:
        return int(row.counts["accesses"])

    @admin.display(description=say("按数据", "by data"))
    def by_label(self, row: IncidentAffected) -> Any:
        return told.data(row.counts["by_label"])


@register("compliance.IncidentNotice")
class IncidentNoticeAdmin(Stepped):
    """What was drafted and what was told, in both languages."""

    readers = INSPECTORS
    list_display = ("incident", "duty", "version", "drafted_at", "sent_at", "sent_by", "storefront_name")
    list_select_related = ("incident",)
    list_filter = (states("duty"), ("sent_at", admin.EmptyFieldListFilter), "drafted_at")
    search_fields = ("incident__number__startswith",)
    ordering = ("-id",)
    fields = (
        ("incident", "duty", "version"),
        ("drafted_at", "drafted_by", "storefront_name"),
        ("sent_at", "sent_by", "channel"),
        ("words_zh", "words_en"),
        "sha256",
    )
    compressed_fields = False
    steps = (
        Step(
            name="word",
            title=say("改写为新版本", "Reword as a new version"),
            icon="edit",
            form=WordingForm,
            do=lambda row, values, who, at: draft_notice(
                incident=row.incident, duty=row.duty, zh=values["zh"], en=values["en"], by=who, now=at
            ),
            roles=OFFICERS,
            legal=_untold,
            start=lambda row: {"zh": row.zh, "en": row.en},
        ),
        Step(
            name="tell",
            title=say("记录已送达", "Record that it was sent"),
            icon="outgoing_mail",
            form=TellForm,
            do=lambda row, values, who, at: tell(notice=row, channel=values["channel"], by=who, now=at),
            roles=OFFICERS,
            legal=_untold,
        ),
    )

    @admin.display(description=say("中文", "Chinese"))
    def words_zh(self, row: IncidentNotice) -> Any:
        return _words(row.zh)

    @admin.display(description=say("英文", "English"))
    def words_en(self, row: IncidentNotice) -> Any:
        return _words(row.en)
