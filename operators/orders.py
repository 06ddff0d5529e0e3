"""Orders to read: what was agreed, what was paid, why it was allowed, and everything that happened."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.decorators import action

from catalog.models import Variant
from customers.divisions import path
from inventory.models import Warehouse
from operators import order_story, recipients
from operators.base import Scoped, register
from operators.bilingual import say
from operators.columns import name_of
from operators.dossier import DOSSIER
from operators.filters import BlindFilter, known, states
from operators.refunds import ORDER_STEPS
from operators.scope import SELLERS
from operators.sealed_search import SealedSearch
from operators.steps import Stepped
from orders.models import OrderLine
from payments.models import Payment

_AMOUNTS = (
    "goods_fen",
    "discount_fen",
    "freight_fen",
    "duty_fen",
    "vat_fen",
    "excise_fen",
    "tax_fen",
    "total_fen",
)


@register("orders.Order")
class OrderAdmin(SealedSearch, Stepped):
    """The whole story of an order on one page; nothing can be changed here but by giving money back."""

    steps = (*ORDER_STEPS, DOSSIER)

    list_display = (
        "number",
        "state",
        "total_fen",
        "tax_fen",
        "trade_mode",
        "placed_at",
        "paid_at",
        "warehouse",
        "storefront",
    )
    list_select_related = ("warehouse", "storefront")
    list_filter = (
        states("state"),
        BlindFilter.over("buyer_index", "phone_index"),
        "over_limit",
        "placed_at",
        "paid_at",
    )
    search_fields = (
        "number__startswith",
        "out_trade_no__exact",
        "transaction_id__exact",
        "lines__sku__exact",
    )
    search_help_text = say("订单号、支付单号或 SKU", "Order number, payment number or SKU")
    ordering = ("-id",)
    fieldsets = (
        (
            say("订单", "Order"),
            {
                "fields": (
                    ("number", "state", "closing_reason"),
                    ("shop", "place", "trade_mode"),
                    ("placed_at", "paid_at", "expires_at"),
                    ("customer", "region", "over_limit"),
                )
            },
        ),
        (
            say("金额（元）", "Amounts (CNY)"),
            {"fields": (_AMOUNTS[:4], _AMOUNTS[4:])},
        ),
        (
            say("支付与告知", "Payment and notice"),
            {
                "fields": (
                    ("mchid", "out_trade_no", "transaction_id"),
                    ("notice_confirmed_at", "notice", "closed_at"),
                )
            },
        ),
    )
    compressed_fields = False
    change_form_outer_before_template = "operators/order_way.html"
    change_form_outer_after_template = "operators/order_story.html"

    actions_list = ("consignees",)

    def get_urls(self) -> list[Any]:
        return [*recipients.urls(self), *super().get_urls()]

    @action(  # type: ignore[operator]  # its return type is inferred wrongly
        description=recipients.TITLE, icon="folder_zip", url_path="consignees", permissions=["consignees"]
    )
    def consignees(self, request: HttpRequest) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:recipients"))

    def has_consignees_permission(self, request: HttpRequest) -> bool:
        return recipients.may(request)

    @admin.display(description=say("店铺", "storefront"))
    def shop(self, row: Any) -> str:
        return name_of(row.storefront)

    @admin.display(description=say("仓库", "warehouse"))
    def place(self, row: Any) -> str:
        return name_of(row.warehouse)

    @admin.display(description=say("风险告知书版本", "risk notice"))
    def notice(self, row: Any) -> str:
        return str(row.notice_hash[:12])

    @admin.display(description=say("收货地区", "region"))
    def region(self, row: Any) -> str:
        return " ".join(path(row.division_code)) or str(row.division_code)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = (
            super().get_queryset(request).select_related("storefront", "warehouse", "customer")
        )
        return rows

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By the index of each: asked in one OR over the joined lines, the whole table would be read."""
        term = search_term.strip()
        if not term:
            return queryset, False
        if variants := list(Variant.objects.filter(sku=term).values_list("pk", flat=True)):
            lines = OrderLine.objects.filter(variant__in=variants, sku=term)
            return queryset.filter(pk__in=lines.values("order_id")), False
        paid = Payment.objects.filter(Q(out_trade_no=term) | Q(transaction_id=term))
        found = list(paid.values_list("order_id", flat=True))
        return queryset.filter(Q(number__startswith=term) | Q(pk__in=found)), False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        order = self.get_object(request, object_id)
        told = order_story.tell(order) if order else None
        context = {
            "way": told.way if told else [],
            "story": told.tables if told else [],
            **(extra_context or {}),
        }
        answer: HttpResponse = super().change_view(request, object_id, form_url, context)
        return answer


