"""Who a consumer is to WeChat, and the phone number they give; neither shows in a repr or an error."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wechat.credentials import MiniProgram
from wechat.errors import (
    InvalidLoginCode,
    InvalidPhoneCode,
    LoginBlocked,
    Malformed,
    Rejected,
)
from wechat.miniprogram import MiniProgramClient
from wechat.tokens import AccessTokens

if TYPE_CHECKING:
    from redis import Redis

# 40029 not a valid code, 40163 used, 41008 missing, 40226 user blocked by risk control.
_CODE_ERRCODES = frozenset({"40029", "40163", "41008"})
_BLOCKED_ERRCODE = "40226"
MAX_CODE_LENGTH = 256


@dataclass(frozen=True, slots=True)
class LoginSession:
    """A consumer's identity within one mini-program. `session_key` never leaves the server;
    `unionid` is None unless the app is bound to an open platform account."""

    openid: str = field(repr=False)
    unionid: str | None = field(repr=False)
    session_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone number without its country code, and the country code without a plus ("86")."""

    number: str = field(repr=False)
    country_code: str


def code_to_session(app: MiniProgram, js_code: str, *, base_url: str) -> LoginSession:
    """Exchange a one-time code of `wx.login` for the consumer's identity.

    Raises InvalidLoginCode, LoginBlocked, RateLimited, Busy, Rejected (our appid or secret), OutcomeUnknown
    (the code may be spent: log in again).
    https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-login/code2Session.html
    """
    if not _plausible(js_code):
        raise InvalidLoginCode
    try:
        client = MiniProgramClient(app, base_url=base_url)
        answer = client.wxa.code_to_session(js_code)  # type: ignore[no-untyped-call]
    except Rejected as error:
        if error.wechat_code in _CODE_ERRCODES:
            raise InvalidLoginCode from None
        if error.wechat_code == _BLOCKED_ERRCODE:
            raise LoginBlocked from None
        raise
    return LoginSession(
        openid=_text(answer, "openid"),
        unionid=answer.get("unionid") or None,
        session_key=_text(answer, "session_key"),
    )


def phone_number(app: MiniProgram, code: str, redis: "Redis", *, base_url: str) -> Phone:
    """The phone number behind a one-time code of the mini-program's button. WeChat charges for each call.

    Raises InvalidPhoneCode, RateLimited, Busy, Rejected, Malformed, OutcomeUnknown.
    https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-info/phone-number/getPhoneNumber.html
    """
    if not _plausible(code):
        raise InvalidPhoneCode
    tokens = AccessTokens(app, redis, base_url=base_url)
    try:
        answer = MiniProgramClient(app, base_url=base_url, tokens=tokens).phone.get_user_phone_number(code)
    except Rejected as error:
        if error.wechat_code in _CODE_ERRCODES:
            raise InvalidPhoneCode from None
        raise
    info = answer.get("phone_info")
    if not isinstance(info, dict):
        raise Malformed(where="phone_info")
    watermark = info.get("watermark")
    if not isinstance(watermark, dict) or watermark.get("appid") != app.appid:
        raise Malformed(where="watermark")
    return Phone(number=_text(info, "purePhoneNumber"), country_code=_text(info, "countryCode"))


def _plausible(code: str) -> bool:
    """What cannot be a code is refused here: a call that must fail still counts against the quota."""
    return 0 < len(code) <= MAX_CODE_LENGTH and code.isascii() and code.isprintable()


def _text(answer: dict[str, Any], name: str) -> str:
    value = answer.get(name)
    if not isinstance(value, str) or not value:
        raise Malformed(where=name)
    return value
