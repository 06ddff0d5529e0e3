"""What came and nobody expected: kept apart by number, until a person sends it back or takes it as a return.

No money moves by itself. What was withdrawn, refused or is over is the consumer's still; what was refunded
before it came is ours. Of what nobody knows there is a number, so that whoever asks for it finds it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from django.db.models import Q

from inventory import services as inventory
from inventory.models import Lot, Pick
from kernel.clock import SHANGHAI, shanghai_day
from kernel.errors import Conflict, Invalid
from kernel.tenancy import tenant
from orders.given_back import returned
from orders.models import Order, OrderLine
from payments.models import RefundLine
from returns.models import ReturnGrade, ReturnLine, ReturnRequest, StrayParcel, StrayPiece
from returns.reasons import REASONS, Kind
from returns.services import at_customs, decide, settle
from returns.services.apart import apart, keep_apart, leave_stock, over, tell_kept
from returns.services.arrive import (
    Found,
    Place,
    inspect,
    left_of_lots,
    not_graded,
    receive,
)
from returns.services.arrive_refusals import BadDay, BadGrades, TooManyOfLot
from returns.services.ask import write
from returns.services.holding import hold_order, move_lines
from returns.services.offer import Wished, make_offer
from returns.services.seen import look
from returns.services.settle import PiecesGone
from returns.services.way import checked
from returns.states import RETURN

GRADES = (ReturnGrade.Grade.AS_NEW, ReturnGrade.Grade.OPENED, ReturnGrade.Grade.DAMAGED)
UNDECIDED = ("requested", "appealed")
REFUNDED = ("refunding", "settled")
AWAITED = ("to_send", "on_the_way", "received")


class NothingInIt(Invalid):
    """A parcel holds something."""

    code = "stray_empty"
    title = "Say what is in the parcel: pieces of the order, or in words with how many."
    title_zh = "请填写包裹内容：本订单商品的件数，或其他物品的说明与件数。"


class Expected(Conflict):
    """What is expected is received, and what is not decided is decided first."""

    code = "stray_expected"
    title = "This return is expected or not decided: receive its pieces, or have it decided first."
    title_zh = "该退货待收货或待审核：请按收货登记，或由客服先行审核，勿作无主包裹入库。"


class NotOfIt(Conflict):
    """What can be done with a parcel follows from what is in it."""

    code = "stray_not_possible"
    title = (
        "This is not possible: pieces of the order go back or are refunded; all else is closed with a note."
    )
    title_zh = "无法办理：本订单商品只能寄回或退款，其他物品注明去向后办结。"


class NotRefunded(Conflict):
    """What was not refunded is the consumer's."""

    code = "stray_not_refunded"
    title = "Its pieces were not refunded: they are the consumer's. Send them back, or refund them."
    title_zh = "包裹内商品尚未退款，仍属消费者：请寄回，或办理退款。"


def take_in(
    *,
    storefront_id: int,
    came_on: date,
    by: str,
    now: datetime,
    order: Order | None = None,
    request: ReturnRequest | None = None,
    found: Sequence[Found] = (),
    waybill: str = "",
    contents: str = "",
    pieces: int = 0,
    at_most_ago: timedelta | None = None,
) -> StrayParcel:
    """Keep a parcel apart: pieces of the order in quarantine by lot, all else in words; and say so.

    `at_most_ago` is how far back `by` may say it came. Raises NothingInIt, Expected, BadDay, BadGrades,
    TooManyOfLot.
    """
    today = shanghai_day(now)
    if at_most_ago is not None and not today - at_most_ago <= came_on <= today:
        raise BadDay((today - at_most_ago).isoformat(), today.isoformat())
    if not found and not (contents.strip() and pieces > 0):
        raise NothingInIt()
    with tenant(storefront_id):
        held = hold_order(order.number) if order is not None else None
        row = ReturnRequest.objects.select_for_update(of=("self",)).get(pk=request.pk) if request else None
        if row is not None and row.state in (*RETURN.moves["receive"], "received", "inspected", "disputed"):
            raise Expected()
        if row is not None and row.state in UNDECIDED and found:
            raise Expected()
        parcel = keep_apart(
            storefront_id=storefront_id,
            order=held,
            request=row,
            waybill=waybill[:64],
            contents=contents.strip()[:200],
            pieces=pieces,
            came_on=min(came_on, shanghai_day(now)),
            by=by,
            now=now,
        )
        if found:
            _keep_pieces(parcel, found, by, now)
        tell_kept(parcel, sum(one.quantity for one in found) or pieces, now=now)
        return parcel


