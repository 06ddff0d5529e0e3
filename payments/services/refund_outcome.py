"""The one door of refund truth: notification, query and bill all end here, and told twice it changes nothing.

What WeChat Pay reports is taken only for the merchant, payment and amount that we know; everything else is
put before an operator. A refund that WeChat made by itself, and one that goes on although it counted as
closed, are taken in, so that the cap holds.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import structlog
from django.db.models import Q

from kernel.cases import open_case, settle_open
from kernel.tenancy import tenant
from payments.models import Payment, Refund
from payments.services.refund_hold import is_held
from payments.services.refund_limits import back_fen
from payments.services.refund_unasked import write_unasked
from payments.services.refund_writing import facts_of
from payments.services.refunds import (
    FAILING,
    WAITING,
    again_key,
    refundable_fen,
    stray_ended,
    waits_no_more,
)
from payments.states import REFUND
from wechat.pay.refunds import RefundReport, Status

log = structlog.get_logger(__name__)

# The payer's own accounts: what arrived there went to no card that was asked for, and never to the merchant.
_OWN_ACCOUNT = ("ORIGINAL", "BALANCE")
_VERB = {
    Status.PROCESSING: "process",
    Status.SUCCESS: "succeed",
    Status.ABNORMAL: "trouble",
    Status.CLOSED: "close",
}
# What a refund that counted as closed comes back to, where WeChat goes on with it.
_BACK = {Status.PROCESSING: "revive", Status.SUCCESS: "overturn", Status.ABNORMAL: "find"}
# Where a report finds a refund that it does not move: there already, or further on.
_KNOWN = {
    Status.PROCESSING: ("processing", "succeeded", "closed"),
    Status.SUCCESS: ("succeeded",),
    Status.ABNORMAL: ("abnormal", "succeeded", "closed"),
    Status.CLOSED: ("closed",),
}
_TITLES = {
    "refund.unknown": "A refund that we did not ask for",
    "refund.mismatch": "WeChat tells of a refund otherwise than we asked for it",
    "refund.contradiction": "WeChat tells of a refund what cannot follow from what it told before",
    "refund.same_id": "WeChat tells of two refunds under one refund_id of its own",
    "refund.abnormal": "The account that the refund should return to takes no money",
    "refund.pay_by_transfer": "The refund came to our own bank: the consumer must be paid by transfer",
    "refund.closed": "WeChat closed the refund: no money has moved",
}
_ENDED = ("refund.closed", "refund.refused", "refund.contradiction")  # what this news replaces
ATTENDED = (
    "refund.abnormal",
    "refund.same_id",
    "refund.not_enough",
    "refund.blocked",
    "refund.slow",
    "refund.refused",
    "refund.vanished",
    WAITING,
    FAILING,
)
# What nobody needs to attend to once the refund has ended, in whichever way; not that WeChat confuses two.
OVER = tuple(kind for kind in ATTENDED if kind != "refund.same_id")


class Outcome(StrEnum):
    """What came of one report."""

    TAKEN = "taken"  # the refund moved by this report
    KNOWN = "known"  # it was told before, or says nothing; nothing changed
    CASE = "case"  # it does not fit: an operator decides


def take_in(*, storefront_id: int, mchid: str, report: RefundReport, source: str, now: datetime) -> Outcome:
    """Take in what WeChat Pay says about one refund of merchant `mchid`, whose keys signed it.

    `source` is "notification", "query", "answer" or "bill". Locks the payment, then the refund.
    """
    with tenant(storefront_id):
        payment = (
            Payment.objects.select_for_update()
            .filter(storefront_id=storefront_id, mchid=mchid, out_trade_no=report.out_trade_no)
            .first()
        )
        refund = (
            Refund.objects.select_for_update(of=("self",))
            .select_related("payment", "order")
            .filter(storefront_id=storefront_id, out_refund_no=report.out_refund_no)
            .first()
        )
        if refund is None:
            return _unasked(
                storefront_id=storefront_id,
                mchid=mchid,
                payment=payment,
                report=report,
                source=source,
                now=now,
            )
        objection = _objection(refund, payment, mchid, report)
        if objection:
            return _case("refund.mismatch", storefront_id, report, now, wrong=objection, source=source)
        if bearer := _bearer(refund, report):
            number = refund.order.number
            return _case(
                "refund.same_id", storefront_id, report, now, order=number, borne_by=bearer, source=source
            )
        return _move(refund, report, source, now)


def _objection(refund: Refund, payment: Payment | None, mchid: str, report: RefundReport) -> str:
    """What of the report does not fit the refund; empty where all does."""
    if payment is None or refund.payment_id != payment.pk:
        return "out_trade_no"
    wrong = (
        ("mchid", report.mchid not in (None, mchid)),
        ("transaction_id", report.transaction_id != payment.transaction_id),
        ("refund_id", refund.refund_id not in (None, report.refund_id)),
        ("refund_fen", report.refund_fen != refund.amount_fen),
        ("total_fen", report.total_fen != payment.received_fen),
        ("currency", report.currency not in (None, payment.currency)),
        # It never left this house: requested, or withdrawn while it was, or paid by our bank.
        ("state", refund.state in ("requested", "closed") and refund.accepted_at is None),
        ("state", refund.redirected_to == Refund.Target.TRANSFER),
    )
    return next((name for name, holds in wrong if holds), "")


def _bearer(refund: Refund, report: RefundReport) -> str:
    """The number of another refund that has this refund_id of WeChat's already; empty where none has."""
    others = Refund.objects.filter(refund_id=report.refund_id).exclude(pk=refund.pk)
    return others.values_list("out_refund_no", flat=True).first() or ""


