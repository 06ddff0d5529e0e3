"""The domestic family: XML under an MD5 signature, no client certificate; an unsigned answer is no answer.

https://pay.weixin.qq.com/wiki/doc/api/external/declarecustom.php?chapter=18_1 and the pages beside it. The
person is named with the declaration itself (cert_type, cert_id, name); `cert_check_result` answers that, and
where it is missing nothing is known.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import ClassVar, NoReturn

from lxml import etree

from kernel.gateways import Unreachable
from wechat.errors import (
    CustomsNumberUnknown,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    ResourceNotExist,
)
from wechat.gateways import USER_AGENT, gateway
from wechat.pay.customs import (
    Declared,
    Match,
    Piece,
    absent,
    explained,
    match_of,
    modified,
    state_of,
)
from wechat.pay.failures import no_record
from wechat.pay.sealing import Named

DECLARE = "/cgi-bin/mch/customs/customdeclareorder"
QUERY = "/cgi-bin/mch/customs/customdeclarequery"
REDECLARE = "/cgi-bin/mch/newcustoms/customdeclareredeclare"
LONGEST_ANSWER, MOST_FIELDS, LONGEST_FIELD = 64 * 1024, 200, 1024
# Codes are written with and without underscores here. What is not in these sets is an unknown outcome.
REFUSED = frozenset(
    {
        *("PARAMERROR", "INVALIDREQUEST", "LACKPARAMS", "NOAUTH", "APPIDNOTEXIST", "MCHIDNOTEXIST"),
        *("APPIDMCHIDNOTMATCH", "SIGNERROR", "XMLFORMATERROR", "REQUIREPOSTMETHOD", "POSTDATAEMPTY"),
        "NOTUTF8",
    }
)
ABSENT = frozenset({"ORDERNOTEXIST", "RESOURCENOTEXISTS"})
THROTTLED = frozenset({"FREQUENCYLIMITED", "FREQLIMIT", "RATELIMITEXCEEDED"})

Fields = dict[str, str]


class CustomsV2:
    """The family as seen by one merchant; `key` is the merchant's key of API v2 (API 密钥)."""

    matches_with_declaration: ClassVar[bool] = True

    def __init__(self, *, mchid: str, key: str, base_url: str) -> None:
        self._mchid = mchid
        self._key = key
        self._gateway = gateway("wechat_pay_v2", base_url)

    def declare(self, piece: Piece, named: Named | None) -> Declared:
        """See CustomsClient."""
        return self._order("customs_declare", "ADD", piece, named)

    def amend(self, piece: Piece, named: Named | None) -> Declared:
        """See CustomsClient."""
        return self._order("customs_amend", "MODIFY", piece, named)

    def query(self, piece: Piece) -> Declared | None:
        """See CustomsClient. Of several declarations of the payment, the one of this port and number."""
        call = "customs_query"
        asked = {"out_trade_no": piece.out_trade_no, "customs": piece.port}
        try:
            answer = self._call(call, QUERY, {"appid": piece.appid, **asked})
        except Rejected as refusal:
            if absent(refusal):
                return None
            raise
        count = answer.get("count", "")
        if not count.isdecimal() or int(count) > MOST_FIELDS:
            raise OutcomeUnknown(call=call, reason="the answer has no count")
        for n in range(int(count)):
            if answer.get(f"customs_{n}") == piece.port:
                return _declared(call, answer, f"_{n}")
        return None

    def redeclare(self, piece: Piece) -> Declared:
        """See CustomsClient."""
        call = "customs_redeclare"
        return _declared(call, self._about(call, piece, self._call(call, REDECLARE, _which(piece))), "")

    def match(self, piece: Piece, named: Named) -> Match:
        """This family names the person with the declaration: ask by `declare` or `amend`."""
        raise NotImplementedError

    def _order(self, call: str, action: str, piece: Piece, named: Named | None) -> Declared:
        fields = _which(piece) | {
            "action_type": action,
            "fee_type": "CNY",
            "order_fee": str(piece.order_fen),
            "transport_fee": str(piece.transport_fen),
            "product_fee": str(piece.product_fen),
            "duty": str(piece.duty_fen),
        }
        if named is not None:
            fields |= {"cert_type": "IDCARD", "cert_id": named.number.upper(), "name": named.name}
        return _declared(call, self._about(call, piece, self._call(call, DECLARE, fields)), "")

    def _about(self, call: str, piece: Piece, answer: Fields) -> Fields:
        if answer.get("out_trade_no", piece.out_trade_no) != piece.out_trade_no:
            raise OutcomeUnknown(call=call, reason="the answer is about another payment")
        return answer

    def _call(self, call: str, path: str, fields: Fields) -> Fields:
        """One signed call; the fields of an answer that WeChat signed and in which it said yes."""
        asked = {name: value for name, value in fields.items() if value} | {"mch_id": self._mchid}
        asked |= {"sign_type": "MD5"}
        unreachable = ""
        try:
            reply = self._gateway.call(
                "POST",
                path,
                headers={"Content-Type": "text/xml; charset=utf-8", "User-Agent": USER_AGENT},
                body=write(asked | {"sign": sign(asked, self._key)}),
            )
        except Unreachable as error:
            unreachable = error.reason
        if unreachable:  # raised out here, so that no address hangs on it as its context
            raise OutcomeUnknown(call=call, reason=unreachable)
        if reply.status != 200:
            raise OutcomeUnknown(call=call, reason=f"HTTP {reply.status}")
        answer = read(reply.body)
        if answer is None:
            raise OutcomeUnknown(call=call, reason="the answer is no XML of the documented form")
        if not hmac.compare_digest(answer.get("sign", "").encode(), sign(answer, self._key).encode()):
            raise OutcomeUnknown(call=call, reason="unverified: the signature is missing or does not hold")
        if answer.get("mch_id") != self._mchid:
            raise OutcomeUnknown(call=call, reason="the answer is for another merchant")
        if answer.get("return_code") != "SUCCESS" or answer.get("result_code") != "SUCCESS":
            _refuse(call, answer)
        return answer


