"""Every recorded fact reaches each of its handlers at least once, in order per key, and fails visibly."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from django.db import connection, transaction
from django.utils.module_loading import import_string

from backend.subscriptions import Handler, by_path
from kernel.cases import open_case
from kernel.clock import now as present
from kernel.models import Delivery, Event
from kernel.tenancy import among, everything

BATCH = 100
LADDER = [timedelta(seconds=s) for s in (1, 5, 15, 60, 300, 900)]
CASE_AFTER = 4
WAKE_EVERY = 0.05

log = structlog.get_logger(__name__)
_last_wake = 0.0

_DUE = """
SELECT d.id FROM kernel_delivery d
WHERE d.done_at IS NULL AND d.next_try_at <= %s
  AND NOT EXISTS (SELECT 1 FROM kernel_delivery earlier
                  WHERE earlier.handler = d.handler AND earlier.key = d.key
                    AND earlier.done_at IS NULL AND earlier.id < d.id)
ORDER BY d.next_try_at, d.id LIMIT %s
"""


def wake() -> None:
    """Tell a worker that there is something to deliver: best effort, at most once per 50 ms and process."""
    global _last_wake  # noqa: PLW0603  (one clock a process is the point)
    if time.monotonic() - _last_wake < WAKE_EVERY:
        return
    _last_wake = time.monotonic()
    from backend.tasks import deliver  # noqa: PLC0415 -- it imports us

    try:
        deliver.apply_async(expires=5, retry=False, ignore_result=True)
    except Exception:
        log.warning("wake_failed")  # beat wakes within a second


def drain(now: datetime | None = None, limit: int = 1000) -> int:
    """Deliver what is due, until nothing is or `limit` is reached; returns how many were delivered.

    `now` is fixed in tests; a worker leaves it out.
    """
    delivered = 0
    handlers = by_path()
    while delivered < limit:
        with connection.cursor() as cursor:
            cursor.execute(_DUE, [now or present(), BATCH])
            due = [row[0] for row in cursor.fetchall()]
        done = sum(_deliver(pk, handlers, now) for pk in due)
        delivered += done
        if done == 0:
            break
    return delivered


def _deliver(pk: int, handlers: dict[str, Handler], now: datetime | None) -> bool:
    """Deliver one; False when another worker has it, it is done already, or it failed."""
    claimed = _claim(pk, handlers, now or present())
    if claimed is None:
        return False
    handler = handlers.get(claimed.handler)
    try:
        if handler is None:
            raise LookupError(f"{claimed.handler} is not subscribed any more")
        act = _named(import_string(handler.path))
        if handler.outside:
            act(claimed.event)
            _done(claimed, now or present())
            return True
        with transaction.atomic():
            if not _claimed_again(claimed):
                return False
            act(claimed.event)
            _done(claimed, now or present())
    except Exception as failure:
        _failed(claimed, failure, now or present())
        return False
    return True


def _named(act: Callable[[Event], object]) -> Callable[[Event], object]:
    """The handler of a storefront's event sees the rows of that storefront, and can write no other's."""

    def among_its_own(event: Event) -> object:
        with everything() if event.storefront_id is None else among(event.storefront_id):
            return act(event)

    return among_its_own


def _claim(pk: int, handlers: dict[str, Handler], now: datetime) -> Delivery | None:
    """Lease the delivery, in a transaction of its own: no lock outlives a dead worker."""
    with transaction.atomic():
        row = (
            Delivery.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("event")
            .filter(pk=pk, done_at=None, next_try_at__lte=now)
            .first()
        )
        if row is None:
            return None
        row.attempts += 1
        handler = handlers.get(row.handler)
        row.next_try_at = now + (handler.lease if handler else Handler.lease)
        row.save(update_fields=["attempts", "next_try_at"])
        return row


def _claimed_again(row: Delivery) -> bool:
    """Hold the row while the handler works: a worker whose lease ran out must not act as well."""
    return (
        Delivery.objects.select_for_update(skip_locked=True)
        .filter(pk=row.pk, done_at=None, attempts=row.attempts)
        .exists()
    )


def _done(row: Delivery, now: datetime) -> None:
    Delivery.objects.filter(pk=row.pk).update(done_at=now, error="")


def _failed(row: Delivery, failure: Exception, now: datetime) -> None:
    """Keep the error, try again later, and after a few tries put it before an operator."""
    wait = LADDER[min(row.attempts, len(LADDER)) - 1]
    text = f"{type(failure).__name__}: {failure}"[:1000]
    log.warning("delivery_failed", handler=row.handler, key=row.key, attempts=row.attempts, error=text)
    with transaction.atomic():
        Delivery.objects.filter(pk=row.pk, done_at=None).update(error=text, next_try_at=now + wait)
        if row.attempts >= CASE_AFTER:
            open_case(
                storefront_id=row.event.storefront_id,
                kind="event.undelivered",
                key=f"delivery:{row.pk}",
                title=f"{row.handler} keeps failing for {row.event.name}",
                facts={"event": row.event.name, "key": row.key, "error": text},
                now=now,
            )
