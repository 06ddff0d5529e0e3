"""Who signs: a key in software here, or the port's signing machine (加签机) with a key in a card.

Both are a Signer; what is signed is handed over whole, and hashed by who signs, as the card does it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from gmssl.sm2 import CryptSM2

from customs.signing.methods import METHODS, RSA_SHA1, SM2_SM3

# The identity that goes into an SM2 signature where none was agreed (GB/T 35276).
SM2_ID = b"1234567812345678"
SM2_BYTES = 32


class Signer(Protocol):
    """A key that signs for an enterprise: its method, the number of its certificate (证书号), and that."""

    @property
    def method(self) -> str: ...

    @property
    def number(self) -> str: ...

    @property
    def certificate(self) -> str: ...

    def sign(self, data: bytes) -> bytes:
        """The signature of `data`. Raises Unreachable where someone outside signs and does not answer."""


class Verifier(Protocol):
    """The public half."""

    @property
    def method(self) -> str: ...

    def holds(self, signature: bytes, data: bytes) -> bool:
        """Whether `signature` was made over `data` by this key."""


@dataclass(frozen=True, slots=True)
class RsaSigner:
    key: rsa.RSAPrivateKey
    number: str
    certificate: str
    method: str = RSA_SHA1

    @property
    def public(self) -> bytes:
        """The modulus, as a certificate of this key holds it."""
        return self.key.public_key().public_numbers().n.to_bytes((self.key.key_size + 7) // 8)

    def sign(self, data: bytes) -> bytes:
        return self.key.sign(data, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303 - the specification's


@dataclass(frozen=True, slots=True)
class RsaVerifier:
    key: rsa.RSAPublicKey
    method: str = RSA_SHA1

    def holds(self, signature: bytes, data: bytes) -> bool:
        try:
            self.key.verify(signature, data, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303
        except InvalidSignature:
            return False
        return True


class Sm2Verifier:
    """An SM2 key (GB/T 32918) by its public point: 64 bytes, x and y."""

    method = SM2_SM3

    def __init__(self, point: bytes) -> None:
        if len(point) != 2 * SM2_BYTES:
            raise ValueError("an SM2 public key is a point of 64 bytes")
        self._curve = _curve("", point)
        self._identity = _identity(point)

    def holds(self, signature: bytes, data: bytes) -> bool:
        r, s = signature[:SM2_BYTES], signature[SM2_BYTES:]
        if len(s) != SM2_BYTES or not all(0 < int.from_bytes(one) < _order() for one in (r, s)):
            return False
        return bool(self._curve.verify(signature.hex(), self._hashed(data)))

    def _hashed(self, data: bytes) -> bytes:
        return METHODS[SM2_SM3].digested(self._identity + data)


class Sm2Signer(Sm2Verifier):
    """An SM2 private key of 32 bytes; a signature is r and s, 64 bytes. `public` is its point."""

    def __init__(self, key: bytes, number: str, certificate: str) -> None:
        self.public = sm2_point(key)
        super().__init__(self.public)
        self._curve.private_key = key.hex()
        self.number, self.certificate = number, certificate

    def sign(self, data: bytes) -> bytes:
        hashed = self._hashed(data)
        while True:
            if made := self._curve.sign(hashed, f"{1 + secrets.randbelow(_order() - 1):064x}"):
                return bytes.fromhex(made)


def sm2_point(key: bytes) -> bytes:
    """The public point of an SM2 private key."""
    if len(key) != SM2_BYTES or not 0 < int.from_bytes(key) < _order():
        raise ValueError("an SM2 private key is a number of 32 bytes below the order of the curve")
    curve = _curve("", bytes(2 * SM2_BYTES))
    return bytes.fromhex(curve._kg(int.from_bytes(key), curve.ecc_table["g"]))


def _curve(private: str, point: bytes) -> CryptSM2:
    # Set afterwards: the constructor takes every leading 0 and 4 off a key that begins with 04.
    curve = CryptSM2(private_key=private, public_key="")
    curve.public_key = point.hex()
    return curve


def _order() -> int:
    return int(CryptSM2(private_key="", public_key="").ecc_table["n"], 16)


def _identity(point: bytes) -> bytes:
    """Z of GB/T 32918.2 §5.5: the hash of the identity, the curve and the public key."""
    table = CryptSM2(private_key="", public_key="").ecc_table
    length = (8 * len(SM2_ID)).to_bytes(2)
    curve = bytes.fromhex(table["a"] + table["b"] + table["g"])
    return METHODS[SM2_SM3].digested(length + SM2_ID + curve + point)
