"""The port's signing machine (加签机): a card keeps the key, behind the WebSocket of the E-Port's client.

It speaks first (`open`), answers each request by its number, and hashes what it is given. The client's
own page: https://app.singlewindow.cn (电子口岸控件, ws://127.0.0.1:61232): requests carry `args`, answers
`_args`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import orjson
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from customs.signing.certificates import bare, method_of
from kernel.gateways import CONNECT_SECONDS, READ_SECONDS, Unreachable, let_go_of_database

PARTY = "signing machine"
SIGN, CERTIFICATE = "cus-sec_SpcSignDataAsPEM", "cus-sec_SpcGetSignCertAsPEM"
# The reader found no card: it is put in again, and nothing is lost by asking.
ABSENT = "50070"


class MachineRefused(Unreachable):
    """The card does not sign: not there, locked, or the password is another. A person must look."""

    code = "signing_machine_refused"

    @property
    def lasting(self) -> bool:
        """Whether asking again may do harm: some wrong passwords lock a card for good."""
        return ABSENT not in self.reason


class SigningMachine:
    """A Signer whose key nobody here has ever seen. It is asked what it is when that is first wanted.

    `number` is known once it has signed: the machine tells it with the signature.
    """

    def __init__(self, address: str, password: str) -> None:
        self._address, self._password = address.replace("http", "ws", 1), password
        self.number = ""

    @cached_property
    def certificate(self) -> str:
        """The certificate of the card, base64 of its DER. Raises MachineRefused, Unreachable."""
        with self._connected() as line:
            told = _asked(line, 1, CERTIFICATE, {})
        try:
            return bare(str(told[0]))
        except (IndexError, ValueError) as fault:
            raise Unreachable(party=PARTY, reason="an answer without a certificate") from fault

    @property
    def method(self) -> str:
        """How the card's key signs. Raises as `certificate` does."""
        return method_of(self.certificate)

    def sign(self, data: bytes) -> bytes:
        """The card's signature of `data`. Raises MachineRefused, Unreachable."""
        with self._connected() as line:
            told = _asked(line, 1, SIGN, {"inData": data.decode(), "passwd": self._password})
        try:
            signature, self.number = base64.b64decode(told[0], validate=True), str(told[1])
        except (IndexError, TypeError, binascii.Error) as fault:
            raise Unreachable(party=PARTY, reason="an answer without a signature") from fault
        return signature

    @contextmanager
    def _connected(self) -> Iterator[ClientConnection]:
        let_go_of_database()
        try:
            with connect(self._address, open_timeout=CONNECT_SECONDS, proxy=None) as line:
                _answer(line)  # it greets
                yield line
        except (OSError, WebSocketException, TimeoutError) as failure:
            raise Unreachable(party=PARTY, reason=type(failure).__name__) from failure


def _asked(line: ClientConnection, number: int, method: str, arguments: Mapping[str, str]) -> list[Any]:
    line.send(orjson.dumps({"_id": number, "_method": method, "args": dict(arguments)}).decode())
    said = _answer(line).get("_args")
    if not isinstance(said, dict) or not isinstance(said.get("Data"), list):
        raise Unreachable(party=PARTY, reason="an answer that cannot be read")
    if not said.get("Result"):
        raise MachineRefused(party=PARTY, reason=" ".join(map(str, said.get("Error") or []))[:120])
    return list(said["Data"])


def _answer(line: ClientConnection) -> dict[str, Any]:
    try:
        told = orjson.loads(line.recv(timeout=READ_SECONDS))
    except orjson.JSONDecodeError as fault:
        raise Unreachable(party=PARTY, reason="an answer that is no JSON") from fault
    if not isinstance(told, dict):
        raise Unreachable(party=PARTY, reason="an answer that is no object")
    return told
