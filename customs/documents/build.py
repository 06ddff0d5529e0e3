"""The documents that this house signs, from what was gathered: order (311), list (621), cancellation, return.

Each is built from the same Trade, so that what customs compares is equal by construction; what a schema
cannot know (an account book for bonded goods, a flight for others) is asked in `customs.matching`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from customs.ceb.message import Document, Value, Values
from customs.ceb.write import CHINA
from customs.documents.declared import DeclaredLine, declared_lines, kilograms, yuan
from customs.documents.facts import Trade

YUAN, IMPORT, DECLARED = "142", "I", "2"
IDENTITY_CARD = "1"
NO_BAR_CODE = "无"
BONDED = ("1210", "1239")
CHINA_CODE = "142"

NEW, CHANGED = "1", "2"
LONGEST_SKU_IN_LIST = 20


class Numbers(NamedTuple):
    """What a list is called: by us (copNo), by the E-Port (preNo), by customs (invtNo); empty: not yet."""

    own: str
    port: str = ""
    customs: str = ""


class Wish(NamedTuple):
    """What is asked of a list that customs has (`list_no`, 清单编号), under a number of ours, and why."""

    own: str
    list_no: str
    reason: str


def order_document(*, trade: Trade, guid: str, app_type: str, now: datetime) -> Document:
    """CEB311, 电子订单."""
    head: dict[str, Value] = {
        **_filed(guid, app_type, now),
        **_order_and_parties(trade),
        "orderType": IMPORT,
        "goodsValue": yuan(trade.goods_fen),
        "freight": yuan(trade.freight_fen),
        "discount": yuan(trade.discount_fen),
        "taxTotal": yuan(trade.tax_fen),
        "acturalPaid": yuan(trade.paid_fen),
        "currency": YUAN,
        "buyerRegNo": trade.orderer.account,
        **_orderer(trade),
        "payCode": trade.payment_firm.code,
        "payName": trade.payment_firm.name,
        "payTransactionId": trade.transaction_id,
        "consignee": trade.consignee.name,
        "consigneeTelephone": trade.consignee.phone,
        "consigneeAddress": trade.consignee.address,
        "consigneeDistrict": trade.consignee.district,
    }
    return Document(head, tuple(_order_line(line) for line in declared_lines(trade.lines)))


def list_document(*, trade: Trade, guid: str, app_type: str, numbers: Numbers, now: datetime) -> Document:
    """CEB621, 进口清单; signed by who declares, and in legal force once customs has accepted it."""
    place, lines = trade.place, declared_lines(trade.lines)
    bonded = trade.trade_mode in BONDED
    head: dict[str, Value] = {
        **_filed(guid, app_type, now),
        **_order_and_parties(trade),
        **_carried(trade),
        "copNo": numbers.own,
        "preNo": numbers.port,
        "assureCode": trade.guarantor.code,
        "ieFlag": IMPORT,
        "declTime": now.astimezone(CHINA).date(),
        "customsCode": place.customs_code,
        "portCode": place.port_code,
        **_orderer(trade),
        "consigneeAddress": trade.consignee.address,
        "agentCode": trade.declarant.code,
        "agentName": trade.declarant.name,
        "tradeMode": trade.trade_mode,
        "trafMode": place.traffic,
        "loctNo": place.site_code,
        "country": CHINA_CODE if bonded else place.dispatch_country,
        "freight": yuan(trade.freight_fen),
        "insuredFee": Decimal(0),
        "currency": YUAN,
        "packNo": 1,
        "grossWeight": kilograms(trade.waybill.weight_g),
        "netWeight": kilograms(sum(one.line.weight_g * one.line.quantity for one in lines)),
    }
    head |= _of_bonded(trade) if bonded else _of_direct(trade)
    return Document(head, tuple(_list_line(line, bonded) for line in lines))


def cancel_document(*, listed: Document, wish: Wish, guid: str, now: datetime) -> Document:
    """CEB623, 撤销申请单: a list that is not released is asked back."""
    return Document(_undoing(listed, wish, guid, now))


def return_document(
    *, listed: Document, wish: Wish, pieces: Mapping[int, int], guid: str, now: datetime
) -> Document:
    """CEB625, 退货申请单: `pieces` by the list's gnum; raises ValueError for more than the list has."""
    lines: list[Values] = []
    for line in listed.lines:
        quantity = pieces.get(int(str(line["gnum"])), 0)
        if not 0 <= quantity <= Decimal(str(line["qty"])):
            raise ValueError(f"line {line['gnum']} has {line['qty']} pieces")
        if quantity:
            same = {name: line[name] for name in ("gnum", "gcode", "gname", "unit")}
            lines.append({**same, "qty": quantity})
    if not lines or pieces.keys() - {int(str(line["gnum"])) for line in listed.lines}:
        raise ValueError("a return names lines of its list")
    return Document(_undoing(listed, wish, guid, now), tuple(lines))


