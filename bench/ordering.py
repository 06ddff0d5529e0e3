"""Requests that each place an order on a quote of its own, and their sending."""

from __future__ import annotations

import uuid
from datetime import datetime

import orjson

from bench import load, stage
from compliance.law import Law
from compliance.notice import risk_notice
from kernel.clock import shanghai_day


def requests_of(
    buyers: list[stage.Buyer], count: int, now: datetime, *wanted: tuple[str, int]
) -> list[bytes]:
    """Requests that each place one order on a fresh quote; two lines unless said otherwise."""
    notice = risk_notice(Law(shanghai_day(now))).sha256
    each = -(-count // len(buyers))
    made: list[list[bytes]] = []
    for n, buyer in enumerate(buyers):
        lines = wanted or ((f"SKU-{n % 450:04d}", 1), (f"SKU-{450 + n % 450:04d}", 1))
        made.append(
            [
                load.post(
                    "/api/v1/orders",
                    {"Authorization": f"Bearer {buyer.token}", "Idempotency-Key": uuid.uuid4().hex},
                    orjson.dumps({"quote": str(quote.token), "risk_notice": notice}),
                )
                for quote in stage.quotes(buyer, each, now, *lines)
            ]
        )
    return [request for row in zip(*made, strict=True) for request in row][:count]


def place(port: int, sent: list[bytes], clients: int) -> load.Result:
    """Send them all; every one of them is answered with an order."""
    result = load.run(port, sent, clients=clients)
    assert set(result.statuses) == {201}, (result.statuses, result.samples)
    return result
