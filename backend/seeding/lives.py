"""The lives of an order that `manage.py seed` plays through the product's own services, story by story.

Outside parties are the sandbox. A story keeps a mould at each moment at which many orders of a business
stand; `LIVES` says how many in a thousand stand there, and how old they may be while something is open.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from datetime import timedelta

from backend.chaos import clearing, complaining, declaring, shipping, trials, undoing
from backend.chaos.stage import Stage, buyer, place
from customs.services import data_given as data_given_
from kernel.cases import settle_open
from kernel.errors import Problem
from kernel.models import Case
from logistics.models import Parcel, Shipment
from logistics.services import leaving, packing, telling, trade_management, watching, waybills
from logistics.services.receipt import confirm_receipt
from orders.models import Order
from orders.services.closing import expire_due
from payments.models import Refund
from payments.services import complaint_answers, declare, query, send_refund
from returns.models import ReturnRequest
from returns.reasons import Kind
from returns.services.arrive import Found, inspect, lots_of, receive
from returns.services.ask import ask_return
from returns.services.offer import Wished
from returns.services.way import send

BY, MINUTE, DAY = "seed", 60, 86_400
# It reckons another tax than we do.
NO_MATTER = ("customs.tax_differs",)
WAY = ("picked_up", "in_transit", "arrived", "out_for_delivery", "delivered")


@dataclass(frozen=True)
class Life:
    """In how many of a thousand orders it happens; up to how many hours ago its last moment was, if open."""

    share: int
    open_hours: float = 0


LIVES = {
    "placed": Life(6, 0.3),
    "expired": Life(90),
    "cancelled": Life(60),
    "paid": Life(6, 0.4),
    "cancelled_in_time": Life(20),
    "to_pack": Life(14, 40),
    "packed": Life(6, 20),
    "at_customs": Life(8, 40),
    "rejected": Life(3, 60),
    "released": Life(6, 20),
    "on_its_way": Life(20, 60),
    "delivered": Life(310),
    "received": Life(371),
    "partly_refunded": Life(4, 60),
    "refund_stuck": Life(2, 200),
    "complained": Life(1, 20),
    "complaint_answered": Life(2, 60),
    "another_payer": Life(4),
    "list_taken_back": Life(8),
    "data_given": Life(12),
    "return_asked": Life(7, 100),
    "returned": Life(40),
}


class Nothing:
    """No fault: what chaos tries is played as it should go."""

    name = "nothing"

    def ready(self, stage: Stage) -> object:
        return nullcontext()

    def strike(self, stage: Stage, act: Callable[[], object]) -> None:
        act()


@dataclass
class Player(Stage):
    """A stage whose order has the wished basket; it says when the buyer is there, and what to keep."""

    basket: list[tuple[str, int]] = field(default_factory=list)
    with_buyer: Callable[[], object] = lambda: None
    keep_as: Callable[[str], object] = lambda name: None

    def order(self, pieces: int = 0) -> Order:
        made = buyer(self.shop)
        self.with_buyer()
        return place(made, *self.basket)

    def keep(self, name: str) -> None:
        """Many stand like this, without what only the sandbox has brought about."""
        for case in Case.objects.filter(state="open", kind__in=NO_MATTER):
            settle_open(kinds=[case.kind], key=case.key, by=BY, note="核对无误 · checked", now=self.now())
        self.keep_as(name)

    def go_on(self, *waits: float) -> None:
        """The house works on while time passes."""
        for wait in waits:
            self.pass_time(wait)
            self.work()


def unpaid(stage: Player) -> None:
    """It waits for its payment, and nobody pays."""
    stage.start(stage.order())
    stage.keep("placed")
    stage.pass_time(1900)
    for wait in (0, 40):
        stage.pass_time(wait)
        expire_due(now=stage.now())
        query.sweep(now=stage.now())
        stage.deliver()
    stage.keep("expired")


def cancelled(stage: Player) -> None:
    """The consumer changed their mind before paying."""
    trials.cancels(stage, Nothing())
    stage.keep("cancelled")


def cancelled_in_time(stage: Player) -> None:
    """Cancelled a moment after paying; the money is back."""
    trials.cancels_in_time(stage, Nothing())
    _refund_arrives(stage)
    stage.keep("cancelled_in_time")


def bought(stage: Player) -> None:
    """Paid, declared, packed, released, brought, received."""
    order = to_pack(stage, keep=True)
    shipment = pack(stage, order)
    stage.keep("packed")
    clear(stage, order)
    stage.keep("released")
    brought(stage, shipment, keep=True)
    stage.pass_time(20 * 3600)
    confirm_receipt(order=order, now=stage.now())
    stage.deliver()
    stage.keep("received")


def brought_back(stage: Player) -> None:
    """One piece came back in time and was refunded, its tax and the year's share with it."""
    order = to_pack(stage)
    shipment = pack(stage, order)
    clear(stage, order)
    brought(stage, shipment)
    stage.pass_time(DAY)
    line = order.lines.order_by("position")[0]
    wished = Wished(Kind.RETURN, "changed_mind", {line.position: 1})
    row = ask_return(number=order.number, wished=wished, key="seed", now=stage.now())
    stage.deliver()
    stage.keep("return_asked")
    row = send(request=row, carrier="SF", waybill=f"SF7{order.pk:012}", by="consumer", now=stage.now())
    stage.go_on(MINUTE, DAY)
    row = receive(request=ReturnRequest.objects.get(pk=row.pk), by=BY, now=stage.now())
    lots = lots_of(row)
    found = [
        Found(one.line.position, "as_new", "shelf", one.quantity, lots[one.line.position][0].pk)
        for one in row.lines.select_related("line")
    ]
    inspect(request=row, found=found, by=BY, now=stage.now())
    _refund_arrives(stage)
    stage.keep("returned")


