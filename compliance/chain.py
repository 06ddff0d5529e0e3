"""Rows of an append-only log hang on one another: who changes one would have to change all that follow it.

Each storefront has a chain of its own in each log. A link's hash is SHA-256 over the hash before it and the
digest of its row; the first one hangs on the name of its chain. A log is entered here with one line.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta

# No transaction that writes a log is open for longer (the roles' time-outs see to it): a row whose number
# lies below one that was chained so long ago, and that has no link, was put there afterwards.
SETTLED = timedelta(minutes=10)
PLATFORM = 0  # the chain of rows that belong to no storefront


@dataclass(frozen=True)
class Log:
    """A table with `id` and `storefront_id` whose rows are chained.

    `row` is what of a row (alias r) is hashed, in SQL: JSON that reads the same in every session, so that
    instants are taken AT TIME ZONE 'UTC'. `kept` names the figure of law, in years, after which rows may go.
    """

    name: str
    table: str
    row: str
    kept: str = "retention/log_years"

    @property
    def digest(self) -> str:
        """SQL: 32 bytes that stand for one row."""
        return f"sha256(convert_to(({self.row})::text, 'UTF8'))"


LOGS = (
    Log(
        "access",
        "compliance_access",
        "json_build_array(r.id, r.storefront_id, r.who, r.what, r.ref, r.purpose, r.at AT TIME ZONE 'UTC')",
    ),
    Log(
        "disclosure",
        "compliance_disclosure",
        "jsonb_build_array(r.id, r.storefront_id, r.subject_id, r.order_number, r.recipient_kind,"
        " r.recipient, r.country, r.purpose, r.basis, r.fields, r.at AT TIME ZONE 'UTC')",
    ),
)


def beginning(log: Log, storefront_id: int) -> bytes:
    """What the first link of a chain hangs on."""
    return hashlib.sha256(f"{log.name}:{storefront_id}".encode()).digest()


def link(prev: bytes, digest: bytes) -> bytes:
    """The hash of a link, from the hash before it and the digest of its row; 32 bytes each."""
    return hashlib.sha256(prev + digest).digest()
