"""What customs answered moves the declaration, in whatever order it came; a refusal leads to its step.

A receipt counts by when customs made it. What was told of an earlier list, or before what is known, changes
nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from compliance import services as compliance
from compliance.services.reconcile import allowance_reconcile, used_according_to
from customs.ceb.message import Values
from customs.gateways.clearing import Release
from customs.models import Declaration, Filing
from customs.services import came_back
from customs.services.release import record_held_back, record_release
from customs.services.sending import tell_once_more
from customs.services.waiting import LATE, MOST_RESENDS, WATCHED
from customs.states import DECLARATION
from customs.steps import GRANTED, REFUSED, STANDS, STATUSES, Step, Verdict, code_in, is_error, rank, step_for
from kernel.cases import open_case, settle_open
from kernel.clock import shanghai_day
from orders.models import Order
from orders.services.gate import move_gate_of

Kind = Filing.Kind
LATER = timedelta(minutes=5)
REJECTED, STOPPED, CONTRADICTS = "customs.rejected", "customs.stopped", "customs.receipt_contradicts"
# Customs' own decisions that a colleague must look at; settled when the list goes on.
LOOK_AT = {
    Verdict.INSPECT: "inspection",
    Verdict.DETAIN: "detained",
    Verdict.TURN_BACK: "turned_back",
    Verdict.REVIEW: "review",
}
OVER = (STOPPED, REJECTED, LATE)
KNOWN = ("status", "told_at", "pre_no", "list_no", "accepted_at", "refusals")  # what receipts say of a list
WITH_CUSTOMS = ("listed", "accepted", "review", "inspection", "detained", "cancelling")
TOLD_FIRST = (Kind.ORDER, Kind.PAYMENT, Kind.WAYBILL)
# Up to here a document is on its way: nothing is known of it from customs itself.
AT_THE_PORT = rank("3")
# An acceptance that is told late says nothing new of these.
KNOWS_OF = (*WITH_CUSTOMS, "released", "closed", "turned_back")


def take_status(*, filing: Filing, status: str, told_at: datetime, head: Values) -> bool:
    """Note a status on its document; False where a later one is known. Numbers that it brings are kept.

    That the port has the document already, or failed to take it once more, says nothing of where it stands:
    the first is noted nowhere, the second never in the place of what customs said, nor with its own time.
    An error of what stands is about its being told twice.
    """
    step = step_for(status, str(head.get("returnInfo", ""))) if is_error(status) else None
    if step in (Step.DECLARED, Step.OLD):
        return False
    if step is Step.LATER and not is_error(filing.status) and rank(filing.status) > AT_THE_PORT:
        return False
    if step is not None and filing.kind in TOLD_FIRST and filing.status in STANDS:
        return False
    before = (filing.told_at, rank(filing.status)) if filing.told_at else None
    if before is not None and (told_at, rank(status)) <= before:
        return False
    filing.status = status[:10]
    filing.told_at = filing.told_at if step is Step.LATER else told_at
    filing.save(update_fields=["status", "told_at"])
    if filing.kind == Kind.LIST:
        declaration = filing.declaration
        declaration.status, declaration.told_at = filing.status, told_at
        declaration.pre_no = str(head.get("preNo", "")) or declaration.pre_no
        declaration.list_no = str(head.get("invtNo", "")) or declaration.list_no
    return True


def follow(*, filing: Filing, info: str, reference: str, now: datetime) -> None:
    """Let a document's new status have its effect. Called under the lock of its declaration.

    `info` is customs' own words, which are read here and kept by nobody; `reference` names the receipt.
    """
    declaration, before = filing.declaration, filing.declaration.state
    if filing.status == REFUSED or is_error(filing.status):
        _refused(declaration, filing, info, reference, now)
    elif filing.kind == Kind.LIST:
        _list_went_on(declaration, STATUSES.get(filing.status), now)
    elif filing.kind == Kind.CANCEL and filing.status in GRANTED:
        _cancelled(declaration, now)
    elif filing.kind == Kind.RETURN and filing.status in GRANTED:
        came_back.granted(filing, now=now)
    elif declaration.state == "documents":
        Declaration.objects.filter(pk=declaration.pk).update(next_try_at=now)  # perhaps all stand now
    if filing.kind == Kind.LIST and declaration.state == before:
        declaration.save(update_fields=KNOWN)


def _move(declaration: Declaration, verb: str, now: datetime, **more: Any) -> None:
    """A move that writes what the receipt said of the list with it; `facts` beside those of every move."""
    facts = {"status": declaration.status, "round": declaration.round, **more.pop("facts", {})}
    known = {name: getattr(declaration, name) for name in KNOWN}
    DECLARATION.move(declaration, verb, now=now, facts=facts, **known, **more)


def _list_went_on(declaration: Declaration, verdict: Verdict | None, now: datetime) -> None:
    if verdict is None:
        contradicts(declaration, now)
        return
    if verdict is Verdict.NOTHING:
        return
    before, told_at = declaration.state, declaration.told_at or now
    after = DECLARATION.moves[verdict].get(before)
    if verdict is Verdict.CLOSE and before in DECLARATION.moves["release"]:  # 结关 told before 放行
        after = DECLARATION.moves["release"][before]
    known = after is not None or (verdict is Verdict.ACCEPT and before in KNOWS_OF)
    known = known or (verdict is Verdict.RELEASE and before == "closed")
    if verdict in (Verdict.ACCEPT, Verdict.RELEASE, Verdict.CLOSE) and known and not declaration.accepted_at:
        _accepted(declaration, told_at, now)
    if after is None:
        asked_back = before == "cancelling" and verdict in LOOK_AT  # followed where the list is kept
        if not known and not asked_back and before != verdict_state(verdict):
            contradicts(declaration, now)
        return
    if verdict in (Verdict.RELEASE, Verdict.CLOSE) and before in DECLARATION.moves["release"]:
        if not _released(declaration, told_at, now):
            return
        if verdict is Verdict.RELEASE:
            return
    _went_on(declaration, verdict, before, now)


def _went_on(declaration: Declaration, verdict: Verdict, before: str, now: datetime) -> None:
    """A step of customs of a list that it has; what turns back or is held is of nobody to hand out."""
    returns = verdict is Verdict.TURN_BACK and declaration.released_at is None
    watched = WATCHED.get(DECLARATION.moves[verdict][declaration.state])
    due = now if returns else now + watched if watched else None
    _move(declaration, verdict, now, next_try_at=due)
    settle_open(kinds=[LATE], key=declaration.event_key, by="system", note="customs goes on", now=now)
    if returns:  # the list is at its end: the amount comes back, and the sweep gives the money back
        compliance.allowance_free(order_number=declaration.number, now=now, reference=declaration.cop_no)
        _move_gate(declaration, "reject", now)
    if before == "released" and verdict in (Verdict.TURN_BACK, Verdict.DETAIN):
        record_held_back(order=declaration.order, list_no=declaration.list_no, now=now)
    if verdict in LOOK_AT:
        _look_at(declaration, LOOK_AT[verdict], now)


def verdict_state(verdict: Verdict) -> str:
    """The state that a verdict leads to, from wherever it leads."""
    return next(iter(DECLARATION.moves[verdict].values()))


def _accepted(declaration: Declaration, told_at: datetime, now: datetime) -> None:
    """入库: the year's allowance is used, in the year of this day (law.md R1.8)."""
    declaration.accepted_at, declaration.refusals = told_at, 0
    compliance.allowance_use(
        order_number=declaration.number,
        year=shanghai_day(told_at).year,
        now=now,
        reference=declaration.cop_no,
    )