def _keep_pieces(parcel: StrayParcel, found: Sequence[Found], by: str, now: datetime) -> None:
    """Each piece is of a lot that left with its line, and no more of one than left."""
    assert parcel.order is not None
    lines = {one.position: one for one in OrderLine.objects.filter(order=parcel.order)}
    left = left_of_lots(parcel.order)
    known = lots_of(parcel.order)
    stocks = {lot.pk: lot.stock_id for lots in known.values() for lot in lots.values()}
    for one in sorted(found, key=lambda one: (stocks.get(one.lot or 0, 0), one.lot or 0)):
        line = lines.get(one.position)
        lot = known.get(line.variant_id, {}).get(one.lot or 0) if line else None
        if line is None or lot is None or one.quantity <= 0 or one.grade not in GRADES:
            raise BadGrades(one.position, line.quantity if line else 0)
        if one.quantity > left[lot.pk]:
            raise TooManyOfLot(
                one.position, lot.code or lot.inbound_list or str(lot.pk), max(0, left[lot.pk])
            )
        left[lot.pk] -= one.quantity
        StrayPiece.objects.create(
            storefront_id=parcel.storefront_id,
            parcel=parcel,
            line=line,
            lot=lot,
            grade=one.grade,
            quantity=one.quantity,
        )
        inventory.take_back(
            lot=lot,
            pieces=one.quantity,
            holder=parcel.order.event_key,
            fit=False,
            reason=parcel.number,
            kept_for=parcel.event_key,
            by=by,
            now=now,
        )


def lots_of(order: Order) -> dict[int, dict[int, Lot]]:
    """Variant → the lots that left of it with an order, by key."""
    known: dict[int, dict[int, Lot]] = {}
    picks = Pick.objects.filter(reservation__holder=order.event_key, shipped_at__isnull=False)
    for one in picks.select_related("lot", "reservation__stock"):
        known.setdefault(one.reservation.stock.variant_id, {})[one.lot_id] = one.lot
    return known


def send_back(*, parcel: StrayParcel, carrier: str, waybill: str, by: str, now: datetime) -> StrayParcel:
    """The consumer's goods are on their way to them again, out of our stock. Raises NotOfIt, BadWaybill."""
    with tenant(parcel.storefront_id):
        row, pieces = _held(parcel)
        checked(carrier, waybill)
        if not pieces:
            raise NotOfIt()
        leave_stock(row, pieces, by=by, now=now)
        return over(
            row, "send_back", by=by, now=now, note=f"{carrier} {waybill}", carrier=carrier, waybill=waybill
        )


def refund(*, parcel: StrayParcel, by: str, now: datetime) -> StrayParcel:
    """Take its pieces as a return after all: received on the day they came, found as they were, and refunded.

    Where the consumer has asked for just these pieces since, it is that return. What was refunded before is
    not refunded again. Customs is told as of any return, within its windows. Raises WrongState, NotOfIt,
    PiecesGone, NeedsColleague.
    """
    with tenant(parcel.storefront_id):
        row, pieces = _held(parcel)
        if not pieces or row.order is None or row.order.state != "paid":
            raise NotOfIt()
        at_customs.hold_year(row.order)
        asked = _asked_since(row, pieces)
        if asked is not None:
            return _taken_over(row, pieces, asked, by, now)
        at = _instant(row.came_on, now)
        seen = look(order=row.order, now=at)
        wanted, ours = _lines(pieces), Counter[int]()
        for line in seen.lines:
            ours[line.pk] = max(0, wanted[line.pk] - max(0, seen.left(line)))
        theirs = {line.position: many for line in seen.lines if (many := wanted[line.pk] - ours[line.pk])}
        if not theirs or not +ours <= not_back(row.order):
            raise PiecesGone()
        wished = Wished(*_why(row.request), theirs)
        made = write(seen, make_offer(seen=seen, wished=wished), row.event_key, "", at)
        _add_refunded(made, +ours)
        decide.say_yes(made, by=by, now=now)
        made = receive(request=made, by=by, now=now, on=row.came_on)
        _grade(made, pieces, by, now)
        facts = {"by": by, "deducted_fen": 0}
        RETURN.move(made, "inspect", now=now, facts=facts, next_at=now)
        move_lines(made, "inspect", ["approved"], now)
        at_customs.arrived(made, on=row.came_on, by=by, now=now)
        settle.settle_held(made, by=by, now=now, choice=True)
        return over(row, "refund", by=by, now=now, note=made.number, result=made)


