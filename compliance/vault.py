"""Personal data rests sealed: keys are made, wrapped, opened and destroyed here, and every look is recorded.

Envelope encryption: a data key per subject, order, storefront, operator or finding of an identity check,
wrapped by a master key that the environment, a file or a key management service holds. Losing a data key
loses what it sealed; that is how a person is erased.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Literal
from uuid import UUID

from django.conf import settings
from django.db import connection

from compliance.crypto import (
    BlindIndex,
    IndexKind,
    Key,
    LocalMasterKeys,
    MasterKeys,
    Tampered,
    VaultClosed,
    VaultError,
    parse_keys,
)
from compliance.gateways.kms.client import Kms, TencentKms
from compliance.keyring import KeysUnavailable, KmsMasterKeys, context, parse_ring
from compliance.models import Access, DataKey
from kernel.ids import uuid7
from kernel.tc3 import Credential

__all__ = [
    "Key",
    "MasterKeys",
    "Tampered",
    "VaultClosed",
    "VaultError",
    "blind",
    "blinds",
    "destroy_key",
    "insert_key",
    "master_keys",
    "new_key",
    "new_master_key",
    "open_as",
    "open_many_as",
    "open_master_keys",
    "unwrap",
    "unwrap_raw",
]

KeyKind = Literal["subject", "order", "storefront", "incident", "finding", "operator"]

_INSERT_KEY = (
    "INSERT INTO compliance_datakey (id, kind, storefront_id, wrapped, master_key_id, destroy_on)"
    " VALUES (%s, %s, %s, %s, %s, %s)"
)


def new_key(
    kind: KeyKind, storefront_id: int | None, destroy_on: date | None = None, *, id: UUID | None = None
) -> tuple[DataKey, Key]:
    """A fresh key: the row, not yet saved, and the plain key to seal with. `insert_key` saves the row."""
    key_id = id or uuid7()
    material = os.urandom(32)
    master_key_id, wrapped = master_keys().wrap(key_id, material)
    row = DataKey(
        id=key_id,
        kind=kind,
        storefront_id=storefront_id,
        wrapped=wrapped,
        master_key_id=master_key_id,
        destroy_on=destroy_on,
    )
    return row, Key(key_id, material, settings.VAULT_ALGORITHM)


def insert_key(data_key: DataKey) -> None:
    """Save a new key in exactly one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT_KEY,
            [
                data_key.id,
                data_key.kind,
                data_key.storefront_id,
                bytes(data_key.wrapped),
                data_key.master_key_id,
                data_key.destroy_on,
            ],
        )


def unwrap(data_key: DataKey) -> Key:
    """The plain key of a row; raises VaultClosed when it was destroyed."""
    return unwrap_raw(data_key.id, bytes(data_key.wrapped), data_key.master_key_id)


def unwrap_raw(id: UUID, wrapped: bytes, master_key_id: str) -> Key:
    """As `unwrap`, for callers that read the three columns with their own statement."""
    if not wrapped:
        raise VaultClosed(f"key {id} was destroyed")
    material = master_keys().unwrap(id, wrapped, master_key_id)
    return Key(id, material, settings.VAULT_ALGORITHM)


def destroy_key(*, key_id: UUID, now: datetime) -> bool:
    """Make everything that this key sealed unreadable for ever; False when it already was."""
    return bool(DataKey.objects.filter(pk=key_id, destroyed_at=None).update(wrapped=b"", destroyed_at=now))


def open_as(
    *,
    who: str,
    purpose: str,
    storefront_id: int | None,
    key: Key,
    label: str,
    ref: UUID | str,
    blob: bytes,
    now: datetime,
) -> str:
    """Open one field for someone other than the person, leaving an access row first."""
    return open_many_as(
        who=who, purpose=purpose, storefront_id=storefront_id, key=key, sealed=[(label, ref, blob)], now=now
    )[0]


