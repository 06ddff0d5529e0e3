"""A port in the same process: it takes what is sent and answers what a test lets it answer."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from backend import delivery
from customs.ceb.message import Document, Message, Value
from customs.ceb.read import parse, read
from customs.ceb.write import to_bytes, write
from customs.gateways.port import Came
from customs.models import Declaration, PortAccount
from customs.services import declaring, receiving, sending
from customs.services.filing import new_guid
from customs.services.keys import set_key
from customs.signing.envelope import verify
from customs.signing.keys import RsaVerifier
from inventory.models import BookItem
from kernel.gateways import Unreachable
from logistics.models import Parcel, Shipment
from storefronts.models import LegalParty
from storefronts.queries import forget_kept
from tests import make
from tests.payments.declaring import NUMBER

KEY = make.rsa_key("customs")


def certificate(key: rsa.RSAPrivateKey, days: int = 1) -> str:
    """A certificate of a key for so many days, base64 of its DER."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "关务测试")])
    now = make.present()
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(now - timedelta(days=9))
        .not_valid_after(now + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    return base64.b64encode(made.public_bytes(Encoding.DER)).decode()


CODES = {
    "ebc": "3302W0A01P",
    "ebp": NUMBER,
    "agent": "3302W0C03E",
    "pay": "4403169D3W",
    "logistics": "3302W0E05L",
    "declarant": "3302W0F06T",
    "area": "3302W0G07K",
}


@dataclass
class Port:
    """Stands in for the port of every account: `sent` is what came, `box` what it will tell."""

    sent: list[bytes] = field(default_factory=list)
    box: list[Came] = field(default_factory=list)
    down: bool = False

    def send(self, *, name: str, guid: str, raw: bytes, now: datetime) -> None:
        if self.down:
            raise Unreachable(party="port", reason="down")
        verify(parse(raw), {"0001": RsaVerifier(KEY.public_key())}.get)
        self.sent.append(raw)

    def receipts(self) -> list[Came]:
        if self.down:
            raise Unreachable(party="port", reason="down")
        return list(self.box[:100])

    def taken(self, ids: Sequence[str]) -> None:
        self.box = [one for one in self.box if one.id not in ids]

    def messages(self, name: str) -> list[Message]:
        """What came under a name, in its order."""
        return [message for message in map(read, self.sent) if message.name == name]

    def tell(self, name: str, at: datetime, **head: Value) -> None:
        """Put a receipt into the box."""
        values = {"guid": new_guid(), "returnTime": at, "returnInfo": "[Code:0;Desc:处理成功]", **head}
        raw = to_bytes(write(Message(name, new_guid(), (Document(values),))))
        self.box.append(Came(str(len(self.box)) + new_guid(), raw))


def account(world: make.World, **changes: object) -> PortAccount:
    """The storefront's way to Ningbo's district, and everyone who is named on its lists."""
    for role, code in CODES.items():
        LegalParty.objects.update_or_create(
            storefront=world.shop,
            role=role,
            defaults={"customs_code": code},
            create_defaults={"name": f"{role} 公司", "country": "CN", "customs_code": code},
        )
    forget_kept()
    world.warehouse.ems_no, world.warehouse.area_code = "T3105W000077", "3105"
    world.warehouse.save()
    for number, variant in enumerate((world.dryer, world.iron), 1):
        BookItem.objects.update_or_create(
            warehouse=world.warehouse,
            variant=variant,
            defaults={"storefront": world.shop, "item_no": str(number), "record_no": f"3105W{number:05d}"},
        )
    values = {
        "storefront": world.shop,
        "customs_code": "3105",
        "port_code": "3104",
        "traffic": "Y",
        "dxp_id": "DXPENT0000012345",
        "guarantee_fen": 10_000_000,
        "signer": "machine",
        **changes,
    }
    made = PortAccount.objects.create(**values)
    return set_key(
        account=made,
        method="rsa-sha1",
        secret=make.private_pem(KEY),
        number="0001",
        certificate=certificate(KEY),
    )


def waybill(order: object, number: str = "SF1000000000001", weight_g: int = 2_000) -> Parcel:
    """The order's parcel with its number, as a warehouse has packed it."""
    shipment = Shipment.objects.get(order=order)
    now = make.present()
    return Parcel.objects.create(
        storefront_id=shipment.storefront_id,
        shipment=shipment,
        own_number=f"own-{number}",
        carrier="SF",
        waybill=number,
        weight_g=weight_g,
        weighed_g=weight_g,
        state="issued",
        asked_at=now,
        issued_at=now,
    )


def declaration(order: object) -> Declaration:
    return Declaration.objects.select_related("order", "account").get(order=order)


def go_on(at: datetime, rounds: int = 1) -> datetime:
    """Sweep declarations and messages and take receipts in, `rounds` times, ten seconds apart."""
    for _ in range(rounds):
        declaring.sweep(now=at)
        sending.sweep(now=at)
        receiving.collect(now=at)
        delivery.drain(now=at)
        at += timedelta(seconds=10)
    return at
