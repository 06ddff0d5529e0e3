"""FaceID is asked with the right signature, and whatever it answers is a verdict or none, never a guess."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from customers.gateways.faceid.client import FaceId
from customers.gateways.verifying import Verdict, VerifierError
from kernel.tc3 import Credential
from tests import make
from tests.stand_in import StandIn, running

NUMBER, NAME = make.NUMBERS[make.ALICE], make.NAMES[make.ALICE]


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    with running(tmp_path_factory.mktemp("stand-in")) as started:
        yield started


@pytest.fixture
def stand_in(process: StandIn) -> StandIn:
    process.control("reset")
    return process


def ask(stand_in: StandIn, *, name: str = NAME, number: str = NUMBER, **keys: str):  # type: ignore[no-untyped-def]
    account = FaceId(Credential(**(stand_in.world["tencent"] | keys)), stand_in.url)
    return account.verify(name=name, number=number, now=make.present())


def test_a_pair_that_belongs_together_matches(stand_in: StandIn) -> None:
    found = ask(stand_in)
    assert (found.verdict, found.code, len(found.request_id)) == (Verdict.MATCHES, "0", 36)


@pytest.mark.parametrize(
    ("code", "verdict"),
    [("-1", "differs"), ("-2", "malformed"), ("-3", "malformed"), ("-5", "no_record")],
)
def test_a_final_answer_is_a_verdict(stand_in: StandIn, code: str, verdict: str) -> None:
    stand_in.control("switches", call="identity", mode="result", code=code)
    found = ask(stand_in)
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
    stand_in: StandIn, switch: dict[str, object], reason: str, permanent: bool
) -> None:
    stand_in.control("switches", call="identity", **switch)
    with pytest.raises(VerifierError) as caught:
        ask(stand_in)
    assert (caught.value.reason, caught.value.permanent) == (reason, permanent)
    assert (caught.value.http_status == 502) is permanent
    assert NUMBER not in str(caught.value) and NAME not in str(caught.value.facts())


def test_wrong_keys_are_refused_for_good(stand_in: StandIn) -> None:
    with pytest.raises(VerifierError) as caught:
        ask(stand_in, secret_key="wrong")
    assert (caught.value.reason, caught.value.permanent) == ("AuthFailure.SignatureFailure", True)
    assert "wrong" not in repr(FaceId(Credential("AKID", "wrong"), stand_in.url))