def looked_at(stage: Player) -> None:
    """Its list is with customs, which looks at it; then the list is asked back, and the order ends."""
    undoing.ends(stage, Nothing())
    _refund_arrives(stage)
    stage.keep("list_taken_back")


def stopped(stage: Player) -> None:
    """Customs looks at the list."""
    order = to_pack(stage)
    pack(stage, order)
    clear(stage, order, "review")
    stage.keep("at_customs")


def rejected(stage: Player) -> None:
    """Customs refused the list; somebody has to look."""
    order = to_pack(stage)
    pack(stage, order)
    clear(stage, order, "reject")
    stage.keep("rejected")


def partly_refunded(stage: Player) -> None:
    """A piece was refunded before it was declared."""
    order = stage.paid()
    stage.deliver()
    stage.ask_back(order, pieces=1)
    _refund_arrives(stage)
    stage.keep("partly_refunded")


def refund_stuck(stage: Player) -> None:
    """All went back, and the consumer's account took nothing: a case."""
    order = stage.paid()
    stage.deliver()
    stage.sandbox.tell("switches", call="refund_outcome", mode="abnormal")
    stage.ask_back(order)
    _refund_arrives(stage)
    stage.keep("refund_stuck")


def complained(stage: Player) -> None:
    """The consumer complains at WeChat, and is answered."""
    _, complaint = complaining.heard(stage)
    stage.keep("complained")
    complaint_answers.reply(complaint=complaint, text=complaining.REPLY, by=BY, now=stage.now())
    stage.deliver()
    stage.keep("complaint_answered")


def another_payer(stage: Player) -> None:
    """Somebody else paid, nobody was named in time, and the order ended."""
    declaring.ends_for_payer("v2", stage, Nothing())
    _refund_arrives(stage)
    stage.keep("another_payer")


def data_given(stage: Player) -> None:
    """Customs asked for the payment's data, and has it; the parcel is brought meanwhile."""
    order = to_pack(stage)
    shipment = pack(stage, order)
    clear(stage, order)
    undoing.ask(stage, order)()
    data_given_.sweep(now=stage.now())
    brought(stage, shipment)
    stage.keep("data_given")


Story = Callable[[Player], None]
STORIES: tuple[Story, ...] = (
    bought,
    brought_back,
    unpaid,
    cancelled,
    cancelled_in_time,
    looked_at,
    stopped,
    rejected,
    partly_refunded,
    complained,
    another_payer,
    data_given,
    refund_stuck,  # last: it is asked about as long as anybody works on
)


def to_pack(stage: Player, *, keep: bool = False) -> Order:
    """The hold is over, payment is declared, and it waits for who packs it."""
    stage.play(shipping.SHIPPING)
    stage.play(clearing.CLEARING)
    order = declaring.owed(stage, "v2")
    stage.deliver()
    if keep:
        stage.keep("paid")
    stage.pass_time(declaring.HOLD.total_seconds())
    for wait in (0, declaring.CONSIDERED):
        stage.pass_time(wait)
        declare.sweep(now=stage.now())
        stage.deliver()
    if keep:
        stage.keep("to_pack")
    order.refresh_from_db()
    return order


def pack(stage: Player, order: Order) -> Shipment:
    """Packed, with its waybill."""
    shipment = Shipment.objects.get(order=order)
    lines = order.lines.select_related("variant")
    grams = sum(line.quantity * line.variant.weight_g for line in lines) + shipment.warehouse.packing_g
    packing.pack(shipment=shipment, carrier="SF", by=BY, now=stage.now(), weight_g=grams)
    waybills.sweep(now=stage.now())
    stage.deliver()
    return shipment


def clear(stage: Player, order: Order, outcome: str = "") -> None:
    """Told to customs, which does what is said."""
    if outcome:
        stage.sandbox.tell("port", order=order.out_trade_no, outcome=outcome)
    for wait in (MINUTE, clearing.SOON, clearing.SOON, clearing.SOON):
        stage.pass_time(wait)
        clearing.CLEARING.work(stage.now())
        stage.deliver()


def pay_tax(stage: Player, order: Order) -> None:
    """The tax of its list is summarised and paid: the guarantee answers for it no more."""
    order.refresh_from_db()
    stage.sandbox.tell("port_tax", order=order.out_trade_no, status="2")
    clearing.listen(stage)


def brought(stage: Player, shipment: Shipment, *, keep: bool = False) -> None:
    """Left our house, and the carrier tells the way up to the door."""
    shipment.refresh_from_db()
    leaving.dispatch(shipment=shipment, by=BY, now=stage.now())
    trade_management.is_managed(storefront_id=stage.shop.pk, now=stage.now())
    waybill = Parcel.objects.get(shipment=shipment).waybill
    for step in WAY:
        stage.pass_time(5 * 3600)
        if step == "in_transit":
            pay_tax(stage, shipment.order)
        stage.sandbox.tell("parcel", waybill=waybill, step=step)
        Parcel.objects.filter(waybill=waybill).update(next_try_at=stage.now())
        watching.sweep(now=stage.now())
        stage.deliver()
        with suppress(Problem):
            telling.sweep(now=stage.now())
        if keep and step in ("arrived", "delivered"):
            stage.keep("on_its_way" if step == "arrived" else step)


def _refund_arrives(stage: Player) -> None:
    for wait in (0, 61, 121):
        stage.deliver()
        stage.calm()
        stage.pass_time(wait)
        mine = Refund.objects.filter(order=Order.objects.latest("id"), state__in=("accepted", "processing"))
        mine.filter(next_try_at__isnull=False).update(next_try_at=stage.now() - timedelta(seconds=1))
        send_refund.sweep(now=stage.now())
        stage.deliver()