def _released(declaration: Declaration, told_at: datetime, now: datetime) -> bool:
    """放行: goods may leave the zone, money may go back, and the trade has its evidence."""
    if not declaration.list_no:
        contradicts(declaration, now)  # a release without the number of the list is none
        return False
    _move(declaration, "release", now, released_at=told_at, next_try_at=None)
    _move_gate(declaration, "release", now)
    settle_open(kinds=OVER, key=declaration.event_key, by="system", note="released", now=now)
    record_release(order=declaration.order, release=Release(declaration.list_no, told_at), now=now)
    return True


def _cancelled(declaration: Declaration, now: datetime) -> None:
    """撤单: the list is gone; the amount comes back, money may go back."""
    if declaration.state != "cancelling":
        contradicts(declaration, now)
        return
    # The order ends, and its money goes back, in a transaction of its own: services/declaring.py.
    _move(declaration, "cancel", now, next_try_at=now)
    compliance.allowance_free(order_number=declaration.number, now=now, reference=declaration.cop_no)
    _move_gate(declaration, "reject", now)
    settle_open(
        kinds=OVER,
        key=declaration.event_key,
        by="system",
        note="the list is back",
        now=now,
    )


def _refused(declaration: Declaration, filing: Filing, info: str, reference: str, now: datetime) -> None:
    """退单, or an error on the way: the step of its code is noted, and the sweep or a person takes it."""
    step = step_for(filing.status, info)
    if step in (Step.OLD, Step.DECLARED):
        return  # what stands there has receipts of its own
    if filing.kind == Kind.CANCEL:
        _cancel_refused(declaration, step, filing, now)
        return
    if step is Step.LATER and _hand_over_later(filing, now):
        return
    if filing.kind == Kind.RETURN:
        came_back.refused(filing, now=now)
        _put_before(declaration, filing, step, info, now)
        return
    if filing.kind != Kind.LIST and declaration.state in KNOWS_OF:
        # The list stands by itself: where a paper under it matters, customs refuses the list.
        _put_before(declaration, filing, step, info, now)
        return
    if DECLARATION.moves["reject"].get(declaration.state) is None:
        if declaration.state not in ("rejected", "blocked", "ended", "cancelled"):
            contradicts(declaration, now)
        return
    with_customs = declaration.state in WITH_CUSTOMS
    if step is Step.LIMIT_YEAR:
        _take_over_figure(declaration, info, reference, now)
    accepted, declaration.accepted_at = declaration.accepted_at is not None, None
    _move(
        declaration,
        "reject",
        now,
        facts={"kind": filing.kind, "step": str(step), "code": code_in(filing.status, info)},
        trouble=str(step),
        next_try_at=now,
    )
    if accepted:
        compliance.allowance_reopen(order_number=declaration.number, reference=declaration.cop_no, now=now)
    if with_customs:
        _move_gate(declaration, "reject", now)
    _put_before(declaration, filing, step, info, now)


