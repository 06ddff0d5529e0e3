"""Calls to WeChat Pay v3: an answer counts only if WeChat signed it, and doubt is never taken for failure.

Mini-program payment: https://pay.weixin.qq.com/doc/v3/merchant/4012791897 and the pages beside it.
"""

import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

from kernel import clock
from kernel.clock import SHANGHAI
from kernel.gateways import READ_SECONDS, Reply, Unreachable
from wechat.credentials import Merchant
from wechat.errors import Malformed, OutcomeUnknown, Unverified
from wechat.gateways import USER_AGENT, gateway
from wechat.pay.failures import failure
from wechat.pay.sealing import Named, seal, sealing_key
from wechat.pay.signing import request_authorization, verify
from wechat.pay.types import Transaction

OUT_TRADE_NO = re.compile(r"[0-9A-Za-z_\-|*]{6,32}")
DESCRIPTION_LENGTH, ATTACH_LENGTH, NOTIFY_URL_LENGTH = 127, 128, 255
_ROOT = "/v3/pay/transactions"


class PayClient:
    """WeChat Pay as seen by one merchant. Safe to share between threads; connections are pooled per host.

    `clock` tells the time of signing and of checking freshness: the true time, not a service's `now`, because
    a sweep that began minutes ago would otherwise sign with a stale instant. `unknown_serial` hears of a key
    that signed an answer and is not ours; it must not fetch it on the spot.
    """

    def __init__(
        self,
        merchant: Merchant,
        base_url: str,
        *,
        clock: Callable[[], datetime] = clock.now,
        unknown_serial: Callable[[str], None] | None = None,
    ) -> None:
        self._merchant = merchant
        self.base_url = base_url.rstrip("/")
        self._gateway = gateway("wechat_pay", base_url)
        self._https = base_url.startswith("https://")
        self._clock = clock
        self._unknown_serial = unknown_serial

    @property
    def merchant(self) -> Merchant:
        """As whom this client speaks."""
        return self._merchant

    def now(self) -> datetime:
        """The true time, by which calls are signed and answers judged."""
        return self._clock()

    def prepay_jsapi(
        self,
        *,
        appid: str,
        openid: str,
        out_trade_no: str,
        description: str,
        total_fen: int,
        notify_url: str,
        time_expire: datetime | None = None,
        attach: str = "",
        payer: Named | None = None,
        keep: Callable[[bytes, bytes], None] | None = None,
    ) -> str:
        """Create (or, with identical parameters, renew) a mini-program payment; returns its prepay_id.

        `total_fen` > 0. `time_expire` is the instant after which no one can pay; it counts at the first call.
        `payer` is the only one who may pay then, where WeChat lets the merchant say so (else NoPermission).
        `keep` is given what was sent and what was answered, byte for byte, once there is a prepay_id.
        `description` is shown on the payer's bill and is fitted by `bill_text`. Raises ValueError for
        arguments WeChat could never accept, and OrderPaid, OrderClosed, OutTradeNoUsed, Rejected,
        RateLimited, OutcomeUnknown.
        """
        body: dict[str, Any] = {
            "appid": appid,
            "mchid": self._merchant.mchid,
            "description": bill_text(description),
            "out_trade_no": _checked_number(out_trade_no),
            "notify_url": self.checked_notify_url(notify_url),
            "amount": {"total": _checked_total(total_fen), "currency": "CNY"},
            "payer": {"openid": openid},
        }
        if time_expire is not None:
            body["time_expire"] = _rfc3339(time_expire)
        if attach:
            body["attach"] = _checked_attach(attach)
        sealed_for = ""
        if payer is not None:
            key = sealing_key(self._merchant, self._clock())
            sealed_for = key.serial
            number, name = seal(key, payer.number.upper()), seal(key, payer.name)
            body["payer"]["identity"] = {"type": "IDCARD", "number": number, "name": name}
        sent = self.send("prepay_jsapi", "POST", f"{_ROOT}/jsapi", body, sealed_for=sealed_for)
        answer = self.read("prepay_jsapi", sent)
        prepay_id = answer.get("prepay_id")
        if not isinstance(prepay_id, str) or not prepay_id:
            raise OutcomeUnknown(call="prepay_jsapi", reason="the answer has no prepay_id")
        if keep is not None:
            keep(_encoded(body), sent)
        return prepay_id

    def query_by_out_trade_no(self, out_trade_no: str) -> Transaction:
        """The payment of this number, as WeChat reports it; app, merchant and amount are yours to judge.

        Raises OrderNotExist, Rejected, RateLimited, OutcomeUnknown.
        """
        path = f"{_ROOT}/out-trade-no/{quote(_checked_number(out_trade_no), safe='')}"
        transaction = self._query("query_by_out_trade_no", path)
        if transaction.out_trade_no != out_trade_no:
            raise OutcomeUnknown(call="query_by_out_trade_no", reason="the answer is about another payment")
        return transaction

    def query_by_id(self, transaction_id: str) -> Transaction:
        """The payment of this WeChat number (微信支付订单号). Raises as `query_by_out_trade_no`."""
        transaction = self._query("query_by_id", f"{_ROOT}/id/{quote(transaction_id, safe='')}")
        if transaction.transaction_id != transaction_id:
            raise OutcomeUnknown(call="query_by_id", reason="the answer is about another payment")
        return transaction

    def close(self, out_trade_no: str) -> None:
        """Make this number unpayable; returns once WeChat says so (204).

        Raises OrderPaid (query it: the money is there), OrderNotExist, OrderClosed, Rejected, RateLimited,
        OutcomeUnknown.
        """
        path = f"{_ROOT}/out-trade-no/{quote(_checked_number(out_trade_no), safe='')}/close"
        self.send("close", "POST", path, {"mchid": self._merchant.mchid})

    def _query(self, call: str, path: str) -> Transaction:
        body = self.send(call, "GET", f"{path}?mchid={quote(self._merchant.mchid, safe='')}", None)
        try:
            return Transaction.from_dict(self.read(call, body))
        except Malformed as error:
            raise OutcomeUnknown(call=call, reason=f"the answer is malformed: {error.where}") from None

    def send(
        self, call: str, method: str, path: str, content: dict[str, Any] | None, *, sealed_for: str = ""
    ) -> bytes:
        """One signed call; the verified body of a 2xx answer. `sealed_for` is the serial of the key of
        WeChat's under which parts of `content` are encrypted."""
        reply = self.exchange(call, method, path, content, sealed_for=sealed_for)
        return self.believed(call, reply, self._merchant)

    def exchange(
        self, call: str, method: str, path: str, content: dict[str, Any] | None, *, sealed_for: str = ""
    ) -> Reply:
        """One signed call; the answer as it came, which is not to be believed before `believed`."""
        body = b"" if content is None else _encoded(content)
        headers = self.signed(method, path, body)
        if sealed_for:
            headers["Wechatpay-Serial"] = sealed_for
        return self._call(call, method, path, headers, body)

    def exchange_form(
        self, call: str, path: str, meta: bytes, body: bytes, media_type: str, *, read_seconds: float
    ) -> Reply:
        """POST a form of several parts, of which WeChat signs `meta` alone; otherwise as `exchange`."""
        headers = {**self.signed("POST", path, meta), "Content-Type": media_type}
        return self._call(call, "POST", path, headers, body, read_seconds=read_seconds)

    def _call(
        self,
        call: str,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        *,
        read_seconds: float = READ_SECONDS,
    ) -> Reply:
        unreachable = ""
        try:
            return self._gateway.call(
                method, path, headers=headers, body=body or None, read_seconds=read_seconds
            )
        except Unreachable as error:
            unreachable = error.reason
        # Raised out here, so that no address hangs on it as its context.
        raise OutcomeUnknown(call=call, reason=unreachable)

    def believed(self, call: str, reply: Reply, merchant: Merchant) -> bytes:
        """The body of a 2xx answer that one of `merchant`'s platform keys signed; else what went wrong."""
        request_id = reply.headers.get("Request-ID", "")[:128]
        unverified = ""
        try:
            verify(reply.headers, reply.body, merchant, self._clock())
        except Unverified as error:
            unverified = error.reason
            if error.unknown_serial and self._unknown_serial is not None:
                self._unknown_serial(error.unknown_serial)
        if unverified:
            reason = f"HTTP {reply.status}, unverified: {unverified}"
            raise OutcomeUnknown(call=call, reason=reason, request_id=request_id)
        if not 200 <= reply.status < 300:
            raise failure(call=call, status=reply.status, body=reply.body, request_id=request_id)
        return reply.body

    def read(self, call: str, body: bytes) -> dict[str, Any]:
        """The JSON object of a verified body; anything else is an unknown outcome."""
        try:
            content = json.loads(body)
        except ValueError:
            content = None
        if not isinstance(content, dict):
            raise OutcomeUnknown(call=call, reason="the answer is not a JSON object")
        return content

    def signed(self, method: str, path: str, body: bytes = b"") -> dict[str, str]:
        """The headers of one call; good for this method, path, body and the next five minutes alone."""
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
            "Authorization": request_authorization(
                merchant=self._merchant, method=method, path=path, body=body, now=self._clock()
            ),
        }
        if self._merchant.answering_serial is not None:
            headers["Wechatpay-Serial"] = self._merchant.answering_serial
        return headers

    def checked_notify_url(self, notify_url: str) -> str:
        """The address as it is; ValueError for one that WeChat would not take."""
        parts = urlsplit(notify_url)
        schemes = (
            ("https",) if self._https else ("https", "http")
        )  # a stand-in host may be told a plain address
        plain = parts.scheme in schemes and parts.netloc and not parts.query and not parts.fragment
        if not plain or "?" in notify_url or len(notify_url) > NOTIFY_URL_LENGTH:
            raise ValueError("notify_url must be https, without query, of at most 255 characters")
        return notify_url


