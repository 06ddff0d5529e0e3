"""Platform certificates follow one another, merchants move to the public key, and their own keys change."""

from __future__ import annotations

import json

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.sandbox.conftest import Merchant


def listed(merchant, **how):
    answer = merchant.call("GET", "/v3/certificates", **how)
    return answer, answer.json().get("data", [])


def certificates(merchant):
    answer, rows = listed(merchant)
    assert answer.status_code == 200
    found = {}
    for row in rows:
        pem = merchant.decrypt(row["encrypt_certificate"])
        certificate = x509.load_pem_x509_certificate(pem)
        assert format(certificate.serial_number, "040X") == row["serial_no"]
        assert row["encrypt_certificate"]["associated_data"] == "certificate"
        found[row["serial_no"]] = certificate.public_key()
    return answer, found


def verifies(platform, found, answer):
    platform.keys |= found
    return platform.verifies(answer.headers, answer.content)


def told(play, merchant, shop, n, **how):
    for _ in range(n):
        play("notify_raw", mchid=merchant.mchid, url=shop.url, event_type="ANY", **how)
        play.until_quiet()
    return [headers["Wechatpay-Serial"] for _, headers, _ in shop.received]


def test_a_new_certificate_signs_while_the_old_one_is_still_listed(play, maison, platform, shop):
    new = play("platform_keys")
    answer, found = certificates(maison)
    assert list(found) == [platform.cert_serial, new["serial"]]
    assert answer.headers["Wechatpay-Serial"] == new["serial"]
    assert verifies(platform, found, answer)
    assert told(play, maison, shop, 1, signed_by="certificate") == [new["serial"]]


def test_an_old_certificate_leaves_the_list_and_reset_brings_the_first_back(play, maison, platform):
    new = play("platform_keys", keep_old=False, valid_days=20)
    assert list(certificates(maison)[1]) == [new["serial"]]
    play("reset")
    assert list(certificates(maison)[1]) == [platform.cert_serial]


@pytest.mark.parametrize(
    ("certificates", "status", "code"),
    [("404", 404, "RESOURCE_NOT_EXISTS"), ("500", 500, "SYSTEM_ERROR"), ("empty", 200, None)],
)
def test_a_merchant_that_has_the_public_key_alone_is_told_of_no_certificate(
    play, maison, swift, platform, shop, certificates, status, code
):
    play("platform_keys", mchid=maison.mchid, mode="public_key", certificates=certificates)
    answer, rows = listed(maison)
    assert (answer.status_code, answer.json().get("code"), rows) == (status, code, [])
    assert answer.headers["Wechatpay-Serial"] == platform.public_key_id
    assert set(told(play, maison, shop, 3)) == {platform.public_key_id}
    assert listed(swift)[0].status_code == 200  # another merchant stands as before


def test_while_a_merchant_switches_its_share_is_signed_by_the_public_key(play, maison, platform, shop):
    play("platform_keys", mchid=maison.mchid, mode="switching", share=0.1)
    signed = told(play, maison, shop, 20)
    assert signed.count(platform.public_key_id) == 2
    assert signed.count(platform.cert_serial) == 18


def test_before_the_switch_the_public_key_is_not_a_key_that_may_be_asked_for(play, maison, platform):
    play("platform_keys", mchid=maison.mchid, mode="certificate")
    answer, _ = listed(maison, headers={"Wechatpay-Serial": platform.public_key_id})
    assert (answer.status_code, answer.json()["code"]) == (400, "PARAM_ERROR")


def test_a_merchant_signs_with_either_certificate_until_one_is_revoked(play, world, base, platform, maison):
    issued = play("merchant_certificate", mchid=maison.mchid)
    changed = {"merchant_serial": issued["serial"], "merchant_private_key_pem": issued["private_key_pem"]}
    renewed = Merchant(world["storefronts"][0] | changed, base, platform)
    certificate = x509.load_pem_x509_certificate(issued["cert_pem"].encode())
    assert (
        certificate.public_key()
        == load_pem_private_key(issued["private_key_pem"].encode(), None).public_key()
    )
    assert [who.query("T1234567").status_code for who in (maison, renewed)] == [404, 404]
    play("merchant_certificate", mchid=maison.mchid, revoke=maison.told["merchant_serial"])
    assert [who.query("T1234567").status_code for who in (maison, renewed)] == [401, 404]
    order = renewed.order()
    client = renewed.client(renewed.prepay(order).json()["prepay_id"])
    assert play("pay", client=client)["out_trade_no"] == order["out_trade_no"]


@pytest.mark.parametrize("body", [{"mode": "other"}, {"mode": "turns", "certificates": "403"}, {}])
def test_a_stand_that_does_not_exist_is_refused(play, maison, body):
    assert play.refused("platform_keys", mchid=maison.mchid, **body).status_code == 400
    assert json.loads(play.refused("platform_keys", mchid="1", mode="turns").text) == {
        "error": "no such mchid"
    }
