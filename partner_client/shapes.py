"""What is sent and answered. Made from the OpenAPI document by `manage.py partner_client`; not to be edited."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict


AccountEnum = Literal["wechat", "bank", "sales", "freight", "tax", "stray", "consumer", "fee", "coupon", "goodwill", "passed_on", "abroad", "brand", "forex", "other", "unexplained"]


class Account(TypedDict):
    """An account over a period, in fen: a debit is above zero, a credit is what it is less."""

    account: AccountEnum
    opening_fen: int
    debit_fen: int
    credit_fen: int
    closing_fen: int


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


class Bank(TypedDict):
    """What the brand's bank told of a batch: a credit, or a charge that it kept."""

    credited_on: str
    batch: str
    reference: str
    kind: BankOutKindEnum
    amount_minor: int


BankOutKindEnum = Literal["credit", "charge"]


class BankPage(TypedDict):
    """One page."""

    items: list[Bank]
    next: str | None


class BatchItem(TypedDict):
    """One order's place in a batch; a later turn corrects what was settled of it before."""

    position: int
    order: str
    turn: int
    gross_fen: int
    refunded_fen: int
    fee_fen: int
    net_fen: int
    locked_rate: str
    promised_minor: int
    rate: str | None
    settled_minor: int | None
    settled_on: str | None
    refusal: str | None


class BatchItemPage(TypedDict):
    """One page."""

    items: list[BatchItem]
    next: str | None


class Batch(TypedDict):
    """A batch; `_fen` are yuan, `_minor` are minor units of its currency."""

    number: str
    state: BatchStateEnum
    currency: str
    items_count: int
    net_fen: int
    promised_minor: int
    settled_fen: int
    settled_minor: int
    received_minor: int
    result_fen: int
    made_at: str
    exported_at: str | None
    answered_at: str | None
    closed_at: str | None


class BatchPage(TypedDict):
    """One page."""

    items: list[Batch]
    next: str | None


BatchStateEnum = Literal["draft", "exported", "discarded", "answered", "refused", "received", "closed"]


BlankEnum = Literal[""]


class BrandLine(TypedDict):
    """One order's share of what was settled."""

    settled_on: str
    batch: str
    order: str
    gross_fen: int
    refunded_fen: int
    fee_fen: int
    net_fen: int
    locked_rate: str
    promised_minor: int
    rate: str
    settled_minor: int
    difference_minor: int


class BrandLinePage(TypedDict):
    """One page."""

    items: list[BrandLine]
    next: str | None


class Brand(TypedDict):
    """Sums of a period: `_fen` are yuan, `_minor` are minor units of the brand's currency."""

    currency: str
    first: str
    last: str
    opening_minor: int
    gross_fen: int
    refunded_fen: int
    fee_fen: int
    net_fen: int
    promised_minor: int
    settled_minor: int
    charged_minor: int
    credited_minor: int
    closing_minor: int


class Brought(TypedDict):
    """A receipt that was taken in."""

    id: str
    type: str
    number: str | None
    status: Said | None
    outcome: ReceiptOutcomeEnum
    sha256: str


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


class CustomsContent(TypedDict):
    """What a message says, byte for byte."""

    id: str
    type: str
    whole: bool
    sha256: str
    content: str


class CustomsMessage(TypedDict):
    """A document that customs was told, or one that came from there."""

    id: str
    direction: DirectionEnum
    type: str
    document: DocumentKindEnum
    document_id: str
    message_id: str | None
    made_at: str | None
    sent_at: str | None
    received_at: str | None
    status: Said | None
    error: Said | None
    stands: bool
    sha256: str | None


class CustomsMessagePage(TypedDict):
    """One page."""

    items: list[CustomsMessage]
    next: str | None


class CustomsReceiptBody(TypedDict):
    """A receipt message 回执 as the port's client gave it, in `xml` as it is or in `content` in base64."""

    district: str
    xml: NotRequired[str]
    content: NotRequired[str]


class Cut(TypedDict):
    """A public price cut that holds now."""

    name: Text
    price_fen: int
    ends_at: str


