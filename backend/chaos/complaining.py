"""Trials of complaints: heard of, answered, a refund decided and made, finished; each said to WeChat once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.test import override_settings

from backend.chaos.books import Finding, Part
from backend.chaos.faults import Fault, KilledAtDoor, Spoilt, Twice
from backend.chaos.stage import Stage
from backend.chaos.ways import BUSY, POINTS, WRONG, Step, killed, killed_writing, notices, spoilt
from kernel.errors import Problem
from orders.models import Order
from orders.services.gate import move_gate
from payments.gateways.wechat_pay import notify_url
from payments.models import Complaint, ComplaintAct, Payment, Refund
from payments.services import complaint_answers, complaint_clocks, complaint_sending, complaints

BY = "chaos"
REPLY = "您好，已为您核实处理。"
ELSEWHERE = "https://elsewhere.example"
NEARLY_A_DAY = 22 * 3600
A_TRY_LATER = 61
WRITES = {"deciding_the_refund": "payments_complaintact"}
# What WeChat calls in its history what we say, so that each is found there as often as it was meant.
CALLED = {
    "MERCHANT_RESPONSE": "reply",
    "MERCHANT_APPROVE_REFUND": "approve",
    "MERCHANT_REFUSE_RERUND": "reject",
    "MERCHANT_CONFIRM_COMPLETE": "complete",
}


def complained(stage: Stage, order: Order) -> str:
    """The consumer complains of a paid order; the number of the complaint."""
    payment = Payment.objects.get(order=order)
    told: dict[str, str] = stage.sandbox.tell(
        "complain", mchid=payment.mchid, out_trade_no=payment.out_trade_no
    )
    return told["complaint_id"]


def sold(stage: Stage) -> Order:
    """A paid order, in a house that sees after complaints."""
    stage.play(COMPLAINTS)
    order = stage.paid()
    stage.deliver()
    return order


def heard(stage: Stage) -> tuple[Order, Complaint]:
    """A complaint that this house knows of."""
    order = sold(stage)
    number = complained(stage, order)
    complaints.poll(now=stage.now())
    return order, Complaint.objects.get(external_id=number)


def told(stage: Stage, fault: Fault) -> Order:
    """WeChat's word of the complaint goes wrong."""
    order = sold(stage)
    complaints.be_told(mchid=Payment.objects.get(order=order).mchid)
    fault.strike(stage, lambda: complained(stage, order))
    return order


def says_where(stage: Stage, fault: Fault) -> Order:
    """Where to tell of complaints is another address by now, and changing it goes wrong; then one comes."""
    order = sold(stage)
    mchid = Payment.objects.get(order=order).mchid
    with override_settings(PUBLIC_BASE_URL=ELSEWHERE):
        complaints.be_told(mchid=mchid)
    stage.play(ADDRESS)
    fault.strike(stage, complaints.be_told_of_all)
    complaints.be_told_of_all()
    complained(stage, order)
    return order


def reads(stage: Stage, fault: Fault) -> Order:
    """A complaint was told of, and reading it goes wrong."""
    order = sold(stage)
    number, mchid = complained(stage, order), Payment.objects.get(order=order).mchid
    act: Callable[[], object] = lambda: complaints.fetch(mchid=mchid, complaint_id=number, now=stage.now())  # noqa: E731
    if stage.served:
        complaints.be_told(mchid=mchid)
        stage.sandbox.tell("complain", complaint_id=number, action="continue")
        stage.calm()
        act = stage.deliver
    fault.strike(stage, act)
    return order


def lists(stage: Stage, fault: Fault) -> Order:
    """Nobody was told of the complaint, and listing goes wrong."""
    order = sold(stage)
    complained(stage, order)
    fault.strike(stage, lambda: complaints.poll(now=stage.now()))
    return order


def replies(stage: Stage, fault: Fault) -> Order:
    """The first reply goes wrong."""
    order, complaint = heard(stage)
    complaint_answers.reply(complaint=complaint, text=REPLY, by=BY, now=stage.now())
    fault.strike(stage, stage.deliver)
    return order


def replies_again(stage: Stage, fault: Fault) -> Order:
    """The answer to the first try was never seen, and looking whether WeChat has it goes wrong."""
    order, complaint = heard(stage)
    complaint_answers.reply(complaint=complaint, text=REPLY, by=BY, now=stage.now())
    Spoilt("complaint_reply", "500_after").strike(stage, stage.deliver)
    stage.pass_time(A_TRY_LATER)
    fault.strike(stage, lambda: complaint_sending.sweep(now=stage.now()))
    return order


def asks_for_decision(stage: Stage, fault: Fault) -> Order:
    """The operator's decision to refund goes wrong; they press once more."""
    order, complaint = heard(stage)

    def approve() -> None:
        complaint_answers.approve_refund(complaint=complaint, amount_fen=None, by=BY, now=stage.now())

    fault.strike(stage, approve)
    with suppress(Problem):  # it is on its way already
        approve()
    return order


def decides(stage: Stage, fault: Fault) -> Order:
    """A refund is decided, and telling WeChat so goes wrong, or making it."""
    order, complaint = heard(stage)
    complaint_answers.approve_refund(complaint=complaint, amount_fen=None, by=BY, now=stage.now())
    fault.strike(stage, stage.deliver)
    return order


