"""How the admin looks and where its parts come from; callbacks are named, not imported."""

from __future__ import annotations

from typing import Any

from django.templatetags.static import static
from django.urls import reverse_lazy

from operators.bilingual import say

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": say("跨境店铺运营后台", "Cross-border storefront"),
    "SITE_HEADER": say("跨境店铺", "Storefront"),
    "SITE_SYMBOL": "storefront",
    "STYLES": [
        lambda request: static("operators/colors.css"),
        lambda request: static("operators/admin.css"),
    ],
    "SCRIPTS": [lambda request: static("operators/quiet.js")],
    "SITE_URL": None,  # there is no page at the root to go to
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("operators/icon.svg")}
    ],
    "ACCOUNT": {
        "navigation": [{"title": say("账号安全", "Account safety"), "link": reverse_lazy("admin:account")}]
    },
    "SHOW_LANGUAGES": True,  # else the browser's
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "DASHBOARD_CALLBACK": "operators.dashboard.fill",
    "SIDEBAR": {
        "show_search": True,
        "show_all_applications": False,
    },
}
