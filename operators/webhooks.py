"""What partners were told and how it reached them; a paused endpoint is resumed here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from operators.base import Scoped, register
from operators.bilingual import say
from operators.filters import states
from operators.incident_forms import NothingForm
from operators.scope import OWNERS
from operators.steps import Step, Stepped
from partners.models import Endpoint
from partners.services import endpoints


def resume(row: Endpoint, values: Mapping[str, Any], by: str, at: datetime) -> None:
    """Send again, what waited first."""
    endpoints.resume(row=row, by=by, now=at)


@register("partners.Endpoint")
class EndpointAdmin(Stepped):
    """Where a partner has notices sent; one that failed for a day is paused until somebody resumes it."""

    fields = (
        "partner",
        "url",
        "types",
        "state",
        "slow",
        "failures",
        "failing_since",
        "paused_at",
        "paused_why",
        "made_at",
        "storefront",
    )
    list_display = ("url", "state", "slow", "failures", "failing_since", "storefront")
    list_select_related = ("storefront",)
    list_filter = (states("state"),)
    ordering = ("-id",)
    steps = (
        Step(
            "resume",
            say("恢复推送", "Resume"),
            "play_arrow",
            NothingForm,
            resume,
            OWNERS,
            legal=lambda row: row.state == Endpoint.State.PAUSED,
            hint=say("等待中的消息将依次发送。", "What waits is sent in its order."),
        ),
    )


@register("partners.Message")
class MessageAdmin(Scoped):
    """A notice on its way to an endpoint."""

    fields = ("endpoint", "type", "subject", "position", "at", "state", "attempts", "next_try_at", "ended_at")
    list_display = ("type", "subject", "state", "attempts", "next_try_at", "storefront")
    list_select_related = ("storefront",)
    list_filter = (states("state"),)
    search_fields = ("subject__exact",)
    ordering = ("-id",)


@register("partners.Attempt")
class AttemptAdmin(Scoped):
    """What came of an attempt."""

    fields = ("message", "at", "status", "millis", "error")
    list_display = ("message", "at", "status", "millis", "error")
    list_select_related = ("message",)
    ordering = ("-id",)


@register("partners.Notice")
class NoticeAdmin(Scoped):
    """What partners may hear, in its order."""

    fields = ("position", "type", "subject", "at", "storefront")
    list_display = ("position", "type", "subject", "at", "storefront")
    list_select_related = ("storefront",)
    search_fields = ("subject__exact",)
    ordering = ("-id",)


@register("partners.Acknowledgement")
class AcknowledgementAdmin(Scoped):
    """Orders that a partner has in its own books."""

    fields = ("partner", "number", "reference", "at", "storefront")
    list_display = ("number", "reference", "at", "storefront")
    list_select_related = ("storefront",)
    search_fields = ("number__exact", "reference__exact")
    ordering = ("-id",)


@register("partners.Latest", "partners.Feed")
class PlaceAdmin(Scoped):
    """Where something last changed, and how far the feed has come."""

    list_display = ("__str__", "position", "storefront")
    list_select_related = ("storefront",)
    ordering = ("-id",)
