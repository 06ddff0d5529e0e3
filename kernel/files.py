"""A file is on disk whole before its row says so, has a hash, and is gone after its day."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from kernel.ids import uuid7
from kernel.models import File


def store(
    *,
    storefront_id: int | None,
    name: str,
    media_type: str,
    content: bytes,
    now: datetime,
    expires_at: datetime | None = None,
    sealed: bool = False,
) -> File:
    """Write `content` (bytes) to the storage under an unguessable name, then its row."""
    public_id = uuid7()
    path = default_storage.save(f"files/{public_id}", ContentFile(content))
    return File.objects.create(
        public_id=public_id,
        storefront_id=storefront_id,
        name=name,
        media_type=media_type,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        path=path,
        sealed=sealed,
        made_at=now,
        expires_at=expires_at,
    )


def read(file: File) -> bytes:
    """The content; raises ValueError when what lies on disk is not what was stored."""
    with default_storage.open(file.path) as stored:
        content = stored.read()
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise ValueError(f"file {file.public_id} was changed on disk")
    return bytes(content)


def forget(*, now: datetime) -> int:
    """Remove files whose day has come; returns how many."""
    gone = list(File.objects.filter(expires_at__lte=now))
    for file in gone:
        file.delete()
        default_storage.delete(file.path)
    return len(gone)
