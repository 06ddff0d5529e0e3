"""What goes abroad to the brand: batches with their verbs, each share, its evidence, the bank's credits."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from unfold.widgets import UnfoldAdminSelectWidget

from kernel.clock import now
from kernel.errors import Problem
from operators import told
from operators.base import Scoped, register
from operators.bilingual import say
from operators.filters import states
from operators.incident_forms import NothingForm
from operators.scope import OWNERS, scope_of
from operators.steps import Step, Stepped
from settlement.currency import CURRENCIES, shown
from settlement.services.batches import discard_batch, make_batch
from settlement.states import BATCH


def money(name: str, zh: str, en: str, currency: str = "currency") -> Any:
    """A column of foreign money: minor units with the decimals of the currency that `currency` leads to."""

    @admin.display(description=say(zh, en), ordering=name)
    def amount(row: Any) -> str:
        value, holder = getattr(row, name), row
        if value is None:
            return "-"
        for step in currency.split("__"):
            holder = getattr(holder, step)
        return f"{shown(value, holder)} {holder}"

    return amount


class BatchForm(forms.Form):
    """Whose money, in which currency."""

    storefront = forms.ChoiceField(label=say("店铺", "storefront"), widget=UnfoldAdminSelectWidget)
    currency = forms.ChoiceField(
        label=say("币种", "currency"),
        choices=[(one, one) for one in sorted(CURRENCIES)],
        widget=UnfoldAdminSelectWidget,
    )

    def __init__(self, *args: Any, storefronts: dict[int, str], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["storefront"].choices = [  # type: ignore[attr-defined]
            (str(id), name) for id, name in storefronts.items()
        ]


def may(verb: str) -> Any:
    """Whether the table of states lets a batch do this."""
    return lambda row: verb in BATCH.verbs(row.state)


@register("settlement.SettlementBatch")
class SettlementBatchAdmin(Stepped):
    """What one storefront settles in one currency with one file."""

    steps = (
        Step(
            name="discard",
            title=say("作废草稿", "Discard the draft"),
            icon="delete",
            form=NothingForm,
            hint=say("其中的订单可进入其他批次。", "Its orders are free for another batch."),
            do=lambda row, values, who, at: discard_batch(batch=row, by=who, now=at),
            roles=OWNERS,
            legal=may("discard"),
        ),
    )

    list_display = (
        "number",
        "state",
        "items_count",
        "net_fen",
        money("promised_minor", "承诺外币", "promised"),
        money("foreign_minor", "实结外币", "settled abroad"),
        "result_fen",
        money("received_minor", "已到账", "received"),
        "made_at",
        "storefront",
    )
    list_select_related = ("storefront",)
    list_filter = (states("state"), "currency", "made_at")
    search_fields = ("number__startswith",)
    ordering = ("-id",)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return scope_of(request).may_anywhere(OWNERS)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """A batch is made by its service, of all that is ready."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        scope = scope_of(request)
        form = BatchForm(
            request.POST or None,
            storefronts={id: name for id, name in scope.names.items() if scope.may(id, OWNERS)},
            initial={"currency": "EUR"},
        )
        if request.method == "POST" and form.is_valid():
            try:
                made = make_batch(
                    storefront_id=int(form.cleaned_data["storefront"]),
                    currency=form.cleaned_data["currency"],
                    by=request.user.get_username(),
                    now=now(),
                )
            except Problem as problem:
                self.tell(request, problem)
            else:
                self.message_user(request, say("批次已生成。", "The batch is made."), messages.SUCCESS)
                return HttpResponseRedirect(told.page_of(made))
        context = {
            **self.admin_site.each_context(request),
            "title": say("生成结汇批次", "Make a settlement batch"),
            "opts": self.opts,
            "form": form,
            "hint": say(
                "凭证齐全、金额一致的订单全部进入批次。",
                "It takes every order whose evidence is whole and whose amounts agree.",
            ),
        }
        return TemplateResponse(request, "operators/form.html", context)


@register("settlement.SettlementItem")
class SettlementItemAdmin(Scoped):
    """One order's share of a batch."""

    list_display = (
        "batch",
        "position",
        "order",
        "turn",
        "live",
        "gross_fen",
        "refunded_fen",
        "fee_fen",
        "net_fen",
        "cny_per_100",
        money("promised_minor", "承诺外币", "promised", "batch__currency"),
        "rate",
        money("foreign_minor", "实结外币", "settled abroad", "batch__currency"),
        "storefront",
    )
    list_select_related = ("batch", "order", "storefront")
    list_filter = ("live", "settled_on")
    search_fields = ("batch__number__startswith", "order__number__startswith")
    ordering = ("-id",)


@register("settlement.Evidence")
class EvidenceAdmin(Scoped):
    """What shows that an order was a trade."""

    list_display = ("order", "kind", "reference", "at", "storefront")
    list_select_related = ("order", "storefront")
    list_filter = (states("kind"), "at")
    search_fields = ("order__number__startswith", "reference__exact")
    ordering = ("-id",)


@register("settlement.ForexReceipt")
class ForexReceiptAdmin(Scoped):
    """What the brand's bank credited."""

    list_display = (
        "batch",
        "kind",
        "reference",
        money("amount_minor", "到账金额", "amount", "batch__currency"),
        "credited_on",
        "recorded_by",
        "storefront",
    )
    list_select_related = ("batch", "storefront")
    list_filter = ("credited_on",)
    search_fields = ("reference__startswith", "batch__number__startswith")
    ordering = ("-id",)
