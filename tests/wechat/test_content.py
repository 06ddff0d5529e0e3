"""Words are checked by the sandbox as WeChat does, and refused with its own codes."""

from __future__ import annotations

import pytest

from tests.wechat.test_against_sandbox import fresh_sandbox, sandbox, shop
from wechat import content
from wechat.content import Suggestion, check_text
from wechat.errors import Busy, OutcomeUnknown, Rejected
from wechat.tokens import AccessTokens

__all__ = ["fresh_sandbox", "sandbox", "shop"]


def test_words_pass_are_doubtful_or_risky_and_what_is_no_answer_is_unknown(sandbox, shop, redis, monkeypatch):
    tokens = AccessTokens(shop.app, redis, base_url=sandbox.url)
    reader = sandbox.control("login", appid=shop.app.appid, user="reader")["openid"]

    def check(text: str, openid: str = reader) -> Suggestion:
        return check_text(text, openid=openid, tokens=tokens, base_url=sandbox.url)

    assert [check(text) for text in ("很好用", "可疑", "违法", "长" * 3_000)] == [
        Suggestion.PASS,
        Suggestion.REVIEW,
        Suggestion.RISKY,
        Suggestion.PASS,
    ]
    with pytest.raises(Rejected) as stranger:
        check("很好用", "o" * 28)
    assert stranger.value.wechat_code == "40003"
    sandbox.control("switches", call="msg_sec_check", mode="error", code=61010)
    with pytest.raises(Rejected) as away:
        check("很好用")
    assert away.value.wechat_code == content.NOT_HERE
    sandbox.control("switches", call="msg_sec_check", mode="error", code=-1)
    with pytest.raises(Busy):
        check("很好用")
    monkeypatch.setattr(content, "ask", lambda **_: {"errcode": 0, "result": {"suggest": "perhaps"}})
    with pytest.raises(OutcomeUnknown):
        check("很好用")
