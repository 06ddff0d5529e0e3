"""Names for rows that leave the house: sortable by time where that helps, never guessable."""

from __future__ import annotations

import os
import secrets
import time
from datetime import datetime
from uuid import UUID

from kernel.clock import SHANGHAI

LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's 32: no I, L, O, U to misread


def uuid7() -> UUID:
    """A time-ordered random UUID (RFC 9562, version 7), assigned before INSERT so that ciphertexts can
    be bound to it."""
    millis = time.time_ns() // 1_000_000
    value = (millis << 80) | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | (0x7 << 76)
    value = value & ~(0x3 << 62) | (0x2 << 62)
    return UUID(int=value)


def number(now: datetime, length: int = 10) -> str:
    """A public number: Shanghai time to the millisecond, then `length` random letters (50 bits for 10)."""
    local = now.astimezone(SHANGHAI)
    tail = "".join(secrets.choice(LETTERS) for _ in range(length))
    return f"{local:%y%m%d%H%M%S}{local.microsecond // 1000:03d}{tail}"


def token() -> str:
    """A secret for a URL or a header: 256 random bits, URL-safe."""
    return secrets.token_urlsafe(32)
