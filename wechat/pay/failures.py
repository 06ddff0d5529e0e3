"""A believed error answer becomes the one class that says whether to stop, to wait or to ask again.

Codes: the page of each call, https://pay.weixin.qq.com/doc/v3/merchant/4012791897. What is not in these
tables is an unknown outcome, because a wrong "no" loses money and a wrong "unknown" costs one query.
"""

import json
import re
from typing import Any

from wechat.errors import (
    CustomsNumberUnknown,
    NoPermission,
    NoStatement,
    NotEnough,
    OrderClosed,
    OrderNotExist,
    OrderPaid,
    OutcomeUnknown,
    OutTradeNoUsed,
    RateLimited,
    Rejected,
    ResourceNotExist,
    StatementNotReady,
    WechatError,
)

# WeChat's pages write these both with and without the underscores.
OUTCOMES: dict[str, type[Rejected]] = {
    "ORDERPAID": OrderPaid,
    "ORDERCLOSED": OrderClosed,
    "ORDERNOTEXIST": OrderNotExist,
    "OUTTRADENOUSED": OutTradeNoUsed,
    "RESOURCENOTEXISTS": ResourceNotExist,
    "NOAUTH": NoPermission,
    "NOSTATEMENTEXIST": NoStatement,
    "STATEMENTCREATING": StatementNotReady,
}
PERMANENT = frozenset(
    {
        "PARAM_ERROR",
        "INVALID_REQUEST",
        "SIGN_ERROR",
        "APPID_MCHID_NOT_MATCH",
        "MCH_NOT_EXISTS",
        "RULE_LIMIT",
        "OPENID_MISMATCH",
        "ACCOUNT_ERROR",
        "ACCOUNTERROR",
        "USER_ACCOUNT_ABNORMAL",
        "TRADE_ERROR",
    }
)
NOT_ENOUGH, INVALID_REQUEST = "NOT_ENOUGH", "INVALID_REQUEST"
THROTTLED = frozenset(
    {"FREQUENCY_LIMITED", "RATELIMIT_EXCEEDED", "RATELIMIT_EXCEED", "FREQUENCY_LIMIT_EXCEED"}
)

# The one thing WeChat says in words alone: the merchant's customs number is not registered at the port.
_NO_RECORD = "记录不存在"
# Only a pointer such as /amount/total may leave the answer; messages and values may quote the payer.
_POINTER = re.compile(r"/?[A-Za-z0-9_]+(?:/[A-Za-z0-9_]+){0,6}")


def failure(*, call: str, status: int, body: bytes, request_id: str) -> WechatError:
    """The error for a verified answer whose `status` is not 2xx."""
    content = _content(body)
    code = content.get("code")
    code = code if isinstance(code, str) and len(code) <= 64 else ""
    if 400 <= status < 500:
        outcome = OUTCOMES.get(code.replace("_", ""))
        if outcome is not None:
            return outcome(call=call, wechat_code=code, request_id=request_id)
        if code == NOT_ENOUGH:
            return NotEnough(call=call, wechat_code=code, request_id=request_id)
        if status == 429 or code in THROTTLED:
            return RateLimited(call=call, wechat_code=code, request_id=request_id)
        if code == INVALID_REQUEST and no_record(content.get("message")):
            return CustomsNumberUnknown(call=call, wechat_code=code, request_id=request_id)
        if code in PERMANENT:
            return Rejected(call=call, wechat_code=code, request_id=request_id, field=_pointer(content))
    return OutcomeUnknown(call=call, reason=f"HTTP {status}", wechat_code=code, request_id=request_id)


def no_record(message: object) -> bool:
    """Whether a refusal says that a record was looked for and not found; nothing else is read of it."""
    return isinstance(message, str) and _NO_RECORD in message


def _content(body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _pointer(content: dict[str, Any]) -> str:
    detail = content.get("detail")
    pointer = detail.get("field") if isinstance(detail, dict) else None
    return pointer if isinstance(pointer, str) and _POINTER.fullmatch(pointer) and len(pointer) <= 128 else ""
