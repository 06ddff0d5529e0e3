"""What did not reach its consumer: a parcel that came back is refunded and put away, a lost one is refunded.

Nobody has to ask. What came back is a return at customs (625), arrived on its day, within the windows; of
what is lost or destroyed nothing comes back: tax and allowance stay used, never at the consumer's cost.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from django.db.models import Q

from kernel.cases import open_case, settle_open
from kernel.clock import shanghai_day
from kernel.errors import Conflict
from kernel.models import Event
from kernel.tenancy import tenant
from logistics.models import Parcel, ParcelLine, Shipment
from logistics.services import contents
from logistics.services.shipments import SeveralParcels
from orders.models import Order
from payments.models import Refund
from returns.models import ReturnRequest
from returns.reasons import Kind
from returns.services import decide
from returns.services.arrive import receive
from returns.services.ask import write
from returns.services.holding import hold_order
from returns.services.offer import Wished, make_offer
from returns.services.seen import LOST, Seen, look
from storefronts.services.four_eyes import apart

BACK_REFUNDED, LOST_DELIVERED = "return.back_refunded", "return.lost_delivered"
NOT_SENT = ("requested", "refused", "appealed", "to_send")  # the consumer has nothing that they could send


class NotLost(Conflict):
    """Only a parcel that is lost or destroyed is refunded without its goods."""

    code = "return_not_lost"
    title = "Enter first on the shipment's page that the parcel is lost or damaged."
    title_zh = "请先在发货单页面登记包裹丢失或损毁。"


class SamePerson(Conflict):
    """Who said that a parcel is lost does not refund it: two look at it."""

    code = "return_lost_same_person"
    title = "You entered that the parcel is lost or damaged: someone else refunds it."
    title_zh = "该包裹的丢失或损毁由您登记，须由其他同事办理退款。"


def came_back(*, order: Order, at: datetime, now: datetime) -> ReturnRequest | None:
    """A parcel was refused or could not be delivered, and is back at the zone since `at`: a return, received.

    Wishes of which nothing was sent give way to it. Of pieces that were refunded before a person hears.
    None where no others are left, or the order is not paid any more. Done once.
    """
    with tenant(order.storefront_id):
        held = hold_order(order.number)
        known = ReturnRequest.objects.filter(order=held, key="came-back").first()
        if known is not None or held.state != "paid":
            return known
        give_way(order_number=held.number, now=now)
        seen = look(order=held, now=at)
        if any(one.quantity for one in seen.gone.values()):
            _refunded_before(held, now)
        row = _write(seen, Wished(Kind.RETURN, "undelivered", _left(seen)), "came-back", at)
        if row is not None:
            decide.say_yes(row, by="system", now=now)
            row = receive(request=row, by="system", now=now, on=shanghai_day(at))
        return row


def lost(*, order: Order, by: str, now: datetime, parcel: Parcel | None = None) -> ReturnRequest | None:
    """Refund what is left of an order whose parcel is lost or destroyed, once a second person agrees; where
    it has several, what lay in this `parcel` and no more.

    Of two names that may be one person it is as what one operator chooses to give: raises NeedsColleague.
    None where nothing is left of it. Done once. Raises NotLost, SamePerson, SeveralParcels.
    """
    with tenant(order.storefront_id):
        held = hold_order(order.number)
        key = key_of(parcel)
        known = ReturnRequest.objects.filter(order=held, key=key).first()
        if known is not None:
            return known
        rows = Parcel.objects.filter(shipment__order=held, single=False).exclude(state="cancelled")
        if parcel is None and rows.exists():
            raise SeveralParcels()
        shipment = Shipment.objects.filter(order=held).first()
        gone = rows.filter(pk=parcel.pk, latest__in=LOST).first() if parcel else None
        is_lost = gone is not None if parcel else shipment is not None and shipment.state in LOST
        if shipment is None or not is_lost or held.state != "paid":
            raise NotLost()
        said_so = _said_so(shipment, gone)
        if by in said_so:
            raise SamePerson()
        give_way(order_number=held.number, now=now, of_loss=gone is not None)
        seen = look(order=held, now=now)
        pieces = _left(seen, _lay_in(gone, held) if gone else None)
        row = _write(seen, Wished(Kind.REFUND_ONLY, "not_received", pieces), key, now)
        if row is not None:
            decide.say_yes(row, by=by, now=now, choice=not all(apart(one, by) for one in said_so))
            if gone is not None:
                note = f"refunded by {row.number}"
                settle_open(kinds=decide.TOLD_LOST, key=gone.event_key, by=by, note=note, now=now)
        return row


def key_of(parcel: Parcel | None) -> str:
    """Whose wish the refund of a lost parcel is: the house's, of this one of several, or of the only one."""
    return decide.LOST_KEY if parcel is None else f"{decide.LOST_KEY}:{parcel.own_number}"


