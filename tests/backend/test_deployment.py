"""Production's roles are the laptop's, and its secrets come from a file that the repository does not have."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from backend import embedded
from backend.embedded import postgres
from backend.embedded.files import make_folder
from backend.embedded.place import Place, find_place
from backend.embedded.programs import Programs, find_programs
from backend.embedded.roles import SETTINGS
from backend.middleware import MAX_PICTURE, most_read
from miniprogram_api.urls import endpoints

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "deploy" / "postgres" / "10-roles.sh"


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[tuple[Place, Programs]]:
    """A cluster as PostgreSQL's image has it at its first start: a superuser and nothing else."""
    base = make_folder(tmp_path / ".local")
    place, programs = find_place(base), find_programs()
    postgres.create(place, programs, durable=False)
    postgres.start(place, programs, durable=False)
    yield place, programs
    postgres.stop(place, programs)
    embedded.discard(base)


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return found


def test_the_first_starts_script_makes_the_roles_a_laptop_has(bare: tuple[Place, Programs]) -> None:
    place, programs = bare
    names = {role: f"{role.upper()}_PASSWORD={role}-pass-word" for role in ("owner", "web", "worker")}
    environment = [f"PATH={programs.pg_bin}:/usr/bin:/bin", f"PGHOST={place.run}", "POSTGRES_USER=postgres"]
    # The text and not the file, because the servers' account may not enter our folder.
    text = SCRIPT.read_text(encoding="utf-8")
    done = place.account.run(["/usr/bin/env", *environment, *names.values(), "sh", "-c", text])
    assert (done.returncode, done.stdout.decode().count("ERROR")) == (0, 0)

    def connect(role: str) -> psycopg.Connection:
        return psycopg.connect(
            host=str(place.run), user=role, password=f"{role}-pass-word", dbname="storefront", autocommit=True
        )

    with connect("owner") as connection:
        connection.execute("CREATE TABLE noted (id bigserial PRIMARY KEY, word text)")
        connection.execute("SET ROLE worker")
        connection.execute("INSERT INTO noted (word) VALUES ('by worker')")
        encoding = connection.execute("SHOW server_encoding").fetchone()
    assert encoding == ("UTF8",)
    for role, settings in SETTINGS.items():
        with connect(role) as connection:
            for name, value in settings.items():
                assert connection.execute("SELECT current_setting(%s)", (name,)).fetchone() == (value,)
            assert connection.execute("SELECT id, word FROM noted").fetchall() == [(1, "by worker")]
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("CREATE TABLE mine (id int)")


def test_every_value_of_the_composition_is_asked_for_in_the_example_and_given_nowhere() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    asked = set(re.findall(r"\$\{([A-Z_]+)", text))
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    given = dict(line.split("=", 1) for line in example.splitlines() if line and not line.startswith("#"))
    assert given == dict.fromkeys(asked, "")
    optional = {"SENTRY_DSN", "KMS_SECRET_ID", "KMS_SECRET_KEY", "KMS_KEY_ID"}
    assert set(re.findall(r"\$\{([A-Z_]+):\?", text)) == asked - optional
    assert ".env" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert ".env" in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()


def test_each_process_is_given_the_database_url_of_its_own_role_alone() -> None:
    urls = {
        name: {key: value for key, value in service["environment"].items() if key.startswith("DATABASE_URL")}
        for name, service in compose()["services"].items()
        if "D2C_ROLE" in service.get("environment", {})
    }
    assert {name: list(found) for name, found in urls.items()} == {
        "migrate": ["DATABASE_URL_OWNER"],
        "web": ["DATABASE_URL_WEB"],
        "worker": ["DATABASE_URL_WORKER"],
        "beat": ["DATABASE_URL_WORKER"],
        "webhooks": ["DATABASE_URL_WORKER"],
    }


def test_nothing_starts_before_what_it_needs_is_healthy() -> None:
    services = compose()["services"]
    ready = {"postgres": "service_healthy", "redis": "service_healthy"}
    migrated = {**ready, "migrate": "service_completed_successfully"}
    needs = {
        name: {other: how["condition"] for other, how in service["depends_on"].items()}
        for name, service in services.items()
        if "depends_on" in service
    }
    proxy = {"web": "service_healthy"}
    assert needs == {
        "migrate": ready,
        "web": migrated,
        "proxy": proxy,
        "worker": migrated,
        "beat": migrated,
        "webhooks": migrated,
    }
    assert {name for name in ("postgres", "redis", "web") if "healthcheck" in services[name]} == {
        "postgres",
        "redis",
        "web",
    }


def test_the_proxy_writes_no_log_of_the_link_of_a_copy() -> None:
    conf = (ROOT / "deploy" / "nginx" / "storefront.conf").read_text()
    (place,) = re.findall(r"location /api/v1/exports/ \{(.*?)\}", conf, re.S)
    assert "access_log off;" in place
    assert "proxy_pass http://web:8000;" in place


def test_the_proxy_takes_every_picture_that_the_house_takes_and_logs_no_question() -> None:
    conf = (ROOT / "deploy" / "nginx" / "storefront.conf").read_text()
    ((place, rules),) = re.findall(r"location ~ (\S*pictures\S*) \{(.*?)\n    \}", conf, re.S)
    assert "client_max_body_size 5184k;" in rules and MAX_PICTURE == 5184 * 1024
    given = [str(one.pattern) for one in endpoints if "sent_picture" in inspect.getsource(one.callback.cls)]
    assert len(given) == 2
    for route in given:
        path = "/api/v1/" + route.replace("<number:number>", "20261128ABC")
        assert re.match(place, path) and most_read(path) == MAX_PICTURE, path
    formats = re.findall(r"log_format (\w+) (.*?);", conf, re.S)
    assert [name for name, _ in formats] == ["unasked"] and "access.log unasked;" in conf
    assert not re.search(r"\$(request|request_uri|args|query_string|http_referer)\b", formats[0][1])
