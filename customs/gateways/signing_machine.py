"""The port's signing machine (加签机): a card keeps the key, behind the WebSocket of the E-Port's client.

It speaks first (`open`), answers each request by its number, and hashes what it is given. The client's
own page: https://app.singlewindow.cn (电子口岸控件, ws://127.0.0.1:61232).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import orjson
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from customs.signing.methods import RSA_SHA1, SM2_SM3
from kernel.gateways import CONNECT_SECONDS, READ_SECONDS, Unreachable, let_go_of_database

PARTY = "signing machine"
SIGN, CERTIFICATE = "cus-sec_SpcSignDataAsPEM", "cus-sec_SpcGetSignCertAsPEM"
# By the length of what it makes: SM2's r and s, or an RSA number.
SM2_BYTES = 64


class MachineRefused(Unreachable):
    """The card does not sign: not there, locked, or the password is another. A person must look."""

    code = "signing_machine_refused"


class SigningMachine:
    """A Signer whose key nobody here has ever seen."""

    def __init__(self, address: str, password: str) -> None:
        self._address, self._password = address.replace("http", "ws", 1), password
        self._certificate = ""
        self.method, self.number = "", ""

    @property
    def certificate(self) -> str:
        """The certificate of the card, base64 of its DER."""
        return self._certificate

    def prepare(self) -> None:
        """Learn certificate, number and method of the card, by a signature that is used for nothing."""
        with self._connected() as line:
            self._certificate = str(_asked(line, 1, CERTIFICATE, {})[0])
            signature, self.number = self._signed(line, 2, "-")
        self.method = SM2_SM3 if len(signature) == SM2_BYTES else RSA_SHA1

    def sign(self, data: bytes) -> bytes:
        """The card's signature of `data`. Raises MachineRefused, Unreachable."""
        with self._connected() as line:
            return self._signed(line, 1, data.decode())[0]

    def _signed(self, line: ClientConnection, number: int, text: str) -> tuple[bytes, str]:
        told = _asked(line, number, SIGN, {"inData": text, "passwd": self._password})
        try:
            return base64.b64decode(told[0], validate=True), str(told[1])
        except (IndexError, TypeError, binascii.Error) as fault:
            raise Unreachable(party=PARTY, reason="an answer without a signature") from fault

    def _connected(self) -> ClientConnection:
        let_go_of_database()
        try:
            line = connect(self._address, open_timeout=CONNECT_SECONDS, proxy=None)
            _answer(line)  # it greets
        except (OSError, WebSocketException, TimeoutError) as failure:
            raise Unreachable(party=PARTY, reason=type(failure).__name__) from failure
        return line


def _asked(line: ClientConnection, number: int, method: str, arguments: Mapping[str, str]) -> list[Any]:
    try:
        line.send(orjson.dumps({"_id": number, "_method": method, "args": dict(arguments)}).decode())
        told = _answer(line)
    except (OSError, WebSocketException, TimeoutError) as failure:
        raise Unreachable(party=PARTY, reason=type(failure).__name__) from failure
    said = told.get("_args", told)
    if not said.get("Result"):
        raise MachineRefused(party=PARTY, reason=" ".join(str(one) for one in said.get("Error", []))[:120])
    return list(said.get("Data", []))


def _answer(line: ClientConnection) -> dict[str, Any]:
    try:
        told = orjson.loads(line.recv(timeout=READ_SECONDS))
    except orjson.JSONDecodeError as fault:
        raise Unreachable(party=PARTY, reason="an answer that is no JSON") from fault
    if not isinstance(told, dict):
        raise Unreachable(party=PARTY, reason="an answer that is no object")
    return told
