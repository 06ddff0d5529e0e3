"""One message of each kind of the import side, of real orders: as it was told or answered, else made of one.

What carrier, site, WeChat Pay or customs sign or say, and is not here, is made of the order's own facts by
the same tables, and signed where the specification has it by a key that is made for it and thrown away.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from compliance import vault
from customs import labels
from customs.ceb.message import Document, Message, Value
from customs.ceb.tables import NAMESPACE, VERSION, Shape, shapes
from customs.ceb.write import to_bytes, write
from customs.documents.build import NEW, Wish, cancel_document, list_document, order_document, return_document
from customs.documents.build import Numbers as ListNumbers
from customs.documents.declared import declared_lines, kilograms, yuan
from customs.documents.facts import Trade
from customs.models import Declaration, PortMessage, PortReceipt
from customs.services.filing import new_guid
from customs.services.gather import gather
from customs.services.keys import signer_of
from customs.services.sending import whole
from customs.services.transfer import transfer_of
from customs.signing.envelope import sign
from customs.signing.keys import RsaSigner, Signer
from kernel.errors import Conflict

PURPOSE = "write samples of customs messages"
PRE_NO = "B00000000000000001"  # where the E-Port has given none
OF_OTHERS = ("payment_firm", "carrier", "site")


class NoSample(Conflict):
    """There is no order that customs has released, of which samples could be made."""

    code = "no_sample"
    title = "No order was released by customs yet: let one clear (`make demo`), then ask again."
    title_zh = "尚无海关放行的订单：请先完成一单清关（make demo），再生成样例。"


class Sample(NamedTuple):
    """A message: `source` says whether it was told, answered, or made of an order's facts."""

    name: str
    raw: bytes
    source: str


@dataclass(frozen=True, slots=True)
class _Facts:
    declaration: Declaration
    trade: Trade
    now: datetime

    @property
    def listed(self) -> Document:
        return list_document(
            trade=self.trade, guid=new_guid(), app_type=NEW, numbers=self.numbers, now=self.now
        )

    @property
    def numbers(self) -> ListNumbers:
        row = self.declaration
        return ListNumbers(row.cop_no, row.pre_no or PRE_NO, row.list_no)

    def filed(self) -> dict[str, Value]:
        at = self.now.replace(microsecond=0)
        return {"guid": new_guid(), "appType": NEW, "appTime": at, "appStatus": "2"}

    def answered(self, status: str, **named: Value) -> Document:
        told: dict[str, Value] = {
            "returnStatus": status,
            "returnTime": self.now,
            "returnInfo": "[Code:2600;Desc:处理成功]",
        }
        return Document({"guid": new_guid(), **named, **told})


def samples(*, who: str, now: datetime) -> list[Sample]:
    """One of each message, in the order of the specification; every one that is opened leaves its access.

    They hold the names, numbers and addresses of real people where the database does. Raises NoSample.
    """
    row = (
        Declaration.objects.filter(
            state__in=("released", "closed"), order__key__destroyed_at=None, account__isnull=False
        )
        .select_related("order__key", "order__warehouse", "order__customer", "account__storefront__key")
        .order_by("-id")
        .first()
    )
    if row is None or row.account is None:
        raise NoSample()
    facts = _Facts(row, gather(order=row.order, account=row.account, who=who, purpose=PURPOSE, now=now), now)
    stranger = _stranger(now)
    return [
        _told(name, who, now) or _heard(name, who, now) or _made(shape, facts, stranger)
        for name, shape in shapes().items()
    ]


def _told(name: str, who: str, now: datetime) -> Sample | None:
    """The latest of our own that can still be read, byte for byte."""
    rows = PortMessage.objects.filter(name=name, filings__declaration__order__key__destroyed_at=None)
    message = rows.exclude(before=b"").order_by("-id").first()
    if message is None:
        return None
    return Sample(name, whole(message, who=who, purpose=PURPOSE, now=now), "told")


