"""The whole road against the sandbox: log-in, phone, prepay, pay, notification, query, close, and faults."""

import json
import os
import re
import secrets
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate

from wechat.credentials import Merchant, MiniProgram, PlatformKey
from wechat.errors import (
    InvalidLoginCode,
    InvalidPhoneCode,
    NoPermission,
    OrderClosed,
    OrderNotExist,
    OrderPaid,
    OutcomeUnknown,
    OutTradeNoUsed,
    RateLimited,
    Rejected,
    Unverified,
)
from wechat.login import Phone, code_to_session, phone_number
from wechat.pay.client import PayClient
from wechat.pay.notifications import parse
from wechat.pay.signing import client_params

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    """A sandbox process with fresh keys: `.url`, `.world`, `.control(path, **facts)`."""
    folder = tmp_path_factory.mktemp("sandbox")
    command = [sys.executable, "-m", "sandbox"]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    subprocess.run([*command, "setup", folder], cwd=ROOT, check=True, capture_output=True, timeout=60)
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [*command, "serve", folder, "--port", "0", "--time-scale", "0.001"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    try:
        line = process.stdout.readline()
        url = re.fullmatch(r"sandbox listening on (http://127\.0\.0\.1:\d+)\n", line).group(1)

        def control(path, **facts):
            answer = requests.post(f"{url}/sandbox/{path}", json=facts, timeout=10)
            assert answer.status_code == 200, answer.text
            return answer.json()

        world = json.loads((folder / "world.json").read_text())
        yield SimpleNamespace(url=url, world=world, control=control)
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


@pytest.fixture(autouse=True)
def fresh_sandbox(sandbox):
    sandbox.control("reset")


def shop_of(sandbox, code, *, keys=("certificate", "public_key")):
    """One storefront's credentials, knowing the named platform keys."""
    facts = next(s for s in sandbox.world["storefronts"] if s["code"] == code)
    known = sandbox.world["platform"]
    certificate = load_pem_x509_certificate(known["cert_pem"].encode()).public_key()
    public_key = load_pem_public_key(known["public_key_pem"].encode())
    platform_keys = {
        "certificate": PlatformKey(known["cert_serial"], certificate),
        "public_key": PlatformKey(known["public_key_id"], public_key),
    }
    merchant = Merchant(
        mchid=facts["mchid"],
        serial_no=facts["merchant_serial"],
        private_key=load_pem_private_key(facts["merchant_private_key_pem"].encode(), None),
        apiv3_key=facts["apiv3_key"].encode(),
        platform_keys=tuple(platform_keys[name] for name in keys),
    )
    return SimpleNamespace(
        app=MiniProgram(facts["appid"], facts["secret"]),
        merchant=merchant,
        pay=PayClient(merchant, sandbox.url),
    )


@pytest.fixture
def shop(sandbox):
    return shop_of(sandbox, "maison")


@pytest.fixture
def openid(sandbox, shop):
    code = sandbox.control("login", appid=shop.app.appid, user="li-lei")["code"]
    return code_to_session(shop.app, code, base_url=sandbox.url).openid


@pytest.fixture
def inbox(server, shop):
    """Our webhook: verifies and parses every delivery; 204 if good, 401 if not."""
    box = SimpleNamespace(
        url=f"{server.url}/notify", good=[], bad=[], serials=[], arrived=threading.Condition()
    )

    def take(seen):
        with box.arrived:
            box.serials.append(seen.headers["Wechatpay-Serial"])
            try:
                box.good.append(parse(seen.headers, seen.body, shop.merchant, datetime.now(UTC)))
                return 204, {}, b""
            except Unverified as error:
                box.bad.append(error.reason)
                return 401, {}, b'{"code":"FAIL","message":"signature"}'
            finally:
                box.arrived.notify_all()

    def wait(good, bad=0):
        with box.arrived:
            assert box.arrived.wait_for(lambda: len(box.good) >= good and len(box.bad) >= bad, timeout=10)

    server.answer, box.wait = take, wait
    return box


@pytest.fixture
def order(shop, openid, inbox):
    """The parameters of a new payment of 129.00 yuan."""
    return {
        "appid": shop.app.appid,
        "openid": openid,
        "out_trade_no": f"P{secrets.token_hex(10)}",
        "description": "精华液 30ml 💧 Sérum",
        "total_fen": 12900,
        "notify_url": inbox.url,
        "time_expire": datetime.now(UTC) + timedelta(minutes=30),
        "attach": "maison",
    }


def test_a_user_has_one_openid_per_mini_program_and_a_code_works_once(sandbox, shop):
    first, second = (sandbox.control("login", appid=shop.app.appid, user="han-meimei") for _ in range(2))
    session = code_to_session(shop.app, first["code"], base_url=sandbox.url)
    assert session.openid == first["openid"]
    assert code_to_session(shop.app, second["code"], base_url=sandbox.url).openid == session.openid
    with pytest.raises(InvalidLoginCode):
        code_to_session(shop.app, first["code"], base_url=sandbox.url)
    swift = shop_of(sandbox, "swift").app
    other = sandbox.control("login", appid=swift.appid, user="han-meimei")
    assert code_to_session(swift, other["code"], base_url=sandbox.url).openid != session.openid


def test_a_wrong_secret_is_a_permanent_refusal(sandbox, shop):
    code = sandbox.control("login", appid=shop.app.appid, user="li-lei")["code"]
    with pytest.raises(Rejected) as caught:
        code_to_session(MiniProgram(shop.app.appid, "wrong"), code, base_url=sandbox.url)
    assert (caught.value.wechat_code, caught.value.permanent) == ("40125", True)


def test_a_phone_code_gives_the_number_once_and_a_login_code_gives_none(sandbox, shop, redis):
    code = sandbox.control("phone", appid=shop.app.appid, phone="13800000000")["code"]
    assert phone_number(shop.app, code, redis, base_url=sandbox.url) == Phone("13800000000", "86")
    login_code = sandbox.control("login", appid=shop.app.appid, user="li-lei")["code"]
    for spent in (code, login_code):
        with pytest.raises(InvalidPhoneCode):
            phone_number(shop.app, spent, redis, base_url=sandbox.url)


def test_a_token_the_sandbox_has_forgotten_is_replaced_unseen(sandbox, shop, redis):
    first = sandbox.control("phone", appid=shop.app.appid, phone="13800000000")["code"]
    phone_number(shop.app, first, redis, base_url=sandbox.url)
    sandbox.control("reset")
    second = sandbox.control("phone", appid=shop.app.appid, phone="13800000001")["code"]
    assert phone_number(shop.app, second, redis, base_url=sandbox.url).number == "13800000001"


def test_a_crowd_of_phones_fetches_one_token(sandbox, shop, redis):
    codes = [
        sandbox.control("phone", appid=shop.app.appid, phone=f"1380000{n:04}")["code"] for n in range(20)
    ]
    with ThreadPoolExecutor(20) as crowd:
        numbers = crowd.map(lambda c: phone_number(shop.app, c, redis, base_url=sandbox.url).number, codes)
        assert sorted(numbers) == [f"1380000{n:04}" for n in range(20)]
    calls = requests.get(f"{sandbox.url}/sandbox/log", timeout=10).json()["calls"]
    assert sum("stable_token" in json.dumps(call) for call in calls) == 1


@pytest.mark.parametrize(
    ("switch", "error"),
    [({"mode": "500"}, OutcomeUnknown), ({"mode": "error", "code": 45011}, RateLimited)],
)
def test_a_login_that_fails_upstream_is_not_the_consumers_fault(sandbox, shop, switch, error):
    sandbox.control("switches", call="jscode2session", **switch)
    code = sandbox.control("login", appid=shop.app.appid, user="li-lei")["code"]
    with pytest.raises(error) as caught:
        code_to_session(shop.app, code, base_url=sandbox.url)
    assert not caught.value.permanent
    code_to_session(shop.app, code, base_url=sandbox.url)


def test_prepay_pay_notification_and_query_agree(sandbox, shop, order, inbox):
    prepay_id = shop.pay.prepay_jsapi(**order)
    assert shop.pay.query_by_out_trade_no(order["out_trade_no"]).trade_state == "NOTPAY"
    params = client_params(shop.merchant, shop.app.appid, prepay_id, datetime.now(UTC))
    paid = sandbox.control("pay", client=params)
    inbox.wait(1)
    [notification] = inbox.good
    assert (notification.id, notification.event_type) == (paid["notification_id"], "TRANSACTION.SUCCESS")
    told = notification.resource
    assert (told.trade_state, told.total_fen, told.payer_total_fen) == ("SUCCESS", 12900, 12900)
    assert (told.appid, told.mchid, told.currency) == (shop.app.appid, shop.merchant.mchid, "CNY")
    assert (told.out_trade_no, told.openid) == (order["out_trade_no"], order["openid"])
    assert told.transaction_id == paid["transaction_id"]
    assert abs(datetime.now(UTC) - told.success_time) < timedelta(seconds=30)
    assert shop.pay.query_by_out_trade_no(order["out_trade_no"]) == told
    assert shop.pay.query_by_id(paid["transaction_id"]) == told
    for again in (lambda: shop.pay.prepay_jsapi(**order), lambda: shop.pay.close(order["out_trade_no"])):
        with pytest.raises(OrderPaid):
            again()


def test_the_same_order_may_be_sent_again_and_a_changed_one_may_not(sandbox, shop, order):
    assert shop.pay.prepay_jsapi(**order) != shop.pay.prepay_jsapi(**order)
    with pytest.raises(Rejected) as caught:
        shop.pay.prepay_jsapi(**order | {"total_fen": 1})
    assert (type(caught.value), caught.value.wechat_code) == (Rejected, "INVALID_REQUEST")


def test_closing_ends_an_order_and_may_be_repeated(shop, order):
    shop.pay.prepay_jsapi(**order)
    shop.pay.close(order["out_trade_no"])
    shop.pay.close(order["out_trade_no"])
    assert shop.pay.query_by_out_trade_no(order["out_trade_no"]).trade_state == "CLOSED"
    with pytest.raises(OrderClosed):
        shop.pay.prepay_jsapi(**order)


def test_an_unknown_number_does_not_exist(shop):
    for call in (shop.pay.query_by_out_trade_no, shop.pay.close):
        with pytest.raises(OrderNotExist):
            call("P-NEVER-SENT")


def test_another_app_and_another_shops_openid_are_refused_for_good(sandbox, shop, order):
    swift = shop_of(sandbox, "swift").app
    with pytest.raises(Rejected) as caught:
        shop.pay.prepay_jsapi(**order | {"appid": swift.appid})
    assert caught.value.wechat_code == "APPID_MCHID_NOT_MATCH"
    foreign = sandbox.control("login", appid=swift.appid, user="li-lei")["openid"]
    with pytest.raises(Rejected) as caught:
        shop.pay.prepay_jsapi(**order | {"openid": foreign})
    assert (caught.value.wechat_code, caught.value.field) == ("PARAM_ERROR", "/payer/openid")
    assert foreign not in f"{caught.value!r} {caught.value.facts()}"


@pytest.mark.parametrize("keys", [("certificate",), ("public_key",), ("certificate", "public_key")])
def test_answers_verify_with_certificate_public_key_or_both(sandbox, order, keys):
    pay = shop_of(sandbox, "maison", keys=keys).pay
    assert pay.prepay_jsapi(**order).startswith("wx")
    pay.close(order["out_trade_no"])


@pytest.mark.parametrize("mode", ["500_after", "wrong_signature", "stale_timestamp", "signtest", "unsigned"])
def test_a_prepay_that_was_done_but_cannot_be_believed_is_unknown_and_may_be_sent_again(
    sandbox, shop, order, mode
):
    sandbox.control("switches", call="prepay", mode=mode)
    with pytest.raises(OutcomeUnknown) as caught:
        shop.pay.prepay_jsapi(**order)
    assert not caught.value.permanent
    assert shop.pay.query_by_out_trade_no(order["out_trade_no"]).trade_state == "NOTPAY"
    assert shop.pay.prepay_jsapi(**order).startswith("wx")


@pytest.mark.usefixtures("impatient")
def test_a_close_that_was_done_but_timed_out_is_unknown_and_a_query_tells(sandbox, shop, order):
    shop.pay.prepay_jsapi(**order)
    sandbox.control("switches", call="close", mode="timeout_after", seconds=4)
    began = time.monotonic()
    with pytest.raises(OutcomeUnknown):
        shop.pay.close(order["out_trade_no"])
    assert time.monotonic() - began < 3.9
    assert shop.pay.query_by_out_trade_no(order["out_trade_no"]).trade_state == "CLOSED"


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("OUT_TRADE_NO_USED", 403, OutTradeNoUsed),
        ("FREQUENCY_LIMITED", 429, RateLimited),
        ("NO_AUTH", 403, NoPermission),
        ("SYSTEM_ERROR", 500, OutcomeUnknown),
        ("NEVER_HEARD_OF", 400, OutcomeUnknown),
    ],
)
def test_each_code_of_wechat_has_its_class(sandbox, shop, order, code, status, error):
    sandbox.control("switches", call="prepay", mode="error", code=code, status=status)
    with pytest.raises(error) as caught:
        shop.pay.prepay_jsapi(**order)
    assert (type(caught.value), caught.value.wechat_code) == (error, code)


