"""Every trial: at which step of paying, cancelling and refunding what goes wrong, and how."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from backend.chaos.faults import IMPATIENT, Fault, Killed, KilledAtDoor, Point, Spoilt
from backend.chaos.stage import Stage
from orders.models import Order
from orders.services.cancel_paid import cancel_paid
from payments.models import Refund
from payments.services import query, send_refund

LATE = IMPATIENT + 0.4  # the client has given up, and WeChat acts all the same
UNANSWERED = ("timeout_before", "timeout_after", "timeout_late", "500_before", "500_after")
UNBELIEVED = ("wrong_signature", "stale_timestamp", "signtest", "unsigned")
UNTOLD = ("lost_notification", "wrong_signature", "stale_timestamp", "signtest", "duplicate", "security_echo")
POINTS = tuple(Point)

Story = Callable[[Stage, Fault], Order]


@dataclass(frozen=True)
class Trial:
    """One step, and what goes wrong at it."""

    step: str
    story: Story
    fault: Fault


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


def spoilt(call: str, *refusals: tuple[str, int]) -> list[Fault]:
    """Every way in which WeChat can fail to answer `call`, and its refusals."""
    late = {"seconds": LATE}
    silent = [Spoilt(call, mode, late if "timeout" in mode else {}) for mode in (*UNANSWERED, *UNBELIEVED)]
    said = [Spoilt(call, "error", {"code": code, "status": status}) for code, status in refusals]
    return [*silent, *said]


def killed() -> list[Fault]:
    """The four deaths of a process that calls WeChat."""
    return [Killed(point) for point in POINTS]


def notices() -> list[Fault]:
    """What can become of a notification on its way."""
    facts = {"duplicate": {"copies": 16, "new_id": True}, "wrong_signature": {"deliveries": 2}}
    return [Spoilt("notify", mode, facts.get(mode, {})) for mode in UNTOLD]


BUSY, WRONG, NOBODY = ("FREQUENCY_LIMITED", 429), ("SIGN_ERROR", 401), ("NO_AUTH", 403)
STEPS: tuple[tuple[str, Story, Callable[[], Iterable[Fault]]], ...] = (
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


def trials(only: str = "") -> Iterator[Trial]:
    """All of them in order; `only` keeps those in whose step or fault it occurs."""
    for step, story, faults in STEPS:
        for fault in faults():
            if only in f"{step} {fault.name}":
                yield Trial(step, story, fault)
