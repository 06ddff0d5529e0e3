"""What customs was told of an order and what it answered, as it was sent and received, and its tax."""

from __future__ import annotations

from typing import Any

from customs import labels
from customs.ceb.tables import shapes
from customs.dossier.parts import Entry, Opener, Row, columns, each, told
from customs.models import (
    ConsignedParcel,
    Declaration,
    Filing,
    PortMessage,
    PortReceipt,
    TaxSheet,
    WarehouseEntry,
)
from customs.services.filing import NAMES
from orders.models import Order


def customs_of(opener: Opener) -> list[Entry]:
    """The declaration and its tax, each document, message and receipt."""
    declaration = Declaration.objects.filter(order=opener.order).select_related("account").first()
    if declaration is None:
        return [told("customs.json", "进口申报（无）", "import declaration: none", None)]
    filings = list(Filing.objects.filter(declaration=declaration).select_related("message").order_by("id"))
    receipts = list(PortReceipt.objects.filter(filing__in=filings).order_by("received_at", "id"))
    messages = {one.message.pk: one.message for one in filings if one.message is not None}
    bodies = dict(zip([one.pk for one in filings if one.body_sealed], _bodies(opener, filings), strict=True))
    sheets = TaxSheet.objects.filter(declaration=declaration).order_by("id")
    account = declaration.account
    content = {
        "declaration": columns(declaration),
        "account": None
        if account is None
        else {"district": account.customs_code, "port": account.port_code, "dxp_id": account.dxp_id},
        "documents": each(filings),
        "messages": each(messages.values()),
        "receipts": each(receipts),
        "tax_sheets": each(sheets),
        "came_in": _came_in(opener.order),
    }
    entries = [
        told("customs.json", "进口申报、编号、状态与税单", "declaration, numbers, states, tax", content)
    ]
    entries += _documents(filings, bodies)
    for message in messages.values():
        entries += _message(message, {one.pk: body for one in filings if (body := bodies.get(one.pk))})
    return [*entries, *_receipts(opener, receipts)]


def message_keys(order: Order) -> list[str]:
    """The keys of the histories of the messages that carried the order's documents."""
    carried = PortMessage.objects.filter(filings__declaration__order=order).distinct().order_by("id")
    return [one.event_key for one in carried]


def papers_of(order: Order) -> list[str]:
    """By what the log of accesses names the order's documents and receipts."""
    filings = Filing.objects.filter(declaration__order=order).values_list("public_id", flat=True)
    receipts = PortReceipt.objects.filter(filing__declaration__order=order)
    return [str(one) for one in (*filings, *receipts.values_list("public_id", flat=True))]


def _came_in(order: Order) -> list[Row]:
    """The bills of lading that the order's parcels were on, and the site's entries that name them.

    Other orders' waybills in the same entry are not told.
    """
    rows = ConsignedParcel.objects.filter(parcel__shipment__order=order).select_related("consignment")
    found = []
    for one in rows.order_by("id"):
        bill = one.consignment
        entries = WarehouseEntry.objects.filter(
            storefront_id=order.storefront_id, bill_no=bill.bill_no, waybills__contains=[one.waybill]
        )
        found.append(
            columns(one)
            | {
                "bill": columns(bill),
                "entries": [row | {"waybills": [one.waybill]} for row in each(entries.order_by("id"))],
            }
        )
    return found


def _bodies(opener: Opener, filings: list[Filing]) -> list[str]:
    return opener.open(
        [
            (labels.FILING_BODY, one.public_id, bytes(one.body_sealed))
            for one in filings
            if bytes(one.body_sealed)
        ]
    )


def _documents(filings: list[Filing], bodies: dict[int, str]) -> list[Entry]:
    """Each document as it stood in its message."""
    made = []
    for number, one in enumerate(filings, 1):
        if one.pk in bodies:
            shape = shapes()[NAMES[Filing.Kind(one.kind)]]
            path = f"customs/documents/{number:02d}-{one.kind}.xml"
            made.append(
                Entry(path, f"{shape.zh}（单证）", f"{shape.en}: the document", bodies[one.pk].encode())
            )
    return made


def _message(message: PortMessage, mine: dict[int, str]) -> list[Entry]:
    """The signed message byte for byte where all of its documents are this order's.

    Of one that carried other orders' documents too, what stood before and after them: others' are not told.
    """
    before, after = bytes(message.before), bytes(message.after)
    if not before:
        return []  # not signed yet
    carried = list(message.filings.order_by("position").values_list("pk", flat=True))
    name, shape = f"customs/messages/{message.name}-{message.guid}", shapes()[message.name]
    if all(pk in mine for pk in carried):
        whole = b"".join([before, *(mine[pk].encode() for pk in carried), after])
        return [Entry(f"{name}.xml", f"{shape.zh}（签名报文原文）", f"{shape.en}: as it was sent", whole)]
    return [
        Entry(f"{name}.before.xml", f"{shape.zh}（报文首部）", f"{shape.en}: before its documents", before),
        Entry(
            f"{name}.after.xml", f"{shape.zh}（报文尾部与签名）", f"{shape.en}: after them, signature", after
        ),
    ]


def _plain(status: str) -> str:
    """A status as a part of a file's name: it came from outside."""
    return "".join(letter for letter in status if letter.isascii() and (letter.isalnum() or letter == "-"))


def _receipts(opener: Opener, receipts: list[PortReceipt]) -> list[Entry]:
    rows: list[Any] = [one for one in receipts if bytes(one.raw_sealed)]
    texts = opener.open([(labels.RECEIPT_RAW, one.public_id, bytes(one.raw_sealed)) for one in rows])
    made = []
    for number, (one, text) in enumerate(zip(rows, texts, strict=True), 1):
        shape = shapes().get(one.name)
        zh, en = (shape.zh, shape.en) if shape else ("回执", "receipt")
        path = f"customs/receipts/{number:02d}-{one.name or 'unknown'}-{_plain(one.status) or 'none'}.xml"
        made.append(Entry(path, zh, en, text.encode()))
    return made
