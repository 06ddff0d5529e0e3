"""One call of the SF Express open platform (顺丰开放平台): signed, answered in two envelopes, read strictly.

The digest is base64(MD5(URL-encoded(msgData + timestamp + check word))). The outer envelope tells whether the
platform took the call, the inner one what the service made of it: https://open.sf-express.com.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from typing import Any
from urllib.parse import quote_plus, urlencode
from uuid import uuid4

import orjson

from kernel.gateways import Gateway, Unreachable
from logistics.credentials import Credential
from logistics.gateways.waybills import CarrierRefused

PARTY, PATH = "sf", "/std/service"
TAKEN, DONE = "A1000", "S0000"
# Of the platform: the service may have acted, or a twin is on its way. All others stopped the call before it.
UNKNOWN = {"A1007", "A1009", "A1099"}
LATER = {"A1005"}  # too many calls: nothing was done, and later it may be
READ_SECONDS = 8.0


def digest(data: str, timestamp: str, check_word: str) -> str:
    """The signature of one call, as Java's URLEncoder spells it."""
    encoded = quote_plus(data + timestamp + check_word, safe="*").replace("~", "%7E")
    return base64.b64encode(hashlib.md5(encoded.encode(), usedforsecurity=False).digest()).decode()


class ServiceRefused(CarrierRefused):
    """A service has answered with an error of its own."""

    def __init__(self, number: str, why: str) -> None:
        super().__init__(why=f"{number} {why}".strip(), number=number)


class SfWire:
    """Speaks to the platform for one customer code (顾客编码)."""

    def __init__(self, credential: Credential, base_url: str) -> None:
        self._credential = credential
        self._gateway = Gateway(PARTY, base_url)

    def call(self, service: str, data: dict[str, Any], now: datetime) -> dict[str, Any]:
        """The content of a good answer. Raises ServiceRefused, CarrierRefused, Unreachable."""
        said = orjson.dumps(data).decode()
        timestamp = str(int(now.timestamp() * 1000))
        form = {
            "partnerID": self._credential.customer_code,
            "requestID": str(uuid4()),
            "serviceCode": service,
            "timestamp": timestamp,
            "msgDigest": digest(said, timestamp, self._credential.secret),
            "msgData": said,
        }
        reply = self._gateway.call(
            "POST",
            PATH,
            headers={"Content-Type": "application/x-www-form-urlencoded;charset=UTF-8"},
            body=urlencode(form).encode(),
            read_seconds=READ_SECONDS,
        )
        if reply.status != 200:
            raise Unreachable(party=PARTY, reason=f"HTTP {reply.status}")
        return _read(reply.body)


def _read(body: bytes) -> dict[str, Any]:
    outer = _object(body)
    result = str(outer.get("apiResultCode", ""))
    if result in UNKNOWN or result in LATER or not result:
        raise Unreachable(party=PARTY, reason=f"result {result or 'missing'}")
    if result != TAKEN:
        raise CarrierRefused(why=f"{result} {outer.get('apiErrorMsg') or ''}".strip(), number=result)
    inner = outer.get("apiResultData")
    told = _object(inner.encode()) if isinstance(inner, str) else inner
    if not isinstance(told, dict) or "errorCode" not in told:
        raise Unreachable(party=PARTY, reason="unreadable answer")
    if told["errorCode"] != DONE:
        raise ServiceRefused(str(told["errorCode"]), str(told.get("errorMsg") or ""))
    content = told.get("msgData")
    if not isinstance(content, dict):
        raise Unreachable(party=PARTY, reason="unreadable answer")
    return content


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as failure:
        raise Unreachable(party=PARTY, reason="not JSON") from failure
    if not isinstance(found, dict):
        raise Unreachable(party=PARTY, reason="not an object")
    return found
