"""Each call can be told to fail, before or after it has acted, as often as asked and for one order only."""

import time

import pytest
import requests


def token(merchant):
    body = {"grant_type": "client_credential", "appid": merchant.appid, "secret": merchant.secret}
    return requests.post(merchant.base + "/cgi-bin/stable_token", json=body, timeout=9)


def state(merchant, order):
    answer = merchant.query(order["out_trade_no"])
    return answer.json().get("trade_state", answer.status_code)


@pytest.mark.parametrize(
    ("mode", "at_once", "in_the_end"),
    [
        ("timeout", 404, 404),
        ("timeout_before", 404, 404),
        ("timeout_after", "NOTPAY", "NOTPAY"),
        ("timeout_late", 404, "NOTPAY"),
    ],
)
def test_a_timed_out_order_is_placed_never_at_once_or_late(play, maison, mode, at_once, in_the_end):
    play("switches", call="prepay", mode=mode, seconds=0.4)
    order = maison.order()
    began = time.monotonic()
    with pytest.raises(requests.Timeout):
        requests.post(
            maison.base + "/v3/pay/transactions/jsapi",
            data=(body := requests.models.complexjson.dumps(order)),
            headers={
                "Authorization": maison.authorization("POST", "/v3/pay/transactions/jsapi", body),
                "Accept": "application/json",
                "Content-Type": "application/json",
            },
            timeout=0.2,
        )
    assert state(maison, order) == at_once
    time.sleep(max(0.0, began + 0.6 - time.monotonic()))
    assert state(maison, order) == in_the_end


def test_a_timeout_lasts_six_seconds_unless_told_and_ends_without_an_answer(play, maison):
    listed = play("switches", call="query", mode="timeout")["switches"]
    assert [(one["mode"], one["seconds"]) for one in listed] == [("timeout_before", 6.0)]
    play("reset")
    play("switches", call="query", mode="timeout", seconds=0.1)
    began = time.monotonic()
    with pytest.raises(requests.ConnectionError):
        maison.query("T123456")
    assert 0.1 <= time.monotonic() - began < 2
    assert [call["status"] for call in play.log()["calls"]] == [None]


@pytest.mark.parametrize(("mode", "found"), [("500", 404), ("500_before", 404), ("500_after", "NOTPAY")])
def test_a_500_comes_before_or_after_acting(play, maison, platform, mode, found):
    play("switches", call="prepay", mode=mode)
    order = maison.order()
    answer = maison.prepay(order)
    assert (answer.status_code, answer.json()["code"]) == (500, "SYSTEM_ERROR")
    assert platform.verifies(answer.headers, answer.content)
    assert state(maison, order) == found
    assert maison.prepay(order).status_code == 200


def test_closing_can_succeed_behind_an_error(play, maison):
    order = maison.order()
    maison.prepay(order)
    play("switches", call="close", mode="500_after")
    assert maison.close(order["out_trade_no"]).status_code == 500
    assert state(maison, order) == "CLOSED"


@pytest.mark.parametrize("mode", ["wrong_signature", "stale_timestamp", "signtest"])
def test_an_answer_with_a_bad_signature_was_acted_upon(play, maison, platform, mode):
    order = maison.order()
    play("switches", call="prepay", mode=mode)
    bad = maison.prepay(order)
    assert bad.status_code == 200
    assert not platform.verifies(bad.headers, bad.content)
    assert bad.headers["Wechatpay-Signature"].startswith("WECHATPAY/SIGNTEST/") == (mode == "signtest")
    stale = time.time() - int(bad.headers["Wechatpay-Timestamp"])
    assert (stale > 590) == (mode == "stale_timestamp")
    good = maison.query(order["out_trade_no"])
    assert platform.verifies(good.headers, good.content)
    assert good.json()["trade_state"] == "NOTPAY"


def test_an_answer_can_come_unsigned(play, maison):
    play("switches", call="prepay", mode="unsigned")
    order = maison.order()
    with pytest.raises(AssertionError, match="Wechatpay-Signature"):
        maison.prepay(order)
    assert state(maison, order) == "NOTPAY"


def test_an_error_code_can_be_chosen(play, maison):
    play("switches", call="query", mode="error", code="FREQUENCY_LIMITED", status=429)
    answer = maison.query("T123456")
    assert (answer.status_code, answer.json()["code"]) == (429, "FREQUENCY_LIMITED")
    play("switches", call="stable_token", mode="error", code=-1)
    assert token(maison).json()["errcode"] == -1
    assert "access_token" in token(maison).json()