def _filed(guid: str, app_type: str, now: datetime) -> dict[str, Value]:
    return {"guid": guid, "appType": app_type, "appTime": now.replace(microsecond=0), "appStatus": DECLARED}


def _order_and_parties(trade: Trade) -> dict[str, Value]:
    return {
        "orderNo": trade.number,
        "ebpCode": trade.platform.code,
        "ebpName": trade.platform.name,
        "ebcCode": trade.seller.code,
        "ebcName": trade.seller.name,
    }


def _carried(trade: Trade) -> dict[str, Value]:
    return {
        "logisticsNo": trade.waybill.number,
        "logisticsCode": trade.waybill.carrier.code,
        "logisticsName": trade.waybill.carrier.name,
    }


def _orderer(trade: Trade) -> dict[str, Value]:
    return {
        "buyerIdType": IDENTITY_CARD,
        "buyerIdNumber": trade.orderer.number,
        "buyerName": trade.orderer.name,
        "buyerTelephone": trade.orderer.phone,
    }


# What a cancellation and a return say as their list did.
_AS_LISTED = (
    "customsCode",
    "orderNo",
    "ebpCode",
    "ebpName",
    "ebcCode",
    "ebcName",
    "logisticsNo",
    "logisticsCode",
    "logisticsName",
    "buyerIdType",
    "buyerIdNumber",
    "buyerName",
    "buyerTelephone",
    "agentCode",
    "agentName",
)


def _undoing(listed: Document, wish: Wish, guid: str, now: datetime) -> dict[str, Value]:
    return {
        **_filed(guid, NEW, now),
        **{name: listed.head[name] for name in _AS_LISTED},
        "copNo": wish.own,
        "invtNo": wish.list_no,
        "reason": wish.reason,
    }


def _of_bonded(trade: Trade) -> dict[str, Value]:
    return {
        "emsNo": trade.place.ems_no,
        "areaCode": trade.place.area.code,
        "areaName": trade.place.area.name,
    }


def _of_direct(trade: Trade) -> dict[str, Value]:
    return {
        "trafNo": trade.place.traffic_no,
        "voyageNo": trade.place.voyage_no,
        "billNo": trade.place.bill_no,
    }


def _order_line(one: DeclaredLine) -> dict[str, Value]:
    line = one.line
    return {
        "gnum": one.gnum,
        "itemNo": line.sku,
        "itemName": line.name,
        "gmodel": line.specification,
        "barCode": line.bar_code,
        "unit": line.unit,
        "qty": line.quantity,
        "price": yuan(one.price_fen),
        "totalPrice": yuan(one.total_fen),
        "currency": YUAN,
        "country": line.origin,
    }


def _list_line(one: DeclaredLine, bonded: bool) -> dict[str, Value]:
    line = one.line
    values: dict[str, Value] = {
        "gnum": one.gnum,
        "itemRecordNo": line.item_record if bonded else "",
        "itemNo": line.sku if len(line.sku) <= LONGEST_SKU_IN_LIST else "",
        "itemName": line.name,
        "gcode": line.hs_code,
        "gname": line.name,
        "gmodel": line.specification,
        "barCode": line.bar_code or NO_BAR_CODE,
        "country": line.origin,
        "currency": YUAN,
        "qty": line.quantity,
        "unit": line.unit,
        "qty1": line.quantity1 * line.quantity,
        "unit1": line.unit1,
        "price": yuan(one.price_fen),
        "totalPrice": yuan(one.total_fen),
    }
    if line.unit2 and line.quantity2 is not None:
        values |= {"qty2": line.quantity2 * line.quantity, "unit2": line.unit2}
    return values
