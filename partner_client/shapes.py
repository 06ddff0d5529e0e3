"""What is sent and answered. Made from the OpenAPI document by `manage.py partner_client`; not to be edited."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict


class AcknowledgeBody(TypedDict):
    """Under which number the partner has it."""

    reference: NotRequired[str]


class Acknowledged(TypedDict):
    """Under which number you have it, since when."""

    number: str
    reference: str
    at: str


class Address(TypedDict):
    """Where it goes."""

    division_code: str
    region: list[str]
    street: str


class AdjustmentBody(TypedDict):
    """What differs from the ledger, and why."""

    warehouse: str
    lines: list[AdjustmentLine]


class AdjustmentLine(TypedDict):
    """Pieces of one lot that were found, or are missing."""

    sku: str
    lot: NotRequired[str]
    inbound_list: NotRequired[str]
    pieces: int
    reason: str


class Adjustment(TypedDict):
    """The lots as they stand now."""

    lots: list[Lot]


class Attempt(TypedDict):
    """One call of your server."""

    at: str
    status: int | None
    millis: int
    error: str | None


class CountBody(TypedDict):
    """What was counted in a warehouse."""

    warehouse: str
    note: NotRequired[str]
    lines: list[CountLine]


class CountLine(TypedDict):
    """What was counted of one lot."""

    sku: str
    lot: NotRequired[str]
    inbound_list: NotRequired[str]
    counted: int


class Count(TypedDict):
    """Line by line."""

    lines: list[Counted]


CountStateEnum = Literal["matches", "varies", "accepted"]


class Counted(TypedDict):
    """What the ledger says of a lot, and what was counted."""

    sku: str
    lot: str
    expected: int
    counted: int
    state: CountStateEnum


class Credential(TypedDict):
    """The credential that the token came from."""

    client_id: str
    expires_at: str | None


DeclarationStateEnum = Literal["waiting", "documents", "listed", "rejected", "blocked", "accepted", "inspection", "detained", "review", "released", "cancelling", "closed", "cancelled", "turned_back", "ended"]


class EndpointBody(TypedDict):
    """An endpoint as it is sent."""

    url: str
    types: list[str]


class EndpointMade(TypedDict):
    """An endpoint and its secret."""

    id: str
    url: str
    types: list[str]
    state: EndpointStateEnum
    failing_since: str | None
    paused_at: str | None
    paused_why: str | None
    secret: str | None


class Endpoint(TypedDict):
    """An endpoint."""

    id: str
    url: str
    types: list[str]
    state: EndpointStateEnum
    failing_since: str | None
    paused_at: str | None
    paused_why: str | None


class EndpointPage(TypedDict):
    """One page."""

    items: list[Endpoint]
    next: str | None


EndpointStateEnum = Literal["active", "paused", "removed"]


class Event(TypedDict):
    """What happened to what."""

    position: int
    type: str
    object: str
    number: str
    at: str


class EventPage(TypedDict):
    """One page."""

    items: list[Event]
    next: str | None


class ItsAcknowledgement(TypedDict):
    """That you have it."""

    reference: str
    at: str


class ItsDeclaration(TypedDict):
    """How far its declaration is."""

    state: DeclarationStateEnum
    list_no: str | None


class ItsShipment(TypedDict):
    """How far its parcel is."""

    state: ShipmentStateEnum
    ship_by: str | None


class Level(TypedDict):
    """How much there is of a SKU in a warehouse."""

    sku: str
    warehouse: str
    on_hand: int
    reserved: int
    quarantined: int
    available: int
    stopped: bool


class LevelPage(TypedDict):
    """One page."""

    items: list[Level]
    next: str | None


class Line(TypedDict):
    """A line, with what of each sum is its own."""

    position: int
    sku: str
    name: Text
    quantity: int
    price_fen: int
    goods_fen: int
    discount_fen: int
    freight_fen: int
    duty_fen: int
    vat_fen: int
    excise_fen: int


class Lot(TypedDict):
    """A lot 批次 in a warehouse."""

    sku: str
    warehouse: str
    lot: str
    inbound_list: str | None
    produced_on: str | None
    expires_on: str | None
    on_hand: int
    picked: int
    quarantined: int
    stopped: bool
    unsellable_from: str | None


class LotPage(TypedDict):
    """One page."""

    items: list[Lot]
    next: str | None


class Me(TypedDict):
    """Who calls, and what it may."""

    partner: Who
    credential: Credential
    scopes: list[str]
    storefronts: list[Reach]


class Message(TypedDict):
    """A message and what came of it."""

    id: str
    type: str
    object: str
    number: str
    position: int | None
    at: str
    state: MessageStateEnum
    next_try_at: str | None
    attempts: list[Attempt]


class MessagePage(TypedDict):
    """One page."""

    items: list[Message]
    next: str | None


MessageStateEnum = Literal["waiting", "done", "given_up"]


class Order(TypedDict):
    """A paid order, without personal data; with `fields` those alone."""

    number: NotRequired[str]
    state: NotRequired[OrderStateEnum]
    changed_at: NotRequired[str]
    placed_at: NotRequired[str]
    paid_at: NotRequired[str | None]
    closed_at: NotRequired[str | None]
    trade_mode: NotRequired[str]
    warehouse: NotRequired[str]
    currency: NotRequired[str]
    goods_fen: NotRequired[int]
    freight_fen: NotRequired[int]
    discount_fen: NotRequired[int]
    tax_fen: NotRequired[int]
    total_fen: NotRequired[int]
    lines: NotRequired[list[Line]]
    shipment: NotRequired[ItsShipment | None]
    declaration: NotRequired[ItsDeclaration | None]
    acknowledged: NotRequired[ItsAcknowledgement | None]


class OrderPage(TypedDict):
    """One page."""

    items: list[Order]
    next: str | None


OrderStateEnum = Literal["placed", "closing", "paid", "expired", "cancelled"]


PartnerKindEnum = Literal["warehouse", "carrier", "broker", "erp"]


class Problem(TypedDict):
    """RFC 9457 problem details; `code` is stable, other members depend on it."""

    type: str
    title: str
    status: int
    code: str
    refusals: NotRequired[list[RefusalDocument]]
    errors: NotRequired[Any]
    seconds: NotRequired[int]


class Reach(TypedDict):
    """A storefront, and what this token may do there."""

    code: str
    name: Text
    scopes: list[str]


class ReceiptBody(TypedDict):
    """What came into a warehouse, in one message."""

    warehouse: str
    reference: str
    lines: list[ReceiptLine]


class ReceiptLine(TypedDict):
    """Pieces of one lot that came in."""

    sku: str
    lot: NotRequired[str]
    inbound_list: NotRequired[str]
    quantity: int
    produced_on: NotRequired[str | None]
    expires_on: NotRequired[str | None]


class Receipt(TypedDict):
    """What was taken in, lot by lot, as it stands now."""

    reference: str
    lots: list[Lot]


class Receiver(TypedDict):
    """To whom it goes, as far as your personal scopes go."""

    name: NotRequired[str]
    phone: NotRequired[str]
    address: NotRequired[Address]


class RefusalDocument(TypedDict):
    """One sentence of law or policy that says no."""

    rule: str
    sentence: str
    sentence_zh: str
    citation: str
    link: str
    facts: dict[str, Any]


class Secret(TypedDict):
    """The new secret."""

    id: str
    secret: str | None


ShipmentStateEnum = Literal["to_pick", "packing", "labelled", "leaving", "dispatched", "lost", "handed_over", "customs_hold", "damaged", "in_transit", "delivered", "returned", "cancelled"]


class Text(TypedDict):
    """A text in both languages."""

    zh: str
    en: str


class Warehouse(TypedDict):
    """A place that goods leave from."""

    code: str
    name: Text
    trade_mode: str
    active: bool


class WarehousePage(TypedDict):
    """One page."""

    items: list[Warehouse]
    next: str | None


class Who(TypedDict):
    """The partner."""

    id: str
    name: str
    kind: PartnerKindEnum

