"""A consumer's code becomes an identity or one clear refusal, and nothing personal leaks on the way."""

import json
import logging
from urllib.parse import parse_qs, urlsplit

import pytest

from wechat.errors import (
    Busy,
    InvalidLoginCode,
    InvalidPhoneCode,
    LoginBlocked,
    Malformed,
    OutcomeUnknown,
    RateLimited,
    Rejected,
)
from wechat.login import LoginSession, Phone, code_to_session, phone_number
from wechat.miniprogram import MiniProgramClient

SESSION = {"openid": "oUpF8uMuAJO", "session_key": "tiihtNczf5v6AKRyjwEUhQ==", "unionid": "o6_bmasdasdsad6"}
PHONE = {
    "errcode": 0,
    "errmsg": "ok",
    "phone_info": {
        "phoneNumber": "+8613800000000",
        "purePhoneNumber": "13800000000",
        "countryCode": "86",
        "watermark": {"timestamp": 1637744274, "appid": "wx2421b1c4370ec43b"},
    },
}


def says(server, content, status=200):
    server.answer = lambda seen: (status, {}, json.dumps(content).encode())


@pytest.fixture
def wechat(server):
    """Hands out tokens and plays the phone call; a test changes `phone` or lists tokens in `dead`."""

    class Wechat:
        token, phone, dead = "token-1", PHONE, []

    def answer(seen):
        parts = urlsplit(seen.path)
        if parts.path == "/cgi-bin/stable_token":
            content = {"access_token": Wechat.token, "expires_in": 7200}
        elif parse_qs(parts.query)["access_token"][0] in Wechat.dead:
            Wechat.token = "token-2"
            content = {"errcode": 40001, "errmsg": "invalid credential"}
        else:
            content = Wechat.phone
        return 200, {}, json.dumps(content).encode()

    server.answer = answer
    return Wechat


def test_a_login_code_becomes_a_session_in_one_call_without_a_token(app, server):
    says(server, SESSION)
    session = code_to_session(app, "0a1b2c+/=&", base_url=server.url)
    assert session == LoginSession("oUpF8uMuAJO", "o6_bmasdasdsad6", "tiihtNczf5v6AKRyjwEUhQ==")
    [seen] = server.seen
    parts = urlsplit(seen.path)
    assert (seen.method, parts.path) == ("GET", "/sns/jscode2session")
    assert parse_qs(parts.query) == {
        "appid": [app.appid],
        "secret": [app.secret],
        "js_code": ["0a1b2c+/=&"],
        "grant_type": ["authorization_code"],
    }


def test_a_user_without_unionid_has_none(app, server):
    says(server, {"openid": "o", "session_key": "k", "errcode": 0})
    assert code_to_session(app, "code", base_url=server.url).unionid is None


@pytest.mark.parametrize(
    ("errcode", "error", "status"),
    [
        (40029, InvalidLoginCode, 422),
        (40163, InvalidLoginCode, 422),
        (40226, LoginBlocked, 403),
    ],
)
def test_what_is_the_consumers_affair_is_told_in_two_languages(app, server, errcode, error, status):
    says(server, {"errcode": errcode, "errmsg": "no", "openid": None})
    with pytest.raises(error) as caught:
        code_to_session(app, "code", base_url=server.url)
    assert caught.value.status == status
    assert caught.value.text("en") != caught.value.text("zh")


def test_the_titles_of_an_invalid_code_say_what_to_do():
    assert InvalidLoginCode().text("zh") == "登录凭证已失效，请重新登录。"
    assert InvalidLoginCode().text("en") == "The login code is no longer valid; please log in again."


@pytest.mark.parametrize(
    ("errcode", "error", "permanent"),
    [(45011, RateLimited, False), (-1, Busy, False), (40013, Rejected, True), (40125, Rejected, True)],
)
def test_what_is_not_the_consumers_affair_is_upstream(app, server, errcode, error, permanent):
    says(server, {"errcode": errcode, "errmsg": "no"})
    with pytest.raises(error) as caught:
        code_to_session(app, "code", base_url=server.url)
    assert caught.value.permanent is permanent
    assert caught.value.http_status == (502 if permanent else 503)
    assert len(server.seen) == 1


