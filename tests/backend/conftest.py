"""Embedded servers for the tests that stop and kill them, and a shop in which Alice did everything."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backend import embedded
from tests import make
from tests.backend import erasing
from wechat.login import LoginSession


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


@pytest.fixture
def openid(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Whose code WeChat says it is."""
    whose = {"openid": erasing.OPENID}
    monkeypatch.setattr(
        "customers.services.account.code_to_session",
        lambda app, code, base_url: LoginSession(openid=whose["openid"], unionid=None, session_key="x"),
    )
    return whose


@pytest.fixture
def world(settings: Any, tmp_path: Any, openid: dict[str, str]) -> make.World:
    settings.MEDIA_ROOT = tmp_path
    made = make.world()
    bob = make.buyer(made.shop, make.BOB, make.id_number(2))
    make.address(bob, make.BOB, street="人民路 2 号")
    make.order(bob, ("HD-1", 1))
    erasing.furnish(made)
    return made
