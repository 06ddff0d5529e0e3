"""A Pay v3 request that its merchant did not sign just so is refused, and the refusal itself is signed."""

import json
import time

import pytest


def refused(answer, platform):
    assert platform.verifies(answer.headers, answer.content)
    return answer.status_code, answer.json()["code"]


def test_a_forged_signature_is_refused_with_what_was_expected(play, maison, platform):
    body = json.dumps(maison.order())
    answer = maison.call("POST", "/v3/pay/transactions/jsapi", body, signature="ZmFrZQ==")
    assert refused(answer, platform) == (401, "SIGN_ERROR")
    detail = answer.json()["detail"]
    assert (detail["field"], detail["location"]) == ("signature", "authorization")
    information = detail["sign_information"]
    assert information["method"] == "POST"
    assert information["url"] == "/v3/pay/transactions/jsapi"
    shown = information["truncated_sign_message"].split("\n")
    assert shown[:2] == ["POST", "/v3/pay/transactions/jsapi"]
    assert shown[4] == body[:8]
    expected = f"POST\n/v3/pay/transactions/jsapi\n{shown[2]}\n{shown[3]}\n{body}\n"
    assert information["sign_message_length"] == len(expected.encode())


def test_every_byte_of_path_query_and_body_is_signed(play, maison, platform):
    order = maison.order()
    body = json.dumps(order)
    number = order["out_trade_no"]
    path = "/v3/pay/transactions/jsapi"
    other_body = {"Authorization": maison.authorization("POST", path, body + " ")}
    other_path = {"Authorization": maison.authorization("POST", path + "/", body)}
    no_query = {
        "Authorization": maison.authorization("GET", f"/v3/pay/transactions/out-trade-no/{number}", "")
    }
    assert refused(maison.prepay(order, headers=other_body), platform) == (401, "SIGN_ERROR")
    assert refused(maison.prepay(order, headers=other_path), platform) == (401, "SIGN_ERROR")
    assert refused(maison.query(number, headers=no_query), platform) == (401, "SIGN_ERROR")
    assert maison.query(number).status_code == 404


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"serial_no": "0" * 40}, "serial_no"),
        ({"nonce_str": ""}, "nonce_str"),
        ({"nonce_str": "n" * 33}, "nonce_str"),
        ({"timestamp": "yesterday"}, "timestamp"),
        ({"timestamp": str(int(time.time()) - 301)}, "timestamp"),
        ({"timestamp": str(int(time.time()) + 1_000_000)}, "timestamp"),
        ({"extra": "1"}, "authorization"),
    ],
)
def test_a_field_that_is_wrong_is_named_though_the_signature_fits(play, maison, platform, changed, field):
    answer = maison.query("T123456", **changed)
    assert refused(answer, platform) == (401, "SIGN_ERROR")
    assert answer.json()["detail"]["field"] == field


@pytest.mark.parametrize("header", [None, "Bearer token", 'WECHATPAY2-SHA256-RSA2048 mchid="1900000101"'])
def test_another_scheme_or_half_a_header_is_refused(play, maison, platform, header):
    answer = maison.query("T123456", headers={"Authorization": header})
    assert refused(answer, platform) == (401, "SIGN_ERROR")


def test_an_unknown_merchant_and_a_borrowed_key_are_refused(play, maison, swift, platform):
    assert refused(maison.query("T123456", mchid="1900009999"), platform) == (400, "MCH_NOT_EXISTS")
    borrowed = maison.query("T123456", mchid=swift.mchid, serial_no=swift.told["merchant_serial"])
    assert refused(borrowed, platform) == (401, "SIGN_ERROR")


@pytest.mark.parametrize(("name", "value"), [("Accept", "text/html"), ("User-Agent", ""), ("Accept", None)])
def test_accept_and_user_agent_are_needed(play, maison, platform, name, value):
    answer = maison.query("T123456", headers={name: value})
    assert refused(answer, platform) == (400, "INVALID_REQUEST")
    assert answer.json()["message"] == "Http头缺少Accept或User-Agent"


def test_a_body_needs_its_content_type(play, maison, platform):
    answer = maison.prepay(maison.order(), headers={"Content-Type": "text/plain"})
    assert refused(answer, platform) == (400, "INVALID_REQUEST")


def test_the_answer_is_signed_by_the_key_asked_for(play, maison, platform):
    order = maison.order()
    first = maison.prepay(order)
    second = maison.query(order["out_trade_no"], headers={"Wechatpay-Serial": platform.public_key_id})
    third = maison.close(order["out_trade_no"], headers={"Wechatpay-Serial": platform.public_key_id})
    assert [answer.status_code for answer in (first, second, third)] == [200, 200, 204]
    assert third.content == b""
    assert [answer.headers["Wechatpay-Serial"] for answer in (first, second, third)] == [
        platform.cert_serial,
        platform.public_key_id,
        platform.public_key_id,
    ]
    assert all(platform.verifies(answer.headers, answer.content) for answer in (first, second, third))
    assert all(answer.headers["Request-ID"] for answer in (first, second, third))
    unknown = maison.query("T123456", headers={"Wechatpay-Serial": "PUB_KEY_ID_0100000000000000000000000000"})
    assert refused(unknown, platform) == (400, "PARAM_ERROR")


def test_an_unknown_path_and_a_wrong_method_have_empty_answers(play, maison):
    unknown = maison.call("GET", "/v3/pay/transactions/nowhere")
    wrong = maison.call("GET", "/v3/pay/transactions/jsapi")
    assert (unknown.status_code, unknown.content) == (404, b"")
    assert (wrong.status_code, wrong.content) == (405, b"")


def test_the_platform_certificate_is_handed_out_encrypted(play, maison, platform):
    answer = maison.call("GET", "/v3/certificates")
    assert platform.verifies(answer.headers, answer.content)
    (row,) = answer.json()["data"]
    assert row["serial_no"] == platform.cert_serial
    assert row["encrypt_certificate"]["associated_data"] == "certificate"
    assert maison.decrypt(row["encrypt_certificate"]).decode() == platform.cert_pem
    assert row["expire_time"].endswith("+08:00")
