"""Goods too near their end are not sold: the days of every lot, and the sweep that takes lots out of sale."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, Sum, TextField, Value
from django.db.models.functions import Cast, Coalesce, Concat

from catalog.models import Variant
from inventory.models import Lot, Movement, ShelfLife, Stock
from inventory.services.moving import FLOOR, move, stop_key, stop_of, tell_short
from kernel import events
from kernel.cases import open_case, open_failing, settle_open
from kernel.clock import shanghai_day
from kernel.models import Case
from storefronts.models import Storefront

FAILING, AGAIN_AFTER = "lot.failing", timedelta(minutes=10)
_NONE = (0, 0)  # without a rule goods are sold up to their last day, that day included

_FLOORS = """
UPDATE inventory_stock s SET floor_on = (
    SELECT min(l.unsellable_from) FROM inventory_lot l
    WHERE l.stock_id = s.id AND l.on_hand > l.picked + l.quarantined
) WHERE s.id = ANY(%s::bigint[])
"""


def days_of(
    *, storefront_id: int, variant_id: int, expires_on: date | None
) -> tuple[date | None, date | None]:
    """(the first day on which a lot is not sold any more, the first on which it is near that)."""
    if expires_on is None:
        return None, None
    rules: dict[int | None, tuple[int, int]] = {
        of: (floor, near)
        for of, floor, near in ShelfLife.objects.filter(storefront_id=storefront_id)
        .filter(Q(variant=None) | Q(variant_id=variant_id))
        .values_list("variant_id", "floor_days", "near_days")
    }
    floor, near = rules.get(variant_id, rules.get(None, _NONE))
    return expires_on - timedelta(days=floor - 1), expires_on - timedelta(days=near - 1)


def quarantine_ended(*, stock_ids: Sequence[int], now: datetime) -> int:
    """Take the lots of these stocks that have reached their floor out of sale; returns how many pieces.

    Locks the stocks in the order of their keys. Safe to repeat.
    """
    day, pieces = shanghai_day(now), 0
    with transaction.atomic():
        list(Stock.objects.select_for_update(no_key=True).filter(pk__in=stock_ids).order_by("pk"))
        ended = Lot.objects.filter(stock_id__in=stock_ids, unsellable_from__lte=day)
        for lot in ended.filter(on_hand__gt=F("picked") + F("quarantined")).order_by("stock_id", "pk"):
            move(lot, Movement.Kind.QUARANTINE, quarantined=lot.free, holder=FLOOR, now=now)
            pieces += lot.free
            events.record(
                storefront_id=lot.storefront_id,
                name="lot.unsellable",
                key=f"lot:{lot.pk}",
                facts={"pieces": lot.free},
                now=now,
            )
        with connection.cursor() as cursor:
            cursor.execute(_FLOORS, [list(stock_ids)])
        tell_short(stock_ids=list(stock_ids), now=now)
    return pieces


def sweep(*, now: datetime, limit: int = 200) -> int:
    """Take out of sale what has reached its floor and put before an operator what is near it.

    Returns how many stocks were looked at.
    """
    day = shanghai_day(now)
    failing = list(_waiting(now))
    due = Stock.objects.filter(floor_on__lte=day).exclude(pk__in=failing).order_by("pk")
    for stock in (looked := list(due[:limit])):
        try:
            quarantine_ended(stock_ids=[stock.pk], now=now)
            settle_open(kinds=[FAILING], key=f"stock:{stock.pk}", by="system", note="looked at", now=now)
        except Exception as failure:
            open_failing(
                storefront_id=stock.storefront_id,
                kind=FAILING,
                key=f"stock:{stock.pk}",
                title="Lots of a stock cannot be looked at: something that nobody foresaw",
                facts={"sku": stock.variant.sku, "warehouse": stock.warehouse.code},
                failure=failure,
                now=now,
            )
    _tell_near(day, now, limit)
    return len(looked)


def _waiting(now: datetime) -> Iterator[int]:
    """Stocks that failed and are not tried again yet: each time they wait twice as long."""
    for case in Case.objects.filter(kind=FAILING, state=Case.State.OPEN):
        wait = AGAIN_AFTER * (2 ** min(case.seen, 10) - 1)
        if case.opened_at + wait > now:
            yield int(case.key.removeprefix("stock:"))


def _tell_near(day: date, now: datetime, limit: int) -> None:
    """Each lot once; those that were told of stand in no other's way."""
    key = Concat(Value("lot:"), Cast(OuterRef("pk"), TextField()))
    told = Case.objects.filter(kind="lot.near_expiry", key=key)
    near = Lot.objects.filter(~Exists(told), near_from__lte=day, unsellable_from__gt=day)
    for lot in near.filter(on_hand__gt=F("picked") + F("quarantined")).select_related(
        "stock__variant", "stock__warehouse"
    )[:limit]:
        open_case(
            storefront_id=lot.storefront_id,
            kind="lot.near_expiry",
            key=f"lot:{lot.pk}",
            title="A lot is near its end",
            facts={
                "sku": lot.stock.variant.sku,
                "warehouse": lot.stock.warehouse.code,
                "pieces": lot.free,
                "expires_on": str(lot.expires_on),
            },
            now=now,
        )


@transaction.atomic
def set_shelf_life(
    *, storefront: Storefront, variant: Variant | None, floor_days: int, near_days: int, now: datetime
) -> ShelfLife:
    """Say how many days must be left, for one SKU or for all that have no rule of their own.

    Lots are looked at anew at once, in both directions: what reached an old floor and not the new one is
    sold again.
    """
    rule, _ = ShelfLife.objects.update_or_create(
        storefront=storefront,
        variant=variant,
        defaults={"floor_days": floor_days, "near_days": near_days},
    )
    stocks = Stock.objects.filter(storefront=storefront)
    if variant is not None:
        stocks = stocks.filter(variant=variant)
    ids = [stock.pk for stock in stocks.select_for_update(no_key=True).order_by("pk")]
    day = shanghai_day(now)
    for lot in Lot.objects.filter(stock_id__in=ids, expires_on__isnull=False).select_related("stock"):
        lot.unsellable_from, lot.near_from = days_of(
            storefront_id=storefront.pk, variant_id=lot.stock.variant_id, expires_on=lot.expires_on
        )
        lot.save(update_fields=["unsellable_from", "near_from"])
        assert lot.unsellable_from is not None
        if lot.unsellable_from > day:
            back = restore_held(lot=lot, holder=FLOOR, by="", now=now)
            stop = stop_of(lot) if back and lot.stopped else None
            if stop is not None:  # it would not be sold for its days any more, and is not sold for that
                move(lot, Movement.Kind.QUARANTINE, quarantined=back, holder=stop_key(stop.pk), now=now)
    quarantine_ended(stock_ids=ids, now=now)
    return rule


def restore_held(
    *, lot: Lot, holder: str, by: str, now: datetime, most: int | None = None, reason: str = ""
) -> int:
    """Bring back what was quarantined for `holder`'s sake and is still, at `most` so many; returns how many.

    The caller has locked the stock. Whoever writes pieces off says for whose sake they lay there, so that
    nothing comes back in the place of a piece that is not fit.
    """
    rows = Movement.objects.filter(lot=lot, holder=holder)
    held: int = rows.aggregate(pieces=Coalesce(Sum("quarantined"), 0))["pieces"]
    pieces = max(0, held if most is None else min(held, most))
    if pieces:
        move(lot, Movement.Kind.RESTORE, quarantined=-pieces, holder=holder, reason=reason, by=by, now=now)
    return pieces
