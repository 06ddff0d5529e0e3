"""The keys of WeChat Pay and when they end, to read; each verb is a service, and no private key is shown."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from kernel.clock import now
from operators.base import Scoped, register
from operators.bilingual import say
from operators.filters import states
from operators.merchant import mind_platform_key
from storefronts.services import merchant_keys, platform_keys


@register("storefronts.MerchantAccount")
class MerchantAccountAdmin(Scoped):
    """Merchant numbers; their keys are set on the storefront's page and never shown."""

    list_display = ("mchid", "storefront", "serial_no", "expires_at", "active")
    list_select_related = ("storefront",)
    list_filter = ("active", "expires_at")
    search_fields = ("mchid__startswith",)
    ordering = ("mchid",)


@register("storefronts.PastMerchantKey")
class PastMerchantKeyAdmin(Scoped):
    """Keys that signed before the present one: kept until someone retires them."""

    list_display = ("merchant", "serial_no", "expires_at", "replaced_at", "retired_at", "storefront")
    list_select_related = ("merchant", "storefront")
    list_filter = (("retired_at", admin.EmptyFieldListFilter),)
    search_fields = ("serial_no__startswith", "merchant__mchid__startswith")
    ordering = ("-id",)
    actions = ("take_back", "retire")

    @admin.action(description=say("重新启用该证书", "Sign with it again"), permissions=["write"])
    def take_back(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        by = request.user.get_username()
        self.act(request, rows, lambda row: merchant_keys.take_back(past=row, by=by, now=now()))

    @admin.action(description=say("停用并删除私钥", "Retire and destroy the key"), permissions=["write"])
    def retire(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        by = request.user.get_username()
        self.act(request, rows, lambda row: merchant_keys.retire(past=row, by=by, now=now()))


@register("storefronts.PlatformKey")
class PlatformKeyAdmin(Scoped):
    """The public keys with which WeChat Pay signs: certificates are fetched, a public key is added here, once
    a colleague agrees to it."""

    addable = ("merchant", "serial", "public_key_pem")
    list_display = ("serial", "merchant", "storefront", "valid_from", "expires_at", "retired_at")
    list_select_related = ("merchant", "storefront")
    list_filter = (("retired_at", admin.EmptyFieldListFilter), "expires_at")
    search_fields = ("serial__startswith", "merchant__mchid__startswith")
    ordering = ("-id",)
    actions = ("retire",)

    def save_model(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        obj.storefront_id = obj.merchant.storefront_id
        self.checked_storefront(request, obj)
        by = request.user.get_username()
        added = platform_keys.add(
            merchant=obj.merchant, serial=obj.serial, pem=obj.public_key_pem, by=by, now=now()
        )
        mind_platform_key(obj.merchant, added.serial, added.public_key_pem, by)
        obj.pk = added.pk

    @admin.action(description=say("停用（不再信任）", "Retire: believe it no more"), permissions=["write"])
    def retire(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        by = request.user.get_username()
        self.act(request, rows, lambda row: platform_keys.retire(key=row, by=by, now=now()))


@register("storefronts.KeyFetch")
class KeyFetchAdmin(Scoped):
    """How the fetching of platform certificates stands, merchant by merchant."""

    list_display = ("merchant", "outcome", "tried_at", "fetched_at", "asked_at", "error", "storefront")
    list_select_related = ("merchant", "storefront")
    list_filter = (states("outcome"),)
    search_fields = ("merchant__mchid__startswith",)
    ordering = ("merchant",)
    actions = ("fetch",)

    @admin.action(description=say("尽快获取平台证书", "Have them fetched soon"), permissions=["write"])
    def fetch(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        self.act(request, rows, lambda row: platform_keys.want(mchid=row.merchant.mchid, now=now()))
