"""A consumer buys across the border, over HTTP, in a house of real processes."""

from __future__ import annotations

import json
import re

import pytest

from backend.journey.report import Step
from backend.journey.story import STORY
from tests.journeys.conftest import Running

pytestmark = pytest.mark.xdist_group("house")


@pytest.fixture(scope="session")
def played(running: Running) -> tuple[int, list[str]]:
    """The exit status of the journey and its lines."""
    done = running.manage(
        "journey",
        *("--base", running.house.web, "--sandbox", running.house.sandbox),
        *("--world", str(running.house.world)),
    )
    return done.returncode, (done.stdout + done.stderr * done.returncode).splitlines()


@pytest.mark.parametrize(("number", "step"), list(enumerate(STORY, start=1)), ids=[step.en for step in STORY])
def test_each_step_of_the_purchase_holds(played: tuple[int, list[str]], number: int, step: Step) -> None:
    line = next((one for one in played[1] if re.match(rf" *{number} [✓✗]", one)), "not reached")
    assert f" {number} ✓ " in f" {line}", "\n".join(played[1])
    assert step.en in line


def test_the_last_line_sums_up_for_machines_and_the_exit_status_agrees(
    played: tuple[int, list[str]],
) -> None:
    status, lines = played
    told = json.loads(lines[-1])
    assert (told["ok"], told["steps"], status) == (True, len(STORY), 0)
    assert told["seconds"] < 30


def test_the_journey_fails_with_status_1_where_nobody_answers(running: Running) -> None:
    done = running.manage(
        *("journey", "--base", "http://127.0.0.1:9", "--sandbox", running.house.sandbox),
        *("--world", str(running.house.world)),
    )
    assert done.returncode == 1
    assert json.loads(done.stdout.splitlines()[-1])["ok"] is False
    assert " 1 ✗ " in done.stdout


def test_the_web_process_acts_as_the_role_web_alone(running: Running) -> None:
    running.stage().alice.send("GET", "home")
    roles = {
        row[0] for row in running.ask("SELECT DISTINCT usename FROM pg_stat_activity WHERE usename <> ''")
    }
    assert "web" in roles
    own = running.house.environment("web")
    assert own["DATABASE_URL_OWNER"] == own["DATABASE_URL_WORKER"] == ""
