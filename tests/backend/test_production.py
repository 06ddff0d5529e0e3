"""Production refuses what belongs to a laptop."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from backend.production import check_production

GOOD = {
    "WECHAT_API_BASE": "https://api.weixin.qq.com",
    "WECHAT_PAY_BASE": "https://api.mch.weixin.qq.com",
    "WECHAT_CUSTOMS_BASE": "https://apihk.mch.weixin.qq.com",
    "FACEID_BASE": "https://faceid.tencentcloudapi.com",
    "CFETS_BASE": "https://www.chinamoney.com.cn",
    "SF_BASE": "https://sfapi.sf-express.com",
    "KUAIDI100_BASE": "https://poll.kuaidi100.com",
    "PORT_BASE": "http://10.8.0.5:8080",
    "SIGN_BASE": "",
    "PORT_DATA_BASE": "https://customs.chinaport.gov.cn",
    "PORT_DATA_FROM": "203.0.113.0/24, 2001:db8::/32",
    "CARRIER": "",
    "CLEARANCE": "",
    "CUSTOMS_SENDERS": "",
    "FACEID_SECRET_ID": "AKIDexample",
    "FACEID_SECRET_KEY": "example",
    "VAULT_MASTER_KEYS": "m1:" + "A" * 43 + "=",
    "PUBLIC_BASE_URL": "https://shop.example.com",
    "SECRET_KEY": "x" * 50,
    "ALLOWED_HOSTS": ["shop.example.com"],
    "THROTTLE_FACTOR": 1,
    "WEBHOOKS_INSIDE": False,
    "PARTNER_SANDBOX": "",
}


def test_good_settings_pass():
    check_production(GOOD)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WECHAT_PAY_BASE", "https://127.0.0.2:8100"),
        ("WECHAT_PAY_BASE", "https://wechat-sandbox.example"),
        ("WECHAT_CUSTOMS_BASE", "https://wechat-sandbox.example"),
        ("WECHAT_API_BASE", "http://api.weixin.qq.com"),
        ("FACEID_BASE", "http://faceid.tencentcloudapi.com"),
        ("FACEID_BASE", "http://127.0.0.1:8100"),
        ("CFETS_BASE", "http://127.0.0.1:8100"),
        ("PORT_BASE", "http://127.0.0.1:8100"),
        ("PORT_BASE", "10.8.0.5"),
        ("SIGN_BASE", "http://localhost:8100"),
        ("PORT_DATA_FROM", ""),
        ("PORT_DATA_FROM", " , "),
        ("PORT_DATA_FROM", "203.0.113.0/24,customs"),
        ("PORT_DATA_BASE", "https://swapptest.singlewindow.cn"),
        ("CARRIER", "stand_in"),
        ("CLEARANCE", "stand_in"),
        ("CUSTOMS_SENDERS", "stand_in"),
        ("FACEID_SECRET_ID", ""),
        ("FACEID_SECRET_KEY", ""),
        ("PUBLIC_BASE_URL", "https://[::1]"),
        ("PUBLIC_BASE_URL", "http://shop.example.com"),
        ("SECRET_KEY", "x"),
        ("ALLOWED_HOSTS", ["*"]),
        ("THROTTLE_FACTOR", 1000),
        ("WEBHOOKS_INSIDE", True),
        ("PARTNER_SANDBOX", "maison"),
    ],
)
def test_a_laptops_setting_is_named(name, value):
    with pytest.raises(RuntimeError, match=name):
        check_production(GOOD | {name: value})


def test_who_may_ask_for_payment_data_is_said_in_production_even_if_it_is_anyone():
    with pytest.raises(RuntimeError, match="the networks from which customs asks for payment data, 203"):
        check_production(GOOD | {"PORT_DATA_FROM": ""})
    check_production(GOOD | {"PORT_DATA_FROM": "0.0.0.0/0,::/0"})


KMS = {
    "VAULT_MASTER_KEYS": "kms:m1:ciphertext",
    "KMS_BASE": "https://kms.tencentcloudapi.com",
    "KMS_SECRET_ID": "AKIDexample",
    "KMS_SECRET_KEY": "example",
    "KMS_KEY_ID": "23e80852-1e38-11e9-b129-5cb9019b4b01",
}


def test_master_keys_under_a_kms_pass():
    check_production(GOOD | KMS)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KMS_BASE", "http://kms.tencentcloudapi.com"),
        ("KMS_BASE", "https://127.0.0.1:8100"),
        ("KMS_BASE", "https://kms.tencentcloudapi.com.example"),
        ("KMS_SECRET_ID", ""),
        ("KMS_SECRET_KEY", ""),
        ("KMS_KEY_ID", ""),
    ],
)
def test_a_kms_that_is_not_the_real_one_is_named(name, value):
    with pytest.raises(RuntimeError, match=name):
        check_production(GOOD | KMS | {name: value})


def test_a_switch_that_is_neither_on_nor_off_is_refused():
    done = subprocess.run(
        [sys.executable, "-c", "import backend.settings"],
        env=os.environ | {"D2C_PRODUCTION": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "D2C_PRODUCTION is 1 in production" in done.stderr