def finishes(stage: Stage, fault: Fault) -> Order:
    """The complaint was answered, and finishing it goes wrong."""
    order, complaint = heard(stage)
    complaint_answers.reply(complaint=complaint, text=REPLY, by=BY, now=stage.now())
    stage.deliver()
    complaint_answers.complete(complaint=complaint, by=BY, now=stage.now())
    fault.strike(stage, stage.deliver)
    return order


def holds(stage: Stage, fault: Fault) -> Order:
    """Customs decides about the order as the first reply falls due; the house's own word goes wrong."""
    order, _ = heard(stage)
    move_gate(number=order.number, verb="send", now=stage.now())
    stage.pass_time(NEARLY_A_DAY)

    def hold() -> None:
        complaint_answers.hold(now=stage.now())
        complaint_sending.sweep(now=stage.now())

    fault.strike(stage, hold)
    return order


def _work(at: datetime) -> None:
    complaints.poll(now=at)
    complaint_answers.hold(now=at)
    complaint_sending.sweep(now=at)
    complaint_clocks.watch(now=at)


def _compare(found: Finding, order: Order, books: dict[str, Any]) -> None:
    rows = {row.external_id: row for row in Complaint.objects.filter(order=order)}
    for one in books["complaints"]:
        row = rows.get(one["complaint_id"])
        if row is None:
            found.lost.append(f"complaint {one['complaint_id']}")
            continue
        if complaints.STATES[one["state"]] != row.state:
            found.open.append(f"complaint {one['state']}, here {row.state}")
        _said(found, row, one["said"])
        _refund(found, row, books["refunds"])


def _said(found: Finding, row: Complaint, said: list[dict[str, str]]) -> None:
    acts = list(ComplaintAct.objects.filter(complaint=row))
    there = Counter(CALLED[one["kind"]] for one in said if one["kind"] in CALLED)
    meant = Counter(act.kind for act in acts if act.state != "refused")
    known = Counter(act.kind for act in acts if act.state == "done")
    found.doubled += [f"{n} times {kind}" for kind, n in there.items() if n > meant[kind]]
    found.lost += [f"{n} times {kind}, there {there[kind]}" for kind, n in known.items() if n > there[kind]]
    found.open += [f"{act.kind} {act.state}" for act in acts if act.state in ("asked", "sent")]


def _refund(found: Finding, row: Complaint, told: list[dict[str, Any]]) -> None:
    agreed = ComplaintAct.objects.filter(complaint=row, kind="approve").exclude(state="refused").count()
    if agreed > 1:
        found.doubled.append(f"a refund decided {agreed} times")
    refunds = Refund.objects.filter(order=row.order).values_list("out_refund_no", flat=True)
    made = [one for one in told if one["out_refund_no"] in refunds]
    if agreed and not made:
        found.open.append("a refund that was decided, and not made")
    if len(made) > agreed:
        found.doubled.append(f"{len(made)} refunds for {agreed} decisions")


def _ends(order: Order) -> str:
    told = []
    for row in Complaint.objects.filter(order=order).order_by("id"):
        acts = row.acts.order_by("id").values_list("kind", "state")
        told.append(" ".join([row.state, *(f"{kind} {state}" for kind, state in acts)]))
    return ", ".join(told) or "-"


def _compare_address(found: Finding, order: Order, books: dict[str, Any]) -> None:
    mchid = Payment.objects.get(order=order).mchid
    if books["addresses"].get(mchid) != notify_url(mchid):
        found.open.append("complaints are told elsewhere")


ADDRESS = Part(lambda at: complaints.be_told_of_all(), _compare_address, lambda order: "address")
COMPLAINTS = Part(_work, _compare, _ends)

STEPS: tuple[Step, ...] = (
    ("complaint: told of", told, lambda: [*notices(), *(KilledAtDoor(point) for point in POINTS[2:])]),
    (
        "complaint: address",
        says_where,
        lambda: [
            *spoilt("complaint_url_query", BUSY),
            *spoilt("complaint_url", BUSY)[3:],
            *killed()[:2],
            *killed(2)[:2],
        ],
    ),
    ("complaint: read", reads, lambda: [*spoilt("complaint", BUSY), *killed()]),
    ("complaint: listed", lists, lambda: [*spoilt("complaints", BUSY, WRONG), *killed(), Twice()]),
    ("complaint: reply", replies, lambda: [*spoilt("complaint_reply", BUSY), *killed(), Twice()]),
    (
        "complaint: reply again",
        replies_again,
        lambda: [*spoilt("complaint_history", BUSY)[3:], *killed(), Twice()],
    ),
    ("complaint: refund", asks_for_decision, lambda: [*killed_writing(**WRITES), Twice()]),
    (
        "complaint: refund told",
        decides,
        lambda: [*spoilt("complaint_refund", BUSY), *killed(), *killed(2), Twice()],
    ),
    ("complaint: finish", finishes, lambda: [*spoilt("complaint_complete", BUSY), *killed(), Twice()]),
    ("complaint: with customs", holds, lambda: [*spoilt("complaint_reply", BUSY)[3:], *killed(), Twice()]),
)
