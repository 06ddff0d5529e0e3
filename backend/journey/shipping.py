"""The parcel: packed, cleared by customs, brought by a carrier; WeChat and the consumer are told of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Sum

from backend.journey.client import wait
from backend.journey.partnering import refused
from backend.journey.refunding import as_the_house
from backend.journey.report import Unexpected, expect, expect_that, step
from backend.journey.stage import Stage
from backend.seeding.demo import NEWS_FIELDS
from customs.models import Declaration, Filing, PortReceipt
from customs.services import declaring, receiving, sending
from inventory.models import Movement
from kernel.clock import now
from kernel.models import Event
from logistics.models import Parcel, Shipment, TrackingEvent
from logistics.services import packing, watching, waybills
from logistics.services.weighing import WeightDiffers
from orders.models import Order
from orders.services.cancel_paid import hold_ends_at
from payments.models import PaymentDeclaration
from payments.services import declare

BY = "operator:journey"
PAID = ("first", "second", "friend's")  # the consumer's orders that go on; each asks when it is paid
NEWS = ("已发货", "已清关", "已签收")
WAY = ("picked_up", "in_transit", "arrived", "out_for_delivery")


def parcel_of(stage: Stage) -> Parcel:
    """The one parcel of the journey's order."""
    return Parcel.objects.select_related("shipment").get(shipment__number=stage.order["number"])


def after_hold(order: Order) -> datetime:
    """When the consumer can cancel no more: nobody waits half an hour for a demonstration."""
    return (hold_ends_at(order) or now()) + timedelta(seconds=1)


@step("订阅消息授权", "asked at each payment: one yes is one message")
def agreed(stage: Stage) -> str:
    asked = stage.alice.get("me/subscriptions?at=payment")["templates"]
    expect(["shipped", "cleared", "delivered"], [one["occasion"] for one in asked])
    for one in asked:
        name = one["template_id"]
        stage.sandbox.tell(
            "subscription", appid=stage.alice.appid, template_id=name, fields=list(NEWS_FIELDS)
        )
        stage.sandbox.tell(
            "subscription", template_id=name, act="accept", user=stage.alice.user, times=len(PAID)
        )
    said = {"answers": [{"template_id": one["template_id"], "answer": "accept"} for one in asked]}
    for which in (*PAID, PAID[0]):  # the last is a retry, and counts once
        key = {"Idempotency-Key": f"{which}-{stage.order['number']}"}
        told = stage.alice.call("POST", "me/subscriptions", said, headers=key)["templates"]
    expect([len(PAID)] * len(NEWS), [one["left"] for one in told])
    return ", ".join(f"{one['says']['zh']} × {one['left']}" for one in told)


@step("支付单申报", "WeChat Pay tells customs of the payment")
def declared(stage: Stage) -> str:
    rows = PaymentDeclaration.objects.filter(order__number=stage.order["number"])

    def told() -> bool:
        with as_the_house(stage):
            for row in rows.exclude(state="succeeded"):
                declare.step(declaration=row, now=now())
        return not rows.exclude(state="succeeded").exists()

    wait("the payment declared", told, seconds=20)
    return ", ".join(f"{row.port} {row.state}" for row in rows)


@step("三单比对与放行", "the three documents agree, the list is released")
def cleared(stage: Stage) -> str:
    """The port of the sandbox compares by tables of its own; no money leaves until it has decided."""
    row = Declaration.objects.get(number=stage.order["number"])
    with as_the_house(stage):
        declaring.step(declaration=row, now=after_hold(row.order))

    def released() -> Event | None:
        with as_the_house(stage):
            declaring.sweep(now=now())
            sending.sweep(now=now())
            receiving.collect(now=now())
        return Event.objects.filter(key=row.event_key, name="customs.released").first()

    release: Event = wait("the release", released, seconds=60)
    told = Filing.objects.filter(declaration=row, superseded=False).exclude(kind="payment").order_by("id")
    expect(["order", "waybill", "list"], [one.kind for one in told])
    receipts = PortReceipt.objects.filter(filing__declaration=row).count()
    return f"list {release.facts['list']} released after {receipts} receipts"


@step("拣货打包", "not while it may be cancelled; weighed, one waybill of SF")
def packed(stage: Stage) -> str:
    """The first try holds a piece too many, and the scales say so."""
    shipment = Shipment.objects.get(number=stage.order["number"])
    early = refused(409, stage.wms.post_shipment_pick, stage.order["number"])
    expect("shipment_still_held", early.code)
    late = after_hold(shipment.order)
    wrong = 9_000
    try:
        packing.pack(shipment=shipment, carrier="SF", by=BY, now=late, weight_g=wrong)
        raise Unexpected("the scales refuse it", f"{wrong} g taken")
    except WeightDiffers as differs:
        right = differs.expected_g + 12
    packing.pack(shipment=shipment, carrier="SF", by=BY, now=late, weight_g=right)
    with as_the_house(stage):
        waybills.sweep(now=late)
    parcel = parcel_of(stage)
    expect(("issued", right), (parcel.state, parcel.weighed_g))
    return f"{wrong} g refused, {right} g packed, waybill {parcel.waybill}"


