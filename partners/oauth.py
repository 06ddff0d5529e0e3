"""Whose credential a client id is, and which scopes a token may carry: those that some storefront grants."""

from __future__ import annotations

from typing import Any

from oauth2_provider.oauth2_validators import OAuth2Validator
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


class Validator(OAuth2Validator):
    """Its own, for whom a client id that no row can hold is one that is not there."""

    def _load_application(self, client_id: Any, request: Any) -> Any:
        if "\0" in str(client_id):
            return None
        return super()._load_application(client_id, request)  # type: ignore[no-untyped-call]
