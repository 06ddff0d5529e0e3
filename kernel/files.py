"""A file is on disk whole before its row says so, has a hash, and is gone after its day."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from functools import partial

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from kernel.ids import uuid7
from kernel.models import File

FOLDER = "files"


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
    path = default_storage.save(f"{FOLDER}/{public_id}", ContentFile(content))
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


def remove(gone: list[File]) -> None:
    """Delete the rows, and what lies on disk once that is committed; `sweep` finds what then stayed there."""
    File.objects.filter(pk__in=[file.pk for file in gone]).delete()
    for file in gone:
        transaction.on_commit(partial(default_storage.delete, file.path), robust=True)


def sweep(*, now: datetime) -> int:
    """Remove from disk what has no row: its writer or its remover died half-way; returns how many.

    What is younger than an hour may still get its row.
    """
    if not default_storage.exists(FOLDER):
        return 0
    names = {f"{FOLDER}/{name}" for name in default_storage.listdir(FOLDER)[1]}
    names -= set(File.objects.filter(path__in=names).values_list("path", flat=True))
    lost = [name for name in names if default_storage.get_modified_time(name) < now - timedelta(hours=1)]
    for name in lost:
        default_storage.delete(name)
    return len(lost)