def test_login_calls_fail_too(play, maison):
    play("switches", call="stable_token", mode="500")
    assert token(maison).status_code == 500
    play("switches", call="stable_token", mode="timeout_after", seconds=0.1)
    with pytest.raises(requests.ConnectionError):
        token(maison)
    play("switches", call="jscode2session", mode="500_after")
    code = play("login", appid=maison.appid, user="alice")["code"]
    query = {
        "appid": maison.appid,
        "secret": maison.secret,
        "js_code": code,
        "grant_type": "authorization_code",
    }
    url = maison.base + "/sns/jscode2session"
    assert requests.get(url, params=query, timeout=9).status_code == 500
    assert requests.get(url, params=query, timeout=9).json()["errcode"] == 40163


def test_a_switch_works_as_often_as_told_and_in_order(play, maison):
    play("switches", call="query", mode="500", times=2)
    play("switches", call="query", mode="error", code="BANK_ERROR", status=500)
    codes = [maison.query("T123456").json()["code"] for _ in range(4)]
    assert codes == ["SYSTEM_ERROR", "SYSTEM_ERROR", "BANK_ERROR", "ORDER_NOT_EXIST"]


def test_a_switch_can_be_for_one_order_only(play, maison):
    mine, other = maison.order(), maison.order()
    for call in ("prepay", "query", "close"):
        play("switches", call=call, mode="500", out_trade_no=mine["out_trade_no"])
    assert [maison.prepay(order).status_code for order in (other, mine, mine)] == [200, 500, 200]
    for ask in (maison.query, maison.close):
        assert [ask(order["out_trade_no"]).status_code // 100 for order in (other, mine, mine)] == [2, 5, 2]


def test_a_request_that_is_not_let_in_uses_no_switch_up(play, maison):
    play("switches", call="query", mode="500")
    assert maison.query("T123456", signature="ZmFrZQ==").status_code == 401
    assert maison.query("T123456").status_code == 500


@pytest.mark.parametrize(
    "switch",
    [
        {},
        {"call": "query"},
        {"call": "transfer", "mode": "500"},
        {"call": "query", "mode": "lost_notification"},
        {"call": "stable_token", "mode": "wrong_signature"},
        {"call": "notify", "mode": "timeout"},
        {"call": "query", "mode": "500", "times": 0},
        {"call": "query", "mode": "500", "times": True},
        {"call": "query", "mode": "500", "tims": 1},
        {"call": "query", "mode": "error"},
        {"call": "query", "mode": "error", "code": 40001},
        {"call": "phone", "mode": "error", "code": "SYSTEM_ERROR"},
        {"call": "notify", "mode": "duplicate", "copies": 17},
    ],
)
def test_a_switch_that_is_not_understood_is_refused(play, switch):
    assert play.refused("switches", **switch).status_code == 400
    assert play.http.get(play.base + "/sandbox/switches", timeout=9).json() == {"switches": []}


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        ("login", {"user": "alice"}, 400),
        ("login", {"appid": "wxNobody", "user": "alice"}, 404),
        ("phone", {"appid": "wxNobody", "phone": "1"}, 404),
        ("pay", {}, 400),
        ("pay", {"out_trade_no": "NOBODYS"}, 404),
        ("pay", {"prepay_id": "wxNobody"}, 404),
        ("notify_raw", {"mchid": "1", "url": "http://127.0.0.1/", "event_type": "X"}, 404),
        ("time_scale", {"seconds_per_second": -1}, 400),
        ("advance", {"seconds": "long"}, 400),
        ("nothing", {}, 404),
    ],
)
def test_a_control_request_that_is_not_understood_is_refused(play, name, body, status):
    answer = play.refused(name, **body)
    assert answer.status_code == status
    assert answer.json()["error"]


def test_connections_are_kept_alive(play, maison):
    with requests.Session() as session:
        for _ in range(3):
            assert session.get(play.base + "/sandbox/log", timeout=9).status_code == 200
        (pool,) = session.adapters["http://"].poolmanager.pools._container.values()
        assert (pool.num_connections, pool.num_requests) == (1, 3)


def test_a_call_that_hung_across_a_reset_is_no_call_of_the_new_world(play, maison):
    play("switches", call="stable_token", mode="timeout_after", seconds=0.4)
    with pytest.raises(requests.Timeout):
        requests.post(maison.base + "/cgi-bin/stable_token", json={}, timeout=0.1)
    play("reset")
    time.sleep(0.6)
    assert requests.get(maison.base + "/sandbox/log", timeout=9).json()["calls"] == []
