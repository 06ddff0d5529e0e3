"""Which scopes a token may carry: those of its credential, where some storefront grants them."""

from __future__ import annotations

from typing import Any

from oauth2_provider.scopes import BaseScopes

from partners import queries, scopes


class Scopes(BaseScopes):
    """django-oauth-toolkit asks this class; without a wish a token carries all that it may."""

    def get_all_scopes(self) -> dict[str, str]:
        return {name: f"{en} · {zh}" for name, (en, zh) in scopes.SCOPES.items()}

    def get_available_scopes(self, application: Any = None, request: Any = None, **_: Any) -> list[str]:
        return queries.allowed(application) if application is not None else list(scopes.SCOPES)

    def get_default_scopes(self, application: Any = None, request: Any = None, **kwargs: Any) -> list[str]:
        return self.get_available_scopes(application, request)