def _heard(name: str, who: str, now: datetime) -> Sample | None:
    """The latest that was answered: its document as it came, in a message of its own."""
    rows = PortReceipt.objects.filter(name=name).exclude(raw_sealed=b"").exclude(outcome="unreadable")
    row = (
        rows.select_related("filing__declaration__order__key", "account__storefront__key")
        .order_by("-id")
        .first()
    )
    if row is None:
        return None
    sealing = row.filing.declaration.order.key if row.filing else row.account.storefront.key
    raw = vault.open_as(
        who=who,
        purpose=PURPOSE,
        storefront_id=row.storefront_id,
        key=vault.unwrap(sealing),
        label=labels.RECEIPT_RAW,
        ref=row.public_id,
        blob=bytes(row.raw_sealed),
        now=now,
    )
    if not raw.startswith("<"):  # a refusal that is about many documents is kept once for each, in short
        return None
    root = etree.Element(
        f"{{{NAMESPACE}}}{name}", {"guid": new_guid(), "version": VERSION}, nsmap={"ceb": NAMESPACE}
    )
    root.append(etree.fromstring(raw.encode()))
    return Sample(name, to_bytes(root), "answered")


def _made(shape: Shape, facts: _Facts, stranger: Signer) -> Sample:
    assert facts.declaration.account is not None  # `samples` has looked
    transfer = transfer_of(facts.declaration.account) if shape.transfer else None
    root = write(Message(shape.name, new_guid(), (MADE[shape.name](facts),), transfer))
    if shape.signature != "no":
        others = shape.sender in OF_OTHERS
        sign(root, stranger if others else signer_of(facts.declaration.account))
    return Sample(shape.name, to_bytes(root), "made")


def _order(facts: _Facts) -> Document:
    return order_document(trade=facts.trade, guid=new_guid(), app_type=NEW, now=facts.now)


def _wish(facts: _Facts) -> Wish:
    return Wish(facts.declaration.cop_no, facts.declaration.list_no, "消费者申请")


def _cancel(facts: _Facts) -> Document:
    return cancel_document(listed=facts.listed, wish=_wish(facts), guid=new_guid(), now=facts.now)


def _return(facts: _Facts) -> Document:
    return return_document(
        listed=facts.listed, wish=_wish(facts), pieces={1: 1}, guid=new_guid(), now=facts.now
    )


def _payment(facts: _Facts) -> Document:
    trade = facts.trade
    return Document(
        {
            **facts.filed(),
            "payCode": trade.payment_firm.code,
            "payName": trade.payment_firm.name,
            "payTransactionId": trade.transaction_id,
            "orderNo": trade.number,
            "ebpCode": trade.platform.code,
            "ebpName": trade.platform.name,
            "payerIdType": "1",
            "payerIdNumber": trade.orderer.number,
            "payerName": trade.orderer.name,
            "amountPaid": yuan(trade.paid_fen),
            "currency": "142",
            "payTime": (facts.declaration.order.paid_at or facts.now).replace(microsecond=0),
        }
    )


def _carried(facts: _Facts) -> dict[str, Value]:
    carrier = facts.trade.waybill.carrier
    return {"logisticsCode": carrier.code, "logisticsName": carrier.name}


def _waybill(facts: _Facts) -> Document:
    trade = facts.trade
    return Document(
        {
            **facts.filed(),
            **_carried(facts),
            "logisticsNo": trade.waybill.number,
            "orderNo": trade.number,
            "freight": yuan(trade.freight_fen),
            "insuredFee": Decimal(0),
            "currency": "142",
            "weight": kilograms(trade.waybill.weight_g),
            "packNo": 1,
            "consignee": trade.consignee.name,
            "consigneeAddress": trade.consignee.address,
            "consigneeTelephone": trade.consignee.phone,
        }
    )


def _delivered(facts: _Facts) -> Document:
    return Document(
        {
            **facts.filed(),
            **_carried(facts),
            "logisticsNo": facts.trade.waybill.number,
            "logisticsStatus": "S",
            "logisticsTime": facts.now.replace(microsecond=0),
        }
    )