def _encoded(content: dict[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def bill_text(text: str) -> str:
    """`text` as WeChat can print it, at most 127 characters; raises ValueError if nothing is left.

    v3 takes UTF-8 of one to three bytes only, so whatever lies beyond the Basic Multilingual Plane (emoji,
    rare characters) is left out, and so are control characters.
    """
    shown = fitted(text, DESCRIPTION_LENGTH)
    if not shown:
        raise ValueError("description must not be empty")
    return shown


def fitted(text: str, longest: int) -> str:
    """Of `text` what v3 takes and a screen can show, cut to `longest` characters; it may be nothing."""
    return "".join(c for c in text if _printable(c)).strip()[:longest].rstrip()


def _printable(character: str) -> bool:
    point = ord(character)
    return 0x20 <= point <= 0xFFFF and not 0x7F <= point <= 0x9F and not 0xD800 <= point <= 0xDFFF


def _checked_number(out_trade_no: str) -> str:
    if not OUT_TRADE_NO.fullmatch(out_trade_no):
        raise ValueError("out_trade_no must be 6 to 32 of [0-9A-Za-z_-|*]")
    return out_trade_no


def _checked_total(total_fen: int) -> int:
    if isinstance(total_fen, bool) or not isinstance(total_fen, int) or total_fen <= 0:
        raise ValueError("total_fen must be a positive whole number")
    return total_fen


def _checked_attach(attach: str) -> str:
    """Ours comes back unchanged or is not sent: a stripped one would no longer match what we kept."""
    if len(attach) > ATTACH_LENGTH or not all(_printable(c) for c in attach):
        raise ValueError("attach must be at most 128 printable characters of the Basic Multilingual Plane")
    return attach


def _rfc3339(instant: datetime) -> str:
    if instant.tzinfo is None:
        raise ValueError("time_expire needs a time zone")
    return instant.astimezone(SHANGHAI).isoformat(timespec="seconds")
