"""Every trial: at which step of money what goes wrong, and how; here paying, cancelling and refunding."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from backend.chaos import billing, clearing, complaining, declaring, rekeying, settling, shipping, undoing
from backend.chaos.faults import Fault, Killed, KilledAtDoor, Spoilt, Twice
from backend.chaos.stage import Stage
from backend.chaos.ways import BUSY, NOBODY, POINTS, WRONG, Step, Story, killed, notices, spoilt
from backend.journey.stage import NAME
from kernel.errors import Problem
from orders.models import Order
from orders.services.cancel_paid import cancel_paid
from payments.models import Refund
from payments.services import query, send_refund
from payments.services.refund_verbs import to_bank_card
from wechat.pay.refunds import BankCard

CARD = BankCard("ICBC_DEBIT", "6222020200112233445", NAME)
# Real seconds that one of WeChat's takes, as the house is run and while two notices pass each other.
HASTILY, SLOWLY = 0.001, 0.01


@dataclass(frozen=True)
class Trial:
    """One step, and what goes wrong at it."""

    step: str
    story: Story
    fault: Fault

    @property
    def name(self) -> str:
        """By which it is found again."""
        return f"{self.step} {self.fault.name}"

    @property
    def part(self) -> str:
        """What stands before the colon of its step."""
        return self.step.partition(":")[0]


def pays(stage: Stage, fault: Fault) -> Order:
    """The first tap on “pay” goes wrong; the payer taps again and pays."""
    order = stage.order()
    fault.strike(stage, lambda: stage.start(order))
    stage.pay(order)
    return order


def leaves(stage: Stage, fault: Fault) -> Order:
    """The first tap goes wrong, and the payer never comes back."""
    order = stage.order()
    fault.strike(stage, lambda: stage.start(order))
    return order


def told(stage: Stage, fault: Fault) -> Order:
    """WeChat's word of the payment goes wrong."""
    order = stage.order()
    fault.strike(stage, lambda: stage.pay(order))
    return order


def asked(stage: Stage, fault: Fault) -> Order:
    """Nobody was told of the payment, and asking goes wrong."""
    order = stage.order()
    stage.pay_unseen(order)
    stage.pass_time(31)
    fault.strike(stage, lambda: query.sweep(now=stage.now()))
    return order


def cancels(stage: Stage, fault: Fault) -> Order:
    """The consumer cancels before paying, and closing at WeChat goes wrong."""
    order = stage.order()
    stage.start(order)
    stage.cancel(order)
    fault.strike(stage, stage.deliver)
    return order


def cancels_paid(stage: Stage, fault: Fault) -> Order:
    """The consumer has paid, nobody knows, and cancels."""
    order = stage.order()
    stage.pay_unseen(order)
    stage.cancel(order)
    fault.strike(stage, stage.deliver)
    return order


def pays_while_cancelling(stage: Stage, fault: Fault) -> Order:
    """Closing goes wrong, and where it can be the order is paid before the next try."""
    order = stage.order()
    client = stage.start(order)
    stage.cancel(order)
    fault.strike(stage, stage.deliver)
    if any(one["payable"] for one in stage.books()["orders"]):
        stage.sandbox.tell("pay", client=client)
    return order


def pays_late(stage: Stage, fault: Fault) -> Order:
    """Money comes all the same when the order has ended, and sending it back goes wrong."""
    order = stage.order()
    client = stage.start(order)
    stage.cancel(order)
    stage.deliver()
    stage.sandbox.tell("switches", call="notify", mode="lost_notification")
    stage.sandbox.tell("pay", client=client, force=True)
    stage.hear_of(order)
    fault.strike(stage, stage.deliver)
    return order


def cancels_in_time(stage: Stage, fault: Fault) -> Order:
    """The consumer cancels a moment after paying, and sending the money back goes wrong."""
    order = stage.paid()
    cancel_paid(number=order.number, by="consumer", now=stage.now())
    fault.strike(stage, stage.deliver)
    return order


def refunds(stage: Stage, fault: Fault) -> Order:
    """All goes back, and sending it goes wrong."""
    order = stage.paid()
    stage.ask_back(order)
    fault.strike(stage, stage.deliver)
    return order


