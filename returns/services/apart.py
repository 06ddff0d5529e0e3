"""What lies apart of an order: counted with what came back, taken over by the return that is asked for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from inventory import services as inventory
from inventory.models import Movement
from kernel import events, ids
from kernel.cases import open_case, settle_open
from orders.models import Order
from returns.models import ReturnRequest, StrayParcel, StrayPiece
from returns.states import STRAY

STRAYS = "return.stray"


def keep_apart(*, storefront_id: int, by: str, now: datetime, **columns: Any) -> StrayParcel:
    """A new parcel, or what lay in one, under a number of its own."""
    return StrayParcel.objects.create(
        number=f"STR{ids.number(now)}", storefront_id=storefront_id, by=by[:80], at=now, **columns
    )


def tell_kept(parcel: StrayParcel, pieces: int, *, now: datetime, graded: bool = False) -> None:
    """Say that it lies there, and put it before a person; `graded`: it lay in a parcel that was expected."""
    facts: dict[str, Any] = {
        "parcel": parcel.number,
        "order": parcel.order.number if parcel.order else "",
        "return": parcel.request.number if parcel.request else "",
        "pieces": pieces,
    }
    told = {name: value for name, value in facts.items() if value}
    where: dict[str, Any] = {"storefront_id": parcel.storefront_id, "now": now}
    said = told | {"graded": True} if graded else told
    events.record(name="stray_parcel.kept", key=parcel.event_key, facts=said, **where)
    if parcel.request is not None and not graded:
        events.record(name="return.stray_came", key=parcel.request.event_key, facts=told, **where)
    title = "A parcel came that nobody expected: decide what becomes of it"
    open_case(kind=STRAYS, key=parcel.event_key, title=title, facts=told, **where)


def apart(order: Order) -> QuerySet[StrayPiece]:
    """Pieces that are back and graded of no return: kept apart, or ours because they were refunded before."""
    ours = Q(parcel__state="ours", parcel__result=None)
    return StrayPiece.objects.filter(Q(parcel__state="kept") | ours, parcel__order=order)


def fitting(order: Order, found: Counter[tuple[int, int]], beyond: Counter[int]) -> list[StrayParcel]:
    """The kept parcels whose pieces must be those that are `found`, by position and lot: so many more of
    these lots are found than can still come. Under the order's lock."""
    chosen, left = [], +beyond
    kept = StrayParcel.objects.filter(order=order, state="kept").prefetch_related("found__line")
    for parcel in kept.select_for_update(of=("self",)).order_by("pk"):
        inside = Counter[tuple[int, int]]()
        for one in parcel.found.all():
            inside[one.line.position, one.lot_id] += one.quantity
        if inside <= found and any(left[lot] > 0 for _, lot in inside):
            chosen.append(parcel)
            found = found - inside
            left -= Counter({lot: pieces for (_, lot), pieces in inside.items()})
    return chosen


def take_over(parcels: Iterable[StrayParcel], request: ReturnRequest, *, by: str, now: datetime) -> None:
    """What lay apart is of this return, which puts it away anew. The caller holds the order."""
    for parcel in parcels:
        pieces = parcel.found.select_related("lot__stock").order_by("lot__stock_id", "lot_id", "pk")
        _out(parcel, pieces, f"{parcel.number} → {request.number}", by, now)
        over(parcel, "refund", by=by, now=now, note=request.number, result=request)


def leave_stock(parcel: StrayParcel, pieces: Iterable[StrayPiece], *, by: str, now: datetime) -> None:
    """It is on its way to the consumer again."""
    _out(parcel, pieces, f"sent back to the consumer: {parcel.number}", by, now)


def over(row: StrayParcel, verb: str, *, by: str, now: datetime, **changes: Any) -> StrayParcel:
    """Move it with its note, and result where there is one; all else is a fact of the event."""
    columns = {name: changes.pop(name) for name in ("note", "result") if name in changes}
    STRAY.move(row, verb, now=now, facts={"by": by, **changes}, **columns)
    settle_open(kinds=[STRAYS], key=row.event_key, by=by, note=row.note, now=now)
    return row


def _out(parcel: StrayParcel, pieces: Iterable[StrayPiece], why: str, by: str, now: datetime) -> None:
    assert parcel.order is not None
    for one in pieces:
        inventory.discard(
            lot=one.lot,
            pieces=one.quantity,
            holder=parcel.order.event_key,
            kept_for=parcel.event_key,
            kind=Movement.Kind.RETURN,
            reason=why,
            by=by,
            now=now,
        )
