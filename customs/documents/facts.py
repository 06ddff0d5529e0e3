"""All that the documents of one order say, gathered once, so that none can say it differently."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Party:
    """An enterprise on file at customs."""

    code: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """What is left of a line of the order: `quantity` pieces for `goods_fen` together; codes are customs'."""

    position: int
    sku: str
    name: str
    specification: str
    hs_code: str
    origin: str
    bar_code: str
    quantity: int
    goods_fen: int
    unit: str
    unit1: str
    quantity1: Decimal
    unit2: str
    quantity2: Decimal | None
    weight_g: int
    item_record: str


@dataclass(frozen=True, slots=True)
class Orderer:
    """Who bought (订购人). In plain: it lives for one document."""

    account: str
    name: str
    number: str
    phone: str


@dataclass(frozen=True, slots=True)
class Consignee:
    """Who receives (收货人). In plain: it lives for one document."""

    name: str
    phone: str
    address: str
    district: str


@dataclass(frozen=True, slots=True)
class Payment:
    """What the payment firm has told customs: its number there, its amount, and the platform it names."""

    transaction_id: str
    declared_fen: int
    state: str
    payer: str
    platform_code: str


@dataclass(frozen=True, slots=True)
class Carried:
    """What the carrier has told customs of the parcel (511). In plain: it lives for one comparison."""

    taken_back: bool
    order_number: str
    consignee: str
    phone: str
    address: str
    weight_kg: Decimal


@dataclass(frozen=True, slots=True)
class Waybill:
    """The parcel and its number; what its carrier told customs, where a copy of that has come."""

    number: str
    carrier: Party
    weight_g: int
    parcels: int
    told: Carried | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where it is declared and what it leaves: district, port, account book, means of transport (9610)."""

    customs_code: str
    port_code: str
    traffic: str
    dispatch_country: str
    site_code: str
    ems_no: str
    area: Party
    traffic_no: str = ""
    voyage_no: str = ""
    bill_no: str = ""
    consigned: str = ""  # the waybill that stands on the bill


@dataclass(frozen=True, slots=True)
class Trade:
    """One order as customs is told of it, in fen; what was refunded before is left out.

    `number` is the order's at customs (orderNo), the same in all documents.
    """

    number: str
    transaction_id: str
    trade_mode: str
    goods_fen: int
    freight_fen: int
    discount_fen: int
    duty_fen: int
    vat_fen: int
    excise_fen: int
    platform: Party
    seller: Party
    payment_firm: Party
    declarant: Party
    guarantor: Party
    orderer: Orderer
    consignee: Consignee
    lines: tuple[Line, ...]
    payment: Payment
    waybill: Waybill
    place: Place

    @property
    def tax_fen(self) -> int:
        """税款: all kinds of tax together."""
        return self.duty_fen + self.vat_fen + self.excise_fen

    @property
    def paid_fen(self) -> int:
        """实付金额: goods, freight and tax, less what coupons paid."""
        return self.goods_fen + self.freight_fen + self.tax_fen - self.discount_fen