def _cancel_refused(declaration: Declaration, step: Step, filing: Filing, now: datetime) -> None:
    if step is Step.LATER and _hand_over_later(filing, now):
        return
    if declaration.state == "cancelling":
        _move(declaration, "keep", now, next_try_at=now + WATCHED["accepted"])
        verdict = STATUSES.get(declaration.status)  # customs may have gone on meanwhile
        if verdict in LOOK_AT and declaration.state in DECLARATION.moves[verdict]:
            _went_on(declaration, verdict, declaration.state, now)
    open_case(
        storefront_id=declaration.storefront_id,
        kind="customs.cancel_refused",
        key=declaration.event_key,
        title="Customs does not take the list back",
        facts={"order": declaration.number, "list": declaration.list_no, "code": filing.status},
        now=now,
    )


def _hand_over_later(filing: Filing, now: datetime) -> bool:
    """The same goes out again in a while; False where that was tried often enough."""
    declaration = filing.declaration
    if declaration.resends >= MOST_RESENDS or filing.message_id is None:
        return False
    Declaration.objects.filter(pk=declaration.pk).update(resends=declaration.resends + 1)
    tell_once_more(filing, at=now + LATER, now=now)
    return True


def _take_over_figure(declaration: Declaration, info: str, reference: str, now: datetime) -> None:
    """-621018 tells what the person has used of the year: customs' figure is the truth (law.md R1.8)."""
    used, order = used_according_to(info), declaration.order
    if used is None or order.person_id is None:
        return
    year = shanghai_day(declaration.told_at or now).year
    allowance_reconcile(person_id=order.person_id, year=year, used=used, reference=reference, now=now)


def _put_before(declaration: Declaration, filing: Filing, step: Step, info: str, now: datetime) -> None:
    open_case(
        storefront_id=declaration.storefront_id,
        kind=REJECTED,
        key=declaration.event_key,
        title="Customs refused a document of this order",
        facts={
            "order": declaration.number,
            "document": filing.kind,
            "status": filing.status,
            "code": code_in(filing.status, info),
            "step": str(step),
        },
        now=now,
    )


def _look_at(declaration: Declaration, what: str, now: datetime) -> None:
    open_case(
        storefront_id=declaration.storefront_id,
        kind=STOPPED,
        key=declaration.event_key,
        title="Customs stopped the goods of this order",
        facts={
            "order": declaration.number,
            "list": declaration.list_no,
            "what": what,
            "status": declaration.status,
        },
        now=now,
    )


def contradicts(declaration: Declaration, now: datetime) -> None:
    """A person is told that what came does not fit what is known; nothing else is done."""
    open_case(
        storefront_id=declaration.storefront_id,
        kind=CONTRADICTS,
        key=declaration.event_key,
        title="A receipt of customs does not fit what is known",
        facts={
            "order": declaration.number,
            "state": declaration.state,
            "status": declaration.status,
            "list": declaration.list_no,
        },
        now=now,
    )


def _move_gate(declaration: Declaration, verb: str, now: datetime) -> None:
    order = declaration.order  # read under its lock
    if order.state == "paid" and order.gate == Order.Gate.WITH_CUSTOMS:
        move_gate_of(order=order, verb=verb, now=now)
