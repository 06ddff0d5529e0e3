"""What consumers wrote of goods: what waits for a person first; shown, hidden as unlawful, or answered."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.db.models import Case, Value, When
from django.http import HttpRequest
from django.utils.html import format_html_join
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from operators.base import Scoped, register
from operators.bilingual import say
from operators.filters import states
from operators.incident_forms import NothingForm
from operators.reveal import PurposeForm
from operators.scope import CARERS, OFFICERS
from operators.steps import Step, Stepped
from operators.tables import Table
from reviews.models import LONGEST, Review, ReviewWords
from reviews.services import decide
from reviews.services.reading import open_for
from reviews.states import WORDS


class GroundForm(forms.Form):
    """On which lawful ground, and in words that the author reads."""

    ground = forms.ChoiceField(
        label=say("法定理由", "lawful ground"),
        choices=ReviewWords.Ground.choices,
        widget=UnfoldAdminSelectWidget,
    )
    note = forms.CharField(
        label=say("告知作者的说明", "what the author is told"),
        max_length=200,
        widget=UnfoldAdminTextareaWidget,
    )


class AnswerForm(forms.Form):
    """What everybody reads below the review."""

    text = forms.CharField(
        label=say("回复内容", "answer"), max_length=LONGEST, widget=UnfoldAdminTextareaWidget
    )


def _reveal(row: ReviewWords, values: Mapping[str, Any], who: str, at: datetime) -> list[Table]:
    found = open_for(words=row, who=who, purpose=values["purpose"], now=at)
    pictures = format_html_join(
        "",
        '<img src="data:{};base64,{}" alt="" class="evidence">',
        ((kind, base64.b64encode(content).decode()) for kind, content in found.pictures),
    )
    rows = [[say("评价内容", "words"), found.text or "-"], [say("图片", "pictures"), pictures or "-"]]
    return [{"title": str(row.review), "headers": ["", ""], "rows": rows}]


def _show(row: ReviewWords, values: Mapping[str, Any], who: str, at: datetime) -> None:
    decide.show(words=row, by=who, now=at)


def _hide(row: ReviewWords, values: Mapping[str, Any], who: str, at: datetime) -> None:
    decide.hide(words=row, ground=values["ground"], note=values["note"], by=who, now=at)


def _reply(row: Review, values: Mapping[str, Any], who: str, at: datetime) -> None:
    decide.reply(review=row, text=values["text"], by=who, now=at)


@register("reviews.ReviewWords")
class ReviewWordsAdmin(Stepped):
    """Words of reviews; what is not shown opens for a stated purpose alone, and nothing is deleted."""

    writers = CARERS
    hidden = ("text", "public_id")
    list_display = ("review", "kind", "state", "why", "ground", "written_at", "decided_by", "storefront")
    list_select_related = ("review", "storefront")
    list_filter = (states("state"), states("why"), "written_at")
    search_fields = ("review__sku__startswith",)
    steps = (
        Step(
            name="reveal",
            title=say("查看内容与图片", "Open words and pictures"),
            icon="visibility",
            form=PurposeForm,
            do=_reveal,
            roles=CARERS,
            button=say("查看", "Open"),
        ),
        Step(
            name="show",
            title=say("展示", "Show"),
            icon="task_alt",
            form=NothingForm,
            do=_show,
            roles=OFFICERS,
            legal=lambda row: row.state in ("held", "hidden"),
        ),
        Step(
            name="hide",
            title=say("依法屏蔽", "Hide as unlawful"),
            icon="visibility_off",
            form=GroundForm,
            do=_hide,
            roles=OFFICERS,
            legal=lambda row: row.state in WORDS.moves["hide"],
            hint=say(
                "仅限违法内容，差评不是理由。理由将告知作者并公开标注，星级仍计入评分。",
                "Unlawful content alone, never bad marks: the ground is told, and the stars still count.",
            ),
        ),
    )

    def get_ordering(self, request: HttpRequest) -> Any:
        """What waits for a person first."""
        return (Case(When(state="held", then=Value(0)), default=Value(1)), "-id")


@register("reviews.Review")
class ReviewAdmin(Stepped):
    """Each review with its stars and the brand's one answer."""

    writers = CARERS
    hidden = ("public_id",)
    list_display = (
        "sku",
        "rating",
        "product",
        "shown_name",
        "written_at",
        "public_at",
        "replied_at",
        "storefront",
    )
    list_select_related = ("product", "storefront")
    list_filter = ("written_at",)
    search_fields = ("sku__startswith",)
    ordering = ("-id",)
    steps = (
        Step(
            name="reply",
            title=say("回复", "Answer"),
            icon="reply",
            form=AnswerForm,
            do=_reply,
            roles=CARERS,
            legal=lambda row: row.public_at is not None and row.customer_id is not None and not row.reply,
            hint=say("仅可回复一次，所有人可见。", "One answer, read by everybody."),
        ),
    )


@register("reviews.ReviewPicture")
class ReviewPictureAdmin(Scoped):
    """Which pictures were given; they open with their words."""

    hidden = ("public_id",)
    list_display = ("order", "words", "position", "at", "storefront")
    list_select_related = ("order", "words", "storefront")
    list_filter = ("at",)
    search_fields = ("order__number__startswith",)
    ordering = ("-id",)
