"""Lists (清单): filed, measured against both limits, compared with their papers, accepted, released."""

from decimal import Decimal

from sandbox.port import taxes
from sandbox.port.filing import refuse
from sandbox.port.matching import differences
from sandbox.port.office import YEARLY, Filed, Office, Outcome, alive
from sandbox.port.payments import Payments

SINGLE = Decimal(5000)
HOLDS = {"inspect": ("500", "查验"), "detain": ("501", "扣留移送通关"), "review": ("300", "人工审核")}
DETAINED = {"501": "扣留移送通关", "502": "扣留移送缉私", "503": "扣留移送法规", "599": "其它扣留"}
BONDED = ("emsNo", "areaCode", "areaName")
DIRECT = ("trafNo", "voyageNo", "billNo")


def filed(office: Office, payments: Payments, listed: Filed, *, cop_code: str) -> None:
    """A list came in with a signature that holds: it is told of, and goes on by itself."""
    known = office.copies.get(listed.head.get("copNo", ""))
    listed.head["preNo"] = known.head["preNo"] if known else f"B{office.today():%Y%m%d}{office.number(9)}"
    listed.head["invtNo"] = ""
    if fault := _fault(office, listed, cop_code):
        refuse(office, listed, *fault)
        return
    office.file(listed)
    office.plan(listed, 1, lambda: office.say(listed, "2", "电子口岸申报中"))
    office.plan(listed, 2, lambda: _send(office, listed))
    office.plan(listed, 3, lambda: _judge(office, payments, listed))


def _fault(office: Office, listed: Filed, cop_code: str) -> tuple[str, str] | None:
    """Why the port itself does not take the list: its code and words."""
    head = listed.head
    number = head.get("copNo", "")
    if not number:
        head["copNo"] = head["orderNo"][:20]  # a receipt must name the list by something
        return "-621001", "清单报文校验失败，[copNo]"
    if wrong := _wrong(listed):
        return "-621001", f"清单报文校验失败，[{','.join(wrong)}]"
    if cop_code not in (head["agentCode"], head["ebcCode"]):
        return "-621015", f"申报单位[{head['agentCode']}]与卡信息[{cop_code}]不匹配，没有权限进行操作"
    return _again(office, listed, number)


def _again(office: Office, listed: Filed, number: str) -> tuple[str, str] | None:
    """A list is declared once; what was refused is declared anew, or as a change of the refused one."""
    known, open_ = office.copies.get(number), office.open_list(listed.order)
    stands = open_ is not None or (known is not None and alive(known))
    if listed.head["appType"] == "1":
        return ("-621004", f"清单[{number}]已经申报过，请勿重复申报") if stands else None
    if known is None:
        return "-621011", f"不存在已申报的清单[{number}]，无法进行改单操作"
    if stands or listed.head["appType"] == "3":  # what was refused needs no taking back
        return "-621012", f"清单[{number}]的申报状态不符合改单申报的条件"
    return None


def _wrong(listed: Filed) -> list[str]:
    """The elements that the specification's words, though not its schema, forbid to stand so."""
    head, lines = listed.head, listed.paper.lines
    bonded = head["tradeMode"] == "1210"
    wrong = [one for one in (BONDED if bonded else DIRECT) if not head.get(one)]
    if bonded and head["country"] != "142":
        wrong.append("country")
    if bonded and not all(line.get("itemRecordNo") for line in lines):
        wrong.append("itemRecordNo")
    if [line["gnum"].strip() for line in lines] != [str(place) for place in range(1, len(lines) + 1)]:
        wrong.append("gnum")
    if head["assureCode"] not in (head["agentCode"], head["ebcCode"], head["logisticsCode"]):
        wrong.append("assureCode")
    if Decimal(head["netWeight"]) > Decimal(head["grossWeight"]):
        wrong.append("netWeight")
    if any(Decimal(line["price"]) * Decimal(line["qty"]) != Decimal(line["totalPrice"]) for line in lines):
        wrong.append("totalPrice")
    if any(bool(line.get("qty2")) != bool(line.get("unit2")) for line in lines):
        wrong.append("qty2")
    return wrong


