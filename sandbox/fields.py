"""The forms of a JSAPI order (JSAPI 下单) and of a refund: fields, kinds, lengths, and what must be there."""

import math
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sandbox.wire import Json, PayFault, Request, loads

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def refuse(path: str, issue: str, *, value: Any = None, location: str = "body") -> PayFault:
    detail: Json = {"field": path, "issue": issue, "location": location}
    if value is not None:
        detail["value"] = value
    return PayFault(400, "PARAM_ERROR", f"参数错误: {path} {issue}", detail)


@dataclass(frozen=True)
class Text:
    longest: int
    shortest: int = 1
    pattern: str = ""

    def check(self, value: Any, path: str) -> None:
        if not isinstance(value, str):
            raise refuse(path, "must be a string", value=value)
        if not self.shortest <= len(value) <= self.longest:
            raise refuse(path, f"length must be {self.shortest} to {self.longest}", value=value)
        if self.pattern and not re.fullmatch(self.pattern, value):
            raise refuse(path, "has a character that is not allowed", value=value)


@dataclass(frozen=True)
class Whole:
    least: int

    def check(self, value: Any, path: str) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            raise refuse(path, "must be an integer", value=value)
        if value < self.least:
            raise refuse(path, f"must be at least {self.least}", value=value)


@dataclass(frozen=True)
class Flag:
    def check(self, value: Any, path: str) -> None:
        if not isinstance(value, bool):
            raise refuse(path, "must be a boolean", value=value)


@dataclass(frozen=True)
class Url:
    """https without query; plain http is good for this machine only, where the real WeChat takes none."""

    def check(self, value: Any, path: str) -> None:
        Text(255).check(value, path)
        try:
            parts = urlsplit(value)
            host, _port = parts.hostname, parts.port
        except ValueError:
            raise refuse(path, "is not a URL", value=value) from None
        if parts.scheme != "https" and not (parts.scheme == "http" and host in LOOPBACK):
            raise refuse(path, "must begin with https://", value=value)
        if not host or parts.username is not None or "?" in value or "#" in value:
            raise refuse(path, "must be a full URL without query", value=value)


@dataclass(frozen=True)
class Listing:
    of: Any

    def check(self, value: Any, path: str) -> None:
        if not isinstance(value, list):
            raise refuse(path, "must be an array", value=value)
        for index, item in enumerate(value):
            self.of.check(item, f"{path}/{index}")


@dataclass(frozen=True)
class Record:
    """Fields by name; unknown ones pass, as at WeChat."""

    required: dict[str, Any]
    optional: dict[str, Any]

    def check(self, value: Any, path: str) -> None:
        if not isinstance(value, dict):
            raise refuse(path or "/", "must be an object", value=value)
        for name, kind in self.required.items():
            if name not in value:
                raise refuse(f"{path}/{name}", "is required")
            kind.check(value[name], f"{path}/{name}")
        for name, kind in self.optional.items():
            if name in value:
                kind.check(value[name], f"{path}/{name}")


GOODS = Record(
    {"merchant_goods_id": Text(32), "quantity": Whole(1), "unit_price": Whole(0)},
    {"wechatpay_goods_id": Text(32), "goods_name": Text(256)},
)
STORE = Record({"id": Text(32)}, {"name": Text(256), "area_code": Text(32), "address": Text(512)})

IDENTITY = Record({"type": Text(32), "number": Text(1024), "name": Text(1024)}, {})

# https://pay.weixin.qq.com/doc/v3/merchant/4012791897
JSAPI_ORDER = Record(
    required={
        "appid": Text(32),
        "mchid": Text(32),
        "description": Text(127),
        "out_trade_no": Text(32, 6, r"[0-9A-Za-z_\-|*]+"),
        "notify_url": Url(),
        "amount": Record({"total": Whole(1)}, {"currency": Text(16)}),
        "payer": Record({"openid": Text(128, pattern=r"[0-9A-Za-z_\-]+")}, {"identity": IDENTITY}),
    },
    optional={
        "time_expire": Text(64),
        "attach": Text(128),
        "goods_tag": Text(32),
        "limit_pay": Listing(Text(32)),
        "support_fapiao": Flag(),
        "detail": Record(
            {}, {"cost_price": Whole(0), "invoice_id": Text(32), "goods_detail": Listing(GOODS)}
        ),
        "scene_info": Record({"payer_client_ip": Text(45)}, {"device_id": Text(32), "store_info": STORE}),
        "settle_info": Record({}, {"profit_sharing": Flag()}),
    },
)
CLOSE = Record({"mchid": Text(32)}, {})
# https://pay.weixin.qq.com/doc/v3/merchant/4012791862
REFUND = Record(
    required={
        "out_refund_no": Text(64, 1, r"[0-9A-Za-z_\-|*@]+"),
        "amount": Record(
            {"refund": Whole(1), "total": Whole(1), "currency": Text(16)},
            {"from": Listing(Record({"account": Text(32), "amount": Whole(1)}, {}))},
        ),
    },
    optional={
        "transaction_id": Text(32),
        "out_trade_no": Text(32, 6, r"[0-9A-Za-z_\-|*]+"),
        "reason": Text(80),
        "notify_url": Url(),
        "funds_account": Text(32),
        "goods_detail": Listing(Record({"merchant_goods_id": Text(32)}, {})),
    },
)
ABNORMAL_REFUND = Record(
    required={"out_refund_no": Text(64), "type": Text(32)},
    optional={"bank_type": Text(32), "bank_account": Text(1024), "real_name": Text(1024)},
)


def body_of(request: Request, form: Record) -> Json:
    """The request's JSON object where it has the form; PayFault PARAM_ERROR where it has not."""
    try:
        body = loads(request.body)
    except (ValueError, RecursionError):
        raise refuse("/", "is not a JSON object in UTF-8") from None
    plain(body)
    form.check(body, "")
    return body


def plain(value: Any, path: str = "") -> None:
    """Refuse what Pay v3 never takes: null, and characters of more than three bytes such as emoji."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        raise refuse(path or "/", "must not be null")
    if isinstance(value, str) and any(ord(char) > 0xFFFF or 0xD800 <= ord(char) < 0xE000 for char in value):
        raise refuse(path or "/", "only characters of one to three bytes of UTF-8 are allowed")
    if isinstance(value, dict):
        for name, item in value.items():
            plain(name, path)
            plain(item, f"{path}/{name}")
    if isinstance(value, list):
        for index, item in enumerate(value):
            plain(item, f"{path}/{index}")
