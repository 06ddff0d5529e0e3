"""The drafts and the versions of shop looks as rows; a version comes back by one button."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms

from operators.base import Scoped, register
from operators.bilingual import say
from operators.scope import SELLERS
from operators.steps import Step, Stepped
from shopfront.models import Draft
from shopfront.services.drafting import draft_again
from shopfront.services.publishing import bring_back


@register("shopfront.Draft")
class DraftAdmin(Scoped):
    """Who last changed which storefront's draft; it is edited on the page of the shop look."""

    list_display = ("storefront", "revision", "edited_by", "edited_at")
    list_select_related = ("storefront",)
    ordering = ("storefront",)


def _back(row: Any, values: Mapping[str, Any], who: str, at: datetime) -> None:
    bring_back(storefront_id=row.storefront_id, number=row.number, by=who, now=at)


def _seen(row: Any) -> dict[str, Any]:
    """The draft that is to be replaced."""
    revisions = Draft.objects.filter(storefront=row.storefront_id).values_list("revision", flat=True)
    return {"revision": revisions.first() or 0}


def _draft(row: Any, values: Mapping[str, Any], who: str, at: datetime) -> None:
    seen = values["revision"]
    draft_again(storefront_id=row.storefront_id, number=row.number, revision=seen, by=who, now=at)


class DraftForm(forms.Form):
    """Nothing to type: which draft was seen, so that a colleague's later one is not lost."""

    revision = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


@register("shopfront.Version")
class VersionAdmin(Stepped):
    """Every look that consumers have seen: who published it, and when."""

    list_display = ("number", "storefront", "published_at", "published_by", "brings_back")
    list_select_related = ("storefront",)
    list_filter = ("published_at",)
    search_fields = ("published_by__startswith",)
    ordering = ("-id",)
    steps = (
        Step(
            name="back",
            title=say("恢复此版本", "Show this version again"),
            icon="settings_backup_restore",
            form=forms.Form,
            do=_back,
            roles=SELLERS,
            hint=say(
                "立即对消费者生效，并记为新版本；草稿不变。",
                "Consumers see it at once, as a new version; the draft stays as it is.",
            ),
        ),
        Step(
            name="draft",
            title=say("作为草稿编辑", "Edit it as the draft"),
            icon="edit",
            form=DraftForm,
            start=_seen,
            do=_draft,
            roles=SELLERS,
            hint=say("现有草稿将被此版本替换。", "The present draft is replaced by this version."),
        ),
    )