@register("orders.OrderLine")
class OrderLineAdmin(Scoped):
    """The lines of all orders, with every share they carry."""

    list_display = ("order", "sku", "name_zh", "quantity", "price_fen", "goods_fen", "vat_fen", "storefront")
    list_select_related = ("order", "storefront")
    search_fields = ("order__number__startswith", "sku__startswith", "hs_code__startswith")
    ordering = ("-id",)


@register("orders.FormerOrderer")
class FormerOrdererAdmin(Scoped):
    """Orders whose orderer was replaced by the one who had paid, and when; who it was stays sealed."""

    list_display = ("order", "replaced_at", "storefront")
    list_select_related = ("order", "storefront")
    list_filter = ("replaced_at",)
    search_fields = ("order__number__startswith",)
    ordering = ("-id",)


@register("orders.Quote")
class QuoteAdmin(Scoped):
    """What baskets would have cost, and why some were refused."""

    hidden = ("address",)
    list_display = (
        "token",
        "total_fen",
        "tax_fen",
        "trade_mode",
        "refused_by",
        "made_at",
        "expires_at",
        "storefront",
    )
    list_select_related = ("storefront",)
    list_filter = (
        known("trade_mode", lambda: Warehouse.TradeMode.choices),
        "over_limit",
        "made_at",
    )
    search_fields = ("token__exact", "order__number__startswith")
    ordering = ("-id",)

    @admin.display(description=say("拒绝规则", "refused by"))
    def refused_by(self, row: Any) -> str:
        return ", ".join(refusal.get("rule", "") for refusal in row.refusals) or "-"


@register("orders.CartLine")
class CartLineAdmin(Scoped):
    """What lies in carts."""

    list_display = ("customer", "variant", "quantity", "added_at", "storefront")
    list_select_related = ("customer", "variant", "storefront")
    list_filter = ("added_at",)
    search_fields = ("customer__public_id__exact", "variant__sku__startswith")
    ordering = ("-id",)


@register("orders.Coupon")
class CouponAdmin(Scoped):
    """Non-cash deductions (优惠券): they pay a part of an order and never lower the dutiable value."""

    writers = SELLERS
    editable = ("name", "name_zh", "ends_at")
    addable = (
        "storefront",
        "code",
        "name",
        "name_zh",
        "reduces_fen",
        "from_goods_fen",
        "starts_at",
        "ends_at",
    )
    list_display = ("code", "name_zh", "reduces_fen", "from_goods_fen", "starts_at", "ends_at", "storefront")
    list_select_related = ("storefront",)
    list_filter = ("starts_at", "ends_at")
    search_fields = ("code__startswith", "name", "name_zh")
    ordering = ("-id",)


@register("orders.CouponClaim")
class CouponClaimAdmin(Scoped):
    """Coupons in consumers' hands."""

    list_display = ("public_id", "coupon", "customer", "order_number", "claimed_at", "storefront")
    list_select_related = ("coupon", "customer", "storefront")
    list_filter = ("claimed_at",)
    search_fields = ("order_number__startswith", "coupon__code__startswith", "public_id__exact")
    ordering = ("-id",)
