"""A sealed text opens only with its own key, in the very row and column it was sealed for.

Pure cryptography: no settings, no database. How the bytes are sealed stands in algorithms.py.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import unicodedata
from typing import Literal, NoReturn, Protocol
from uuid import UUID

from compliance.algorithms import DEFAULT, Secret, Tampered, VaultError

__all__ = ["BlindIndex", "Key", "LocalMasterKeys", "MasterKeys", "Tampered", "VaultClosed", "VaultError"]

IndexKind = Literal["id_number", "phone", "address", "openid", "identity_pair", "device", "share_code"]


class VaultClosed(VaultError):
    """The key was destroyed; what it sealed is gone for good."""


class Key:
    """A plain data key for the length of one request or task; never printed, never pickled."""

    __slots__ = ("_secret", "id")

    def __init__(self, id: UUID, material: bytes, algorithm: str = DEFAULT) -> None:
        self.id = id
        self._secret = Secret(material, algorithm)

    def seal(self, label: str, ref: UUID | str, text: str) -> bytes:
        """Encrypt `text` for the column `label` ("table.field") of the row `ref`."""
        return self._secret.seal(text.encode(), f"{label}:{ref}".encode())

    def open(self, label: str, ref: UUID | str, blob: bytes) -> str:
        """Decrypt what `seal` made for the same label and ref; raises Tampered for anything else."""
        return self._secret.open(blob, f"{label}:{ref}".encode()).decode()

    def __repr__(self) -> str:
        return f"<Key {self.id}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a plain key does not leave the process")


class MasterKeys(Protocol):
    """Wraps data keys under the current one of several master keys, and opens under all of them."""

    @property
    def current(self) -> str:
        """The id of the master key that wraps."""

    def wrap(self, data_key_id: UUID, material: bytes) -> tuple[str, bytes]:
        """Wrap under the current master key: (master key id, wrapped)."""

    def unwrap(self, data_key_id: UUID, wrapped: bytes, master_key_id: str) -> bytes:
        """The plain data key; raises Tampered, or VaultError when the master key is not known."""


class LocalMasterKeys:
    """Master keys held in this process, from the environment or a file; the first one is current."""

    __slots__ = ("_secrets", "current")

    def __init__(self, keys: dict[str, bytes], algorithm: str = DEFAULT) -> None:
        if not keys or any(len(material) != 32 for material in keys.values()):
            raise ValueError("master keys have 32 bytes, and there is at least one")
        self.current = next(iter(keys))
        self._secrets = {id: Secret(material, algorithm) for id, material in keys.items()}

    def wrap(self, data_key_id: UUID, material: bytes) -> tuple[str, bytes]:
        return self.current, self._secrets[self.current].seal(material, _wrap_label(data_key_id))

    def unwrap(self, data_key_id: UUID, wrapped: bytes, master_key_id: str) -> bytes:
        secret = self._secrets.get(master_key_id)
        if secret is None:
            raise VaultError(f"master key {master_key_id!r} is not configured")
        return secret.open(wrapped, _wrap_label(data_key_id))

    def __repr__(self) -> str:
        return f"<LocalMasterKeys {', '.join(self._secrets)}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("master keys do not leave the process")


class BlindIndex:
    """Finds equal values without reading them: HMAC-SHA-256 behind one byte that names the key."""

    __slots__ = ("_keys",)

    def __init__(self, keys: dict[str, bytes]) -> None:
        if not keys or any(len(material) < 32 for material in keys.values()):
            raise ValueError("index keys have at least 32 bytes, and there is at least one")
        tagged = {hashlib.sha256(id.encode()).digest()[:1]: material for id, material in keys.items()}
        if len(tagged) != len(keys):
            raise ValueError("two ids of index keys share their tag byte; choose another id")
        self._keys = tuple(tagged.items())

    def blind(self, kind: IndexKind, value: str) -> bytes:
        """33 bytes under the current key: what is stored and looked for."""
        tag, key = self._keys[0]
        return tag + hmac.digest(key, f"{kind}\x00{normal(kind, value)}".encode(), "sha256")

    def blinds(self, kind: IndexKind, value: str) -> list[bytes]:
        """The same under every known key, current first: what is looked for while keys change."""
        message = f"{kind}\x00{normal(kind, value)}".encode()
        return [tag + hmac.digest(key, message, "sha256") for tag, key in self._keys]

    def __repr__(self) -> str:
        return f"<BlindIndex of {len(self._keys)} keys>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("index keys do not leave the process")


def normal(kind: IndexKind, value: str) -> str:
    """The one spelling under which a value is indexed, so that equal things are found as equal.

    >>> normal("phone", "+86 138-0013-8000") == normal("phone", "13800138000")
    True
    """
    value = unicodedata.normalize("NFKC", value).strip()
    if kind == "id_number":
        return "".join(value.split()).upper()
    if kind in ("identity_pair", "share_code"):
        return value.upper()
    if kind == "phone":
        digits = re.sub(r"\D", "", value)
        return re.sub(r"^(?:00)?86(?=1\d{10}$)", "", digits)
    if kind == "address":
        return "".join(c for c in value.casefold() if c.isalnum())
    return value


def parse_keys(text: str) -> dict[str, bytes]:
    """Read "id:base64,id:base64" in order; raises ValueError without showing any key material."""
    keys: dict[str, bytes] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        id, colon, encoded = entry.partition(":")
        if not colon or not id or len(id) > 40 or id in keys:
            raise ValueError("keys are written id:base64,id:base64, each id once")
        try:
            keys[id] = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            raise ValueError(f"key {id!r} is not base64") from None
    return keys


def _wrap_label(data_key_id: UUID) -> bytes:
    return b"compliance_datakey.wrapped:" + data_key_id.bytes
