"""The admin's site lists every app and model only where a page shows that list; the sidebar has its own."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from unfold.sites import UnfoldAdminSite


class Site(UnfoldAdminSite):
    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> Any:
        """Each page asks for it, for a menu that `navigation.py` stands in for: made when it is looked at."""
        listed = super().get_app_list
        return SimpleLazyObject(lambda: listed(request, app_label))