@step("面单", "its label, a PDF with its own Chinese letters, on record")
def label(stage: Stage) -> str:
    made = stage.wms.get_parcel_label(str(parcel_of(stage).public_id))
    expect(b"%PDF", made[:4])
    return f"{len(made):,} bytes"


@step("出库", "the warehouse lets it leave, once: stock moves by lots")
def left(stage: Stage) -> str:
    parcel = parcel_of(stage)
    stage.wms.post_parcel_departure(str(parcel.public_id))
    refused(409, stage.wms.post_parcel_departure, str(parcel.public_id))
    shipment = Shipment.objects.get(number=stage.order["number"])
    expect("dispatched", shipment.state)
    moved = Movement.objects.filter(holder=shipment.event_key, kind="ship")
    pieces = -(moved.aggregate(sum=Sum("on_hand"))["sum"] or 0)
    expect_that(pieces > 0, "pieces that left", pieces)
    return f"{pieces} pieces, lots {', '.join(sorted({one.lot.code for one in moved if one.lot}))}"


@step("揽收", "the carrier scans it and tells so three times: kept once")
def scanned(stage: Stage) -> str:
    parcel = parcel_of(stage)
    with as_the_house(stage):
        watching.sweep(now=parcel.next_try_at or now())
    stage.sandbox.tell("switches", call="tracking_push", mode="duplicate", copies=3)
    stage.sandbox.tell("parcel", waybill=parcel.waybill, step=WAY[0])
    events = TrackingEvent.objects.filter(parcel=parcel)
    wait("the first scan", lambda: events.filter(code="picked_up").exists(), seconds=15)
    for happened in WAY[1:]:
        stage.sandbox.tell("parcel", waybill=parcel.waybill, step=happened)
    wait("the way to the door", lambda: events.filter(code="out_for_delivery").exists(), seconds=15)
    handed = Event.objects.filter(key=parcel.shipment.event_key, name="shipment.handed_over")
    expect(1, handed.count())
    return f"{events.count()} events, one hand-over"


@step("发货信息录入", "WeChat is told at the first scan, and once")
def told(stage: Stage) -> str:
    parcel = parcel_of(stage)
    number = parcel.shipment.order.out_trade_no

    def known() -> dict[str, Any] | None:
        read: dict[str, Any] = stage.sandbox.tell("shipping", out_trade_no=number, act="read")
        return read.get("shipping")

    there: dict[str, Any] = wait("WeChat knows of it", known, seconds=30)
    expect([parcel.waybill], [one["tracking_no"] for one in there["shipping_list"]])
    expect(1, there["finish_shipping_count"])
    return f"{there['goods_desc']}: {parcel.waybill}, told once"


@step("物流轨迹", "the consumer sees where it is, a stranger nothing")
def followed(stage: Stage) -> str:
    path = f"orders/{stage.order['number']}/parcels"
    seen = stage.alice.get(path)
    (parcel,) = seen["parcels"]
    expect_that(len(parcel["way"]) >= len(WAY), "the whole way", parcel["way"])
    stage.stranger.call("GET", path, status=404)
    arrival = parcel["arrival"]
    days = f", expected {arrival['first']} – {arrival['last']}" if arrival else ""
    return f"{parcel['latest']['text']}{days}"


@step("签收与确认收货", "delivered; the consumer confirms, twice is once")
def received(stage: Stage) -> str:
    parcel = parcel_of(stage)
    stage.sandbox.tell("parcel", waybill=parcel.waybill, step="delivered")
    shipment = Shipment.objects.filter(pk=parcel.shipment_id)
    wait("delivered", lambda: shipment.filter(state="delivered").exists(), seconds=15)
    path = f"orders/{stage.order['number']}/receipt"
    first, second = (stage.alice.call("POST", path) for _ in range(2))
    expect(first, second)
    return f"by the {first['by']}, at {first['at'][11:19]}Z"


@step("订阅消息", "shipped, cleared and delivered were told, each once")
def news(stage: Stage) -> str:
    number = stage.order["number"]

    def delivered() -> list[str]:
        sent = stage.sandbox.read("subscriptions")["delivered"]
        mine = [one["data"] for one in sent if one["data"].get("character_string1") == number]
        return [one["phrase2"] for one in mine] if len(mine) >= len(NEWS) else []

    found: list[str] = wait("the three messages", delivered, seconds=30)
    expect(sorted(NEWS), sorted(found))
    return "、".join(found)


STEPS = (agreed, declared, packed, label, cleared, left, scanned, told, followed, received, news)
