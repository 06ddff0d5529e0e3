"""A call that changes something is signed: who sent it, that it is whole, and that it was sent but once.

The signature is HMAC-SHA256 under the credential's key over six lines, joined by a newline:

    v1
    POST
    /partner/v1/storefronts/maison/stock/receipts?dry_run=1     path and query as they were sent
    1764325200                                                  X-Timestamp, seconds since 1970
    0b0f6f0e8c4c4d0f                                            X-Nonce, 16–64 of [0-9A-Za-z_-], never twice
    e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b    SHA-256 of the body, hexadecimal

and is sent as `X-Signature: v1=` and 64 hexadecimal digits.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Final

VERSION: Final = "v1"
WINDOW: Final = 300  # seconds by which a clock may differ, and for which a nonce is remembered
_NONCE = re.compile(r"[0-9A-Za-z_-]{16,64}")
_STAMP = re.compile(r"[0-9]{10}")


@dataclass(frozen=True, slots=True)
class Signed:
    """What a signature speaks of; `target` is path and query as they were sent."""

    method: str
    target: str
    timestamp: str
    nonce: str
    body: bytes

    def text(self) -> bytes:
        """The six lines."""
        digest = hashlib.sha256(self.body).hexdigest()
        lines = (VERSION, self.method, self.target, self.timestamp, self.nonce, digest)
        return "\n".join(lines).encode()


def sign(key: str, call: Signed) -> str:
    """The value of X-Signature."""
    return f"{VERSION}={hmac.new(key.encode(), call.text(), hashlib.sha256).hexdigest()}"


def well_formed(call: Signed) -> bool:
    """Whether timestamp and nonce look as they must."""
    return bool(_STAMP.fullmatch(call.timestamp) and _NONCE.fullmatch(call.nonce))


def holds(key: str, call: Signed, signature: str) -> bool:
    """Whether `signature` is that of this call under this key; takes as long whatever it is."""
    return hmac.compare_digest(sign(key, call).encode(), signature.encode("utf-8", "replace"))
