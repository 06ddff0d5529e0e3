"""Asking for a refund: at most what was paid and has not gone back, once per wish, and not past customs.

Cap = received − refunded − on its way, under the lock of the payment's row and then of its order's. What must
wait for customs' decision stays `requested` and leaves by itself once the gate opens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Max, Q, Sum

from kernel import events, ids
from kernel.cases import settle_open
from kernel.errors import Conflict, Invalid
from kernel.tenancy import tenant
from orders.models import Order, OrderLine
from payments.gateways.wechat_pay import notify_url
from payments.models import Payment, Refund, RefundLine
from payments.services.refund_parts import NOTHING, SHARES, Part, part, rest, returned
from payments.states import REFUND
from wechat.pay.refunds import APART_SECONDS, DAYS, MOST_PARTIAL, reason_text

WAITING = "refund.waiting"  # the case of one that has been asked for and does not leave
LIVING = ~Q(state="closed")
APART = timedelta(seconds=APART_SECONDS)
LOOK_AGAIN = timedelta(hours=1)  # at what waits for customs, should its event have been lost
Kind, Gate = Refund.Kind, Order.Gate


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to go back: pieces (line id → how many), a goodwill amount, or else all that is left.

    Without `freight` the pieces' share of it stays; it goes back with what is asked for later, or with all.
    """

    pieces: Mapping[int, int] = field(default_factory=dict)
    goodwill_fen: int = 0
    freight: bool = True

    @property
    def whole(self) -> bool:
        """Nothing less than all that is left."""
        return not self.pieces and not self.goodwill_fen


@dataclass(eq=False)
class NotPaid(Conflict):
    """No payment of this order is ours to give back."""

    code = "refund_not_paid"
    title = "This order has no payment that could be refunded."
    title_zh = "该订单没有可退款的支付。"


@dataclass(eq=False)
class TooMuch(Conflict):
    """More than is left of the payment after what went back and what is on its way."""

    code = "refund_too_much"
    title = "At most {left_fen} fen of this payment can still be refunded."
    title_zh = "该笔支付最多还可退 {left_fen} 分。"
    left_fen: int


@dataclass(eq=False)
class TooManyPieces(Conflict):
    """More pieces of a line than were bought and have not gone back."""

    code = "refund_too_many_pieces"
    title = "Of {sku} only {left} can still be refunded."
    title_zh = "{sku} 最多还可退 {left} 件。"
    sku: str
    left: int


@dataclass(eq=False)
class TooManyRefunds(Conflict):
    """WeChat Pay takes fifty refunds of one payment."""

    code = "refund_too_many"
    title = "WeChat Pay takes at most 50 refunds of one payment."
    title_zh = "同一笔支付最多可退款 50 次。"


@dataclass(eq=False)
class TooOld(Conflict):
    """WeChat Pay refunds within a year of the payment."""

    code = "refund_too_old"
    title = "The payment is more than a year old: WeChat Pay does not refund it any more."
    title_zh = "该笔支付已超过一年，微信支付不再受理退款。"


@dataclass(eq=False)
class WishChanged(Conflict):
    """The same key was used for another refund."""

    code = "refund_wish_changed"
    title = "This key already stands for another refund, {number}."
    title_zh = "该请求标识已用于另一笔退款（{number}）。"
    number: str


@dataclass(eq=False)
class RefundClosed(Conflict):
    """What the same key asked for before is closed: no money comes of it, and nothing leaves by asking so."""

    code = "refund_is_closed"
    title = "Refund {number} was asked for by this before and is closed: ask again on its page."
    title_zh = "该请求对应的退款（{number}）已关闭，请在该退款单页面重新申请。"
    number: str


class BadReason(Invalid):
    """WeChat Pay shows the reason to the consumer; there must be one that it can show."""

    code = "refund_reason"
    title = "A refund needs a reason that can be shown to the consumer."
    title_zh = "请填写可向消费者展示的退款原因。"


