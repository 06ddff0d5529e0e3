"""All that a return is judged by, read once: in seven statements, whatever the order has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from django.db.models import Count, Max, Q, Sum

from customs.models import Declaration
from kernel.clock import shanghai_day
from logistics.models import Parcel, Shipment
from logistics.services.shipments import SEVERAL
from orders.given_back import NOTHING, Returned, returned
from orders.models import Order, OrderLine
from payments.models import Payment, RefundLine
from payments.services.refund_parts import part
from returns.models import ReturnLine, ReturnPolicy
from returns.states import HOLDING

NOT_LEFT = ("to_pick", "packing", "labelled", "cancelled")
LOST = ("lost", "damaged")


class Stage(StrEnum):
    """Where the goods are, as far as a return is concerned."""

    HERE = "here"  # nothing has left
    ON_THE_WAY = "on_the_way"
    DELIVERED = "delivered"
    LOST = "lost"
    CAME_BACK = "came_back"  # refused or undeliverable


_STAGES = {"delivered": Stage.DELIVERED, "lost": Stage.LOST, "returned": Stage.CAME_BACK}


@dataclass(frozen=True, slots=True)
class Money:
    """What of an order's payment can still be refunded, in fen, before and after what living requests were
    quoted; `waiting_fen` is goodwill that was asked for and has not left. `pieces_only` where what was kept
    back stays, or pieces' money waits, so that all that is left is not asked for as one."""

    left_fen: int
    promised_fen: int
    waiting_fen: int
    pieces_only: bool

    @property
    def free_fen(self) -> int:
        """What is left for what is asked for now."""
        return max(0, self.left_fen - self.promised_fen)


@dataclass(frozen=True, slots=True)
class Seen:
    """An order with what has gone back of it, what is asked for, where it is, and the terms it is under.

    `gone` is by line id, refunds that arrived or are on their way; `asked` the pieces that living requests
    hold. `received` and `released` are days, None before.
    """

    order: Order
    lines: tuple[OrderLine, ...]
    gone: Mapping[int, Returned]
    asked: Mapping[int, int]
    stage: Stage
    received: date | None
    declaration: Declaration | None
    released: date | None
    policy: ReturnPolicy
    today: date
    money: Money

    def left(self, line: OrderLine) -> int:
        """Pieces of a line that can still be asked for."""
        return line.quantity - self.before(line).quantity

    def before(self, line: OrderLine) -> Returned:
        """What has gone back of a line, or will before anything that is asked for now."""
        gone, asked = self.gone.get(line.pk, NOTHING), self.asked.get(line.pk, 0)
        if not asked:
            return gone
        more = part(line, asked, gone)
        shares = {name: gone.shares[name] + more.shares[name] for name in gone.shares}
        return Returned(gone.quantity + asked, shares)


def look(*, order: Order, now: datetime, but: int | None = None) -> Seen:
    """Look at an order; the request with the key `but` asks for nothing. Six statements beside the order."""
    lines = tuple(OrderLine.objects.filter(order=order).order_by("position"))
    gone = returned(RefundLine.objects.filter(~Q(refund__state="closed"), refund__order=order))
    # What WeChat closed the refund of is asked for anew, and is nobody else's meanwhile.
    closed = Q(state="paid", request__state="refunding", request__refund__state="closed")
    held = ReturnLine.objects.filter(Q(state__in=HOLDING) | closed, request__order=order)
    living = held.exclude(request_id=but)
    most = {line.pk: max(0, line.quantity - gone.get(line.pk, NOTHING).quantity) for line in lines}
    asked, promised_fen = _held(list(living.select_related("request", "line").order_by("request_id")), most)
    shipment = Shipment.objects.filter(order=order).select_related("order__customs_declaration").first()
    if shipment is None:
        declaration = Declaration.objects.filter(order=order).first()
    else:
        declaration = getattr(shipment.order, "customs_declaration", None)
    released_at = declaration.released_at if declaration else None
    delivered_at = _delivered_at(shipment)
    return Seen(
        order=order,
        lines=lines,
        gone=gone,
        asked=asked,
        stage=_stage(shipment, delivered_at),
        received=_received(shipment, delivered_at),
        declaration=declaration,
        released=shanghai_day(released_at) if released_at else None,
        policy=policy_of(order.storefront_id, shanghai_day(order.paid_at or now)),
        today=shanghai_day(now),
        money=_money(order, promised_fen),
    )


