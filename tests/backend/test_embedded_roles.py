"""Each database role has its rights and its time-outs, and nothing more."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from redis import Redis

from backend import embedded


def owner(servers: embedded.Servers) -> psycopg.Connection:
    return psycopg.connect(servers.urls["DATABASE_URL_OWNER"], autocommit=True)


def web(servers: embedded.Servers) -> psycopg.Connection:
    return psycopg.connect(servers.urls["DATABASE_URL_WEB"], autocommit=True)


def test_the_roles_have_their_time_outs(servers: embedded.Servers) -> None:
    names = ["lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"]
    found = {}
    for role in ("owner", "web", "worker"):
        with psycopg.connect(servers.urls[f"DATABASE_URL_{role.upper()}"]) as connection:
            user = connection.execute("SELECT current_user").fetchone()
            shown = [connection.execute(f"SHOW {name}").fetchone() for name in names]
            found[user] = [value[0] for value in shown if value]
    assert found == {
        ("owner",): ["0", "0", "0"],
        ("web",): ["3s", "10s", "15s"],
        ("worker",): ["5s", "1min", "1min"],
    }


@pytest.mark.parametrize("role", ["web", "worker"])
def test_web_and_worker_use_the_owners_tables_and_make_none(servers: embedded.Servers, role: str) -> None:
    with owner(servers) as connection:
        connection.execute(f"CREATE TABLE used_by_{role} (id bigserial PRIMARY KEY, word text)")
    with psycopg.connect(servers.urls[f"DATABASE_URL_{role.upper()}"], autocommit=True) as connection:
        connection.execute(f"INSERT INTO used_by_{role} (word) VALUES ('one'), ('two')")
        connection.execute(f"UPDATE used_by_{role} SET word = 'three' WHERE word = 'one'")
        connection.execute(f"DELETE FROM used_by_{role} WHERE word = 'two'")
        assert connection.execute(f"SELECT id, word FROM used_by_{role}").fetchall() == [(1, "three")]
        for refused in (
            "CREATE TABLE mine (id int)",
            "CREATE SCHEMA mine",
            "CREATE DATABASE mine",
            f"DROP TABLE used_by_{role}",
            f"TRUNCATE used_by_{role}",
            "SET ROLE owner",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(refused)
        assert connection.execute("SELECT to_regclass('mine')").fetchone() == (None,)


def test_a_database_made_later_by_the_owner_has_the_same_rights(servers: embedded.Servers) -> None:
    with owner(servers) as connection:
        connection.execute("CREATE DATABASE made_later")
    with psycopg.connect(
        servers.urls["DATABASE_URL_OWNER"], dbname="made_later", autocommit=True
    ) as connection:
        connection.execute("CREATE TABLE noted (id bigserial PRIMARY KEY, word text)")
        connection.execute("SET ROLE web")
        connection.execute("INSERT INTO noted (word) VALUES ('by web')")
        connection.execute("RESET ROLE")
        connection.execute("SET ROLE worker")
        assert connection.execute("SELECT id, word FROM noted").fetchall() == [(1, "by web")]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE mine (id int)")


def test_the_database_is_utf_8_and_is_told_to_be_careful_unless_a_test_asks_otherwise(
    servers: embedded.Servers, base: Path
) -> None:
    names = [
        "server_version_num",
        "server_encoding",
        "TimeZone",
        "jit",
        "max_connections",
        "fsync",
        "synchronous_commit",
    ]

    def shown(of: embedded.Servers) -> list[str]:
        with owner(of) as connection:
            return [str(connection.execute(f"SHOW {name}").fetchone()[0]) for name in names]  # type: ignore[index]

    careful = embedded.start(base)
    assert shown(careful)[0].startswith("18")
    assert shown(careful)[1:] == ["UTF8", "UTC", "off", "200", "on", "on"]
    assert shown(servers)[1:] == ["UTF8", "UTC", "off", "200", "off", "off"]
    careful.stop()


def test_nobody_gets_in_without_the_password(servers: embedded.Servers) -> None:
    host = psycopg.conninfo.conninfo_to_dict(servers.urls["DATABASE_URL_WEB"])["host"]
    for password in ("", "wrong"):
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(host=str(host), user="web", dbname="storefront", password=password)
    port = int(servers.urls["REDIS_URL"].rpartition(":")[2].partition("/")[0])
    with (
        Redis(port=port, password="wrong", retry=None) as client,
        pytest.raises(Exception, match="invalid username-password"),
    ):
        client.ping()


def test_a_refused_rows_values_are_not_in_the_log(servers: embedded.Servers) -> None:
    with owner(servers) as connection:
        connection.execute("CREATE TABLE personal (phone text UNIQUE)")
        for _ in range(2):
            with suppress(psycopg.errors.UniqueViolation):
                connection.execute("INSERT INTO personal VALUES ('13800138000')")
    host = psycopg.conninfo.conninfo_to_dict(servers.urls["DATABASE_URL_WEB"])["host"]
    log = (Path(str(host)).parent / "log" / "postgres.log").read_text()
    assert "duplicate key value violates unique constraint" in log
    assert "13800138000" not in log
