"""Who connects through the partner API, what they may do there, and their credentials, shown once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminSelectWidget

from kernel.clock import now
from kernel.tenancy import everything
from operators.base import Scoped, register
from operators.bilingual import say
from operators.filters import states
from operators.incident_forms import NothingForm
from operators.partner_forms import (
    CallingForm,
    OverlapForm,
    ScopesForm,
    served_codes,
    served_form,
    warehouses_of,
)
from operators.scope import OWNERS, PLATFORM
from operators.steps import Step, Stepped
from operators.tables import Table
from partners.models import Application, Connection, Partner
from partners.scopes import USUAL
from partners.services import accounts
from storefronts.models import Operator, Storefront


def issue(row: Partner, values: Mapping[str, Any], by: str, at: datetime) -> list[Table]:
    """A credential, shown once."""
    return shown(accounts.issue_credential(partner=row, scopes=values["scopes"], by=by, now=at))


def rotate(row: Application, values: Mapping[str, Any], by: str, at: datetime) -> list[Table]:
    """The credential that follows, shown once."""
    overlap = timedelta(days=int(values["overlap"]))
    return shown(accounts.rotate_credential(credential=row, overlap=overlap, by=by, now=at))


def revoke(row: Application, values: Mapping[str, Any], by: str, at: datetime) -> None:
    """No call more with it."""
    accounts.revoke_credential(credential=row, by=by, now=at)


def change(row: Partner, values: Mapping[str, Any], by: str, at: datetime) -> None:
    """From where, how often, and whether at all."""
    accounts.change_partner(
        partner=row,
        networks=values["networks"].split(),
        per_minute=values["per_minute"],
        active=values["state"] == Partner.State.ACTIVE,
        by=by,
        now=at,
    )


def rescope(row: Connection, values: Mapping[str, Any], by: str, at: datetime) -> None:
    """What it may do here from now on."""
    with everything():  # the partner is a row of its home, which may be another storefront
        partner, shop = row.partner, row.storefront
        served = served_codes(values, shop)
        accounts.grant(
            partner=partner, storefront=shop, scopes=values["scopes"], warehouses=served, by=by, now=at
        )


def connect(row: Partner, values: Mapping[str, Any], by: str, at: datetime) -> None:
    """What it may do in another storefront of the brand, by who owns that one too."""
    with everything():  # each storefront's rows are its own
        shop = Storefront.objects.get(pk=values["storefront"])
        owners = Operator.objects.filter(memberships__storefront=shop, memberships__role__in=OWNERS)
        if not (Operator.objects.filter(is_superuser=True) | owners).filter(username=by).exists():
            raise PermissionDenied
        served = served_codes(values, shop)
        accounts.grant(
            partner=row, storefront=shop, scopes=values["scopes"], warehouses=served, by=by, now=at
        )


def unconnected(row: Partner) -> list[tuple[int, str]]:
    """The brand's storefronts, of those that are the operator's, in which it may do nothing."""
    standing = row.connections.filter(ended_at=None).values("storefront")
    shops = Storefront.objects.filter(brand=row.storefront.brand_id).exclude(pk__in=standing)
    return [(shop.pk, str(shop)) for shop in shops.order_by("code")]


def connect_form(row: Partner) -> type[forms.Form]:
    """In which storefront, which scopes, and in which of its warehouses."""
    shops = unconnected(row)
    field = forms.TypedChoiceField(
        label=say("店铺", "storefront"),
        coerce=int,
        choices=shops,
        widget=UnfoldAdminSelectWidget,
    )
    fields = {"storefront": field, "warehouses": warehouses_of([pk for pk, _ in shops])}
    return type("ConnectForm", (ScopesForm,), {**fields, "field_order": ["storefront"]})


def as_before(row: Connection) -> dict[str, Any]:
    """What it may do, or might before it ended."""
    return {"scopes": row.scopes, "warehouses": [f"{row.storefront_id}:{code}" for code in row.warehouses]}


def end(row: Connection, values: Mapping[str, Any], by: str, at: datetime) -> None:
    """From now on it may do nothing here."""
    with everything():
        accounts.disconnect(partner=row.partner, storefront=row.storefront, by=by, now=at)


def over(row: Connection) -> bool:
    """Whether it ended and none has followed."""
    standing = Connection.objects.filter(partner=row.partner_id, storefront=row.storefront_id, ended_at=None)
    return row.ended_at is not None and not standing.exists()


def shown(issued: accounts.Issued) -> list[Table]:
    """The secrets of a new credential, on this page alone."""
    return [
        {
            "title": say(
                "新凭据：仅显示这一次，请立即妥善保存", "New credential: shown this once, keep it now"
            ),
            "headers": [say("名称", "name"), say("值", "value")],
            "rows": [
                ["client_id", issued.client_id],
                ["client_secret", issued.client_secret],
                [say("签名密钥", "signing key"), issued.signing_key],
            ],
        }
    ]


@register("partners.Partner")
class PartnerAdmin(Stepped):
    """A company whose systems call. Its home storefront's owner hands out the credentials."""

    addable = ("storefront", "name", "kind", "country")
    fields = (
        "name",
        "kind",
        "country",
        "state",
        "public_id",
        "networks",
        "per_minute",
        "storefront",
        "opened_at",
    )
    list_display = ("name", "kind", "state", "opened_at", "storefront")
    list_select_related = ("storefront",)
    list_filter = (states("kind"), states("state"))
    search_fields = ("name",)
    ordering = ("-id",)
    steps = (
        Step(
            "credential",
            say("签发凭据", "Issue a credential"),
            "key",
            ScopesForm,
            issue,
            OWNERS,
            start=lambda row: {"scopes": sorted(USUAL[row.kind])},
            shown_once=True,
            hint=say(
                "该凭据最多可获得的权限；实际权限由各店铺的授权决定。收件人信息须另行勾选。",
                "The most this credential may be given; in each storefront its connection decides. Who the"
                " recipients are is ticked by itself.",
            ),
        ),
        Step(
            "connect",
            say("授权其他店铺", "Connect a storefront"),
            "add_link",
            ScopesForm,
            connect,
            OWNERS,
            form_of=connect_form,
            legal=lambda row: bool(unconnected(row)),
            start=lambda row: {"scopes": sorted(USUAL[row.kind])},
            hint=say(
                "同一品牌、由您担任负责人的店铺；合作伙伴在该店铺只能进行所选操作。",
                "A storefront of the same brand that you own; there the partner may do what is ticked.",
            ),
        ),
        Step(
            "calling",
            say("调用限制", "Limit its calls"),
            "tune",
            CallingForm,
            change,
            OWNERS,
            start=lambda row: {
                "networks": "\n".join(row.networks),
                "per_minute": row.per_minute,
                "state": row.state,
            },
        ),
    )

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        self.checked_storefront(request, obj)
        by = request.user.get_username()
        made = accounts.open_partner(
            storefront=obj.storefront, name=obj.name, kind=obj.kind, country=obj.country, by=by, now=now()
        )
        obj.pk = made.pk


