"""Direct mail (9610): an order whose parcel left Hong Kong, the bill that brings it, what its site enters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from lxml import etree

from customs.ceb.message import Document, Message, Value
from customs.ceb.write import to_bytes, write
from customs.gateways.port import Came
from customs.gateways.senders import AskedEntry, AskedWaybill
from customs.models import Consignment, PortAccount
from customs.services import consigning, entering
from customs.services.consigning import Voyage
from customs.services.filing import new_guid
from customs.signing.envelope import sign
from customs.signing.keys import RsaSigner, Signer
from kernel.clock import shanghai_day
from kernel.gateways import Unreachable
from logistics.models import Parcel, Shipment
from orders.models import Order
from tests import make
from tests.customs import port as ports
from tests.customs.port import Port
from tests.payments.declaring import go_on as pay_on
from tests.payments.declaring import paid
from tests.stepping import step

WAYBILL = "SF1000000000001"
SITE = "3302960S01"
SITE_KEY = make.rsa_key("site")
SITE_CERTIFICATE = ports.certificate(SITE_KEY, days=90)
SIGNS = RsaSigner(SITE_KEY, "0900", SITE_CERTIFICATE)


def voyage(**changes: object) -> Voyage:
    """Flight CX0839, which came in the day before the hold of an order paid now is over."""
    day = shanghai_day(make.present() + timedelta(hours=1)) - timedelta(days=1)
    return replace(Voyage("160-12345675", "CX0839", "B-LRA", day, "3104"), **changes)


@step
def district(world: make.World) -> PortAccount:
    """The storefront declares what comes by air from Hong Kong."""
    account = ports.account(world, traffic="5", dispatch_country="110", site_certificate=SITE_CERTIFICATE)
    world.warehouse.trade_mode, world.warehouse.ems_no, world.warehouse.area_code = "9610", "", ""
    world.warehouse.save()
    return account


@step
def sent(wechat, world: make.World, waybill: str = WAYBILL) -> Parcel:
    """The parcel of a paid order; it has left the warehouse."""
    order = paid(wechat, world).order
    parcel = ports.waybill(order, waybill)
    left(order)
    return parcel


def left(order: Order, at: datetime | None = None) -> None:
    Shipment.objects.filter(order=order).update(state="dispatched", dispatched_at=at or make.present())


def opened(account: PortAccount, **changes: object) -> Consignment:
    return consigning.open_consignment(
        account=account, voyage=voyage(**changes), by="forwarder", now=make.present()
    )


def put(consignment: Consignment, *waybills: str, now: datetime | None = None) -> Consignment:
    """These parcels on it, and it is on its way."""
    now = now or make.present()
    for waybill in waybills:
        consigning.put_on(consignment=consignment, waybill=waybill, by="forwarder", now=now)
    return consigning.close(consignment=consignment, by="forwarder", now=now)


def enters(port: Port, at: datetime, waybills: Sequence[str] = (WAYBILL,), **head: Value) -> None:
    """A copy of what the site entered lies in the box."""
    port.box.append(Came(new_guid(), to_bytes(entry(at, waybills, **head))))


def entry(
    at: datetime, waybills: Sequence[str] = (WAYBILL,), signer: Signer | None = SIGNS, **head: Value
) -> etree._Element:
    """What the site entered, signed by it."""
    values: dict[str, Value] = {
        "guid": new_guid(),
        "appType": "1",
        "appTime": at.replace(microsecond=0),
        "appStatus": "2",
        "customsCode": "3105",
        "copNo": "RK0001",
        "operatorCode": SITE,
        "operatorName": "宁波跨境电商监管作业场所",
        "ieFlag": "I",
        "trafMode": "5",
        "trafNo": "B-LRA",
        "voyageNo": "CX0839",
        "billNo": "160-12345675",
        "logisticsCode": ports.CODES["logistics"],
        "logisticsName": "承运人",
        **head,
    }
    lines = tuple({"gnum": n, "logisticsNo": one} for n, one in enumerate(waybills, 1))
    transfer: dict[str, Value] = {"copCode": SITE, "copName": "场所", "dxpMode": "DXP", "dxpId": "DXPSITE01"}
    root = write(Message("CEB711Message", new_guid(), (Document(values, lines),), transfer))
    if signer is not None:
        sign(root, signer)
    return root


def answers(port: Port, at: datetime, status: str, **head: Value) -> None:
    """What customs says of the entry."""
    said = {"copNo": "RK0001", "operatorCode": SITE, "preNo": "R20261127000000001", **head}
    port.tell("CEB712Message", at, returnStatus=status, **said)


@dataclass
class Asked:
    """In the place of carrier and site: what they were asked for."""

    waybills: list[AskedWaybill] = field(default_factory=list)
    entries: list[AskedEntry] = field(default_factory=list)
    down: bool = False

    def waybill(self, *, dxp_id: str, asked: AskedWaybill) -> None:
        self.waybills.append(asked)

    def entry(self, *, dxp_id: str, asked: AskedEntry) -> None:
        if self.down:
            raise Unreachable(party="senders", reason="down")
        self.entries.append(asked)


def carried(port: Port, at: datetime, status: str = "120", waybill: str = WAYBILL) -> None:
    """Customs has the waybill."""
    port.tell(
        "CEB512Message",
        at,
        returnStatus=status,
        logisticsCode=ports.CODES["logistics"],
        logisticsNo=waybill,
    )


def ordered(port: Port, at: datetime) -> None:
    """Customs has every order that it was told of."""
    for message in port.messages("CEB311Message"):
        head = message.documents[0].head
        key = {name: head[name] for name in ("ebpCode", "ebcCode", "orderNo")}
        port.tell("CEB312Message", at, returnStatus="120", **key)


def go_on(at: datetime, rounds: int = 1) -> datetime:
    """As everywhere, and the site is asked."""
    for _ in range(rounds):
        entering.sweep(now=at)
        at = ports.go_on(at)
    return at


@step
def stand(port: Port, at: datetime) -> datetime:
    """Order and waybill stand at customs; the list waits for what is abroad."""
    at = go_on(at, 2)
    ordered(port, at)
    carried(port, at)
    return go_on(at, 2)


def due() -> datetime:
    """When holds are over and payments are declared."""
    return pay_on(2)
