"""Money on its way back to who paid, to read and to attend to; it is moved by services alone."""

from __future__ import annotations

from operators.base import Scoped, register
from operators.filters import states


@register("payments.Refund")
class RefundAdmin(Scoped):
    """Each refund, under the number that WeChat Pay knows it by."""

    list_display = (
        "out_refund_no",
        "order",
        "kind",
        "amount_fen",
        "state",
        "trouble",
        "requested_at",
        "succeeded_at",
        "storefront",
    )
    list_select_related = ("order", "storefront")
    list_filter = (states("state"), "kind", "requested_at", "succeeded_at")
    search_fields = ("out_refund_no__startswith", "refund_id__exact", "order__number__startswith")
    hidden = ("next_try_at",)
    ordering = ("-id",)


@register("payments.RefundLine")
class RefundLineAdmin(Scoped):
    """What of the order a refund gives back."""

    list_display = ("refund", "line", "quantity", "goods_fen", "discount_fen", "freight_fen", "storefront")
    list_select_related = ("refund", "line", "storefront")
    search_fields = ("refund__out_refund_no__startswith",)
    ordering = ("-id",)
