"""How operators get in: log-ins, lock-outs, second factors and what was edited, for the platform to see."""

from __future__ import annotations

from typing import Any

from axes.utils import reset as forget_failures
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from operators.base import Scoped, register
from operators.bilingual import say
from operators.own_sessions import in_words
from operators.scope import OWNERS, PLATFORM
from storefronts.services import sessions


@register("axes.AccessFailureLog", "axes.AccessLog")
class LoginAdmin(Scoped):
    """Log-ins, failed and locked out; what was typed is not shown."""

    scope_path = PLATFORM
    fields = ("attempt_time", "username", "ip_address", "path_info", "user_agent")
    list_display = ("attempt_time", "username", "ip_address", "path_info")
    list_filter = ("attempt_time",)
    search_fields = ("username__startswith", "ip_address__startswith")
    ordering = ("-id",)


@register("axes.AccessAttempt")
class AttemptAdmin(Scoped):
    """Wrong passwords and codes since the last log-in; a name that is locked can be let in again."""

    scope_path = PLATFORM
    fields = ("attempt_time", "username", "ip_address", "failures_since_start", "path_info", "user_agent")
    list_display = ("attempt_time", "username", "ip_address", "failures_since_start", "path_info")
    list_filter = ("attempt_time",)
    search_fields = ("username__startswith", "ip_address__startswith")
    ordering = ("-id",)
    actions = ("unlock",)

    @admin.action(description=say("解除锁定", "Unlock"), permissions=["write"])
    def unlock(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        self.act(request, rows, lambda row: forget_failures(username=row.username, ip=row.ip_address))


@register("axes.AccessAttemptExpiration")
class LockoutAdmin(Scoped):
    """Until when an address is locked out."""

    scope_path = PLATFORM
    fields = ("expires_at",)
    list_display = ("access_attempt", "expires_at")
    list_select_related = ("access_attempt",)


@register("otp_totp.TOTPDevice", "otp_static.StaticDevice")
class SecondFactorAdmin(Scoped):
    """Who has a second factor; its key is never shown."""

    scope_path = PLATFORM
    fields = ("user", "name", "confirmed", "created_at", "last_used_at", "throttling_failure_count")
    list_display = ("user", "name", "confirmed", "created_at", "last_used_at")
    list_select_related = ("user",)
    list_filter = ("confirmed",)
    search_fields = ("user__username__startswith",)
    ordering = ("-id",)


@register("otp_static.StaticToken")
class RecoveryCodeAdmin(Scoped):
    """Recovery codes that are still good: whose, and never which."""

    scope_path = PLATFORM
    fields = ("device",)
    list_display = ("device",)
    list_select_related = ("device__user",)
    ordering = ("-id",)


@register("storefronts.OperatorSession")
class SessionAdmin(Scoped):
    """Who is logged in, since when and from where; owners end the sessions of their people."""

    scope_path = "operator__memberships__storefront_id"
    scope_many = True
    readers = OWNERS
    fields = ("operator", "factor", "started_at", "seen_at", "expire_date", "address", "browser_told")
    list_display = ("operator", "started_at", "seen_at", "address", "browser_told", "factor")
    list_select_related = ("operator",)
    list_filter = ("started_at",)
    search_fields = ("operator__username__startswith",)
    ordering = ("-seen_at",)
    actions = ("end",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).filter(operator__isnull=False)

    @admin.display(description=say("浏览器", "browser"), ordering="browser")
    def browser_told(self, row: Any) -> str:
        return in_words(row.browser)

    @admin.action(description=say("结束会话", "End the session"), permissions=["write"])
    def end(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        self.act(request, rows, lambda row: sessions.end(session=row))


@register("admin.LogEntry")
class LogEntryAdmin(Scoped):
    """What was edited in these pages, by whom."""

    scope_path = PLATFORM
    fields = ("action_time", "user", "content_type", "object_repr", "action_flag", "change_message")
    list_display = ("action_time", "user", "content_type", "object_repr")
    list_select_related = ("user", "content_type")
    list_filter = ("action_time",)
    search_fields = ("user__username__startswith", "object_repr")
    ordering = ("-id",)
