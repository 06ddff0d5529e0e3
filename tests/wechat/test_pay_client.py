"""Each answer of WeChat Pay leads to exactly one conclusion, and doubt never counts as failure."""

import base64
import json
import re
import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from wechat.credentials import Merchant
from wechat.errors import (
    NoPermission,
    NotEnough,
    OrderClosed,
    OrderNotExist,
    OrderPaid,
    OutcomeUnknown,
    OutTradeNoUsed,
    RateLimited,
    Rejected,
    ResourceNotExist,
)
from wechat.pay.client import PayClient, bill_text

NUMBER = "P26030100001"
OPENID = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"
PREPAY = {
    "appid": "wx2421b1c4370ec43b",
    "openid": OPENID,
    "out_trade_no": NUMBER,
    "description": "Maison · 精华液 30ml",
    "total_fen": 12345,
    "notify_url": "https://shop.example.com/wechat/pay/notify",
}


@pytest.fixture
def client(server, merchant):
    return PayClient(merchant, server.url)


@pytest.fixture
def answers(server, platform):
    """`answers(status, content)` makes the server give that answer, signed unless told otherwise."""

    def set_answer(status, content=None, *, signed=True, **sign):
        body = (
            b""
            if content is None
            else content
            if isinstance(content, bytes)
            else json.dumps(content).encode()
        )

        def answer(seen):
            signature = platform.sign(body, **sign) if signed else {}
            return status, signature | {"Request-ID": "08F5B8C2B506-0"}, body

        server.answer = answer

    return set_answer


def transaction(merchant, **changes):
    return {
        "appid": "wx2421b1c4370ec43b",
        "mchid": merchant.mchid,
        "out_trade_no": NUMBER,
        "trade_state": "NOTPAY",
    } | changes


def verify_request(merchant, seen):
    """What WeChat does with a request: rebuild the message from what arrived and check the signature."""
    fields = dict(re.findall(r'(\w+)="([^"]*)"', seen.headers["Authorization"]))
    head = f"{seen.method}\n{seen.path}\n{fields['timestamp']}\n{fields['nonce_str']}\n"
    merchant.private_key.public_key().verify(
        base64.b64decode(fields["signature"]), head.encode() + seen.body + b"\n", PKCS1v15(), SHA256()
    )


def test_prepay_sends_exactly_the_documented_members_and_returns_the_prepay_id(
    client, merchant, server, answers
):
    answers(200, {"prepay_id": "wx26112221580621e9b071c00d9e093b0000", "new_member": None})
    expire = datetime(2026, 3, 1, 4, 35, 6, 789, tzinfo=UTC)
    assert (
        client.prepay_jsapi(**PREPAY, time_expire=expire, attach="a")
        == "wx26112221580621e9b071c00d9e093b0000"
    )
    [seen] = server.seen
    assert (seen.method, seen.path) == ("POST", "/v3/pay/transactions/jsapi")
    assert json.loads(seen.body) == {
        "appid": "wx2421b1c4370ec43b",
        "mchid": merchant.mchid,
        "description": "Maison · 精华液 30ml",
        "out_trade_no": NUMBER,
        "notify_url": "https://shop.example.com/wechat/pay/notify",
        "amount": {"total": 12345, "currency": "CNY"},
        "payer": {"openid": OPENID},
        "time_expire": "2026-03-01T12:35:06+08:00",
        "attach": "a",
    }
    verify_request(merchant, seen)
    assert seen.headers["Accept"] == seen.headers["Content-Type"] == "application/json"
    assert seen.headers["User-Agent"] == "crossborder-storefront/0.1"
    assert seen.headers["Wechatpay-Serial"] == "PUB_KEY_ID_0114232134912410000000000000"


def test_what_is_not_given_is_left_out_and_never_null(client, server, answers):
    answers(200, {"prepay_id": "wx1"})
    client.prepay_jsapi(**PREPAY)
    assert json.loads(server.seen[0].body).keys().isdisjoint({"time_expire", "attach"})
    assert b"null" not in server.seen[0].body