def request_refund(
    *, number: str, wish: Wish, key: str, reason: str, asked_by: str, now: datetime, note: str = ""
) -> Refund:
    """A refund of the paid order `number`: made, or the one that the same `key` asked for before.

    It leaves at once where the gate allows, and waits where it does not. Locks payment, order. Raises
    NotPaid, TooMuch, TooManyPieces, TooManyRefunds, TooOld, WishChanged, RefundClosed, BadReason.
    """
    shown = _reason(reason)
    with tenant(Order.objects.values_list("storefront_id", flat=True).get(number=number)):
        payment = (
            Payment.objects.select_for_update(of=("self",))
            .filter(order__number=number, state="succeeded")
            .first()
        )
        if payment is None:
            raise NotPaid()
        order = Order.objects.select_for_update().get(number=number)
        known = Refund.objects.filter(payment=payment, key=key).first()
        if known is not None:
            return _same(known, wish)
        replaced = _withdraw_waiting(payment, now) if wish.whole else []
        left = _room(payment, now)
        if wish.goodwill_fen:
            kind, parts, other = Kind.GOODWILL, [], wish.goodwill_fen
        else:
            kind = Kind.CANCELLATION if order.state == "cancelled" else Kind.LINES
            parts, other = _parts(order, wish), 0
        nothing_left = wish.whole or (bool(parts) and _takes_the_last(order, wish))
        refund = _write(
            payment=payment,
            kind=kind,
            key=key,
            parts=parts,
            other_fen=other,
            left=left,
            spares=nothing_left,
            whole=wish.whole,
            told={"reason": shown, "asked_by": asked_by, "note": note[:300]},
            replaced=replaced,
            now=now,
        )
        if may_leave(order, kind):
            accept(refund, now=now)
    return refund


def refund_stray(
    *, out_trade_no: str, reason: str, now: datetime, key: str = "stray", asked_by: str = "system"
) -> Refund:
    """Send back, whole and once per `key`, money that no order could take. Locks the payment."""
    storefront_id = Payment.objects.values_list("storefront_id", flat=True).get(out_trade_no=out_trade_no)
    with tenant(storefront_id):
        payment = Payment.objects.select_for_update().get(out_trade_no=out_trade_no)
        known = Refund.objects.filter(payment=payment, key=key).first()
        if known is not None:
            return known
        left = _room(payment, now)
        refund = _write(
            payment=payment,
            kind=Kind.STRAY,
            key=key,
            parts=[],
            other_fen=left,
            left=left,
            spares=False,
            whole=True,
            told={"reason": _reason(reason), "asked_by": asked_by, "note": ""},
            now=now,
        )
        accept(refund, now=now)
    return refund


def may_leave(order: Order, kind: str) -> bool:
    """Whether money of this kind may leave now; asked by who holds the order's row.

    Before the list everything but goodwill; with customs nothing; after release everything. What is cancelled
    is never declared, and money that never was an order's has no gate.
    """
    if kind == Kind.STRAY or order.state == "cancelled":
        return True
    if order.gate == Gate.BEFORE_LIST:
        return kind != Kind.GOODWILL
    return order.gate == Gate.AFTER_RELEASE


def accept(refund: Refund, *, now: datetime) -> None:
    """Let a requested refund leave: a minute after the one before it, as WeChat Pay wants it."""
    before = Refund.objects.filter(payment=refund.payment_id, accepted_at__isnull=False)
    last = before.aggregate(last=Max("accepted_at"))["last"]
    REFUND.move(
        refund,
        "accept",
        now=now,
        facts=facts_of(refund),
        accepted_at=now,
        next_try_at=now if last is None else max(now, last + APART),
        # Nothing of it was sent: what a sweep holds of those that wait, and how often it looked, is over.
        held_until=None,
        tries=0,
    )
    waits_no_more(refund, now)


def waits_no_more(refund: Refund, now: datetime) -> None:
    """Nobody needs to ask any more why the refund does not leave."""
    note = f"{refund.out_refund_no} is {refund.state}"
    settle_open(kinds=[WAITING], key=refund.event_key, by="system", note=note, now=now)


def facts_of(refund: Refund) -> dict[str, object]:
    """What the events of a refund tell: whose it is and its parts, in fen."""
    names = ("amount_fen", "goods_fen", "discount_fen", "freight_fen", "tax_fen", "other_fen")
    amounts = {name: getattr(refund, name) for name in names}
    return {
        "kind": str(refund.kind),
        "order": refund.order.number,
        "out_trade_no": refund.payment.out_trade_no,
        **amounts,
    }


def again_key(out_refund_no: str) -> str:
    """The key of what is asked for anew in place of a closed refund."""
    return f"again:{out_refund_no}"[:80]


def refundable_fen(payment: Payment) -> int:
    """What of a payment has neither gone back nor is on its way."""
    taken = Refund.objects.filter(LIVING, payment=payment).aggregate(sum=Sum("amount_fen"))["sum"] or 0
    return (payment.received_fen or 0) - taken


def _reason(reason: str) -> str:
    try:
        return reason_text(reason)
    except ValueError:
        raise BadReason() from None


