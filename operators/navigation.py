"""The sidebar: what operators do each day comes first; an entry shows to those who may open its page."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

from operators import (
    code_search,
    customs_board,
    customs_tax,
    goods_import,
    platform,
    return_centre,
    return_numbers,
    shop_look,
    work,
)
from operators.bilingual import say
from operators.rule_book import may_read
from operators.scope import READERS, scope_of


def may_look(request: HttpRequest) -> bool:
    """Whoever works or audits in any storefront."""
    return scope_of(request).may_anywhere(READERS)


# The pages that no table stands behind: what each is called, and who may open it.
WORK, PLATFORM_PAGE = "work", "platform"
RULE_BOOK, CUSTOMS_BOARD, CUSTOMS_TAX = "rule_book", "admin:customs_board", "admin:customs_tax"
CODES, IMPORT, LOOK = "code_search", "goods_import", "shop_look"
RETURN_NUMBERS, RETURN_CENTRE = "return_numbers", "admin:return_centre"
PAGES: dict[str, tuple[Any, Callable[[HttpRequest], bool]]] = {
    WORK: (work.TITLE, work.may),
    PLATFORM_PAGE: (platform.TITLE, platform.may),
    RULE_BOOK: (say("规则手册", "Rule book"), may_read),
    IMPORT: (goods_import.TITLE, goods_import.may),
    LOOK: (shop_look.TITLE, shop_look.may),
    CODES: (code_search.TITLE, may_look),
    CUSTOMS_BOARD: (customs_board.TITLE, may_look),
    CUSTOMS_TAX: (customs_tax.TITLE, may_look),
    RETURN_NUMBERS: (return_numbers.TITLE, may_look),
    RETURN_CENTRE: (return_centre.TITLE, return_centre.may),
}

Group = tuple[Any, tuple[tuple[str, str], ...]]

GROUPS: tuple[Group, ...] = (
    (
        say("待处理", "To do"),
        (
            (WORK, "checklist_rtl"),
            ("kernel.Case", "assignment_late"),
            ("kernel.Approval", "approval"),
            ("kernel.Job", "pending_actions"),
        ),
    ),
    (
        say("销售", "Selling"),
        (
            ("orders.Order", "receipt_long"),
            ("payments.Payment", "payments"),
            ("payments.Refund", "currency_exchange"),
            ("payments.Bill", "receipt"),
            ("payments.BillDifference", "difference"),
            ("logistics.Shipment", "local_shipping"),
            ("logistics.Parcel", "package_2"),
            ("logistics.ShippingInfo", "outgoing_mail"),
            ("payments.Complaint", "support_agent"),
            ("reviews.ReviewWords", "rate_review"),
            ("reviews.Review", "reviews"),
            ("orders.Quote", "request_quote"),
            ("orders.Coupon", "local_activity"),
            ("customers.Customer", "group"),
            ("customers.News", "mark_email_read"),
        ),
    ),
    (
        say("退换货", "Returns"),
        (
            ("returns.ReturnRequest", "assignment_return"),
            (RETURN_CENTRE, "barcode_scanner"),
            ("returns.StrayParcel", "package"),
            ("returns.ReturnGrade", "fact_check"),
            (RETURN_NUMBERS, "query_stats"),
            ("returns.ReturnPolicy", "contract"),
        ),
    ),
    (
        say("通关", "Clearance"),
        (
            (CUSTOMS_BOARD, "dashboard"),
            ("customs.Declaration", "gavel"),
            ("payments.PaymentDeclaration", "fact_check"),
            ("customs.PortMessage", "outbox"),
            ("customs.PortReceipt", "move_to_inbox"),
            (CUSTOMS_TAX, "account_balance"),
            ("customs.Consignment", "flight_land"),
            ("customs.WarehouseEntry", "warehouse"),
            ("customs.TaxSheet", "request_quote"),
            ("customs.BookStock", "balance"),
            ("customs.BookEntry", "edit_note"),
            ("customs.Outbound", "flight_takeoff"),
            ("customs.DataRequest", "policy"),
            ("customs.PortAccount", "anchor"),
        ),
    ),
    (
        say("商品与库存", "Goods and stock"),
        (
            ("catalog.Product", "inventory_2"),
            ("catalog.Variant", "barcode"),
            (IMPORT, "upload_file"),
            (CODES, "search"),
            ("catalog.PriceChange", "schedule"),
            ("catalog.PriceCut", "sell"),
            ("catalog.PublicPrice", "price_check"),
            ("catalog.Category", "category"),
            ("catalog.Brand", "branding_watermark"),
            ("inventory.Stock", "shelves"),
            ("inventory.Lot", "inventory"),
            ("inventory.Movement", "swap_vert"),
            ("inventory.Reservation", "bookmark"),
            ("inventory.Pick", "shopping_basket"),
            ("inventory.SaleStop", "block"),
            ("inventory.ShelfLife", "event_busy"),
            ("inventory.Count", "checklist"),
            ("inventory.CountLine", "rule"),
            ("inventory.Transfer", "local_shipping"),
            ("inventory.Warehouse", "warehouse"),
            ("inventory.WarehouseDay", "calendar_month"),
            ("inventory.FreightTemplate", "price_change"),
            ("inventory.FreightZone", "map"),
            ("inventory.BookItem", "menu_book"),
        ),
    ),
    (
        say("账务", "Books"),
        (
            ("settlement.Entry", "menu_book"),
            ("settlement.Posting", "balance"),
            ("settlement.SettlementBatch", "currency_exchange"),
            ("settlement.SettlementItem", "list_alt"),
            ("settlement.OpenOrder", "pending_actions"),
            ("settlement.Evidence", "verified"),
            ("settlement.ForexReceipt", "account_balance"),
            ("settlement.RatePublication", "trending_up"),
        ),
    ),
    (
        say("合规", "Compliance"),
        (
            (RULE_BOOK, "menu_book"),
            ("compliance.Judgement", "gavel"),
            ("compliance.PayerCheck", "compare_arrows"),
            ("customers.NamedPayer", "person_search"),
            ("orders.FormerOrderer", "person_off"),
            ("compliance.Incident", "emergency_home"),
            ("compliance.ImpactAssessment", "assessment"),
            ("compliance.PositiveListLine", "checklist"),
            ("compliance.TariffLine", "percent"),
            ("compliance.ReferenceRate", "currency_exchange"),
            ("compliance.AllowanceAccount", "account_balance_wallet"),
            ("compliance.Consent", "how_to_reg"),
            ("customers.Export", "download"),
            ("compliance.Access", "visibility_lock"),
            ("compliance.ChainLink", "link"),
            ("compliance.Disclosure", "move_up"),
            ("customers.Identity", "badge"),
            ("customers.IdentityAttempt", "fingerprint"),
            ("customers.IdentityShare", "share"),
            ("customers.IdentityFinding", "fact_check"),
        ),
    ),
    (
        say("店铺", "Storefront"),
        (
            ("storefronts.Storefront", "storefront"),
            (LOOK, "palette"),
            ("shopfront.Version", "history"),
            ("storefronts.LegalParty", "account_balance"),
            ("payments.CustomsNumber", "pin"),
            ("storefronts.MerchantAccount", "key"),
            ("storefronts.PlatformKey", "encrypted"),
            ("storefronts.PastMerchantKey", "key_off"),
            ("storefronts.KeyFetch", "sync"),
            ("logistics.CarrierAccount", "key_vertical"),
            ("logistics.TradeManagement", "storefront"),
            ("customers.NewsTemplate", "sms"),
            ("storefronts.Membership", "manage_accounts"),
            ("storefronts.Operator", "person"),
            ("storefronts.OperatorSession", "devices"),
            ("storefronts.FourEyes", "visibility"),
            ("partners.Partner", "hub"),
            ("partners.Connection", "link"),
            ("partners.Application", "vpn_key"),
            ("oauth2_provider.AccessToken", "token"),
            ("partners.Endpoint", "webhook"),
            ("partners.Message", "outgoing_mail"),
        ),
    ),
    (
        say("平台", "Platform"),
        (
            (PLATFORM_PAGE, "monitor_heart"),
            ("kernel.Event", "history"),
            ("kernel.Delivery", "outbox"),
            ("kernel.Receipt", "inbox"),
            ("payments.Notification", "notifications"),
            ("axes.AccessLog", "login"),
            ("admin.LogEntry", "edit_note"),
        ),
    ),
)


def groups(request: HttpRequest) -> list[dict[str, Any]]:
    """The sidebar for this operator, as the page draws it."""
    found: list[dict[str, Any]] = []
    for title, entries in GROUPS:
        items = [item for label, icon in entries if (item := _item(request, label, icon))]
        if items:
            found.append({"title": str(title), "separator": bool(found), "items": items})
    return found


def _item(request: HttpRequest, label: str, icon: str) -> dict[str, Any] | None:
    if label in PAGES:
        title, may = PAGES[label]
        link = _link(label)
        entry = {"title": str(title), "icon": icon, "link": link, "active": request.path == link}
        return entry if may(request) else None
    model = apps.get_model(label)
    page = admin.site._registry.get(model)
    if page is None or not page.has_view_permission(request):
        return None
    meta = model._meta
    link = _link(f"admin:{meta.app_label}_{meta.model_name}_changelist")
    plural = str(meta.verbose_name_plural)
    # A page of its own may lie below a list: then it alone is where one is.
    return {
        "title": plural[:1].upper() + plural[1:],
        "icon": icon,
        "link": link,
        "active": request.path.startswith(link) and request.path not in map(_link, PAGES),
    }


@cache
def _link(name: str) -> str:
    """A page's address: a hundred of them stand beside every page."""
    return reverse(name)
