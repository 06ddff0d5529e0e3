"""Pieces are named for a refund that WeChat Pay made by itself: within its sum, once, and with every share.

What it gives back beside the order is less by what the pieces come to. Wrongly named pieces are taken back by
rows with the other signs, as long as the house has not let go of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Max, Sum

from inventory.models import Reservation
from kernel import events
from kernel.cases import open_case, settle_open
from kernel.errors import Conflict
from kernel.tenancy import tenant
from orders.models import Order
from payments.models import Payment, Refund, RefundLine
from payments.services.refund_follow import pieces_left
from payments.services.refund_parts import SHARES
from payments.services.refund_unasked import WECHAT
from payments.services.refund_writing import parts_of

UNKNOWN = "refund.unknown"  # the case of a refund that we did not ask for
TITLE = "A refund that we did not ask for"
_AMOUNT = (
    F("goods_fen") - F("discount_fen") + F("freight_fen") + F("duty_fen") + F("vat_fen") + F("excise_fen")
)


class NotNameable(Conflict):
    """Only what WeChat Pay gave back by itself, and as goodwill, has pieces named for it afterwards."""

    code = "refund_not_nameable"
    title = "Pieces are named only for a refund that WeChat Pay made by itself, and that gave back no line."
    title_zh = "仅对微信侧发起、尚未对应商品的退款可以指定商品。"


class NamedBefore(Conflict):
    """The pieces of this refund stand; they are taken back before others are named."""

    code = "refund_named_before"
    title = "The pieces of this refund were named before; reverse that entry first."
    title_zh = "该退款已指定商品，须先冲销原凭证。"


@dataclass(eq=False)
class MoreThanWentBack(Conflict):
    """The pieces come to more than the refund gave back."""

    code = "refund_pieces_too_much"
    title = "These pieces come to {amount_fen} fen, and only {refund_fen} fen went back."
    title_zh = "所选商品合计 {amount_fen} 分，超过该退款金额 {refund_fen} 分。"
    amount_fen: int
    refund_fen: int


class PiecesLetGo(Conflict):
    """The order does not hold the named pieces any more: they can be sold to others, or are."""

    code = "refund_pieces_let_go"
    title = "The named pieces are not kept for this order any more; their naming cannot be taken back."
    title_zh = "所指定商品的库存已释放，不能撤回。"


@dataclass(frozen=True, slots=True)
class Named:
    """What was named: by which turn, and what all of it comes to, share by share, in fen."""

    turn: int
    shares: Mapping[str, int]

    @property
    def tax_fen(self) -> int:
        """Duty, VAT and excise together."""
        return self.shares["duty_fen"] + self.shares["vat_fen"] + self.shares["excise_fen"]

    @property
    def amount_fen(self) -> int:
        """What the pieces come to, with freight and tax and less coupons."""
        goods, discount = self.shares["goods_fen"], self.shares["discount_fen"]
        return goods - discount + self.shares["freight_fen"] + self.tax_fen


def is_nameable(refund: Refund) -> bool:
    """Whether it gave money back that nobody can say the pieces of yet."""
    unasked = refund.asked_by == WECHAT and refund.kind == Refund.Kind.GOODWILL
    return unasked and refund.state == "succeeded" and _turn(refund) % 2 == 0


def name_pieces(
    *, refund: Refund, pieces: Mapping[int, int], freight: bool, by: str, note: str, now: datetime
) -> Named:
    """Say which pieces (line id → how many) a refund of WeChat Pay's own gave back; settles its case.

    What their shares do not make up of it stays goodwill. Locks payment, order, refund. Raises NotNameable,
    NamedBefore, MoreThanWentBack, TooManyPieces.
    """
    with tenant(refund.storefront_id):
        row, order = _locked(refund)
        turn = _turn(row) + 1
        if turn % 2 == 0:
            raise NamedBefore()
        if not is_nameable(row):
            raise NotNameable()
        parts = parts_of(order, pieces=pieces, whole=False, freight=freight)
        amount = sum(one.amount_fen for one in parts)
        if not 0 < amount <= row.other_fen:
            raise MoreThanWentBack(amount_fen=amount, refund_fen=row.other_fen)
        RefundLine.objects.bulk_create(
            RefundLine(
                storefront_id=row.storefront_id,
                refund=row,
                line=one.line,
                turn=turn,
                quantity=one.quantity,
                **{name: one.shares[name] for name in SHARES},
            )
            for one in parts
        )
        _tell(row, "refund.named", now, by=by, note=note)
        settle_open(kinds=[UNKNOWN], key=row.event_key, by=by, note=note, now=now)
        return Named(turn, {name: sum(one.shares[name] for one in parts) for name in SHARES})


def take_back_named(*, refund: Refund, by: str, note: str, now: datetime) -> None:
    """Pieces that were named wrongly are none of the refund's; its case is open again.

    Locks as naming does. Raises NotNameable where none are named, PiecesLetGo where the order does not hold
    them any more.
    """
    with tenant(refund.storefront_id):
        row, order = _locked(refund)
        turn = _turn(row)
        if turn % 2 == 0:
            raise NotNameable()
        named = list(RefundLine.objects.filter(refund=row, turn=turn).select_related("line"))
        _must_be_held(order, named)
        RefundLine.objects.bulk_create(
            RefundLine(
                storefront_id=row.storefront_id,
                refund=row,
                line=one.line,
                turn=turn + 1,
                quantity=-one.quantity,
                **{name: -getattr(one, name) for name in SHARES},
            )
            for one in named
        )
        _tell(row, "refund.unnamed", now, by=by, note=note)
        open_case(
            storefront_id=row.storefront_id,
            kind=UNKNOWN,
            key=row.event_key,
            title=TITLE,
            facts={
                "out_refund_no": row.out_refund_no,
                "order": order.number,
                "refund_fen": row.amount_fen,
                "booked": True,
                "gives_back": "to_be_named",
            },
            now=now,
        )


def named_fen(refund: Refund) -> int:
    """What the pieces that were named for a refund come to."""
    named = RefundLine.objects.filter(refund=refund, turn__gt=0)
    return int(named.aggregate(sum=Sum(_AMOUNT, default=0))["sum"])


def unnamed(order: Order) -> list[str]:
    """The refunds of an order that gave back more than anybody can name the pieces of."""
    beside = Refund.objects.filter(order=order, state="succeeded", kind=Refund.Kind.GOODWILL).order_by("id")
    return [one.out_refund_no for one in beside if one.other_fen > named_fen(one)]


def _locked(refund: Refund) -> tuple[Refund, Order]:
    Payment.objects.select_for_update().get(pk=refund.payment_id)
    order = Order.objects.select_for_update().get(pk=refund.order_id)
    return Refund.objects.select_for_update().get(pk=refund.pk), order


def _turn(refund: Refund) -> int:
    """Odd while pieces are named for it."""
    return RefundLine.objects.filter(refund=refund).aggregate(last=Max("turn"))["last"] or 0


def _must_be_held(order: Order, named: list[RefundLine]) -> None:
    left = Counter(pieces_left(order))
    for one in named:
        left[one.line.variant_id] += one.quantity
    kept = Reservation.objects.filter(holder=order.event_key).exclude(state=Reservation.State.RELEASED)
    held = dict(kept.values_list("stock__variant").annotate(sum=Sum("quantity")))
    if any(held.get(one.line.variant_id, 0) < left[one.line.variant_id] for one in named):
        raise PiecesLetGo()


def _tell(refund: Refund, name: str, now: datetime, *, by: str, note: str) -> None:
    facts = {"order": refund.order.number, "by": by, "note": note}
    events.record(storefront_id=refund.storefront_id, name=name, key=refund.event_key, facts=facts, now=now)
