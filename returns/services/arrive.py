"""The return centre (退货中心): what came is received, graded piece by piece, and put where it belongs.

A consumer has the money seven days after the goods came at the latest. What is found as it should be settles
at once; what is kept back is told first, and the consumer may object.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from typing import Any

from django.db.models import QuerySet

from inventory import services as inventory
from inventory.models import Lot, Movement, Pick
from kernel.cases import open_case, settle_open
from kernel.clock import SHANGHAI, shanghai_day
from kernel.money import times, yuan
from kernel.tenancy import tenant
from orders.given_back import NOTHING
from orders.models import Order
from payments.services.refund_parts import part
from returns.models import ReturnGrade, ReturnLine, ReturnRequest, StrayParcel
from returns.reasons import REASONS, Fault
from returns.services import apart as lying
from returns.services import at_customs, hands, settle
from returns.services.arrive_refusals import BadDay, BadGrades, ToldTooLate, TooManyOfLot, TooMuchKept
from returns.services.holding import hold, move_lines
from returns.services.revive import revive
from returns.services.way_paid import remind
from returns.states import RETURN
from returns.windows import refund_by

Grade, Place = ReturnGrade.Grade, ReturnGrade.Place
ON_ITS_WAY = ("return.delivered", "return.lost_on_way", "return.not_arrived", "return.customs_soon")
SENT_WRONG = "return.sent_wrong"
ANSWER_WITHIN = timedelta(hours=48)
LATELY = timedelta(days=2)  # as far back one may say that goods came, from which days of the law run


@dataclass(frozen=True, slots=True)
class Found:
    """So many pieces of a line of the order (by its position), how they are, and where they go."""

    position: int
    grade: str
    place: str
    quantity: int
    lot: int | None = None


def receive(
    *,
    request: ReturnRequest,
    by: str,
    now: datetime,
    on: date | None = None,
    at_most_ago: timedelta | None = None,
) -> ReturnRequest:
    """The parcel is at the original place, since `on` or today, by which customs and the refund are clocked.

    `at_most_ago` is how far back `by` may say it was. Raises WrongState, BadDay, AskedAnew.
    """
    with tenant(request.storefront_id):
        row = hold(request)
        day = on or shanghai_day(now)
        first, today = shanghai_day(row.requested_at), shanghai_day(now)
        if at_most_ago is not None:
            first = max(first, today - at_most_ago)
        if not first <= day <= today:
            raise BadDay(first.isoformat(), today.isoformat())
        at = now if day == shanghai_day(now) else datetime.combine(day, time(12), SHANGHAI)
        due = datetime.combine(refund_by(day) + timedelta(days=1), time(0), SHANGHAI)
        if row.state == "lapsed":  # it came after all
            revive(row, now=now)
        # Whoever says that goods came long ago does not thereby let much money go before anybody looks.
        long_ago = day < today - LATELY and hands.beyond(row)
        last = due - timedelta(hours=12)
        RETURN.move(
            row,
            "receive",
            now=now,
            facts={"by": by, "on": day.isoformat()},
            received_at=at,
            refund_by=due,
            next_at=max(last, now + ANSWER_WITHIN) if long_ago else last,
        )
        if long_ago:
            hands.ask_second(row, by=by, now=now)
        note = "it was received"
        settle_open(kinds=[*ON_ITS_WAY, at_customs.NOT_ALL], key=row.event_key, by=by, note=note, now=now)
        at_customs.declare(row, by=by, now=now)
        remind(row, now=now)
    return row


def inspect(
    *,
    request: ReturnRequest,
    found: Sequence[Found],
    by: str,
    now: datetime,
    deducted_fen: int = 0,
    why: str = "",
    apart: Sequence[StrayParcel] = (),
) -> ReturnRequest:
    """Grade every piece and put it away; where nothing is kept back the money goes at once, unless one pair
    of eyes has received and graded what is beyond the limit (`hands`).

    What lay `apart` is its own now, and so is what can be nothing else that is found.

    Where the money went before anybody looked, the goods are put away all the same. Raises WrongState,
    BadGrades, TooManyOfLot, TooMuchKept.
    """
    with tenant(request.storefront_id):
        row = hold(request)
        at_customs.hold_year(row.order)
        late = not_graded(row)
        lines = {one.line.position: one for one in to_grade(row)}
        _whole(lines, found)
        apart = _of_their_lots(row, lines, found, apart)
        most = _most_kept(row, lines, found)
        if late:
            most = 0
        if not 0 <= deducted_fen <= most or (deducted_fen and not why.strip()):
            raise TooMuchKept(yuan(most))
        short = sum(one.quantity for one in found if one.grade == Grade.SHORT)
        keeps = bool(deducted_fen or short or _not_ours(row, found))
        answer_by = now + ANSWER_WITHIN if keeps else now
        due = row.refund_by
        if keeps and row.state == "received" and due is not None and answer_by > due:
            if deducted_fen:
                raise ToldTooLate(_clock(due), ANSWER_WITHIN // timedelta(hours=1))
            # What was not there is told too late as well: all that was asked for is refunded, as if nobody
            # had looked; on the law's last day, where one pair of eyes alone says that it came.
            if not hands.one_pair(row, [by]):
                settle.settle_held(row, by=by, now=now)
                late = True
        lying.take_over(apart, row, by=by, now=now)
        alone = not late and hands.one_pair(row, [by])
        if alone and due is not None:
            answer_by = max(now + ANSWER_WITHIN, due)
        if late:
            _put_all_away(row, lines, found, by, now)
            settle_open(kinds=[settle.NOT_INSPECTED], key=row.event_key, by=by, note="put away", now=now)
            return row
        RETURN.move(
            row,
            "inspect",
            now=now,
            facts={"by": by, "deducted_fen": deducted_fen, "short": short, "keeps": keeps},
            deducted_fen=deducted_fen,
            deducted_why=why.strip()[:200],
            next_at=answer_by,
        )
        _put_all_away(row, lines, found, by, now)
        move_lines(row, "inspect", ["approved"], now)
        if alone:
            hands.ask_second(row, by=by, now=now)
        elif not keeps:
            settle.settle_held(row, by=by, now=now)
    return row


def paid_and_here(row: ReturnRequest) -> bool:
    """Whether its goods came and its money has gone, or it is over otherwise."""
    return row.state in ("refunding", "settled", "ended") and row.received_at is not None


def not_graded(row: ReturnRequest) -> bool:
    """Whether goods are there that nobody has put away, their money having gone by its last day or before."""
    return paid_and_here(row) and not ReturnGrade.objects.filter(line__request=row).exists()


def to_grade(row: ReturnRequest) -> QuerySet[ReturnLine]:
    """The lines whose pieces are there and not put away, wherever their money went before."""
    states = ("paid", "dropped") if not_graded(row) else ("approved",)
    return row.lines.filter(state__in=states).select_related("line__variant").order_by("line__position")


def dispute(*, request: ReturnRequest, now: datetime) -> ReturnRequest:
    """The consumer does not accept what is kept back: a person looks again, or all goes back on the last day.

    Raises WrongState.
    """
    with tenant(request.storefront_id):
        row = hold(request)
        assert row.refund_by is not None or row.state != "inspected"
        RETURN.move(row, "dispute", now=now, facts={"by": "consumer"}, next_at=row.refund_by)
        open_case(
            storefront_id=row.storefront_id,
            kind=settle.DISPUTED,
            key=row.event_key,
            title="A consumer objects to what is kept back of a refund",
            facts={"order": row.order.number, "return": row.number, "deducted_fen": row.deducted_fen},
            now=now,
        )
    return row


def lots_of(row: ReturnRequest) -> dict[int, list[Lot]]:
    """Position → the lots that its pieces were sold from; first those of which pieces can still come back."""
    left = left_of_lots(row.order)
    return {
        position: sorted(known.values(), key=lambda lot: left[lot.pk] <= 0)
        for position, known in _lots(row).items()
    }


def left_of_lots(order: Order) -> Counter[int]:
    """Lot → pieces of it that left with an order and are not back yet, graded or in a parcel kept apart."""
    gone = Pick.objects.filter(reservation__holder=order.event_key, shipped_at__isnull=False)
    back = ReturnGrade.objects.filter(line__request__order=order, lot__isnull=False)
    left = Counter[int]()
    for rows, sign in ((gone, 1), (back, -1), (lying.apart(order), -1)):
        for lot, pieces in rows.values_list("lot_id", "quantity"):
            left[lot] += sign * pieces
    return left


def _of_their_lots(
    row: ReturnRequest,
    lines: dict[int, ReturnLine],
    found: Sequence[Found],
    given: Sequence[StrayParcel],
) -> list[StrayParcel]:
    """Each piece is of a lot of its line, and no more of one than left of it; which parcels that lie apart
    are among them. Under the order's lock."""
    lots, left = _lots(row), left_of_lots(row.order)
    here, many = Counter[tuple[int, int]](), Counter[int]()
    for one in found:
        if one.lot is None:
            continue
        if one.lot not in lots.get(one.position, {}):
            raise BadGrades(one.position, lines[one.position].quantity)
        here[one.position, one.lot] += one.quantity
        many[one.lot] += one.quantity
    parcels = list(given) or lying.fitting(row.order, here, many - left)
    for parcel in parcels:
        for lot, pieces in parcel.found.values_list("lot", "quantity"):
            left[lot] += pieces
    for position, lot in here:
        if many[lot] > left[lot]:
            known = lots[position][lot]
            rest = max(0, left[lot] - many[lot] + here[position, lot])
            raise TooManyOfLot(position, known.code or known.inbound_list or str(known.pk), rest)
    return parcels


