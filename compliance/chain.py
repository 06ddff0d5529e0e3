"""Rows of an append-only log hang on one another: who changes one would have to change all that follow it.

Each storefront has a chain of its own in each log. A link carries the digest of its row and the row's own
instant, and its hash covers both, the link before, and when it was chained: a chain is read without its rows,
and how old a row was that has gone is not a matter of belief. A log is entered here with one line, and with
one in the view `compliance_chained`, by which the database refuses a link to a row that is not there.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

# No transaction that writes a log is open for longer (the roles' time-outs see to it): a row whose number
# lies below one that was chained so long ago, and that has no link, was put there afterwards.
SETTLED = timedelta(minutes=10)
# A row is chained within seconds. One that came so much later than its own instant says is as old as its link
# makes it, so that nobody writes a row that may go tomorrow.
LATE = timedelta(days=30)
# No clock of the house is further ahead than this: a link that says so was not chained when it says.
AHEAD = timedelta(minutes=1)
PLATFORM = 0  # the chain of rows that belong to no storefront

_POSTGRES_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

# SQL: what `link` says, of a link with the alias c.
HASH = (
    "sha256(c.prev || c.digest || int8send(c.row_id)"
    " || timestamptz_send(c.row_at) || timestamptz_send(c.chained_at))"
)
# SQL: the greatest number in a log that was chained before an instant; no row up to it is chained any more.
SETTLED_ROW = """coalesce((
    SELECT row_id FROM compliance_chainlink WHERE log = %(log)s::text AND chained_at < %(before)s::timestamptz
    ORDER BY row_id DESC LIMIT 1
), 0)"""


@dataclass(frozen=True)
class Log:
    """A table with `id`, `storefront_id` and `at` whose rows are chained.

    `row` is what of a row (alias r) is hashed, in SQL: JSON that reads the same in every session, so that
    instants are taken AT TIME ZONE 'UTC'. `kept` names the figure of retention after which rows may go.
    """

    name: str
    table: str
    row: str
    kept: str = "log_years"

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


@dataclass(frozen=True)
class Head:
    """The end of a chain. Kept elsewhere it proves later that nothing before it was written anew."""

    log: str
    storefront_id: int
    position: int
    hash: str


def beginning(log: Log, storefront_id: int) -> bytes:
    """What the first link of a chain hangs on."""
    return hashlib.sha256(f"{log.name}:{storefront_id}".encode()).digest()


def link(prev: bytes, digest: bytes, row_id: int, row_at: datetime, chained_at: datetime) -> bytes:
    """The hash of a link: over the one before, its row's digest, number and instant, and its own instant."""
    numbers = (row_id, _microseconds(row_at), _microseconds(chained_at))
    return hashlib.sha256(
        prev + digest + b"".join(n.to_bytes(8, "big", signed=True) for n in numbers)
    ).digest()


def _microseconds(instant: datetime) -> int:
    """As PostgreSQL sends an instant: microseconds since the year 2000."""
    return (instant - _POSTGRES_EPOCH) // _MICROSECOND
