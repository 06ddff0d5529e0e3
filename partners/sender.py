"""Messages leave in their order, at least once, and nobody waits for somebody else's slow endpoint.

One loop claims what is due and threads make the calls, which hold no connection to the database. An endpoint
has a few calls at a time; one that was slow or failed has its calls in a lane of its own until it is quick
again. What is claimed is leased: if this process dies, another sends it when the lease is over.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
import structlog
from django.db import connection, transaction

from kernel.clock import now as present
from partners.gateways.webhook.post import Outcome, post
from partners.models import Attempt, Endpoint, Message
from partners.published import PUBLISHED
from partners.services.endpoints import pause, secrets_of

LADDER: Final = [timedelta(seconds=s) for s in (5, 30, 120, 600, 1800, 3600, 10_800, 21_600, *[43_200] * 4)]
LEASE: Final = timedelta(seconds=60)
SLOW_MILLIS: Final = 2_000
DEAD_AFTER: Final = timedelta(days=1)
DEAD_FAILURES: Final = 10
IDLE_SECONDS: Final = 0.25
SCOPE_OF: Final = orjson.dumps({told.type: told.scope for told in PUBLISHED.values()}).decode()

log = structlog.get_logger(__name__)

_DUE = """
SELECT m.id FROM partners_endpoint e
JOIN partners_partner p ON p.id = e.partner_id AND p.state = 'active'
JOIN partners_connection c
    ON c.partner_id = e.partner_id AND c.storefront_id = e.storefront_id AND c.ended_at IS NULL
CROSS JOIN LATERAL (
    SELECT m.id, m.next_try_at, row_number() OVER (ORDER BY m.next_try_at, m.id) AS n
    FROM partners_message m
    WHERE m.endpoint_id = e.id AND m.state = 'waiting' AND m.next_try_at <= %(now)s
      AND NOT EXISTS (SELECT FROM partners_message b WHERE b.endpoint_id = e.id AND b.state = 'waiting'
                      AND b.subject = m.subject AND b.id < m.id)
    ORDER BY m.next_try_at, m.id LIMIT %(each)s
) m
WHERE e.state = 'active' AND e.slow = %(slow)s AND e.id <> ALL (%(busy)s::bigint[])
ORDER BY m.n, m.next_try_at LIMIT %(free)s
"""
# What its partner may no longer hear, by the connection as it stands now, is given up; a test has no place.
_WITHHOLD = """
UPDATE partners_message m SET state = 'given_up', ended_at = %(now)s
FROM partners_endpoint e JOIN partners_connection c
    ON c.partner_id = e.partner_id AND c.storefront_id = e.storefront_id AND c.ended_at IS NULL
WHERE m.id = ANY (%(due)s) AND m.state = 'waiting' AND m.endpoint_id = e.id AND m.position IS NOT NULL
  AND NOT (coalesce(%(scopes)s::jsonb ->> m.type, '') = ANY (c.scopes)
           AND (c.warehouses = '{}' OR EXISTS (
               SELECT FROM partners_notice n WHERE n.storefront_id = m.storefront_id
                 AND n.position = m.position AND n.warehouse = ANY (c.warehouses))))
"""
_CLAIM = """
UPDATE partners_message SET attempts = attempts + 1, next_try_at = %s
WHERE id IN (SELECT id FROM partners_message WHERE id = ANY (%s) AND state = 'waiting' AND next_try_at <= %s
             FOR UPDATE SKIP LOCKED)
