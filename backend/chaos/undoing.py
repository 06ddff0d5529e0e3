"""Trials of what is undone, levied and asked for after a list: 623 to 626, 816, 818, payment data (179)."""

from __future__ import annotations

from typing import Any

from backend.chaos.clearing import (
    ALLOWANCE,
    BACK,
    BY,
    DOCUMENTS,
    GATE,
    KEPT,
    MOVED,
    SHEET,
    SOON,
    Do,
    again,
    amid,
    heard,
    listen,
    receipts_of,
    sending_of,
    silent,
)
from backend.chaos.faults import Fault, KilledAfter, Twice
from backend.chaos.stage import Stage
from backend.chaos.ways import Step, killed, killed_writing
from customs.models import Declaration, Filing
from customs.services import came_back, data_asked, data_given, declaring, receiving, sending, undoing
from customs.services.data_asked import Asked
from kernel.clock import shanghai_day
from orders.models import Order

WHY = "下单有误"
DEAD = "http://127.0.0.1:9/"  # customs asks by itself; what it asks is taken in here by hand


def asks_back(stage: Stage, fault: Fault) -> Order:
    """Customs looks at the list, and asking it back (623) goes wrong; the colleague asks again."""
    order = heard(stage, "review")
    act = _ask_back(stage, order)
    fault.strike(stage, act)
    again(act)
    return order


def sends_asking_back(stage: Stage, fault: Fault) -> Order:
    """The list is asked back, and sending that goes wrong."""
    order = heard(stage, "review")
    _ask_back(stage, order)()
    fault.strike(stage, lambda: sending.sweep(now=stage.now()))
    return order


def hears_that_it_is_back(stage: Stage, fault: Fault) -> Order:
    """Customs gives the list back, and taking that in (624: 399) goes wrong."""
    order = given_back(stage)
    fault.strike(stage, lambda: receiving.collect(now=stage.now()))
    return order


def ends(stage: Stage, fault: Fault) -> Order:
    """The list is back, and ending its order, whose money goes back, goes wrong."""
    order = given_back(stage)
    listen(stage)
    fault.strike(stage, lambda: declaring.sweep(now=stage.now()))
    return order


def given_back(stage: Stage) -> Order:
    """A list that customs was asked for and gives back; its receipts lie in the box."""
    order = heard(stage, "review")
    _ask_back(stage, order)()
    sending.sweep(now=stage.now())
    stage.pass_time(SOON)
    return order


def _ask_back(stage: Stage, order: Order) -> Do:
    row = Declaration.objects.get(order=order)
    return lambda: undoing.ask_back(declaration=row, reason=WHY, by=BY, now=stage.now())


def hears_of_tax(stage: Stage, fault: Fault) -> Order:
    """The tax of the list is summarised, and taking its sheet in (816, 818) goes wrong."""
    order = heard(stage)
    stage.pass_time(SOON)
    listen(stage)
    stage.sandbox.tell("port_tax", order=order.out_trade_no, status="2")
    fault.strike(stage, lambda: receiving.collect(now=stage.now()))
    return order


def returns(stage: Stage, fault: Fault) -> Order:
    """All of it comes back, and declaring that (625) goes wrong; the colleague looks, and declares it."""
    order = heard(stage)
    act = _return(stage, order)
    fault.strike(stage, act)
    if not _returned(order):
        act()
    return order


def sends_return(stage: Stage, fault: Fault) -> Order:
    """All of it comes back, and sending that goes wrong."""
    order = heard(stage)
    _return(stage, order)()
    fault.strike(stage, lambda: sending.sweep(now=stage.now()))
    return order


def hears_of_return(stage: Stage, fault: Fault) -> Order:
    """Customs grants the return, its goods are back, and taking that in (626: 399) goes wrong."""
    order = granted(stage)
    came_back.goods_arrived(**_arrival(stage, order))
    fault.strike(stage, lambda: receiving.collect(now=stage.now()))
    return order


def arrives(stage: Stage, fault: Fault) -> Order:
    """The return is granted, and entering that its goods are back goes wrong; it is entered again."""
    order = granted(stage)
    listen(stage)
    told_of = _arrival(stage, order)
    fault.strike(stage, lambda: came_back.goods_arrived(**told_of))
    again(lambda: came_back.goods_arrived(**told_of))
    return order


def granted(stage: Stage) -> Order:
    """A return that is granted; its receipts lie in the box."""
    order = heard(stage)
    _return(stage, order)()
    sending.sweep(now=stage.now())
    stage.pass_time(SOON)
    return order


def _return(stage: Stage, order: Order) -> Do:
    row, line = Declaration.objects.get(order=order), order.lines.get()
    all_of_it = {line.sku: line.quantity}
    return lambda: undoing.declare_return(
        declaration=row, pieces=all_of_it, reason=WHY, by=BY, now=stage.now()
    )


def _returned(order: Order) -> list[Filing]:
    return list(Filing.objects.filter(declaration__order=order, kind=Filing.Kind.RETURN, superseded=False))


def _arrival(stage: Stage, order: Order) -> dict[str, Any]:
    row, now = Declaration.objects.get(order=order), stage.now()
    return {
        "declaration": row,
        "number": _returned(order)[0].key,
        "on": shanghai_day(now),
        "by": BY,
        "now": now,
    }


def is_asked(stage: Stage, fault: Fault) -> Order:
    """Customs asks for the data of the payment, and taking that in goes wrong; customs asks again."""
    order = heard(stage)
    act = ask(stage, order)
    fault.strike(stage, act)
    act()
    return order


def gives(stage: Stage, fault: Fault) -> Order:
    """Customs has asked for the data of the payment, and giving it goes wrong."""
    order = heard(stage)
    ask(stage, order)()
    fault.strike(stage, lambda: data_given.sweep(now=stage.now()))
    return order


def ask(stage: Stage, order: Order) -> Do:
    number = order.out_trade_no
    made = stage.sandbox.tell("data_request", url=DEAD, order=number, wait=True)["requests"][0]
    asked = Asked(made["sessionID"], number, int(stage.now().timestamp() * 1000))
    return lambda: data_asked.keep(asked=asked, now=stage.now())


STEPS: tuple[Step, ...] = (
    ("undo: 623 made", asks_back, lambda: amid(**DOCUMENTS)),
    ("undo: 623 sent", sends_asking_back, sending_of),
    ("undo: 624", hears_that_it_is_back, lambda: receipts_of(KEPT, MOVED, ALLOWANCE, GATE)),
    ("undo: the order ends", ends, lambda: [*killed_writing(), KilledAfter(GATE[0], "ending it"), Twice()]),
    ("undo: 625 made", returns, lambda: amid(**DOCUMENTS)),
    ("undo: 625 sent", sends_return, sending_of),
    ("undo: 626", hears_of_return, lambda: receipts_of(KEPT, BACK, ALLOWANCE)),
    ("undo: goods are back", arrives, lambda: [*killed_writing(), KilledAfter(*ALLOWANCE), Twice()]),
    ("tax: 816 818", hears_of_tax, lambda: receipts_of(KEPT, SHEET)),
    ("data: asked", is_asked, lambda: killed_writing(the_request="customs_datarequest")),
    (
        "data: given",
        gives,
        lambda: [
            *silent("port_upload"),
            *killed(),
            KilledAfter(r'UPDATE "customs_datarequest" SET "body_sealed"', "sealing what is given"),
            Twice(),
        ],
    ),
)
