"""An answer of api.weixin.qq.com is a JSON object without an error code, or it is one of our errors.

Error codes: https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/ and each call's own page.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from kernel.gateways import Unreachable
from wechat.errors import Busy, OutcomeUnknown, RateLimited, Rejected
from wechat.gateways import USER_AGENT, gateway

BUSY = -1
# 45011: this user too often within a minute; 45009: the quota of this app for the day.
THROTTLED = frozenset({45009, 45011})


def ask(
    *,
    base_url: str,
    call: str,
    method: str,
    path: str,
    params: Mapping[str, str],
    content: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """One call of `path` (leading slash) with query `params` and JSON `content`; WeChat's JSON object.

    Raises Rejected (`wechat_code` is the errcode), RateLimited, Busy, or OutcomeUnknown when no readable
    answer came. None of them holds the address, which carries secrets.
    """
    target = f"{path}?{urlencode(params)}" if params else path
    headers = {"Accept": "application/json", "User-Agent": USER_AGENT}
    body = None
    if content is not None:
        body = json.dumps(content, ensure_ascii=False).encode()
        headers["Content-Type"] = "application/json"
    unreachable = ""
    try:
        reply = gateway("wechat", base_url).call(method.upper(), target, headers=headers, body=body)
    except Unreachable as error:
        unreachable = error.reason
    if unreachable:  # raised out here, so that the address does not hang on it as its context
        raise OutcomeUnknown(call=call, reason=unreachable)
    answer = _object(reply.body)
    if reply.status != 200 or answer is None:
        raise OutcomeUnknown(call=call, reason=f"HTTP {reply.status}")
    errcode = answer.get("errcode", 0)
    if errcode == 0:
        return answer
    if errcode == BUSY:
        raise Busy(call=call)
    if errcode in THROTTLED:
        raise RateLimited(call=call, wechat_code=str(errcode))
    if not isinstance(errcode, int):
        raise OutcomeUnknown(call=call, reason="the errcode is not a number")
    raise Rejected(call=call, wechat_code=str(errcode))


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        content = json.loads(body)
    except ValueError:
        return None
    return content if isinstance(content, dict) else None