RETURNING id
"""


@dataclass(frozen=True, slots=True)
class Lane:
    """So many calls at once, and so many of them to one endpoint."""

    slow: bool
    calls: int
    each: int


LANES: Final = (Lane(slow=False, calls=16, each=4), Lane(slow=True, calls=16, each=2))


def body_of(message: Message) -> bytes:
    """What is posted: type, instant, and which object; who wants more asks for it."""
    kind, _, number = message.subject.partition(":")
    data = {
        "storefront": message.storefront.code,
        "object": kind,
        "number": number,
        "position": message.position,
    }
    return orjson.dumps({"type": message.type, "timestamp": message.at, "data": data})


class Sender:
    """One process's loop; any number of them may run."""

    def __init__(self, lanes: tuple[Lane, ...] = LANES, clock: Callable[[], datetime] = present) -> None:
        self.lanes, self.clock = lanes, clock
        self._pools = {lane: ThreadPoolExecutor(lane.calls) for lane in lanes}
        self._on_way: dict[Future[Outcome], tuple[Lane, Message]] = {}

    def run(self, until: Callable[[], bool]) -> None:
        """Send what is due until `until` says so; then wait for the calls that are under way."""
        while not until():
            started = self.start()
            ended = self.finish(IDLE_SECONDS)
            if not started and not ended and not self._on_way:
                time.sleep(IDLE_SECONDS)
        self.close()

    def drain(self) -> int:
        """Send what is due now and whatever becomes due by it; how many calls were made."""
        made = 0
        while True:
            made += (started := self.start())
            if not started and not self._on_way:
                return made
            self.finish(IDLE_SECONDS)

    def close(self) -> None:
        """Wait for the calls that are under way."""
        while self._on_way:
            self.finish(IDLE_SECONDS)
        for pool in self._pools.values():
            pool.shutdown()

    def start(self) -> int:
        """Claim what is due and has room, and begin the calls; how many."""
        begun = 0
        for lane in self.lanes:
            busy = Counter(m.endpoint_id for held, m in self._on_way.values() if held == lane)
            free = lane.calls - busy.total()
            if free <= 0:
                continue
            full = [endpoint for endpoint, calls in busy.items() if calls >= lane.each]
            for message in self._claimed(lane, free, full, busy):
                self._begin(lane, message)
                begun += 1
        return begun

    def finish(self, seconds: float) -> int:
        """Note what came of the calls that ended, waiting so long for the first; how many."""
        if not self._on_way:
            return 0
        ended, _ = wait(self._on_way, timeout=seconds, return_when=FIRST_COMPLETED)
        for call in ended:
            _, message = self._on_way.pop(call)
            note(message, _came_of(call), self.clock())
        return len(ended)

    def _claimed(self, lane: Lane, free: int, full: list[int], busy: Counter[int]) -> list[Message]:
        now = self.clock()
        asked: dict[str, Any] = {
            "now": now,
            "each": lane.each,
            "slow": lane.slow,
            "busy": full,
            "free": free,
        }
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_DUE, asked)
            due = [id for (id,) in cursor.fetchall()]
            if not due:
                return []
            cursor.execute(_WITHHOLD, {"now": now, "due": due, "scopes": SCOPE_OF})
            cursor.execute(_CLAIM, [now + LEASE, due, now])
            mine = [id for (id,) in cursor.fetchall()]
        held = Message.objects.select_related("endpoint__partner", "endpoint__storefront__key", "storefront")
        return list(held.filter(pk__in=mine).order_by("pk"))

    def _begin(self, lane: Lane, message: Message) -> None:
        self._on_way[self._pools[lane].submit(send, message, self.clock())] = (lane, message)


def send(message: Message, now: datetime) -> Outcome:
    """One call; asks the database for nothing."""
    return post(
        message.endpoint.url,
        id=str(message),
        secrets=secrets_of(message.endpoint, now),
        body=body_of(message),
        now=int(now.timestamp()),
    )


def _came_of(call: Future[Outcome]) -> Outcome:
    """What it came to; a failure of our own is one of this message, and the others go on."""
    try:
        return call.result()
    except Exception as failure:
        log.exception("webhook_failed")
        return Outcome(None, 0, type(failure).__name__)


def note(message: Message, outcome: Outcome, now: datetime) -> None:
    """Keep what came of a call: done, again later, or given up at the end of the ladder."""
    endpoint = message.endpoint
    mine = Message.objects.filter(pk=message.pk, state=Message.State.WAITING, attempts=message.attempts)
    with transaction.atomic():
        Attempt.objects.create(
            storefront_id=message.storefront_id,
            message=message,
            at=now,
            status=outcome.status,
            millis=outcome.millis,
            error=outcome.error[:200],
        )
        if outcome.taken:
            mine.update(state=Message.State.DONE, ended_at=now)
        elif message.attempts > len(LADDER):
            mine.update(state=Message.State.GIVEN_UP, ended_at=now)
        else:
            later = LADDER[message.attempts - 1]
            if outcome.retry_after is not None:
                later = max(later, timedelta(seconds=outcome.retry_after))
            mine.update(next_try_at=now + later)
        _mark(endpoint, outcome, now)


def _mark(endpoint: Endpoint, outcome: Outcome, now: datetime) -> None:
    slow = not outcome.taken or outcome.millis >= SLOW_MILLIS
    held = Endpoint.objects.filter(pk=endpoint.pk)
    if outcome.taken:
        held.exclude(slow=slow, failures=0).update(slow=slow, failing_since=None, failures=0)
        return
    row = held.select_for_update(of=("self",), no_key=True).select_related("partner").get()
    row.slow, row.failures, row.failing_since = slow, row.failures + 1, row.failing_since or now
    row.save(update_fields=["slow", "failures", "failing_since"])
    if outcome.status == 410:
        pause(row=row, why="410 Gone", now=now)
    elif row.failures >= DEAD_FAILURES and now - row.failing_since >= DEAD_AFTER:
        pause(row=row, why=f"no success since {row.failing_since:%Y-%m-%d %H:%M} UTC", now=now)
