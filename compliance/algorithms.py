"""What is sealed names its algorithm in its first byte; a new algorithm is a new line and touches no row.

Layout of everything sealed: 1 byte algorithm ‖ 12 bytes nonce ‖ ciphertext and tag.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import NamedTuple, NoReturn, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SM3
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

NONCE, TAG = 12, 16


class VaultError(Exception):
    """Base of what the vault refuses."""


class Tampered(VaultError):
    """Not what was sealed here: changed, moved to another row or column, or sealed under another key."""


class Aead(Protocol):
    """Encryption that also vouches for data beside it."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        """Ciphertext and tag."""

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        """The plain data; raises InvalidTag."""


class Sm4Gcm:
    """SM4 (国密, GB/T 32907-2016) in GCM; its 128-bit key is derived from the 32 bytes with SM3."""

    __slots__ = ("_cipher",)

    def __init__(self, material: bytes) -> None:
        self._cipher = algorithms.SM4(HKDFExpand(SM3(), 16, b"SM4-GCM").derive(material))

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes:
        act = Cipher(self._cipher, modes.GCM(nonce)).encryptor()
        act.authenticate_additional_data(associated_data)
        return act.update(data) + act.finalize() + act.tag

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes:
        act = Cipher(self._cipher, modes.GCM(nonce, data[-TAG:])).decryptor()
        act.authenticate_additional_data(associated_data)
        return act.update(data[:-TAG]) + act.finalize()


class Algorithm(NamedTuple):
    """The byte by which a ciphertext names it, and what makes it from 32 bytes."""

    byte: bytes
    make: Callable[[bytes], Aead]


ALGORITHMS: Mapping[str, Algorithm] = {
    "AES-256-GCM": Algorithm(b"\x01", AESGCM),
    "SM4-GCM": Algorithm(b"\x02", Sm4Gcm),
}
DEFAULT = "AES-256-GCM"
_BY_BYTE = {algorithm.byte: algorithm for algorithm in ALGORITHMS.values()}


class Secret:
    """32 bytes that seal with one algorithm and open what any sealed; never printed, never pickled."""

    __slots__ = ("_aeads", "_byte", "_material", "_seals")

    def __init__(self, material: bytes, algorithm: str = DEFAULT) -> None:
        if len(material) != 32:
            raise ValueError("a key has 32 bytes")
        self._material = material
        self._aeads: dict[bytes, Aead] = {}
        self._byte = ALGORITHMS[algorithm].byte
        self._seals = self._aead(self._byte)

    def seal(self, data: bytes, label: bytes) -> bytes:
        """Encrypt `data` for the place that `label` names."""
        nonce = os.urandom(NONCE)
        return self._byte + nonce + self._seals.encrypt(nonce, data, label)

    def open(self, blob: bytes, label: bytes) -> bytes:
        """Decrypt what was sealed for the same place; raises Tampered for anything else."""
        if blob[:1] not in _BY_BYTE:
            raise Tampered("unknown algorithm")
        try:
            return self._aead(blob[:1]).decrypt(blob[1 : 1 + NONCE], blob[1 + NONCE :], label)
        except (InvalidTag, ValueError):
            raise Tampered("this was not sealed here, or was changed") from None

    def _aead(self, byte: bytes) -> Aead:
        made = self._aeads.get(byte)
        if made is None:
            made = self._aeads[byte] = _BY_BYTE[byte].make(self._material)
        return made

    def __repr__(self) -> str:
        return "<Secret>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a plain key does not leave the process")
