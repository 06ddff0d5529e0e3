"""Every model of the house has a page here; importing the modules registers them."""

from __future__ import annotations

from django.contrib import admin

from operators import (  # noqa: F401
    access,
    approvals,
    assessments,
    bills,
    catalog,
    colleagues,
    complaints,
    compliance,
    customers,
    customs,
    customs_accounts,
    customs_books,
    customs_consignments,
    customs_outbound,
    customs_requests,
    declarations,
    forex,
    freight,
    incident_papers,
    incidents,
    inventory,
    judgements,
    kernel,
    ledger,
    lots,
    news,
    orders,
    partners,
    pay_keys,
    payments,
    pushed,
    refunds,
    reporting,
    returns,
    reviews,
    shipping,
    shipping_info,
    shop_admin,
    stock_moves,
    storefronts,
    webhooks,
)
from operators.bilingual import say

admin.site.index_title = say("概览", "Overview")
admin.site.index_template = "operators/home.html"
