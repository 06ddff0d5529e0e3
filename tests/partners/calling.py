"""A partner's system in a test: it has a credential, asks for a token and signs what it sends."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from kernel.clock import now as present
from partners.models import Partner
from partners.services.accounts import Issued, issue_credential, open_partner
from partners.signing import Signed, sign

ROOT = "/partner/v1"


def partner(shop: Any, kind: str = "warehouse", name: str = "Ningbo WMS", **more: Any) -> Partner:
    return open_partner(storefront=shop, name=name, kind=kind, by="owner", now=present(), **more)


@dataclass
class System:
    """Calls as one credential; `token` is fetched when it is first needed."""

    client: Any
    issued: Issued
    storefront: str = ""
    token: str = field(default="", repr=False)

    def ask(self, **form: str) -> Any:
        """The token endpoint's answer."""
        basic = f"{self.issued.client_id}:{self.issued.client_secret}".encode()
        return self.client.post(
            f"{ROOT}/token",
            {"grant_type": "client_credentials", **form},
            headers={"authorization": f"Basic {base64.b64encode(basic).decode()}"},
        )

    def bearer(self) -> str:
        self.token = self.token or self.ask().json()["access_token"]
        return f"Bearer {self.token}"

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(self.where(path), headers={"authorization": self.bearer(), **headers})

    def send(
        self, method: str, path: str, body: Any = None, *, at: datetime | None = None, **headers: str
    ) -> Any:
        """A signed call; a POST has a key of its own unless one is given."""
        target = self.where(path)
        raw = b"" if body is None else body if isinstance(body, bytes) else orjson.dumps(body)
        call = Signed(method, target, str(int((at or present()).timestamp())), secrets.token_hex(16), raw)
        told = {
            "authorization": self.bearer(),
            "x-timestamp": call.timestamp,
            "x-nonce": call.nonce,
            "x-signature": sign(self.issued.signing_key, call),
            **({"idempotency-key": secrets.token_hex(8)} if method == "POST" else {}),
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        sent = {name: value for name, value in told.items() if value}
        return self.client.generic(method, target, raw, content_type="application/json", headers=sent)

    def post(self, path: str, body: Any = None, **more: Any) -> Any:
        return self.send("POST", path, body, **more)

    def where(self, path: str) -> str:
        inside = f"/storefronts/{self.storefront}" if self.storefront and not path.startswith("/") else ""
        return f"{ROOT}{inside}/{path.lstrip('/')}"


def system(client: Any, shop: Any, kind: str = "warehouse", **more: Any) -> System:
    """A partner's system, connected to one storefront with what its kind has use for."""
    issued = issue_credential(partner=partner(shop, kind, **more), by="owner", now=present())
    return System(client, issued, shop.code)
