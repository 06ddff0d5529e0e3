"""Trials of what customs is told of an order and answers: declared, sent, accepted, released, undone, taxed,
and the payment data that it asks for."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from backend.chaos import cleared
from backend.chaos import declaring as payments
from backend.chaos.books import Part
from backend.chaos.faults import Fault, KilledAfter, Spoilt, Twice
from backend.chaos.stage import Stage
from backend.chaos.ways import UNANSWERED, Step, killed, killed_writing, spoilt
from customs.models import DataRequest, Declaration, Filing, PortMessage
from customs.services import (
    data_given,
    declaring,
    receiving,
    retaking,
    sending,
)
from kernel.errors import Problem
from logistics.models import Parcel, Shipment
from orders.models import Order
from payments.services.declare import sweep as declare_payment

BY, SOON = "chaos", 10
Do = Callable[[], object]


def due(stage: Stage) -> Order:
    """A paid order that nobody can cancel any more, with its parcel; of orders before nothing is sent."""
    stage.play(CLEARING)
    for rows in (Declaration.objects.all(), PortMessage.objects.all(), DataRequest.objects.all()):
        rows.filter(next_try_at__isnull=False).update(next_try_at=None)  # what was given stays as it is
    Filing.objects.filter(message=None).update(superseded=True)
    order = payments.due(stage, "v2")
    for _ in range(2):  # WeChat Pay declares the payment, and is asked what became of it
        declare_payment(now=stage.now())
        stage.pass_time(payments.CONSIDERED)
    stage.deliver()
    shipment, now = Shipment.objects.get(order=order), stage.now()
    grams = sum(line.quantity * line.variant.weight_g for line in order.lines.select_related("variant"))
    Parcel.objects.create(
        storefront_id=shipment.storefront_id,
        shipment=shipment,
        own_number=f"{shipment.number}-1",
        carrier="SF",
        waybill=f"SF{order.pk:013}",
        weight_g=grams + 200,
        weighed_g=grams + 200,
        state="issued",
        asked_at=now,
        issued_at=now,
    )
    Declaration.objects.filter(order=order).update(next_try_at=now)
    order.refresh_from_db()  # paid by now, under a number
    return order


def told(stage: Stage) -> Order:
    """The same with its documents made; none has left."""
    order = due(stage)
    declaring.sweep(now=stage.now())
    return order


def papers(stage: Stage) -> Order:
    """The same when order, payment and waybill are at customs, and its receipts lie in the box."""
    order = told(stage)
    sending.sweep(now=stage.now())
    declaring.sweep(now=stage.now())  # the carrier is asked for its waybill
    stage.pass_time(SOON)
    return order


def stands(stage: Stage) -> Order:
    """The same when customs has all three, and its list is due."""
    order = papers(stage)
    receiving.collect(now=stage.now())
    stage.deliver()
    Declaration.objects.filter(order=order).update(next_try_at=stage.now())
    return order


def listed(stage: Stage, outcome: str = "") -> Order:
    """The same with its list, which has not left; `outcome` is what customs will do with it."""
    order = stands(stage)
    if outcome:
        stage.sandbox.tell("port", order=order.out_trade_no, outcome=outcome)
    declaring.sweep(now=stage.now())
    return order


def answered(stage: Stage, outcome: str = "") -> Order:
    """The same when customs has decided, and its receipts lie in the box."""
    order = listed(stage, outcome)
    sending.sweep(now=stage.now())
    stage.pass_time(SOON)
    return order


def heard(stage: Stage, outcome: str = "") -> Order:
    """The same, and they are taken in."""
    order = answered(stage, outcome)
    listen(stage)
    return order


def listen(stage: Stage) -> None:
    receiving.collect(now=stage.now())
    stage.deliver()


def again(act: Do) -> None:
    """Who does not see what was asked for asks again, and may be told that it stands."""
    with suppress(Problem):
        act()


def declares(stage: Stage, fault: Fault) -> Order:
    """The hold is over, and making the documents goes wrong."""
    order = due(stage)
    fault.strike(stage, lambda: declaring.sweep(now=stage.now()))
    return order


def sends(stage: Stage, fault: Fault) -> Order:
    """Packing, signing or sending the order goes wrong."""
    order = told(stage)
    fault.strike(stage, lambda: sending.sweep(now=stage.now()))
    return order


def asks_carrier(stage: Stage, fault: Fault) -> Order:
    """Asking the carrier for its waybill goes wrong."""
    order = told(stage)
    sending.sweep(now=stage.now())
    fault.strike(stage, lambda: declaring.sweep(now=stage.now()))
    return order


def hears_of_papers(stage: Stage, fault: Fault) -> Order:
    """Taking in what customs says of order, payment and waybill (312, 412, 512) goes wrong."""
    order = papers(stage)
    fault.strike(stage, lambda: receiving.collect(now=stage.now()))
    return order


def lists(stage: Stage, fault: Fault) -> Order:
    """All three stand, and making the list goes wrong."""
    order = stands(stage)
    fault.strike(stage, lambda: declaring.sweep(now=stage.now()))
    return order


def sends_list(stage: Stage, fault: Fault) -> Order:
    """Packing, signing or sending the list goes wrong."""
    order = listed(stage)
    fault.strike(stage, lambda: sending.sweep(now=stage.now()))
    return order


def hears_of_list(stage: Stage, fault: Fault) -> Order:
    """Taking in what customs says of the list (622: 120, 399, 800, 899) goes wrong."""
    order = answered(stage)
    fault.strike(stage, lambda: receiving.collect(now=stage.now()))
    return order


def hears_of_refusal(stage: Stage, fault: Fault) -> Order:
    """Taking in that customs refuses the list (622: 100) goes wrong; a person has it told anew."""
    order = answered(stage, "reject")
    fault.strike(stage, lambda: receiving.collect(now=stage.now()))
    listen(stage)
    declaring.resume(declaration=Declaration.objects.get(order=order), by=BY, now=stage.now())
    return order


def tells_anew(stage: Stage, fault: Fault) -> Order:
    """Customs has refused the list, and having it told anew goes wrong; the colleague asks again."""
    order = heard(stage, "reject")
    row = Declaration.objects.get(order=order)

    def resume() -> None:
        declaring.resume(declaration=row, by=BY, now=stage.now())

    fault.strike(stage, resume)
    again(resume)
    return order


def _work(at: datetime) -> None:
    for _ in range(3):  # a minute of beat: documents, then the list, then what customs says of it
        for sweep in (
            declaring.sweep,
            sending.sweep,
            receiving.collect,
            retaking.look_again,
            data_given.sweep,
        ):
            with suppress(Problem):
                sweep(now=at)


CLEARING = Part(_work, cleared.compare, cleared.ends)


def silent(call: str) -> list[Fault]:
    """Every way in which the port can fail to answer, before it acts, after or long after."""
    return spoilt(call)[: len(UNANSWERED)]


def amid(**tables: str) -> list[Fault]:
    return [*killed_writing(**tables), Twice()]


def sending_of() -> list[Fault]:
    """At the port and on the way to it; while it is packed, and when it is signed and has not left."""
    lost = [Spoilt("ceb", mode) for mode in ("lost", "late", "duplicate", "shuffled", "unreadable")]
    packing = killed_writing(packing="customs_portmessage")[2:]
    signing = KilledAfter(r'UPDATE "customs_portmessage" SET "before"', "signing")
    return [*silent("ceb"), *lost, *killed(), *packing, signing, Twice()]


def receipts_of(*amid: tuple[str, str]) -> list[Fault]:
    """Asking for them, telling that they are taken, and in the middle of what they change."""
    writing = [KilledAfter(sql, words) for sql, words in amid]
    asked = [*silent("receipts"), *silent("receipts_taken")]
    return [*asked, *killed(), *killed(2)[:2], *writing, Twice()]


KEPT = (r'INSERT INTO "?customs_portreceipt', "keeping a receipt")
MOVED = (r'UPDATE "customs_declaration"', "moving the declaration")
ALLOWANCE = (r"INSERT INTO compliance_allowanceentry", "moving the allowance")
GATE = (r'UPDATE "orders_order"', "moving the gate")
EVENT = (r"kernel_event", "telling of it")
SHEET = (r'(INSERT INTO|UPDATE) "customs_taxsheet"', "keeping the sheet")
BACK = (r'UPDATE "customs_listedpieces"', "giving the pieces back")
ASKED = KilledAfter(r'UPDATE "customs_filing" SET "sent_at"', "noting that it was asked")
DOCUMENTS: dict[str, str] = {"a_document": "customs_filing"}

STEPS: tuple[Step, ...] = (
    ("papers: made", declares, lambda: amid(**DOCUMENTS)),
    ("papers: sent", sends, sending_of),
    ("papers: waybill", asks_carrier, lambda: [*silent("carrier_waybills"), *killed()[:2], ASKED, Twice()]),
    ("papers: 312 412 512", hears_of_papers, lambda: receipts_of(KEPT)),
    ("list: made", lists, lambda: amid(**DOCUMENTS, the_pieces="customs_listedpieces")),
    ("list: sent", sends_list, sending_of),
    ("list: 622", hears_of_list, lambda: receipts_of(KEPT, MOVED, ALLOWANCE, GATE, EVENT)),
    ("list: 622 refused", hears_of_refusal, lambda: receipts_of(KEPT, MOVED)),
    ("list: told anew", tells_anew, lambda: [*killed_writing(), Twice()]),
)
