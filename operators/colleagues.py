"""Colleagues and their roles; another role ends the sessions, a lost telephone is reset."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.decorators import action

from operators import bringing_in
from operators.base import Scoped, register
from operators.bilingual import chinese, say
from operators.bringing_in import ReasonForm
from operators.filters import is_number, states
from operators.own_sessions import end_others
from operators.scope import OWNERS
from operators.steps import Step, Stepped
from storefronts.models import Operator
from storefronts.services import second_factor, sessions
from storefronts.services.colleagues import LastOwner, mind_last_owner

LET_IN = ("let_in_by", "first_password_until")


@register("storefronts.Operator")
class OperatorAdmin(Stepped):
    """Colleagues: those who work in one of one's own storefronts."""

    scope_path = "memberships__storefront_id"
    scope_many = True
    fields = ("username", "is_active", "is_staff", "is_superuser", "last_login", "date_joined", *LET_IN)
    list_display = ("username", "is_active", "is_superuser", "last_login")
    list_filter = ("is_active",)
    search_fields = ("username__startswith",)
    ordering = ("username",)
    steps = (
        Step(
            "reset",
            say("重置动态口令", "Reset the second factor"),
            "phonelink_erase",
            ReasonForm,
            lambda row, values, who, at: second_factor.reset(
                operator=row, by=who, reason=values["reason"], now=at
            ),
            OWNERS,
            legal=second_factor.has_factor,
            hint=say(
                "该操作员的全部会话将立即结束，下次登录时重新绑定。",
                "All sessions of this operator end at once; another telephone is bound at the next log-in.",
            ),
        ),
    )

    def _mine(self, request: HttpRequest, obj: Any, roles: frozenset[str]) -> bool:
        """What is done to an operator is done by who owns every storefront where that one works."""
        if not isinstance(obj, Operator) or roles != OWNERS:
            return super()._mine(request, obj, roles)
        return bringing_in.may_give(request, obj)


@register("storefronts.Membership")
class MembershipAdmin(Scoped):
    """Which role an operator has in which storefront; owners decide it."""

    addable = ("operator", "storefront", "role")
    removable = True
    autocomplete_fields = ("operator",)
    list_display = ("operator", "storefront", "role")
    list_select_related = ("operator", "storefront")
    list_filter = (states("role"),)
    search_fields = ("operator__username__startswith",)
    ordering = ("storefront", "operator")
    actions_list = ("bring_in",)
    actions_detail = ("new_password",)

    def get_urls(self) -> list[Any]:
        return [*bringing_in.urls(self), *super().get_urls()]

    @action(  # type: ignore[operator]  # its return type is inferred wrongly
        description=bringing_in.BRING_IN, icon="person_add", url_path="bring-in", permissions=["bring_in"]
    )
    def bring_in(self, request: HttpRequest) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:bring_in"))

    def has_bring_in_permission(self, request: HttpRequest) -> bool:
        return bringing_in.may_bring_in(request)

    @action(  # type: ignore[operator]  # its return type is inferred wrongly
        description=bringing_in.FIRST_PASSWORD,
        icon="key",
        url_path="new-password",
        permissions=["new_password"],
    )
    def new_password(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:first_password", args=[object_id]))

    def has_new_password_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Whoever owns every storefront of this colleague."""
        row = self.get_object(request, str(object_id)) if is_number(str(object_id)) else None
        return row is not None and bringing_in.may_give(request, row.operator)

    def save_model(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        _end_sessions(request, obj.operator)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        try:
            return super().delete_view(request, object_id, extra_context)
        except LastOwner as last:
            self.message_user(request, last.text("zh" if chinese() else "en"), messages.ERROR)
            return HttpResponseRedirect(reverse("admin:storefronts_membership_changelist"))

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        mind_last_owner(obj)
        super().delete_model(request, obj)
        _end_sessions(request, obj.operator)


def _end_sessions(request: HttpRequest, operator: Operator) -> None:
    """With another role one comes in anew; who changes one's own stays in this session alone."""
    if operator.pk == request.user.pk:
        end_others(request)
    else:
        sessions.end_all(operator=operator)