def open_many_as(
    *,
    who: str,
    purpose: str,
    storefront_id: int | None,
    key: Key,
    sealed: Sequence[tuple[str, UUID | str, bytes]],
    now: datetime,
) -> list[str]:
    """Open several fields (label, ref, blob) under one key; one access row each, in one statement.

    The rows are written before anything is opened: an attempt that fails is recorded too. Raises ValueError
    without a name or a purpose, Tampered as `Key.open`.
    """
    if not who or not purpose:
        raise ValueError("personal data is opened by someone, for a purpose")
    Access.objects.bulk_create(
        Access(storefront_id=storefront_id, who=who, what=label, ref=str(ref), purpose=purpose, at=now)
        for label, ref, _ in sealed
    )
    return [key.open(label, ref, bytes(blob)) for label, ref, blob in sealed]


def looked(
    *, who: str, purpose: str, storefront_id: int | None, what: str, refs: Sequence[UUID | str], now: datetime
) -> None:
    """Record that someone is about to look at what stands unsealed and is not for everybody."""
    if not who or not purpose:
        raise ValueError("personal data is looked at by someone, for a purpose")
    Access.objects.bulk_create(
        Access(storefront_id=storefront_id, who=who, what=what, ref=str(ref), purpose=purpose, at=now)
        for ref in refs
    )


def blind(kind: IndexKind, value: str) -> bytes:
    """The blind index of a value under the current index key: 33 bytes, to store and to look for."""
    return _index(settings.VAULT_INDEX_KEYS).blind(kind, value)


def blinds(kind: IndexKind, value: str) -> list[bytes]:
    """The blind indexes of a value under every configured key, for a lookup while keys change."""
    return _index(settings.VAULT_INDEX_KEYS).blinds(kind, value)


def master_keys() -> MasterKeys:
    """The configured master keys: VAULT_MASTER_KEYS holds them, or "file:" and a path, or "kms:" and ring."""
    return _masters(settings.VAULT_MASTER_KEYS, settings.VAULT_ALGORITHM)


def open_master_keys() -> None:
    """Ask for the master keys now, at the start of a process, so that no request has to; it may fail."""
    keys = master_keys()
    if isinstance(keys, KmsMasterKeys):
        with suppress(KeysUnavailable):  # it asks again when someone needs a key
            keys.open()


def new_master_key(id: str, *, now: datetime) -> str:
    """A master key as an entry of a KMS ring, "id:ciphertext"; raises KmsError.

    It is a fresh one, unless `id` is configured in plain at present: so a house moves its keys to the KMS.
    """
    by_kms, entries = _entries(settings.VAULT_MASTER_KEYS)
    material = os.urandom(32) if by_kms else parse_keys(entries).get(id, os.urandom(32))
    return f"{id}:{kms().encrypt(material, context(id), now=now)}"


def kms() -> Kms:
    """The configured key management service."""
    return TencentKms(
        credential=Credential(settings.KMS_SECRET_ID, settings.KMS_SECRET_KEY),
        base_url=settings.KMS_BASE,
        region=settings.KMS_REGION,
        key_id=settings.KMS_KEY_ID,
    )


@lru_cache(maxsize=4)
def _masters(text: str, algorithm: str) -> MasterKeys:
    by_kms, entries = _entries(text)
    if by_kms:
        return KmsMasterKeys(parse_ring(entries), kms(), algorithm)
    return LocalMasterKeys(parse_keys(entries), algorithm)


def _entries(text: str) -> tuple[bool, str]:
    """Whether a KMS opens the entries of VAULT_MASTER_KEYS, and the entries, from their file if in one."""
    by_kms, text = text.startswith("kms:"), text.removeprefix("kms:")
    if text.startswith("file:"):
        text = ",".join(Path(text.removeprefix("file:")).read_text().split())
    return by_kms, text


@lru_cache(maxsize=4)
def _index(text: str) -> BlindIndex:
    return BlindIndex(parse_keys(text))