def _lots(row: ReturnRequest) -> dict[int, dict[int, Lot]]:
    picks = Pick.objects.filter(reservation__holder=row.order.event_key, shipped_at__isnull=False)
    by_variant: dict[int, dict[int, Lot]] = {}
    for one in picks.select_related("lot", "reservation__stock"):
        by_variant.setdefault(one.reservation.stock.variant_id, {})[one.lot_id] = one.lot
    lines = row.lines.select_related("line")
    return {one.line.position: by_variant.get(one.line.variant_id, {}) for one in lines}


def _whole(lines: dict[int, ReturnLine], found: Sequence[Found]) -> None:
    graded = Counter[int]()
    for one in found:
        line = lines.get(one.position)
        nowhere = one.grade in (Grade.WRONG, Grade.SHORT)
        fits = (one.place == Place.NOWHERE) == nowhere and (one.lot is None) == nowhere
        if (
            line is None
            or one.quantity <= 0
            or one.grade not in Grade
            or one.place not in Place
            or not fits
            or (one.place == Place.SHELF and one.grade != Grade.AS_NEW)
        ):
            raise BadGrades(one.position, line.quantity if line else 0)
        graded[one.position] += one.quantity
    for position, line in lines.items():
        if graded[position] != line.quantity:
            raise BadGrades(position, line.quantity)


