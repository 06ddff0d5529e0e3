"""Returns and exchanges to decide, receive and settle; their terms, announced and never changed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Case, F, Max, OuterRef, Q, QuerySet, Subquery, Value, When
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse

from kernel.clock import now, shanghai_day
from operators import return_centre, return_story
from operators.base import Scoped, register
from operators.bilingual import say
from operators.filters import Switch, states
from operators.lists import Listed
from operators.return_steps import RECEIVERS, STEPS
from operators.scope import CARERS, OWNERS
from operators.steps import Stepped
from orders.models import Order
from returns.models import ReturnPolicy, ReturnRequest
from returns.services import terms
from returns.states import OVER

WAITING = ("requested", "appealed", "received", "disputed")


class WaitsFilter(Switch):
    """Returns that do not move before a person does something."""

    title = say("待我处理", "waits for me")
    parameter_name = "waits"
    yes = say("待审核、待复核、待验货或有异议", "to decide, appealed, to inspect or disputed")

    @classmethod
    def question(cls) -> Q:
        return Q(state__in=WAITING)


class _Spans(admin.SimpleListFilter):
    """A few spans to choose from, each a question."""

    spans: tuple[tuple[str, Any], ...] = ()

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(self.spans)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        known = {name for name, _ in self.spans}
        return queryset.filter(self.question(str(self.value()))) if self.value() in known else queryset

    @staticmethod
    def question(value: str) -> Q:
        raise NotImplementedError


class AgeFilter(_Spans):
    """Returns that are not over and were asked for some days ago."""

    title = say("已申请", "asked for")
    parameter_name = "age"
    spans = (
        ("2", say("2 日以上未结束", "2 days ago, not over")),
        ("7", say("7 日以上未结束", "7 days ago, not over")),
        ("30", say("30 日以上未结束", "30 days ago, not over")),
    )

    @staticmethod
    def question(value: str) -> Q:
        return ~Q(state__in=OVER) & Q(requested_at__lte=now() - timedelta(days=int(value)))


class DueFilter(_Spans):
    """Returns by what runs out: our answer, the refund by law, customs' last day for the goods."""

    title = say("到期", "due")
    parameter_name = "due"
    spans = (
        ("late", say("已逾期", "overdue")),
        ("soon", say("24 小时内到期", "within 24 hours")),
        ("customs", say("海关到货期限 7 日内", "customs' last day within 7 days")),
    )

    @staticmethod
    def question(value: str) -> Q:
        at = now()
        if value == "customs":
            today = shanghai_day(at)
            days = Q(arrive_by__range=(today, today + timedelta(days=7)))
            return days & Q(state__in=("to_send", "on_the_way"))
        decide, refund = ("requested", "appealed"), ("received", "inspected", "disputed")
        if value == "late":
            return Q(state__in=decide, decide_by__lt=at) | Q(state__in=refund, refund_by__lt=at)
        span = (at, at + timedelta(hours=24))
        return Q(state__in=decide, decide_by__range=span) | Q(state__in=refund, refund_by__range=span)


