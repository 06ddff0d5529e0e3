"""WeChat tells of a payment fifty times at once: a copy of what was taken in costs one statement.

It is kept like every delivery, and nobody waits for the disk: what it tells is safe already, and WeChat
repeats itself. What a process has seen taken in it does not decrypt and read once more: of such a body it
remembers what is kept of it, which names no one. Each copy's signature is checked all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

import orjson
from django.db import connection

from payments.models import Notification as Raw
from wechat.pay.signing import signed_digest

REMEMBERED = 256  # bodies a process; a burst is of a few
SOURCE = "wechatpay:"

_AGAIN = """
WITH unhurried AS (SELECT set_config('synchronous_commit', 'off', true))
INSERT INTO payments_notification
    (mchid, headers, body, digest, notice_id, event_type, out_trade_no, content, outcome, error, received_at)
SELECT %s::text, %s::jsonb, '', %s::bytea, %s::text, %s::text, %s::text, %s::jsonb, 'duplicate', '',
    %s::timestamptz
FROM unhurried, kernel_receipt WHERE source = %s::text AND key = %s::text
"""
_EMPTIED = """
UPDATE payments_notification n SET body = '' WHERE body <> '' AND notice_id <> '' AND EXISTS (
    SELECT FROM kernel_receipt r WHERE r.source = %s::text || n.mchid AND r.key = n.notice_id)
"""


@dataclass(frozen=True, slots=True)
class Copy:
    """What is kept of a message, whoever delivers it: `key` is its number as told, `content` JSON."""

    mchid: str
    key: str
    notice_id: str
    event_type: str
    out_trade_no: str
    content: str


_seen: dict[bytes, Copy] = {}


def seen(mchid: str, body: bytes) -> Copy | None:
    """The message whose very bytes this process has seen taken in, for this merchant."""
    return _seen.get(_print(mchid, body))


def copy_of(raw: Raw, key: str) -> Copy:
    """What is kept of a message that was read, under its number."""
    content = orjson.dumps(raw.content).decode()
    return Copy(raw.mchid, key, raw.notice_id, raw.event_type, raw.out_trade_no, content)


def taken_before(copy: Copy, *, headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
    """Whether the message was taken in; then this delivery of it is kept, without its body."""
    digest = signed_digest(headers, body)
    said = (copy.notice_id, copy.event_type, copy.out_trade_no, copy.content)
    with connection.cursor() as cursor:
        cursor.execute(
            _AGAIN,
            [
                *(copy.mchid, orjson.dumps(dict(headers)).decode(), digest, *said, now),
                *(SOURCE + copy.mchid, copy.key),
            ],
        )
        known = bool(cursor.rowcount == 1)
    if known:
        remember(copy, body)
    return known


def remember(copy: Copy, body: bytes) -> None:
    """Of this body, which was taken in, what is kept is known from now on."""
    while len(_seen) >= REMEMBERED:
        _seen.pop(next(iter(_seen), b""), None)
    _seen[_print(copy.mchid, body)] = copy


def let_go() -> int:
    """Empty what was kept in the very moment in which another copy was taken in; how many that were."""
    with connection.cursor() as cursor:
        cursor.execute(_EMPTIED, [SOURCE])
        return int(cursor.rowcount)


def _print(mchid: str, body: bytes) -> bytes:
    return sha256(mchid.encode() + b"\0" + body).digest()
