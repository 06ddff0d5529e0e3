"""What comes in, goes astray or is found: every change of the pieces of a lot that is not an order's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import F, QuerySet, Sum

from catalog.models import Variant
from inventory.models import Lot, Movement, Stock, Warehouse
from inventory.services.boxing import lacking_of
from inventory.services.holding import aside, free_held, keep_pieces, kept, kept_key, reasons, restore_held
from inventory.services.moving import locked, move, stock_of, stop_of_batch, tell_short
from inventory.services.papers import BadDays, tell_missing_papers
from inventory.services.shelf import days_of
from kernel.errors import Conflict, Invalid, Missing

MOST_PIECES = 1_000_000_000  # in one stock, whatever comes in: a column of a balance holds twice as many


@dataclass(eq=False)
class BadCount(Invalid):
    """A stock level must not fall below what is reserved."""

    code = "stock_below_reserved"
    title = "{reserved} pieces are reserved; the stock cannot be set to {on_hand}."
    title_zh = "已有 {reserved} 件被占用，库存不能设为 {on_hand}。"
    on_hand: int
    reserved: int


@dataclass(eq=False)
class TooManyPieces(Invalid):
    """No stock is so large: a number was typed wrong."""

    code = "too_many_pieces"
    title = "A stock holds at most {most} pieces; it would be {on_hand}."
    title_zh = "单个库存最多 {most} 件，入库后将为 {on_hand} 件。"
    on_hand: int
    most: int


class NoPieces(Invalid):
    """What comes in is one piece or more."""

    code = "no_pieces"
    title = "Say how many pieces came in: one or more."
    title_zh = "收货件数至少为 1。"


@dataclass(eq=False)
class LotDiffers(Conflict):
    """A lot of this number is there already, with other days."""

    code = "lot_differs"
    title = "The lot “{lot}” is known with other dates."
    title_zh = "批次“{lot}”已登记，生产日期或到期日不一致。"
    lot: str


@dataclass(eq=False)
class CountedElse(Conflict):
    """The stock has moved since who counted saw it: what was counted then is not what is there now."""

    code = "stock_moved"
    title = "The stock has moved to {on_hand} since; count again."
    title_zh = "库存已变动为 {on_hand} 件，请重新盘点。"
    on_hand: int


@dataclass(eq=False)
class TooFewPieces(Conflict):
    """The lot has fewer pieces for that than were named."""

    code = "too_few_pieces"
    title = "The lot has only {pieces} pieces for that."
    title_zh = "该批次可用件数仅为 {pieces} 件。"
    pieces: int


@dataclass(eq=False)
class SeveralLists(Conflict):
    """One lot number lies under several inbound lists, and none was named."""

    code = "lot_in_several_lists"
    title = "The lot “{lot}” lies under several inbound lists; say which."
    title_zh = "批次“{lot}”分属多份核注清单，请填写清单编号。"
    lot: str


def named_lot(lots: QuerySet[Lot], *, sku: str, code: str, listed: str = "") -> Lot:
    """The one of these lots that has this number, and is `listed` where that is said.

    Raises Missing, SeveralLists.
    """
    found = lots.filter(stock__variant__sku=sku, code=code)
    rows = list((found.filter(inbound_list=listed) if listed else found)[:2])
    if not rows:
        raise Missing()
    if len(rows) > 1:
        raise SeveralLists(lot=code)
    return rows[0]


@transaction.atomic
def receive(
    *,
    warehouse: Warehouse,
    variant: Variant,
    quantity: int,
    by: str,
    now: datetime,
    code: str = "",
    produced_on: date | None = None,
    expires_on: date | None = None,
    inbound_list: str = "",
    reason: str = "",
    holder: str = "",
    kind: Movement.Kind = Movement.Kind.RECEIVE,
) -> Lot:
    """Take pieces in as a lot, or into the lot of that number and inbound list.

    Under another inbound list the same number is a second row with the same days: an account book is kept
    list by list. What comes into a lot that is stopped, here or elsewhere, at its floor, or bonded and
    without its papers is quarantined with it; missing papers are a case.

    Raises NoPieces, TooManyPieces, BadDays, LotDiffers, OtherStorefront.
    """
    if quantity < 1:
        raise NoPieces()
    if produced_on and expires_on and produced_on > expires_on:
        raise BadDays()
    stock = stock_of(warehouse=warehouse, variant=variant)
    _bounded(stock, quantity)
    until, near = days_of(storefront_id=stock.storefront_id, variant_id=variant.pk, expires_on=expires_on)
    known = Lot.objects.filter(stock=stock, code=code)
    if not code:  # goods without lot numbers have nothing in common but their list
        known = known.filter(inbound_list=inbound_list)
    if known.exclude(produced_on=produced_on, expires_on=expires_on).exists():
        raise LotDiffers(lot=code)
    lot, _ = Lot.objects.get_or_create(
        stock=stock,
        code=code,
        inbound_list=inbound_list,
        defaults={
            "storefront_id": stock.storefront_id,
            "produced_on": produced_on,
            "expires_on": expires_on,
            "received_at": now,
            "stopped": stop_of_batch(variant.pk, code) is not None,
            "unsellable_from": until,
            "near_from": near,
        },
    )
    move(lot, kind, on_hand=quantity, holder=holder, reason=reason, by=by, now=now)
    aside(lot, quantity, now=now)
    lot.refresh_from_db()
    tell_missing_papers(lot, now=now)
    return lot


def _bounded(stock: Stock, more: int) -> None:
    if stock.on_hand + more > MOST_PIECES:
        raise TooManyPieces(on_hand=stock.on_hand + more, most=MOST_PIECES)


def _unpromised(stock: Stock, pieces: int, *, aside: int) -> None:
    """So many pieces may go: none of them is promised, or all of them lie `aside` and lack already, having
    broken in a packer's hands. Raises BadCount."""
    short = stock.reserved - (stock.on_hand - pieces)
    if short > 0 and (aside < pieces or short > lacking_of(stock)):
        raise BadCount(on_hand=stock.on_hand - pieces, reserved=stock.reserved)


