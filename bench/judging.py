"""What judging costs: checkout of five lines with the rules and without them, in turns, in this process."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime
from time import process_time_ns, sleep
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

LINES, PAIRS, ORDERS = 5, 400, 3
WARM = 20  # pairs that are not counted
SETTLES = 0.001  # seconds in which a backend that has answered goes to sleep


def judging(report: Report, buyers: list[stage.Buyer], now: datetime) -> None:
    """CPU of checkout and its PostgreSQL backend an order, judged against not judged, and the statements that
    judging adds. Many short pairs, which begin in turns with the one and the other, by CPU time alone: what
    else the machine does meets both."""
    costs: dict[str, list[float]] = {"judged": [], "not judged": []}
    statements: dict[str, int] = {}
    checkout = _Checkout(now)
    for pair in range(-WARM, PAIRS):
        if pair == 0:
            gc.collect()
            gc.freeze()  # what was made before is not gone through again and again
        buyer = buyers[pair % len(buyers)]
        tokens = iter(checkout.quotes(buyer, 2 * ORDERS))
        for name in sorted(costs, reverse=bool(pair % 2)):
            with nullcontext() if name == "judged" else _nobody_judges():
                cost, statements[name] = checkout.place(buyer, [next(tokens) for _ in range(ORDERS)])
            if pair >= 0:
                costs[name].append(cost)
    gc.unfreeze()
    report.pairs(
        "judging_cpu",
        costs["judged"],
        "ms/order of 5 lines (checkout and PostgreSQL)",
        floors=costs["not judged"],
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


class _Checkout:
    """Places orders through the whole application, on one connection."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.notice = risk_notice(Law(shanghai_day(now))).sha256
        self.client = Client(headers={"X-Appid": stage.APPID})  # one: its first call loads the application

    def quotes(self, buyer: stage.Buyer, count: int) -> list[str]:
        """Fresh quotes of five lines."""
        wanted = [(f"SKU-{n:04d}", 1) for n in range(LINES)]
        return [str(quote.token) for quote in stage.quotes(buyer, count, self.now, *wanted)]

    def place(self, buyer: stage.Buyer, tokens: list[str]) -> tuple[float, int]:
        """CPU milliseconds an order, and how many statements the last one took."""
        counted = 0

        def count(execute: Any, *call: Any) -> Any:
            nonlocal counted
            counted += 1
            return execute(*call)

        sleep(SETTLES)
        backend = connection.connection.info.backend_pid
        before, began = cpu.nanoseconds(backend), process_time_ns()
        for token in tokens:
            counted = 0
            with connection.execute_wrapper(count):
                answer = self.client.post(
                    "/api/v1/orders",
                    {"quote": token, "risk_notice": self.notice},
                    content_type="application/json",
                    headers={
                        "Authorization": f"Bearer {buyer.token}",
                        "Idempotency-Key": os.urandom(16).hex(),
                    },
                )
            assert answer.status_code == 201, answer.content
        spent = process_time_ns() - began
        sleep(SETTLES)
        spent += cpu.nanoseconds(backend) - before
        return spent / 1e6 / len(tokens), counted


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