def _entry(facts: _Facts) -> Document:
    """Of goods that came by no voyage the waybill stands in the place of its numbers."""
    place, waybill = facts.trade.place, facts.trade.waybill.number
    operator = place.area if place.area.code else facts.trade.declarant
    head = {
        **facts.filed(),
        **_carried(facts),
        "customsCode": place.customs_code,
        "copNo": facts.declaration.cop_no,
        "operatorCode": operator.code,
        "operatorName": operator.name,
        "ieFlag": "I",
        "trafMode": place.traffic,
        "trafNo": place.traffic_no or waybill,
        "voyageNo": place.voyage_no or waybill[:32],
        "billNo": place.bill_no or waybill[:37],
    }
    return Document(head, ({"gnum": 1, "logisticsNo": waybill},))


def _answered_list(facts: _Facts) -> Document:
    own, port, customs = facts.numbers
    named = {"customsCode": facts.trade.place.customs_code, "copNo": own, "preNo": port}
    return facts.answered("800", **named, **({"invtNo": customs} if customs else {}))


def _answered_undoing(facts: _Facts) -> Document:
    own, port, customs = facts.numbers
    return facts.answered("399", copNo=own, preNo=port, **({"invtNo": customs} if customs else {}))


def _sheet(facts: _Facts) -> Document:
    trade, levied = facts.trade, {}
    for element, fen in (
        ("customsTax", trade.duty_fen),
        ("valueAddedTax", trade.vat_fen),
        ("consumptionTax", trade.excise_fen),
    ):
        levied[element] = yuan(fen)
    first, *rest = declared_lines(trade.lines)
    none = dict.fromkeys(levied, Decimal(0))
    lines = [(first, levied), *((line, none) for line in rest)]
    return Document(
        {**_sheet_head(facts), **levied},
        tuple(
            {"gnum": one.gnum, "gcode": one.line.hs_code, "taxPrice": yuan(one.total_fen), **share}
            for one, share in lines
        ),
    )


def _sheet_head(facts: _Facts) -> dict[str, Value]:
    number = facts.declaration.list_no
    return {
        "guid": new_guid(),
        "returnTime": facts.now,
        "invtNo": number,
        "taxNo": f"{number}01",
        "status": "1",
    }


def _unreadable(facts: _Facts) -> Document:
    return Document(
        {
            "guid": new_guid(),
            "returnStatus": "-1",
            "returnInfo": "报文格式不符合规范",
            "returnTime": facts.now,
            "oriCopMsgId": new_guid(),
            "oriMessageType": "CEB311Message",
            "oriBizMessage": "<CEB311Message/>",
        }
    )


MADE: Mapping[str, Callable[[_Facts], Document]] = {
    "CEB311Message": _order,
    "CEB312Message": lambda facts: facts.answered(
        "120",
        ebpCode=facts.trade.platform.code,
        ebcCode=facts.trade.seller.code,
        orderNo=facts.trade.number,
    ),
    "CEB411Message": _payment,
    "CEB412Message": lambda facts: facts.answered(
        "120", payCode=facts.trade.payment_firm.code, payTransactionId=facts.trade.transaction_id
    ),
    "CEB511Message": _waybill,
    "CEB512Message": lambda facts: facts.answered(
        "120",
        logisticsCode=facts.trade.waybill.carrier.code,
        logisticsNo=facts.trade.waybill.number,
    ),
    "CEB513Message": _delivered,
    "CEB514Message": lambda facts: facts.answered(
        "120",
        logisticsCode=facts.trade.waybill.carrier.code,
        logisticsNo=facts.trade.waybill.number,
        logisticsStatus="S",
    ),
    "CEB621Message": lambda facts: facts.listed,
    "CEB622Message": _answered_list,
    "CEB623Message": _cancel,
    "CEB624Message": _answered_undoing,
    "CEB625Message": _return,
    "CEB626Message": _answered_undoing,
    "CEB711Message": _entry,
    "CEB712Message": lambda facts: facts.answered(
        "120", customsCode=facts.trade.place.customs_code, copNo=facts.declaration.cop_no
    ),
    "CEB816Message": _sheet,
    "CEB818Message": lambda facts: Document({**_sheet_head(facts), "status": "2"}),
    "CEB900Message": _unreadable,
}


def _stranger(now: datetime) -> Signer:
    """A key for what another party signs: made now, known to nobody, thrown away."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sample")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return RsaSigner(key, "SAMPLE", base64.b64encode(made.public_bytes(Encoding.DER)).decode())
