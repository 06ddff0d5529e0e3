"""A laptop's secrets are made at first use, kept beside its data with 0600, and never in the repository."""

from __future__ import annotations

import base64
import os
import secrets
from pathlib import Path


def local_secret(folder: Path, name: str) -> str:
    """The secret `name`, generated once; two processes that race get the same one."""
    path = folder / "secrets" / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        value = secrets.token_urlsafe(48)
        if name.startswith("VAULT_"):
            # The second master key is a spare, so that a rotation can be shown; an index has one for good.
            count = 2 if name == "VAULT_MASTER_KEYS" else 1
            keys = (base64.b64encode(secrets.token_bytes(32)).decode() for _ in range(count))
            value = ",".join(f"local{n}:{key}" for n, key in enumerate(keys, start=1))
        draft = path.with_name(f".{name}.{os.getpid()}.{secrets.token_hex(4)}")
        draft.touch(mode=0o600)
        draft.write_text(value)
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text()
