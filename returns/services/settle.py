"""The money of a return: asked for once, by the number of the return, and never waiting for customs.

What customs will not give up of the tax is told with the refund, so that the ledger keeps it owed; who
bears it is the storefront's policy of the day, as the consumer was shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from fractions import Fraction

from django.db.models import Q

from kernel.cases import settle_open
from kernel.clock import shanghai_day
from kernel.errors import Conflict
from kernel.tenancy import tenant
from orders.given_back import NOTHING, returned
from payments.models import Refund, RefundLine
from payments.services.refund_writing import Kept
from payments.services.refunds import request_refund
from returns.models import ReturnGrade, ReturnLine, ReturnRequest
from returns.reasons import REASONS, Fault, Kind
from returns.services import hands
from returns.services.amount import wish_for
from returns.services.given import mind_given
from returns.services.holding import hold, move_lines, take_windows
from returns.services.seen import Seen, Stage, look
from returns.services.tax import given_up, share
from returns.states import HOLDING, RETURN, RETURN_LINE
from returns.windows import DECLARE, clock

Grade = ReturnGrade.Grade
DISPUTED, NOT_INSPECTED = "return.disputed", "return.not_inspected"
SHOWN = {Kind.REFUND_ONLY: "退款", Kind.RETURN: "退货退款", Kind.EXCHANGE: "换货退款", Kind.CLAIM: "售后退款"}


class PiecesGone(Conflict):
    """Its pieces were asked for or refunded otherwise since."""

    code = "return_pieces_gone"
    title = "Its pieces were refunded or asked for by another request since."
    title_zh = "相关商品已在其他申请中退款或办理。"


def settle(*, request: ReturnRequest, by: str, now: datetime, waive: bool = False) -> ReturnRequest:
    """Let the money of what was received go; with `waive` all that was asked for, however it was found.

    Where nothing of it can be refunded (all was wrong or short) it ends. To waive is `by`'s own choice, and
    so it is to pay before the law's last day what nobody has looked at. Raises WrongState, SameHands, and
    what `pay` raises.
    """
    with tenant(request.storefront_id):
        row = hold(request)
        early = row.state == "received" and (row.refund_by is None or now < row.refund_by)
        if not early:  # else it is a choice, which a colleague agrees to
            hands.mind_hands(row, by)
        settle_held(row, by=by, now=now, whole=waive, choice=waive or early)
    return row


def settle_held(
    row: ReturnRequest, *, by: str, now: datetime, whole: bool = False, choice: bool = False
) -> None:
    """The same of a row that the caller holds; `whole`: as if nothing had been found otherwise; `choice`: an
    operator's own, whom nothing obliges."""
    if whole:
        row.deducted_fen, row.deducted_why = 0, ""
    changes = {"deducted_fen": row.deducted_fen, "deducted_why": row.deducted_why, "next_at": None}
    pieces = creditable(row, whole=whole)
    if pieces:
        RETURN.move(row, "settle", now=now, facts={"by": by}, **changes)
        pay(row, pieces=pieces, now=now, choice_of=by if choice else "")
    else:
        RETURN.move(row, "end", now=now, facts={"by": by}, **changes)
        move_lines(row, "drop", HOLDING, now)
    note = f"the return is {row.state}"
    settle_open(kinds=[DISPUTED, hands.SECOND], key=row.event_key, by=by, note=note, now=now)


def against(row: ReturnRequest) -> Counter[int]:
    """Id of a line of it → pieces that were not there, or that were not sold by us.

    Where the seller sent the wrong goods, they come back as such.
    """
    seller = REASONS[row.reason].fault is Fault.SELLER
    never = {Grade.SHORT} if seller else {Grade.SHORT, Grade.WRONG}
    found = Counter[int]()
    for one in ReturnGrade.objects.filter(line__request=row, grade__in=never):
        found[one.line_id] += one.quantity
    return found


def creditable(row: ReturnRequest, *, whole: bool = False) -> dict[int, int]:
    """Line id → pieces that are refunded: all that were asked for, less, unless `whole`, what is against it.

    What was refunded since by others is not refunded again.
    """
    never = Counter[int]() if whole else against(row)
    lines = ReturnLine.objects.filter(request=row, state__in=HOLDING)
    gone = returned(RefundLine.objects.filter(~Q(refund__state="closed"), refund__order=row.order_id))
    left = {
        one.line_id: min(
            one.quantity - one.refunded - never[one.pk],
            one.line.quantity - gone.get(one.line_id, NOTHING).quantity,
        )
        for one in lines.select_related("line")
    }
    return {line_id: pieces for line_id, pieces in left.items() if pieces > 0}


