"""A colleague is brought in, or given a new password to begin with; it is shown once, to who asked for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from kernel.clock import now
from kernel.errors import Problem
from operators.bilingual import say
from operators.names import state_name
from operators.once import number, once
from operators.scope import OWNERS, scope_of
from storefronts.models import Membership, Operator, Storefront
from storefronts.services import colleagues

BRING_IN = say("添加同事", "Bring in a colleague")
FIRST_PASSWORD = say("重置初始密码", "New first password")
TELEPHONE_STAYS = say(
    "现用密码与全部会话立即失效。已绑定的动态口令不变，登录时仍须输入；手机也已遗失的，"
    "请另在操作员页面重置动态口令。自此，您与该同事在双人复核中视为同一人。",
    "The password in use and all sessions end at once. A bound telephone stays, and its code is asked for;"
    " where it is lost too, reset it on the operator's page. From now on you and this colleague are one pair"
    " of eyes.",
)
WAS_SHOWN = say(
    "已办理。初始密码已显示过一次，不再显示；未记下的，请在此重置。",
    "It is done. The first password was shown once and is not shown again; if nobody wrote it down, give a"
    " new one here.",
)
GIVEN = "given"  # in the address: one was given a moment ago
SHOWN_ONCE = say(
    "请当面或通过安全渠道告知同事。密码只显示这一次；须在 {} 小时内登录并改为本人密码，逾期失效。",
    "Give this to your colleague in person or over a safe channel. It is shown this once, and is over after"
    " {} hours, unless they have logged in and replaced it by their own.",
)
HOURS = int(colleagues.FIRST_PASSWORD_LASTS.total_seconds()) // 3600
Made = tuple[Membership, str]
Values = dict[str, Any]


class BringInForm(forms.Form):
    """Where a new colleague works, under which name, as what."""

    storefront = forms.ChoiceField(label=say("店铺", "storefront"), widget=UnfoldAdminSelectWidget)
    name = forms.CharField(
        label=say("用户名", "user name"),
        max_length=30,
        widget=UnfoldAdminTextInputWidget,
        help_text=say(
            "3 至 30 位小写字母、数字、点、横线或下划线，以字母开头，不可更改。",
            "3 to 30 of a–z, 0–9, dot, dash and underscore, a letter first. It stays.",
        ),
    )
    role = forms.ChoiceField(label=say("岗位", "role"), widget=UnfoldAdminSelectWidget)

    def __init__(self, *args: Any, shops: list[tuple[int, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        label = Membership._meta.label
        roles = [(one, state_name(one, one, label)) for one in Membership.Role.values]
        for name, choices in (("storefront", shops), ("role", [("", say("请选择", "Select")), *roles])):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = choices


class ReasonForm(forms.Form):
    """Why an account is opened anew; it stays with the event."""

    reason = forms.CharField(
        label=say("原因", "reason"),
        min_length=4,
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
        help_text=say(
            "须已当面或通过电话确认本人身份。将与您的账号一并记入记录。",
            "You have made sure who asks, in person or by telephone. Kept with your name.",
        ),
    )


def may_bring_in(request: HttpRequest) -> bool:
    """Owners, each into their own storefronts."""
    return scope_of(request).may_anywhere(OWNERS)


def may_give(request: HttpRequest, operator: Operator) -> bool:
    """Whether a new first password of this colleague is theirs to give."""
    return colleagues.answers_for(by=_who(request), operator=operator)


def bring_in_page(page: Any, request: HttpRequest) -> HttpResponse:
    """The form of a new colleague, then the name and the first password."""
    scope = scope_of(request)
    own = list(scope.names) if scope.everything else scope.storefronts(OWNERS)
    if not own:
        raise PermissionDenied
    form = BringInForm(request.POST or None, shops=[(pk, scope.names[pk]) for pk in own])

    def bring_in(by: Operator, told: Values) -> Made:
        shop = Storefront.objects.get(pk=told["storefront"])
        return colleagues.bring_in(storefront=shop, name=told["name"], role=told["role"], by=by, now=now())

    return _shown_once(page, request, form, bring_in, {"title": BRING_IN, "button": BRING_IN})


def first_password_page(page: Any, request: HttpRequest, object_id: str) -> HttpResponse:
    """Why, then the name and another first password."""
    member = page.get_object(request, object_id)
    if member is None:
        raise Http404
    if not may_give(request, member.operator):
        raise PermissionDenied

    def give(by: Operator, told: Values) -> Made:
        password = colleagues.give_password(operator=member.operator, by=by, reason=told["reason"], now=now())
        return member, password

    hint = f"{WAS_SHOWN} {TELEPHONE_STAYS}" if GIVEN in request.GET else TELEPHONE_STAYS
    about = {
        "title": FIRST_PASSWORD,
        "subtitle": str(member),
        "original": member,
        "hint": hint,
        "button": FIRST_PASSWORD,
    }
    return _shown_once(page, request, ReasonForm(request.POST or None), give, about)


def _shown_once(
    page: Any, request: HttpRequest, form: forms.Form, do: Callable[[Operator, Values], Made], about: Values
) -> HttpResponse:
    """The form, or what came of it. Sent twice it is done once: the password is in the first answer alone,
    the second leads to where another one is given."""
    context = {**page.admin_site.each_context(request), "opts": page.opts, "form": form, **about}
    template, made = "operators/form.html", []

    def bring() -> str:
        made.append(do(_who(request), form.cleaned_data))
        return reverse("admin:first_password", args=[made[0][0].pk]) + f"?{GIVEN}"

    if request.method == "POST" and form.is_valid():
        try:
            where = once(request, bring)
        except Problem as problem:  # nothing was done
            page.tell(request, problem)
        else:
            if not made:
                return HttpResponseRedirect(where)
            template, (member, password) = "operators/brought_in.html", made[0]
            context |= {"member": member, "password": password, "told": str(SHOWN_ONCE).format(HOURS)}
    answer = TemplateResponse(request, template, {**context, "once": number(request)})
    answer["Cache-Control"] = "no-store"
    return answer


def _who(request: HttpRequest) -> Operator:
    if not isinstance(request.user, Operator):
        raise PermissionDenied
    return request.user


def urls(page: Any) -> list[Any]:
    """Beside the list of roles, and below the row of one."""

    def bring_in(request: HttpRequest) -> HttpResponse:
        return bring_in_page(page, request)

    def first_password(request: HttpRequest, object_id: str) -> HttpResponse:
        return first_password_page(page, request, object_id)

    own = page.admin_site.admin_view
    return [
        path("colleague/", own(bring_in), name="bring_in"),
        path("<int:object_id>/password/", own(first_password), name="first_password"),
    ]
