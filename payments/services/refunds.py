"""Asking for a refund: at most what was paid and has not gone back, once per wish, and not past customs.

Cap = received − refunded − on its way, under the lock of the payment's row and then of its order's. What must
wait for customs' decision stays `requested` and leaves by itself once the gate opens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import QuerySet, Sum

from kernel.cases import settle_open
from kernel.tenancy import tenant
from orders.models import Order
from payments.models import Payment, Refund
from payments.services.refund_limits import LIVING, back_fen, must_be_ours, slot, within_limits
from payments.services.refund_refusals import (
    BadReason,
    NotPaid,
    RefundClosed,
    TooMuch,
    WishChanged,
)
from payments.services.refund_transfer import BeforeTheList, NotYet, Transfer, must_have_paid, pay
from payments.services.refund_writing import (
    NOTHING_KEPT,
    Kept,
    facts_of,
    kept_of,
    parts_of,
    takes_the_last,
    weigh,
    within,
    write,
)
from payments.states import REFUND
from wechat.pay.refunds import reason_text

WAITING = "refund.waiting"  # the case of one that has been asked for and does not leave
FAILING = "refund.failing"  # the case of one that met what nobody foresaw
BY_BANK = "refund.by_bank"  # the case of money that WeChat Pay does not refund any more
STRAY_KEY = "stray"
STRAYED = "款项无对应订单"  # the reason that who paid it is shown
Kind, Gate = Refund.Kind, Order.Gate


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to go back: pieces (line id → how many), a goodwill amount, or else all that is left.

    Without `freight` the pieces' share of it stays; it goes back with what is asked for later, or with all.
    `kept` is what of the pieces' shares does not go back to the consumer, now or later. With `as_far` it goes
    as far as money is left of the payment, also where that is none: goods that are back end so.
    """

    pieces: Mapping[int, int] = field(default_factory=dict)
    goodwill_fen: int = 0
    freight: bool = True
    kept: Kept = NOTHING_KEPT
    as_far: bool = False

    @property
    def whole(self) -> bool:
        """Nothing less than all that is left."""
        return not self.pieces and not self.goodwill_fen


