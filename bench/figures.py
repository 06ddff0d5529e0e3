"""The figures: pages against a constant view, checkout against pgbench, crowds that must not oversell."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from pathlib import Path
from time import process_time

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import connection

from backend import house
from backend.embedded import Servers
from backend.supervisor import Supervisor
from bench import cpu, floor, load, stage
from bench.admin import pages_of_the_admin
from bench.bills import bills
from bench.declarations import declared, messages, receipts
from bench.judging import judging
from bench.notifications import notifications
from bench.ordering import place, requests_of
from bench.report import Report
from bench.shop import shop as shop_in_a_browser
from bench.stock import stock
from bench.tracking import tracking
from bench.vault import another_master_key, auditing, rotation
from bench.walls import walls
from bench.webhooks import webhooks
from compliance import vault
from customs.models import PortAccount
from inventory.models import Stock
from inventory.services import set_on_hand
from kernel.clock import now as present
from orders.models import Order

PAGE_SECONDS, PAGE_TURNS, PAGE_CLIENTS = 1.0, 7, 8
CHECKOUTS, CHECKOUT_CLIENTS = 3_000, 8
TURNS, FLOOR_SECONDS = 5, 4
BUYERS = 200


def measure(servers: Servers, local: Path, wanted: Collection[str]) -> int:
    """Measure the wanted parts once; the number of missed targets, at most 1."""
    report = Report()
    now = present()
    stage.empty()
    shop, _ = stage.catalogue(now)
    buyers = stage.buyers(shop, BUYERS, now)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    another_master_key()
    plan = house.plan(local, servers.urls)
    lists: list[tuple[PortAccount, list[str]]] = []  # what customs is about to answer
    served: dict[str, Callable[[], object]] = {
        "pages": lambda: pages(report, plan.web_port),
        "checkout": lambda: checkout(report, servers, plan, buyers, now),
        "shop": lambda: shop_in_a_browser(report, plan.web_port),
        "crowds": lambda: crowds(report, plan.web_port, buyers, now),
        "walls": lambda: walls(report, plan.web_port, plan.local, buyers, now),
        "rotation": lambda: rotation(report, plan, buyers, now),
        "notifications": lambda: notifications(report, plan.web_port, buyers, now),
        "tracking": lambda: tracking(report, plan.web_port, buyers, now),
        "receipts": lambda: lists.append(declared(plan.web_port, buyers, now)),
    }
    alone: dict[str, Callable[[], object]] = {
        "judging": lambda: judging(report, buyers, now),
        "sealing": lambda: sealing(report),
        "auditing": lambda: auditing(report, now),
        "bills": lambda: bills(report, now),
        "customs": lambda: messages(report, now),
        "receipts": lambda: receipts(report, *lists[0], now),
        "stock": lambda: stock(report, servers.pg_bin, servers.urls["DATABASE_URL_OWNER"], local, now),
        "webhooks": lambda: webhooks(report, now),
        "admin": lambda: pages_of_the_admin(report, servers, local),
    }
    if served.keys() & set(wanted):
        with Supervisor(log=plan.log) as running:
            running.start(plan.serving())
            _each(served, wanted)
    _each(alone, wanted)
    return 1 if report.missed else 0


def _each(parts: Mapping[str, Callable[[], object]], wanted: Collection[str]) -> None:
    for name, part in parts.items():
        if name in wanted:
            part()


def pages(report: Report, port: int) -> None:
    """Product list and detail against a constant-JSON view, in turns so that all meet the same weather."""
    web = cpu.Meter(cpu.granian(port))
    headers = {"X-Appid": stage.APPID, "Accept-Language": "zh-CN"}
    wanted = {
        "constant": [load.get("/health/live", headers)],
        "product_list": [load.get("/api/v1/products?limit=20", headers)],
        "product_detail": [load.get("/api/v1/products/p0001", headers)],
    }
    rates: dict[str, list[float]] = {name: [] for name in wanted}
    costs: dict[str, list[float]] = {name: [] for name in wanted}
    for requests in wanted.values():
        load.run(port, requests, clients=PAGE_CLIENTS, seconds=1)  # warm
    for _ in range(PAGE_TURNS):
        for name, requests in wanted.items():
            before = web.seconds()
            result = load.run(port, requests, clients=PAGE_CLIENTS, seconds=PAGE_SECONDS)
            assert set(result.statuses) == {200}, (name, result.statuses, result.samples)
            rates[name].append(result.rate)
            costs[name].append((web.seconds() - before) * 1000 / result.answered)
    for name in ("product_list", "product_detail"):
        report.pairs(f"{name}_rate", rates[name], "requests/s", floors=rates["constant"], target="0.7")
        report.pairs(
            f"{name}_cpu",
            costs[name],
            "ms/request",
            floors=costs["constant"],
            target="1.3",
            at_most=True,
        )


def checkout(
    report: Report, servers: Servers, plan: house.House, buyers: list[stage.Buyer], now: datetime
) -> None:
    """Orders of two lines over HTTP against pgbench writing the same rows."""
    port, web = plan.web_port, cpu.Meter(cpu.granian(plan.web_port))
    database = cpu.Meter(cpu.postgres(plan.local / "postgres"))
    requests = requests_of(buyers, CHECKOUTS + 101, now)
    warm, pattern, timed = requests[:100], requests[100], requests[101:]
    place(port, warm, CHECKOUT_CLIENTS)
    place(port, [pattern], 1)
    key = pattern.split(b"Idempotency-Key: ")[1].split(b"\r\n")[0].decode()
    number = Order.objects.latest("id").number
    script = floor.prepare(plan.local, number=number, receipt=key)
    floors, floor_costs, rates, costs = [], [], [], []
    for turn in range(TURNS):  # in turns, so that both meet the same weather
        floor.reset()
        before = database.seconds()
        bare = floor.run(servers.pg_bin, servers.urls["DATABASE_URL_OWNER"], script, FLOOR_SECONDS)
        floors.append(bare.rate)
        floor_costs.append((database.seconds() - before + bare.pgbench_seconds) * 1000 / bare.transactions)
        before = web.seconds() + database.seconds()
        result = place(port, timed[turn::TURNS], CHECKOUT_CLIENTS)
        rates.append(result.rate)
        costs.append((web.seconds() + database.seconds() - before) * 1000 / result.answered)
    report.pairs("checkout_rate", rates, "orders/s", floors=floors, target="0.10")
    report.pairs(
        "checkout_cpu",
        costs,
        "ms/order (web and PostgreSQL)",
        floors=floor_costs,
        target="5",
        at_most=True,
    )


def crowds(report: Report, port: int, buyers: list[stage.Buyer], now: datetime) -> None:
    """60 buyers on 20 pieces, and 200 on one SKU: exactly what is there is sold, nothing else goes wrong."""
    for name, count, pieces, sku in (
        ("60_buyers_on_20_pieces", 60, 20, "SKU-0900"),
        ("200_buyers_on_one_sku", 200, 100, "SKU-0901"),
    ):
        stock = Stock.objects.get(variant__sku=sku)
        requests = requests_of(buyers[:count], count, now, (sku, 1))
        set_on_hand(warehouse=stock.warehouse, variant=stock.variant, on_hand=pieces, by="bench", now=now)
        result = load.run(port, requests, clients=count)
        sold = result.statuses[201]
        stock.refresh_from_db()
        assert stock.reserved == sold, "what was reserved is what was sold"
        report.figure(name, sold, "orders", floor=None, target=f"={pieces}")
        others = sum(n for status, n in result.statuses.items() if status not in (201, 409))
        others += sum(b"sold_out" not in body for body in result.samples)
        report.figure(f"{name}_other_errors", others, "answers", floor=None, target="=0")


def sealing(report: Report) -> None:
    """Sealing and opening one personal field against AES-256-GCM alone."""
    _, key = vault.new_key("subject", None)
    material = os.urandom(32)
    ref, text, rounds = uuid.uuid4(), "张三丰", 20_000

    def bare() -> None:
        AESGCM(material).encrypt(os.urandom(12), text.encode(), b"customers.identity.name")

    def both() -> None:
        key.open("customers.identity.name", ref, key.seal("customers.identity.name", ref, text))

    times: dict[str, list[float]] = {"bare": [], "both": []}
    for _ in range(5):
        for name, act in (("bare", bare), ("both", both)):
            began = process_time()
            for _ in range(rounds):
                act()
            times[name].append((process_time() - began) / rounds * 1e6)
    report.pairs(
        "seal_and_open",
        times["both"],
        "µs CPU",
        floors=times["bare"],
        target="3",
        at_most=True,
    )
