"""A few bytes are encrypted and decrypted under a key that never leaves the KMS, bound to a context.

https://www.tencentcloud.com/document/api/1030/32189 (Encrypt), and its neighbour Decrypt; another vendor's
service is another class with these two methods.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol
from urllib.parse import urlsplit

import orjson

from kernel import tc3
from kernel.gateways import Gateway, Reply, Unreachable

SERVICE, VERSION = "kms", "2019-01-18"
# The owner has taken the key or our right to it away; everything else may pass, or can be put right.
REVOKED = {
    "ResourceUnavailable.CmkArchived",
    "ResourceUnavailable.CmkDisabled",
    "ResourceUnavailable.CmkNotFound",
    "ResourceUnavailable.CmkStateNotSupport",
    "ResourceUnavailable.KeyDisabled",
    "UnauthorizedOperation",
}


class KmsError(Exception):
    """No answer, or a refusal: `reason` is a code, `revoked` says that the key may not be used any more."""

    def __init__(self, reason: str, *, revoked: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.revoked = reason, revoked


class Kms(Protocol):
    """What the vault needs of a key management service."""

    def encrypt(self, plain: bytes, context: Mapping[str, str], *, now: datetime) -> str:
        """The ciphertext as the service writes it; raises KmsError."""

    def decrypt(self, ciphertext: str, context: Mapping[str, str], *, now: datetime) -> bytes:
        """What `encrypt` was given with the same context; raises KmsError."""


@dataclass(frozen=True)
class TencentKms:
    """One customer master key (CMK) of one account; `base_url` says where."""

    credential: tc3.Credential
    base_url: str
    region: str
    key_id: str

    def encrypt(self, plain: bytes, context: Mapping[str, str], *, now: datetime) -> str:
        told = {"KeyId": self.key_id, "Plaintext": base64.b64encode(plain).decode()}
        return self._call("Encrypt", told, context, now, "CiphertextBlob")

    def decrypt(self, ciphertext: str, context: Mapping[str, str], *, now: datetime) -> bytes:
        plain = self._call("Decrypt", {"CiphertextBlob": ciphertext}, context, now, "Plaintext")
        try:
            return base64.b64decode(plain, validate=True)
        except binascii.Error:
            raise KmsError("malformed answer") from None

    def _call(
        self, action: str, told: dict[str, str], context: Mapping[str, str], now: datetime, wanted: str
    ) -> str:
        body = orjson.dumps({**told, "EncryptionContext": json.dumps(dict(context), sort_keys=True)})
        call = tc3.Call(SERVICE, urlsplit(self.base_url).netloc, action, VERSION, self.region)
        headers = tc3.headers(credential=self.credential, call=call, body=body, now=now)
        try:
            reply = _gateway(self.base_url).call("POST", "/", headers=headers, body=body)
        except Unreachable as failure:
            raise KmsError(failure.reason) from None
        return _read(reply, wanted)


def _read(reply: Reply, wanted: str) -> str:
    if reply.status != 200:
        raise KmsError(f"HTTP {reply.status}")
    try:
        response: dict[str, Any] = orjson.loads(reply.body)["Response"]
        error = response.get("Error")
        if error is None:
            return str(response[wanted])
        code = str(error["Code"])
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        raise KmsError("malformed answer") from None
    raise KmsError(code, revoked=code in REVOKED)  # the code alone: messages may repeat what was sent


@lru_cache(maxsize=4)
def _gateway(base_url: str) -> Gateway:
    return Gateway(party="tencent.kms", base_url=base_url)