class Declaration(TypedDict):
    """A declaration, by the number of its order."""

    number: NotRequired[str]
    state: NotRequired[DeclarationStateEnum]
    changed_at: NotRequired[str]
    round: NotRequired[int]
    cop_no: NotRequired[str]
    pre_no: NotRequired[str | None]
    list_no: NotRequired[str | None]
    status: NotRequired[Said | None]
    awaits: NotRequired[str | None]
    trouble: NotRequired[str | None]
    district: NotRequired[str | None]
    declared: NotRequired[DeclaredTax]
    opened_at: NotRequired[str]
    listed_at: NotRequired[str | None]
    accepted_at: NotRequired[str | None]
    released_at: NotRequired[str | None]


class DeclarationPage(TypedDict):
    """One page."""

    items: list[Declaration]
    next: str | None


DeclarationStateEnum = Literal["waiting", "documents", "listed", "rejected", "blocked", "accepted", "inspection", "detained", "review", "released", "cancelling", "closed", "cancelled", "turned_back", "ended"]


class DeclaredTax(TypedDict):
    """Tax as the list declared it; each 0 before the list is made."""

    duty_fen: int
    vat_fen: int
    excise_fen: int
    total_fen: int


DirectionEnum = Literal["out", "in"]


DocumentKindEnum = Literal["order", "waybill", "payment", "list", "cancel", "return"]


class Document(TypedDict):
    """A document that stands at customs or is on its way: 订单, 支付单, 运单, 清单, 撤单, 退货."""

    kind: DocumentKindEnum
    type: str
    status: Said | None
    told_at: str | None
    made_at: str
    sent_at: str | None


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


class Failure(TypedDict):
    """Why nothing of it was done."""

    code: str | None
    title: str
    title_zh: str


class Fault(TypedDict):
    """What stands against one field, or (`column` is empty) against the row."""

    column: str
    message: str
    message_zh: str


class FoundLine(TypedDict):
    """So many pieces that were found alike."""

    sku: str
    quantity: int
    lot: NotRequired[str]
    inbound_list: NotRequired[str]
    grade: ReturnGradeEnum
    place: NotRequired[PlaceEnum]


class Grade(TypedDict):
    """How so many pieces were found, and where they went."""

    grade: ReturnGradeEnum
    place: PlaceEnum
    quantity: int
    lot: str | None
    inbound_list: str | None


class InParcel(TypedDict):
    """Pieces of one lot that lie in a parcel."""

    lot: str
    inbound_list: str | None
    expires_on: str | None
    quantity: int
    sku: str


class InspectedLine(TypedDict):
    """A line with the lots that its pieces can be of."""

    sku: str
    name: Text
    quantity: int
    state: ReturnLineStateEnum
    found: list[Grade]
    lots: list[SoldLot]


class InspectionBody(TypedDict):
    """How every piece that was asked for was found."""

    lines: list[FoundLine]
    deducted_fen: NotRequired[int]
    why: NotRequired[str]


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


JobKindEnum = Literal["catalogue.upsert", "file.catalogue", "file.receipts", "file.adjustments", "file.counts", "file.weights", "file.departures", "file.returns", "file.tracking"]


class Job(TypedDict):
    """A job, how far it is and how it ended."""

    id: str
    kind: JobKindEnum
    state: JobOutStateEnum
    done: int
    total: int
    queued_at: str
    started_at: str | None
    ended_at: str | None
    summary: Summary | None
    failure: Failure | None


JobOutStateEnum = Literal["queued", "running", "done", "failed"]


class Ledger(TypedDict):
    """Every account; openings, and so closings, sum to zero."""

    first: str
    last: str
    accounts: list[Account]


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


class LotOf(TypedDict):
    """Pieces of one lot."""

    lot: str
    inbound_list: str | None
    expires_on: str | None
    quantity: int


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


ModeEnum = Literal["rows", "whole"]


NetContentUnitEnum = Literal["ml", "g", "piece"]


class NullEnum(TypedDict):
    """NullEnum"""



class OneDeclaration(TypedDict):
    """A declaration with its documents, tax sheets and history."""

    number: NotRequired[str]
    state: NotRequired[DeclarationStateEnum]
    changed_at: NotRequired[str]
    round: NotRequired[int]
    cop_no: NotRequired[str]
    pre_no: NotRequired[str | None]
    list_no: NotRequired[str | None]
    status: NotRequired[Said | None]
    awaits: NotRequired[str | None]
    trouble: NotRequired[str | None]
    district: NotRequired[str | None]
    declared: NotRequired[DeclaredTax]
    opened_at: NotRequired[str]
    listed_at: NotRequired[str | None]
    accepted_at: NotRequired[str | None]
    released_at: NotRequired[str | None]
    port_account: NotRequired[PortAccount | None]
    documents: NotRequired[list[Document]]
    tax_sheets: NotRequired[list[TaxSheet]]
    history: NotRequired[list[Step]]


