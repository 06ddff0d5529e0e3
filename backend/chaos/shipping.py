"""Trials of goods and parcels: what comes in, is held, picked, packed, labelled, scanned, told, sent back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any

from backend.chaos.books import Finding, Part
from backend.chaos.faults import COMMITS, Fault, Killed, KilledAtDoor, Spoilt, Twice
from backend.chaos.stage import Stage
from backend.chaos.ways import UNANSWERED, Step, killed, killed_writing, spoilt
from backend.seeding.demo import put_carriers
from customs.gateways.clearing import Release
from customs.services.release import record_release
from inventory import services as inventory
from inventory.models import Lot, Movement, Stock
from inventory.services.repair import differences
from kernel.errors import Problem
from kernel.models import Event
from logistics.models import CarrierAccount, Parcel, Shipment, ShippingInfo
from logistics.services import labels, leaving, packing, telling, trade_management, watching, waybills
from orders.models import Order

BY, PIECES, HOLD, SOON = "chaos", 5, 1802, 6
ADDRESS = {"hotline": "057488880000", "origin": "330206", "origin_place": "保税东路 8 号"}
CARRIERS: dict[str, dict[str, str]] = {
    "sf": {"monthly_card": "7551234567", "sender": "宁波保税仓", **ADDRESS},
    "kuaidi100": {"hotline": ADDRESS["hotline"]},
}
NOT_YET, ON_ITS_WAY = ("owed", "amending"), ("picked_up", "in_transit")


def due(stage: Stage, *, tracker: bool = False) -> Shipment:
    """The shipment of a paid order that nobody can cancel any more; of parcels before nobody is asked."""
    stage.play(SHIPPING)
    for rows in (Parcel.objects.all(), ShippingInfo.objects.all()):
        rows.update(next_try_at=None)
    put_carriers(stage.shop, CARRIERS, stage.credentials, stage.now())
    trackers = CarrierAccount.objects.filter(storefront=stage.shop, provider="kuaidi100")
    last = trackers.order_by("-id")[0]
    trackers.filter(pk=last.pk).update(active=tracker)
    order = stage.paid()
    stage.deliver()
    stage.pass_time(HOLD)
    return Shipment.objects.get(order=order)


def packed(stage: Stage, *, tracker: bool = False) -> Shipment:
    """The same, picked and packed; its carrier is still to be asked for a waybill."""
    shipment = due(stage, tracker=tracker)
    order = Order.objects.get(pk=shipment.order_id)
    grams = sum(line.quantity * line.variant.weight_g for line in order.lines.select_related("variant"))
    weight_g = grams + shipment.warehouse.packing_g
    packing.pack(shipment=shipment, carrier="SF", by=BY, now=stage.now(), weight_g=weight_g)
    return Shipment.objects.get(pk=shipment.pk)


def labelled(stage: Stage, *, tracker: bool = False) -> Shipment:
    """The same with its waybill."""
    shipment = packed(stage, tracker=tracker)
    waybills.sweep(now=stage.now())
    return Shipment.objects.get(pk=shipment.pk)


def gone(stage: Stage, *, tracker: bool = False) -> Shipment:
    """The same, released by customs and out of the house; the carrier is watched."""
    shipment = labelled(stage, tracker=tracker)
    release = Release(f"31052026I{shipment.number[-9:]}", stage.now())
    record_release(order=Order.objects.get(pk=shipment.order_id), release=release, now=stage.now())
    leaving.dispatch(shipment=shipment, by=BY, now=stage.now())
    stage.pass_time(SOON)
    if tracker:
        watching.sweep(now=stage.now())
    return Shipment.objects.get(pk=shipment.pk)


def scanned(stage: Stage) -> Shipment:
    """The same, and the carrier has it."""
    shipment = gone(stage)
    _happens(stage, shipment, *ON_ITS_WAY)
    watching.sweep(now=stage.now())
    return Shipment.objects.get(pk=shipment.pk)


def receives(stage: Stage, fault: Fault) -> Order:
    """Taking a lot in goes wrong; who sees that it is not there enters it again."""
    order = due(stage).order
    variant = order.lines.get().variant

    def take_in() -> None:
        inventory.receive(
            warehouse=order.warehouse,
            variant=variant,
            quantity=PIECES,
            code=_lot(order),
            inbound_list="QD310526I000000009",
            by=BY,
            now=stage.now(),
        )

    fault.strike(stage, take_in)
    if not Lot.objects.filter(code=_lot(order)).exists():
        take_in()
    return order


def reserves(stage: Stage, fault: Fault) -> Order:
    """Placing an order goes wrong; the consumer looks, and places it where it is not there."""
    stage.play(SHIPPING)
    last = Order.objects.order_by("-id").values_list("id", flat=True).first() or 0
    fault.strike(stage, stage.order)
    return Order.objects.filter(pk__gt=last).first() or stage.order()


def releases(stage: Stage, fault: Fault) -> Order:
    """An order is cancelled, and giving its stock back goes wrong."""
    stage.play(SHIPPING)
    order = stage.order()
    stage.cancel(order)
    fault.strike(stage, stage.deliver)
    return order


def picks(stage: Stage, fault: Fault) -> Order:
    """Picking goes wrong; the packer taps again."""
    shipment = due(stage)

    def pick() -> None:
        packing.start_packing(shipment=shipment, by=BY, now=stage.now())

    fault.strike(stage, pick)
    pick()
    return shipment.order


def packs(stage: Stage, fault: Fault) -> Order:
    """Packing goes wrong; the packer taps again, and the parcel gets its waybill."""
    shipment = due(stage)

    def pack() -> None:
        packing.pack(shipment=Shipment.objects.get(pk=shipment.pk), carrier="SF", by=BY, now=stage.now())

    fault.strike(stage, pack)
    pack()
    return shipment.order


def asks_for_waybill(stage: Stage, fault: Fault) -> Order:
    """Asking the carrier for a waybill goes wrong."""
    shipment = packed(stage)
    fault.strike(stage, lambda: waybills.sweep(now=stage.now()))
    return shipment.order


def asks_again(stage: Stage, fault: Fault) -> Order:
    """The first try was never answered although the waybill was issued, and looking for it goes wrong."""
    shipment = packed(stage)
    Spoilt("sf_create", "500_after").strike(stage, lambda: waybills.sweep(now=stage.now()))
    stage.pass_time(120)
    fault.strike(stage, lambda: waybills.sweep(now=stage.now()))
    return shipment.order


def labels_it(stage: Stage, fault: Fault) -> Order:
    """Printing the label goes wrong; the packer prints again."""
    shipment = labelled(stage)
    parcel = shipment.parcels.get()

    def label() -> None:
        labels.label_of(parcel=parcel, by=BY, now=stage.now())

    fault.strike(stage, label)
    label()
    return shipment.order


def leaves(stage: Stage, fault: Fault) -> Order:
    """Letting it out of the zone goes wrong; the packer taps again."""
    shipment = labelled(stage)
    release = Release(f"31052026I{shipment.number[-9:]}", stage.now())
    record_release(order=shipment.order, release=release, now=stage.now())

    def leave() -> None:
        leaving.dispatch(shipment=Shipment.objects.get(pk=shipment.pk), by=BY, now=stage.now())

    fault.strike(stage, leave)
    leave()
    return shipment.order


def is_scanned(stage: Stage, fault: Fault) -> Order:
    """The carrier scans it, and asking the carrier goes wrong."""
    shipment = gone(stage)
    _happens(stage, shipment, *ON_ITS_WAY)
    fault.strike(stage, lambda: watching.sweep(now=stage.now()))
    return shipment.order


def is_pushed(stage: Stage, fault: Fault) -> Order:
    """The tracker pushes what it knows, and that goes wrong."""
    shipment = gone(stage, tracker=True)
    fault.strike(stage, lambda: _happens(stage, shipment, ON_ITS_WAY[0]))
    _happens(stage, shipment, ON_ITS_WAY[1])
    return shipment.order


def tells_wechat(stage: Stage, fault: Fault) -> Order:
    """The carrier has it, and telling WeChat goes wrong."""
    shipment = scanned(stage)
    stage.deliver()
    trade_management.is_managed(storefront_id=stage.shop.pk, now=stage.now())
    fault.strike(stage, lambda: telling.sweep(now=stage.now()))
    return shipment.order


def tells_again(stage: Stage, fault: Fault) -> Order:
    """WeChat has heard of it and never answered, and asking what it knows goes wrong."""
    shipment = scanned(stage)
    stage.deliver()
    Spoilt("ship_upload", "500_after").strike(stage, lambda: telling.sweep(now=stage.now()))
    stage.pass_time(120)
    fault.strike(stage, lambda: telling.sweep(now=stage.now()))
    return shipment.order


def comes_back(stage: Stage, fault: Fault) -> Order:
    """The consumer sends it back, and taking it in goes wrong; who does not see it enters it anew."""
    shipment = scanned(stage)
    order = shipment.order
    lot = inventory.picked(holder=order.event_key)[0].lot

    def take_back() -> None:
        inventory.take_back(lot=lot, pieces=1, holder=order.event_key, fit=False, by=BY, now=stage.now())

    fault.strike(stage, take_back)
    if not _returned(order):
        take_back()
    return order


def _happens(stage: Stage, shipment: Shipment, *steps: str) -> None:
    for one in steps:
        stage.sandbox.tell("parcel", waybill=shipment.parcels.get().waybill, step=one)


def _lot(order: Order) -> str:
    return f"CHAOS-{order.number}"


def _returned(order: Order) -> int:
    return Movement.objects.filter(holder=order.event_key, kind=Movement.Kind.RETURN).count()


def _compare(found: Finding, order: Order, books: dict[str, Any]) -> None:
    found.lost += [f"balance and ledger: {one}" for one in differences()]
    for lot in Lot.objects.filter(code=_lot(order)).exclude(on_hand=PIECES):
        (found.lost if lot.on_hand < PIECES else found.doubled).append(f"{lot.on_hand} pieces of {PIECES}")
    if (times := _returned(order)) > 1:
        found.doubled.append(f"taken back {times} times")
    stocks = Stock.objects.filter(reservations__holder=order.event_key)
    found.doubled += [f"{one}: oversold" for one in stocks if one.available < 0]
    if order.state != "paid":
        return
    shipment = Shipment.objects.filter(order=order).first()
    if shipment is None:
        found.lost.append("a paid order without a shipment")
        return
    _parcels(found, shipment, books["parcels"])
    _told(found, shipment, books["shippings"])


def _parcels(found: Finding, shipment: Shipment, told: list[dict[str, Any]]) -> None:
    live = list(Parcel.objects.filter(shipment=shipment).exclude(state="cancelled"))
    if len(live) > 1:
        found.doubled.append(f"{len(live)} parcels of one list")
    here = {(one.own_number, one.waybill) for one in live if one.waybill}
    mine = [one for one in told if one["order_id"].startswith(f"{shipment.number}-")]
    there = {(one["order_id"], one["waybill"]) for one in mine if not one["taken_back"]}
    # What is refused is a case, and taken back at the carrier before another parcel is packed.
    waits = {one.own_number for one in live if one.state in ("asked", "refused")}
    found.lost += [f"waybill {waybill}" for number, waybill in sorted(there - here) if number not in waits]
    found.doubled += [f"waybill {waybill}: the carrier has none" for _, waybill in sorted(here - there)]
    found.open += [f"parcel {one.state}" for one in live if one.state in ("asked", "withdrawing")]
    ways = {one["waybill"]: one["told"] for one in mine}
    for one in live:
        if any(step in ON_ITS_WAY for step in ways.get(one.waybill, ())) and one.latest != ON_ITS_WAY[1]:
            found.open.append(f"the parcel is {ways[one.waybill][-1]}, here {one.latest or 'nowhere'}")


def _told(found: Finding, shipment: Shipment, told: list[dict[str, Any]]) -> None:
    info = ShippingInfo.objects.filter(order=shipment.order_id).first()
    handed = Event.objects.filter(key=shipment.event_key, name="shipment.handed_over").count()
    moved = Counter(Movement.objects.filter(holder=shipment.event_key).values_list("kind", flat=True))
    left = shipment.handed_over_at is not None
    if handed != left:
        (found.doubled if handed > left else found.lost).append(f"handed over {handed} times")
    if shipment.state not in ("to_pick", "packing", "labelled") and moved["ship"] != moved["pick"]:
        found.lost.append(f"{moved['pick']} lots picked, {moved['ship']} shipped")
    uploads = sum(one["uploads"] for one in told if one["out_trade_no"] == shipment.order.out_trade_no)
    if uploads > left:
        found.doubled.append(f"WeChat was told {uploads} times")
    if left and (info is None or info.state in ("waiting", *NOT_YET)):
        found.open.append(f"WeChat is to be told: {info.state if info else 'nothing'}")
    elif left and not uploads:
        found.lost.append("WeChat was never told")


def _ends(order: Order) -> str:
    shipment = Shipment.objects.filter(order=order).first()
    if shipment is None:
        return "-"
    info = ShippingInfo.objects.filter(order=order).first()
    states = [shipment.state, *shipment.parcels.order_by("id").values_list("state", flat=True)]
    return " ".join([*states, info.state if info else "-"])


def _work(at: datetime) -> None:
    for sweep in (waybills.sweep, watching.sweep, telling.sweep):
        with suppress(Problem):
            sweep(now=at)


SHIPPING = Part(_work, _compare, _ends)


def _silent(call: str, *codes: object) -> list[Fault]:
    """Every way in which a carrier, or WeChat's mini-program side, can fail to answer, and its refusals."""
    refusals = [Spoilt(call, "error", {"code": code}) for code in codes]
    return [*spoilt(call)[: len(UNANSWERED)], *refusals]


