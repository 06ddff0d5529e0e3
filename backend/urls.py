"""Where each door stands."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from django.views.i18n import set_language

from backend import health, problems_page, shop
from operators import code_search, goods_import, platform, return_numbers, rule_book, shop_look, work
from partner_api import sandbox

urlpatterns = [
    path("api/v1/", include("miniprogram_api.urls")),
    path("partner/v1/", include("partner_api.urls")),
    path("partner/", RedirectView.as_view(url="/partner/docs/")),
    path("partner/sandbox/", sandbox.begin),
    path("partner/sandbox/<slug:language>/", sandbox.page),
    path("partner/docs/", include("partner_api.docs.urls")),
    path("pay/", include("payments.urls")),
    path("wechat/", include("storefronts.urls")),
    path("carriers/", include("logistics.urls")),
    path("customs/", include("customs.urls")),
    path("health/live", health.live),
    path("health/ready", health.ready),
    path("problems/<slug:code>", problems_page.page),
    path("admin", RedirectView.as_view(url="/admin/")),
    path("admin/rules/", admin.site.admin_view(rule_book.show), name="rule_book"),
    path("admin/platform/", admin.site.admin_view(platform.show), name="platform"),
    path("admin/work/", admin.site.admin_view(work.show), name="work"),
    path("admin/codes/", admin.site.admin_view(code_search.show), name="code_search"),
    path("admin/goods/import/", admin.site.admin_view(goods_import.show), name="goods_import"),
    path("admin/goods/import/<uuid:job>/", admin.site.admin_view(goods_import.one), name="goods_import_one"),
    path("admin/goods/export/", admin.site.admin_view(goods_import.export), name="goods_export"),
    path("admin/returns/numbers/", admin.site.admin_view(return_numbers.show), name="return_numbers"),
    path("admin/shop/look/", admin.site.admin_view(shop_look.show), name="shop_look"),
    path(
        "admin/shop/look/<int:shop>/<slug:name>/",
        admin.site.admin_view(shop_look.part),
        name="shop_look_part",
    ),
    path("admin/language/", set_language, name="set_language"),
    path("admin/", admin.site.urls),
]
if settings.PRODUCTION:
    urlpatterns.append(path("", problems_page.nothing_here))
else:  # a laptop has no proxy that serves media, and someone who looks around
    urlpatterns.append(path("", RedirectView.as_view(url="/api/v1/docs/")))
    for shown in ("catalog", "shopfront"):  # what everyone may see; the other folders are nobody's
        folder = {"document_root": f"{settings.MEDIA_ROOT}/{shown}"}
        urlpatterns.append(path(f"media/{shown}/<path:path>", shop.below, folder))
    urlpatterns.append(path("shop/", include(shop.addresses)))
