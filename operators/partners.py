"""Who connects through the partner API; secrets and tokens are never shown."""

from __future__ import annotations

from operators.base import Scoped, register
from operators.filters import states
from operators.scope import PLATFORM


@register("partner_api.Application")
class ApplicationAdmin(Scoped):
    """A partner's system, tied to the storefront it works for."""

    fields = ("name", "client_id", "storefront", "kind", "authorization_grant_type", "created", "updated")
    list_display = ("name", "client_id", "kind", "created", "storefront")
    list_select_related = ("storefront",)
    list_filter = (states("kind"), "created")
    search_fields = ("name", "client_id__exact")
    ordering = ("-id",)


@register("oauth2_provider.AccessToken")
class AccessTokenAdmin(Scoped):
    """Tokens in use: whose, for what, until when."""

    scope_path = "application__storefront_id"
    fields = ("application", "scope", "created", "expires")
    list_display = ("application", "scope", "created", "expires")
    list_select_related = ("application",)
    list_filter = ("created",)
    search_fields = ("application__client_id__exact", "application__name")
    ordering = ("-id",)


@register("oauth2_provider.RefreshToken", "oauth2_provider.Grant", "oauth2_provider.IDToken")
class UnusedGrantAdmin(Scoped):
    """Of grants that this house does not offer: a row here would be a surprise, for the platform to see."""

    scope_path = PLATFORM
    fields = ("application", "created")
    list_display = ("application", "created")
    list_select_related = ("application",)
    ordering = ("-id",)


@register("oauth2_provider.DeviceGrant")
class DeviceGrantAdmin(Scoped):
    """As above; the device flow names its application by client id."""

    scope_path = PLATFORM
    fields = ("client_id", "expires")
    list_display = ("client_id", "expires")
    ordering = ("-id",)
