"""Where payment data goes that customs asked for (实时数据上传), and what customs answers.

TEST https://swapptest.singlewindow.cn, PROD https://customs.chinaport.gov.cn: PORT_DATA_BASE says which.
"""

from __future__ import annotations

import re
from typing import Protocol
from urllib.parse import urlencode

import orjson
from django.conf import settings

from kernel.gateways import Gateway, Unreachable

PARTY = "customs"
PATH = "/ceb2grab/grab/realTimeDataUpload"
TAKEN = "10000"
LONGEST_CODE = 10
# Published is only that what is wrong has a code from 20001 to 21000: which it is, customs says in words.
FIRST_FAULT, LAST_FAULT = 20001, 21000
_SESSION = re.compile(r"session|会话", re.IGNORECASE)
_UNKNOWN = re.compile(
    r"不存在|无此|无效|未知|未找到|失效|过期|unknown|not found|invalid|expired", re.IGNORECASE
)


class UnknownSession(Exception):
    """Customs knows of no such session: somebody else asked, or customs asks no more."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class DataUpload(Protocol):
    """Whoever takes payment data."""

    def give(self, text: str) -> str:
        """Hand `payExInfoStr` over; customs' code.

        Raises UnknownSession, or Unreachable: whether it was taken is not known.
        """


def data_upload() -> DataUpload:
    """The address that PORT_DATA_BASE names."""
    return HttpUpload(settings.PORT_DATA_BASE)


class HttpUpload:
    """One form field over HTTPS."""

    def __init__(self, base_url: str) -> None:
        self._gateway = Gateway(PARTY, base_url)

    def give(self, text: str) -> str:
        headers = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}
        body = urlencode({"payExInfoStr": text}).encode()
        reply = self._gateway.call("POST", PATH, headers=headers, body=body)
        if reply.status != 200:
            raise Unreachable(party=PARTY, reason=f"HTTP {reply.status}")
        try:
            told = orjson.loads(reply.body)
            code = str(told["code"])
        except (orjson.JSONDecodeError, TypeError, KeyError):
            code = ""
        if not code.isdecimal() or len(code) > LONGEST_CODE:
            raise Unreachable(party=PARTY, reason="an answer without a code")
        words = str(told.get("message", ""))
        if FIRST_FAULT <= int(code) <= LAST_FAULT and _SESSION.search(words) and _UNKNOWN.search(words):
            raise UnknownSession(code)
        return code
