"""An account's secrets, opened for one call or one check; never printed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Credential:
    """Customer code, secret, and the salt that we chose for what is pushed to us."""

    customer_code: str
    secret: str
    salt: str

    def __repr__(self) -> str:
        return f"<Credential {self.customer_code}>"
