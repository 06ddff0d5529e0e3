"""A request is approved, refused, appealed against, taken back: by a person or by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Sum

from kernel.cases import open_case, settle_open
from kernel.clock import shanghai_day
from kernel.errors import Conflict, Invalid
from kernel.states import WrongState
from kernel.tenancy import tenant
from logistics.models import Parcel
from orders.models import Order
from returns.models import ReturnLine, ReturnPolicy, ReturnRequest
from returns.reasons import Kind
from returns.services import at_customs, settle
from returns.services.at_customs import LOOK_AGAIN, stop
from returns.services.holding import hold, move_lines
from returns.services.not_left import keep_here
from returns.services.offer import Wished, make_offer
from returns.services.seen import look
from returns.services.settle import PiecesGone
from returns.states import RETURN
from returns.windows import whole

ASKED_BEFORE_RECEIPT = ("no_longer_wanted", "not_received")
UNDECIDED, APPEALED, OVERDUE = "return.undecided", "return.appealed", "return.overdue"
LOST_KEY = "lost"  # the key under which the house refunds a lost parcel by itself
TOLD_LOST = ("tracking.lost", "tracking.damaged")
NOT_GIVEN = ("refused", "appealed", "ended", "lapsed", "withdrawn")


class AnswerNeeded(Invalid):
    """Who is refused is told why."""

    code = "return_answer_needed"
    title = "Say to the consumer why it is refused (300 characters at most)."
    title_zh = "请填写拒绝理由（不超过300字），将展示给消费者。"


class AppealOver(Conflict):
    """The time in which a refusal can be appealed against is over."""

    code = "return_appeal_over"
    title = "The time for an appeal is over."
    title_zh = "申诉期限已届满。"


class SamePerson(Conflict):
    """Who refused does not decide the appeal against it."""

    code = "return_same_person"
    title = "You refused this return: someone else decides the appeal."
    title_zh = "该申请由您拒绝，申诉须由其他同事审核。"


@dataclass(eq=False)
class NotAnyMore(Conflict):
    """What was asked for before the goods moved on is not possible any more."""

    code = "return_not_any_more"
    title = "This is not possible any more ({why}): refuse it, and say what remains possible."
    title_zh = "商品状态已变化（{why}），无法同意该申请；请拒绝并说明仍可办理的方式。"
    why: str


def approve(*, request: ReturnRequest, by: str, now: datetime, answer: str = "") -> ReturnRequest:
    """Say yes: goods are to be sent back, or the money goes at once.

    Raises WrongState, PiecesGone, SamePerson, NeedsColleague where money goes and no goods come back.
    """
    with tenant(request.storefront_id):
        row = hold(request)
        _second(row, by)
        row.answer = answer[:300]
        say_yes(row, by=by, now=now, choice=True)
    return row


def refuse(*, request: ReturnRequest, answer: str, by: str, now: datetime) -> ReturnRequest:
    """Say no, and why; the consumer may appeal for some days. Raises WrongState, AnswerNeeded, SamePerson.

    An appeal that is refused is the end of it here.
    """
    if not answer.strip():
        raise AnswerNeeded()
    with tenant(request.storefront_id):
        row = hold(request)
        _second(row, by)
        told = {"answer": answer.strip()[:300], "decided_by": by}
        if row.state == "appealed":
            _over(row, "end", now, **told)
        else:
            until = whole(shanghai_day(now) + timedelta(days=row.terms.appeal_days))
            RETURN.move(
                row,
                "refuse",
                now=now,
                facts={"by": by},
                decided_at=now,
                appeal_by=until,
                next_at=until,
                **told,
            )
            move_lines(row, "refuse", ["asked"], now)
        _decided(row, by, now)
    return row


def appeal(*, request: ReturnRequest, now: datetime) -> ReturnRequest:
    """The consumer does not accept the refusal: a second person decides. Raises WrongState, AppealOver."""
    with tenant(request.storefront_id):
        row = hold(request)
        if row.state == "refused" and row.appeal_by is not None and now > row.appeal_by:
            raise AppealOver()
        decide_by = now + timedelta(hours=row.terms.decide_hours)
        RETURN.move(row, "appeal", now=now, facts={"by": "consumer"}, decide_by=decide_by, next_at=decide_by)
        open_case(
            storefront_id=row.storefront_id,
            kind=APPEALED,
            key=row.event_key,
            title="A consumer appeals against the refusal of a return: someone else decides",
            facts={"order": row.order.number, "return": row.number, "refused_by": row.decided_by},
            now=now,
        )
    return row


def withdraw(*, request: ReturnRequest, by: str, now: datetime) -> ReturnRequest:
    """Take the request back while nothing was sent. Raises WrongState."""
    with tenant(request.storefront_id):
        row = hold(request)
        _over(row, "withdraw", now)
        _decided(row, by, now)
    return row


def lapse(row: ReturnRequest, *, now: datetime) -> None:
    """Nothing was sent in time: it ends, its pieces are free again. The caller holds it."""
    _over(row, "lapse", now)


def rest(row: ReturnRequest, *, now: datetime) -> None:
    """Nobody appealed in time: the refusal stands. The caller holds it."""
    _over(row, "end", now)


def within_bound(order: Order, terms: ReturnPolicy, fen: int) -> bool:
    """Whether so much more of an order may be given without a person, by the terms."""
    given = ReturnRequest.objects.filter(order=order, decided_by="system").exclude(state__in=NOT_GIVEN)
    before: int = given.aggregate(sum=Sum("quoted_fen", default=0))["sum"]
    return terms.approves and before + fen <= terms.approves_up_to_fen


def say_yes(row: ReturnRequest, *, by: str, now: datetime, choice: bool = False) -> None:
    """The same of a row that the caller holds with its order and payment; `choice`: an operator's own."""
    lines = list(row.lines.select_related("line"))
    if row.state == "appealed":
        seen = look(order=row.order, now=now, but=row.pk)
        if any(one.quantity > seen.left(one.line) for one in lines):
            raise PiecesGone()
    _still_possible(row, lines, now)
    told = {"decided_at": now, "decided_by": by, "answer": row.answer}
    if row.goods_back:
        until = now + timedelta(days=row.terms.send_days)
        RETURN.move(row, "approve", now=now, facts={"by": by}, send_by=until, next_at=until, **told)
        move_lines(row, "approve", ["asked", "refused"], now)
        # Sent within its time it may yet be too late to be declared: so it is declared already.
        if row.declare_by is not None and shanghai_day(now) <= row.declare_by < shanghai_day(until):
            at_customs.declare(row, by=by, now=now)
    else:
        if row.state not in ("requested", "appealed"):
            raise WrongState(machine="return", verb="grant", state=row.state)
        RETURN.move(row, "grant", now=now, facts={"by": by}, next_at=None, **told)
        settle.pay(row, now=now, choice_of=by if choice else "")
        if row.reason == "not_received":
            _refunded_as_lost(row, by, now)
        keep_here(row, by=by, now=now)
        if stop(row, now=now):
            row.next_at = now + LOOK_AGAIN
            row.save(update_fields=["next_at"])
    _decided(row, by, now)


