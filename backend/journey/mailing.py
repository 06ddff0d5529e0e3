"""Direct mail (直购进口): sent from Hong Kong before its list, flown in on a bill, entered, cleared."""

from __future__ import annotations

from backend.journey.client import wait
from backend.journey.ordering import place, quote, risk_notice
from backend.journey.paying import start, wait_for
from backend.journey.refunding import as_the_house
from backend.journey.report import expect, expect_that, step
from backend.journey.shelves import products
from backend.journey.shipping import BY, after_hold
from backend.journey.stage import MAISON, Stage, yuan
from customs.models import Declaration, WarehouseEntry
from customs.services import consigning, declaring, entering, receiving, sending
from customs.services.consigning import Voyage
from kernel.clock import now, shanghai_day
from kernel.errors import Refused
from kernel.models import Event
from logistics.models import Parcel, Shipment
from logistics.services import leaving, packing, waybills
from orders.models import Order
from payments.models import PaymentDeclaration
from payments.services import declare

SHELF = "accessories"  # which Hong Kong alone has


def direct(stage: Stage) -> Order:
    """The journey's order of direct mail."""
    return Order.objects.select_related("warehouse").get(number=stage.mailed)


@step("直购下单", "what Hong Kong alone has: paid, the payment declared")
def bought(stage: Stage) -> str:
    card = next(one for one in products(stage, f"sort=price&category={SHELF}") if one["in_stock"])
    quoted = quote(stage.alice, [{"sku": card["skus"][0], "quantity": 1}])
    expect(("9610", []), (quoted["trade_mode"], [one["rule"] for one in quoted["refusals"]]))
    made = place(stage.alice, quoted, risk_notice(stage))
    stage.mailed = made["number"]
    stage.sandbox.tell("pay", client=start(stage, stage.alice, made["number"], MAISON))
    wait_for(stage.alice, made["number"], "paid")
    rows = PaymentDeclaration.objects.filter(order=direct(stage))

    def told() -> bool:
        with as_the_house(stage):
            for row in rows.exclude(state="succeeded"):
                declare.step(declaration=row, now=now())
        return rows.filter(state="succeeded").exists()

    wait("the payment declared", told, seconds=20)
    return f"{made['number']} {yuan(made['total_fen'])}, mode {quoted['trade_mode']}"


@step("境外发运", "packed, judged and sent off before any list")
def sent(stage: Stage) -> str:
    order = direct(stage)
    late, shipment = after_hold(order), Shipment.objects.get(order=order)
    weight = order.warehouse.packing_g + sum(
        line.quantity * line.variant.weight_g for line in order.lines.select_related("variant")
    )
    packing.pack(shipment=shipment, carrier="SF", by=BY, now=late, weight_g=weight)
    with as_the_house(stage):
        waybills.sweep(now=late)

    def gone() -> bool:
        with as_the_house(stage):
            try:
                return leaving.dispatch(
                    shipment=Shipment.objects.get(order=order), by=BY, now=late
                ).state == ("dispatched")
            except Refused:  # who paid is not known yet
                return False

    wait("the dispatch", gone, seconds=30)
    expect(False, Event.objects.filter(key=order.event_key, name="customs.released").exists())
    return f"waybill {Parcel.objects.get(shipment=shipment).waybill} left {order.warehouse.name}, no list yet"


@step("总运单与入库明细单", "bill, entry of its site, list released")
def landed(stage: Stage) -> str:
    order = direct(stage)
    row = Declaration.objects.select_related("account").get(order=order)
    parcel = Parcel.objects.get(shipment__order=order)
    with as_the_house(stage):
        declaring.step(declaration=row, now=after_hold(order))
        row.refresh_from_db()
        expect_that(row.account is not None, "a port account", row.awaits)
    assert row.account is not None
    said = Voyage(f"160-{order.pk:08d}", "CX0839", "B-LRA", shanghai_day(now()), row.account.port_code)
    bill = consigning.open_consignment(account=row.account, voyage=said, by=BY, now=now())
    consigning.put_on(consignment=bill, waybill=parcel.waybill, by=BY, now=now())
    consigning.close(consignment=bill, by=BY, now=now())

    def released() -> Event | None:
        with as_the_house(stage):
            entering.sweep(now=now())
            declaring.sweep(now=now())
            sending.sweep(now=now())
            receiving.collect(now=now())
        return Event.objects.filter(key=order.event_key, name="customs.released").first()

    release: Event = wait("the release", released, seconds=60)
    entry = WarehouseEntry.objects.get(bill_no=bill.bill_no)
    expect([parcel.waybill], entry.waybills)
    return (
        f"bill {bill}, entry {entry} of {len(entry.waybills)} parcel, list {release.facts['list']} released"
    )


STEPS = (bought, sent, landed)
