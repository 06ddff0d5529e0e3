"""A consumer asks: the request stands with what was offered, once per wish, and goes on by itself.

The order is held from the look to the row, so that of two requests the second sees the pieces of the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from catalog.models import Variant
from compliance import services as compliance
from compliance import vault
from kernel import events, ids
from kernel.errors import Conflict, Invalid
from kernel.tenancy import tenant
from orders.models import Order
from returns import labels
from returns.models import ReturnLine, ReturnPicture, ReturnRequest
from returns.reasons import REASONS, Fault, Kind
from returns.services import decide
from returns.services.holding import hold_order
from returns.services.offer import Offer, Wished, make_offer
from returns.services.seen import Seen, Stage, look
from returns.shown import offer_shown
from returns.windows import ARRIVE, DECLARE, whole

LONGEST_WORDS, MOST_PICTURES = 500, 9
LAST_HOUR = timedelta(hours=1)


@dataclass(eq=False)
class NotPossible(Conflict):
    """What was asked for is not possible; each reason stands with its source, and what remains."""

    code = "return_not_possible"
    title = "This return is not possible; see why, and what remains possible."
    title_zh = "无法申请该退换货，请查看原因及仍可办理的方式。"
    obstacles: list[dict[str, Any]]
    remains: list[str]


class AskedOtherwise(Invalid):
    """The key stands for a request that was another one."""

    code = "return_asked_otherwise"
    title = "This key was used for another return; use a new one."
    title_zh = "该幂等键已用于另一退换货申请，请更换。"


@dataclass(eq=False)
class PicturesNeeded(Invalid):
    """A claim of damage, defect or a wrong piece shows it."""

    code = "return_pictures_needed"
    title = "Add from {fewest} to {most} pictures that show it, taken for this order."
    title_zh = "请上传{fewest}至{most}张本订单的凭证照片。"
    fewest: int
    most: int


@dataclass(eq=False)
class WantedUnknown(Invalid):
    """What is wanted in exchange is one of the shop's goods, for each line that is sent back."""

    code = "return_wanted_unknown"
    title = "Say for each line which SKU of this shop you want in exchange."
    title_zh = "请为每件商品选择本店的换货规格。"


def ask_return(
    *,
    number: str,
    wished: Wished,
    key: str,
    now: datetime,
    words: str = "",
    pictures: Sequence[UUID] = (),
) -> ReturnRequest:
    """The return that a consumer asks of the order `number`, or the one that the same `key` asked for before.

    `words` (500 characters at most) rest sealed under the order's key; `pictures` were given for this order.
    What the law or the terms give anyway is approved at once. Locks payment, order. Raises NotPossible,
    AskedOtherwise, PicturesNeeded, WantedUnknown, ProcessingLimited.
    """
    with tenant(Order.objects.values_list("storefront_id", flat=True).get(number=number)):
        order = hold_order(number)
        known = ReturnRequest.objects.filter(order=order, key=key).first()
        if known is not None:
            return _same(known, wished)
        if order.customer is not None:
            compliance.refuse_limited(order.customer.subject)
        seen = look(order=order, now=now)
        offer = make_offer(seen=seen, wished=wished)
        if not offer.possible:
            shown = offer_shown(offer)
            raise NotPossible(shown["obstacles"], shown["remains"])
        found = _pictures(order, wished, pictures)
        row = write(seen, offer, key, words[:LONGEST_WORDS], now)
        ReturnPicture.objects.filter(pk__in=found).update(request=row)
        if gives_itself(seen, offer):
            decide.say_yes(row, by="system", now=now)
    return row


def gives_itself(seen: Seen, offer: Offer) -> bool:
    """Whether no person decides: the law gives it, or nothing has left, within the terms' bounds.

    Those are of an order, with all that was given of it by itself: many small wishes do not pass them.
    """
    if not decide.within_bound(seen.order, seen.policy, offer.refund_fen):
        return False
    kind, reason = offer.wished.kind, REASONS[offer.wished.reason]
    if kind is Kind.REFUND_ONLY:
        return seen.stage is Stage.HERE
    return kind in (Kind.RETURN, Kind.EXCHANGE) and reason.fault is Fault.NONE