def _limits(office: Office, listed: Filed) -> tuple[str, str] | None:
    head, value = listed.head, taxes.dutiable(listed)
    number = head["copNo"]
    if value > SINGLE and not taxes.over_limit(listed):
        return "-621005", f"清单[{number}]的购买金额超过单笔限额[{SINGLE}]"
    used = office.used.get((head["buyerIdNumber"], office.today().year), Decimal(0))
    if used + value > YEARLY:
        said = f"清单[{number}]中购买人[{head['buyerName']}]已用购买额度为[{used}]"
        return "-621018", f"{said}，本次购买将超过年度限额[{YEARLY}]"
    return None


def _send(office: Office, listed: Filed) -> None:
    if fault := _limits(office, listed):
        _end(office, listed, *fault)
        return
    told = office.outcomes.get(("list", listed.order[0]))
    if told and told[0].outcome == "reject" and told[0].code.startswith("-"):
        _end(office, listed, *_rejected(told.pop(0)))
        return
    office.say(listed, "3", "发送海关成功")


def _judge(office: Office, payments: Payments, listed: Filed) -> None:
    told = office.outcome("list", listed.order[0])
    if told and told.outcome == "reject":
        _end(office, listed, *_rejected(told))
    elif reasons := differences(office, payments, listed):
        _end(office, listed, "100", f"[Code:1004;Desc:{'；'.join(reasons)}]"[:1000])
    elif fault := _limits(office, listed):
        _end(office, listed, *fault)
    else:
        _accept(office, listed, told)


def _rejected(told: Outcome) -> tuple[str, str]:
    return told.code or "100", told.info or "海关退单"


def _end(office: Office, listed: Filed, code: str, info: str) -> None:
    listed.round += 1
    listed.held = False
    if listed.head.get("acceptedIn") and not listed.head.get("freed"):
        office.use(listed, -taxes.dutiable(listed))
        listed.head["freed"] = "1"
    office.say(listed, code, info)


def _accept(office: Office, listed: Filed, told: Outcome | None) -> None:
    head, today = listed.head, office.today()
    head["invtNo"] = f"{head['customsCode']}{today.year}I{office.number(9)}"
    head["acceptedIn"] = str(today.year)
    office.accepted[head["invtNo"]] = listed
    office.use(listed, taxes.dutiable(listed))
    office.say(listed, "120", "海关入库")
    if told is None or told.outcome == "release":
        go_on(office, listed)
    else:
        office.plan(listed, 1, lambda: apply(office, listed, told))


def go_on(office: Office, listed: Filed) -> None:
    """The way to release and on to its end."""
    listed.round += 1
    listed.held = False
    office.plan(listed, 1, lambda: office.say(listed, "399", "海关审结"))
    office.plan(listed, 2, lambda: _release(office, listed))
    office.plan(listed, 3, lambda: office.say(listed, "899", "结关"))


def _release(office: Office, listed: Filed) -> None:
    listed.released_at = office.now()
    office.say(listed, "800", "放行")
    office.later(1, lambda: taxes.sheet(office, listed))


def apply(office: Office, listed: Filed, told: Outcome) -> None:
    """What was told of an accepted list happens to it; inspected, detained, under review it stays so."""
    if told.outcome == "release":
        go_on(office, listed)
        return
    if told.outcome == "reject":
        _end(office, listed, *_rejected(told))
        return
    listed.round += 1
    listed.held = told.outcome != "return_abroad"
    if told.outcome == "return_abroad":
        status, info = "700", "退运"
    else:
        status, info = HOLDS[told.outcome]
    if told.outcome == "detain" and told.code in DETAINED:
        status, info = told.code, DETAINED[told.code]
    office.say(listed, status, told.info or info)
