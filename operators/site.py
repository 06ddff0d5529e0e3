"""The admin's site: nobody is in before the second step of the log-in; menus are made when looked at."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject
from unfold.sites import UnfoldAdminSite


class Site(UnfoldAdminSite):
    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> Any:
        """Each page asks for it, for a menu that `navigation.py` stands in for: made when it is looked at."""
        listed = super().get_app_list
        return SimpleLazyObject(lambda: listed(request, app_label))

    def get_sidebar_list(self, request: HttpRequest) -> list[dict[str, Any]]:
        """`navigation.py` tells all of it; unfold would copy it and look for functions in every text."""
        from operators.navigation import groups  # noqa: PLC0415

        return groups(request)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Colours stand in a style sheet (static/operators/colors.css): none is written into the page."""
        from operators.purpose import purpose_of  # noqa: PLC0415  (texts are laid over the models later)

        context: dict[str, Any] = super().each_context(request)
        return {**context, "colors": {}, "purpose": purpose_of(request)}

    def has_permission(self, request: HttpRequest) -> bool:
        """Every page and every action of the admin asks this first."""
        from operators import entering  # noqa: PLC0415  (the site is made before models are there)

        return bool(super().has_permission(request) and entering.settled(request))

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The password; who has given it goes on to the second step."""
        from operators import entering  # noqa: PLC0415

        step = entering.next_step(request)
        answer: HttpResponse = super().login(request, extra_context) if step is None else step
        return answer

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        if "\0" in request.GET.get("term", ""):
            raise BadRequest("a character that no text of the database has")
        answer: HttpResponse = super().autocomplete_view(request)
        return answer

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """With a new password every other session ends."""
        from operators import own_sessions  # noqa: PLC0415

        answer: Any = super().password_change(request, extra_context)
        if request.method == "POST" and answer.status_code == 302:
            own_sessions.end_others(request)
        return answer

    def extra_urls(self) -> list[Any]:
        """The pages that stand beside those of the tables."""
        from operators import account, entering  # noqa: PLC0415

        return [*entering.urls, *account.urls(self)]