class Options(TypedDict):
    """Names and values by language, in the same order."""

    zh: NotRequired[dict[str, Any]]
    en: NotRequired[dict[str, Any]]


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


class OutboxContent(TypedDict):
    """A signed message, byte for byte."""

    message_id: str
    type: str
    sha256: str
    content: str


class Outbox(TypedDict):
    """A signed message that waits to be transported."""

    message_id: str
    type: str
    district: str
    dxp_id: str
    documents: int
    made_at: str
    sha256: str


class OutboxPage(TypedDict):
    """One page."""

    items: list[Outbox]
    next: str | None


OutcomeEnum = Literal["created", "changed", "unchanged", "taken", "refused"]


class PackBody(TypedDict):
    """What lies in the parcel, and what the scales say."""

    weight_g: int
    lines: NotRequired[list[PackLine]]


class PackLine(TypedDict):
    """Pieces of one picked lot."""

    sku: str
    lot: NotRequired[str]
    inbound_list: NotRequired[str]
    quantity: int


class Parcel(TypedDict):
    """A parcel and its waybill 运单."""

    id: str
    order: str
    carrier: str
    waybill: str | None
    state: WaybillStateEnum
    trouble: str | None
    weight_g: int | None
    expected_g: int
    left_at: str | None
    latest: TrackingCodeEnum | NullEnum
    latest_at: str | None
    lines: list[InParcel]


PartnerKindEnum = Literal["warehouse", "carrier", "broker", "erp"]


PieceGradeEnum = Literal["as_new", "opened", "damaged"]


PlaceEnum = Literal["shelf", "quarantine", "destroy", "abroad", "nowhere"]


class PortAccount(TypedDict):
    """The way to the district."""

    name: str
    district: str
    port: str
    active: bool


class Problem(TypedDict):
    """RFC 9457 problem details; `code` is stable, other members depend on it."""

    type: str
    title: str
    status: int
    code: str
    refusals: NotRequired[list[RefusalDocument]]
    errors: NotRequired[Any]
    seconds: NotRequired[int]


class ProductBody(TypedDict):
    """A product and its variants, as you read it; what you leave out stays as it is."""

    category: NotRequired[str | None]
    brand: NotRequired[str | None]
    name_zh: NotRequired[str | None]
    name_en: NotRequired[str | None]
    subtitle_zh: NotRequired[str | None]
    subtitle_en: NotRequired[str | None]
    description_zh: NotRequired[str | None]
    description_en: NotRequired[str | None]
    variants: NotRequired[list[VariantRow]]


class Product(TypedDict):
    """A product with its variants, in their order."""

    product_code: str
    category: str
    brand: str
    name_zh: str
    name_en: str
    subtitle_zh: str
    subtitle_en: str
    description_zh: str
    description_en: str
    state: ProductStateEnum
    published_at: str | None
    variants: list[Variant]


class ProductPage(TypedDict):
    """One page."""

    items: list[Product]
    next: str | None


ProductStateEnum = Literal["draft", "published", "withdrawn"]


class Reach(TypedDict):
    """A storefront, and what this token may do there."""

    code: str
    name: Text
    scopes: list[str]


ReasonEnum = Literal["changed_mind", "does_not_fit", "no_longer_wanted", "not_received", "damaged", "defective", "wrong", "undelivered", "missing"]


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


ReceiptOutcomeEnum = Literal["taken", "old", "unknown", "unreadable"]


class Receipts(TypedDict):
    """What is new of what was brought: nothing where it came before."""

    items: list[Brought]


class ReceivedBody(TypedDict):
    """When it came."""

    came_on: NotRequired[str | None]


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


class Result(TypedDict):
    """What came of one row."""

    row: int
    sku: str | None
    outcome: OutcomeEnum
    faults: list[Fault]
    warnings: list[Fault]


class ResultPage(TypedDict):
    """One page."""

    items: list[Result]
    next: str | None


