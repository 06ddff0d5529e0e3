"""Where each door stands."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.static import serve

from backend import health

urlpatterns = [
    path("api/v1/", include("miniprogram_api.urls")),
    path("partner/v1/", include("partner_api.urls")),
    path("pay/", include("payments.urls")),
    path("health/live", health.live),
    path("health/ready", health.ready),
    path("admin/", admin.site.urls),
]
if not settings.PRODUCTION:  # in production the proxy or object storage serves media
    urlpatterns.append(
        path("media/catalog/<path:path>", serve, {"document_root": f"{settings.MEDIA_ROOT}/catalog"})
    )
