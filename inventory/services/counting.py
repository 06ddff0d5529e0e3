"""A count is compared with the ledger at once; a difference waits for someone to accept it or count again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Max, Q

from inventory.models import Count, CountLine, Lot, Movement, Pick, Warehouse
from inventory.services.holding import kept
from inventory.services.lots import CountedElse, adjust
from inventory.services.moving import locked, move, tell_short
from kernel.cases import open_case, settle_open
from kernel.errors import Conflict, Invalid

CASE, PICKED = "stock.variance", "stock.picked_missing"
_NAMED = 20  # of the orders whose pieces may be the missing ones


@dataclass(eq=False)
class CountClosed(Conflict):
    """The session is over, or the line was accepted."""

    code = "count_closed"
    title = "This count is closed."
    title_zh = "该盘点已结束。"


@dataclass(eq=False)
class CountOpen(Conflict):
    """Differences must be accepted or counted again before the session is closed."""

    code = "count_open"
    title = "{lines} differences are still open."
    title_zh = "尚有 {lines} 项差异未处理。"
    lines: int


class NotOfThisWarehouse(Invalid):
    """The lot lies in another warehouse."""

    code = "lot_elsewhere"
    title = "There is no such lot in this warehouse."
    title_zh = "该仓库无此批次。"


def open_count(*, warehouse: Warehouse, note: str, by: str, now: datetime) -> Count:
    """Begin a session of counting."""
    return Count.objects.create(
        storefront_id=warehouse.storefront_id, warehouse=warehouse, note=note, opened_by=by, opened_at=now
    )


@transaction.atomic
def record_count(*, count: Count, lot: Lot, counted: int, by: str, now: datetime) -> CountLine:
    """Write what was counted of a lot; counted again, the newer number stands.

    Nothing moves yet: a difference opens a case. Raises CountClosed, NotOfThisWarehouse.
    """
    count = _open(count)
    stock = locked(lot.stock_id)
    if stock.warehouse_id != count.warehouse_id:
        raise NotOfThisWarehouse()
    lot.refresh_from_db()
    if CountLine.objects.filter(count=count, lot=lot, state=CountLine.State.ACCEPTED).exists():
        raise CountClosed()
    varies = counted != lot.on_hand
    line, _ = CountLine.objects.update_or_create(
        count=count,
        lot=lot,
        defaults={
            "storefront_id": count.storefront_id,
            "expected": lot.on_hand,
            "counted": counted,
            "seen": lot.movements.aggregate(last=Max("pk"))["last"] or 0,
            "state": CountLine.State.VARIES if varies else CountLine.State.MATCHES,
            "by": by,
            "at": now,
        },
    )
    if varies:
        open_case(
            storefront_id=count.storefront_id,
            kind=CASE,
            key=f"countline:{line.pk}",
            title="A count differs from the ledger",
            facts={"sku": stock.variant.sku, "lot": lot.code, "pieces": counted - lot.on_hand},
            now=now,
        )
    else:
        settle_open(kinds=[CASE], key=f"countline:{line.pk}", by=by, note="counted again", now=now)
    return line


@transaction.atomic
def accept_variance(*, line: CountLine, reason: str, by: str, now: datetime) -> CountLine:
    """Believe the count: the difference at the moment of counting is moved, whatever has moved since.

    What is missing of promised pieces stays in the ledger, quarantined, and is the case `stock.short`: an
    operator writes it off when what was promised is given up. What is missing of pieces that are picked, or
    kept for one matter, stays there too, and is the case `stock.picked_missing`, which names for whom. Raises
    CountClosed where it was accepted or matches, CountedElse where another has corrected the lot since.
    """
    _open(line.count)
    line = CountLine.objects.select_for_update(of=("self",)).select_related("lot").get(pk=line.pk)
    if line.state != CountLine.State.VARIES:
        raise CountClosed()
    lot, holder = line.lot, f"count:{line.count_id}"
    stock = locked(lot.stock_id)
    lot.refresh_from_db()
    corrected = Q(kind=Movement.Kind.ADJUST) | Q(kind=Movement.Kind.QUARANTINE, holder__startswith="count:")
    if lot.movements.filter(corrected, pk__gt=line.seen).exists():
        raise CountedElse(on_hand=lot.on_hand)
    more = line.counted - line.expected
    promised = max(0, stock.reserved - stock.on_hand - more) if more < 0 else 0
    set_apart = lot.picked + kept([lot])[lot.pk]
    written_off = min(max(0, -more - promised), lot.on_hand - set_apart)
    adjust(lot=lot, pieces=max(more, -written_off), reason=reason, by=by, holder=holder, now=now)
    missing = max(0, -more - written_off)
    aside = min(missing, lot.free)
    if aside:
        move(
            lot,
            Movement.Kind.QUARANTINE,
            quarantined=aside,
            holder=holder,
            reason=reason,
            by=by,
            now=now,
        )
        tell_short(stock_ids=[stock.pk], now=now)
    if missing > aside:
        _tell_picked(line, lot, missing - aside, now)
    line.state, line.accepted_by, line.accepted_at = CountLine.State.ACCEPTED, by, now
    line.save(update_fields=["state", "accepted_by", "accepted_at"])
    settle_open(kinds=[CASE], key=f"countline:{line.pk}", by=by, note=reason, now=now)
    return line


def _tell_picked(line: CountLine, lot: Lot, pieces: int, now: datetime) -> None:
    picks = Pick.objects.filter(lot=lot, shipped_at=None, put_back_at=None).order_by("pk")
    holders = picks.values_list("reservation__holder", flat=True)[:_NAMED]
    open_case(
        storefront_id=line.storefront_id,
        kind=PICKED,
        key=f"countline:{line.pk}",
        title="Pieces are missing of those that are picked",
        facts={
            "sku": lot.stock.variant.sku,
            "lot": lot.code,
            "pieces": pieces,
            "orders": [holder.removeprefix("order:") for holder in holders],
        },
        now=now,
    )


@transaction.atomic
def close_count(*, count: Count, by: str, now: datetime) -> Count:
    """End the session; raises CountOpen while a difference is open."""
    count = _open(count)
    left = count.lines.filter(state=CountLine.State.VARIES).count()
    if left:
        raise CountOpen(lines=left)
    count.closed_by, count.closed_at = by, now
    count.save(update_fields=["closed_by", "closed_at"])
    return count


def _open(count: Count) -> Count:
    count = Count.objects.select_for_update().get(pk=count.pk)
    if count.closed_at is not None:
        raise CountClosed()
    return count