ReturnExclusionEnum = Literal["opened", "activated", "near_expiry", "custom_made"]


ReturnGradeEnum = Literal["as_new", "opened", "damaged", "wrong", "short"]


ReturnKindEnum = Literal["refund_only", "return", "exchange", "claim"]


class ReturnLine(TypedDict):
    """A SKU of it: how many pieces are asked for, and how they were found."""

    sku: str
    name: Text
    quantity: int
    state: ReturnLineStateEnum
    found: list[Grade]


ReturnLineStateEnum = Literal["asked", "refused", "approved", "inspected", "paid", "dropped"]


class Return(TypedDict):
    """A return; with `fields` those alone."""

    number: NotRequired[str]
    order: NotRequired[str]
    state: NotRequired[ReturnStateEnum]
    changed_at: NotRequired[str]
    warehouse: NotRequired[str]
    kind: NotRequired[ReturnKindEnum]
    reason: NotRequired[ReasonEnum]
    goods_back: NotRequired[bool]
    to_inspect: NotRequired[bool]
    carrier: NotRequired[str | None]
    waybill: NotRequired[str | None]
    sent_at: NotRequired[str | None]
    arrive_by: NotRequired[str | None]
    received_at: NotRequired[str | None]
    refund_by: NotRequired[str | None]
    lines: NotRequired[list[ReturnLine]]


class ReturnPage(TypedDict):
    """One page."""

    items: list[Return]
    next: str | None


ReturnStateEnum = Literal["requested", "appealed", "to_send", "on_the_way", "refunding", "refused", "lapsed", "received", "inspected", "disputed", "settled", "ended", "withdrawn"]


class Said(TypedDict):
    """A status of customs or an error code (回执状态), with its words where a table has them."""

    code: str
    zh: str
    en: str


class Secret(TypedDict):
    """The new secret."""

    id: str
    secret: str | None


class Sent(TypedDict):
    """That a message was handed over."""

    message_id: str
    sent_at: str


class Shipment(TypedDict):
    """A shipment; with `fields` those alone."""

    number: NotRequired[str]
    state: NotRequired[ShipmentStateEnum]
    changed_at: NotRequired[str]
    warehouse: NotRequired[str]
    trade_mode: NotRequired[str]
    several_parcels: NotRequired[bool]
    released: NotRequired[bool | None]
    ship_by: NotRequired[str | None]
    opened_at: NotRequired[str]
    dispatched_at: NotRequired[str | None]
    handed_over_at: NotRequired[str | None]
    delivered_at: NotRequired[str | None]
    lines: NotRequired[list[ToPick]]
    parcels: NotRequired[list[Parcel]]


class ShipmentPage(TypedDict):
    """One page."""

    items: list[Shipment]
    next: str | None


ShipmentStateEnum = Literal["to_pick", "packing", "labelled", "leaving", "dispatched", "lost", "handed_over", "customs_hold", "damaged", "in_transit", "delivered", "returned", "cancelled"]


class SoldLot(TypedDict):
    """A lot of which pieces left with the order."""

    lot: str
    inbound_list: str | None
    expires_on: str | None
    left: int


class Step(TypedDict):
    """One step of its history."""

    at: str
    event: str


class StopBody(TypedDict):
    """What is not to be sold."""

    sku: str
    lot: NotRequired[str]
    reason: str


class Stop(TypedDict):
    """A stop that holds."""

    sku: str
    lot: str | None
    reason: str
    at: str
    yours: bool


class StopPage(TypedDict):
    """One page."""

    items: list[Stop]
    next: str | None


class StrayBody(TypedDict):
    """A parcel that no return expects: pieces of an order that is known, or words and a number of
        pieces.
        """

    order: NotRequired[str]
    return_number: NotRequired[str]
    waybill: NotRequired[str]
    came_on: NotRequired[str | None]
    lines: NotRequired[list[StrayLine]]
    contents: NotRequired[str]
    pieces: NotRequired[int]


class StrayLine(TypedDict):
    """Pieces of an order."""

    sku: str
    quantity: int
    lot: NotRequired[str]
    inbound_list: NotRequired[str]
    grade: PieceGradeEnum


class Stray(TypedDict):
    """A parcel that nobody expected: `kept` lies apart until the brand decides."""

    number: str
    order: str | None
    return_number: str | None
    state: StrayStateEnum
    came_on: str
    waybill: str | None