@register("partners.Connection")
class ConnectionAdmin(Stepped):
    """What a partner may do in a storefront, and until when it might."""

    fields = ("name", "kind", "scopes", "warehouses", "storefront", "since", "ended_at")
    list_display = ("name", "kind", "since", "ended_at", "storefront")
    list_select_related = ("storefront",)
    list_filter = (states("kind"),)
    search_fields = ("name",)
    ordering = ("-id",)
    steps = (
        Step(
            "scopes",
            say("更改权限", "Change its scopes"),
            "tune",
            ScopesForm,
            rescope,
            OWNERS,
            form_of=served_form,
            legal=lambda row: row.ended_at is None,
            start=as_before,
        ),
        Step(
            "end",
            say("停止授权", "Disconnect"),
            "link_off",
            NothingForm,
            end,
            OWNERS,
            legal=lambda row: row.ended_at is None,
            hint=say(
                "自下一次请求起，该合作伙伴在本店铺不能再做任何操作；可在本页重新授权。",
                "From its next call on it may do nothing here, until it is connected again on this page.",
            ),
        ),
        Step(
            "again",
            say("重新授权", "Connect again"),
            "add_link",
            ScopesForm,
            rescope,
            OWNERS,
            form_of=served_form,
            legal=over,
            start=as_before,
        ),
    )


@register("partners.Application")
class ApplicationAdmin(Stepped):
    """A credential of a partner; its secrets are shown when it is issued and never again."""

    fields = (
        "partner",
        "client_id",
        "scopes",
        "created",
        "expires_at",
        "revoked_at",
        "last_used_at",
        "last_used_from",
        "storefront",
    )
    list_display = ("name", "client_id", "created", "expires_at", "revoked_at", "last_used_at", "storefront")
    list_select_related = ("storefront",)
    list_filter = ("created",)
    search_fields = ("name", "client_id__exact")
    ordering = ("-id",)
    steps = (
        Step(
            "rotate",
            say("轮换", "Rotate"),
            "autorenew",
            OverlapForm,
            rotate,
            OWNERS,
            shown_once=True,
            legal=lambda row: row.stands(now()),
            hint=say(
                "签发新的凭据；原凭据到期前两者均可使用。",
                "A new one is issued; until the old one ends both hold.",
            ),
        ),
        Step(
            "revoke",
            say("立即吊销", "Revoke at once"),
            "key_off",
            NothingForm,
            revoke,
            OWNERS,
            legal=lambda row: row.revoked_at is None,
            hint=say(
                "立即失效，已发放的访问令牌一并作废，不可恢复。",
                "It ends now, with every token that it was given, and does not come back.",
            ),
        ),
    )


@register("partners.Nonce")
class NonceAdmin(Scoped):
    """Numbers that signed a call within the last minutes: none signs another."""

    fields = ("application", "nonce", "at")
    list_display = ("application", "nonce", "at")
    list_select_related = ("application",)
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
