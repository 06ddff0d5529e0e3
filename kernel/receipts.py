"""An outside message or a client's key is taken in once; a replay gets the identical answer.

Successes and refusals of law are kept; conflicts and failures are not, so that the caller may try again.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, OperationalError, connection

from kernel.errors import Conflict, Invalid
from kernel.models import Receipt

# The claiming transaction runs the same few statements each time: planning them anew costs more than it
# gains, so it is told to keep its plans.
_TAKE = """
SELECT pg_try_advisory_xact_lock(%s::bigint), set_config('plan_cache_mode', 'force_generic_plan', true),
       r.fingerprint, r.status, r.body
FROM (SELECT 1) AS one LEFT JOIN kernel_receipt r ON r.source = %s::text AND r.key = %s::text
"""
_WAIT = "SELECT set_config('lock_timeout', %s::text, true), pg_advisory_xact_lock_shared(%s::bigint)"
_KEEP = """
INSERT INTO kernel_receipt (source, key, fingerprint, status, body, at)
VALUES (%s::text, %s::text, %s::bytea, %s::int, %s::bytea, %s::timestamptz)
"""


class InFlight(Conflict):
    """The same key is being worked on at this moment."""

    code = "idempotency_in_flight"
    title = "The same request is being processed; try again in a moment."
    title_zh = "相同的请求正在处理中，请稍后再试。"


class KeyReused(Invalid):
    """The key was used before for another request."""

    code = "idempotency_key_reused"
    title = "This idempotency key was used for another request; use a new key."
    title_zh = "该幂等键已用于其他请求，请更换。"


@dataclass(frozen=True)
class Answer:
    """What was answered: HTTP status and the exact bytes of the body."""

    status: int
    body: bytes


def fingerprint(*parts: str | bytes) -> bytes:
    """SHA-256 over the parts of a request that must be equal in a replay (method, path, body)."""
    digest = hashlib.sha256()
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        digest.update(len(raw).to_bytes(8, "big"))
        digest.update(raw)
    return digest.digest()


def take(*, source: str, key: str, fingerprint: bytes) -> Answer | None:
    """Claim (source, key) for this transaction; the earlier answer if there is one, else None.

    Raises InFlight when another transaction holds the claim, KeyReused when the fingerprint differs.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [_lock(source, key), source, key])
        claimed, _, known, status, body = cursor.fetchone()
    if known is not None:
        if bytes(known) != fingerprint:
            raise KeyReused()
        return Answer(status, bytes(body))
    if not claimed:
        raise InFlight()
    return None


def wait(*, source: str, key: str, seconds: float) -> None:
    """Wait in this transaction until nobody works on (source, key); raises InFlight after so many seconds.

    What came of it is seen by the next statement.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute(_WAIT, [str(int(seconds * 1000)), _lock(source, key)])
    except OperationalError as late:
        raise InFlight() from late


def kept(*, source: str, key: str) -> Answer | None:
    """What was answered under a key, whatever was asked."""
    row = Receipt.objects.filter(source=source, key=key).only("status", "body").first()
    return None if row is None else Answer(row.status, bytes(row.body))


def _lock(source: str, key: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{source}\x00{key}".encode()).digest()[:8], "big", signed=True)


def keep(*, source: str, key: str, fingerprint: bytes, answer: Answer, now: datetime) -> None:
    """Store the answer in the claiming transaction.

    Where the claim was won in the instant between another one's commit and our snapshot, the unique key
    tells, the whole transaction is rolled back and the caller, trying again, gets the first answer.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute(_KEEP, [source, key, fingerprint, answer.status, answer.body, now])
    except IntegrityError as clash:
        raise InFlight() from clash
