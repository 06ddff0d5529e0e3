"""IdCardVerification (身份信息认证) gives a verdict, or says that there is none and whether to ask again.

https://cloud.tencent.com/document/api/1007/33188
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NoReturn
from urllib.parse import urlsplit

import orjson

from customers.gateways.verifying import Finding, Verdict, VerifierError
from kernel import tc3
from kernel.gateways import Gateway, Reply, Unreachable

SERVICE, ACTION, VERSION = "faceid", "IdCardVerification", "2018-03-01"
VERDICTS = {
    "0": Verdict.MATCHES,
    "-1": Verdict.DIFFERS,
    "-2": Verdict.MALFORMED,
    "-3": Verdict.MALFORMED,
    "-5": Verdict.NO_RECORD,
}
# -4: the authority's service is down; -6: it is being upgraded; -7: asked too often about this number today.
UNDECIDED = {"-4", "-6", "-7"}
FULL_FOR_TODAY = "-7"
# Families of error codes that pass by themselves; all others want someone to act.
# https://cloud.tencent.com/document/api/1007/33188#6.-.E9.94.99.E8.AF.AF.E7.A0.81
PASSING = {"InternalError", "RequestLimitExceeded", "FailedOperation", "LimitExceeded", "ResourceUnavailable"}


@dataclass(frozen=True)
class FaceId:
    """One account at Tencent Cloud; the credentials are the house's."""

    credential: tc3.Credential
    base_url: str
    provider: str = "tencent.faceid"
    recipient: str = "腾讯云计算（北京）有限责任公司 Tencent Cloud, FaceID"
    country: str = "CN"

    def verify(self, *, name: str, number: str, now: datetime) -> Finding:
        """Ask about one pair, in at most five seconds. Raises VerifierError where there is no verdict."""
        body = orjson.dumps({"IdCard": number, "Name": name})
        call = tc3.Call(SERVICE, urlsplit(self.base_url).netloc, ACTION, VERSION)
        headers = tc3.headers(credential=self.credential, call=call, body=body, now=now)
        try:
            reply = _gateway(self.base_url).call("POST", "/", headers=headers, body=body)
        except Unreachable as failure:
            reason = failure.reason
        else:
            return self._read(reply)
        raise VerifierError(provider=self.provider, reason=reason)

    def _read(self, reply: Reply) -> Finding:
        if reply.status != 200:
            self._fail(f"HTTP {reply.status}")
        try:
            response: dict[str, Any] = orjson.loads(reply.body)["Response"]
            request_id = str(response["RequestId"])
            error = response.get("Error")
            code = str(error["Code"] if error else response["Result"])
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
            self._fail("malformed answer")
        if error:
            self._fail(code, request_id, permanent=code.partition(".")[0] not in PASSING)
        if code not in VERDICTS:
            self._fail(
                f"result {code}",
                request_id,
                permanent=code not in UNDECIDED,
                until_tomorrow=code == FULL_FOR_TODAY,
            )
        return Finding(VERDICTS[code], code, request_id)

    def _fail(
        self, reason: str, request_id: str = "", *, permanent: bool = False, until_tomorrow: bool = False
    ) -> NoReturn:
        # Codes only: the vendor's messages may repeat what was sent.
        raise VerifierError(self.provider, reason[:80], request_id[:64], permanent, until_tomorrow)


@lru_cache(maxsize=4)
def _gateway(base_url: str) -> Gateway:
    """One pool of connections an address and thread, whoever asks."""
    return Gateway(party="tencent.faceid", base_url=base_url)