def request_refund(
    *,
    number: str,
    wish: Wish,
    key: str,
    reason: str,
    asked_by: str,
    now: datetime,
    note: str = "",
    transfer: Transfer | None = None,
    since: datetime | None = None,
    instead_of: Sequence[str] = (),
) -> Refund:
    """A refund of the paid order `number`: made, or the one that the same `key` asked for before.

    It leaves at once where the gate allows, and waits where it does not. With `transfer` (made
    `since` then, or since the payment) our bank has paid it, where WeChat refunds no more, or `instead_of`
    what it closed: WeChat never sees it. Raises StillRefunded, NotYet where the gate is shut, BeforeTheList,
    BadTransfer, AlreadyTransferred. Locks payment, order. Raises NotPaid, TooMuch, TooManyPieces,
    TooManyRefunds, TooOld, WishChanged, RefundClosed, BadReason.
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
            return must_have_paid(_same(known, wish), transfer)
        waiting = Refund.objects.filter(payment=payment, state="requested")
        replaced = take_back_waiting(waiting, now) if wish.whole else []
        left = _room(payment, wish.as_far)
        if wish.goodwill_fen:
            kind, parts, other = Kind.GOODWILL, [], wish.goodwill_fen
        else:
            kind = Kind.CANCELLATION if order.state == "cancelled" else Kind.LINES
            parts, other = parts_of(order, pieces=wish.pieces, whole=wish.whole, freight=wish.freight), 0
        nothing_left = wish.whole or (bool(parts) and takes_the_last(order, wish.pieces))
        spares, kept = nothing_left or wish.as_far, within(wish.kept, parts)
        if spares and weigh(parts, kept=kept, left=left, spares=True, whole=False).spared_fen:
            replaced += take_back_waiting(waiting.filter(kind=Kind.GOODWILL), now)
            left = refundable_fen(payment)
        found = weigh(parts, kept=kept, left=left, spares=spares, whole=wish.whole, other_fen=other)
        if found.amount_fen or not wish.as_far:
            _limits(payment, now, transfer, instead_of)
        refund = write(
            payment=payment,
            kind=kind,
            key=key,
            parts=parts,
            other_fen=other,
            left=left,
            spares=spares,
            whole=wish.whole,
            told={"reason": shown, "asked_by": asked_by, "note": note[:300]},
            replaced=[*replaced, *instead_of],
            freight_stays=bool(wish.pieces) and not wish.freight,
            kept=kept,
            least=0 if wish.as_far else 1,
            now=now,
        )
        if transfer is not None:
            _pay(refund, order, transfer, since or payment.succeeded_at or now, now)
        elif may_leave(order, kind):
            accept(refund, now=now)
    return refund


def refund_stray(
    *,
    out_trade_no: str,
    reason: str,
    now: datetime,
    key: str = STRAY_KEY,
    asked_by: str = "system",
    transfer: Transfer | None = None,
    since: datetime | None = None,
    instead_of: Sequence[str] = (),
) -> Refund:
    """Send back, whole and once per `key`, money that no order could take, or note the `transfer` that did.

    Locks the payment. Raises TooMuch, TooManyRefunds, TooOld, StillRefunded, BadReason, BadTransfer,
    AlreadyTransferred, WishChanged, and RefundClosed where what the key stands for is closed: on its page it
    is asked for again, or transferred.
    """
    storefront_id = Payment.objects.values_list("storefront_id", flat=True).get(out_trade_no=out_trade_no)
    with tenant(storefront_id):
        payment = Payment.objects.select_for_update().get(out_trade_no=out_trade_no)
        known = Refund.objects.filter(payment=payment, key=key).first()
        if known is not None:
            return must_have_paid(_living(known), transfer)
        left = _room(payment)
        _limits(payment, now, transfer, instead_of)
        refund = write(
            payment=payment,
            kind=Kind.STRAY,
            key=key,
            parts=[],
            other_fen=left,
            left=left,
            spares=False,
            whole=True,
            told={"reason": _reason(reason), "asked_by": asked_by, "note": ""},
            replaced=instead_of,
            now=now,
        )
        if transfer is not None:
            _pay(refund, payment.order, transfer, since or payment.succeeded_at or now, now)
            stray_ended(payment, note=refund.transfer_reference, by=transfer.by, now=now)
        else:
            accept(refund, now=now)
    return refund


def stray_ended(payment: Payment, *, note: str, by: str = "system", now: datetime) -> None:
    """Settle the case of money that no order could take, once all of it has gone back."""
    if back_fen(payment) < (payment.received_fen or 0):
        return
    kinds, key = [f"payment.{payment.stray_reason}"], f"transaction:{payment.transaction_id}"
    settle_open(kinds=kinds, key=key, by=by, note=note, now=now)


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
    """Let a requested refund leave: a minute after the one before it, as WeChat Pay wants it. One of nothing
    is told nobody, and has arrived."""
    if not refund.amount_fen:
        REFUND.move(refund, "nothing", now=now, facts=facts_of(refund), succeeded_at=now)
        waits_no_more(refund, now)
        return
    REFUND.move(
        refund,
        "accept",
        now=now,
        facts=facts_of(refund),
        accepted_at=now,
        next_try_at=slot(refund.payment, now=now),
        # Nothing of it was sent: what a sweep holds of those that wait, and how often it looked, is over.
        held_until=None,
        tries=0,
    )
    waits_no_more(refund, now)


def waits_no_more(refund: Refund, now: datetime) -> None:
    """Nobody needs to ask any more why the refund does not leave."""
    note = f"{refund.out_refund_no} is {refund.state}"
    settle_open(kinds=[WAITING, FAILING], key=refund.event_key, by="system", note=note, now=now)


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
        alike = pieces == dict(wish.pieces) and known.freight_stays is not wish.freight
        alike &= wish.kept.of(known.tax_fen) == kept_of(known).of(known.tax_fen)
        same = known.kind != Kind.GOODWILL and (wish.whole or alike)
    if not same:
        raise WishChanged(number=known.out_refund_no)
    return _living(known)


def _living(known: Refund) -> Refund:
    """What is closed gives nothing back, and its key asks for nothing else. Raises RefundClosed."""
    if known.state == "closed":
        raise RefundClosed(number=known.out_refund_no)
    return known


def take_back_waiting(waiting: QuerySet[Refund], now: datetime) -> list[str]:
    """Nothing stays: what still waited to leave on its own is part of what goes back. Its numbers."""
    found = list(waiting.select_for_update())
    for one in found:
        REFUND.move(one, "withdraw", now=now, facts={"by": "system"})
        waits_no_more(one, now)
    return [one.out_refund_no for one in found]


def _pay(refund: Refund, order: Order, transfer: Transfer, since: datetime, now: datetime) -> None:
    if not may_leave(order, refund.kind):
        raise NotYet()
    back = back_fen(refund.payment) + refund.amount_fen
    undeclared = order.state == "paid" and order.gate == Gate.BEFORE_LIST and refund.kind != Kind.STRAY
    if undeclared and back < (refund.payment.received_fen or 0):
        raise BeforeTheList()
    pay(refund, transfer, since=since, facts=facts_of(refund), now=now)
    if refundable_fen(refund.payment) <= 0:
        key, note = refund.payment.event_key, refund.transfer_reference
        settle_open(kinds=[BY_BANK], key=key, by=transfer.by, note=note, now=now)


def _room(payment: Payment, also_none: bool = False) -> int:
    """What is left of the payment; raises TooMuch when it is nothing, unless that will do."""
    left = max(0, refundable_fen(payment))
    if not left and not also_none:
        raise TooMuch(left_fen=0)
    return left


def _limits(payment: Payment, now: datetime, transfer: Transfer | None, instead_of: Sequence[str]) -> None:
    """Raises for WeChat's limits TooManyRefunds, TooOld; for a transfer within them, `instead_of` nothing,
    StillRefunded."""
    if transfer is None:
        within_limits(payment, now=now)
    elif not instead_of:
        must_be_ours(payment, now=now)
