"""The signature of Tencent Cloud's APIs, held against the vendor's own worked example."""

from datetime import UTC, datetime

from kernel.tc3 import Call, Credential, authorization, headers

CREDENTIAL = Credential("AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE", "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE")
CALL = Call("cvm", "cvm.tencentcloudapi.com", "DescribeInstances", "2017-03-12", "ap-guangzhou")
BODY = rb'{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}'
SIGNED = (
    "TC3-HMAC-SHA256 Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE/2019-02-25/cvm/tc3_request, "
    "SignedHeaders=content-type;host, "
    "Signature=72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168"
)


def test_the_worked_example_of_the_vendor_is_met():
    assert authorization(credential=CREDENTIAL, call=CALL, body=BODY, timestamp=1551113065) == SIGNED


def test_the_headers_name_the_call_and_its_instant():
    made = headers(credential=CREDENTIAL, call=CALL, body=BODY, now=datetime.fromtimestamp(1551113065.9, UTC))
    assert made == {
        "Authorization": SIGNED,
        "Content-Type": "application/json; charset=utf-8",
        "X-TC-Action": "DescribeInstances",
        "X-TC-Version": "2017-03-12",
        "X-TC-Region": "ap-guangzhou",
        "X-TC-Timestamp": "1551113065",
    }


def test_another_byte_or_another_second_signs_differently():
    for body, timestamp in ((BODY + b" ", 1551113065), (BODY, 1551113066)):
        other = authorization(credential=CREDENTIAL, call=CALL, body=body, timestamp=timestamp)
        assert other.partition("Signature=")[2] != SIGNED.partition("Signature=")[2]


def test_the_secret_key_is_not_shown():
    assert "Gu5t9x" not in repr(CREDENTIAL)