@transaction.atomic
def adjust(*, lot: Lot, by: str, pieces: int, reason: str, now: datetime, holder: str = "") -> Lot:
    """Add pieces that were found (above 0) or write off what is missing (below 0).

    What is missing is taken off the shelf first, then out of what a stop, the floor or missing papers hold,
    and last out of what is quarantined for its own state: what is left of that is never taken for fit. Raises
    BadCount where it would reach what is promised, TooFewPieces where it would reach what is picked or kept
    for one matter, and TooManyPieces.
    """
    stock = locked(lot.stock_id)
    lot.refresh_from_db()
    if pieces >= 0:
        if pieces:
            _bounded(stock, pieces)
            move(lot, Movement.Kind.ADJUST, on_hand=pieces, holder=holder, reason=reason, by=by, now=now)
            aside(lot, pieces, now=now)
            lot.refresh_from_db()
            tell_missing_papers(lot, now=now)
    else:
        most = lot.on_hand - lot.picked - kept([lot])[lot.pk]
        if -pieces > most:
            raise TooFewPieces(pieces=most)
        out = max(0, -pieces - lot.free)
        _unpromised(stock, -pieces, aside=out)
        out -= free_held(lot, out, by=by, now=now, reason=reason)
        move(
            lot,
            Movement.Kind.ADJUST,
            on_hand=pieces,
            quarantined=-out,
            holder=holder,
            reason=reason,
            by=by,
            now=now,
        )
    lot.refresh_from_db()
    return lot


@transaction.atomic
def quarantine(*, lot: Lot, pieces: int, reason: str, by: str, now: datetime) -> Lot:
    """Take pieces of a lot out of sale, damaged or in doubt; raises TooFewPieces.

    Promised pieces too: where then more is promised than is fit to leave, that is a case.
    """
    locked(lot.stock_id)
    lot.refresh_from_db()
    if not 0 < pieces <= lot.free:
        raise TooFewPieces(pieces=lot.free)
    move(lot, Movement.Kind.QUARANTINE, quarantined=pieces, reason=reason, by=by, now=now)
    tell_short(stock_ids=[lot.stock_id], now=now)
    lot.refresh_from_db()
    return lot


@transaction.atomic
def set_aside(*, lot: Lot, pieces: int, reason: str, by: str, now: datetime) -> int:
    """Quarantine pieces that were seen elsewhere than in the house, as many of them as lie free; how many.

    What of them is picked for others meanwhile is found missing there. Where more is promised than is fit to
    leave then, that is a case.
    """
    locked(lot.stock_id)
    lot.refresh_from_db()
    aside = min(pieces, lot.free)
    if aside > 0:
        move(lot, Movement.Kind.QUARANTINE, quarantined=aside, reason=reason, by=by, now=now)
        tell_short(stock_ids=[lot.stock_id], now=now)
    return max(0, aside)


