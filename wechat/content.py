"""Whether a user's words may be shown to others is asked in the form that WeChat takes (文本内容安全识别).

https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/sec-center/sec-check/msgSecCheck.html
The user must have been in the mini-program within the last two hours, else it is refused (61010).
"""

from __future__ import annotations

from enum import StrEnum

from wechat.answers import ask
from wechat.errors import OutcomeUnknown
from wechat.tokens import AccessTokens

CALL = "msg_sec_check"
LONGEST = 2_500
NOT_HERE = "61010"
COMMENT = 2  # scene 评论
VERSION = 2


class Suggestion(StrEnum):
    """What WeChat suggests to do with the words."""

    PASS = "pass"  # noqa: S105 -- a word of WeChat's
    REVIEW = "review"
    RISKY = "risky"


def check_text(text: str, *, openid: str, tokens: AccessTokens, base_url: str) -> Suggestion:
    """Ask about a comment of 1 to 2,500 characters. Raises what `wechat.answers.ask` raises; asking again is
    harmless."""
    content = {"content": text[:LONGEST], "version": VERSION, "scene": COMMENT, "openid": openid}

    def call(token: str) -> Suggestion:
        answer = ask(
            base_url=base_url,
            call=CALL,
            method="POST",
            path="/wxa/msg_sec_check",
            params={"access_token": token},
            content=content,
        )
        result = answer.get("result")
        try:
            return Suggestion(result["suggest"] if isinstance(result, dict) else "")
        except (KeyError, ValueError):
            raise OutcomeUnknown(call=CALL, reason="no suggestion") from None

    return tokens.use(call)