def _succeeded_at(payment: Payment, report: RefundReport, now: datetime) -> datetime:
    """When the money went back, as WeChat says; nothing did in the future, or before it had come."""
    at, came = report.success_time, payment.succeeded_at
    return now if at is None or at > now or (came is not None and at < came) else at


def _move(refund: Refund, report: RefundReport, source: str, now: datetime) -> Outcome:
    try:
        status = Status(report.status)
    except ValueError:
        log.warning("refund_status_unknown", out_refund_no=refund.out_refund_no, status=report.status)
        return Outcome.KNOWN
    # What was closed here, on a refusal, WeChat never had: any word of it but its end is news.
    denied = refund.state == "closed" and refund.refund_id is None and status is not Status.CLOSED
    if refund.state in _KNOWN[status] and not denied:
        return Outcome.KNOWN
    back = refund.state == "closed" and status in _BACK
    verb = _BACK[status] if back else _VERB[status]
    if verb not in REFUND.verbs(refund.state):
        return _case(
            "refund.contradiction", refund.storefront_id, report, now, state=refund.state, source=source
        )
    if source == "notification" and _card_is_asked_for(refund, status, report, now):
        # Whose card took it is known once that call has ended: the sweep asks then.
        Refund.objects.filter(pk=refund.pk).update(next_try_at=refund.held_until)
        return Outcome.KNOWN
    changes: dict[str, Any] = {"refund_id": report.refund_id, "channel": report.channel, "trouble": ""}
    if status is Status.SUCCESS:
        changes["succeeded_at"] = _succeeded_at(refund.payment, report, now)
        if report.channel in _OWN_ACCOUNT:
            changes["redirected_to"] = ""
    elif back:
        changes["next_try_at"] = now  # back among those that are asked about
    REFUND.move(
        refund,
        verb,
        now=now,
        facts={**facts_of(refund), "refund_id": report.refund_id, "source": source},
        **changes,
    )
    if back:
        note = f"{refund.out_refund_no} is {status} after it was closed"
        settle_open(kinds=_ENDED, key=refund.event_key, by="system", note=note, now=now)
    _attend(refund, status, report, now)
    return _back(refund, report, source, now) if back else Outcome.TAKEN


def _card_is_asked_for(refund: Refund, status: Status, report: RefundReport, now: datetime) -> bool:
    """Whether a card took the money while the answer to a redirection may still say that it took nothing."""
    return (
        status is Status.SUCCESS
        and refund.redirected_to != ""
        and report.channel not in _OWN_ACCOUNT
        and is_held(refund, now)
    )


def _back(refund: Refund, report: RefundReport, source: str, now: datetime) -> Outcome:
    """The money of a closed refund moves after all: in the cap, and an operator is told what that leads to.

    What was asked for again in its place, and again in that one's, is taken back where it was never sent, and
    so is any other wish that was not, the latest first, as far as they are too much together; the case names
    these. What was sent stays: then more may go back than came in, and the case says by how much.
    """
    note = f"{refund.out_refund_no} is {report.status} after it was closed"
    living, number = [], refund.out_refund_no
    while again := (
        Refund.objects.select_for_update().filter(payment=refund.payment, key=again_key(number)).first()
    ):
        number = again.out_refund_no
        if again.state == "requested" or (again.state == "accepted" and not again.tries):
            _take_back(again, note, now)
        elif again.state != "closed":
            living.append(number)
    taken_back = []
    unsent = Refund.objects.select_for_update().filter(
        Q(state="requested") | Q(state="accepted", tries=0), payment=refund.payment
    )
    for other in unsent.order_by("-id"):
        if refundable_fen(refund.payment) >= 0:
            break
        _take_back(other, note, now)
        taken_back.append(other.out_refund_no)
    return _case(
        "refund.contradiction",
        refund.storefront_id,
        report,
        now,
        order=refund.order.number,
        state="closed",
        booked=refund.state == "succeeded",
        source=source,
        asked_again=" ".join(living),
        taken_back=" ".join(taken_back),
        too_much_fen=max(0, -refundable_fen(refund.payment)),
    )


