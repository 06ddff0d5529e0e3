"""What judging costs: checkout of five lines with the rules and without them, in turns, in this process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from statistics import median
from time import process_time
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from django.db import connection
from django.test import Client

from bench import cpu, stage
from bench.report import Report
from compliance import services as compliance
from compliance.judge import Verdict
from compliance.law import Law
from compliance.models import VALUE
from compliance.notice import risk_notice
from compliance.vault import insert_key
from kernel.clock import shanghai_day
from orders.services import place

LINES, TURNS, ORDERS = 5, 10, 60


def judging(report: Report, local: Path, buyers: list[stage.Buyer], now: datetime) -> None:
    """CPU of web and PostgreSQL an order, judged against not judged, and the statements that judging adds."""
    database = cpu.Meter(cpu.postgres(local / "postgres"))
    costs: dict[str, list[float]] = {"judged": [], "not judged": []}
    statements: dict[str, int] = {}
    for turn in range(-1, TURNS):  # the first one warms
        buyer = buyers[turn % len(buyers)]
        for name, spent in costs.items():
            with nullcontext() if name == "judged" else _nobody_judges():
                cost, statements[name] = _checkouts(database, buyer, now)
            if turn >= 0:
                spent.append(cost)
    report.figure(
        "judging_cpu",
        median(costs["judged"]),
        "ms/order of 5 lines (checkout and PostgreSQL)",
        floor=median(costs["not judged"]),
        target="1.10",
        at_most=True,
    )
    report.figure(
        "judging_statements",
        statements["judged"] - statements["not judged"],
        "statements",
        floor=None,
        target="3",
        at_most=True,
    )


def _checkouts(database: cpu.Meter, buyer: stage.Buyer, now: datetime) -> tuple[float, int]:
    """CPU milliseconds an order of fresh quotes, and how many statements the last one took."""
    wanted = [(f"SKU-{n:04d}", 1) for n in range(LINES)]
    tokens = [str(quote.token) for quote in stage.quotes(buyer, ORDERS, now, *wanted)]
    notice = risk_notice(Law(shanghai_day(now))).sha256
    client = Client(headers={"Authorization": f"Bearer {buyer.token}", "X-Appid": stage.APPID})
    counted = 0

    def count(execute: Any, *call: Any) -> Any:
        nonlocal counted
        counted += 1
        return execute(*call)

    before, began = database.seconds(), process_time()
    for token in tokens:
        counted = 0
        with connection.execute_wrapper(count):
            answer = client.post(
                "/api/v1/orders",
                {"quote": token, "risk_notice": notice},
                content_type="application/json",
                headers={"Idempotency-Key": os.urandom(16).hex()},
            )
        assert answer.status_code == 201, answer.content
    spent = process_time() - began + database.seconds() - before
    return spent * 1000 / ORDERS, counted


@contextmanager
def _nobody_judges() -> Iterator[None]:
    """Checkout without facts, rules and evidence; the order's key, which comes with these, is still made."""
    allowed = Verdict(allowed=True, judged=(), refusals=(), figures={}, edition="", over_limit=False)
    with (
        patch.object(place, "_purchase", lambda *_, **__: SimpleNamespace(exclusions=())),
        patch.object(place, "judge", lambda *_: allowed),
        patch.object(place, "_wanted", lambda _, law: {VALUE: (1, law.figure("import/annual_limit"))}),
        patch.object(compliance, "record_judgement", lambda *, new_key, **_: insert_key(new_key)),
    ):
        yield
