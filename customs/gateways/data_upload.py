"""Where payment data goes that customs asked for (实时数据上传), and what customs answers.

TEST https://swapptest.singlewindow.cn, PROD https://customs.chinaport.gov.cn: PORT_DATA_BASE says which.
"""

from __future__ import annotations

from typing import Protocol
from urllib.parse import urlencode

import orjson
from django.conf import settings

from kernel.gateways import Gateway, Unreachable

PARTY = "customs"
PATH = "/ceb2grab/grab/realTimeDataUpload"
TAKEN = "10000"
LONGEST_CODE = 10


class DataUpload(Protocol):
    """Whoever takes payment data."""

    def give(self, text: str) -> str:
        """Hand `payExInfoStr` over; customs' code. Raises Unreachable: whether it was taken is not known."""


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
        return code
