"""The plan of a house: who is told what, which ports are taken, and that there is one house a folder."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from backend.house import HOST, House, HouseError, alone, plan
from sandbox.setup import write_world

SERVERS = {
    "DATABASE_URL_OWNER": "postgresql://owner:o@/storefront",
    "DATABASE_URL_WEB": "postgresql://web:w@/storefront",
    "DATABASE_URL_WORKER": "postgresql://worker:x@/storefront",
    "REDIS_URL": "redis://:p@127.0.0.1:6379/0",
}


def house(tmp_path: Path) -> House:
    return plan(tmp_path / "local", SERVERS)


@pytest.mark.parametrize("role", ["owner", "web", "worker"])
def test_a_process_is_told_the_url_of_its_own_role_alone(tmp_path: Path, role: str) -> None:
    told = house(tmp_path).environment(role)
    names = [name for name in told if name.startswith("DATABASE_URL")]
    assert {name: told[name] for name in names if told[name]} == {
        f"DATABASE_URL_{role.upper()}": SERVERS[f"DATABASE_URL_{role.upper()}"]
    }
    assert told["D2C_ROLE"] == role


def test_one_url_for_all_roles_serves_where_no_role_has_its_own(tmp_path: Path) -> None:
    one = plan(tmp_path / "local", {"DATABASE_URL": "postgresql://all@/storefront"})
    assert one.environment("web")["DATABASE_URL_WEB"] == "postgresql://all@/storefront"


def test_the_sandbox_is_told_none_of_our_servers(tmp_path: Path) -> None:
    told = house(tmp_path).wechat().env
    assert {name: told[name] for name in SERVERS} == dict.fromkeys(SERVERS, "")


def test_wechat_is_the_sandbox_and_notifications_come_to_the_web(tmp_path: Path) -> None:
    made = house(tmp_path)
    told = made.environment("web")
    assert (told["WECHAT_API_BASE"], told["WECHAT_PAY_BASE"]) == (made.sandbox, made.sandbox)
    assert told["FACEID_BASE"] == made.sandbox
    assert [told[name] for name in ("PORT_BASE", "SIGN_BASE", "PORT_DATA_BASE")] == [made.sandbox] * 3
    assert told["PUBLIC_BASE_URL"] == made.web == f"http://127.0.0.1:{made.web_port}"


def test_our_keys_at_tencent_are_those_that_the_sandbox_made(tmp_path: Path) -> None:
    made = house(tmp_path)
    assert "FACEID_SECRET_ID" not in made.environment("web")
    write_world(made.world.parent)
    keys = json.loads(made.world.read_text())["tencent"]
    told = made.environment("worker")
    assert (told["FACEID_SECRET_ID"], told["FACEID_SECRET_KEY"]) == (keys["secret_id"], keys["secret_key"])


def test_the_processes_start_in_an_order_that_ends_with_the_web(tmp_path: Path) -> None:
    names = [child.name for child in house(tmp_path).children()]
    assert names == ["sandbox", "worker", "webhooks", "beat", "web"]


def test_a_port_that_was_asked_for_and_is_taken_is_refused(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(HouseError, match=f"Port {port} is taken"):
            plan(tmp_path / "local", SERVERS, web_port=port)


def test_a_second_house_in_the_same_folder_is_refused_until_the_first_is_gone(tmp_path: Path) -> None:
    with alone(tmp_path), pytest.raises(HouseError, match="runs in"), alone(tmp_path):
        pass
    with alone(tmp_path):
        pass
