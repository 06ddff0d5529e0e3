"""A consumer buys across the border, over HTTP, in a house of real processes; then its parts are killed.

PostgreSQL is the truth, and nothing is lost. One file, so that a parallel run starts one house for all of it.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from backend.journey import returning, several
from backend.journey.account import settle_in
from backend.journey.ordering import place, quote, risk_notice
from backend.journey.paying import start, wait_for
from backend.journey.report import Step
from backend.journey.stage import MAISON, Stage
from backend.journey.story import STORY
from tests.journeys.browser import bind_telephone, opened
from tests.journeys.conftest import Running, wait_until


@dataclass
class Journey:
    """The journey while it is played: what it has told until now."""

    process: subprocess.Popen[bytes]
    told: Path

    def lines(self) -> list[str]:
        return self.told.read_text().splitlines()

    def reached(self, number: int) -> bool:
        """Whether all before this step is done, or the journey has ended before it."""
        done = any(re.match(rf" *{number - 1} ", line) for line in self.lines())
        return done or self.process.poll() is not None


@pytest.fixture(scope="session")
def playing(running: Running) -> Iterator[Journey]:
    """The journey is at the refund that WeChat Pay takes no sooner than a minute after another: it waits."""
    ways = ("--base", running.house.web, "--sandbox", running.house.sandbox)
    told = running.servers.parent / "journey.txt"  # none of the house's own files: what it keeps is searched
    journey = Journey(running.begin("journey", *ways, "--world", str(running.house.world), told=told), told)
    waits = next(number for number, step in enumerate(STORY, start=1) if step is returning.arrived)
    try:
        wait_until(lambda: journey.reached(waits), "the journey waits for its refund", 240)
        yield journey
    finally:
        journey.process.kill()
        journey.process.wait()


@pytest.fixture(scope="session")
def played(playing: Journey) -> tuple[int, list[str]]:
    """The exit status of the journey and its lines."""
    return playing.process.wait(240), playing.lines()


def test_the_pages_that_people_open_show_what_they_should_and_ask_no_other_host(
    running: Running, playing: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPERATOR_PASSWORD", "a-password-for-looking-1")
    made = running.manage("make_operator", "--username", "looker", "--superuser")
    assert made.returncode == 0, made.stderr
    number = running.ask("SELECT number FROM orders_order WHERE state = 'paid' ORDER BY id LIMIT 1")[0][0]
    web = running.house.web
    with opened() as (page, complaints):
        page.goto(f"{web}/api/v1/docs/")
        page.get_by_text("/api/v1/orders/{number}/payment").first.wait_for()
        page.goto(f"{web}/admin/")
        page.fill("[name=username]", "looker")
        page.fill("[name=password]", "a-password-for-looking-1")
        page.click("[type=submit]")
        bind_telephone(page)
        page.get_by_role("link", name="我已保存，继续").click()
        page.wait_for_url(f"{web}/admin/")
        page.goto(f"{web}/admin/orders/order/?q={number}")
        page.get_by_role("link", name=number).first.click()
        page.wait_for_load_state()
        story = page.content()
        page.locator("details:has(a[href*='/compliance/judgement/']) > summary").first.click()
        page.locator("a[href*='/compliance/judgement/'][href$='/change/']").first.click()
        page.get_by_text("LIMIT-1").first.wait_for()
        judgement = page.content()
        page.get_by_role("link", name="LIMIT-1").first.click()
        page.locator("#LIMIT-1").wait_for()
        page.fill("[name=day]", "2018-12-31")
        page.fill("[name=q]", "LIMIT-1")
        page.locator("main button[type=submit], form[method=get] button[type=submit]").last.click()
        page.get_by_text("¥2,000.00").first.wait_for()
        book = page.content()
        page.goto(f"{web}/admin/catalog/product/")
        page.get_by_role("table").first.wait_for()
        # No page breaks the policy of what it may load: the console would tell.
        for path in ("orders/order/?state=paid", "account/", "returns/returnrequest/centre/"):
            page.goto(f"{web}/admin/{path}")
            page.wait_for_load_state("networkidle")
        page.goto(f"{web}/admin/orders/order/?q={number}")
        page.get_by_role("link", name=number).first.click()
        page.locator("a[href$='/step/refund-all/']").first.click()
        page.locator("form[method=post] [name=reason]").wait_for()
    assert number in story
    assert "财关税" in story or "1210" in story
    assert "通过" in judgement and "••••" in judgement
    assert "财关税〔2016〕18号" in book and "LIMIT-2" not in book
    assert complaints == []


def test_the_journey_fails_with_status_1_where_nobody_answers(running: Running, playing: Journey) -> None:
    done = running.manage(
        *("journey", "--base", "http://127.0.0.1:9", "--sandbox", running.house.sandbox),
        *("--world", str(running.house.world)),
    )
    assert done.returncode == 1
    assert json.loads(done.stdout.splitlines()[-1])["ok"] is False
    assert " 1 ✗ " in done.stdout


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
    assert told["seconds"] > 0


def test_returns_are_played_in_every_state_for_the_operators_pages(running: Running) -> None:
    ways = ("--base", running.house.web, "--sandbox", running.house.sandbox)
    done = running.manage("journey", "--story", "returns", *ways, "--world", str(running.house.world))
    assert done.returncode == 0, done.stdout + done.stderr
    of_its_order = """SELECT state FROM returns_returnrequest WHERE order_id = (
        SELECT order_id FROM returns_returnrequest GROUP BY order_id ORDER BY count(*) DESC LIMIT 1)"""

    def states() -> list[str]:
        return sorted(row[0] for row in running.ask(of_its_order))

    wait_until(lambda: states() == sorted(several.STATES), "the last one is settled", 30)


def test_setting_up_again_changes_nothing_that_is_there(running: Running) -> None:
    tables = (
        *(
            "storefronts_storefront",
            "storefronts_legalparty",
            "storefronts_platformkey",
            "storefronts_operator",
        ),
        *("catalog_product", "catalog_variant", "inventory_stock", "orders_coupon", "compliance_tariffline"),
    )
    count = "SELECT " + ", ".join(f"(SELECT count(*) FROM {table})" for table in tables)
    before = running.ask(count)
    done = running.manage("seed_demo", "--world", str(running.house.world))
    assert done.returncode == 0, done.stderr
    assert running.ask(count) == before
    assert min(before[0]) > 0


def test_the_web_process_acts_as_the_role_web_alone(running: Running) -> None:
    running.stage().alice.send("GET", "home")
    roles = {
        row[0] for row in running.ask("SELECT DISTINCT usename FROM pg_stat_activity WHERE usename <> ''")
    }
    assert "web" in roles
    own = running.house.environment("web")
    assert own["DATABASE_URL_OWNER"] == own["DATABASE_URL_WORKER"] == ""


@pytest.fixture
def whole(running: Running) -> Iterator[Running]:
    """The house, put together again afterwards."""
    yield running
    running.restart_redis()
    if all(child.name != "worker" for child, _, _ in running.supervisor.running):
        running.restart_worker()


def basket(stage: Stage) -> list[dict[str, Any]]:
    cards = stage.alice.get("products?sort=price&category=haircare")["items"]
    return [{"sku": next(card for card in cards if card["in_stock"])["skus"][0], "quantity": 2}]


def unpaid_order(stage: Stage) -> tuple[str, dict[str, str]]:
    """An order whose payment WeChat has prepared."""
    order = place(stage.alice, quote(stage.alice, basket(stage)), risk_notice(stage))
    return order["number"], start(stage, stage.alice, order["number"], MAISON)


def state(stage: Stage, number: str) -> str:
    return str(stage.alice.get(f"orders/{number}")["state"])


def reserved(running: Running, number: str) -> str:
    rows = running.ask(
        "SELECT DISTINCT state FROM inventory_reservation WHERE holder = %s", f"order:{number}"
    )
    return str(rows[0][0])


def test_an_event_whose_worker_was_killed_in_the_middle_is_delivered_after_the_restart(
    whole: Running,
) -> None:
    stage = whole.stage()
    settle_in(stage, stage.alice)
    number, _ = unpaid_order(stage)
    key = f"order:{number}"
    # WeChat closes the payment, and says nothing for six seconds: the worker waits for its answer …
    stage.sandbox.tell("switches", call="close", mode="timeout_after")
    stage.alice.call("POST", f"orders/{number}/cancel")
    mine = "FROM kernel_delivery WHERE key = %s AND handler = 'payments.tasks.close_attempts'"
    attempts = f"SELECT 1 {mine} AND attempts = 1 AND done_at IS NULL"
    wait_until(lambda: whole.ask(attempts, key), "the worker has taken the event", 10)
    time.sleep(0.3)
    whole.kill("worker")  # … and dies.
    assert (state(stage, number), reserved(whole, number)) == ("closing", "held")

    whole.restart_worker()
    # The dead worker's lease of a minute is over.
    whole.ask("UPDATE kernel_delivery SET next_try_at = now() WHERE key = %s AND done_at IS NULL", key)
    wait_for(stage.alice, number, "cancelled", seconds=20)
    assert reserved(whole, number) == "released"
    rows = whole.ask(f"SELECT attempts, done_at IS NOT NULL {mine}", key)
    assert rows == [(2, True)]


def test_events_recorded_while_no_worker_lives_wait_for_the_next_one(whole: Running) -> None:
    stage = whole.stage()
    settle_in(stage, stage.alice)
    number, _ = unpaid_order(stage)
    whole.kill("worker")
    stage.alice.call("POST", f"orders/{number}/cancel")
    time.sleep(1.5)
    assert (state(stage, number), reserved(whole, number)) == ("closing", "held")
    whole.restart_worker()
    wait_for(stage.alice, number, "cancelled", seconds=20)
    assert reserved(whole, number) == "released"


def test_orders_are_placed_and_paid_while_redis_is_dead_and_what_waited_is_done_when_it_is_back(
    whole: Running,
) -> None:
    stage = whole.stage()
    settle_in(stage, stage.alice)
    whole.kill_redis()
    began = time.monotonic()
    paid, told = unpaid_order(stage)
    stage.sandbox.tell("pay", client=told)
    wait_for(stage.alice, paid, "paid")
    cancelled, _ = unpaid_order(stage)
    stage.alice.call("POST", f"orders/{cancelled}/cancel")
    assert time.monotonic() - began < 15, "nobody waited for the dead Redis"
    time.sleep(1.5)
    assert (state(stage, paid), state(stage, cancelled)) == ("paid", "closing")

    whole.restart_redis()

    def closed() -> bool:
        whole.supervisor.check()  # a worker that has ended says why
        return state(stage, cancelled) == "cancelled"

    wait_until(closed, "the cancelled order is closed", 40)
    assert (state(stage, paid), reserved(whole, paid), reserved(whole, cancelled)) == (
        "paid",
        "held",
        "released",
    )