def keep(*, parcel: StrayParcel, by: str, now: datetime) -> StrayParcel:
    """Its pieces were refunded before they came: they are ours, and of a return customs hears they are back.

    Raises WrongState, NotOfIt, NotRefunded.
    """
    with tenant(parcel.storefront_id):
        row, pieces = _held(parcel)
        if not pieces or row.order is None:
            raise NotOfIt()
        if not refunded_before(row.order, pieces):
            raise NotRefunded()
        at_customs.hold_year(row.order)
        request, away = _refunded_by(row, _lines(pieces))
        if request is None:
            for one in pieces:
                inventory.let_go(lot=one.lot, holder=row.event_key, by=by, now=now)
            at_customs.back_by_hand(row.order, now=now)
            return over(row, "keep", by=by, now=now)
        _grade(request, pieces, by, now)
        if request.goods_back and request.received_at is None and _lines(pieces) == away:
            request.received_at = _instant(row.came_on, now)
            request.save(update_fields=["received_at"])
        if request.return_no:
            at_customs.arrived(request, on=row.came_on, by=by, now=now)
        return over(row, "keep", by=by, now=now, note=request.number, result=request)


def refunded_before(order: Order, pieces: Sequence[StrayPiece]) -> bool:
    """Whether so many of its pieces were refunded and are not back, by whatever return or by hand."""
    many = _lines(pieces)
    return bool(many) and many <= not_back(order)


def not_back(order: Order) -> Counter[int]:
    """Line id → pieces that were refunded, by whatever return or by hand, and are not back."""
    free = Counter[int]()
    gone = returned(RefundLine.objects.filter(~Q(refund__state="closed"), refund__order=order))
    for line, given in gone.items():
        free[line] += given.quantity
    graded = ReturnGrade.objects.filter(line__request__order=order, lot__isnull=False)
    for line, back in graded.values_list("line__line", "quantity"):
        free[line] -= back
    for line, back in apart(order).filter(parcel__state="ours").values_list("line", "quantity"):
        free[line] -= back
    for due in ReturnRequest.objects.filter(order=order, state__in=REFUNDED, received_at__isnull=False):
        if not_graded(due):  # it is here already
            for line, here in due.lines.filter(state="paid").values_list("line", "quantity"):
                free[line] -= here
    return +free


def close(*, parcel: StrayParcel, note: str, by: str, now: datetime) -> StrayParcel:
    """What we did not sell, or what is received by its return now: what became of it. Raises NotOfIt."""
    with tenant(parcel.storefront_id):
        row, pieces = _held(parcel)
        if pieces or not note.strip():
            raise NotOfIt()
        return over(row, "close", by=by, now=now, note=note.strip()[:200])


def _held(parcel: StrayParcel) -> tuple[StrayParcel, list[StrayPiece]]:
    """The parcel after its order, locked as returns are."""
    order = hold_order(parcel.order.number) if parcel.order is not None else None
    row = StrayParcel.objects.select_for_update(of=("self",)).select_related("request").get(pk=parcel.pk)
    row.order = order
    pieces = row.found.select_related("line__order", "lot", "parcel").order_by(
        "lot__stock_id", "lot_id", "pk"
    )
    return row, list(pieces) if row.state == "kept" else []


