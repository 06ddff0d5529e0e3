"""How operators get in: log-ins, lock-outs, second factors and what was edited, for the platform to see."""

from __future__ import annotations

from operators.base import Scoped, register
from operators.scope import PLATFORM


@register("axes.AccessAttempt", "axes.AccessFailureLog", "axes.AccessLog")
class LoginAdmin(Scoped):
    """Log-ins, failed and locked out; what was typed is not shown."""

    scope_path = PLATFORM
    fields = ("attempt_time", "username", "ip_address", "path_info", "user_agent")
    list_display = ("attempt_time", "username", "ip_address", "path_info")
    list_filter = ("attempt_time",)
    search_fields = ("username__startswith", "ip_address__startswith")
    ordering = ("-id",)


@register("axes.AccessAttemptExpiration")
class LockoutAdmin(Scoped):
    """Until when an address is locked out."""

    scope_path = PLATFORM
    fields = ("expires_at",)
    list_display = ("access_attempt", "expires_at")
    list_select_related = ("access_attempt",)


@register("otp_totp.TOTPDevice")
class SecondFactorAdmin(Scoped):
    """Who has a second factor; its key is never shown."""

    scope_path = PLATFORM
    fields = ("user", "name", "confirmed", "created_at", "last_used_at")
    list_display = ("user", "name", "confirmed", "created_at", "last_used_at")
    list_select_related = ("user",)
    list_filter = ("confirmed",)
    search_fields = ("user__username__startswith",)
    ordering = ("-id",)


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