class StrayPage(TypedDict):
    """One page."""

    items: list[Stray]
    next: str | None


StrayStateEnum = Literal["kept", "sent_back", "refunded", "ours", "closed"]


class Summary(TypedDict):
    """How many rows there were, and what came of them."""

    rows: int
    created: int
    changed: int
    unchanged: int
    taken: int
    refused: int


class SwapBody(TypedDict):
    """Picked pieces of one lot that cannot leave."""

    sku: str
    lot: NotRequired[str]
    inbound_list: NotRequired[str]
    quantity: int
    damaged: NotRequired[bool]
    reason: str


class Taken(TypedDict):
    """How many of the events were new and could be, and the parcel as it stands."""

    taken: int
    parcel: WholeParcel


class TaxSheet(TypedDict):
    """A tax sheet 电子税单 as customs assessed it; no amounts yet where its state was told first."""

    number: str
    status: TaxSheetStatusEnum
    duty_fen: int | None
    vat_fen: int | None
    excise_fen: int | None
    payment_order: str | None
    told_at: str


TaxSheetStatusEnum = Literal["1", "2", "3"]


class TellBody(TypedDict):
    """What happened to it, in any order; what was told before may be told again."""

    events: list[TellLine]
    expected_on: NotRequired[str | None]


class TellLine(TypedDict):
    """One thing that happened to it."""

    at: str
    code: TrackingCodeEnum
    text: NotRequired[str]


class Text(TypedDict):
    """A text in both languages."""

    zh: str
    en: str


class ToPick(TypedDict):
    """A SKU of the order: how many pieces are to leave, and of which lots they were picked."""

    sku: str
    name: Text
    quantity: int
    lots: list[LotOf]


class Tracked(TypedDict):
    """One thing that was told of a parcel."""

    at: str
    code: TrackingCodeEnum
    text: str


TrackingCodeEnum = Literal["announced", "picked_up", "in_transit", "customs", "customs_hold", "cleared", "arrived", "out_for_delivery", "at_point", "trouble", "refused", "damaged", "lost", "returning", "returned", "delivered", "void"]


class UpsertBody(TypedDict):
    """Rows, one for each SKU."""

    rows: list[UpsertRow]
    mode: NotRequired[ModeEnum]
    dry_run: NotRequired[bool]


class UpsertRow(TypedDict):
    """One SKU. Of a known one name what changes; of a new one all that is marked new. Null empties."""

    category: NotRequired[str | None]
    brand: NotRequired[str | None]
    name_zh: NotRequired[str | None]
    name_en: NotRequired[str | None]
    subtitle_zh: NotRequired[str | None]
    subtitle_en: NotRequired[str | None]
    description_zh: NotRequired[str | None]
    description_en: NotRequired[str | None]
    sku: str
    options: NotRequired[Options | None]
    price_fen: NotRequired[int | None]
    price_tax_included_fen: NotRequired[int | None]
    weight_g: NotRequired[int | None]
    bar_code: NotRequired[str | None]
    active: NotRequired[bool | None]
    hs_code: NotRequired[str | None]
    origin: NotRequired[str | None]
    unit: NotRequired[str | None]
    legal_unit_1: NotRequired[str | None]
    legal_quantity_1: NotRequired[str | None]
    legal_unit_2: NotRequired[str | None]
    legal_quantity_2: NotRequired[str | None]
    net_content: NotRequired[str | None]
    net_content_unit: NotRequired[str | None]
    spec_zh: NotRequired[str | None]
    e_label_zh: NotRequired[str | None]
    is_food: NotRequired[bool | None]
    adult_only: NotRequired[bool | None]
    return_exclusion: NotRequired[str | None]
    classes: NotRequired[list[str] | None]
    exclusion_ruled_out: NotRequired[bool | None]
    customs_confirmed: NotRequired[bool | None]
    customs_note: NotRequired[str | None]
    product_code: NotRequired[str | None]


