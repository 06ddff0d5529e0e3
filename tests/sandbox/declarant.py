"""An enterprise that declares: it writes and signs its own messages and shares no code with the port."""

import base64
import uuid
from datetime import datetime, timedelta, timezone

import requests
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from lxml import etree

CEB, DS = "http://www.chinaport.gov.cn/ceb", "http://www.w3.org/2000/09/xmldsig#"
C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
HOLDERS = {
    "CEB311Message": ("Order", "OrderHead", "OrderList"),
    "CEB621Message": ("Inventory", "InventoryHead", "InventoryList"),
    "CEB623Message": ("", "InvtCancel", ""),
    "CEB625Message": ("InvtRefund", "InvtRefundHead", "InvtRefundList"),
}
BUYER = {
    "buyerIdType": "1",
    "buyerIdNumber": "11010519491231002X",
    "buyerName": "王爱丽",
    "buyerTelephone": "13800001234",
}
EBP = {"ebpCode": "3302961A01", "ebpName": "电商平台", "ebcCode": "3302961A02", "ebcName": "海外电商"}
ADDRESS = "上海市浦东新区世纪大道1号"
CARRIER = {"logisticsCode": "4403169D99", "logisticsName": "顺丰速运有限公司"}


def guid():
    return str(uuid.uuid4()).upper()


def now():
    return datetime.now(timezone(timedelta(hours=8))).strftime("%Y%m%d%H%M%S")


