"""A subscribe message (订阅消息) is sent in the form that WeChat takes: one consent, one message.

https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/mp-message-management/subscribe-message/sendMessage.html
What a field may hold is told by the beginning of its name; else WeChat refuses the whole message (47003).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from wechat.answers import ask
from wechat.tokens import AccessTokens

CALL = "send"
# What a message is refused with.
NO_CONSENT = "43101"  # refused by the reader, or their consent is used up
OPENID, TEMPLATE, FIELDS, PAGE = "40003", "40037", "47003", "41030"
_SHANGHAI = timezone(timedelta(hours=8))
_FIELD = re.compile(r"([a-z_]+?)([1-9]\d?)")
# Kind of field → what it takes, and at most how many characters.
_TAKES = {
    "thing": (re.compile(r".+", re.DOTALL), 20),
    "character_string": (re.compile(r"[!-~ ]+"), 32),
    "number": (re.compile(r"\d+(\.\d+)?"), 32),
    "letter": (re.compile(r"[A-Za-z]+"), 32),
    "phrase": (re.compile(r"[\u4e00-\u9fff]+"), 5),
    "time": (re.compile(r"(\d{4}年\d{1,2}月\d{1,2}日 )?\d{1,2}:\d\d"), 32),
    "date": (re.compile(r"\d{4}年\d{1,2}月\d{1,2}日( \d{1,2}:\d\d)?"), 32),
}
KINDS = frozenset(_TAKES)


@dataclass(frozen=True, slots=True)
class SubscribeMessage:
    """One message to one reader; it leads to `page` of the mini-program, and speaks Chinese."""

    openid: str = field(repr=False)
    template_id: str
    data: Mapping[str, str]
    page: str = ""

    def __post_init__(self) -> None:
        if not self.data:
            raise ValueError("a message says something")
        unfit = [name for name, value in self.data.items() if not fits(name, value)]
        if unfit:
            raise ValueError(f"WeChat would refuse {', '.join(unfit)}")


def kind_of(name: str) -> str:
    """The kind of a field by its name ("thing3" is a thing); "" where there is no such kind."""
    found = _FIELD.fullmatch(name)
    return found[1] if found and found[1] in KINDS else ""


def fits(name: str, value: str) -> bool:
    """Whether WeChat takes this value for the field of this name."""
    kind = kind_of(name)
    if not kind:
        return False
    form, most = _TAKES[kind]
    return len(value) <= most and form.fullmatch(value) is not None


def cut(name: str, text: str) -> str:
    """A name of a thing as far as its field goes; what does not fit is told as an ellipsis."""
    most = _TAKES[kind_of(name)][1]
    return text if len(text) <= most else text[: most - 1] + "…"


def moment(at: datetime) -> str:
    """A point in time as fields of both kinds, time and date, take it: 2026年11月5日 09:04, in Shanghai."""
    there = at.astimezone(_SHANGHAI)
    return f"{there.year}年{there.month}月{there.day}日 {there:%H:%M}"


def send(message: SubscribeMessage, *, tokens: AccessTokens, base_url: str) -> None:
    """Send it. Raises what `wechat.answers.ask` raises; an OutcomeUnknown of `CALL` may have been delivered,
    and WeChat has no number by which the same message would be known again."""
    content = {
        "touser": message.openid,
        "template_id": message.template_id,
        "data": {name: {"value": value} for name, value in message.data.items()},
        "lang": "zh_CN",
        **({"page": message.page} if message.page else {}),
    }

    def call(token: str) -> None:
        ask(
            base_url=base_url,
            call=CALL,
            method="POST",
            path="/cgi-bin/message/subscribe/send",
            params={"access_token": token},
            content=content,
        )

    tokens.use(call)
