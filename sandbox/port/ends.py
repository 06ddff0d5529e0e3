"""Cancellations (撤单, 623) of lists before their release, and returns of goods (退货, 625) after it."""

from decimal import Decimal

from sandbox.port import lists, taxes
from sandbox.port.filing import course, refuse
from sandbox.port.office import Filed, Office

BEFORE_RELEASE = ("120", "300", "399", "500")
RETURN_SECONDS = 30 * 86400


def cancel(office: Office, filed: Filed) -> None:
    """623: while it is looked at its list stands still; refused, the list goes on."""
    head = filed.head
    _named(office, filed)
    listed = office.accepted.get(head["invtNo"])
    if listed is None or listed.order != filed.order:
        refuse(office, filed, "-623003", f"系统中不存在清单编号为[{head['invtNo']}]的清单！")
        return
    if any(one.head["invtNo"] == head["invtNo"] and _open(one) for one in office.cancels):
        refuse(office, filed, "-623009", f"撤单清单[{head['invtNo']}]已经申报过")
        return
    if listed.status not in BEFORE_RELEASE:
        refuse(office, filed, "-623005", f"清单的状态不符合撤单申报要求(清单编号[{head['invtNo']}])！")
        return
    office.cancels.append(filed)
    held = listed.held
    listed.round += 1

    def undo() -> None:
        if not held:
            lists.go_on(office, listed)

    def done() -> None:
        office.use(listed, -taxes.dutiable(listed))
        listed.head["freed"], listed.status, listed.held = "1", "cancelled", False

    course(office, filed, undo, done)


def take_back(office: Office, filed: Filed) -> None:
    """625: of lines of a released list, no more than it declared, within thirty days."""
    head = filed.head
    number = _named(office, filed)
    listed = office.accepted.get(head["invtNo"])
    if listed is None or listed.order != filed.order:
        refuse(office, filed, "-625016", "查无此数据")
        return
    if any(one.head["copNo"] == number and _open(one) for one in office.returns):
        refuse(office, filed, "-625022", f"退货申请单[{number}]已经申报过")
        return
    if listed.released_at is None:
        refuse(office, filed, "-625022", f"退货申请单[{number}]的申报状态不符合改单申报的条件")
        return
    if office.now() - listed.released_at > RETURN_SECONDS:
        refuse(office, filed, "-625004", "退货申请单申报失败，[超过放行之日起30日]")
        return
    wanted: dict[str, Decimal] = {}
    for line in filed.paper.lines:
        declared = _declared(listed, line)
        if declared is None:
            said = f"在关联的清单中未找到表体序号为[{line['gnum']}],商品编号为[{line['gcode']}]的数据"
            refuse(office, filed, "-625209", f"退货申请单[{number}],{said}")
            return
        gnum = declared["gnum"]
        wanted[gnum] = wanted.get(gnum, Decimal(0)) + Decimal(line["qty"])
        left = Decimal(declared["qty"]) - listed.returned.get(gnum, Decimal(0))
        if Decimal(line["qty"]) <= 0 or wanted[gnum] > left:
            refuse(office, filed, "-625004", f"退货申请单申报失败，[第{gnum}项数量大于原清单]")
            return
    office.returns.append(filed)
    _count(listed, wanted, 1)
    course(office, filed, lambda: _count(listed, wanted, -1), lambda: _restore(office, listed, wanted))


def _named(office: Office, filed: Filed) -> str:
    """Receipts name a paper by numbers that the specification does not demand of the paper itself."""
    head = filed.head
    head["copNo"] = head.get("copNo") or head["orderNo"][:20]
    head["preNo"] = f"C{office.today():%Y%m%d}{office.number(9)}"
    return head["copNo"]


def _open(filed: Filed) -> bool:
    return filed.status != "100" and not filed.status.startswith("-")


def _declared(listed: Filed, line: dict[str, str]) -> dict[str, str] | None:
    for one in listed.paper.lines:
        same = one["gnum"].strip() == line["gnum"].strip() and one["gcode"] == line["gcode"]
        if same and one["unit"] == line["unit"]:
            return one
    return None


def _count(listed: Filed, wanted: dict[str, Decimal], sign: int) -> None:
    for gnum, quantity in wanted.items():
        listed.returned[gnum] = listed.returned.get(gnum, Decimal(0)) + sign * quantity


def _restore(office: Office, listed: Filed, wanted: dict[str, Decimal]) -> None:
    """The buyer gets back the returned share of the year; a sheet of which nothing is left is void."""
    lines = {line["gnum"]: line for line in listed.paper.lines}
    bases = dict(zip(lines, taxes.bases(listed), strict=True))
    amount = sum(
        (bases[gnum] * quantity / Decimal(lines[gnum]["qty"]) for gnum, quantity in wanted.items()),
        Decimal(0),
    )
    office.use(listed, -amount.quantize(taxes.CENT))
    whole = all(listed.returned.get(gnum) == Decimal(line["qty"]) for gnum, line in lines.items())
    if whole and listed.tax is not None and listed.tax.head["status"] == "1":
        office.later(1, lambda: taxes.stands(office, listed, "3"))