def _said_so(shipment: Shipment, parcel: Parcel | None) -> set[str]:
    """Who entered that it, or this parcel of it, is lost or damaged; a carrier's word is nobody's of the
    house."""
    of_parcel = Q(name="parcel.found", facts__found__in=LOST)
    if parcel is not None:
        told = Event.objects.filter(of_parcel, key=parcel.event_key)
    else:
        told = Event.objects.filter(key=shipment.event_key, name__in=[f"shipment.{state}" for state in LOST])
    return {str(one["by"]) for one in told.values_list("facts", flat=True) if one.get("by")}


def _lay_in(parcel: Parcel, order: Order) -> Counter[int]:
    """Position → pieces that lay in it for the order; what was refunded before it left is nobody's loss."""
    over = contents.refunded(parcel, order.event_key)
    found: Counter[int] = Counter()
    rows = ParcelLine.objects.filter(parcel=parcel).order_by("line__position", "pk")
    for position, sku, quantity in rows.values_list("line__position", "line__sku", "quantity"):
        less = min(quantity, over[sku])
        over[sku] -= less
        found[position] += quantity - less
    return found


def delivered(*, order: Order, now: datetime) -> None:
    """A carrier delivered what was refunded as lost, or as not received: a person asks for it back."""
    rows = ReturnRequest.objects.filter(
        order=order, reason="not_received", state__in=("refunding", "settled")
    )
    for row in rows.order_by("pk"):
        if _is_lost_still(row):
            continue
        open_case(
            storefront_id=order.storefront_id,
            kind=LOST_DELIVERED,
            key=row.event_key,
            title="A parcel that was refunded as lost was delivered after all",
            facts={"order": order.number, "return": row.number, "refund_fen": row.quoted_fen},
            now=now,
        )


def _is_lost_still(row: ReturnRequest) -> bool:
    """Of several parcels another one than was refunded has come."""
    own_number = row.key.removeprefix(f"{decide.LOST_KEY}:")
    return own_number != row.key and Parcel.objects.filter(own_number=own_number, latest__in=LOST).exists()


def _left(seen: Seen, most: Counter[int] | None = None) -> dict[int, int]:
    """What is left of each line by its position, at `most` so many pieces."""
    left = {line.position: seen.left(line) for line in seen.lines}
    pieces = {at: many if most is None else min(many, most[at]) for at, many in left.items()}
    return {at: many for at, many in pieces.items() if many > 0}


def _write(seen: Seen, wished: Wished, key: str, at: datetime) -> ReturnRequest | None:
    if not wished.pieces:
        return None
    return write(seen, make_offer(seen=seen, wished=wished), key, "", at)


def give_way(*, order_number: str, now: datetime, of_loss: bool = False) -> None:
    """Withdraw what was asked of an order and of which nothing was sent: all of it is refunded otherwise.

    Where it is one of several parcels that is refunded, that alone which was asked for as not received.
    """
    wishes = ReturnRequest.objects.filter(order__number=order_number, state__in=NOT_SENT)
    if of_loss:
        wishes = wishes.filter(reason="not_received")
    for one in wishes.select_related("order").order_by("pk"):
        decide.withdraw(request=one, by="system", now=now)


def _refunded_before(order: Order, now: datetime) -> None:
    numbers = (
        Refund.objects.filter(order=order).exclude(state="closed").values_list("out_refund_no", flat=True)
    )
    open_case(
        storefront_id=order.storefront_id,
        kind=BACK_REFUNDED,
        key=order.event_key,
        title="A parcel came back of which pieces were refunded before: put them away by hand",
        facts={"order": order.number, "refunds": " ".join(numbers)},
        now=now,
    )
