"""The three documents (三单) of a list, compared as customs does; a reason names fields, never values."""

from decimal import Decimal

from sandbox.port.office import Filed, Office
from sandbox.port.payments import PAY_CODE, Payments

IN_CUSTOMS = ("120", "399")
WHO = ("ebpCode", "ebcCode", "buyerIdNumber", "buyerName", "buyerTelephone", "consigneeAddress")
LINE = ("gnum", "qty", "unit", "price", "totalPrice", "country")
PARCEL = ("consignee", "consigneeTelephone", "consigneeAddress")


def differences(office: Office, payments: Payments, listed: Filed) -> list[str]:
    """Why the list cannot be accepted; empty where all four papers agree."""
    head = listed.head
    order = office.orders.get(listed.order)
    if order is None or order.status not in IN_CUSTOMS:
        return ["订单不存在：orderNo,ebpCode"]
    waybill = office.waybills.get((head["logisticsNo"], head["logisticsCode"]))
    if waybill is None or waybill.status not in IN_CUSTOMS:
        return ["运单不存在：logisticsNo,logisticsCode"]
    said = _against("清单与订单不一致", _list_and_order(listed, order))
    said += _against("清单与运单不一致", _list_and_waybill(listed, waybill))
    said += _against("运单与订单不一致", [one for one in PARCEL if waybill.head[one] != order.head[one]])
    said += _payment(payments, order)
    if head["tradeMode"] == "9610" and not any(_enters(entry, listed) for entry in office.entries):
        said.append("入库明细单不存在：billNo,voyageNo,logisticsNo")
    return said


def _against(words: str, fields: list[str]) -> list[str]:
    return [f"{words}：{','.join(fields)}"] if fields else []


def _list_and_order(listed: Filed, order: Filed) -> list[str]:
    wrong = [one for one in WHO if listed.head[one] != order.head[one]]
    if _sum(listed, "freight", "insuredFee") != _sum(order, "freight"):
        wrong.append("freight")
    ours, theirs = listed.paper.lines, order.paper.lines
    if len(ours) != len(theirs):
        return [*wrong, "gnum"]
    for line, ordered in zip(ours, theirs, strict=True):
        wrong += [one for one in LINE if not _same(line[one], ordered[one]) and one not in wrong]
        if line["gname"] != ordered["itemName"] and "gname" not in wrong:
            wrong.append("gname")
    return wrong


def _list_and_waybill(listed: Filed, waybill: Filed) -> list[str]:
    wrong = [one for one in ("orderNo", "consigneeAddress") if listed.head[one] != waybill.head[one]]
    if listed.head["tradeMode"] == "9610" and waybill.head.get("billNo", "") not in (
        "",
        listed.head["billNo"],
    ):
        wrong.append("billNo")
    return wrong


def _payment(payments: Payments, order: Filed) -> list[str]:
    head = order.head
    found = [one for one in payments.of(head.get("payTransactionId", "")) if one.ebp_code == head["ebpCode"]]
    if not found:
        return ["支付单不存在：payTransactionId,ebpCode"]
    paid, wrong = found[0], []
    if paid.order_no != head["orderNo"]:
        wrong.append("orderNo")
    if head.get("payCode", "") not in ("", PAY_CODE):
        wrong.append("payCode")
    if paid.amount != Decimal(head["acturalPaid"]):
        wrong.append("amountPaid")
    if paid.payer is not None:
        number, name = paid.payer
        wrong += ["payerIdNumber"] * (number != head["buyerIdNumber"]) + ["payerName"] * (
            name != head["buyerName"]
        )
    return _against("支付单与订单不一致", wrong)


def _enters(entry: Filed, listed: Filed) -> bool:
    same = all(entry.head[one] == listed.head[one] for one in ("billNo", "voyageNo", "trafNo"))
    there = any(line["logisticsNo"] == listed.head["logisticsNo"] for line in entry.paper.lines)
    return same and there and entry.status in IN_CUSTOMS


def _sum(paper: Filed, *fields: str) -> Decimal:
    return sum((Decimal(paper.head[one]) for one in fields), Decimal(0))


def _same(one: str, other: str) -> bool:
    try:
        return Decimal(one) == Decimal(other)
    except ArithmeticError:
        return one == other
