"""Messages as the port takes them: one that does not fit the table of demands to the letter is refused whole.

`demands.txt` was written from the specification's field lists: a line an entity, below it its elements in
their order, whether each must be there, and what it may hold (`guid`, `time`, `instant`, `day`, `number`,
`whole`, or how many characters), last the values that alone are allowed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from lxml import etree

CEB, DS = "http://www.chinaport.gov.cn/ceb", "http://www.w3.org/2000/09/xmldsig#"
GUID = re.compile(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}")
NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)")
WHOLE = re.compile(r"[+-]?[0-9]{1,9}")
LONGEST = 20_000_000
TIMES = {"time": (14, "%Y%m%d%H%M%S"), "instant": (17, "%Y%m%d%H%M%S%f"), "day": (8, "%Y%m%d")}
SIGNATURE = "{" + DS + "}Signature"


class Malformed(Exception):
    """The port cannot take the message: a code of its table 7-1, and where it went wrong."""

    def __init__(self, code: str, where: str) -> None:
        super().__init__(where)
        self.code, self.where = code, where


class Demand(NamedTuple):
    element: str
    must: bool
    form: str
    allowed: frozenset[str]


class Kind(NamedTuple):
    """What a message consists of: a holder of each document, its head, its lines and what may be of them."""

    holder: str
    head: str
    lines: str = ""
    most: int = 100
    most_lines: int = 99
    sent: bool = True


KINDS = {
    "CEB311Message": Kind("Order", "OrderHead", "OrderList"),
    "CEB411Message": Kind("Payment", "PaymentHead"),
    "CEB511Message": Kind("Logistics", "LogisticsHead"),
    "CEB513Message": Kind("", "LogisticsStatus"),
    "CEB621Message": Kind("Inventory", "InventoryHead", "InventoryList"),
    "CEB623Message": Kind("", "InvtCancel"),
    "CEB625Message": Kind("InvtRefund", "InvtRefundHead", "InvtRefundList"),
    "CEB711Message": Kind("Delivery", "DeliveryHead", "DeliveryList", most=1, most_lines=10**6),
    "CEB312Message": Kind("", "OrderReturn", sent=False),
    "CEB412Message": Kind("", "PaymentReturn", sent=False),
    "CEB512Message": Kind("", "LogisticsReturn", sent=False),
    "CEB514Message": Kind("", "LogisticsStatusReturn", sent=False),
    "CEB622Message": Kind("", "InventoryReturn", sent=False),
    "CEB624Message": Kind("", "InvtCancelReturn", sent=False),
    "CEB626Message": Kind("", "InvtRefundReturn", sent=False),
    "CEB712Message": Kind("", "DeliveryReturn", sent=False),
    "CEB816Message": Kind("Tax", "TaxHeadRd", "TaxListRd", most=10**6, sent=False),
    "CEB818Message": Kind("Tax", "TaxHeadStatus", most=10**6, sent=False),
    "CEB900Message": Kind("", "MessageReturn", most=1, sent=False),
}


@dataclass
class Paper:
    """One document as it came: its head's and its lines' texts by element."""

    head: dict[str, str]
    lines: list[dict[str, str]] = field(default_factory=list)


@dataclass
class Sent:
    """A message that fits the table; the tree is kept for its signature."""

    name: str
    guid: str
    papers: list[Paper]
    transfer: dict[str, str]
    subscribers: list[str]
    root: etree._Element


@lru_cache(maxsize=1)
def demands() -> dict[str, tuple[Demand, ...]]:
    found: dict[str, list[Demand]] = {}
    for line in Path(__file__).with_name("demands.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith(" "):
            entity = found.setdefault(line, [])
            continue
        element, must, form, *allowed = line.split()
        entity.append(Demand(element, must == "must", form, frozenset("".join(allowed).split("|")) - {""}))
    return {name: tuple(rows) for name, rows in found.items()}


def tree_of(raw: bytes) -> etree._Element:
    """The tree of XML without a document type. Raises Malformed 0001."""
    if len(raw) > LONGEST:
        raise Malformed("0001", "报文过大")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(raw, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise Malformed("0001", "不是XML") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise Malformed("0001", "不得含DTD")
    return root


def transfer_of(root: etree._Element) -> str:
    """Whose box the answer to a message belongs to, as far as it can be read at all."""
    found = root.find(f"{{{CEB}}}BaseTransfer/{{{CEB}}}dxpId")
    return "" if found is None else (found.text or "")


def read(root: etree._Element) -> Sent:
    """The message of a tree. Raises Malformed 0002 with the path of the first fault."""
    name = _name(root)
    kind = KINDS.get(name)
    if kind is None:
        raise Malformed("0002", f"未知的报文类型{name[:40]}")
    guid = root.get("guid", "")
    if not GUID.fullmatch(guid) or root.get("version") != "1.0":
        raise Malformed("0002", f"{name}: guid, version")
    children = _Row(root, name)
    papers = list(_papers(children, kind, name))
    if not kind.sent:
        children.end()
        return Sent(name, guid, papers, {}, [], root)
    transfer = _entity(children.need("BaseTransfer"), "BaseTransfer", name)
    subscribers = [
        _entity(one, "BaseSubscribe", name)["dxpAddress"] for one in children.several("BaseSubscribe", 0, 5)
    ]
    list(children.several("ExtendMessage", 0, 1))
    children.signature()
    children.end()
    return Sent(name, guid, papers, transfer, subscribers, root)


def _papers(children: "_Row", kind: Kind, name: str) -> Iterator[Paper]:
    for place, one in enumerate(children.several(kind.holder or kind.head, 1, kind.most), 1):
        where = f"{kind.holder or kind.head}[{place}]"
        if not kind.holder:
            yield Paper(_entity(one, kind.head, where))
            continue
        inside = _Row(one, where)
        head = _entity(inside.need(kind.head), kind.head, where)
        lines = (
            [
                _entity(line, kind.lines, f"{where}/{kind.lines}[{number}]")
                for number, line in enumerate(inside.several(kind.lines, 1, kind.most_lines), 1)
            ]
            if kind.lines
            else []
        )
        inside.end()
        yield Paper(head, lines)


class _Row:
    """The children of an element, taken in the order in which the specification names them."""

    def __init__(self, parent: etree._Element, where: str) -> None:
        self._children = [one for one in parent if isinstance(one.tag, str)]
        self._where, self._at = where, 0
        if (parent.text or "").strip() or any((one.tail or "").strip() for one in parent):
            raise Malformed("0002", f"{where}: 元素之间有文字")

    def several(self, element: str, least: int, most: int) -> Iterator[etree._Element]:
        found = 0
        while self._at < len(self._children) and _name(self._children[self._at]) == element:
            self._at, found = self._at + 1, found + 1
            if found > most:
                raise Malformed("0002", f"{self._where}/{element}: 超过{most}个")
            yield self._children[self._at - 1]
        if found < least:
            raise Malformed("0002", f"{self._where}/{element}: 缺少或顺序不对")

    def need(self, element: str) -> etree._Element:
        return next(iter(list(self.several(element, 1, 1))))

    def signature(self) -> None:
        """What is signed and how is looked at elsewhere."""
        if self._at < len(self._children) and self._children[self._at].tag == SIGNATURE:
            self._at += 1

    def end(self) -> None:
        if self._at < len(self._children):
            raise Malformed("0002", f"{self._where}/{_name(self._children[self._at])[:40]}: 多余或顺序不对")


def _entity(element: etree._Element, entity: str, where: str) -> dict[str, str]:
    children, found = _Row(element, f"{where}/{entity}"), {}
    for demand in demands()[entity]:
        for one in children.several(demand.element, int(demand.must), 1):
            if len(one):
                raise Malformed("0002", f"{where}/{entity}/{demand.element}: 含有元素")
            text = one.text or ""
            if fault := _fault(demand, text):
                raise Malformed("0002", f"{where}/{entity}/{demand.element}: {fault}")
            found[demand.element] = text
    children.end()
    return found


def _fault(demand: Demand, text: str) -> str:
    if demand.form in ("guid", "number", "whole", *TIMES):
        fits = _fits(demand.form, text)
        fault = "" if fits else f"不是{demand.form}"
    else:
        least, _, most = demand.form.partition("-")
        short = len(text) < int(least)
        fault = f"长度{len(text)}，应为{demand.form}" if short or (most and len(text) > int(most)) else ""
    if not fault and demand.allowed and text not in demand.allowed and (demand.must or text):
        fault = f"限定为{'|'.join(sorted(demand.allowed))}"
    return fault


def _fits(form: str, text: str) -> bool:
    if form == "guid":
        return bool(GUID.fullmatch(text))
    if form == "whole":
        return bool(WHOLE.fullmatch(text.strip()))
    if form == "number":
        whole, _, fraction = text.strip().lstrip("+-").partition(".")
        digits = whole.lstrip("0") + fraction.rstrip("0")
        return bool(NUMBER.fullmatch(text.strip())) and len(fraction.rstrip("0")) <= 5 and len(digits) <= 19
    length, pattern = TIMES[form]
    try:
        return len(text) == length and text.isdigit() and bool(datetime.strptime(text, pattern))  # noqa: DTZ007
    except ValueError:
        return False


def _name(element: etree._Element) -> str:
    tag = str(element.tag)
    return tag.removeprefix("{" + CEB + "}") if tag.startswith("{" + CEB + "}") else tag


def write(
    name: str, guid: str, papers: list[Paper], transfer: dict[str, str] | None = None
) -> etree._Element:
    """A message of the port's own making, in the order of the same table."""
    kind = KINDS[name]
    root = etree.Element(f"{{{CEB}}}{name}", {"guid": guid, "version": "1.0"}, nsmap={"ceb": CEB})
    for paper in papers:
        parent = etree.SubElement(root, f"{{{CEB}}}{kind.holder}") if kind.holder else root
        _fill(parent, kind.head, paper.head)
        for line in paper.lines:
            _fill(parent, kind.lines, line)
    if transfer is not None:
        _fill(root, "BaseTransfer", transfer)
    return root


def bytes_of(root: etree._Element) -> bytes:
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _fill(parent: etree._Element, entity: str, texts: dict[str, str]) -> None:
    under = etree.SubElement(parent, f"{{{CEB}}}{entity}")
    for demand in demands()[entity]:
        text = texts.get(demand.element, "")
        if text or demand.must:
            etree.SubElement(under, f"{{{CEB}}}{demand.element}").text = text
