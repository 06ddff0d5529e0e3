"""The site's addresses, below /partner/docs/."""

from __future__ import annotations

from django.urls import path

from partner_api.docs import pages

urlpatterns = [
    path("", pages.begin),
    path("client.zip", pages.client),
    path("<slug:rest>", pages.begin),
    path("<slug:language>/", pages.home),
    path("<slug:language>/guides/<slug:slug>", pages.one_guide),
    path("<slug:language>/reference/<slug:group>", pages.one_group),
    path("<slug:language>/events", pages.events),
    path("<slug:language>/scopes", pages.scopes),
    path("<slug:language>/changes", pages.changes),
]