def _same(known: ReturnRequest, wished: Wished) -> ReturnRequest:
    lines = known.lines.values_list("line__position", "quantity", "wanted__sku", "line__sku")
    pieces = {position: quantity for position, quantity, _, _ in lines}
    wanted = {position: sku for position, _, sku, _ in lines if sku}
    now_wanted = {position: wished.wanted.get(position, own) for position, _, _, own in lines}
    if (known.kind, known.reason, pieces, wanted) != (
        wished.kind,
        wished.reason,
        dict(wished.pieces),
        now_wanted if wished.kind is Kind.EXCHANGE else {},
    ):
        raise AskedOtherwise()
    return known


def _pictures(order: Order, wished: Wished, given: Sequence[UUID]) -> list[int]:
    """The pictures that were given for this order and prove nothing else yet."""
    fewest = REASONS[wished.reason].pictures
    free = ReturnPicture.objects.select_for_update().filter(order=order, request=None, public_id__in=given)
    found = list(free.values_list("pk", flat=True)) if given else []
    if not fewest <= len(found) <= MOST_PICTURES or len(found) != len(set(given)):
        raise PicturesNeeded(fewest, MOST_PICTURES)
    return found


def _wanted(seen: Seen, wished: Wished) -> dict[int, Variant]:
    """Position → what is wanted for its pieces; the same variant where nothing else is said."""
    if wished.kind is not Kind.EXCHANGE:
        return {}
    own = {line.position: line.sku for line in seen.lines}
    skus = {position: wished.wanted.get(position, own[position]) for position in wished.pieces}
    known = Variant.objects.filter(storefront_id=seen.order.storefront_id, sku__in=set(skus.values()))
    variants = {one.sku: one for one in known}
    if not set(wished.wanted) <= set(wished.pieces) or not set(skus.values()) <= set(variants):
        raise WantedUnknown()
    return {position: variants[sku] for position, sku in skus.items()}


def _decide_by(seen: Seen, offer: Offer, now: datetime) -> datetime:
    """Within the hours of the terms, and while customs can still be told of goods that come back in time."""
    by = now + timedelta(hours=seen.policy.decide_hours)
    last = offer.day(DECLARE)
    return max(now, min(by, whole(last) - LAST_HOUR)) if offer.restorable and last else by


def write(seen: Seen, offer: Offer, key: str, words: str, now: datetime) -> ReturnRequest:
    """The request with what was offered, as it stands from now on. Called by who holds the order."""
    order, wished = seen.order, offer.wished
    wanted = _wanted(seen, wished)
    public_id = ids.uuid7()
    sealed = vault.unwrap(order.key).seal(labels.WORDS, public_id, words) if words else b""
    decide_by = _decide_by(seen, offer, now)
    row = ReturnRequest.objects.create(
        public_id=public_id,
        number=f"RMA{ids.number(now)}",
        storefront_id=order.storefront_id,
        order=order,
        kind=wished.kind,
        reason=wished.reason,
        key=key,
        words_sealed=sealed,
        policy=seen.policy if seen.policy.pk else None,
        goods_back=offer.goods_back,
        seller_pays=offer.seller_pays,
        freight=offer.freight,
        quoted_fen=offer.refund_fen,
        quoted_late_fen=offer.late_fen,
        quote=offer_shown(offer),
        declare_by=offer.day(DECLARE),
        arrive_by=offer.day(ARRIVE),
        decide_by=decide_by,
        next_at=decide_by,
        requested_at=now,
    )
    ReturnLine.objects.bulk_create(
        ReturnLine(
            storefront_id=order.storefront_id,
            request=row,
            line=line,
            quantity=wished.pieces[line.position],
            wanted=wanted.get(line.position),
        )
        for line in seen.lines
        if line.position in wished.pieces
    )
    events.record(
        storefront_id=order.storefront_id,
        name="return.requested",
        key=row.event_key,
        facts={
            "order": order.number,
            "kind": str(wished.kind),
            "reason": wished.reason,
            "refund_fen": offer.refund_fen,
        },
        now=now,
    )
    return row