def refunds_by_sweep(stage: Stage, fault: Fault) -> Order:
    """The first try was never answered, and the second one goes wrong."""
    order = stage.paid()
    stage.ask_back(order)
    stage.sandbox.tell("switches", call="notify", mode="lost_notification")
    Spoilt("refund", "500_after").strike(stage, stage.deliver)
    stage.pass_time(120)
    fault.strike(stage, lambda: send_refund.sweep(now=stage.now()))
    return order


def refunds_in_parts(stage: Stage, fault: Fault) -> Order:
    """One piece goes back, which goes wrong, and a moment later the rest."""
    order = stage.paid()
    stage.ask_back(order, key="one", pieces=1)
    fault.strike(stage, stage.deliver)
    stage.ask_back(order, key="rest")
    return order


def asks_back(stage: Stage, fault: Fault) -> Order:
    """Asking for the refund goes wrong; it is asked for again."""
    order = stage.paid()
    fault.strike(stage, lambda: stage.ask_back(order))
    stage.ask_back(order)
    return order


def refund_told(stage: Stage, fault: Fault) -> Order:
    """WeChat's word of the refund goes wrong."""
    order = stage.paid()
    stage.ask_back(order)
    fault.strike(stage, stage.deliver)
    return order


def refund_asked(stage: Stage, fault: Fault) -> Order:
    """Nobody was told of the refund, and asking goes wrong."""
    order = stage.paid()
    refund = stage.ask_back(order)
    stage.sandbox.tell("switches", call="notify", mode="lost_notification")
    stage.deliver()
    Refund.objects.filter(pk=refund.pk).update(next_try_at=stage.now() + timedelta(minutes=1))
    stage.pass_time(61)
    fault.strike(stage, lambda: send_refund.sweep(now=stage.now()))
    return order


def redirects(stage: Stage, fault: Fault) -> Order:
    """The consumer's account takes no money, and sending it to their bank card goes wrong; then again."""
    order = stage.paid()
    refund = stage.ask_back(order)
    stage.sandbox.tell("switches", call="refund_outcome", mode="abnormal")
    stage.deliver()
    while not Refund.objects.filter(pk=refund.pk, state="abnormal").exists():
        stage.calm()
        stage.pass_time(121)
        send_refund.sweep(now=stage.now())

    def send() -> None:
        to_bank_card(refund=refund, card=CARD, by="chaos", note="", now=stage.now())

    fault.strike(stage, send)
    stage.pass_time(61)  # what had no answer is nobody's by then
    with suppress(Problem):  # it is on its way already
        send()
    return order


def told_in_disorder(stage: Stage, fault: Fault) -> Order:
    """That the money found no account is heard only after it has arrived elsewhere."""
    order = stage.paid()
    refund = stage.ask_back(order)
    stage.sandbox.tell("switches", call="refund_outcome", mode="abnormal")

    def both() -> None:
        stage.deliver()
        while any(one["status"] == "PROCESSING" for one in stage.books()["refunds"]):
            time.sleep(0.01)
        mchid = refund.payment.mchid
        stage.sandbox.tell("refund", mchid=mchid, out_refund_no=refund.out_refund_no, status="SUCCESS")

    stage.sandbox.tell("time_scale", seconds_per_second=SLOWLY)
    try:
        fault.strike(stage, both)
        stage.calm()
    finally:
        stage.sandbox.tell("time_scale", seconds_per_second=HASTILY)
    return order


def lacks_money(stage: Stage, fault: Fault) -> Order:
    """The merchant's account did not cover the refund; it does by now, and the next try goes wrong."""
    order = stage.paid()
    stage.ask_back(order)
    Spoilt("refund", "error", {"code": "NOT_ENOUGH", "status": 403}).strike(stage, stage.deliver)
    stage.pass_time(1801)
    fault.strike(stage, lambda: send_refund.sweep(now=stage.now()))
    return order


