"""kuaidi100 (快递100): watch a waybill, ask about it, and read what is pushed once its signature holds.

A push is signed by upper-case MD5(param + salt) over the raw text, a question by MD5(param + key + customer).
Telephones go out where a carrier wants one: the sender's, which is no person's.
https://api.kuaidi100.com/document/pushService
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

import orjson

from kernel.clock import SHANGHAI
from kernel.errors import Invalid
from kernel.gateways import Gateway, Unreachable
from logistics.credentials import Credential
from logistics.gateways.tracking import Report, Told, TrackerRefused
from logistics.vocabulary import carriers, understood

PARTY, PROVIDER = "kuaidi100", "kuaidi100"
OPERATOR = "深圳前海百递网络有限公司"  # who runs it, and learns of which parcels it is asked
TAKEN, WATCHED, NOTHING_YET = "200", "501", "500"
OVER = {"shutdown", "abort"}
WITH_CODES = "4"  # resultv2: each line with the code of its state
MOST_LINES = 500


@dataclass(eq=False)
class Unreadable(Invalid):
    """A push that is signed and is not what is documented."""

    code = "tracking_unreadable"
    title = "This push cannot be read ({why})."
    title_zh = "该推送无法解析（{why}）。"
    why: str


class Kuaidi100:
    """One account at kuaidi100."""

    provider = PROVIDER

    def __init__(self, credential: Credential, base_url: str) -> None:
        self._credential = credential
        self._gateway = Gateway(PARTY, base_url)

    def watch(self, *, carrier: str, waybill: str, phone: str, callback: str) -> None:
        """Have it push what happens to a waybill; one that is watched already stays so. Raises
        TrackerRefused, Unreachable."""
        param = {
            "company": carriers()[carrier].kuaidi100,
            "number": waybill,
            "key": self._credential.secret,
            "parameters": {
                "callbackurl": callback,
                "salt": self._credential.salt,
                "resultv2": WITH_CODES,
                "phone": phone,
            },
        }
        told = self._post("/poll", {"schema": "json", "param": orjson.dumps(param).decode()})
        if str(told.get("returnCode")) not in (TAKEN, WATCHED):
            raise _refusal(told)

    def ask(self, *, carrier: str, waybill: str, phone: str) -> Report:
        param = orjson.dumps(
            {
                "com": carriers()[carrier].kuaidi100,
                "num": waybill,
                "phone": phone,
                "resultv2": WITH_CODES,
            }
        ).decode()
        sign = _md5(param + self._credential.secret + self._credential.customer_code)
        form = {"customer": self._credential.customer_code, "sign": sign, "param": param}
        told = self._post("/poll/query.do", form)
        if str(told.get("status")) != TAKEN:
            if str(told.get("returnCode")) == NOTHING_YET:
                return Report(self.provider, carrier, waybill, ())
            raise _refusal(told)
        try:
            return Report(self.provider, carrier, waybill, _lines(told), expected_on=_expected(told))
        except Unreadable as failure:
            raise Unreachable(party=PARTY, reason=failure.why) from failure

    def _post(self, path: str, form: Mapping[str, str]) -> dict[str, Any]:
        reply = self._gateway.call(
            "POST",
            path,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            body=urlencode(form).encode(),
        )
        if reply.status != 200:
            raise Unreachable(party=PARTY, reason=f"HTTP {reply.status}")
        try:
            told = orjson.loads(reply.body)
        except orjson.JSONDecodeError as failure:
            raise Unreachable(party=PARTY, reason="not JSON") from failure
        if not isinstance(told, dict):
            raise Unreachable(party=PARTY, reason="not an object")
        return told


def is_signed(param: str, sign: str, salt: str) -> bool:
    """Whether this very text was signed with our salt."""
    return hmac.compare_digest(_md5(param + salt).encode(), sign.strip().upper().encode())


def read_push(param: str) -> Report:
    """What a push tells; raises Unreadable. Its carrier is ours, or the tracker's own code where unknown."""
    told = _object(param)
    result = told.get("lastResult")
    if not isinstance(result, dict):
        raise Unreadable(why="no lastResult")
    waybill, company = result.get("nu"), result.get("com")
    if not isinstance(waybill, str) or not isinstance(company, str) or not 0 < len(waybill) <= 40:
        raise Unreadable(why="no waybill")
    if not (waybill + company).isprintable():
        raise Unreadable(why="waybill")
    ours = next((one.code for one in carriers().values() if one.kuaidi100 == company), company[:10])
    status = str(told.get("status") or "")
    over, why = status in OVER, _plain(told.get("message"))[:80] if status == "abort" else ""
    return Report(PROVIDER, ours, waybill, _lines(result), over, why, _expected(result))


def _lines(result: Mapping[str, Any]) -> tuple[Told, ...]:
    """Its lines with the code of each; one without is read as the whole's state if it is the newest."""
    lines = result.get("data")
    if lines is None:
        return ()
    if not isinstance(lines, list) or len(lines) > MOST_LINES:
        raise Unreadable(why="data")
    try:
        newest = max((str(line["time"]) for line in lines), default="")
        return tuple(_told(line, result, str(line["time"]) == newest) for line in lines)
    except (KeyError, TypeError, ValueError) as failure:
        raise Unreadable(why=f"a line: {type(failure).__name__}") from failure


def _told(line: Mapping[str, Any], result: Mapping[str, Any], newest: bool) -> Told:
    code, text = line.get("statusCode"), _plain(line.get("context"))
    if code in (None, ""):
        code = result.get("state", "0") if newest else "0"
    at = datetime.strptime(str(line["time"]), "%Y-%m-%d %H:%M:%S").replace(tzinfo=SHANGHAI)
    return Told(at, understood(PROVIDER, str(code), text), _plain(code)[:12], text)


def _plain(said: object) -> str:
    """A text that a table can keep."""
    return str(said or "").replace("\0", "")


def _expected(result: Mapping[str, Any]) -> date | None:
    """The day on which the tracker expects it, where it says one."""
    try:
        return datetime.strptime(str(result["arrivalTime"])[:10], "%Y-%m-%d").replace(tzinfo=SHANGHAI).date()
    except (KeyError, ValueError):
        return None


def _object(param: str) -> dict[str, Any]:
    try:
        told = orjson.loads(param)
    except orjson.JSONDecodeError as failure:
        raise Unreadable(why="not JSON") from failure
    if not isinstance(told, dict):
        raise Unreadable(why="not an object")
    return told


def _refusal(told: Mapping[str, Any]) -> TrackerRefused:
    return TrackerRefused(why=f"{told.get('returnCode') or ''} {told.get('message') or ''}".strip()[:120])


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest().upper()