def _same(known: Refund, wish: Wish) -> Refund:
    """The refund that the key stands for; raises WishChanged when the wish is another one, RefundClosed."""
    pieces = dict(known.lines.values_list("line_id", "quantity"))
    if wish.goodwill_fen:
        same = known.kind == Kind.GOODWILL and known.other_fen == wish.goodwill_fen
    else:
        same = known.kind != Kind.GOODWILL and (wish.whole or pieces == dict(wish.pieces))
        same = same and (wish.freight or not known.freight_fen)
    if not same:
        raise WishChanged(number=known.out_refund_no)
    if known.state == "closed":
        raise RefundClosed(number=known.out_refund_no)
    return known


def _withdraw_waiting(payment: Payment, now: datetime) -> list[str]:
    """All goes back: what still waited to leave on its own is part of it. Its numbers."""
    waiting = list(Refund.objects.select_for_update().filter(payment=payment, state="requested"))
    for one in waiting:
        REFUND.move(one, "withdraw", now=now, facts={"by": "system"})
        waits_no_more(one, now)
    return [one.out_refund_no for one in waiting]


def _room(payment: Payment, now: datetime) -> int:
    """What is left of the payment; raises TooMuch when it is nothing, TooManyRefunds, TooOld."""
    left = refundable_fen(payment)
    if left <= 0:
        raise TooMuch(left_fen=0)
    if Refund.objects.filter(LIVING | Q(accepted_at__isnull=False), payment=payment).count() >= MOST_PARTIAL:
        raise TooManyRefunds()
    if payment.succeeded_at is not None and now > payment.succeeded_at + timedelta(days=DAYS):
        raise TooOld()
    return left


def _parts(order: Order, wish: Wish) -> list[Part]:
    """The wished pieces with their shares, or all that are left. Raises TooManyPieces."""
    lines = list(OrderLine.objects.filter(order=order).order_by("position"))
    gone = returned(RefundLine.objects.filter(~Q(refund__state="closed"), refund__order=order))
    parts = []
    if not wish.whole and not set(wish.pieces) <= {line.pk for line in lines}:
        raise TooManyPieces(sku="-", left=0)
    for line in lines:
        before = gone.get(line.pk, NOTHING)
        left = max(0, line.quantity - before.quantity)
        quantity = left if wish.whole else wish.pieces.get(line.pk, 0)
        if quantity > left or quantity < 0:
            raise TooManyPieces(sku=line.sku, left=left)
        if quantity:
            parts.append(part(line, quantity, before, freight=wish.freight))
        elif wish.whole and (stayed := rest(line, before)).amount_fen:
            parts.append(stayed)
    return parts


def _takes_the_last(order: Order, wish: Wish) -> bool:
    """Whether the wished pieces, of which none are too many, leave no piece of the order."""
    gone = returned(RefundLine.objects.filter(~Q(refund__state="closed"), refund__order=order))
    return all(
        gone.get(line.pk, NOTHING).quantity + wish.pieces.get(line.pk, 0) >= line.quantity
        for line in OrderLine.objects.filter(order=order)
    )


def _write(
    *,
    payment: Payment,
    kind: str,
    key: str,
    parts: Sequence[Part],
    other_fen: int,
    left: int,
    spares: bool,
    whole: bool,
    told: Mapping[str, str],
    replaced: Sequence[str] = (),
    now: datetime,
) -> Refund:
    amount = sum(one.amount_fen for one in parts) + other_fen
    # Goodwill given before is part of what all pieces together give back: all that is left, or the last of
    # them, is less by it; and all that is left is more where it was taken off before and then never left.
    spared = max(0, amount - left) if spares else 0
    other_fen += max(0, left - amount) if whole else 0
    amount = left if whole else amount - spared
    if not 0 < amount <= left:
        raise TooMuch(left_fen=left)
    sums = {name: sum(one.shares[name] for one in parts) for name in ("goods_fen", "freight_fen")}
    refund = Refund.objects.create(
        storefront_id=payment.storefront_id,
        payment=payment,
        order=payment.order,
        out_refund_no=f"R{ids.number(now)}",
        kind=kind,
        key=key,
        amount_fen=amount,
        **sums,
        discount_fen=sum(one.shares["discount_fen"] for one in parts) + spared,
        tax_fen=sum(one.tax_fen for one in parts),
        other_fen=other_fen,
        whole=whole,
        **told,
        notify_url=notify_url(payment.mchid),
        requested_at=now,
        next_try_at=now + LOOK_AGAIN,
    )
    RefundLine.objects.bulk_create(
        RefundLine(
            storefront_id=payment.storefront_id,
            refund=refund,
            line=one.line,
            quantity=one.quantity,
            **{name: one.shares[name] for name in SHARES},
        )
        for one in parts
    )
    events.record(
        storefront_id=payment.storefront_id,
        name="refund.requested",
        key=refund.event_key,
        facts={**facts_of(refund), "by": told["asked_by"], "instead_of": list(replaced)},
        now=now,
    )
    return refund