def pay(
    row: ReturnRequest,
    *,
    now: datetime,
    pieces: dict[int, int] | None = None,
    lost: bool = False,
    choice_of: str = "",
) -> None:
    """Ask for the refund of a held request; its lines are payments' from now on. Raises as request_refund.

    Where goodwill or what is kept back has all of it, the refund is of nothing, and has arrived at once.
    What an operator chooses to give (`choice_of`) counts with all that operators gave of the order; beyond
    the storefront's limit a colleague agrees to it first: raises NeedsColleague.

    Of goods that are `lost` on their way back customs gives up nothing, and the brand bears it.
    """
    seen = look(order=row.order, now=now, but=row.pk)
    pieces = pieces or creditable(row)
    if not pieces:
        raise PiecesGone()
    if seen.released is not None and row.goods_back:
        take_windows(row, released=seen.released)
    kept, restorable = (
        (Kept(tax_lost=seen.released is not None), False) if lost else kept_of(row, seen, pieces)
    )
    refund = request_refund(
        number=row.order.number,
        wish=wish_for(seen, pieces, freight=row.freight, kept=kept),
        key=f"return:{row.number}",
        reason=SHOWN[Kind(row.kind)],
        asked_by=f"operator:{choice_of}"[:80] if choice_of else "consumer",
        note=row.number,
        now=now,
    )
    if choice_of:
        mind_given(order=row.order, by=choice_of, now=now)
    row.refund, row.restorable, row.deducted_fen = refund, restorable, refund.deducted_fen
    row.save(update_fields=["refund", "restorable", "deducted_fen"])
    for one in ReturnLine.objects.filter(request=row, state__in=HOLDING).select_related("request", "line"):
        verb = "pay" if one.line_id in pieces else "drop"
        RETURN_LINE.move(
            one, verb, now=now, facts={"line": one.line.position, "pieces": pieces.get(one.line_id, 0)}
        )


def kept_of(row: ReturnRequest, seen: Seen, pieces: Mapping[int, int]) -> tuple[Kept, bool]:
    """What the consumer does not get of these pieces, and whether customs gives up their tax, as is known.

    It does where they were declared and are entered there as back in time; that it grants it is not awaited.
    Tax that the consumer was not shown as kept, the release not being known yet, is the brand's to bear.
    """
    kept = Kept(deducted_fen=row.deducted_fen)
    if seen.released is None:
        return kept, False
    here = seen.stage is Stage.HERE and not row.goods_back  # it never left: declared and arrived today
    if here and clock(DECLARE, since=seen.released, today=seen.today).open:
        return kept, True
    if given := given_up(row, pieces):
        return kept, given == pieces
    at = shanghai_day(row.received_at) if row.received_at else seen.today
    in_time = bool(row.goods_back and row.arrive_by and at <= row.arrive_by)
    seller = REASONS[row.reason].fault is Fault.SELLER
    # Asked for and back in time: that it was not declared is the brand's own affair.
    asked_in_time = bool(row.declare_by and shanghai_day(row.requested_at) <= row.declare_by)
    own = seller or (in_time and asked_in_time) or not row.quote["tax"]["kept_late_fen"]
    share = Fraction(0) if own else Fraction(100 - row.terms.lost_tax_percent, 100)
    return replace(kept, tax_lost=True, tax_kept=share), False


def finish(*, refund: Refund, now: datetime) -> None:
    """The money of a return has arrived: it is settled. Of another refund, or told again, nothing happens."""
    for found in ReturnRequest.objects.filter(refund=refund).select_related("order").order_by("pk"):
        with tenant(found.storefront_id):
            row = hold(found)
            if row.state == "refunding":
                facts = {
                    "refund": refund.out_refund_no,
                    "refund_fen": refund.amount_fen,
                    "spared_fen": refund.spared_fen,
                    "deducted_fen": refund.deducted_fen,
                }
                at = refund.arrived_at or now
                RETURN.move(row, "finish", now=now, facts=facts, settled_at=at, next_at=None)
                share(row)


def follow(*, refund: Refund, instead_of: Sequence[str], now: datetime) -> None:
    """A refund that was closed is asked for anew, or is part of all that goes back: the return follows it."""
    before = {*instead_of, refund.key.removeprefix("again:")}
    ReturnRequest.objects.filter(refund__out_refund_no__in=before, state="refunding").update(refund=refund)