def test_without_a_public_key_no_serial_is_asked_for(server, merchant, answers):
    only_certificate = Merchant(
        merchant.mchid,
        merchant.serial_no,
        merchant.private_key,
        merchant.apiv3_key,
        merchant.platform_keys[:1],
    )
    answers(200, {"prepay_id": "wx1"}, serial=merchant.platform_keys[0].serial)
    assert PayClient(only_certificate, server.url).prepay_jsapi(**PREPAY) == "wx1"
    assert "Wechatpay-Serial" not in server.seen[0].headers


@pytest.mark.parametrize(
    ("text", "fitted"),
    [
        ("唇膏💄 Rouge", "唇膏 Rouge"),
        ("𠮷祥", "祥"),
        ("a\x00b\nc\x85d", "abcd"),
        ("品" * 200, "品" * 127),
        ("\ud83d half", "half"),
    ],
)
def test_the_text_of_the_bill_is_fitted_to_what_v3_accepts(client, server, answers, text, fitted):
    answers(200, {"prepay_id": "wx1"})
    assert bill_text(text) == fitted
    client.prepay_jsapi(**PREPAY | {"description": text})
    assert json.loads(server.seen[0].body)["description"] == fitted


@pytest.mark.parametrize(
    "change",
    [
        {"description": "💄"},
        {"out_trade_no": "short"},
        {"out_trade_no": "P" * 33},
        {"out_trade_no": "P260301/0001"},
        {"out_trade_no": NUMBER + "\n"},
        {"total_fen": 0},
        {"total_fen": True},
        {"total_fen": 1.0},
        {"attach": "💄"},
        {"attach": "a" * 129},
        {"notify_url": "/wechat/pay/notify"},
        {"notify_url": "https://shop.example.com/notify?a=1"},
        {"notify_url": "https://shop.example.com/notify?"},
        {"notify_url": "https://shop.example.com/" + "a" * 255},
        {"time_expire": datetime(2026, 3, 1)},
    ],
)
def test_arguments_wechat_could_never_accept_send_nothing(client, server, change):
    with pytest.raises(ValueError, match=r"must|needs"):
        client.prepay_jsapi(**PREPAY | change)
    assert server.seen == []


def test_a_plain_notify_url_is_refused_for_a_host_that_speaks_https(merchant):
    with pytest.raises(ValueError, match="https"):
        PayClient(merchant, "https://api.example.com").prepay_jsapi(
            **PREPAY | {"notify_url": "http://shop.example.com/notify"}
        )


def test_query_by_our_number_signs_the_path_as_sent(client, merchant, server, answers):
    answers(200, transaction(merchant, out_trade_no="P|26*_-1"))
    assert client.query_by_out_trade_no("P|26*_-1").trade_state == "NOTPAY"
    [seen] = server.seen
    assert seen.path == f"/v3/pay/transactions/out-trade-no/P%7C26%2A_-1?mchid={merchant.mchid}"
    assert (seen.method, seen.body) == ("GET", b"")
    verify_request(merchant, seen)


def test_query_by_wechats_number_returns_the_paid_transaction(client, merchant, server, answers):
    answers(
        200,
        transaction(
            merchant,
            transaction_id="4200000985202103031441826014",
            trade_state="SUCCESS",
            success_time="2026-03-01T12:05:06+08:00",
            payer={"openid": OPENID},
            amount={"total": 12345, "payer_total": 12345, "currency": "CNY"},
        ),
    )
    paid = client.query_by_id("4200000985202103031441826014")
    assert (paid.trade_state, paid.total_fen, paid.out_trade_no) == ("SUCCESS", 12345, NUMBER)
    assert server.seen[0].path == (
        f"/v3/pay/transactions/id/4200000985202103031441826014?mchid={merchant.mchid}"
    )