def _take_back(refund: Refund, note: str, now: datetime) -> None:
    REFUND.move(refund, "withdraw", now=now, facts={"by": "system", "note": note}, accepted_at=None)
    waits_no_more(refund, now)


def _attend(refund: Refund, status: Status, report: RefundReport, now: datetime) -> None:
    """Put before an operator what went wrong, and take away what has come right or is over."""
    kinds = {Status.SUCCESS: ATTENDED, Status.CLOSED: OVER}.get(status, (FAILING,))
    told = "succeeded" if status is Status.SUCCESS else f"is {status}"
    note = f"{refund.out_refund_no} {told}"
    settle_open(kinds=kinds, key=refund.event_key, by="system", note=note, now=now)
    if status is Status.ABNORMAL:
        _case("refund.abnormal", refund.storefront_id, report, now, order=refund.order.number)
    if status is Status.CLOSED:
        _case("refund.closed", refund.storefront_id, report, now, order=refund.order.number)
    if status is Status.SUCCESS:
        if refund.owed:
            _case("refund.pay_by_transfer", refund.storefront_id, report, now, order=refund.order.number)
        if refund.kind == Refund.Kind.STRAY:
            stray_ended(refund.payment, note=note, now=now)


def _unasked(
    *,
    storefront_id: int,
    mchid: str,
    payment: Payment | None,
    report: RefundReport,
    source: str,
    now: datetime,
) -> Outcome:
    """A number that we never gave out: a case, and where it fits a payment of ours the refund is booked.

    The case says whether its pieces are known: all that were left, or to be named by an accountant.
    """
    wrong = "out_trade_no" if payment is None else _unfit(payment, mchid, report)
    about = {} if payment is None else {"order": payment.order.number}
    if payment is not None and not wrong:
        settle_open(
            kinds=["refund.unknown"],
            key=f"refund:{report.out_refund_no}",
            by="system",
            note="the payment is known by now, and the refund booked",
            now=now,
        )
        refund = write_unasked(payment=payment, report=report, now=now)
        if refund.kind != Refund.Kind.STRAY:
            about["gives_back"] = "all_pieces" if refund.whole else "to_be_named"
        _move(refund, report, source, now)
    if wrong == "refund_id":
        about["borne_by"] = Refund.objects.get(refund_id=report.refund_id).out_refund_no
    if wrong:
        about["wrong"] = wrong
    return _case("refund.unknown", storefront_id, report, now, booked=not wrong, source=source, **about)


def _unfit(payment: Payment, mchid: str, report: RefundReport) -> str:
    """Why a refund that we did not ask for is not booked as this payment's; empty where it is."""
    fen = payment.stray_reason != "currency"  # what is not fen is not in the books either
    wrong = (
        ("transaction_id", report.transaction_id != payment.transaction_id),
        ("mchid", report.mchid not in (None, mchid)),
        ("currency", fen and report.currency not in (None, payment.currency)),
        ("total_fen", report.total_fen != payment.received_fen),
        ("refund_fen", not 0 < report.refund_fen <= (payment.received_fen or 0) - back_fen(payment)),
        ("status", report.status not in list(Status)),  # nobody knows whether its money moves
        # Of another refund, or of another storefront's.
        ("refund_id", Refund.objects.filter(refund_id=report.refund_id).exists()),
        ("out_refund_no", Refund.objects.filter(out_refund_no=report.out_refund_no).exists()),
    )
    return next((name for name, holds in wrong if holds), "")


def _case(kind: str, storefront_id: int, report: RefundReport, now: datetime, **more: Any) -> Outcome:
    log.warning("refund_case", kind=kind, out_refund_no=report.out_refund_no, status=report.status)
    open_case(
        storefront_id=storefront_id,
        kind=kind,
        key=f"refund:{report.out_refund_no}",
        title=_TITLES[kind],
        facts={
            "out_refund_no": report.out_refund_no,
            "out_trade_no": report.out_trade_no,
            "refund_id": report.refund_id,
            "refund_fen": report.refund_fen,
            "total_fen": report.total_fen,
            "status": report.status,
            **more,
        },
        now=now,
    )
    return Outcome.CASE
