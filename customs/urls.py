"""Where customs asks, and looks."""

from django.urls import path

from customs import doors

urlpatterns = [
    path("platDataOpen", doors.plat_data_open),
    path("goods/<slug:storefront>/<slug:code>", doors.goods),
]
