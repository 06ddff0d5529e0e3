"""A platform certificate counts only if it is sealed for us, agrees with itself, and the answer is signed."""

from __future__ import annotations

import base64
import json
import secrets
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tests.wechat.conftest import CERT_SERIAL, PUBLIC_KEY_ID
from wechat.credentials import Merchant
from wechat.errors import OutcomeUnknown
from wechat.pay.certificates import fetch, read_certificate
from wechat.pay.client import PayClient

NOW = datetime.now(UTC)
NUMBER = int("0B57F09EFDC096DE15EBE81A47057A7232F1B8E1", 16)
SERIAL = "0B57F09EFDC096DE15EBE81A47057A7232F1B8E1"


def certificate(key, *, number=NUMBER, ends=NOW + timedelta(days=1000)):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tenpay")])
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(number)
        .not_valid_before(NOW - timedelta(days=2000))
        .not_valid_after(ends)
        .sign(key, SHA256())
    )
    return built.public_bytes(Encoding.PEM).decode()


def row(apiv3_key, pem, *, serial=SERIAL, associated_data="certificate", **more):
    nonce = secrets.token_hex(6)
    sealed = AESGCM(apiv3_key).encrypt(nonce.encode(), pem.encode(), associated_data.encode())
    return {
        "serial_no": serial,
        "effective_time": "2026-01-01T00:00:00+08:00",
        "encrypt_certificate": {
            "algorithm": "AEAD_AES_256_GCM",
            "nonce": nonce,
            "associated_data": associated_data,
            "ciphertext": base64.b64encode(sealed).decode(),
        },
        **more,
    }


@pytest.fixture(scope="module")
def new_key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def answers(server, platform):
    """Answer with these rows, signed as `serial` by `key`."""

    def put(rows, *, serial, key=None, status=200, age=0):
        body = json.dumps({"data": rows} if isinstance(rows, list) else rows).encode()

        def answer(_seen):
            at = datetime.now(UTC) - timedelta(seconds=age)
            return status, platform.sign(body, serial=serial, key=key, at=at), body

        server.answer = answer

    return put


@pytest.fixture
def stranger(merchant):
    """The merchant before its first fetch: no platform key at all."""
    return Merchant(merchant.mchid, merchant.serial_no, merchant.private_key, merchant.apiv3_key, ())


def fetched(server, merchant):
    return fetch(PayClient(merchant, server.url), now=NOW)


def test_an_answer_signed_by_a_key_on_file_brings_the_certificate_with_its_times(
    server, merchant, answers, platform, new_key
):
    answers([row(platform.apiv3_key, certificate(new_key))], serial=CERT_SERIAL)
    (one,) = fetched(server, merchant)
    assert one.serial == SERIAL
    assert one.public_key.public_numbers() == new_key.public_key().public_numbers()
    assert one.expires_at == (NOW + timedelta(days=1000)).replace(microsecond=0)
    (seen,) = server.seen
    assert (seen.method, seen.path) == ("GET", "/v3/certificates")
    assert seen.headers["Wechatpay-Serial"] == PUBLIC_KEY_ID


def test_at_the_first_fetch_the_answer_is_verified_by_the_certificate_it_carries(
    server, stranger, answers, platform, new_key
):
    answers([row(platform.apiv3_key, certificate(new_key))], serial=SERIAL, key=new_key)
    assert [one.serial for one in fetched(server, stranger)] == [SERIAL]


def test_a_first_answer_that_the_carried_certificate_did_not_sign_brings_nothing(
    server, stranger, answers, platform, new_key
):
    answers([row(platform.apiv3_key, certificate(new_key))], serial=SERIAL, key=platform.stranger_key)
    with pytest.raises(OutcomeUnknown, match="wechat_outcome_unknown") as caught:
        fetched(server, stranger)
    assert caught.value.reason == "HTTP 200, unverified: the signature does not hold"


def test_an_old_first_answer_played_again_brings_nothing(server, stranger, answers, platform, new_key):
    answers([row(platform.apiv3_key, certificate(new_key))], serial=SERIAL, key=new_key, age=301)
    with pytest.raises(OutcomeUnknown) as caught:
        fetched(server, stranger)
    assert caught.value.reason == "HTTP 200, unverified: the timestamp is outside the 300 s window"