class Declarant:
    """Writes, signs and sends as the enterprise of world.json's `port`; reads what comes back."""

    def __init__(self, told, base):
        self.told, self.base, self.http = told, base, requests.Session()
        self.dxp_id, self.code = told["dxp_id"], told["cop_code"]
        self.rsa, self.sm2 = told["certificates"]
        self.seen = []

    def tree(self, name, documents, **transfer):
        """An unsigned message; each document a pair of head and lines, their elements in their order."""
        holder, head, line = HOLDERS[name]
        root = etree.Element(f"{{{CEB}}}{name}", {"guid": guid(), "version": "1.0"}, nsmap={"ceb": CEB})
        for values, lines in documents:
            under = self._add(root, holder) if holder else root
            self._fill(self._add(under, head), values)
            for one in lines:
                self._fill(self._add(under, line), one)
        basic = {
            "copCode": self.code,
            "copName": self.told["cop_name"],
            "dxpMode": "DXP",
            "dxpId": self.dxp_id,
        }
        self._fill(self._add(root, "BaseTransfer"), basic | transfer)
        return root

    def sign(self, root, *, key=None, number=None):
        """RSA with SHA-1, enveloped."""
        key = key or load_pem_private_key(self.rsa["private_key"].encode(), None)
        digest = hashes.Hash(hashes.SHA1())
        digest.update(etree.tostring(root, method="c14n"))
        signature = etree.SubElement(root, f"{{{DS}}}Signature", nsmap={"ds": DS})
        info = etree.SubElement(signature, f"{{{DS}}}SignedInfo")
        etree.SubElement(info, f"{{{DS}}}CanonicalizationMethod", Algorithm=C14N)
        etree.SubElement(info, f"{{{DS}}}SignatureMethod", Algorithm=DS + "rsa-sha1")
        reference = etree.SubElement(info, f"{{{DS}}}Reference", URI="")
        transforms = etree.SubElement(reference, f"{{{DS}}}Transforms")
        etree.SubElement(transforms, f"{{{DS}}}Transform", Algorithm=DS + "enveloped-signature")
        etree.SubElement(reference, f"{{{DS}}}DigestMethod", Algorithm=DS + "sha1")
        value = base64.b64encode(digest.finalize()).decode()
        etree.SubElement(reference, f"{{{DS}}}DigestValue").text = value
        made = key.sign(etree.tostring(info, method="c14n"), padding.PKCS1v15(), hashes.SHA1())
        etree.SubElement(signature, f"{{{DS}}}SignatureValue").text = base64.b64encode(made).decode()
        keys = etree.SubElement(signature, f"{{{DS}}}KeyInfo")
        etree.SubElement(keys, f"{{{DS}}}KeyName").text = number or self.rsa["number"]
        data = etree.SubElement(keys, f"{{{DS}}}X509Data")
        etree.SubElement(data, f"{{{DS}}}X509Certificate").text = self.rsa["certificate"]
        return root

    def post(self, root, name=None):
        """What the port answers: OK, or ERROR and why."""
        raw = (
            root if isinstance(root, bytes) else etree.tostring(root, xml_declaration=True, encoding="UTF-8")
        )
        name = name or f"{root.tag.partition('}')[2]}.xml"
        head = {"MessageType": name, "SendTime": datetime.now().strftime("%Y-%m-%d %H:%M:%S")}
        body = {"data": base64.b64encode(raw).decode()}
        told = {"Message": {"MessageHead": head, "MessageBody": body}}
        return self.http.post(f"{self.base}/cebcmsg", json=told, timeout=9)

    def send(self, name, *documents):
        answer = self.post(self.sign(self.tree(name, documents)))
        assert (answer.status_code, answer.text) == (200, "OK")

    def receipts(self, *, limit=100):
        """Everything in the box, raw, and taken away."""
        told = self.http.get(f"{self.base}/receipts/{self.dxp_id}", params={"limit": limit}, timeout=9).json()
        ids = [one["id"] for one in told["receipts"]]
        if ids:
            taken = self.http.post(f"{self.base}/receipts/{self.dxp_id}/taken", json={"ids": ids}, timeout=9)
            assert taken.status_code == 204
        return [base64.b64decode(one["data"]) for one in told["receipts"]]

    def hear(self):
        """Every document told of since the start, as (message, its elements), the oldest first."""
        for raw in self.receipts():
            root = etree.fromstring(raw)
            name = etree.QName(root).localname
            for document in root:
                self.seen.append(
                    (name, {etree.QName(one).localname: one.text or "" for one in document.iter()})
                )
        return self.seen

    def statuses(self, name, **having):
        return [
            told["returnStatus"]
            for kind, told in self.hear()
            if kind == name and all(told.get(one) == value for one, value in having.items())
        ]

    def order(self, paid, **changed):
        """An order of two lines for 123.45: 100.00, freight 14.35, tax 9.10."""
        head = {
            "guid": guid(),
            "appType": "1",
            "appTime": now(),
            "appStatus": "2",
            "orderType": "I",
            "orderNo": paid["out_trade_no"],
            **EBP,
            "goodsValue": "100.00",
            "freight": "14.35",
            "discount": "0",
            "taxTotal": "9.10",
            "acturalPaid": "123.45",
            "currency": "142",
            "buyerRegNo": "C1",
            "buyerName": BUYER["buyerName"],
            "buyerTelephone": BUYER["buyerTelephone"],
            "buyerIdType": "1",
            "buyerIdNumber": BUYER["buyerIdNumber"],
            "payCode": "4403169D3W",
            "payName": "财付通支付科技有限公司",
            "payTransactionId": paid["transaction_id"],
            "consignee": "王爱丽",
            "consigneeTelephone": "13800001234",
            "consigneeAddress": ADDRESS,
        }
        lines = [self._ordered(1, "3", "20.00", "60.00"), self._ordered(2, "1", "40.00", "40.00")]
        return self._changed(head, changed), lines

    def _ordered(self, gnum, qty, price, total):
        return {
            "gnum": str(gnum),
            "itemName": f"面霜{gnum}",
            "gmodel": "面霜|品牌|50ml",
            "unit": "011",
            "qty": qty,
            "price": price,
            "totalPrice": total,
            "currency": "142",
            "country": "305",
        }

    def listed(self, paid, waybill, **changed):
        """The list of that order, of bonded goods unless `tradeMode` says otherwise."""
        head = {
            "guid": guid(),
            "appType": "1",
            "appTime": now(),
            "appStatus": "2",
            "orderNo": paid["out_trade_no"],
            **EBP,
            "logisticsNo": waybill,
            **CARRIER,
            "copNo": "L" + paid["out_trade_no"][-15:],
            "assureCode": self.code,
            "emsNo": "T3105W000001",
            "ieFlag": "I",
            "declTime": now()[:8],
            "customsCode": "3105",
            "portCode": "3105",
            **BUYER,
            "consigneeAddress": ADDRESS,
            "agentCode": self.code,
            "agentName": self.told["cop_name"],
            "areaCode": "3302966001",
            "areaName": "保税仓",
            "tradeMode": "1210",
            "trafMode": "Y",
            "trafNo": ...,
            "voyageNo": ...,
            "billNo": ...,
            "country": "142",
            "freight": "14.35",
            "insuredFee": "0",
            "currency": "142",
            "packNo": "1",
            "grossWeight": "0.6",
            "netWeight": "0.5",
        }
        lines = [self._declared(1, "3", "20.00", "60.00"), self._declared(2, "1", "40.00", "40.00")]
        return self._changed(head, changed), lines

    def _declared(self, gnum, qty, price, total):
        return {
            "gnum": str(gnum),
            "itemRecordNo": f"R{gnum}",
            "gcode": "3304990099",
            "gname": f"面霜{gnum}",
            "gmodel": "面霜|品牌|50ml",
            "country": "305",
            "currency": "142",
            "qty": qty,
            "unit": "011",
            "qty1": "0.15",
            "unit1": "035",
            "price": price,
            "totalPrice": total,
        }

    def ask_carrier(self, paid, waybill, **changed):
        """The carrier is to declare the parcel."""
        told = {
            "dxp_id": self.dxp_id,
            "waybill": waybill,
            "order_no": paid["out_trade_no"],
            "consignee": "王爱丽",
            "phone": "13800001234",
            "address": ADDRESS,
            "weight": "0.6",
            "freight": "0",
        }
        return self.http.post(f"{self.base}/carrier/waybills", json=told | changed, timeout=9)

    @staticmethod
    def _changed(head, changed):
        return {one: value for one, value in (head | changed).items() if value is not ...}

    @staticmethod
    def _add(parent, name):
        return etree.SubElement(parent, f"{{{CEB}}}{name}")

    def _fill(self, under, values):
        for name, value in values.items():
            self._add(under, name).text = value