@register("returns.ReturnRequest")
class ReturnRequestAdmin(Stepped):
    """Each return with its story; what is legal now stands above it as buttons."""

    writers = CARERS | RECEIVERS
    steps = STEPS
    list_display = (
        "number",
        "order",
        "state",
        "due",
        "kind",
        "reason",
        "quoted_fen",
        "requested_at",
        "waybill",
        "storefront",
    )
    list_select_related = ("order", "storefront")
    list_filter = (
        WaitsFilter,
        states("state"),
        states("kind"),
        states("reason"),
        AgeFilter,
        DueFilter,
        "requested_at",
    )
    search_fields = ("number__startswith", "order__number__startswith", "waybill__exact")
    compressed_fields = False
    fieldsets = (
        (
            say("申请", "The request"),
            {"fields": (("order", "kind", "reason"), ("state", "policy", "requested_at"), "answer")},
        ),
        (
            say("审核与货物", "Decision and goods"),
            {
                "fields": (
                    ("decided_at", "decided_by", "restorable"),
                    ("sent_at", "received_at", "settled_at"),
                    ("declare_by", "arrive_by", "next_at"),
                )
            },
        ),
        (
            say("金额", "Amounts"),
            {"fields": (("quoted_fen", "quoted_late_fen", "deducted_fen"), "deducted_why")},
        ),
    )
    change_form_outer_after_template = "operators/order_story.html"

    def get_ordering(self, request: HttpRequest) -> Any:
        """What is not over first, by what happens next; a decision by its day, however late it is."""
        over = Case(When(state__in=OVER, then=Value(1)), default=Value(0))
        waits = When(state__in=("requested", "appealed"), then=F("decide_by"))
        return (over, Case(waits, default=F("next_at")).asc(nulls_last=True), "-id")

    @admin.display(description=say("下一步与期限", "next and by when"), ordering="next_at")
    def due(self, row: Any) -> str:
        return return_story.due(row, now())

    def get_urls(self) -> list[Any]:
        shown = path("centre/", self.admin_site.admin_view(self.centre), name="return_centre")
        return [shown, *super().get_urls()]

    def centre(self, request: HttpRequest) -> HttpResponse:
        """The page of who receives parcels, in their own storefronts."""
        if not return_centre.may(request):
            raise PermissionDenied
        rows = self.narrow(request, ReturnRequest.objects.all(), RECEIVERS)
        orders = self.narrow(request, Order.objects.all(), RECEIVERS)
        return return_centre.page(request, self.admin_site.each_context(request), rows, orders)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Above the list leads a button to the return centre."""
        button = {
            "title": return_centre.TITLE,
            "icon": "barcode_scanner",
            "url": reverse("admin:return_centre"),
        }
        buttons = [button] if return_centre.may(request) else []
        answer: HttpResponse = super().changelist_view(request, {"steps": buttons, **(extra_context or {})})
        return answer

    list_before_template = "operators/steps.html"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        story = return_story.tell(row, now()) if row else []
        answer: HttpResponse = super().change_view(
            request, object_id, form_url, {"story": story, **(extra_context or {})}
        )
        return answer


@register("returns.ReturnLine")
class ReturnLineAdmin(Scoped):
    """Which pieces were asked for."""

    list_display = ("request", "line", "quantity", "state", "wanted", "storefront")
    list_select_related = ("request", "line", "wanted", "storefront")
    list_filter = (states("state"),)
    search_fields = ("request__number__startswith",)
    ordering = ("-id",)


@register("returns.ReturnGrade")
class ReturnGradeAdmin(Listed):
    """How pieces were found and where they went."""

    list_display = ("line", "grade", "place", "quantity", "lot", "by", "at", "storefront")
    list_select_related = ("line__line", "lot__stock__variant", "storefront")
    list_filter = (states("grade"), states("place"), "at")
    search_fields = ("line__request__number__startswith",)
    ordering = ("-id",)


@register("returns.ReturnPicture")
class ReturnPictureAdmin(Scoped):
    """Pictures that consumers gave; they open on the return's page, for a purpose."""

    fields = ("order", "request", "at", "storefront")
    list_display = ("order", "request", "at", "storefront")
    list_select_related = ("order", "request", "storefront")
    search_fields = ("request__number__startswith", "order__number__startswith")
    ordering = ("-id",)


class TermsForm(forms.ModelForm):  # type: ignore[type-arg]
    """The figures within the bounds of the law and the house; the service asks the same again."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name, (low, high) in terms.BOUNDS.items():
            field = self.fields.get(name)
            if isinstance(field, forms.IntegerField) and not isinstance(field, forms.DecimalField):
                field.min_value, field.max_value = low, high
                field.validators += [
                    forms.IntegerField(min_value=low, max_value=high).validators[i] for i in (0, 1)
                ]
                field.widget.attrs.update({"min": low, "max": high})
        if first := self.fields.get("starts_on"):
            first.help_text = say(
                "最早为明日；此日起付款的订单适用，此前的订单仍适用原条款。",
                "Tomorrow at the earliest: for orders paid from then on; others keep their terms.",
            )
        if bound := self.fields.get("approves_up_to_fen"):
            known: Any = ReturnPolicy._meta.get_field("approves_up_to_fen")
            bound.required, bound.initial, bound.help_text = True, known.default, known.help_text


@register("returns.ReturnPolicy")
class ReturnPolicyAdmin(Scoped):
    """The terms of returns, from a day on: added, and never changed."""

    form = TermsForm
    writers = OWNERS
    addable = (
        "storefront",
        "starts_on",
        "way_back_by",
        "refunds_freight",
        "lost_tax_percent",
        "opened_percent",
        "claim_days",
        "decide_hours",
        "send_days",
        "appeal_days",
        "approves",
        "approves_up_to_fen",
    )
    list_display = (
        "starts_on",
        "holds",
        "way_back_by",
        "refunds_freight",
        "lost_tax_percent",
        "opened_percent",
        "claim_days",
        "approves_up_to_fen",
        "storefront",
    )
    list_select_related = ("storefront",)
    ordering = ("storefront", "-starts_on")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        begun = ReturnPolicy.objects.filter(
            storefront_id=OuterRef("storefront_id"), starts_on__lte=shanghai_day(now())
        )
        latest = begun.values("storefront_id").annotate(day=Max("starts_on")).values("day")
        rows: QuerySet[Any] = super().get_queryset(request).annotate(present=Subquery(latest))
        return rows

    @admin.display(description=say("今日状态", "today"))
    def holds(self, row: Any) -> str:
        """Whether these are the terms of orders that are paid today."""
        if row.present == row.starts_on:
            return str(say("现行", "in force"))
        if row.present is None or row.starts_on > row.present:
            return str(say("尚未生效", "to come"))
        return str(say("已被取代", "replaced"))

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """What held before, beginning tomorrow."""
        given: dict[str, Any] = super().get_changeform_initial_data(request)
        return {"starts_on": shanghai_day(now()) + timedelta(days=1), **given}

    def save_model(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        self.checked_storefront(request, obj)
        obj.pk = terms.announce(
            **{name: form.cleaned_data[name] for name in self.addable},
            by=request.user.get_username(),
            now=now(),
        ).pk
