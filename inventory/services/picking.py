"""From the shelf to the parcel: what ends first is picked first, and what is stopped is not picked.

What lies in one box (`boxing`) leaves with it, and the rest of the same reservation stays.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Case, F, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce

from inventory.models import Lot, Movement, Pick, Reservation, Stock
from inventory.services.boxing import lacking, tell_lacking
from inventory.services.held import SaleStopped
from inventory.services.moving import move
from kernel.cases import open_case
from kernel.clock import shanghai_day
from kernel.errors import Conflict


@dataclass(eq=False)
class CannotPick(Conflict):
    """What was promised is not on the shelf in a state in which it may leave."""

    code = "cannot_pick"
    title = "{missing} pieces of {sku} are missing, stopped or too near their end."
    title_zh = "{sku} 缺少 {missing} 件：不在库、已停售或临近到期。"
    sku: str
    missing: int


class PickedEnded(SaleStopped):
    """What was picked has come too near its end since: it is put back, and other pieces are picked."""

    code = "picked_ended"
    title = "Picked goods have come too near their end; pick others."
    title_zh = "已拣货品已临近到期下限，请更换批次后发货。"


def pick(*, holder: str, by: str, now: datetime) -> list[Pick]:
    """Set the pieces of a holder aside, lot by lot, first expired first out (先到期先出).

    What was picked before stays, and what is lacking of it is picked now. Raises CannotPick, with a case, or
    SaleStopped; then no piece moves.
    """
    try:
        with transaction.atomic():
            return _pick(holder, by, now)
    except CannotPick as missing:
        tell_missing(holder=holder, missing=missing, now=now)
        raise


def tell_missing(*, holder: str, missing: CannotPick, now: datetime) -> None:
    """Put before an operator what could not be picked: for who rolled back what `pick` wrote of it."""
    row = Reservation.objects.filter(holder=holder, stock__variant__sku=missing.sku).first()
    assert row is not None
    open_case(
        storefront_id=row.storefront_id,
        kind="stock.short",
        key=f"stock:{row.stock_id}",
        title="More is promised than is fit to be shipped",
        facts={"sku": missing.sku, "pieces": missing.missing},
        now=now,
    )


def _pick(holder: str, by: str, now: datetime) -> list[Pick]:
    rows = Reservation.objects.select_for_update(no_key=True, of=("self",)).filter(holder=holder)
    rows = rows.filter(state__in=["held", "picked"]).select_related("stock__variant").order_by("stock_id")
    found = list(rows)  # locked, before it is seen what lacks
    lacks = lacking(holder=holder)
    wanted = {row: row.quantity if row.state == "held" else lacks.get(row, 0) for row in found}
    ids = [row.stock_id for row, pieces in wanted.items() if pieces]
    stocks = Stock.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
    if any(stock.stopped for stock in list(stocks)):
        raise SaleStopped()
    by_stock: dict[int, list[Lot]] = {}
    for lot in fit_to_leave(ids, now):
        by_stock.setdefault(lot.stock_id, []).append(lot)
    for row, pieces in wanted.items():
        if left := set_aside(row, by_stock.get(row.stock_id, ()), pieces, by=by, now=now):
            raise CannotPick(sku=row.stock.variant.sku, missing=left)
    Reservation.objects.filter(holder=holder, state="held").update(state=Reservation.State.PICKED)
    if lacks:
        tell_lacking(holder=holder, note="picked", now=now)
    return picked(holder=holder)


def fit_to_leave(stock_ids: Iterable[int], now: datetime) -> QuerySet[Lot]:
    """The lots of these stocks with pieces that may leave, in the order in which they do."""
    return (
        Lot.objects.filter(stock_id__in=stock_ids, stopped=False, on_hand__gt=F("picked") + F("quarantined"))
        .filter(Q(unsellable_from=None) | Q(unsellable_from__gt=shanghai_day(now)))
        .order_by(F("expires_on").asc(nulls_last=True), "received_at", "pk")
    )


def set_aside(row: Reservation, lots: Iterable[Lot], pieces: int, *, by: str, now: datetime) -> int:
    """Pick so many pieces for a reservation, out of these lots in their order; how many were not there."""
    for lot in lots:
        taken = min(pieces, lot.free)
        if taken == 0:
            break
        pieces -= taken
        move(lot, Movement.Kind.PICK, picked=taken, holder=row.holder, by=by, now=now)
        Pick.objects.create(storefront_id=row.storefront_id, reservation=row, lot=lot, quantity=taken, at=now)
    return pieces


def picked(*, holder: str) -> list[Pick]:
    """What is set aside for a holder or has left for it, with its lots."""
    return list(
        Pick.objects.filter(reservation__holder=holder, put_back_at=None)
        .select_related("lot", "reservation__stock__variant")
        .order_by("reservation__stock_id", "pk")
    )


@transaction.atomic
def ship(*, holder: str, by: str, now: datetime, box: str | None = None, gone: bool = False) -> int:
    """Let what was picked for a holder leave the house, of the very lots; returns how many pieces.

    With a `box` it is what lies in that: what else is picked for the holder stays held.

    Shipped before, it changes nothing. Raises SaleStopped for a SKU or a lot that was stopped since, and
    PickedEnded for a lot that has reached its floor, unless it is `gone` already: then the ledger follows
    what happened, and the caller tells of it.
    """
    rows = Reservation.objects.select_for_update(no_key=True).filter(holder=holder, state="picked")
    ids = [row.stock_id for row in rows.order_by("stock_id")]
    stocks = list(Stock.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk"))
    leaving = Pick.objects.filter(reservation__in=rows, put_back_at=None, shipped_at=None)
    if box is not None:
        leaving = leaving.filter(box=box)
    outgoing = set(leaving.values_list("lot__stock", flat=True))
    stopped = any(stock.stopped for stock in stocks if stock.pk in outgoing)
    if not gone and (stopped or leaving.filter(lot__stopped=True).exists()):
        raise SaleStopped()
    if not gone and leaving.filter(lot__unsellable_from__lte=shanghai_day(now)).exists():
        raise PickedEnded()
    pieces = 0
    for one in leaving.select_related("lot").order_by("lot__stock_id", "pk"):
        out = one.quantity
        move(
            one.lot,
            Movement.Kind.SHIP,
            on_hand=-out,
            reserved=-out,
            picked=-out,
            holder=holder,
            by=by,
            now=now,
        )
        pieces += out
    leaving.update(shipped_at=now)
    sums = Pick.objects.filter(reservation=OuterRef("pk"), shipped_at__isnull=False).values("reservation")
    left = Coalesce(Subquery(sums.annotate(sum=Sum("quantity")).values("sum")), 0)
    whole = When(quantity=left, then=Value(Reservation.State.SHIPPED))
    rows.update(shipped=left, state=Case(whole, default=F("state")))
    return pieces
