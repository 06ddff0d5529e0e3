"""Consumers without their names: public ids, dates and states; a person is found by blind index alone."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from customers.divisions import path
from customers.services import review
from kernel.clock import now
from operators.base import Scoped, register
from operators.bilingual import say
from operators.filters import BlindFilter, UnmadeFilter, states
from operators.scope import CARERS, PLATFORM
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


@register("customers.Export")
class ExportAdmin(Scoped):
    """Copies of their data that consumers asked for; link and content are not shown."""

    list_display = ("public_id", "customer", "asked_at", "expires_at", "fetched_at", "storefront")
    list_select_related = ("customer", "storefront")
    list_filter = (UnmadeFilter, "asked_at")
    search_fields = ("public_id__exact", "customer__public_id__exact")
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

    writers = CARERS
    hidden = ("person",)
    list_display = (
        "public_id",
        "customer",
        "state",
        "rejected_for",
        "stated_at",
        "verified_at",
        "storefront",
    )
    list_select_related = ("customer", "storefront")
    list_filter = (BlindFilter.over("number_index"), states("state"), "stated_at")
    search_fields = ("public_id__exact",)
    ordering = ("-id",)
    actions = ("reject", "ask_anew")

    @admin.action(description=say("驳回实名信息", "Reject"), permissions=["write"])
    def reject(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        by = request.user.get_username()
        self.act(request, rows, lambda row: review.reject_identity(identity=row, by=by, now=now()))

    @admin.action(description=say("重新核验", "Have it verified anew"), permissions=["write"])
    def ask_anew(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        by = request.user.get_username()
        self.act(request, rows, lambda row: review.ask_anew(identity=row, by=by, now=now()))


@register("customers.IdentityAttempt")
class IdentityAttemptAdmin(SealedSearch):
    """Who tried to have which number verified and what came of it, by blind index; counts can be reset."""

    writers = CARERS
    list_display = (
        "made_at",
        "customer",
        "state",
        "verdict",
        "kept",
        "tries",
        "error",
        "forgiven_at",
        "storefront",
    )
    list_select_related = ("customer", "storefront")
    list_filter = (BlindFilter.over("number_index"), states("state"), states("verdict"), "made_at")
    search_fields = ("public_id__exact", "customer__public_id__exact", "request_id__exact")
    ordering = ("-id",)
    actions = ("reset_attempts",)

    @admin.action(description=say("重置核验次数", "Reset the count of attempts"), permissions=["write"])
    def reset_attempts(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        by = request.user.get_username()
        self.act(request, rows, lambda row: review.reset_attempts(attempt=row, by=by, now=now()))


@register("customers.IdentityFinding")
class IdentityFindingAdmin(Scoped):
    """What the provider said of a pair and until when it is used again; pair and answer stay sealed."""

    scope_path = PLATFORM
    hidden = ("key",)
    list_display = ("public_id", "provider", "request_id", "answered_at", "good_until", "asking_until")
    list_filter = ("answered_at",)
    search_fields = ("request_id__exact",)
    ordering = ("-id",)


@register("customers.IdentityShare")
class IdentityShareAdmin(Scoped):
    """Identities that persons carried to other storefronts; which one is not this storefront's to see."""

    hidden = ("redeemed_by",)
    list_display = ("made_at", "customer", "expires_at", "redeemed_at", "cancelled_at", "storefront")
    list_select_related = ("customer", "storefront")
    list_filter = ("made_at",)
    search_fields = ("customer__public_id__exact",)
    ordering = ("-id",)


@register("customers.NamedPayer")
class NamedPayerAdmin(Scoped):
    """Whom consumers named as the payer of an order, and what came of it; name and number stay sealed."""

    hidden = ("person",)
    list_display = ("order_number", "state", "customer", "named_at", "verified_at", "ended_at", "storefront")
    list_select_related = ("customer", "storefront")
    list_filter = (states("state"), "named_at")
    search_fields = ("order_number__startswith", "public_id__exact")
    ordering = ("-id",)
