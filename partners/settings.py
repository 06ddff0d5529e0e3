"""How the partners' door issues tokens: client credentials alone, short-lived, kept as hashes."""

from __future__ import annotations

from typing import Any

OAUTH2_PROVIDER: dict[str, Any] = {
    "ACCESS_TOKEN_EXPIRE_SECONDS": 3600,
    "OAUTH2_VALIDATOR_CLASS": "partners.oauth.Validator",
    "CLIENT_SECRET_HASHER": "sha256_of_random",  # partners/hashing.py
    "SCOPES_BACKEND_CLASS": "partners.oauth.Scopes",
    # RFC 9700, the practice of today: no token at rest, none in a URL, no grant that hands passwords around.
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
}
