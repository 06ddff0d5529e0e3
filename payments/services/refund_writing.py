"""A refund is written down with the parts that it gives back, and beside them what no line gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction

from django.db.models import Q

from kernel import events, ids
from kernel.money import times
from orders.models import Order, OrderLine
from payments.gateways.wechat_pay import notify_url
from payments.models import Payment, Refund, RefundLine
from payments.services.refund_parts import NOTHING, SHARES, Part, Returned, part, rest, returned, with_tax
from payments.services.refund_refusals import TooManyPieces, TooMuch

AMOUNTS = (
    *("amount_fen", "goods_fen", "discount_fen", "freight_fen", "tax_fen", "other_fen", "spared_fen"),
    *("tax_lost_fen", "tax_kept_fen", "deducted_fen"),
)
LOOK_AGAIN = timedelta(hours=1)  # at what waits for customs, should its event have been lost


@dataclass(frozen=True, slots=True)
class Kept:
    """What of the shares of a refund's pieces the consumer does not get, in fen.

    With `tax_lost` customs does not give up their tax (a return that was too late), and the consumer bears
    the share `tax_kept` (0 to 1) of it; `deducted_fen` is kept of the price of goods that were used.
    """

    tax_lost: bool = False
    tax_kept: Fraction = Fraction(0)
    deducted_fen: int = 0

    def of(self, tax_fen: int) -> dict[str, int]:
        """The columns of a refund whose pieces carry `tax_fen` of tax."""
        lost = tax_fen if self.tax_lost else 0
        return {
            "tax_lost_fen": lost,
            "tax_kept_fen": times(lost, self.tax_kept),
            "deducted_fen": self.deducted_fen,
        }

    def fen(self, tax_fen: int) -> int:
        """What of it the consumer does not get."""
        kept = self.of(tax_fen)
        return kept["tax_kept_fen"] + kept["deducted_fen"]


NOTHING_KEPT = Kept()


def kept_of(refund: Refund) -> Kept:
    """What a refund kept back, to ask for the same again."""
    lost = refund.tax_lost_fen
    share = Fraction(refund.tax_kept_fen, lost) if lost else Fraction(0)
    return Kept(lost > 0, share, refund.deducted_fen)


def parts_of(order: Order, *, pieces: Mapping[int, int], whole: bool, freight: bool = True) -> list[Part]:
    """These pieces (line → how many) with their shares, or all that are left; tax is what is levied less.

    Raises TooManyPieces.
    """
    lines = list(OrderLine.objects.filter(order=order).order_by("position"))
    gone = returned(RefundLine.objects.filter(~Q(refund__state="closed"), refund__order=order))
    return parts_from(order, lines, gone, pieces=pieces, whole=whole, freight=freight)


def parts_from(
    order: Order,
    lines: Sequence[OrderLine],
    gone: Mapping[int, Returned],
    *,
    pieces: Mapping[int, int],
    whole: bool,
    freight: bool = True,
) -> list[Part]:
    """The same, where `gone` went back before (line id → what): pure."""
    parts = []
    if not whole and not set(pieces) <= {line.pk for line in lines}:
        raise TooManyPieces(sku="-", left=0)
    for line in lines:
        before = gone.get(line.pk, NOTHING)
        left = max(0, line.quantity - before.quantity)
        quantity = left if whole else pieces.get(line.pk, 0)
        if quantity > left or quantity < 0:
            raise TooManyPieces(sku=line.sku, left=left)
        if quantity:
            parts.append(part(line, quantity, before, freight=freight))
        elif whole and (stayed := rest(line, before)).amount_fen:
            parts.append(stayed)
    return with_tax(order, lines, gone, parts)


@dataclass(frozen=True, slots=True)
class Weighed:
    """What a refund comes to, in fen: what leaves, what of it no line gives, what goodwill gave before."""

    amount_fen: int
    other_fen: int
    spared_fen: int


def weigh(
    parts: Sequence[Part], *, kept: Kept, left: int, spares: bool, whole: bool, other_fen: int = 0
) -> Weighed:
    """What these parts and so much beside come to, of what is `left` of the payment: pure.

    Goodwill is a gift beside the goods until nothing is left: where `spares`, what the parts come to beyond
    that was given before and is spared. What is asked for as the `whole` takes what is left above it too:
    something was spared before for goodwill that then never left.
    """
    worth = sum(one.amount_fen for one in parts) + other_fen - kept.fen(sum(one.tax_fen for one in parts))
    spared = max(0, worth - left) if spares else 0
    above = max(0, left - worth) if whole else 0
    return Weighed(worth - spared + above, other_fen + above, spared)


def within(kept: Kept, parts: Sequence[Part]) -> Kept:
    """No more is kept back of the price than the parts carry of it: a fen may lie with other pieces."""
    price = sum(one.shares["goods_fen"] - one.shares["discount_fen"] for one in parts)
    return replace(kept, deducted_fen=min(kept.deducted_fen, max(0, price)))


def takes_the_last(order: Order, pieces: Mapping[int, int]) -> bool:
    """Whether these pieces, of which none are too many, leave no piece of the order."""
    gone = returned(RefundLine.objects.filter(~Q(refund__state="closed"), refund__order=order))
    return all(
        gone.get(line.pk, NOTHING).quantity + pieces.get(line.pk, 0) >= line.quantity
        for line in OrderLine.objects.filter(order=order)
    )


def write(
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
    freight_stays: bool = False,
    kept: Kept = NOTHING_KEPT,
    least: int = 1,
    number: str = "",
    now: datetime,
) -> Refund:
    """A refund that is asked for, of these parts and so much beside, within what is `left` of the payment.
    With `least` 0 it may come to nothing: the parts have gone back, and no money leaves.

    `number` is one that WeChat Pay has given it already: then it is never sent. Raises TooMuch. Called by who
    holds the payment's row, and its order's where there are parts.
    """
    tax = sum(one.tax_fen for one in parts)
    found = weigh(parts, kept=kept, left=left, spares=spares, whole=whole, other_fen=other_fen)
    if not least <= found.amount_fen <= left:
        raise TooMuch(left_fen=left)
    sums = {name: sum(one.shares[name] for one in parts) for name in ("goods_fen", "freight_fen")}
    refund = Refund.objects.create(
        storefront_id=payment.storefront_id,
        payment=payment,
        order=payment.order,
        out_refund_no=number or f"R{ids.number(now)}",
        kind=kind,
        key=key,
        amount_fen=found.amount_fen,
        **sums,
        discount_fen=sum(one.shares["discount_fen"] for one in parts),
        tax_fen=tax,
        **kept.of(tax),
        other_fen=found.other_fen,
        spared_fen=found.spared_fen,
        whole=whole,
        freight_stays=freight_stays,
        **told,
        notify_url="" if number else notify_url(payment.mchid),
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


def facts_of(refund: Refund) -> dict[str, object]:
    """What the events of a refund tell: whose it is and its parts, in fen."""
    amounts = {name: getattr(refund, name) for name in AMOUNTS}
    return {
        "kind": str(refund.kind),
        "order": refund.order.number,
        "out_trade_no": refund.payment.out_trade_no,
        **amounts,
    }
