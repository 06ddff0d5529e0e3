"""Orders, waybills and entries: each document filed under its key, and told of until it is settled."""

from collections.abc import Callable
from decimal import Decimal

from sandbox.port.office import Filed, Office

KIND = {
    "CEB311Message": "order",
    "CEB511Message": "waybill",
    "CEB513Message": "waybill_status",
    "CEB621Message": "list",
    "CEB623Message": "cancel",
    "CEB625Message": "return",
    "CEB711Message": "entry",
}
Key = tuple[str, str]


def order(office: Office, filed: Filed) -> None:
    """311: a new order, a changed one, or one that is taken back."""
    head, known = filed.head, office.orders.get(filed.order)
    if fault := _order_fault(office, filed, known):
        refuse(office, filed, *fault)
    elif head["appType"] == "3":
        del office.orders[filed.order]
        course(office, filed)
    else:
        office.orders[filed.order] = filed
        course(office, filed, lambda: _forget(office.orders, filed.order, filed))


def _order_fault(office: Office, filed: Filed, known: Filed | None) -> tuple[str, str] | None:
    number, lines = filed.head["orderNo"], filed.paper.lines
    if filed.head["appType"] == "1":
        if known is not None:
            return "-301010", f"已存在相同编号的订单[{number}]"
    elif known is None:
        return "-301009", f"订单标识(appType)不正确,未找到操作的订单[{number}]"
    elif office.open_list(filed.order) is not None:
        return "-301011", f"该订单已向海关申报清单，状态不符[{number}]"
    if len({line["gnum"].strip() for line in lines}) < len(lines):
        return "-301002", f"订单商品信息内有重复商品序号[{number}]"
    if wrong := _wrong(filed):
        return "-301008", f"参数校验不通过，{','.join(wrong)}"
    return None


def _wrong(filed: Filed) -> list[str]:
    """Elements whose sums do not come out."""
    head, lines, wrong = filed.head, filed.paper.lines, []
    value, freight, tax, discount, paid = (
        Decimal(head[one]) for one in ("goodsValue", "freight", "taxTotal", "discount", "acturalPaid")
    )
    if [line["gnum"].strip() for line in lines] != [str(place) for place in range(1, len(lines) + 1)]:
        wrong.append("gnum")
    if any(Decimal(line["price"]) * Decimal(line["qty"]) != Decimal(line["totalPrice"]) for line in lines):
        wrong.append("totalPrice")
    if sum((Decimal(line["totalPrice"]) for line in lines), Decimal(0)) != value or value <= 0:
        wrong.append("goodsValue")
    if paid != value + freight + tax - discount:
        wrong.append("acturalPaid")
    if min(freight, tax, discount, paid) < 0:
        wrong.append("freight,taxTotal,discount,acturalPaid")
    return wrong


def waybill(office: Office, filed: Filed) -> None:
    """511, which the carrier alone may send."""
    key, number = (filed.head["logisticsNo"], filed.head["logisticsCode"]), filed.head["logisticsNo"]
    known = office.waybills.get(key)
    if filed.head["appType"] == "1" and known is not None:
        refuse(office, filed, "-504015", f"已存在相同编号的运单[{number}]")
    elif filed.head["appType"] != "1" and known is None:
        refuse(office, filed, "-504014", f"运单标识(appType)不正确,未找到操作的运单[{number}]")
    else:
        office.waybills[key] = filed
        course(office, filed, lambda: _forget(office.waybills, key, filed))


def waybill_status(office: Office, filed: Filed) -> None:
    """513: the parcel was signed for."""
    course(office, filed)


def entry(office: Office, filed: Filed) -> None:
    """711 of a supervised site: what came in under a bill of lading."""
    filed.head["preNo"], filed.head["rkdNo"] = f"R{office.today():%Y%m%d}{office.number(9)}", ""
    same = ("billNo", "voyageNo", "trafNo")
    numbers = {line["logisticsNo"] for line in filed.paper.lines}
    for known in office.entries:
        if all(known.head[one] == filed.head[one] for one in same) and numbers & {
            line["logisticsNo"] for line in known.paper.lines
        }:
            refuse(office, filed, "-800003", "入库明细单报已存在")
            return
    office.entries.append(filed)
    course(office, filed, lambda: office.entries.remove(filed))


def refuse(office: Office, filed: Filed, code: str, info: str) -> None:
    """A document that the port does not file."""
    office.refused.append({"document": KIND[filed.name], "order": filed.matter, "code": code})
    office.plan(filed, 1, lambda: office.say(filed, code, info))


def course(
    office: Office,
    filed: Filed,
    undo: Callable[[], None] = lambda: None,
    done: Callable[[], None] = lambda: None,
) -> None:
    """2, 3, 120 and 399, a second of the ladder between; or what was told of this order's next such paper."""
    told = office.outcome(KIND[filed.name], filed.matter)
    office.plan(filed, 1, lambda: office.say(filed, "2", "电子口岸申报中"))
    if told is not None and told.outcome == "reject":
        code, info = told.code or "100", told.info or "海关退单"

        def reject() -> None:
            undo()
            office.say(filed, code, info)

        if not code.startswith("-"):
            office.plan(filed, 2, lambda: office.say(filed, "3", "发送海关成功"))
        office.plan(filed, 3, reject)
        return
    office.plan(filed, 2, lambda: office.say(filed, "3", "发送海关成功"))
    office.plan(filed, 3, lambda: office.say(filed, "120", "海关入库"))

    def settle() -> None:
        done()
        office.say(filed, "399", "海关审结")

    office.plan(filed, 4, settle)


def _forget(filed_under: dict[Key, Filed], key: Key, filed: Filed) -> None:
    if filed_under.get(key) is filed:
        del filed_under[key]
