"""The family of API v3, on a host of its own: JSON, signed and verified as every call of v3.

https://pay.weixin.qq.com/wiki/doc/api_external/ch/apis/chapter4_3_1.shtml and the pages beside it. Host and
path have both moved before, so both are arguments. Whether the person whom we name is the payer is asked by a
call of its own, with name and number encrypted to WeChat's key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlencode

from wechat.errors import Malformed, OutcomeUnknown, Rejected
from wechat.pay.client import PayClient
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
from wechat.pay.sealing import Named, Padding, seal, sealing_key
from wechat.pay.types import fen, required, text


class CustomsV3:
    """The family as seen by the merchant of `client`, whose base URL is the family's host.

    `root` is the path before /orders; `padding` that of the encrypted fields: the page says PKCS #1 v1.5.
    """

    matches_with_declaration: ClassVar[bool] = False

    def __init__(self, client: PayClient, *, root: str, padding: Padding = Padding.PKCS1) -> None:
        self._client = client
        self._root = root.rstrip("/")
        self._padding = padding

    def declare(self, piece: Piece, named: Named | None) -> Declared:
        """See CustomsClient; nobody is named here."""
        return self._changed("customs_declare", "POST", "orders", piece, _which(piece) | _fees(piece))

    def amend(self, piece: Piece, named: Named | None) -> Declared:
        """See CustomsClient; nobody is named here."""
        return self._changed("customs_amend", "PATCH", "orders", piece, _which(piece) | _fees(piece))

    def query(self, piece: Piece) -> Declared | None:
        """See CustomsClient."""
        call = "customs_query"
        asked = {
            "appid": piece.appid,
            "mchid": self._client.merchant.mchid,
            "order_type": "out_trade_no",
            "order_no": piece.out_trade_no,
            "customs": piece.port,
            "offset": "0",
            "limit": "20",
        }
        try:
            body = self._client.send(call, "GET", f"{self._root}/orders?{urlencode(asked)}", None)
        except Rejected as refusal:
            if absent(refusal):
                return None
            raise
        answer = self._client.read(call, body)
        rows = answer.get("data", [])
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise OutcomeUnknown(call=call, reason="the answer is malformed: data")
        # The number's name is told in two ways; at most one declaration of a whole payment is at a port.
        found = next((row for row in rows if row.get("customs") == piece.port), None)
        return None if found is None else _declared(call, answer, found)

    def redeclare(self, piece: Piece) -> Declared:
        """See CustomsClient."""
        return self._changed("customs_redeclare", "POST", "redeclare", piece, _which(piece))

    def match(self, piece: Piece, named: Named) -> Match:
        """See CustomsClient: SAME or DIFFERENT; anything else is an unknown outcome."""
        call, key = "customs_verify", sealing_key(self._client.merchant, self._client.now())
        body = self._who(_which(piece)) | {
            "certificate_type": "IDCARD",
            "certificate_id": seal(key, named.number.upper(), self._padding),
            "certificate_name": seal(key, named.name, self._padding),
        }
        path = f"{self._root}/verify-certificate"
        answer = self._client.read(call, self._client.send(call, "POST", path, body, sealed_for=key.serial))
        found = match_of(_text(call, answer, "certificate_check_result"))
        if found is None or answer.get("out_trade_no", piece.out_trade_no) != piece.out_trade_no:
            raise OutcomeUnknown(call=call, reason="the answer is neither SAME nor DIFFERENT")
        return found

    def _changed(self, call: str, method: str, end: str, piece: Piece, content: dict[str, Any]) -> Declared:
        body = self._client.send(call, method, f"{self._root}/{end}", self._who(content))
        answer = self._client.read(call, body)
        try:
            if required(answer, "out_trade_no") != piece.out_trade_no:
                raise OutcomeUnknown(call=call, reason="the answer is about another payment")
        except Malformed as error:
            raise OutcomeUnknown(call=call, reason=f"the answer is malformed: {error.where}") from None
        return _declared(call, answer, answer)

    def _who(self, content: dict[str, Any]) -> dict[str, Any]:
        return {"mchid": self._client.merchant.mchid, **content}


def _which(piece: Piece) -> dict[str, Any]:
    return {
        "appid": piece.appid,
        "out_trade_no": piece.out_trade_no,
        "transaction_id": piece.transaction_id,
        "customs": piece.port,
        "merchant_customs_no": piece.customs_number,
    }


def _fees(piece: Piece) -> dict[str, Any]:
    return {
        "fee_type": "CNY",
        "order_fee": piece.order_fen,
        "transport_fee": piece.transport_fen,
        "product_fee": piece.product_fen,
        "duty": piece.duty_fen,
    }


def _declared(call: str, answer: Mapping[str, Any], row: Mapping[str, Any]) -> Declared:
    explanation = row.get("explanation")
    try:
        told = fen(row, "order_fee")
    except Malformed as error:
        raise OutcomeUnknown(call=call, reason=f"the answer is malformed: {error.where}") from None
    return Declared(
        state=state_of(call, _text(call, row, "state")),
        department=(_text(call, answer, "verify_department") or "")[:20],
        department_number=(_text(call, answer, "verify_department_trade_id") or "")[:64],
        explanation=explained(explanation if isinstance(explanation, str) else None),
        modified_at=modified(_text(call, row, "modify_time")),
        order_fen=told,
    )


def _text(call: str, raw: Mapping[str, Any], name: str) -> str | None:
    try:
        return text(raw, name)
    except Malformed as error:
        raise OutcomeUnknown(call=call, reason=f"the answer is malformed: {error.where}") from None
