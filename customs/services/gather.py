"""What the documents of an order say is read once, opened for that purpose alone, and told on record."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from compliance import services as compliance
from compliance import vault
from compliance.models import PayerCheck
from customers import divisions
from customs.documents.facts import Consignee, Line, Orderer, Party, Payment, Place, Trade, Waybill
from customs.models import PortAccount
from customs.services.cargo import DIRECT, on_its_bill
from inventory.models import BookItem, Warehouse
from kernel.errors import Conflict
from logistics.models import Parcel
from orders import labels
from orders.models import Order, OrderLine
from payments.models import PaymentDeclaration, RefundLine
from payments.services.refund_parts import NOTHING, Returned, returned
from storefronts.models import LegalParty

WHO, PURPOSE = "customs", "declare the order"
CUSTOMS = "中华人民共和国海关"
TOLD = (
    "buyer_name",
    "buyer_number",
    "consignee_name",
    "consignee_phone",
    "consignee_address",
    "order_number",
    "payment_number",
    "goods",
    "amount",
    "waybill",
)
Role = LegalParty.Role


class OrderUnreadable(Conflict):
    """The key of the order was destroyed: nothing of it can be declared any more."""

    code = "order_unreadable"
    title = "This order can no longer be read, and so not declared."
    title_zh = "该订单已不可读取，无法申报。"


def gather(
    *, order: Order, account: PortAccount, who: str = WHO, purpose: str = PURPOSE, now: datetime
) -> Trade:
    """Everything that is declared of a paid order, opened with a row of access each by `who`, for `purpose`.

    Raises OrderUnreadable.

    What was refunded before the list is left out, line by line; the sums are those of what is left. The
    order's number at customs is that of its payment (out_trade_no): WeChat Pay declares no other.
    """
    parties = {
        party.role: Party(party.customs_code, party.name)
        for party in LegalParty.objects.filter(storefront_id=order.storefront_id)
    }
    gone = returned(RefundLine.objects.filter(refund__order=order, refund__state="succeeded"))
    lines = list(OrderLine.objects.filter(order=order).order_by("position"))
    orderer, consignee = _people(order, who, purpose, now)
    nobody = Party()
    trade = Trade(
        number=order.out_trade_no,
        transaction_id=order.transaction_id,
        trade_mode=order.trade_mode,
        goods_fen=_left(lines, gone, "goods_fen"),
        freight_fen=_left(lines, gone, "freight_fen"),
        discount_fen=_left(lines, gone, "discount_fen"),
        duty_fen=_left(lines, gone, "duty_fen"),
        vat_fen=_left(lines, gone, "vat_fen"),
        excise_fen=_left(lines, gone, "excise_fen"),
        platform=parties.get(Role.EBP, nobody),
        seller=parties.get(Role.EBC, nobody),
        payment_firm=parties.get(Role.PAY, nobody),
        declarant=parties.get(Role.DECLARANT, nobody),
        guarantor=parties.get(account.guarantor, nobody),
        orderer=orderer,
        consignee=consignee,
        lines=tuple(_lines(order, lines, gone)),
        payment=Payment("", 0, "", "", ""),
        waybill=_waybill(order, parties.get(Role.LOGISTICS, nobody)),
        place=_place(order, account, parties.get(Role.AREA, nobody)),
    )
    return replace(trade, payment=_payment(order, trade))


def _place(order: Order, account: PortAccount, area: Party) -> Place:
    """District and port; of direct mail the means of transport that brings it, once that is known."""
    placed = on_its_bill(order) if order.trade_mode == DIRECT else None
    place = Place(
        customs_code=account.customs_code,
        port_code=account.port_code,
        traffic=account.traffic,
        dispatch_country=account.dispatch_country,
        site_code=account.site_code,
        ems_no=order.warehouse.ems_no,
        area=area,
    )
    if placed is None:
        return place
    return replace(
        place,
        port_code=placed.consignment.port_code,
        traffic_no=placed.consignment.traffic_no,
        voyage_no=placed.consignment.voyage_no,
        bill_no=placed.consignment.bill_no,
        consigned=placed.waybill,
    )


def disclose(*, order: Order, now: datetime) -> None:
    """Customs is told who orders and who receives: on record before anything leaves, in this transaction."""
    assert order.subject_id is not None  # a paid order keeps its subject
    compliance.disclose(
        storefront_id=order.storefront_id,
        subject_id=order.subject_id,
        order_number=order.number,
        recipient_kind="customs",
        recipient=CUSTOMS,
        country="CN",
        purpose="declare",
        basis="law",
        fields=TOLD,
        now=now,
    )


def _people(order: Order, who: str, purpose: str, now: datetime) -> tuple[Orderer, Consignee]:
    try:
        key = vault.unwrap(order.key)
    except vault.VaultClosed as closed:
        raise OrderUnreadable() from closed
    buyer, number, name, phone, street = vault.open_many_as(
        who=who,
        purpose=purpose,
        storefront_id=order.storefront_id,
        key=key,
        sealed=[
            (label, order.number, bytes(getattr(order, column)))
            for label, column in (
                (labels.BUYER_NAME, "buyer_name_sealed"),
                (labels.BUYER_NUMBER, "buyer_number_sealed"),
                (labels.CONSIGNEE_NAME, "consignee_name_sealed"),
                (labels.CONSIGNEE_PHONE, "consignee_phone_sealed"),
                (labels.CONSIGNEE_STREET, "consignee_street_sealed"),
            )
        ],
        now=now,
    )
    address = "".join([*divisions.path(order.division_code), street])
    account = str(order.customer.public_id) if order.customer else ""
    return Orderer(account, buyer, number, phone), Consignee(name, phone, address, order.division_code)


def _left(lines: list[OrderLine], gone: dict[int, Returned], share: str) -> int:
    return sum(getattr(line, share) - gone.get(line.pk, NOTHING).shares[share] for line in lines)


def _lines(order: Order, lines: list[OrderLine], gone: dict[int, Returned]) -> list[Line]:
    records = _records(order.warehouse, [line.variant_id for line in lines])
    left = ((line, line.quantity - gone.get(line.pk, NOTHING).quantity) for line in lines)
    return [
        Line(
            position=line.position,
            sku=line.sku,
            name=line.name_zh,
            specification=line.customs.get("spec_zh", ""),
            hs_code=line.hs_code,
            origin=line.origin_country,
            bar_code=line.customs.get("bar_code", ""),
            quantity=quantity,
            goods_fen=line.goods_fen - gone.get(line.pk, NOTHING).shares["goods_fen"],
            unit=line.customs.get("unit", ""),
            unit1=line.customs.get("legal_unit_1", ""),
            quantity1=Decimal(line.customs.get("legal_quantity_1") or 0),
            unit2=line.customs.get("legal_unit_2", ""),
            quantity2=_decimal(line.customs.get("legal_quantity_2")),
            weight_g=int(line.customs.get("weight_g") or 0),
            item_record=records.get(line.variant_id, ""),
        )
        for line, quantity in left
        if quantity > 0
    ]


def _records(warehouse: Warehouse, variants: list[int]) -> dict[int, str]:
    """The filing (商品备案) of each SKU: it is the account book's, whichever of its warehouses it was entered
    for; one of the order's own warehouse comes first."""
    rows = BookItem.objects.filter(warehouse__ems_no=warehouse.ems_no, variant__in=variants)
    told = rows.values_list("warehouse", "variant", "record_no").order_by("-pk")
    return {variant: record for _, variant, record in sorted(told, key=lambda row: row[0] == warehouse.pk)}


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _payment(order: Order, trade: Trade) -> Payment:
    """As it was declared at each port of the district; the first that is amiss stands for all."""
    rows = list(PaymentDeclaration.objects.filter(order=order).select_related("payment").order_by("id"))
    check = PayerCheck.objects.filter(order_number=order.number).first()
    payer = check.state if check else ""
    if not rows:
        return Payment("", 0, "", payer, "")
    right = ("succeeded", trade.platform.code, trade.paid_fen)
    worst = next((row for row in rows if (row.state, row.customs_number, row.order_fen) != right), rows[0])
    return Payment(
        worst.payment.transaction_id or "", worst.order_fen, worst.state, payer, worst.customs_number
    )


def _waybill(order: Order, carrier: Party) -> Waybill:
    parcels = list(Parcel.objects.filter(shipment__order=order).exclude(state="cancelled").order_by("id"))
    issued = [parcel for parcel in parcels if parcel.state == "issued"]
    if not issued:
        return Waybill("", carrier, 0, len(parcels))
    parcel = issued[0]
    return Waybill(parcel.waybill, carrier, parcel.weighed_g or parcel.weight_g, len(parcels))