@transaction.atomic
def restore(*, lot: Lot, pieces: int, reason: str, by: str, now: datetime) -> Lot:
    """Bring quarantined pieces back for sale; raises TooFewPieces, also for a lot that is not sold, and for
    pieces that are kept for one matter."""
    locked(lot.stock_id)
    lot.refresh_from_db()
    back = 0 if reasons(lot, now=now) else lot.quarantined - kept([lot])[lot.pk]
    if not 0 < pieces <= back:
        raise TooFewPieces(pieces=back)
    move(lot, Movement.Kind.RESTORE, quarantined=-pieces, reason=reason, by=by, now=now)
    lot.refresh_from_db()
    return lot


@transaction.atomic
def take_back(
    *,
    lot: Lot,
    pieces: int,
    holder: str,
    fit: bool,
    by: str,
    now: datetime,
    reason: str = "",
    kept_for: str = "",
) -> Lot:
    """Take in what a consumer sent back; what is not known to be `fit` waits in quarantine, `kept_for` one
    matter where it is.

    The holder is the order that it left with: the account book asks which list took it.
    """
    locked(lot.stock_id)
    lot.refresh_from_db()
    move(
        lot,
        Movement.Kind.RETURN,
        on_hand=pieces,
        quarantined=0 if fit else pieces,
        holder=holder,
        reason=reason,
        by=by,
        now=now,
    )
    if fit:
        aside(lot, pieces, now=now)
    elif kept_for:
        keep_pieces(lot, pieces, unfit=pieces, holder=kept_for, by=by, now=now)
    lot.refresh_from_db()
    return lot


@transaction.atomic
def discard(
    *,
    lot: Lot,
    pieces: int,
    holder: str,
    reason: str,
    by: str,
    now: datetime,
    kept_for: str = "",
    kind: Movement.Kind = Movement.Kind.ADJUST,
) -> Lot:
    """Write off pieces that are set aside: destroyed, or sent back; first those that are `kept_for` it, then
    what its holder brought.

    Raises TooFewPieces, also for what is kept for others; BadCount while they are promised, unless they lack
    already.
    """
    stock = locked(lot.stock_id)
    lot.refresh_from_db()
    own = kept([lot], holder=kept_for)[lot.pk] if kept_for else 0
    most = lot.quarantined - kept([lot])[lot.pk] + own
    if not 0 < pieces <= most:
        raise TooFewPieces(pieces=most)
    _unpromised(stock, pieces, aside=pieces)
    out = pieces
    if kept_for:
        out -= restore_held(lot=lot, holder=kept_key(kept_for), by=by, now=now, most=out, reason=reason)
    brought = lot.movements.filter(holder=holder).aggregate(pieces=Sum("quarantined", default=0))["pieces"]
    out -= free_held(lot, max(0, out - max(0, brought)), by=by, now=now, reason=reason)
    move(lot, kind, on_hand=-pieces, quarantined=-out, holder=holder, reason=reason, by=by, now=now)
    lot.refresh_from_db()
    return lot


@transaction.atomic
def keep_stock(*, warehouse: Warehouse, variant: Variant) -> Stock:
    """Begin to keep a SKU in a warehouse, with no piece yet; kept before, it changes nothing."""
    return stock_of(warehouse=warehouse, variant=variant)


@transaction.atomic
def set_on_hand(
    *,
    warehouse: Warehouse,
    variant: Variant,
    on_hand: int,
    by: str,
    now: datetime,
    reason: str = "counted",
    seen: int | None = None,
) -> Stock:
    """Move what differs from the counted level of one SKU in one warehouse, with the reason.

    For goods that are not kept by lots: what is more goes into the latest lot without a number, what is less
    is written off where the end is nearest. Raises BadCount below what is reserved, and CountedElse where
    the ledger does not say `seen` any more, which is what it said to who counted.
    """
    stock = stock_of(warehouse=warehouse, variant=variant)
    if seen is not None and seen != stock.on_hand:
        raise CountedElse(on_hand=stock.on_hand)
    if on_hand < min(stock.reserved, stock.on_hand):
        raise BadCount(on_hand=on_hand, reserved=stock.reserved)
    more = on_hand - stock.on_hand
    if more > 0:
        lot = stock.lots.filter(code="").order_by("-received_at", "-pk").first() or Lot.objects.create(
            storefront_id=stock.storefront_id, stock=stock, received_at=now
        )
        adjust(lot=lot, pieces=more, reason=reason, by=by, now=now)
    lots = stock.lots.order_by(F("expires_on").asc(nulls_last=True), "received_at", "pk")
    for lot in lots if more < 0 else ():
        pieces = min(-more, lot.on_hand - lot.picked)
        if pieces:
            adjust(lot=lot, pieces=-pieces, reason=reason, by=by, now=now)
            more += pieces
    stock.refresh_from_db()
    return stock
