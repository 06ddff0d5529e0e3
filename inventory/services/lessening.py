"""A holder wants fewer pieces: what is beyond comes back, promised or already in the picker's hands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import BooleanField, ExpressionWrapper, F, Q, Sum

from inventory.models import Movement, Pick, Reservation, Stock
from inventory.services.boxing import lacking, part, tell_lacking
from inventory.services.holding import aside
from inventory.services.moving import move

# Without a piece left a reservation is released as it is: it is one of some pieces for ever.
_LESSEN = """
WITH wanted AS (
    SELECT * FROM unnest(%(variants)s::bigint[], %(quantities)s::int[]) AS w(variant_id, quantity)
), lessened AS (
    UPDATE inventory_reservation r SET
        quantity = CASE WHEN w.quantity > 0 THEN w.quantity ELSE r.quantity END,
        state = CASE WHEN w.quantity > 0 THEN r.state ELSE 'released' END,
        released_at = CASE WHEN w.quantity > 0 THEN r.released_at ELSE %(at)s::timestamptz END
    FROM inventory_stock s JOIN wanted w USING (variant_id)
    WHERE r.stock_id = s.id AND r.holder = %(holder)s::text AND r.state = 'held' AND r.quantity > w.quantity
    RETURNING r.storefront_id, r.stock_id, old.quantity - w.quantity AS freed
), locked AS (
    SELECT s.id, l.storefront_id, l.freed
    FROM inventory_stock s JOIN lessened l ON l.stock_id = s.id
    ORDER BY s.id FOR NO KEY UPDATE OF s
), moved AS (
    INSERT INTO inventory_movement
        (storefront_id, stock_id, kind, on_hand, reserved, picked, quarantined, holder, reason, by, at)
    SELECT storefront_id, id, 'release', 0, -freed, 0, 0, %(holder)s::text, '', '', %(at)s::timestamptz
    FROM locked ORDER BY id
)
SELECT coalesce(sum(freed), 0) FROM lessened
"""


@transaction.atomic
def lessen(*, holder: str, kept: Mapping[int, int], now: datetime) -> int:
    """Give back what is held for `holder` beyond `kept` (variant id → pieces); returns how many pieces.

    What is held and not named stays. What lacks in the packer's hands is given up first. Of what is picked
    and has not left what lies in no box goes back first, then what lies in the last one, and the lots that
    keep longest; whoever has them in a parcel must be told by the caller. What has left stays gone, and a
    second call finds nothing to do. Called by who lets one at a time change what the holder holds.
    """
    said: dict[str, Any] = {"holder": holder, "at": now}
    said |= {"variants": list(kept.keys()), "quantities": list(kept.values())}
    with connection.cursor() as cursor:
        cursor.execute(_LESSEN, said)
        freed = int(cursor.fetchone()[0])
    return freed + _out_of_hands(holder, kept, now)


def left_beyond(*, holder: str, kept: Mapping[int, int]) -> dict[str, int]:
    """SKU → pieces that have left for `holder` beyond `kept` (variant id → pieces): they do not come back."""
    gone = Pick.objects.filter(reservation__holder=holder, shipped_at__isnull=False)
    rows = gone.values_list("reservation__stock__variant", "reservation__stock__variant__sku")
    counted = rows.annotate(pieces=Sum("quantity")).order_by("reservation__stock__variant__sku")
    return {
        sku: pieces - kept[variant]
        for variant, sku, pieces in counted
        if variant in kept and pieces > kept[variant]
    }


def _out_of_hands(holder: str, kept: Mapping[int, int], now: datetime) -> int:
    rows = (
        Reservation.objects.select_for_update(no_key=True, of=("self",))
        .filter(holder=holder, state=Reservation.State.PICKED, stock__variant__in=list(kept))
        .select_related("stock")
        .order_by("stock_id")
    )
    over = [
        (row, beyond)
        for row in rows
        if (beyond := min(row.quantity - kept[row.stock.variant_id], row.quantity - row.shipped)) > 0
    ]
    stocks = Stock.objects.select_for_update(no_key=True).filter(pk__in=[row.stock_id for row, _ in over])
    list(stocks.order_by("pk"))
    lacks = lacking(holder=holder)
    for row, beyond in over:
        _put_back(row, beyond - lacks.get(row, 0), now)
        Movement.objects.create(
            storefront_id=row.storefront_id,
            stock_id=row.stock_id,
            kind=Movement.Kind.RELEASE,
            reserved=-beyond,
            holder=holder,
            at=now,
        )
        if row.quantity > beyond:
            row.quantity -= beyond
            if row.quantity == row.shipped:
                row.state = Reservation.State.SHIPPED
        else:  # it is one of some pieces for ever, as those are that were never picked
            row.state, row.released_at = Reservation.State.RELEASED, now
        row.save(update_fields=["quantity", "state", "released_at"])
    if lacks:
        tell_lacking(holder=holder, note="given up", now=now)
    return sum(beyond for _, beyond in over)


def _put_back(row: Reservation, pieces: int, now: datetime) -> None:
    """Pieces of a picked reservation that have not left go back to their lots."""
    picks = Pick.objects.filter(reservation=row, shipped_at=None, put_back_at=None).select_related("lot")
    unboxed = ExpressionWrapper(Q(box=""), output_field=BooleanField())
    for one in picks.order_by(unboxed.desc(), "-box", F("lot__expires_on").desc(nulls_first=True), "-pk"):
        back = min(pieces, one.quantity)
        if back <= 0:
            return
        pieces -= back
        move(one.lot, Movement.Kind.PUT_BACK, picked=-back, holder=row.holder, now=now)
        aside(one.lot, back, now=now)
        ended = part(one, back)
        ended.put_back_at = now
        ended.save(update_fields=["put_back_at"])