def refunds_too_soon(stage: Stage, fault: Fault) -> Order:
    """A second refund within a minute has to wait, as WeChat would not take it, and sending it goes wrong."""
    order = stage.paid()
    for key, pieces in (("one", 1), ("rest", 0)):
        stage.ask_back(order, key=key, pieces=pieces)
        stage.deliver()
    stage.pass_time(61)
    fault.strike(stage, lambda: send_refund.sweep(now=stage.now()))
    return order


PURCHASE: tuple[Step, ...] = (
    ("pay: prepay", pays, lambda: [*spoilt("prepay", BUSY, WRONG, ("ORDER_CLOSED", 400)), *killed()]),
    ("pay: prepay, and gone", leaves, lambda: [Spoilt("prepay", "500_after"), *killed()]),
    ("pay: notification", told, lambda: [*notices(), *(KilledAtDoor(p) for p in POINTS[2:])]),
    ("pay: query", asked, lambda: [*spoilt("query", BUSY, ("ORDER_NOT_EXIST", 404)), *killed()]),
    ("cancel: close", cancels, lambda: [*spoilt("close", BUSY, WRONG), *killed()]),
    (
        "cancel: paid meanwhile",
        cancels_paid,
        lambda: [Spoilt("close", "500_before"), *spoilt("query", BUSY)[3:], *killed()],
    ),
    ("cancel: paid between", pays_while_cancelling, lambda: [*spoilt("close")[3:], *killed()]),
    ("cancel: paid too late", pays_late, lambda: [*spoilt("refund", BUSY)[3:], *killed()]),
    ("cancel: after paying", cancels_in_time, lambda: [*spoilt("refund", BUSY)[3:], *killed()]),
    ("refund: asked for", asks_back, lambda: [Killed(point, calls=False) for point in POINTS[2:]]),
    (
        "refund: sent",
        refunds,
        lambda: [*spoilt("refund", BUSY, NOBODY, ("NOT_ENOUGH", 403), ("INVALID_REQUEST", 400)), *killed()],
    ),
    ("refund: sent again", refunds_by_sweep, lambda: [*spoilt("refund_query", BUSY)[3:], *killed()]),
    ("refund: in parts", refunds_in_parts, lambda: [*spoilt("refund")[3:5], *killed()]),
    ("refund: notification", refund_told, lambda: [*notices(), *(KilledAtDoor(p) for p in POINTS[2:])]),
    ("refund: query", refund_asked, lambda: [*spoilt("refund_query", BUSY), *killed()]),
    (
        "refund: outcome",
        refund_told,
        lambda: [Spoilt("refund_outcome", mode) for mode in ("success", "abnormal", "closed", "stuck")],
    ),
)


REFUND: tuple[Step, ...] = (
    (
        "refund: to a bank card",
        redirects,
        lambda: [*spoilt("refund_abnormal", BUSY, ("INVALID_REQUEST", 400)), *killed(), Twice()],
    ),
    (
        "refund: told in disorder",
        told_in_disorder,
        lambda: [
            Spoilt("notify", mode, {"deliveries": 1})
            for mode in ("lost_notification", "wrong_signature", "stale_timestamp")
        ],
    ),
    ("refund: account empty", lacks_money, lambda: [*killed(), *killed(2), Twice()]),
    ("refund: too soon", refunds_too_soon, lambda: [*spoilt("refund", BUSY)[3:], *killed(), Twice()]),
)
# The payment itself, its cancelling and refunds, and then all that follows from a payment.
MONEY: tuple[Step, ...] = (
    *PURCHASE,
    *REFUND,
    *declaring.STEPS,
    *billing.STEPS,
    *complaining.STEPS,
    *rekeying.STEPS,
    *settling.STEPS,
)


SIDES: dict[str, tuple[Step, ...]] = {
    "payments": MONEY,
    "logistics": shipping.STEPS,
    "customs": (*clearing.STEPS, *undoing.STEPS),
}


def trials(only: str = "", side: str = "payments") -> Iterator[Trial]:
    """All of a side in order; `only` keeps those in whose step or fault it occurs."""
    for step, story, faults in SIDES[side]:
        for fault in faults():
            trial = Trial(step, story, fault)
            if only in trial.name:
                yield trial
