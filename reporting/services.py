"""Days are marked by what moved them and counted anew, each alone and whole: told twice, or in whatever
order, a day comes to what the truth says, and no more."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

from kernel.cases import open_failing, resting, settle_open
from kernel.clock import shanghai_day
from kernel.tenancy import tenant
from reporting import truth
from reporting.models import Day, ForexDay, StaleDay

FAILING = "summary.failing"

# Of each storefront that ever did anything, the day on which it first did: a day before has nothing to count.
_FIRST = """
SELECT least(
    (SELECT min(made_at) FROM orders_quote WHERE storefront_id = %(shop)s),
    (SELECT min(placed_at) FROM orders_order WHERE storefront_id = %(shop)s))
"""
# Nothing is told of a quote: it would be one more row at every look into the cart. Its day is marked when a
# quote is younger than the count, of today and of yesterday.
_QUOTED = """
INSERT INTO reporting_staleday (storefront_id, day)
SELECT s.id, d.day FROM storefronts_storefront s
CROSS JOIN (VALUES (%(today)s::date, %(begins)s::timestamptz),
                   (%(today)s::date - 1, %(begins)s::timestamptz - interval '1 day')) AS d(day, begins)
LEFT JOIN reporting_day k ON k.storefront_id = s.id AND k.day = d.day
WHERE EXISTS (
    SELECT FROM orders_quote q
    WHERE q.storefront_id = s.id AND q.made_at < d.begins + interval '1 day'
      AND q.made_at >= greatest(d.begins, coalesce(k.counted_at - interval '1 minute', d.begins))
)
ON CONFLICT (storefront_id, day) DO NOTHING
"""
_TAKEN = """
DELETE FROM reporting_staleday
WHERE id = (SELECT id FROM reporting_staleday WHERE id = %s FOR UPDATE SKIP LOCKED) RETURNING day
"""


def mark(*, storefront_id: int, days: Iterable[date]) -> None:
    """Have these days of a storefront counted anew. Called once the change is committed, by its event."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO reporting_staleday (storefront_id, day)"
            " SELECT %s, day FROM unnest(%s::date[]) AS day ORDER BY day"
            " ON CONFLICT (storefront_id, day) DO NOTHING",
            [storefront_id, sorted(set(days))],
        )


def mark_all(*, storefront_id: int, first: date | None, last: date | None, now: datetime) -> int:
    """Mark the days from `first`, or that of the first quote or order, to `last`, or today; how many."""
    days = _days(storefront_id, first, last, now)
    mark(storefront_id=storefront_id, days=days)
    return len(days)


def _days(storefront_id: int, first: date | None, last: date | None, now: datetime) -> list[date]:
    if first is None:
        with connection.cursor() as cursor:
            cursor.execute(_FIRST, {"shop": storefront_id})
            (began,) = cursor.fetchone()
        if began is None:
            return []
        first = shanghai_day(began)
    last = last or shanghai_day(now)
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def mark_quoted(*, now: datetime) -> None:
    """Mark today and yesterday where quotes were made since they were counted."""
    today = shanghai_day(now)
    with connection.cursor() as cursor:
        cursor.execute(_QUOTED, {"today": today, "begins": truth.span(today)[0]})


def count_marked(*, now: datetime) -> int:
    """Count every day that is marked, each in a transaction of its own; how many were counted."""
    rests = set(resting(kind=FAILING, now=now))
    counted = 0
    marks = StaleDay.objects.order_by("id").values_list("pk", "storefront_id", "day")
    for pk, storefront_id, day in list(marks):
        key = f"day:{storefront_id}:{day}"
        if key in rests:
            continue
        try:
            counted += _count_marked(pk, storefront_id, now)
        except Exception as failure:
            open_failing(
                storefront_id=storefront_id,
                kind=FAILING,
                key=key,
                title="A day's figures cannot be counted",
                facts={"day": str(day)},
                failure=failure,
                now=now,
            )
        else:
            settle_open(kinds=[FAILING], key=key, by="system", note="it was counted", now=now)
    return counted


def _count_marked(pk: int, storefront_id: int, now: datetime) -> bool:
    """Take the mark and count its day; False where somebody else has taken it.

    The mark is deleted before anything is read, so that a handler that marks the same day meanwhile waits at
    the unique key and marks it again: its change may have been committed after we looked.
    """
    with tenant(storefront_id):
        with connection.cursor() as cursor:
            cursor.execute(_TAKEN, [pk])
            row = cursor.fetchone()
        if row is None:
            return False
        count(storefront_id=storefront_id, day=row[0], now=now)
    return True


def count(*, storefront_id: int, day: date, now: datetime) -> None:
    """Keep what the truth says of a day. The caller holds its mark.

    Quotes on which nobody ordered are let go of after some days: the day keeps how many there were.
    """
    found = truth.figures(storefront_id=storefront_id, day=day)
    before = Day.objects.filter(storefront_id=storefront_id, day=day).values_list("quotes", flat=True).first()
    found["quotes"] = max(found["quotes"], before or 0)
    Day.objects.update_or_create(storefront_id=storefront_id, day=day, defaults={**found, "counted_at": now})
    moves = truth.moves(storefront_id=storefront_id, day=day)
    kept = ForexDay.objects.filter(storefront_id=storefront_id, day=day)
    kept.exclude(currency__in=moves).delete()
    for currency, moved in moves.items():
        kept.update_or_create(storefront_id=storefront_id, day=day, currency=currency, defaults=moved)


def differing(
    *, storefront_id: int, first: date | None, last: date | None, now: datetime
) -> dict[date, dict[str, tuple[Any, Any]]]:
    """Days that are kept otherwise than the truth says: each figure as kept, and as it should be."""
    days = _days(storefront_id, first, last, now)
    found = {day: _differences(storefront_id, day) for day in days}
    return {day: figures for day, figures in found.items() if figures}


def _differences(storefront_id: int, day: date) -> dict[str, tuple[Any, Any]]:
    told: dict[str, Any] = truth.figures(storefront_id=storefront_id, day=day)
    row = Day.objects.filter(storefront_id=storefront_id, day=day).values(*truth.FIGURES).first()
    kept: dict[str, Any] = row or {**dict.fromkeys(truth.FIGURES, 0), "clearance": {}}
    told["quotes"] = max(told["quotes"], kept["quotes"])  # some were let go of since
    found = {name: (kept[name], told[name]) for name in truth.FIGURES if kept[name] != told[name]}
    moves = truth.moves(storefront_id=storefront_id, day=day)
    rows = ForexDay.objects.filter(storefront_id=storefront_id, day=day).values("currency", *truth.MOVES)
    held = {row.pop("currency"): row for row in rows}
    for currency in sorted({*moves, *held}):
        if held.get(currency) != moves.get(currency):
            found[currency] = (held.get(currency), moves.get(currency))
    return found
