"""The storefront and who answers for it; its secrets go in by one form and never come out."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from inventory.models import Warehouse
from kernel.clock import now
from operators.base import Scoped, register
from operators.bilingual import say
from operators.carrier_accounts import account_page
from operators.filters import is_number, states
from operators.merchant import merchant_page
from operators.port_accounts import port_page
from operators.pushed import message_page
from operators.scope import OWNERS, PLATFORM, scope_of
from storefronts import queries, services


@register("storefronts.BrandCompany")
class BrandCompanyAdmin(Scoped):
    """The foreign companies that sell."""

    scope_path = "storefronts__id"
    scope_many = True
    list_display = ("code", "name", "name_zh", "country", "currency")
    search_fields = ("code__startswith", "name", "name_zh")
    ordering = ("code",)


@register("storefronts.Storefront")
class StorefrontAdmin(Scoped):
    """The mini-program: what it is called, which trade modes it uses, how long one may take to pay.

    A trade mode that stands outside the policy asks for a colleague's approval.
    """

    scope_path = "id"
    editable = ("name", "name_zh", "state", "trade_modes", "payment_window_seconds", "quote_window_seconds")
    hidden = ("key",)
    list_display = ("code", "name", "name_zh", "brand", "appid", "state")
    list_select_related = ("brand",)
    list_filter = (states("state"),)
    search_fields = ("code__startswith", "name", "name_zh")
    ordering = ("code",)
    actions_detail = ("merchant", "messages", "carriers", "ports")

    def formfield_for_dbfield(self, db_field: Any, request: Any, **options: Any) -> Any:
        if db_field.name == "trade_modes":
            return forms.MultipleChoiceField(
                label=db_field.verbose_name,
                choices=[one for one in Warehouse.TradeMode.choices if one[0] != "0110"],  # not sold yet
                widget=UnfoldAdminCheckboxSelectMultipleWidget,
            )
        return super().formfield_for_dbfield(db_field, request, **options)

    def save_model(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        for asked in services.ask_for_modes(storefront=obj, by=request.user.get_username(), now=now()):
            text = say(
                "{} 须经合规审批后方可使用，已提交申请。", "{} waits for an approval, which was asked for."
            )
            self.message_user(request, str(text).format(asked.facts["what"]), messages.WARNING)
        queries.forget_kept()

    @action(  # type: ignore[operator]  # its return type is inferred wrongly
        description=say("微信支付商户密钥", "WeChat Pay merchant and keys"),
        url_path="merchant",
        permissions=["secrets"],
        icon="key",
    )
    def merchant(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return merchant_page(self, request, object_id)

    @action(  # type: ignore[operator]  # its return type is inferred wrongly
        description=say("消息推送密钥", "Message push"),
        url_path="messages",
        permissions=["secrets"],
        icon="key",
    )
    def messages(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return message_page(self, request, object_id)

    @action(  # type: ignore[operator]  # its return type is inferred wrongly
        description=say("承运商账户", "Carrier accounts"),
        url_path="carriers",
        permissions=["secrets"],
        icon="local_shipping",
    )
    def carriers(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return account_page(self, request, object_id)

    @action(  # type: ignore[operator]  # its return type is inferred wrongly
        description=say("口岸账户", "Port accounts"),
        url_path="ports",
        permissions=["secrets"],
        icon="directions_boat",
    )
    def ports(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return port_page(self, request, object_id)

    def has_secrets_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Owners of this very storefront."""
        return is_number(str(object_id)) and scope_of(request).may(int(object_id), OWNERS)


@register("storefronts.LegalParty")
class LegalPartyAdmin(Scoped):
    """Who answers before customs and the market regulator, one per role."""

    writers = OWNERS | {"compliance"}
    editable = ("name", "country", "customs_code", "credit_code", "contact")
    addable = ("storefront", "role", *editable)
    removable = True
    list_display = ("storefront", "role", "name", "country", "customs_code", "credit_code")
    list_select_related = ("storefront",)
    list_filter = (states("role"),)
    search_fields = ("name", "customs_code__startswith", "credit_code__startswith")
    ordering = ("storefront", "role")

    def save_model(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        queries.forget_kept()

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        super().delete_model(request, obj)
        queries.forget_kept()


@register("auth.Group")
class GroupAdmin(Scoped):
    """Not used to grant anything: roles are memberships."""

    scope_path = PLATFORM
    fields = ("name",)
    list_display = ("name",)
    ordering = ("name",)
