"""Processes share one pair of embedded servers: racing starters make one, and the last to leave stops it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from redis import Redis

from backend import embedded

ROOT = Path(__file__).resolve().parents[2]
NAMES = ["DATABASE_URL", "DATABASE_URL_OWNER", "DATABASE_URL_WEB", "DATABASE_URL_WORKER", "REDIS_URL"]
# Prints the server's process and Redis' URL, then waits for a signal or the end of its input.
USER = """
import os, sys, pathlib, psycopg
from backend import embedded
embedded.ensure_environment(pathlib.Path(sys.argv[1]), durable=False)
with psycopg.connect(os.environ["DATABASE_URL_WEB"]) as connection:
    started = connection.execute("SELECT pg_postmaster_start_time()::text").fetchone()[0]
print(started, os.environ["REDIS_URL"], flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for servers."""
    made = tmp_path_factory.mktemp("clone") / ".local"
    yield made
    embedded.discard(made)


@pytest.fixture
def base(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """That folder, and an environment that names no servers."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    return folder


def user(base: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", USER, str(base)],
        cwd=ROOT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def runs(base: Path) -> bool:
    return (base / "postgres" / "postmaster.pid").exists()


def test_racing_starters_make_one_pair_of_servers(tmp_path: Path, base: Path) -> None:
    base = tmp_path / ".local"
    racers = [user(base) for _ in range(3)]
    lines = [first_line(racer) for racer in racers]
    assert lines[0].count("redis://") == 1
    assert len(set(lines)) == 1
    for racer in racers:
        racer.communicate("", timeout=20)
    assert not runs(base)
    embedded.discard(base)


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, -signal.SIGINT)]
)
def test_the_last_to_leave_stops_the_servers_and_nobody_before(base: Path, number: int, status: int) -> None:
    here = embedded.start(base, durable=False)
    other = user(base)
    assert "redis://" in first_line(other)
    here.stop()
    assert runs(base)
    other.send_signal(number)
    assert other.wait(timeout=20) == status
    assert not runs(base)


def test_a_killed_user_is_no_user_any_more(base: Path) -> None:
    other = user(base)
    first_line(other)
    other.kill()
    other.wait()
    assert runs(base)
    embedded.start(base, durable=False).stop()
    assert not runs(base)


def test_a_second_stop_and_a_forked_childs_stop_do_nothing(base: Path) -> None:
    first = embedded.start(base, durable=False)
    second = embedded.start(base, durable=False)
    second.stop()
    second.stop()
    child = os.fork()
    if child == 0:
        first.stop()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    psycopg.connect(first.urls["DATABASE_URL_WEB"]).close()
    first.stop()
    assert not runs(base)


def test_a_forked_child_that_outlives_its_parents_use_does_not_keep_the_servers(base: Path) -> None:
    servers = embedded.start(base, durable=False)
    child = os.fork()
    if child == 0:
        time.sleep(30)
        os._exit(0)
    servers.stop()
    assert not runs(base)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def test_servers_in_use_are_not_discarded(base: Path) -> None:
    servers = embedded.start(base, durable=False)
    with pytest.raises(embedded.EmbeddedError, match="in use"):
        embedded.discard(base)
    psycopg.connect(servers.urls["DATABASE_URL_WEB"]).close()
    servers.stop()


def test_an_environment_that_names_its_servers_is_not_touched(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = base.with_name("untouched")
    monkeypatch.setenv("DATABASE_URL_WEB", "postgresql://somewhere/else")
    monkeypatch.setenv("REDIS_URL", "redis://somewhere/0")
    before = dict(os.environ)
    with embedded.ensure_environment(elsewhere) as servers:
        assert servers is None
        assert dict(os.environ) == before
    assert not elsewhere.exists()


def test_an_environment_that_names_a_database_only_gets_redis(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://somewhere/else")
    with embedded.ensure_environment(base, durable=False) as servers:
        assert servers is not None
        assert {name: os.environ.get(name) for name in NAMES} == {
            "DATABASE_URL": "postgresql://somewhere/else",
            "DATABASE_URL_OWNER": None,
            "DATABASE_URL_WEB": None,
            "DATABASE_URL_WORKER": None,
            "REDIS_URL": servers.urls["REDIS_URL"],
        }
    assert "REDIS_URL" not in os.environ


def test_an_empty_environment_gets_all_urls_for_the_length_of_the_block(base: Path) -> None:
    with embedded.ensure_environment(base, durable=False) as servers:
        assert servers is not None
        assert {name: os.environ[name] for name in NAMES[1:]} == servers.urls
        # Who inherits the URLs is no user.
        with embedded.ensure_environment(base, durable=False) as inherited:
            assert inherited is None
        assert runs(base)
    assert [name for name in NAMES if name in os.environ] == []
    assert not runs(base)


def test_killed_servers_come_back_while_their_user_lives_and_not_after_it_has_left(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with embedded.ensure_environment(base, durable=False) as servers:
        assert servers is not None
        assert embedded.revive() is False
        redis = json.loads((base / "servers-redis.json").read_text())["pid"]
        postmaster = int((base / "postgres" / "postmaster.pid").read_text().split()[0])
        for pid in (redis, postmaster):
            os.kill(pid, signal.SIGKILL)
        while any(Path(f"/proc/{pid}/cmdline").exists() for pid in (redis, postmaster)):
            time.sleep(0.02)
        assert embedded.revive() is True
        with psycopg.connect(servers.urls["DATABASE_URL_OWNER"]) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        with Redis.from_url(servers.urls["REDIS_URL"]) as client:
            assert client.ping() is True
        assert embedded.revive() is False
    assert embedded.revive() is False
    assert not runs(base)


def test_production_without_urls_is_refused_and_starts_nothing(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = base.with_name("untouched")
    monkeypatch.setenv("D2C_PRODUCTION", "1")
    monkeypatch.setenv("DATABASE_URL_WEB", "postgresql://somewhere/else")
    with pytest.raises(embedded.EmbeddedError, match="Production has no embedded servers"):
        embedded.ensure_environment(elsewhere)
    assert not elsewhere.exists()
    assert "REDIS_URL" not in os.environ