def sign(fields: Mapping[str, str], key: str) -> str:
    """MD5 over what is not empty, in the order of the names, and the key; upper case."""
    told = "&".join(f"{name}={fields[name]}" for name in sorted(fields) if fields[name] and name != "sign")
    return hashlib.md5(f"{told}&key={key}".encode(), usedforsecurity=False).hexdigest().upper()


def write(fields: Mapping[str, str]) -> bytes:
    """The fields as WeChat's flat XML."""
    root = etree.Element("xml")
    for name, value in fields.items():
        etree.SubElement(root, name).text = value
    return etree.tostring(root, encoding="utf-8")


def read(body: bytes) -> Fields | None:
    """The fields of a flat XML document; None for anything else: entities, a DTD, depth, a name twice."""
    if len(body) > LONGEST_ANSWER:
        return None
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    if root.getroottree().docinfo.internalDTD is not None or len(root) > MOST_FIELDS:
        return None
    fields: Fields = {}
    for child in root:
        text = child.text or ""
        if not isinstance(child.tag, str) or len(child) or child.tag in fields or len(text) > LONGEST_FIELD:
            return None
        fields[child.tag] = text
    return fields


def _which(piece: Piece) -> Fields:
    return {
        "appid": piece.appid,
        "out_trade_no": piece.out_trade_no,
        "transaction_id": piece.transaction_id,
        "customs": piece.port,
        "mch_customs_no": piece.customs_number,
    }


def _declared(call: str, answer: Fields, end: str) -> Declared:
    fen = answer.get(f"order_fee{end}", "") if end else ""
    return Declared(
        state=state_of(call, answer.get(f"state{end}")),
        department=answer.get("verify_department", "")[:20],
        department_number=answer.get("verify_department_trade_id", "")[:64],
        explanation=explained(answer.get(f"explanation{end}")),
        modified_at=modified(answer.get(f"modify_time{end}")),
        order_fen=int(fen) if fen.isascii() and fen.isdigit() and len(fen) < 13 else None,
        match=match_of(answer.get(f"cert_check_result{end}")),
    )


def _refuse(call: str, answer: Fields) -> NoReturn:
    code = answer.get("err_code", "")[:64]
    plain = code.replace("_", "").upper()
    if no_record(answer.get("err_code_des")):
        raise CustomsNumberUnknown(call=call, wechat_code=code)
    if plain in ABSENT:
        raise ResourceNotExist(call=call, wechat_code=code)
    if plain in THROTTLED:
        raise RateLimited(call=call, wechat_code=code)
    if plain in REFUSED:
        raise Rejected(call=call, wechat_code=code)
    raise OutcomeUnknown(call=call, reason="refused with a code that we do not know", wechat_code=code)