@pytest.mark.parametrize("code", ["", "x" * 257, "登录", "a\nb"])
def test_what_cannot_be_a_code_is_refused_without_a_call(app, server, redis, code):
    with pytest.raises(InvalidLoginCode):
        code_to_session(app, code, base_url=server.url)
    with pytest.raises(InvalidPhoneCode):
        phone_number(app, code, redis, base_url=server.url)
    assert server.seen == []


@pytest.mark.parametrize("content", [{"openid": "o"}, {"openid": "", "session_key": "k"}, {"openid": 1}])
def test_a_session_without_identity_is_malformed(app, server, content):
    says(server, content)
    with pytest.raises(Malformed):
        code_to_session(app, "code", base_url=server.url)


def test_a_server_error_is_an_unknown_outcome_without_secrets(app, server, caplog):
    caplog.set_level(logging.DEBUG)
    says(server, {}, status=500)
    with pytest.raises(OutcomeUnknown) as caught:
        code_to_session(app, "the-code", base_url=server.url)
    assert caught.value.reason == "HTTP 500"
    assert app.secret not in caplog.text + repr(caught.value)


def test_a_closed_port_leaves_no_address_in_the_error(app):
    with pytest.raises(OutcomeUnknown) as caught:
        code_to_session(app, "the-code", base_url="http://127.0.0.1:9")
    assert caught.value.reason == "ConnectionError"
    assert caught.value.__context__ is caught.value.__cause__ is None


def test_a_phone_code_becomes_a_number(app, server, redis, wechat):
    assert phone_number(app, "code-1", redis, base_url=server.url) == Phone("13800000000", "86")
    token_call, phone_call = server.seen
    assert token_call.path == "/cgi-bin/stable_token"
    assert (phone_call.method, phone_call.path) == (
        "POST",
        "/wxa/business/getuserphonenumber?access_token=token-1",
    )
    assert json.loads(phone_call.body) == {"code": "code-1"}


def test_a_dead_token_is_replaced_and_the_phone_still_found(app, server, redis, wechat):
    wechat.dead = ["token-1"]
    assert phone_number(app, "code-1", redis, base_url=server.url).number == "13800000000"
    assert [urlsplit(seen.path).path.rpartition("/")[2] for seen in server.seen] == [
        "stable_token",
        "getuserphonenumber",
        "stable_token",
        "getuserphonenumber",
    ]


def test_a_spent_phone_code_is_invalid_and_the_token_stays(app, server, redis, wechat):
    wechat.phone = {"errcode": 40029, "errmsg": "invalid code"}
    with pytest.raises(InvalidPhoneCode) as caught:
        phone_number(app, "code-1", redis, base_url=server.url)
    assert caught.value.text("zh") == "手机号授权已失效，请重新点击获取。"
    assert len(server.seen) == 2


def test_a_number_of_another_app_is_not_taken(app, server, redis, wechat):
    wechat.phone = {"phone_info": PHONE["phone_info"] | {"watermark": {"appid": "wx-other"}}}
    with pytest.raises(Malformed) as caught:
        phone_number(app, "code-1", redis, base_url=server.url)
    assert caught.value.where == "watermark"


def test_nothing_personal_and_no_secret_is_logged_or_shown(app, server, redis, wechat, caplog):
    caplog.set_level(logging.DEBUG)
    phone = phone_number(app, "code-1", redis, base_url=server.url)
    says(server, SESSION)
    session = code_to_session(app, "code-2", base_url=server.url)
    shown = caplog.text + repr(phone) + repr(session) + repr(app)
    for secret in ("13800000000", "oUpF8uMuAJO", "tiihtNczf5v6", "o6_bmas", app.secret, "token-1", "code-2"):
        assert secret not in shown


def test_wechatpys_own_token_handling_is_out_of_the_way(app, server):
    client = MiniProgramClient(app, base_url=server.url)
    with pytest.raises(TypeError, match="needs an access token"):
        client.wxa.get_wxa_code_unlimited("scene")
    with pytest.raises(TypeError, match="not supported"):
        client.wxa.check_image_security(b"")
    assert server.seen == []
