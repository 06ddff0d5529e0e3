"""The vault's figures: a rotation that buyers do not notice, and an audit that reads a long log quickly."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime

from django.conf import settings
from django.db import connection
from django.test.utils import override_settings

from backend import house
from bench import load, stage
from bench.ordering import place, requests_of
from bench.report import Report
from compliance import audit, heads, vault
from compliance.chain import Head
from compliance.models import DataKey
from compliance.services.chain import chain_logs

KEYS, CLIENTS, EACH, ROUNDS = 20_000, 8, 200, 30
ACCESSES, HEADS = 200_000, 50_000

_ACCESSES = """
INSERT INTO compliance_access (storefront_id, who, what, ref, purpose, at)
SELECT 1 + n %% 4, 'operator:' || n %% 50, 'orders.order.phone', 'A' || n, 'case ' || n, %s::timestamptz
FROM generate_series(1, %s::int) n
"""
_HEADS = """
SELECT storefront_id, position, encode(hash, 'hex') FROM compliance_chainlink WHERE position %% %s::int = 0
"""


def another_master_key() -> None:
    """From now on, for us and the processes we start, a fresh master key stands before the present ones."""
    fresh = f"bench-{os.urandom(4).hex()}:{base64.b64encode(os.urandom(32)).decode()}"
    settings.VAULT_MASTER_KEYS = os.environ["VAULT_MASTER_KEYS"] = f"{fresh},{settings.VAULT_MASTER_KEYS}"


def rotation(report: Report, plan: house.House, buyers: list[stage.Buyer], now: datetime) -> None:
    """20,000 persons' keys come under the web's new master key while buyers buy; every order is placed."""
    old = settings.VAULT_MASTER_KEYS.partition(",")[2]
    with override_settings(VAULT_MASTER_KEYS=old):
        DataKey.objects.bulk_create(
            (vault.new_key("subject", None)[0] for _ in range(KEYS)), batch_size=2_000
        )
    orders = iter([requests_of(buyers, EACH, now) for _ in range(ROUNDS)])
    quiet = [place(plan.web_port, next(orders), CLIENTS) for _ in range(4)]
    environment = {**os.environ, **plan.environment("owner")}
    command = [sys.executable, "manage.py", "vault", "rotate"]
    began = time.monotonic()
    during: list[load.Result] = []
    with subprocess.Popen(
        command, cwd=house.ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        while process.poll() is None:
            during.append(load.run(plan.web_port, next(orders), clients=CLIENTS))
        seconds = time.monotonic() - began
        said = process.stdout.read() if process.stdout else ""
    assert process.returncode == 0, said
    placed = sum(result.statuses[201] for result in during)
    report.figure(
        "rotation_orders_placed",
        100 * placed / sum(result.answered for result in during),
        "% of orders sent",
        floor=None,
        target="=100",
    )
    report.figure("rotation_keys", KEYS / seconds, "keys/s", floor=None, target="200")
    report.figure("rotation_checkout_rate", _rate(during), "orders/s", floor=_rate(quiet), target="0.4")


def auditing(report: Report, now: datetime) -> None:
    """200,000 accesses of four storefronts are chained and read back against chains and 50,000 kept heads."""
    with connection.cursor() as cursor:
        cursor.execute(_ACCESSES, [now, ACCESSES])
        cursor.execute("ANALYZE compliance_access")
    began = time.monotonic()
    while chain_logs():
        pass
    report.figure("chaining", ACCESSES / (time.monotonic() - began), "rows/s", floor=None, target="5000")
    file = settings.LOCAL / "heads"
    with connection.cursor() as cursor:
        cursor.execute(_HEADS, [ACCESSES // HEADS])
        file.write_text("".join(f"{json.dumps(asdict(Head('access', *one)))}\n" for one in cursor.fetchall()))
    began = time.monotonic()
    kept = heads.kept(file)
    chains = list(audit.verify(now=datetime.now(UTC), kept=kept))
    seconds = time.monotonic() - began
    assert len(kept) == HEADS
    assert sum(chain.rows for chain in chains) == ACCESSES
    assert not any(chain.findings or chain.tail for chain in chains)
    report.figure("audit_verify", ACCESSES / seconds, "rows/s", floor=None, target="50000")


def _rate(results: list[load.Result]) -> float:
    return sum(result.answered for result in results) / sum(result.seconds for result in results)