@pytest.mark.parametrize(
    "changes",
    [{"out_trade_no": "P26030100002"}, {"trade_state": None}, {"amount": "1"}],
)
def test_an_answer_about_something_else_is_an_unknown_outcome(client, merchant, answers, changes):
    answers(200, transaction(merchant, **changes))
    with pytest.raises(OutcomeUnknown):
        client.query_by_out_trade_no(NUMBER)


def test_close_is_done_on_a_signed_204(client, merchant, server, answers):
    answers(204)
    client.close(NUMBER)
    [seen] = server.seen
    assert (seen.method, seen.path) == ("POST", f"/v3/pay/transactions/out-trade-no/{NUMBER}/close")
    assert json.loads(seen.body) == {"mchid": merchant.mchid}
    verify_request(merchant, seen)


def test_a_report_with_another_app_merchant_or_amount_is_handed_on_to_be_judged(client, merchant, answers):
    answers(200, transaction(merchant, mchid="1900000110", appid="wx-other", amount={"total": 1}))
    report = client.query_by_out_trade_no(NUMBER)
    assert (report.mchid, report.appid, report.total_fen) == ("1900000110", "wx-other", 1)


def test_another_transaction_than_the_one_asked_for_is_an_unknown_outcome(client, merchant, answers):
    answers(200, transaction(merchant, transaction_id="4200000985202103031441826015"))
    with pytest.raises(OutcomeUnknown) as caught:
        client.query_by_id("4200000985202103031441826014")
    assert caught.value.reason == "the answer is about another payment"


@pytest.mark.parametrize(
    "sign", [{"signed": False}, {"at": datetime(2026, 1, 1, tzinfo=UTC)}, {"serial": "X"}]
)
def test_a_204_without_a_good_signature_is_an_unknown_outcome(client, answers, sign):
    answers(204, **sign)
    with pytest.raises(OutcomeUnknown) as caught:
        client.close(NUMBER)
    assert not caught.value.permanent


@pytest.mark.parametrize(
    ("status", "code", "error", "permanent"),
    [
        (400, "PARAM_ERROR", Rejected, True),
        (400, "INVALID_REQUEST", Rejected, True),
        (400, "APPID_MCHID_NOT_MATCH", Rejected, True),
        (400, "MCH_NOT_EXISTS", Rejected, True),
        (401, "SIGN_ERROR", Rejected, True),
        (403, "NO_AUTH", NoPermission, True),
        (403, "RULE_LIMIT", Rejected, True),
        (400, "ORDER_CLOSED", OrderClosed, True),
        (400, "ORDERPAID", OrderPaid, True),
        (400, "ORDER_PAID", OrderPaid, True),
        (403, "OUT_TRADE_NO_USED", OutTradeNoUsed, True),
        (404, "ORDER_NOT_EXIST", OrderNotExist, True),
        (404, "ORDERNOTEXIST", OrderNotExist, True),
        (429, "FREQUENCY_LIMITED", RateLimited, False),
        (429, "RATELIMIT_EXCEEDED", RateLimited, False),
        (429, "SOMETHING_ELSE", RateLimited, False),
        (400, "A_CODE_OF_NEXT_YEAR", OutcomeUnknown, False),
        (404, "RESOURCE_NOT_EXISTS", ResourceNotExist, True),
        (403, "NOT_ENOUGH", NotEnough, False),
        (500, "SYSTEM_ERROR", OutcomeUnknown, False),
        (500, "PARAM_ERROR", OutcomeUnknown, False),
        (500, "ORDERPAID", OutcomeUnknown, False),
        (503, "BANK_ERROR", OutcomeUnknown, False),
        (302, "PARAM_ERROR", OutcomeUnknown, False),
    ],
)
def test_a_signed_error_becomes_its_one_class(client, answers, status, code, error, permanent):
    answers(status, {"code": code, "message": f"openid {OPENID} 有误"})
    with pytest.raises(error) as caught:
        client.prepay_jsapi(**PREPAY)
    assert type(caught.value) is error
    assert caught.value.permanent is permanent
    assert (caught.value.wechat_code, caught.value.call) == (code, "prepay_jsapi")
    assert caught.value.request_id == "08F5B8C2B506-0"
    assert (
        OPENID not in f"{caught.value} {caught.value!r} {caught.value.facts()} {caught.value.__context__!r}"
    )