def _refunded_as_lost(row: ReturnRequest, by: str, now: datetime) -> None:
    """Nobody has to see to a parcel that is lost or damaged once all of its order is refunded."""
    seen = look(order=row.order, now=now)
    if any(seen.left(line) for line in seen.lines):
        return
    for parcel in Parcel.objects.filter(shipment__order=row.order):
        note = f"refunded by {row.number}"
        settle_open(kinds=TOLD_LOST, key=parcel.event_key, by=by, note=note, now=now)


def _still_possible(row: ReturnRequest, lines: list[ReturnLine], now: datetime) -> None:
    """Of what is asked for before receipt: the goods may have been delivered since. Raises NotAnyMore."""
    if row.reason not in ASKED_BEFORE_RECEIPT or row.key.partition(":")[0] == LOST_KEY:
        return
    wished = Wished(Kind(row.kind), row.reason, {one.line.position: one.quantity for one in lines})
    offer = make_offer(seen=look(order=row.order, now=now, but=row.pk), wished=wished)
    if offer.obstacles:
        raise NotAnyMore(offer.obstacles[0].code)


def _second(row: ReturnRequest, by: str) -> None:
    if row.state == "appealed" and by == row.decided_by:
        raise SamePerson()


def _over(row: ReturnRequest, verb: str, now: datetime, **changes: Any) -> None:
    RETURN.move(row, verb, now=now, next_at=None, **changes)
    move_lines(row, "drop", ["asked", "approved", "refused", "inspected"], now)
    if row.received_at is None:
        at_customs.not_all_there(row, now=now)


def _decided(row: ReturnRequest, by: str, now: datetime) -> None:
    settle_open(
        kinds=[UNDECIDED, APPEALED, OVERDUE],
        key=row.event_key,
        by=by,
        note=f"the return is {row.state}",
        now=now,
    )
