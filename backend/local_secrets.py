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
            value = "local1:" + base64.b64encode(secrets.token_bytes(32)).decode()
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