def test_a_stranger_who_carries_an_own_certificate_is_not_believed(
    server, stranger, merchant, answers, platform
):
    theirs = row(secrets.token_bytes(32), certificate(platform.stranger_key))
    answers([theirs], serial=SERIAL, key=platform.stranger_key)
    for who in (stranger, merchant):
        with pytest.raises(OutcomeUnknown) as caught:
            fetched(server, who)
        assert "does not open under our key" in caught.value.reason or "undecryptable" in caught.value.reason


def test_the_serial_of_a_key_on_file_is_verified_by_that_key_and_no_other(
    server, merchant, answers, platform, new_key
):
    number = int(CERT_SERIAL, 16)
    carried = row(platform.apiv3_key, certificate(new_key, number=number), serial=CERT_SERIAL)
    answers([carried], serial=CERT_SERIAL, key=new_key)
    with pytest.raises(OutcomeUnknown) as caught:
        fetched(server, merchant)
    assert caught.value.reason == "HTTP 200, unverified: the signature does not hold"


def test_a_house_that_slept_through_a_change_is_reached_by_the_certificate_in_the_answer(
    server, merchant, answers, platform, new_key
):
    answers([row(platform.apiv3_key, certificate(new_key))], serial=SERIAL, key=new_key)
    assert [one.serial for one in fetched(server, merchant)] == [SERIAL]


def spoilt(key, apiv3_key):
    good = certificate(key)
    return {
        "another serial": row(apiv3_key, good, serial="0C57F0"),
        "no certificate": row(apiv3_key, "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----"),
        "sealed as a transaction": row(apiv3_key, good, associated_data="transaction"),
        "no serial": row(apiv3_key, good, serial=None),
        "no ciphertext": {"serial_no": SERIAL},
        "an end that is no instant": row(apiv3_key, good, expire_time="tomorrow"),
    }


SPOILT = (
    "another serial",
    "no certificate",
    "sealed as a transaction",
    "no serial",
    "no ciphertext",
    "an end that is no instant",
)


@pytest.mark.parametrize("how", SPOILT)
def test_one_entry_that_does_not_hold_spoils_the_whole_answer(
    server, merchant, answers, platform, new_key, how
):
    good = row(platform.apiv3_key, certificate(new_key))
    answers([good, spoilt(new_key, platform.apiv3_key)[how]], serial=PUBLIC_KEY_ID)
    with pytest.raises(OutcomeUnknown) as caught:
        fetched(server, merchant)
    assert caught.value.reason.startswith("not to be used: ")


def test_a_certificate_whose_key_is_short_is_not_taken():
    short = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    with pytest.raises(ValueError, match="2048 bits"):
        read_certificate(certificate(short))


def test_an_expired_certificate_in_the_list_is_left_out(server, merchant, answers, platform, new_key):
    old = row(platform.apiv3_key, certificate(new_key, ends=NOW - timedelta(seconds=1)))
    answers([old], serial=PUBLIC_KEY_ID)
    assert fetched(server, merchant) == []


def test_the_list_may_bring_an_end_forward_and_never_put_it_off(server, merchant, answers, platform, new_key):
    sooner, later = NOW + timedelta(days=1), NOW + timedelta(days=5000)
    for told, expected in ((sooner, sooner), (later, (NOW + timedelta(days=1000)).replace(microsecond=0))):
        pem = certificate(new_key)
        answers([row(platform.apiv3_key, pem, expire_time=told.isoformat())], serial=PUBLIC_KEY_ID)
        assert [one.expires_at for one in fetched(server, merchant)] == [expected]


@pytest.mark.parametrize("body", [{"data": []}, {"data": None}, {}])
def test_a_merchant_without_certificates_is_told_so_by_an_empty_list(server, merchant, answers, body):
    answers(body, serial=PUBLIC_KEY_ID)
    assert fetched(server, merchant) == []


def test_a_signed_word_that_there_are_none_is_an_empty_list(server, merchant, answers):
    answers({"code": "RESOURCE_NOT_EXISTS", "message": "无"}, serial=PUBLIC_KEY_ID, status=404)
    assert fetched(server, merchant) == []


def test_a_failure_of_wechat_brings_nothing_and_says_its_code(server, merchant, answers):
    answers({"code": "SYSTEM_ERROR", "message": "系统异常"}, serial=PUBLIC_KEY_ID, status=500)
    with pytest.raises(OutcomeUnknown) as caught:
        fetched(server, merchant)
    assert (caught.value.reason, caught.value.wechat_code) == ("HTTP 500", "SYSTEM_ERROR")