def _held(living: Sequence[ReturnLine], most: Mapping[int, int]) -> tuple[Counter[int], int]:
    """Pieces that living requests hold, by order line, at `most` so many, and what they were promised for.

    Of what was refunded meanwhile nothing is held any more: the oldest request keeps its own first, and of
    each promise that part stays, by the price of its pieces, rounded up to the fen.
    """
    asked, whole, still = Counter[int](), Counter[int](), Counter[int]()
    for one in living:
        pieces = max(0, min(one.quantity - one.refunded, most[one.line_id] - asked[one.line_id]))
        asked[one.line_id] += pieces
        whole[one.request_id] += one.quantity * one.line.price_fen
        still[one.request_id] += pieces * one.line.price_fen
    quoted = {one.request_id: one.request.quoted_fen for one in living}
    return +asked, sum(-(-fen * still[key] // whole[key]) for key, fen in quoted.items())


def _money(order: Order, promised_fen: int) -> Money:
    waits = Q(refunds__state="requested")
    stayed = Q(refunds__tax_kept_fen__gt=0) | Q(refunds__deducted_fen__gt=0)
    found = (
        Payment.objects.filter(order=order, state="succeeded")
        .annotate(
            taken=Sum("refunds__amount_fen", filter=~Q(refunds__state="closed"), default=0),
            waiting=Sum("refunds__amount_fen", filter=waits & Q(refunds__kind="goodwill"), default=0),
            pieces_only=Count(
                "refunds", filter=stayed & ~Q(refunds__state="closed") | waits & ~Q(refunds__kind="goodwill")
            ),
        )
        .first()
    )
    if found is None:
        return Money(0, promised_fen, 0, False)
    left = max(0, (found.received_fen or 0) - found.taken)
    return Money(left, promised_fen, found.waiting, found.pieces_only > 0)


def policy_of(storefront_id: int, day: date) -> ReturnPolicy:
    """The terms of a storefront on a day; without any, the defaults, which are no row."""
    known = ReturnPolicy.objects.filter(storefront_id=storefront_id, starts_on__lte=day)
    return known.order_by("-starts_on").first() or ReturnPolicy(storefront_id=storefront_id, starts_on=day)


def _delivered_at(shipment: Shipment | None) -> datetime | None:
    """When the carrier delivered it; where others of its parcels are lost, the last of those that came."""
    if shipment is None or shipment.state not in LOST or shipment.order.trade_mode not in SEVERAL:
        return shipment.delivered_at if shipment else None
    came = Parcel.objects.filter(shipment=shipment, latest="delivered").exclude(state="cancelled")
    found: datetime | None = came.aggregate(at=Max("latest_at"))["at"]
    return found


def _stage(shipment: Shipment | None, delivered_at: datetime | None) -> Stage:
    if shipment is None or shipment.state in NOT_LEFT:
        return Stage.HERE
    if shipment.receipt_at is not None or (delivered_at is not None and shipment.delivered_at is None):
        return Stage.DELIVERED
    return _STAGES.get(shipment.state, Stage.ON_THE_WAY)


def _received(shipment: Shipment | None, delivered_at: datetime | None) -> date | None:
    """The day of receipt (签收): when the carrier delivered, or the consumer said so before it did."""
    if shipment is None or _stage(shipment, delivered_at) is not Stage.DELIVERED:
        return None
    known = [at for at in (delivered_at, shipment.receipt_at) if at is not None]
    return shanghai_day(min(known)) if known else None