def test_the_member_wechat_complains_about_is_named_without_its_value(client, answers):
    detail = {"field": "/payer/openid", "value": OPENID, "issue": f"{OPENID} invalid", "location": "body"}
    answers(400, {"code": "PARAM_ERROR", "message": "参数错误", "detail": detail})
    with pytest.raises(Rejected) as caught:
        client.prepay_jsapi(**PREPAY)
    assert caught.value.field == "/payer/openid"
    assert OPENID not in str(caught.value.facts())


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429])
def test_an_error_without_a_signature_is_an_unknown_outcome(client, answers, status):
    answers(status, {"code": "ORDER_NOT_EXIST"}, signed=False)
    with pytest.raises(OutcomeUnknown) as caught:
        client.query_by_out_trade_no(NUMBER)
    assert caught.value.reason == f"HTTP {status}, unverified: a signature header is missing"


def test_an_error_with_a_wrong_signature_is_an_unknown_outcome(client, answers, platform):
    answers(404, {"code": "ORDER_NOT_EXIST"}, key=platform.stranger_key)
    with pytest.raises(OutcomeUnknown):
        client.query_by_out_trade_no(NUMBER)


def test_a_200_with_a_wrong_signature_is_an_unknown_outcome(client, answers, platform):
    answers(200, {"prepay_id": "wx1"}, key=platform.stranger_key)
    with pytest.raises(OutcomeUnknown) as caught:
        client.prepay_jsapi(**PREPAY)
    assert caught.value.reason == "HTTP 200, unverified: the signature does not hold"


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", {}, {"prepay_id": None}, {"prepay_id": ""}])
def test_a_signed_200_that_makes_no_sense_is_an_unknown_outcome(client, answers, content):
    answers(200, content)
    with pytest.raises(OutcomeUnknown):
        client.prepay_jsapi(**PREPAY)


def test_a_slow_answer_is_an_unknown_outcome_after_three_seconds(client, server):
    def slow(seen):
        time.sleep(3.5)
        return 200, {}, b"{}"

    server.answer = slow
    began = time.monotonic()
    with pytest.raises(OutcomeUnknown) as caught:
        client.prepay_jsapi(**PREPAY)
    assert 2.9 < time.monotonic() - began < 3.5
    assert caught.value.reason == "ReadTimeout"
    assert len(server.seen) == 1


def test_a_closed_port_is_an_unknown_outcome(merchant):
    with pytest.raises(OutcomeUnknown) as caught:
        PayClient(merchant, "http://127.0.0.1:9").query_by_out_trade_no(NUMBER)
    assert caught.value.reason == "ConnectionError"
    assert caught.value.__context__ is None


def test_the_clock_of_the_client_decides_freshness(server, merchant, answers):
    answers(204)
    late = PayClient(merchant, server.url, clock=lambda: datetime.now(UTC) + timedelta(seconds=301))
    with pytest.raises(OutcomeUnknown) as caught:
        late.close(NUMBER)
    assert caught.value.reason == "HTTP 204, unverified: the timestamp is outside the 300 s window"


def test_no_redirect_is_followed(client, server):
    server.answer = lambda seen: (302, {"Location": server.url + "/elsewhere"}, b"")
    with pytest.raises(OutcomeUnknown):
        client.query_by_out_trade_no(NUMBER)
    assert len(server.seen) == 1