def _lines(pieces: Sequence[StrayPiece]) -> Counter[int]:
    """Line id → pieces of it."""
    many = Counter[int]()
    for one in pieces:
        many[one.line_id] += one.quantity
    return many


def _refunded_by(row: StrayParcel, many: Counter[int]) -> tuple[ReturnRequest | None, Counter[int]]:
    """The return that is over of which these pieces are not back, with all that are not; or none is.

    First that by which the parcel was known; whoever found it may not have known of one that was lost. Pieces
    that it gave up are its own too: they were refunded by hand.
    """
    told = Q(state="ended") & ~Q(return_no="")
    rows = ReturnRequest.objects.filter(Q(state__in=REFUNDED) | told, order=row.order).order_by("pk")
    known = [one for one in rows if one.pk == row.request_id or (one.goods_back and not not_graded(one))]
    for request in sorted(known, key=lambda one: one.pk != row.request_id):
        away = Counter[int]()
        for line in request.lines.filter(state__in=("paid", "dropped")):
            back = line.grades.exclude(place="nowhere").values_list("quantity", flat=True)
            away[line.line_id] = line.quantity - sum(back)
        if many <= +away:
            request.order = row.order or request.order
            return request, +away
    return None, Counter()


def _asked_since(row: StrayParcel, pieces: Sequence[StrayPiece]) -> ReturnRequest | None:
    """The approved return of just these pieces that is awaited, or received and not looked at."""
    inside = _lines(pieces)
    for asked in ReturnRequest.objects.filter(order=row.order, state__in=AWAITED).order_by("pk"):
        lines = asked.lines.filter(state="approved").values_list("line", "quantity")
        if Counter(dict(lines)) == inside:
            return asked
    return None


def _taken_over(
    row: StrayParcel, pieces: Sequence[StrayPiece], asked: ReturnRequest, by: str, now: datetime
) -> StrayParcel:
    if asked.state != "received":
        on = max(row.came_on, shanghai_day(asked.requested_at))
        asked = receive(request=asked, by=by, now=now, on=on)
    found = [
        Found(one.line.position, one.grade, Place.QUARANTINE, one.quantity, one.lot_id) for one in pieces
    ]
    inspect(request=asked, found=found, by=by, now=now, apart=[row])
    row.refresh_from_db()
    return row


def _add_refunded(request: ReturnRequest, ours: Counter[int]) -> None:
    """Pieces that were refunded before come with it: they are put away with the rest, and nothing more."""
    lines = {one.line_id: one for one in request.lines.all()}
    for line, many in ours.items():
        one = lines.get(line) or ReturnLine(
            storefront_id=request.storefront_id, request=request, line_id=line, quantity=0
        )
        one.quantity, one.refunded = one.quantity + many, many
        one.save()


def _why(request: ReturnRequest | None) -> tuple[Kind, str]:
    """As it was asked for; what was asked for otherwise is a change of mind."""
    if request is not None and REASONS[request.reason].sends:
        return (Kind.CLAIM if request.kind == Kind.CLAIM else Kind.RETURN), request.reason
    return Kind.RETURN, "changed_mind"


def _grade(request: ReturnRequest, pieces: Sequence[StrayPiece], by: str, now: datetime) -> None:
    """What lies in quarantine already is found so of a return, and is kept apart no longer."""
    lines = {one.line_id: one for one in request.lines.all()}
    for one in pieces:
        ReturnGrade.objects.create(
            storefront_id=request.storefront_id,
            line=lines[one.line_id],
            grade=one.grade,
            place=ReturnGrade.Place.QUARANTINE,
            quantity=one.quantity,
            lot=one.lot,
            by=by[:80],
            at=now,
        )
        inventory.let_go(lot=one.lot, holder=one.parcel.event_key, by=by, now=now)


def _instant(day: date, now: datetime) -> datetime:
    return now if day == shanghai_day(now) else datetime.combine(day, time(12), SHANGHAI)
