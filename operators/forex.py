"""What goes abroad to the brand: batches with their verbs, each share, its evidence, the bank's credits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html

from kernel import files
from kernel.clock import now
from kernel.errors import Invalid
from operators import brand_statement, once, told
from operators.base import Scoped, register
from operators.bilingual import say
from operators.filters import states
from operators.forex_forms import AnswerForm, BatchForm, ReceiptForm
from operators.forex_story import story
from operators.incident_forms import NothingForm
from operators.scope import ACCOUNTANTS, SHARED, scope_of
from operators.steps import Step, Stepped
from settlement.currency import parsed, shown
from settlement.models import ForexReceipt, SettlementBatch
from settlement.services.batches import discard_batch, make_batch
from settlement.services.exchange import export_batch, take_answer
from settlement.services.receipts import close_batch, record_receipt
from settlement.states import BATCH

_POSITION = say("外汇头寸与未结汇订单", "Forex position and what is not settled")


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


PROMISED = money("promised_minor", "承诺外币", "promised")
SETTLED = money("foreign_minor", "实结外币", "settled abroad")
SETTLED_PROMISED = money("settled_promised_minor", "实结部分的承诺外币", "promised for what was settled")
TOLD = money("received_minor", "银行已入账与扣费", "credited and charged by the bank")
SHARE_PROMISED = money("promised_minor", "承诺外币", "promised", "batch__currency")
SHARE_SETTLED = money("foreign_minor", "实结外币", "settled abroad", "batch__currency")
RECEIPT = money("amount_minor", "到账金额", "amount", "batch__currency")


@admin.display(description=say("其中银行扣费", "of that charged by the bank"))
def charged(row: SettlementBatch) -> str:
    """What the bank kept of the batch, which the brand bears."""
    kept = row.receipts.filter(kind=ForexReceipt.Kind.CHARGE).aggregate(sum=Sum("amount_minor", default=0))
    return f"{shown(kept['sum'], row.currency)} {row.currency}"


class Foreign(Scoped):
    """A page with foreign money: the fields of minor units that `in_currency` names are shown as amounts."""

    in_currency: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, model: type[models.Model], site: admin.AdminSite) -> None:
        super().__init__(model, site)
        self.documents |= self.in_currency


@dataclass(eq=False)
class NoAmount(Invalid):
    """What was typed is no amount in that currency."""

    code = "no_foreign_amount"
    title = "“{typed}” is no amount in {currency}: write all its decimals."
    title_zh = "“{typed}”不是有效的 {currency} 金额，请写全小数位。"
    typed: str
    currency: str


def may(verb: str) -> Any:
    """Whether the table of states lets a batch do this."""
    return lambda row: verb in BATCH.verbs(row.state)


def _receive(row: SettlementBatch, values: Mapping[str, Any], who: str, at: datetime) -> None:
    try:
        amount = parsed(values["amount"], row.currency)
    except ValueError:
        raise NoAmount(typed=values["amount"], currency=row.currency) from None
    record_receipt(
        batch=row,
        kind=ForexReceipt.Kind(values["kind"]),
        reference=values["reference"],
        amount_minor=amount,
        credited_on=values["credited_on"],
        by=who,
        now=at,
    )


@register("settlement.SettlementBatch")
class SettlementBatchAdmin(Foreign, Stepped):
    """What one storefront settles in one currency with one file."""

    writers = ACCOUNTANTS
    list_before_template = "operators/steps.html"
    steps = (
        Step(
            name="export",
            title=say("导出结汇文件", "Export the file"),
            icon="upload_file",
            form=NothingForm,
            hint=say(
                "文件只生成一次，附 SHA-256；订单已变化的草稿不能导出。",
                "It is made once, with its SHA-256; a draft whose orders have changed is not exported.",
            ),
            do=lambda row, values, who, at: export_batch(batch=row, by=who, now=at),
            roles=ACCOUNTANTS,
            legal=may("export"),
        ),
        Step(
            name="answer",
            title=say("导入机构答复", "Take the answer"),
            icon="download",
            form=AnswerForm,
            hint=say("任何一行有误则全部不导入。", "With one wrong row nothing is taken."),
            do=lambda row, values, who, at: take_answer(
                batch=row, content=values["answer"].read(), by=who, now=at
            ),
            roles=ACCOUNTANTS,
            legal=may("answer"),
        ),
        Step(
            name="receive",
            title=say("登记到账或银行扣费", "Record a credit or charge"),
            icon="account_balance",
            form=ReceiptForm,
            hint=say(
                "入账多于尚待到账金额的不登记，转为待办事项。",
                "More than is still to come is not recorded, and becomes a case.",
            ),
            do=_receive,
            roles=ACCOUNTANTS,
            legal=lambda row: row.state in ("answered", "received", "closed"),
            outside=True,  # a credit that is refused leaves a case behind
        ),
        Step(
            name="close",
            title=say("结清", "Close"),
            icon="task_alt",
            form=NothingForm,
            hint=say(
                "此后的退款和费用进入以后的批次。",
                "Refunds and fees from now on go into a later batch.",
            ),
            do=lambda row, values, who, at: close_batch(batch=row, by=who, now=at),
            roles=ACCOUNTANTS,
            legal=may("close"),
        ),
        Step(
            name="discard",
            title=say("作废草稿", "Discard the draft"),
            icon="delete",
            form=NothingForm,
            hint=say("其中的订单可进入其他批次。", "Its orders are free for another batch."),
            do=lambda row, values, who, at: discard_batch(batch=row, by=who, now=at),
            roles=ACCOUNTANTS,
            legal=may("discard"),
        ),
    )

    list_display = (
        "number",
        "state",
        "items_count",
        "net_fen",
        PROMISED,
        SETTLED,
        "result_fen",
        TOLD,
        "made_at",
        "storefront",
    )
    list_select_related = ("storefront",)
    list_filter = (states("state"), "currency", "made_at")
    search_fields = ("number__startswith",)
    ordering = ("-id",)

    in_currency = {
        "promised_minor": PROMISED,
        "settled_promised_minor": SETTLED_PROMISED,
        "foreign_minor": SETTLED,
        "received_minor": TOLD,
    }
    readonly_fields = ("file_link", "answer_link")
    hidden = ("file", "answer")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = [*super().get_fields(request, obj), "file_link", "answer_link"]
        fields.insert(fields.index(TOLD) + 1, charged)
        return fields

    def get_urls(self) -> list[Any]:
        kept = path(
            "<path:object_id>/kept/<slug:which>/",
            self.admin_site.admin_view(self.kept),
            name="settlement_batch_kept",
        )
        stand = path("position/", self.admin_site.admin_view(self.position), name="settlement_position")
        brand = path("brand/", self.admin_site.admin_view(self.brand), name="settlement_brand")
        return [kept, stand, brand, *super().get_urls()]

    def kept(self, request: HttpRequest, object_id: str, which: str) -> HttpResponse:
        """The stored file of a batch, or the answer to it. Strangers find nothing."""
        row = self.get_object(request, object_id)
        file = {"file": row.file, "answer": row.answer}.get(which) if row is not None else None
        if row is None or file is None:
            raise Http404
        if not self._mine(request, row, self.readers):
            raise PermissionDenied
        answer = HttpResponse(files.read(file), content_type=file.media_type)
        answer["Content-Disposition"] = f'attachment; filename="{file.name}"'
        answer["Cache-Control"] = "no-store"
        return answer

    def _link(self, row: SettlementBatch, which: str) -> Any:
        file = getattr(row, which)
        if file is None:
            return "-"
        url = reverse("admin:settlement_batch_kept", args=[row.pk, which])
        return format_html('<a class="text-link" href="{}">{}</a> SHA-256 {}', url, file.name, file.sha256)

    @admin.display(description=say("结汇文件", "file"))
    def file_link(self, row: SettlementBatch) -> Any:
        return self._link(row, "file")

    @admin.display(description=say("机构答复", "answer"))
    def answer_link(self, row: SettlementBatch) -> Any:
        return self._link(row, "answer")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Above the batches lead buttons to where the money stands and to what the brand is told."""
        stand = {"title": _POSITION, "icon": "monitoring", "url": reverse("admin:settlement_position")}
        brand = {
            "title": brand_statement.TITLE,
            "icon": "summarize",
            "url": reverse("admin:settlement_brand"),
        }
        shown = {"steps": [stand, brand], **(extra_context or {})}
        answer: HttpResponse = super().changelist_view(request, shown)
        return answer

    def brand(self, request: HttpRequest) -> HttpResponse:
        """What a brand is told of a period in its own currency."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return brand_statement.page(request, {**self.admin_site.each_context(request), "opts": self.opts})

    def position(self, request: HttpRequest) -> HttpResponse:
        """Where the money stands by currency, and what has not gone abroad with every reason."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        scope = scope_of(request)
        shops = {id: name for id, name in scope.names.items() if scope.may(id, self.readers)}
        context = {
            **self.admin_site.each_context(request),
            "title": _POSITION,
            "opts": self.opts,
            "story": story(shops, now()),
        }
        return TemplateResponse(request, "operators/tables.html", context)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return scope_of(request).may_anywhere(ACCOUNTANTS)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """A batch is made by its service, of all that is ready."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        scope = scope_of(request)
        form = BatchForm(
            request.POST or None,
            storefronts={id: name for id, name in scope.names.items() if scope.may(id, ACCOUNTANTS)},
            initial={"currency": "EUR"},
        )

        def make(values: Mapping[str, Any]) -> str:
            made = make_batch(
                storefront_id=int(values["storefront"]),
                currency=values["currency"],
                by=request.user.get_username(),
                now=now(),
            )
            return told.page_of(made)

        return once.page_of_form(
            self,
            request,
            form,
            make,
            done=say("批次已生成。", "The batch is made."),
            title=say("生成结汇批次", "Make a settlement batch"),
            hint=say(
                "凭证齐全、金额一致的订单全部进入批次。",
                "It takes every order whose evidence is whole and whose amounts agree.",
            ),
        )


@register("settlement.SettlementItem")
class SettlementItemAdmin(Foreign):
    """One order's share of a batch."""

    in_currency = {"promised_minor": SHARE_PROMISED, "foreign_minor": SHARE_SETTLED}
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
        SHARE_PROMISED,
        "rate",
        SHARE_SETTLED,
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


@register("settlement.OpenOrder")
class OpenOrderAdmin(Scoped):
    """Of which orders something may still go abroad."""

    list_display = ("order", "storefront")
    list_select_related = ("order", "storefront")
    search_fields = ("order__number__startswith",)
    ordering = ("-order_id",)


@register("settlement.ForexReceipt")
class ForexReceiptAdmin(Foreign):
    """What the brand's bank credited or kept."""

    in_currency = {"amount_minor": RECEIPT}
    list_display = (
        "batch",
        "kind",
        "reference",
        RECEIPT,
        "credited_on",
        "recorded_by",
        "storefront",
    )
    list_select_related = ("batch", "storefront")
    list_filter = ("credited_on",)
    search_fields = ("reference__startswith", "batch__number__startswith")
    ordering = ("-id",)


@register("settlement.RatePublication")
class RatePublicationAdmin(Scoped):
    """The central parity (人民币汇率中间价) of each day as it was published."""

    scope_path = SHARED
    list_display = ("day", "published_at", "fetched_at", "source")
    ordering = ("-day",)
