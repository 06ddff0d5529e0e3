"""What we sign WeChat can verify, and what WeChat has not signed we do not believe."""

import base64
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from wechat.credentials import Merchant, PlatformKey
from wechat.errors import Undecryptable, Unverified, WechatError
from wechat.pay.signing import client_params, decrypt, request_authorization, verify

NOW = datetime(2026, 3, 1, 4, 5, 6, 700000, tzinfo=UTC)
BODY = '{"id":"EV-1","summary":"支付成功"}'.encode()
CERT_SERIAL = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"


def check(merchant, signature, message):
    merchant.private_key.public_key().verify(base64.b64decode(signature), message, PKCS1v15(), SHA256())


def test_a_request_is_signed_over_method_path_time_nonce_and_body(merchant):
    header = request_authorization(
        merchant=merchant, method="post", path="/v3/x?a=%7C", body=b'{"a":1}', now=NOW, nonce="N"
    )
    scheme, _, rest = header.partition(" ")
    fields = dict(re.findall(r'(\w+)="([^"]*)"', rest))
    assert scheme == "WECHATPAY2-SHA256-RSA2048"
    assert fields.keys() == {"mchid", "nonce_str", "timestamp", "serial_no", "signature"}
    assert (fields["mchid"], fields["serial_no"]) == (merchant.mchid, merchant.serial_no)
    assert (fields["timestamp"], fields["nonce_str"]) == (str(int(NOW.timestamp())), "N")
    check(
        merchant, fields["signature"], f'POST\n/v3/x?a=%7C\n{int(NOW.timestamp())}\nN\n{{"a":1}}\n'.encode()
    )


def test_a_request_without_body_is_signed_with_an_empty_line(merchant):
    header = request_authorization(
        merchant=merchant, method="GET", path="/v3/x", body=b"", now=NOW, nonce="N"
    )
    signature = re.search(r'signature="([^"]*)"', header).group(1)
    check(merchant, signature, f"GET\n/v3/x\n{int(NOW.timestamp())}\nN\n\n".encode())


def test_two_requests_of_the_same_instant_have_different_nonces(merchant):
    headers = {
        request_authorization(merchant=merchant, method="GET", path="/", body=b"", now=NOW) for _ in range(2)
    }
    assert len(headers) == 2


@pytest.mark.parametrize("serial", [CERT_SERIAL, "PUB_KEY_ID_0114232134912410000000000000"])
def test_certificate_and_public_key_both_verify_side_by_side(platform, merchant, serial):
    assert verify(platform.sign(BODY, serial=serial, at=NOW), BODY, merchant, NOW) == serial


def test_header_names_may_come_in_any_case(platform, merchant):
    headers = {name.upper(): value for name, value in platform.sign(BODY, at=NOW).items()}
    verify(headers, BODY, merchant, NOW)


def test_a_certificate_serial_may_come_in_small_letters(platform, merchant):
    headers = platform.sign(BODY, serial=CERT_SERIAL, at=NOW) | {"Wechatpay-Serial": CERT_SERIAL.lower()}
    assert verify(headers, BODY, merchant, NOW) == CERT_SERIAL


def test_an_empty_body_is_verified_as_an_empty_line(platform, merchant):
    verify(platform.sign(b"", at=NOW), b"", merchant, NOW)


def test_a_body_changed_by_one_space_is_rejected(platform, merchant):
    with pytest.raises(Unverified) as caught:
        verify(platform.sign(BODY, at=NOW), BODY.replace(b":", b": ", 1), merchant, NOW)
    assert caught.value.reason == "the signature does not hold"
    assert not caught.value.permanent


def test_an_unknown_serial_is_rejected_even_with_a_good_signature(platform, merchant):
    headers = platform.sign(BODY, serial="PUB_KEY_ID_OTHER", at=NOW, key=platform.public_key)
    with pytest.raises(Unverified) as caught:
        verify(headers, BODY, merchant, NOW)
    assert caught.value.reason == "the serial is not one of ours"
    assert caught.value.unknown_serial == "PUB_KEY_ID_OTHER"


@pytest.mark.parametrize(
    ("begins", "ends", "believed"),
    [(0, 1, True), (None, None, True), (None, 1, True), (1, 2, False), (-2, 0, False), (-2, -1, False)],
)
def test_a_certificate_signs_from_its_beginning_until_before_its_end(
    platform, merchant, begins, ends, believed
):
    key = PlatformKey(
        CERT_SERIAL,
        platform.certificate_key.public_key(),
        None if begins is None else NOW + timedelta(seconds=begins),
        None if ends is None else NOW + timedelta(seconds=ends),
    )
    holder = replace(merchant, platform_keys=(key,))
    headers = platform.sign(BODY, serial=CERT_SERIAL, at=NOW)
    if believed:
        assert verify(headers, BODY, holder, NOW) == CERT_SERIAL
        return
    with pytest.raises(Unverified) as caught:
        verify(headers, BODY, holder, NOW)
    assert caught.value.reason == "the key of this serial is not valid now"
    assert caught.value.unknown_serial == ""


def test_the_serial_of_one_key_with_the_signature_of_the_other_is_rejected(platform, merchant):
    headers = platform.sign(BODY, serial=CERT_SERIAL, at=NOW, key=platform.public_key)
    with pytest.raises(Unverified):
        verify(headers, BODY, merchant, NOW)


