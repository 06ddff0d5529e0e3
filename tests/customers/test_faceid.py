"""FaceID is asked with the right signature, and whatever it answers is a verdict or none, never a guess."""

from __future__ import annotations

import pytest

from customers.gateways.faceid.client import FaceId
from customers.gateways.verifying import Finding, Verdict, VerifierError
from kernel.tc3 import Credential
from tests import make
from tests.stand_in import StandIn

NUMBER, NAME = make.NUMBERS[make.ALICE], make.NAMES[make.ALICE]


def ask(provider: StandIn, *, name: str = NAME, number: str = NUMBER, **keys: str) -> Finding:
    account = FaceId(Credential(**(provider.world["tencent"] | keys)), provider.url)
    return account.verify(name=name, number=number, now=make.present())


def test_a_pair_that_belongs_together_matches(provider: StandIn) -> None:
    found = ask(provider)
    assert (found.verdict, found.code, len(found.request_id)) == (Verdict.MATCHES, "0", 36)


@pytest.mark.parametrize(
    ("code", "verdict"),
    [("-1", "differs"), ("-2", "malformed"), ("-3", "malformed"), ("-5", "no_record")],
)
def test_a_final_answer_is_a_verdict(provider: StandIn, code: str, verdict: str) -> None:
    provider.control("switches", call="identity", mode="result", code=code)
    found = ask(provider)
    assert (found.verdict, found.code) == (verdict, code)


@pytest.mark.parametrize(
    ("switch", "reason", "permanent"),
    [
        ({"mode": "result", "code": "-4"}, "result -4", False),
        ({"mode": "result", "code": "-6"}, "result -6", False),
        ({"mode": "result", "code": "-7"}, "result -7", False),
        ({"mode": "500"}, "HTTP 500", False),
        ({"mode": "wrong_answer"}, "malformed answer", False),
        ({"mode": "timeout", "seconds": 0}, "ConnectionError", False),
        ({"mode": "error", "code": "RequestLimitExceeded"}, "RequestLimitExceeded", False),
        ({"mode": "error", "code": "InternalError.Unknown"}, "InternalError.Unknown", False),
        ({"mode": "error", "code": "FailedOperation.ActionFailed"}, "FailedOperation.ActionFailed", False),
        ({"mode": "error", "code": "UnauthorizedOperation.Arrears"}, "UnauthorizedOperation.Arrears", True),
        ({"mode": "error", "code": "AuthFailure.SignatureFailure"}, "AuthFailure.SignatureFailure", True),
    ],
)
def test_no_verdict_says_whether_asking_again_can_help(
    provider: StandIn, switch: dict[str, object], reason: str, permanent: bool
) -> None:
    provider.control("switches", call="identity", **switch)
    with pytest.raises(VerifierError) as caught:
        ask(provider)
    assert (caught.value.reason, caught.value.permanent) == (reason, permanent)
    assert caught.value.until_tomorrow is (reason == "result -7")
    assert (caught.value.http_status == 502) is permanent
    assert NUMBER not in str(caught.value) and NAME not in str(caught.value.facts())


def test_wrong_keys_are_refused_for_good(provider: StandIn) -> None:
    with pytest.raises(VerifierError) as caught:
        ask(provider, secret_key="wrong")
    assert (caught.value.reason, caught.value.permanent) == ("AuthFailure.SignatureFailure", True)
    assert "wrong" not in repr(FaceId(Credential("AKID", "wrong"), provider.url))
