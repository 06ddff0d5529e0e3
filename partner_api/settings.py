"""How the partner door issues tokens: client credentials alone, short-lived, kept as hashes."""

from __future__ import annotations

from typing import Any

OAUTH2_PROVIDER: dict[str, Any] = {
    "ACCESS_TOKEN_EXPIRE_SECONDS": 3600,
    "SCOPES": {"profile": "Read what this application is · 读取应用自身信息"},
    "DEFAULT_SCOPES": ["profile"],
    # RFC 9700, the practice of today: no token at rest, none in a URL, no grant that hands passwords around.
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
}
