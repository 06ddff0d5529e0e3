"""The round through the stocks: what reached its floor or lacks papers is held, what comes near is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from django.db.models import Exists, F, OuterRef, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast, Concat

from inventory.models import Lot, Stock
from inventory.services.papers import hold_without_papers, without_papers
from inventory.services.shelf import quarantine_ended
from kernel.cases import open_case, open_failing, settle_open, settle_over
from kernel.clock import shanghai_day
from kernel.models import Case

FAILING, AGAIN_AFTER = "lot.failing", timedelta(minutes=10)
DOUBLED, LONGEST = 8, 128  # eight times it waits twice as long, then always the same
NEAR, PICKED_ENDED = "lot.near_expiry", "lot.picked_ended"


def sweep(*, now: datetime, limit: int = 200) -> int:
    """Hold what has reached its floor or lacks papers, and put before an operator what is near its end.

    Returns how many stocks were looked at.
    """
    day = shanghai_day(now)
    failing = list(_waiting(now))
    looked = Q(floor_on__lte=day) | Exists(without_papers().filter(stock=OuterRef("pk")))
    due = Stock.objects.filter(looked).exclude(pk__in=failing).order_by("pk")
    for stock in (found := list(due[:limit])):
        try:
            quarantine_ended(stock_ids=[stock.pk], now=now)
            hold_without_papers(stock_id=stock.pk, now=now)
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
    _tell_picked(day, now, limit)
    return len(found)


def _waiting(now: datetime) -> Iterator[int]:
    """Stocks that failed and are not tried again yet: they wait twice as long each time, up to 21 hours."""
    for case in Case.objects.filter(kind=FAILING, state=Case.State.OPEN):
        if case.opened_at + waits(case.seen) > now:
            yield int(case.key.removeprefix("stock:"))


def waits(seen: int) -> timedelta:
    """How long after its first failure a row is left alone that has failed `seen` times."""
    doubled = min(seen, DOUBLED)
    waited: int = 2**doubled - 1 + (seen - doubled) * LONGEST
    return AGAIN_AFTER * waited


def _tell_near(day: date, now: datetime, limit: int) -> None:
    """Each lot once; those that were told of stand in no other's way."""
    near = _untold(NEAR, Lot.objects.filter(near_from__lte=day, unsellable_from__gt=day))
    for lot in near.filter(on_hand__gt=F("picked") + F("quarantined"))[:limit]:
        _tell(lot, NEAR, "A lot is near its end", lot.free, now)


def _tell_picked(day: date, now: datetime, limit: int) -> None:
    """Pieces in a packer's hands that have come to their floor: they do not leave, and others are picked."""
    ended = Lot.objects.filter(picked__gt=0, unsellable_from__lte=day)
    for lot in _untold(PICKED_ENDED, ended, open_only=True)[:limit]:
        _tell(lot, PICKED_ENDED, "Picked goods have come too near their end", lot.picked, now)
    keys = {f"lot:{pk}" for pk in ended.values_list("pk", flat=True)}
    settle_over(kind=PICKED_ENDED, waits=keys.__contains__, now=now)


def _untold(kind: str, lots: QuerySet[Lot], *, open_only: bool = False) -> QuerySet[Lot]:
    key = Concat(Value("lot:"), Cast(OuterRef("pk"), TextField()))
    told = Case.objects.filter(kind=kind, key=key)
    if open_only:
        told = told.filter(state=Case.State.OPEN)
    return lots.filter(~Exists(told)).select_related("stock__variant", "stock__warehouse").order_by("pk")


def _tell(lot: Lot, kind: str, title: str, pieces: int, now: datetime) -> None:
    open_case(
        storefront_id=lot.storefront_id,
        kind=kind,
        key=f"lot:{lot.pk}",
        title=title,
        facts={
            "sku": lot.stock.variant.sku,
            "warehouse": lot.stock.warehouse.code,
            "pieces": pieces,
            "expires_on": str(lot.expires_on),
        },
        now=now,
    )