@pytest.mark.parametrize("mode", ["wrong_signature", "stale_timestamp", "signtest"])
def test_a_bad_delivery_is_refused_and_the_good_one_that_follows_is_taken(sandbox, shop, order, inbox, mode):
    shop.pay.prepay_jsapi(**order)
    sandbox.control("switches", call="notify", mode=mode)
    sandbox.control("pay", out_trade_no=order["out_trade_no"])
    inbox.wait(1, bad=1)
    assert (len(inbox.good), len(inbox.bad)) == (1, 1)
    assert inbox.good[0].resource.out_trade_no == order["out_trade_no"]


@pytest.mark.parametrize("signed_by", ["certificate", "public_key"])
def test_a_notification_is_taken_from_either_key(sandbox, shop, order, inbox, signed_by):
    serial = sandbox.world["platform"]["cert_serial" if signed_by == "certificate" else "public_key_id"]
    shop.pay.prepay_jsapi(**order)
    sandbox.control("pay", out_trade_no=order["out_trade_no"], signed_by=signed_by)
    inbox.wait(1)
    assert inbox.serials == [serial]


def test_duplicates_carry_the_same_id(sandbox, shop, order, inbox):
    shop.pay.prepay_jsapi(**order)
    sandbox.control("switches", call="notify", mode="duplicate")
    sandbox.control("pay", out_trade_no=order["out_trade_no"])
    inbox.wait(2)
    assert inbox.good[0] == inbox.good[1]


def test_an_unknown_event_is_taken_in_peace(sandbox, shop, order, inbox):
    shop.pay.prepay_jsapi(**order)
    sandbox.control("switches", call="notify", mode="security_echo")
    sandbox.control("pay", out_trade_no=order["out_trade_no"])
    inbox.wait(2)
    kinds = {notification.event_type: type(notification.resource).__name__ for notification in inbox.good}
    assert kinds == {"SECURITY_ECHO.SUCCESS": "dict", "TRANSACTION.SUCCESS": "Transaction"}


def test_a_lost_notification_is_found_by_query(sandbox, shop, order, inbox):
    shop.pay.prepay_jsapi(**order)
    sandbox.control("switches", call="notify", mode="lost_notification")
    paid = sandbox.control("pay", out_trade_no=order["out_trade_no"])
    assert shop.pay.query_by_out_trade_no(order["out_trade_no"]).transaction_id == paid["transaction_id"]
    assert inbox.good == []