def _most_kept(row: ReturnRequest, lines: dict[int, ReturnLine], found: Sequence[Found]) -> int:
    """What may be kept back: of used goods what the terms say, of broken ones their price."""
    if REASONS[row.reason].fault is Fault.SELLER:
        return 0
    most = 0
    for one in found:
        percent = {Grade.OPENED: row.terms.opened_percent, Grade.DAMAGED: 100}.get(Grade(one.grade), 0)
        shares = part(lines[one.position].line, one.quantity, NOTHING).shares
        most += times(shares["goods_fen"] - shares["discount_fen"], Fraction(percent, 100))
    return most


def _clock(at: datetime) -> str:
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def _not_ours(row: ReturnRequest, found: Sequence[Found]) -> bool:
    seller = REASONS[row.reason].fault is Fault.SELLER
    return not seller and any(one.grade == Grade.WRONG for one in found)


def _put_all_away(
    row: ReturnRequest, lines: dict[int, ReturnLine], found: Sequence[Found], by: str, now: datetime
) -> None:
    """What is there is put away, and customs hears that it has arrived."""
    stocks = dict(Lot.objects.filter(pk__in=[one.lot for one in found]).values_list("pk", "stock"))
    for one in sorted(found, key=lambda one: (stocks.get(one.lot or 0, 0), one.lot or 0)):
        _put_away(row, lines[one.position], one, by, now)
    sent_wrong = sum(one.quantity for one in found if one.grade == Grade.WRONG)
    if sent_wrong and REASONS[row.reason].fault is Fault.SELLER:
        skus = {lines[one.position].line.sku for one in found if one.grade == Grade.WRONG}
        open_case(
            storefront_id=row.storefront_id,
            kind=SENT_WRONG,
            key=row.event_key,
            title="Goods that we sent wrongly are back: count them and what should have left",
            facts={"return": row.number, "sku": ", ".join(sorted(skus)), "pieces": sent_wrong},
            now=now,
        )
    elif sent_wrong:
        _keep_theirs(row, sent_wrong, by, now)
    if row.received_at is not None:
        at_customs.arrived(row, on=shanghai_day(row.received_at), by=by, now=now)


def _keep_theirs(row: ReturnRequest, pieces: int, by: str, now: datetime) -> None:
    """What a consumer sent and did not have from us lies apart under a number: it is theirs."""
    parcel = lying.keep_apart(
        storefront_id=row.storefront_id,
        order=row.order,
        request=row,
        waybill=row.waybill,
        contents=f"{row.number}: 验货发现的非本单商品 · found in it, not what was sold",
        pieces=pieces,
        came_on=shanghai_day(row.received_at or now),
        by=by,
        now=now,
    )
    lying.tell_kept(parcel, pieces, now=now, graded=True)


def _put_away(row: ReturnRequest, line: ReturnLine, one: Found, by: str, now: datetime) -> None:
    ReturnGrade.objects.create(
        storefront_id=row.storefront_id,
        line=line,
        grade=one.grade,
        place=one.place,
        quantity=one.quantity,
        lot_id=one.lot,
        by=by[:80],
        at=now,
    )
    if one.lot is None:
        return
    lot = Lot.objects.select_related("stock__warehouse").get(pk=one.lot)
    said: dict[str, Any] = {
        "lot": lot,
        "pieces": one.quantity,
        "holder": row.order.event_key,
        "by": by,
        "now": now,
    }
    inventory.take_back(fit=one.place == Place.SHELF, reason=row.number, **said)
    # Out of a zone goods go abroad with papers (customs/services/abroad.py).
    unbonded = one.place == Place.ABROAD and not lot.stock.warehouse.bonded
    if one.place == Place.DESTROY or unbonded:
        inventory.discard(kind=Movement.Kind.RETURN, reason=f"{one.place}: {row.number}", **said)
