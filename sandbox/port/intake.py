"""Messages taken in: who sent them, do they fit, does the signature hold; then each paper goes its way."""

import base64
import binascii
from collections.abc import Callable
from datetime import datetime
from functools import partial

from lxml import etree

from sandbox.port import ends, filing, lists
from sandbox.port.form import CEB, SIGNATURE, Malformed, Paper, Sent, read, transfer_of, tree_of
from sandbox.port.office import Enterprise, Filed, Office
from sandbox.port.payments import Payments
from sandbox.port.seals import signed_by
from sandbox.wire import Json

OK = "OK"
# Each with the code that says that the signature does not hold.
OURS: dict[str, tuple[str, str]] = {
    "CEB311Message": ("-301008", "参数校验不通过，验签失败"),
    "CEB621Message": ("-621029", "验签失败！"),
    "CEB623Message": ("-623029", "验签失败！"),
    "CEB625Message": ("-625208", "验签失败！"),
}


class Refused(Exception):
    """The port's exchange does not take the message at all."""


class Intake:
    def __init__(self, office: Office, payments: Payments) -> None:
        self.office, self.payments = office, payments

    def envelope(self, told: Json) -> tuple[bytes, str]:
        """The XML of the envelope of HTTP and what it says it is. Raises Refused."""
        message = told.get("Message")
        head = message.get("MessageHead") if isinstance(message, dict) else None
        body = message.get("MessageBody") if isinstance(message, dict) else None
        if not isinstance(head, dict) or not isinstance(body, dict):
            raise Refused("MessageHead, MessageBody")
        try:
            datetime.strptime(str(head.get("SendTime")), "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007
        except ValueError:
            raise Refused("SendTime") from None
        try:
            return base64.b64decode(str(body.get("data")), validate=True), str(head.get("MessageType"))
        except binascii.Error:
            raise Refused("data") from None

    def orders_in(self, raw: bytes) -> list[str]:
        """The order numbers in a message, as far as it can be read."""
        try:
            root = tree_of(raw)
        except Malformed:
            return []
        return [one.text or "" for one in root.iter(f"{{{CEB}}}orderNo")]

    def take(self, raw: bytes, name: str, spoilt: dict[str, float], box: str = "") -> None:
        """One message of `name` (CEB311Message.xml). Raises Refused; what is malformed is told by CEB900."""
        with self.office.lock:
            root: etree._Element | None = None
            try:
                root = tree_of(raw)
                sender = self._sender(root, box)
                sent = read(root)
                if name not in (f"{sent.name}.xml", sent.name):
                    raise Malformed("0002", f"MessageType {name[:40]}")
            except Malformed as fault:
                self._malformed(raw, root, fault, box)
                return
            if sent.transfer["copCode"] != sender.cop_code:
                raise Refused(f"10102 无效企业代码: {sent.transfer['copCode']}与{sender.dxp_id}不一致")
            if sent.name not in OURS:
                raise Refused(f"10101 无效企业类型: {sent.name}")
            fault_code = OURS[sent.name]
            signed = root.find(SIGNATURE) is not None
            needed = sent.name != "CEB311Message"
            holds = bool(signed_by(root, {one.number: one for one in sender.cards})) if signed else not needed
            self.file(sent, sender, spoilt, None if holds else fault_code)

    def file(
        self, sent: Sent, sender: Enterprise, spoilt: dict[str, float], fault: tuple[str, str] | None = None
    ) -> None:
        """Every paper of a message under its key; with a `fault`, each is told that and nothing is kept."""
        boxes = dict.fromkeys([sender.dxp_id, *sent.subscribers])
        known = tuple(one for one in boxes if one in self.office.enterprises)
        for paper in sent.papers:
            filed = Filed(sent.name, paper, known, spoilt=dict(spoilt))
            if fault is not None:
                _numbers(paper)
                filing.refuse(self.office, filed, *fault)
            elif paper.head["appStatus"] == "1":
                _numbers(paper)
                self.office.plan(filed, 1, partial(self.office.say, filed, "1", "电子口岸已暂存"))
            else:
                self._go(filed, sender)

    def _go(self, filed: Filed, sender: Enterprise) -> None:
        if filed.name == "CEB621Message":
            lists.filed(self.office, self.payments, filed, cop_code=sender.cop_code)
            return
        ways: dict[str, Callable[[Office, Filed], None]] = {
            "CEB311Message": filing.order,
            "CEB511Message": filing.waybill,
            "CEB513Message": filing.waybill_status,
            "CEB623Message": ends.cancel,
            "CEB625Message": ends.take_back,
            "CEB711Message": filing.entry,
        }
        ways[filed.name](self.office, filed)

    def _sender(self, root: etree._Element, box: str) -> Enterprise:
        dxp_id = transfer_of(root) or box
        sender = self.office.enterprises.get(dxp_id)
        if sender is None:
            raise Refused(f"2001 指定的接收方不存在: {dxp_id[:30]}")
        if box and dxp_id != box:
            raise Refused(f"2002 地址不匹配: {dxp_id[:30]}")
        return sender

    def _malformed(self, raw: bytes, root: etree._Element | None, fault: Malformed, box: str) -> None:
        dxp_id = (transfer_of(root) if root is not None else "") or box
        if dxp_id not in self.office.enterprises:
            raise Refused(f"{fault.code} {fault.where}")
        name = "Unknown" if root is None else str(root.tag).rpartition("}")[2]
        self.unfit(dxp_id, raw, fault, "" if root is None else root.get("guid", ""), name)

    def unfit(self, dxp_id: str, raw: bytes, fault: Malformed, guid: str, name: str) -> None:
        """900: the message does not fit, where, and what it was."""
        text = raw.decode("utf-8", "replace")
        head = {
            "returnStatus": str(-int(fault.code)),
            "returnInfo": f"{fault.code} {fault.where}"[:5000],
            "oriCopMsgId": guid[:255],
            "oriMessageType": name if len(name) <= 15 else "Unknown",
            "oriBizMessage": "".join(one for one in text if one in "\t\n\r" or " " <= one <= "\ud7ff"),
        }
        filed = Filed("CEB900Message", Paper({}), (dxp_id,))
        self.office.later(1, lambda: self.office.tell(filed, "CEB900Message", Paper(head)))


def _numbers(paper: Paper) -> None:
    """What a receipt needs and a paper may lack."""
    if "agentCode" in paper.head:
        paper.head["copNo"] = paper.head.get("copNo") or paper.head["orderNo"][:20]
        paper.head["preNo"] = paper.head.get("preNo") or "B" + "0" * 17
