"""News of orders by subscribe message: the storefront's templates, and what was sent by which consent."""

from __future__ import annotations

from typing import Any, ClassVar

from operators.base import register
from operators.filters import states
from operators.lists import Listed
from operators.scope import SELLERS


@register("customers.NewsTemplate")
class NewsTemplateAdmin(Listed):
    """订阅消息模板: what its fields hold can be mended; another number is another template."""

    writers = SELLERS
    editable: ClassVar[tuple[str, ...]] = ("page", "fields", "active")
    fields = ("storefront", "occasion", "template_id", *editable, "set_at")
    addable: ClassVar[tuple[str, ...]] = ("storefront", "occasion", "template_id", "page", "fields")
    list_display: ClassVar[tuple[Any, ...]] = (
        "occasion",
        "template_id",
        "page",
        "fields",
        "active",
        "set_at",
        "storefront",
    )
    list_select_related = ("storefront",)
    list_filter = (states("occasion"), "active")
    search_fields = ("template_id__exact",)
    ordering = ("-id",)


@register("customers.News")
class NewsAdmin(Listed):
    """What consumers were told, each thing once."""

    list_display = (
        "order_number",
        "about",
        "occasion",
        "says",
        "state",
        "error",
        "happened_at",
        "made_at",
        "tried_at",
        "storefront",
    )
    list_select_related = ("storefront",)
    list_filter = (states("state"), states("occasion"), "made_at")
    search_fields = ("order_number__startswith",)
    ordering = ("-id",)


@register("customers.NewsConsent")
class NewsConsentAdmin(Listed):
    """Who agreed to which message, once each."""

    hidden = ("answer_hash",)
    list_display = ("customer", "by_template", "given_at", "spent_at", "storefront")
    list_select_related = ("customer", "by_template", "storefront")
    list_filter = ("given_at",)
    search_fields = ("customer__public_id__exact",)
    ordering = ("-id",)
