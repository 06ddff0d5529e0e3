"""The list of consignees is asked for with its days and purpose, and fetched on the page of its job."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import path
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminSingleDateWidget

from customs.services import recipients
from kernel.clock import now
from kernel.models import Job
from operators import once
from operators.bilingual import say
from operators.reveal import PurposeForm
from operators.scope import OFFICERS, scope_of
from operators.steps import Preview, Step
from operators.told import page_of
from storefronts.models import Storefront

TITLE = say("收件人清单（加密）", "List of consignees (sealed)")


class AskForm(PurposeForm):
    """Which days of which storefront, and what for."""

    storefront = forms.ChoiceField(label=say("店铺", "storefront"), widget=UnfoldAdminSelectWidget)
    first = forms.DateField(label=say("支付日期自", "paid from"), widget=UnfoldAdminSingleDateWidget)
    last = forms.DateField(label=say("至", "to"), widget=UnfoldAdminSingleDateWidget)
    field_order = ("storefront", "first", "last", "purpose")

    def __init__(self, *args: Any, shops: list[tuple[int, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["storefront"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = shops

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        first, last = values.get("first"), values.get("last")
        if first and last and not 0 <= (last - first).days <= 31:
            raise forms.ValidationError(say("请选择不超过 31 天的时段。", "Choose up to 31 days."))
        return values


def may(request: HttpRequest) -> bool:
    """Owners and compliance officers."""
    return scope_of(request).may_anywhere(OFFICERS)


def asking(page: Any, request: HttpRequest) -> HttpResponse:
    """The form, or the job that it queued."""
    scope = scope_of(request)
    mine = Storefront.objects.order_by("code")
    if not scope.everything:
        mine = mine.filter(pk__in=scope.storefronts(OFFICERS))
    if not may(request):
        raise PermissionDenied
    form = AskForm(request.POST or None, shops=[*mine.values_list("pk", "code")])

    def ask(told: Mapping[str, Any]) -> str:
        job = recipients.ask_list(
            storefront_id=int(told["storefront"]),
            first=told["first"],
            last=told["last"],
            purpose=told["purpose"],
            by=request.user.get_username(),
            now=now(),
        )
        return page_of(job)

    return once.page_of_form(
        page,
        request,
        form,
        ask,
        done=say("正在生成，完成后在本页下载。", "It is being made; fetch it here once it is done."),
        title=TITLE,
        hint=say(
            "由后台生成加密 ZIP，仅申请人可下载，24 小时后删除；每条打开的信息均记入访问日志。",
            "A worker makes a sealed ZIP for who asked alone, gone after a day; what is opened is logged.",
        ),
    )


def urls(page: Any) -> list[Any]:
    """Beside the list of orders."""

    def show(request: HttpRequest) -> HttpResponse:
        return asking(page, request)

    return [path("recipients/", admin.site.admin_view(show), name="recipients")]


class TakeForm(forms.Form):
    """Sent once more after the password was shown."""

    seen = forms.CharField(widget=forms.HiddenInput, required=False)


def _take(row: Job, values: Mapping[str, Any], who: str, at: datetime) -> Preview | HttpResponse:
    """First the password, then the file; neither to anyone but who asked."""
    with transaction.atomic():
        content = recipients.fetch(job=row, by=who, now=at)
        if not values["seen"]:
            transaction.set_rollback(True)
    if not values["seen"]:
        shown = {
            "title": say("密码：请先抄下，再下载", "Password: write it down, then fetch the file"),
            "headers": [say("密码", "password")],
            "rows": [[recipients.password(row)]],
        }
        return Preview([shown], {"seen": "1"}, say("下载", "Fetch"))
    answer = HttpResponse(content, content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="recipients-{row.arguments["first"]}.zip"'
    answer["Cache-Control"] = "no-store"
    return answer


TAKE = Step(
    name="take",
    title=say("下载加密文件", "Fetch the sealed file"),
    icon="folder_zip",
    form=TakeForm,
    do=_take,
    roles=OFFICERS,
    legal=lambda row: row.kind == recipients.KIND and row.state == Job.State.DONE,
    button=say("下一步", "Next"),
)