class Variant(TypedDict):
    """One SKU, with its prices (tax excluded) and what customs must know of it."""

    sku: str
    product_code: str
    options: Options
    price_fen: int
    present_price_fen: int
    cut: Cut | None
    weight_g: int
    bar_code: str
    active: bool
    hs_code: str
    origin: str
    unit: str
    legal_unit_1: str
    legal_quantity_1: str
    legal_unit_2: str | None
    legal_quantity_2: str | None
    net_content: str | None
    net_content_unit: NetContentUnitEnum | NullEnum
    spec_zh: str
    e_label_zh: str
    is_food: bool
    adult_only: bool
    return_exclusion: ReturnExclusionEnum | BlankEnum
    classes: list[str]
    exclusion_ruled_out: bool
    customs_confirmed: bool
    customs_note: str


class VariantRow(TypedDict):
    """One SKU of a product. Of a known one name what changes; of a new one all that is marked new."""

    sku: str
    options: NotRequired[Options | None]
    price_fen: NotRequired[int | None]
    price_tax_included_fen: NotRequired[int | None]
    weight_g: NotRequired[int | None]
    bar_code: NotRequired[str | None]
    active: NotRequired[bool | None]
    hs_code: NotRequired[str | None]
    origin: NotRequired[str | None]
    unit: NotRequired[str | None]
    legal_unit_1: NotRequired[str | None]
    legal_quantity_1: NotRequired[str | None]
    legal_unit_2: NotRequired[str | None]
    legal_quantity_2: NotRequired[str | None]
    net_content: NotRequired[str | None]
    net_content_unit: NotRequired[str | None]
    spec_zh: NotRequired[str | None]
    e_label_zh: NotRequired[str | None]
    is_food: NotRequired[bool | None]
    adult_only: NotRequired[bool | None]
    return_exclusion: NotRequired[str | None]
    classes: NotRequired[list[str] | None]
    exclusion_ruled_out: NotRequired[bool | None]
    customs_confirmed: NotRequired[bool | None]
    customs_note: NotRequired[str | None]


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


WaybillStateEnum = Literal["asked", "issued", "refused", "withdrawing", "cancelled"]


class WeightBody(TypedDict):
    """What the scales say."""

    weight_g: int


class Went(TypedDict):
    """Pieces of a lot that are set aside for an order or went to it; one may stand here several times."""

    order: str
    state: OrderStateEnum
    warehouse: str
    quantity: int
    picked_at: str
    shipped_at: str | None


class WentPage(TypedDict):
    """One page."""

    items: list[Went]
    next: str | None


class Who(TypedDict):
    """The partner."""

    id: str
    name: str
    kind: PartnerKindEnum


class WholeParcel(TypedDict):
    """A parcel with its way."""

    id: str
    order: str
    carrier: str
    waybill: str | None
    state: WaybillStateEnum
    trouble: str | None
    weight_g: int | None
    expected_g: int
    left_at: str | None
    latest: TrackingCodeEnum | NullEnum
    latest_at: str | None
    lines: list[InParcel]
    events: list[Tracked]


class WholeReturn(TypedDict):
    """A return, its lines with the lots that their pieces can be of."""

    number: NotRequired[str]
    order: NotRequired[str]
    state: NotRequired[ReturnStateEnum]
    changed_at: NotRequired[str]
    warehouse: NotRequired[str]
    kind: NotRequired[ReturnKindEnum]
    reason: NotRequired[ReasonEnum]
    goods_back: NotRequired[bool]
    to_inspect: NotRequired[bool]
    carrier: NotRequired[str | None]
    waybill: NotRequired[str | None]
    sent_at: NotRequired[str | None]
    arrive_by: NotRequired[str | None]
    received_at: NotRequired[str | None]
    refund_by: NotRequired[str | None]
    lines: NotRequired[list[InspectedLine]]


class WholeShipment(TypedDict):
    """A shipment, its parcels with their way."""

    number: NotRequired[str]
    state: NotRequired[ShipmentStateEnum]
    changed_at: NotRequired[str]
    warehouse: NotRequired[str]
    trade_mode: NotRequired[str]
    several_parcels: NotRequired[bool]
    released: NotRequired[bool | None]
    ship_by: NotRequired[str | None]
    opened_at: NotRequired[str]
    dispatched_at: NotRequired[str | None]
    handed_over_at: NotRequired[str | None]
    delivered_at: NotRequired[str | None]
    lines: NotRequired[list[ToPick]]
    parcels: NotRequired[list[WholeParcel]]


class WithdrawBody(TypedDict):
    """Why."""

    reason: NotRequired[str]

