"""The original payment data (支付原始数据) as customs wants it: written once, signed as it is written.

GACC 2018 No. 179: four nodes are signed in the very letters in which they stand in `payExInfoStr`, so the
text is put together here and by no library that might write it otherwise a second time.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from customs.ceb.write import CHINA

LONGEST_ORIGINAL, LONGEST_NAME = 8000, 250
YUAN, MINI_PROGRAM = "142", "4"  # 币制 and 支付类型 (other than APP, PC and a code that is scanned)
# WeChat Pay's words for who verified the payment, and customs' 验核机构.
DEPARTMENTS = {"UNIONPAY": "1", "NETSUNION": "2"}
OTHER_DEPARTMENT = "3"


@dataclass(frozen=True, slots=True)
class Good:
    """What was bought, and where customs can look at it."""

    name: str
    link: str


@dataclass(frozen=True, slots=True)
class Bought:
    """One order that the payment paid, by its number at customs."""

    number: str
    goods: tuple[Good, ...]


@dataclass(frozen=True, slots=True)
class Receiver:
    """收款方: whose account the money came into."""

    account: str
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class PaymentData:
    """One payment with the call that began it, word for word, and every order that it paid."""

    session: str
    guid: str
    request: str
    response: str
    platform_code: str
    payment_firm_code: str
    transaction_id: str
    amount_fen: int
    department: str
    paid_at: datetime
    receiver: Receiver
    orders: tuple[Bought, ...]

    @property
    def longest(self) -> int:
        """Characters of the longer one of the two originals."""
        return max(len(self.request), len(self.response))


def nodes(data: PaymentData, now: datetime) -> dict[str, str]:
    """The four nodes that are signed, each as it is written; the names are the announcement's own."""
    head = {
        "guid": data.guid,
        "initalRequest": data.request,
        "initalResponse": data.response,
        "ebpCode": data.platform_code,
        "payCode": data.payment_firm_code,
        "payTransactionId": data.transaction_id,
        "totalAmount": Decimal(data.amount_fen) / 100,
        "currency": YUAN,
        "verDept": DEPARTMENTS.get(data.department, OTHER_DEPARTMENT),
        "payType": MINI_PROGRAM,
        "tradingTime": f"{data.paid_at.astimezone(CHINA):%Y%m%d%H%M%S}",
        "note": "",
    }
    lists = [
        {
            "orderNo": one.number,
            "goodsInfo": [{"gname": good.name[:LONGEST_NAME], "itemLink": good.link} for good in one.goods],
            "recpAccount": data.receiver.account,
            "recpCode": data.receiver.code,
            "recpName": data.receiver.name,
        }
        for one in data.orders
    ]
    return {
        "sessionID": _written(data.session),
        "payExchangeInfoHead": _written(head),
        "payExchangeInfoLists": _written(lists),
        "serviceTime": _written(str(int(now.timestamp() * 1000))),
    }


def sign_text(made: Mapping[str, str]) -> str:
    """What is signed: `"name":"value"` of each node, joined by `||`."""
    return "||".join(f'"{name}":"{value.strip(chr(34))}"' for name, value in made.items())


def upload_text(made: Mapping[str, str], *, certificate_number: str, signature: bytes) -> str:
    """`payExInfoStr`: the nodes as they were signed, who signed, and the signature."""
    signed = {
        "certNo": _written(certificate_number),
        "signValue": _written(base64.b64encode(signature).decode()),
    }
    return "{" + ",".join(f'"{name}":{value}' for name, value in {**made, **signed}.items()) + "}"


def _written(value: object) -> str:
    """JSON without blanks, amounts with five decimals."""
    if isinstance(value, Decimal):
        return f"{value:.5f}"
    if isinstance(value, Mapping):
        return "{" + ",".join(f'"{name}":{_written(one)}' for name, one in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ",".join(map(_written, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
