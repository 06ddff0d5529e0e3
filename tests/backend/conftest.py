"""Embedded servers of their own for the tests that stop and kill them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend import embedded


@pytest.fixture(scope="module")
def servers() -> Iterator[embedded.Servers]:
    """One pair of servers for the tests that only look; in a folder every account may enter."""
    folder = Path(tempfile.mkdtemp(prefix="embedded-"))
    folder.chmod(0o755)
    running = embedded.start(folder / ".local", durable=False)
    yield running
    running.stop()
    embedded.discard(folder / ".local")
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for servers that are killed and started again; pytest's folders are their owner's alone."""
    folder = tmp_path_factory.mktemp("clone") / ".local"
    yield folder
    embedded.discard(folder)


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Path]:
    """A folder for servers that are not made yet."""
    folder = tmp_path / ".local"
    yield folder
    embedded.discard(folder)
