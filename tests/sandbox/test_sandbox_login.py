"""Log-in, access token and phone number answer as api.weixin.qq.com does."""

import base64

import pytest
import requests


def session(merchant, code, **changed):
    query = {
        "appid": merchant.appid,
        "secret": merchant.secret,
        "js_code": code,
        "grant_type": "authorization_code",
    } | changed
    answer = requests.get(merchant.base + "/sns/jscode2session", params=query, timeout=9)
    assert answer.status_code == 200
    return answer


def token(merchant, **changed):
    body = {
        "grant_type": "client_credential",
        "appid": merchant.appid,
        "secret": merchant.secret,
    } | changed
    return requests.post(merchant.base + "/cgi-bin/stable_token", json=body, timeout=9).json()


def phone(merchant, access_token, code):
    url = f"{merchant.base}/wxa/business/getuserphonenumber"
    return requests.post(url, params={"access_token": access_token}, json={"code": code}, timeout=9).json()


def test_a_code_is_worth_one_session(play, maison):
    code = play("login", appid=maison.appid, user="alice")["code"]
    answer = session(maison, code)
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert set(answer.json()) == {"openid", "session_key"}
    assert len(answer.json()["openid"]) == 28
    assert len(base64.b64decode(answer.json()["session_key"])) == 16
    again = session(maison, code).json()
    assert again["errcode"] == 40163
    assert again["errmsg"].startswith("code been used, rid: ")


def test_a_user_has_one_openid_per_mini_program_and_one_unionid(play, maison, swift):
    first, second, foreign = (
        session(shop, play("login", appid=shop.appid, user="alice", unionid=True)["code"]).json()
        for shop in (maison, maison, swift)
    )
    assert first["openid"] == second["openid"] != foreign["openid"]
    assert first["session_key"] != second["session_key"]
    assert first["unionid"] == foreign["unionid"]


@pytest.mark.parametrize(
    ("changed", "errcode"),
    [
        ({"appid": "wx0000000000000000"}, 40013),
        ({"secret": "0" * 32}, 40125),
        ({"appid": ""}, 41002),
        ({"secret": ""}, 41004),
        ({"js_code": ""}, 41008),
        ({"js_code": "nonsense"}, 40029),
        ({"grant_type": "client_credential"}, 40002),
    ],
)
def test_a_wrong_login_is_refused_and_does_not_use_up_the_code(play, maison, changed, errcode):
    code = play("login", appid=maison.appid, user="alice")["code"]
    assert session(maison, code, **changed).json()["errcode"] == errcode
    assert "openid" in session(maison, code).json()


def test_a_code_is_good_for_its_own_mini_program_and_five_minutes(play, maison, swift):
    code = play("login", appid=maison.appid, user="alice")["code"]
    assert session(swift, code).json()["errcode"] == 40029
    play("advance", seconds=301)
    assert session(maison, code).json()["errcode"] == 40029


def test_stable_token_stays_the_same_until_its_last_five_minutes(play, maison, swift):
    first = token(maison)
    assert first["expires_in"] == 7200
    assert token(swift)["access_token"] != first["access_token"]
    play("advance", seconds=6890)
    same = token(maison)
    assert same["access_token"] == first["access_token"]
    assert 305 <= same["expires_in"] <= 310
    play("advance", seconds=20)
    fresh = token(maison)
    assert fresh["access_token"] != first["access_token"]
    assert fresh["expires_in"] == 7200
    # For these last minutes both are good.
    code = play("phone", appid=maison.appid, phone="13800001234")["code"]
    assert phone(maison, first["access_token"], code)["errcode"] == 0
    play("advance", seconds=300)
    assert phone(maison, first["access_token"], "any")["errcode"] == 42001


def test_a_forced_refresh_ends_the_old_token_and_is_rationed(play, maison):
    old = token(maison)["access_token"]
    new = token(maison, force_refresh=True)["access_token"]
    assert phone(maison, old, "any")["errcode"] == 40001
    assert token(maison, force_refresh=True)["errcode"] == 45011
    assert token(maison)["access_token"] == new
    answers = []
    for _ in range(20):
        play("advance", seconds=30)
        answers.append(token(maison, force_refresh=True).get("errcode"))
    # Twenty a day; should midnight in Shanghai pass meanwhile, the count begins anew.
    assert answers[:19].count(None) == 19
    assert answers[19] in (45009, None)


@pytest.mark.parametrize(
    ("changed", "errcode"),
    [
        ({"appid": "wx0000000000000000"}, 40013),
        ({"secret": "wrong"}, 40125),
        ({"grant_type": "authorization_code"}, 40002),
        ({"force_refresh": "yes"}, 47001),
    ],
)
def test_a_wrong_token_request_is_refused(play, maison, changed, errcode):
    assert token(maison, **changed)["errcode"] == errcode


def test_a_phone_code_is_worth_one_number(play, maison):
    code = play("phone", appid=maison.appid, phone="13800001234")["code"]
    access_token = token(maison)["access_token"]
    told = phone(maison, access_token, code)
    info = told["phone_info"]
    watermark = info.pop("watermark")
    assert (told["errcode"], told["errmsg"]) == (0, "ok")
    assert info == {"phoneNumber": "13800001234", "purePhoneNumber": "13800001234", "countryCode": "86"}
    assert watermark["appid"] == maison.appid
    assert isinstance(watermark["timestamp"], int)
    assert phone(maison, access_token, code)["errcode"] == 40029


def test_a_phone_code_needs_a_token_of_its_own_mini_program(play, maison, swift):
    code = play("phone", appid=maison.appid, phone="13800001234")["code"]
    assert phone(maison, "", code)["errcode"] == 41001
    assert phone(maison, "nonsense", code)["errcode"] == 40001
    assert phone(maison, token(swift)["access_token"], code)["errcode"] == 40029
    assert phone(maison, token(maison)["access_token"], code)["errcode"] == 0


def test_a_login_code_is_no_phone_code(play, maison):
    access_token = token(maison)["access_token"]
    code = play("login", appid=maison.appid, user="alice")["code"]
    assert phone(maison, access_token, code)["errcode"] == 40029
    code = play("phone", appid=maison.appid, phone="13800001234")["code"]
    assert session(maison, code).json()["errcode"] == 40029


def test_a_foreign_number_carries_its_country(play, maison):
    code = play("phone", appid=maison.appid, phone="612345678", country_code="33")["code"]
    info = phone(maison, token(maison)["access_token"], code)["phone_info"]
    assert (info["phoneNumber"], info["countryCode"]) == ("+33612345678", "33")


def test_the_log_tells_calls_without_codes_or_numbers(play, maison):
    code = play("phone", appid=maison.appid, phone="13800001234")["code"]
    phone(maison, token(maison)["access_token"], code)
    log = play.log()
    assert [(call["call"], call["status"], call["code"]) for call in log["calls"]] == [
        ("stable_token", 200, 0),
        ("phone", 200, 0),
    ]
    assert "13800001234" not in str(log)
    assert code not in str(log)


def test_a_complaint_that_is_not_there_is_a_system_error_and_needs_a_token_all_the_same(play, maison, swift):
    url = f"{maison.base}/wxaapi/minishop/complaintOrderDetail"

    def told(merchant):
        params = {"access_token": token(merchant)["access_token"], "complaintOrderId": "1"}
        return requests.get(url, params=params, timeout=9).json()["errcode"]

    assert (told(maison), told(swift)) == (-1, -1)
    assert requests.get(url, params={"complaintOrderId": "1"}, timeout=9).json()["errcode"] == 41001
    assert requests.post(url, timeout=9).json()["errcode"] == 43001
