"""FaceID's stand-in lets in what Tencent Cloud would, and answers in its shapes; signed here on its own."""

import hashlib
import hmac
import json
import time
from datetime import UTC, datetime

import pytest
import requests

NUMBER, NAME = "11010519491231002X", "王爱丽"
BODY = {"IdCard": NUMBER, "Name": NAME}


def call(base, keys, body, *, ahead=0, tampered=False, **changed):
    """One call of IdCardVerification; `changed` replaces headers, None removes one."""
    timestamp, sent = int(time.time()) + ahead, json.dumps(body, ensure_ascii=False).encode()
    day = datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%d")
    host, kind = base.removeprefix("http://"), "application/json; charset=utf-8"
    payload = hashlib.sha256(sent).hexdigest()
    canonical = f"POST\n/\n\ncontent-type:{kind}\nhost:{host}\n\ncontent-type;host\n{payload}"
    scope = f"{day}/faceid/tc3_request"
    to_sign = f"TC3-HMAC-SHA256\n{timestamp}\n{scope}\n" + hashlib.sha256(canonical.encode()).hexdigest()
    key = ("TC3" + keys["secret_key"]).encode()
    for part in [day, "faceid", "tc3_request", to_sign]:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    headers = {
        "Content-Type": kind,
        "X-TC-Action": "IdCardVerification",
        "X-TC-Version": "2018-03-01",
        "X-TC-Timestamp": str(timestamp),
        "Authorization": f"TC3-HMAC-SHA256 Credential={keys['secret_id']}/{scope}, "
        f"SignedHeaders=content-type;host, Signature={key.hex()}",
    }
    headers |= {name.replace("_", "-"): value for name, value in changed.items()}
    return requests.post(
        base + "/",
        data=sent + b" " if tampered else sent,
        headers={name: value for name, value in headers.items() if value is not None},
        timeout=9,
    )


@pytest.fixture
def keys(world, play):
    return world["tencent"]


def response(answer):
    assert answer.status_code == 200
    told = answer.json()["Response"]
    assert len(told.pop("RequestId")) == 36
    return told


def test_a_well_formed_number_belongs_to_whoever_asks(base, keys):
    assert response(call(base, keys, BODY)) == {"Result": "0", "Description": "姓名和身份证号一致"}


def test_a_number_that_was_told_of_belongs_to_one_name(base, keys, play):
    play("identity", number=NUMBER, name="李宝宝")
    assert response(call(base, keys, BODY))["Result"] == "-1"
    assert response(call(base, keys, {**BODY, "Name": "李宝宝"}))["Result"] == "0"
    play("identity", number=NUMBER)
    assert response(call(base, keys, BODY))["Result"] == "-5"


@pytest.mark.parametrize(
    ("changed", "result"),
    [({"IdCard": "110105194912310021"}, "-2"), ({"IdCard": "123"}, "-2"), ({"Name": "王"}, "-3")],
)
def test_what_cannot_be_a_number_or_a_name_has_its_own_result(base, keys, changed, result):
    assert response(call(base, keys, BODY | changed))["Result"] == result


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"Authorization": None}, "AuthFailure.InvalidAuthorization"),
        ({"X_TC_Timestamp": None}, "MissingParameter"),
        ({"ahead": -400}, "AuthFailure.SignatureExpire"),
        ({"ahead": 400}, "AuthFailure.SignatureExpire"),
        ({"tampered": True}, "AuthFailure.SignatureFailure"),
        ({"X_TC_Action": "SomethingElse"}, "InvalidAction"),
        ({"X_TC_Version": "2017-01-01"}, "InvalidAction"),
    ],
)
def test_a_call_that_is_not_rightly_signed_is_refused_in_the_envelope(base, keys, how, code):
    assert response(call(base, keys, BODY, **how))["Error"]["Code"] == code


def test_a_key_that_is_not_ours_is_refused(base, keys):
    assert (
        response(call(base, keys | {"secret_id": "AKIDnobody"}, BODY))["Error"]["Code"]
        == "AuthFailure.SecretIdNotFound"
    )
    assert (
        response(call(base, keys | {"secret_key": "wrong"}, BODY))["Error"]["Code"]
        == "AuthFailure.SignatureFailure"
    )


@pytest.mark.parametrize("missing", ["IdCard", "Name"])
def test_a_missing_field_is_named(base, keys, missing):
    told = response(call(base, keys, {name: value for name, value in BODY.items() if name != missing}))
    assert told["Error"]["Code"] == "MissingParameter"
    assert missing in told["Error"]["Message"]


def test_switches_spoil_one_call_each(base, keys, play):
    play("switches", call="identity", mode="result", code="-6")
    play("switches", call="identity", mode="error", code="RequestLimitExceeded")
    play("switches", call="identity", mode="wrong_answer")
    play("switches", call="identity", mode="500")
    play("switches", call="identity", mode="timeout", seconds=0)
    assert response(call(base, keys, BODY))["Result"] == "-6"
    assert response(call(base, keys, BODY))["Error"]["Code"] == "RequestLimitExceeded"
    assert response(call(base, keys, BODY)) == {}
    assert call(base, keys, BODY).status_code == 500
    with pytest.raises(requests.ConnectionError):
        call(base, keys, BODY)
    assert response(call(base, keys, BODY))["Result"] == "0"
    log = [(row["status"], row["code"], row["switch"]) for row in play.log()["calls"] if "code" in row]
    assert log == [
        (200, None, "result"),
        (200, "RequestLimitExceeded", "error"),
        (200, None, "wrong_answer"),
        (500, None, "500_before"),
        (200, None, None),
    ]


def test_a_switch_that_makes_no_sense_is_refused(play):
    assert play.refused("switches", call="identity", mode="result", code="-9").status_code == 400
    assert play.refused("switches", call="identity", mode="result").status_code == 400
    assert play.refused("switches", call="identity", mode="error", code=7).status_code == 400
    assert play.refused("identity").status_code == 400