def test_a_stranger_who_uses_our_serial_is_rejected(platform, merchant):
    with pytest.raises(Unverified):
        verify(platform.sign(BODY, at=NOW, key=platform.stranger_key), BODY, merchant, NOW)


@pytest.mark.parametrize("seconds", [-300, 300, 301, 86400])
def test_a_clock_300_seconds_away_is_rejected(platform, merchant, seconds):
    at = NOW.replace(microsecond=0)
    with pytest.raises(Unverified) as caught:
        verify(platform.sign(BODY, at=at), BODY, merchant, at + timedelta(seconds=seconds))
    assert caught.value.reason == "the timestamp is outside the 300 s window"


@pytest.mark.parametrize("seconds", [-299, 0, 299])
def test_a_clock_299_seconds_away_is_accepted(platform, merchant, seconds):
    at = NOW.replace(microsecond=0)
    verify(platform.sign(BODY, at=at), BODY, merchant, at + timedelta(seconds=seconds))


def test_a_signature_probe_fails_like_any_wrong_signature(platform, merchant):
    headers = platform.sign(BODY, at=NOW)
    headers["Wechatpay-Signature"] = "WECHATPAY/SIGNTEST/" + headers["Wechatpay-Signature"]
    with pytest.raises(Unverified) as caught:
        verify(headers, BODY, merchant, NOW)
    assert caught.value.reason == "the signature does not hold"


@pytest.mark.parametrize("name", ["Serial", "Timestamp", "Nonce", "Signature"])
def test_a_missing_signature_header_is_rejected(platform, merchant, name):
    headers = platform.sign(BODY, at=NOW)
    del headers[f"Wechatpay-{name}"]
    with pytest.raises(Unverified) as caught:
        verify(headers, BODY, merchant, NOW)
    assert caught.value.reason == "a signature header is missing"


@pytest.mark.parametrize("timestamp", ["soon", "-1", "1.5", "١٢٣", "9" * 5000, " 1"])
def test_a_timestamp_that_is_not_a_number_is_rejected(platform, merchant, timestamp):
    with pytest.raises(Unverified):
        verify(platform.sign(BODY, at=NOW) | {"Wechatpay-Timestamp": timestamp}, BODY, merchant, NOW)


@pytest.mark.parametrize("signature", ["not base64!", "AAAA", "签名", "="])
def test_a_signature_that_is_not_one_is_rejected(platform, merchant, signature):
    with pytest.raises(Unverified):
        verify(platform.sign(BODY, at=NOW) | {"Wechatpay-Signature": signature}, BODY, merchant, NOW)


def test_a_resource_opens_to_exactly_what_was_sealed(platform):
    assert decrypt(platform.seal({"a": 1}), platform.apiv3_key) == b'{"a": 1}'


@pytest.mark.parametrize("absent", ["", None, "left out"])
def test_a_resource_without_associated_data_opens(platform, absent):
    resource = platform.seal({"a": 1}, associated_data="")
    if absent == "left out":
        del resource["associated_data"]
    else:
        resource["associated_data"] = absent
    assert decrypt(resource, platform.apiv3_key) == b'{"a": 1}'


@pytest.mark.parametrize(
    "change",
    [
        {"associated_data": "refund"},
        {"associated_data": 7},
        {"nonce": "000000000000"},
        {"nonce": ""},
        {"nonce": None},
        {"ciphertext": "AAAA"},
        {"ciphertext": "not base64!"},
        {"ciphertext": None},
        {"algorithm": "AEAD_SM4_GCM"},
    ],
)
def test_a_resource_changed_in_any_member_does_not_open(platform, change):
    with pytest.raises(Undecryptable):
        decrypt(platform.seal({"a": 1}) | change, platform.apiv3_key)


def test_another_key_does_not_open_a_resource(platform):
    with pytest.raises(Undecryptable) as caught:
        decrypt(platform.seal({"a": 1}), b"0" * 32)
    assert isinstance(caught.value, WechatError)


def test_client_params_are_texts_and_signed_over_app_time_nonce_and_package(merchant):
    params = client_params(merchant, "wx2421b1c4370ec43b", "wx2016121516420242444321ca0631331346", NOW)
    assert list(params) == ["timeStamp", "nonceStr", "package", "signType", "paySign"]
    assert params["timeStamp"] == str(int(NOW.timestamp()))
    assert params["package"] == "prepay_id=wx2016121516420242444321ca0631331346"
    assert params["signType"] == "RSA"
    assert len(params["nonceStr"]) == 32
    message = f"wx2421b1c4370ec43b\n{params['timeStamp']}\n{params['nonceStr']}\n{params['package']}\n"
    check(merchant, params["paySign"], message.encode())


def test_an_apiv3_key_of_another_length_is_refused_at_once(merchant):
    with pytest.raises(ValueError, match="32 bytes"):
        Merchant(merchant.mchid, merchant.serial_no, merchant.private_key, b"short", ())


def test_no_key_shows_in_a_repr(merchant, platform):
    assert platform.apiv3_key.decode() not in repr(merchant)
    assert "private" not in repr(merchant).lower()
