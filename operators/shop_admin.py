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


def _draft(row: Any, values: Mapping[str, Any], who: str, at: datetime) -> None:
    draft = Draft.objects.filter(storefront=row.storefront_id).first()
    seen = draft.revision if draft else 0
    draft_again(storefront_id=row.storefront_id, number=row.number, revision=seen, by=who, now=at)


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
            form=forms.Form,
            do=_draft,
            roles=SELLERS,
            hint=say("现有草稿将被此版本替换。", "The present draft is replaced by this version."),
        ),
    )
