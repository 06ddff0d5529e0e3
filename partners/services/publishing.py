"""A fact that partners may hear gets the next place of its storefront, and a message to whoever wants it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import connection, transaction

from partners.models import Attempt, Message, Notice
from partners.published import PUBLISHED

KEPT: Final = timedelta(days=30)
STEP: Final = 5_000
_PLACE = """
INSERT INTO partners_feed AS f (storefront_id, position) VALUES (%s, 1)
ON CONFLICT (storefront_id) DO UPDATE SET position = f.position + 1 RETURNING position
"""
_LATEST = """
INSERT INTO partners_latest (storefront_id, kind, number, position, at) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (storefront_id, kind, number) DO UPDATE SET position = excluded.position, at = excluded.at
"""
_MESSAGES = """
INSERT INTO partners_message
    (public_id, storefront_id, endpoint_id, type, subject, position, at, state, attempts, next_try_at)
SELECT gen_random_uuid(), e.storefront_id, e.id, %(type)s::text, %(subject)s::text, %(position)s::bigint,
    %(at)s::timestamptz, 'waiting', 0, %(now)s::timestamptz
FROM partners_endpoint e
JOIN partners_connection c ON c.partner_id = e.partner_id AND c.storefront_id = e.storefront_id
WHERE e.storefront_id = %(storefront)s AND e.state <> 'removed' AND %(type)s::text = ANY (e.types)
  AND c.ended_at IS NULL AND %(scope)s::text = ANY (c.scopes)
  AND (c.warehouses = '{}' OR %(warehouse)s::text = ANY (c.warehouses))
"""
_FORGET = """
DELETE FROM partners_notice WHERE id IN (SELECT id FROM partners_notice WHERE at < %s ORDER BY at LIMIT %s)
"""


def publish(
    *, storefront_id: int, name: str, key: str, warehouse: str = "", at: datetime, now: datetime
) -> int:
    """Tell partners of an event; the place it was given. In the transaction of its delivery, so once.

    `warehouse` is the code of the one that it is of: who serves certain ones hears of no other.
    Nobody else writes into this storefront's feed before the transaction ends: places are committed in order.
    """
    told = PUBLISHED[name]
    kind, _, number = key.partition(":")
    with connection.cursor() as cursor:
        cursor.execute(_PLACE, [storefront_id])
        (position,) = cursor.fetchone()
        Notice.objects.create(
            storefront_id=storefront_id,
            position=position,
            type=told.type,
            subject=key,
            warehouse=warehouse,
            at=at,
        )
        cursor.execute(_LATEST, [storefront_id, kind, number, position, at])
        cursor.execute(
            _MESSAGES,
            {
                "storefront": storefront_id,
                "type": told.type,
                "scope": told.scope,
                "subject": key,
                "position": position,
                "warehouse": warehouse,
                "at": at,
                "now": now,
            },
        )
    return int(position)


def forget(*, now: datetime) -> int:
    """Let go of notices and of messages that ended 30 days ago; how many went."""
    gone, before = 0, now - KEPT
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            ended = Message.objects.filter(ended_at__lt=before).order_by("ended_at")
            ids = list(ended.values_list("pk", flat=True)[:STEP])
            Attempt.objects.filter(message_id__in=ids).delete()
            Message.objects.filter(pk__in=ids).delete()
            cursor.execute(_FORGET, [before, STEP])
            gone += (met := int(cursor.rowcount) + len(ids))
        if met == 0:
            return gone
