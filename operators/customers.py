"""Consumers without their names: public ids, dates and states; a person is found by blind index alone."""

from __future__ import annotations

from typing import Any

from django.contrib import admin

from customers.divisions import path
from operators.base import Scoped, register
from operators.bilingual import say
from operators.filters import BlindFilter, states
from operators.sealed_search import SealedSearch


@register("customers.Customer")
class CustomerAdmin(SealedSearch):
    """WeChat users of the storefront; phone, nickname and openid stay sealed."""

    hidden = ("subject",)
    list_display = ("public_id", "language", "created_at", "closed_at", "storefront")
    list_select_related = ("storefront",)
    list_filter = (BlindFilter.over("phone_index", "identity__number_index"), "created_at")
    search_fields = ("public_id__exact",)
    ordering = ("-id",)


@register("customers.Session")
class SessionAdmin(Scoped):
    """Who is logged in until when; tokens are kept as hashes and not shown."""

    list_display = ("customer", "created_at", "expires_at", "revoked_at", "storefront")
    list_select_related = ("customer", "storefront")
    list_filter = ("created_at",)
    search_fields = ("customer__public_id__exact",)
    ordering = ("-id",)


@register("customers.Address")
class AddressAdmin(Scoped):
    """Where parcels go, down to the county; the rest is sealed."""

    list_display = ("public_id", "region", "is_default", "created_at", "removed_at", "storefront")
    list_select_related = ("storefront",)
    list_filter = ("created_at",)
    search_fields = ("public_id__exact", "division_code__startswith")
    ordering = ("-id",)

    @admin.display(description=say("地区", "region"), ordering="division_code")
    def region(self, row: Any) -> str:
        return " ".join(path(row.division_code)) or str(row.division_code)


@register("customers.Identity")
class IdentityAdmin(SealedSearch):
    """Whether an identity is stated or verified; name and number stay sealed."""

    hidden = ("person",)
    list_display = ("public_id", "customer", "state", "stated_at", "verified_at", "storefront")
    list_select_related = ("customer", "storefront")
    list_filter = (BlindFilter.over("number_index"), states("state"), "stated_at")
    search_fields = ("public_id__exact",)
    ordering = ("-id",)