def _amid() -> list[Fault]:
    return killed_writing(amid_the_ledger="inventory_movement")


def _around() -> Iterable[Fault]:
    return [*(Killed(point, calls=False) for point in COMMITS), Twice()]


def _pushes() -> Iterable[Fault]:
    astray = [Spoilt("tracking_push", mode) for mode in ("lost_notification", "wrong_signature")]
    return [*astray, Spoilt("tracking_push", "duplicate", {"copies": 8}), *map(KilledAtDoor, COMMITS)]


STEPS: tuple[Step, ...] = (
    ("stock: receive", receives, _amid),
    ("stock: reserve", reserves, _amid),
    ("stock: release", releases, lambda: [*_amid(), Twice()]),
    ("pack: pick", picks, lambda: [*_amid(), Twice()]),
    ("pack: pack", packs, lambda: [*_amid()[:2], *killed_writing(a_parcel="logistics_parcel")[2:], Twice()]),
    ("pack: waybill", asks_for_waybill, lambda: [*_silent("sf_create", "A1011"), *killed(), Twice()]),
    ("pack: waybill again", asks_again, lambda: [*_silent("sf_find", "A1011"), *killed(), Twice()]),
    ("pack: label", labels_it, _around),
    ("way: leave", leaves, lambda: [*_amid(), Twice()]),
    ("way: first scan", is_scanned, lambda: [*_silent("sf_routes", "A1011"), *killed(), Twice()]),
    ("way: push", is_pushed, _pushes),
    ("wechat: tell", tells_wechat, lambda: [*_silent("ship_upload", -1, 10060001), *killed(), Twice()]),
    ("wechat: tell again", tells_again, lambda: [*_silent("ship_order", -1), *killed(), Twice()]),
    ("stock: return", comes_back, _amid),
)
