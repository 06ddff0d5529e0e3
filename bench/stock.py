"""Stock under stress: one SKU that eight connections want at once, and a ledger of millions summed anew.

Holding is measured against pgbench that takes pieces off a bare row, in turns on the same server with durable
commits. The ledger is made in a schema of its own, whose balances all begin wrong.
"""

from __future__ import annotations

import re
import subprocess
import threading
from datetime import datetime
from pathlib import Path
from time import monotonic

from django.db import connection

from bench.report import Report
from inventory.models import Stock
from inventory.services import reserve
from inventory.services.lots import set_on_hand
from inventory.services.repair import differences, repair

CONNECTIONS, SECONDS, TURNS, PLENTY = 8, 5, 3, 100_000_000
SKUS, EACH = 100_000, 50
TABLES = ("stock", "lot", "movement", "reservation", "pick")

# Fifty movements of each: what comes in, what is held and for the most part given back, what is set aside.
_LEDGER = """
INSERT INTO inventory_stock (storefront_id, warehouse_id, variant_id, on_hand, reserved, quarantined, stopped)
SELECT 1, 1, n, 1, 0, 0, false FROM generate_series(1, %(skus)s) n;
INSERT INTO inventory_lot (storefront_id, stock_id, code, inbound_list, received_at, on_hand, picked,
                           quarantined, stopped)
SELECT 1, id, '', '', now(), 1, 0, 0, false FROM inventory_stock;
INSERT INTO inventory_reservation (storefront_id, stock_id, holder, quantity, shipped, state, at)
SELECT 1, id, 'order:1', 1, 0, 'held', now() FROM inventory_stock;
INSERT INTO inventory_movement (storefront_id, stock_id, lot_id, kind, on_hand, reserved, picked, quarantined,
                                holder, reason, by, at)
SELECT 1, l.stock_id, CASE WHEN n IN (1, 49, 50) THEN l.id END,
       CASE WHEN n = 1 THEN 'receive' WHEN n = 49 THEN 'quarantine' WHEN n = 50 THEN 'adjust'
            WHEN n <= 25 THEN 'reserve' ELSE 'release' END,
       CASE n WHEN 1 THEN 1000 WHEN 50 THEN -3 ELSE 0 END,
       CASE WHEN n IN (1, 49, 50) THEN 0 WHEN n <= 25 THEN 1 ELSE -1 END,
       0, CASE n WHEN 49 THEN 2 ELSE 0 END, 'order:' || n, '', '', now()
FROM generate_series(1, %(each)s) n, inventory_lot l
"""


def stock(report: Report, pg_bin: Path, url: str, folder: Path, now: datetime) -> None:
    """Both figures."""
    hot(report, pg_bin, url, folder, now)
    ledger(report)


def hot(report: Report, pg_bin: Path, url: str, folder: Path, now: datetime) -> None:
    """Reservations of one piece of one SKU a second, against a bare conditional UPDATE of such a row."""
    row = Stock.objects.select_related("warehouse", "variant").order_by("pk")[0]
    set_on_hand(warehouse=row.warehouse, variant=row.variant, on_hand=PLENTY, by="bench", now=now)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bare_stock")
        cursor.execute("CREATE TABLE bare_stock (LIKE inventory_stock INCLUDING ALL)")
        cursor.execute("INSERT INTO bare_stock OVERRIDING SYSTEM VALUE SELECT * FROM inventory_stock")
    script = folder / "bare.sql"
    script.write_text(
        "UPDATE bare_stock SET reserved = reserved + 1"
        f" WHERE id = {row.pk} AND on_hand - reserved - quarantined >= 1;\n"
    )
    rates, floors = [], []
    for turn in range(TURNS):
        floors.append(_bare(pg_bin, url, script))
        before = Stock.objects.get(pk=row.pk).reserved
        held, seconds = _crowd(row, turn, now)
        rates.append(held / seconds)
        assert Stock.objects.get(pk=row.pk).reserved == before + held, "what was told is what is held"
    report.pairs("reserve_one_sku", rates, "reservations/s", floors=floors, target="0.5")
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE bare_stock")


def _crowd(row: Stock, turn: int, now: datetime) -> tuple[int, float]:
    """How many reservations eight connections get in a while, and how long it took; nothing may fail."""
    counts = [0] * CONNECTIONS
    failures: list[BaseException] = []
    ready = threading.Barrier(CONNECTIONS + 1)

    def one(n: int) -> None:
        try:
            connection.ensure_connection()
            ready.wait()
            ends = monotonic() + SECONDS
            while monotonic() < ends:
                reserve(
                    warehouse_id=row.warehouse_id,
                    wanted=[(row.variant_id, 1)],
                    holder=f"bench:{turn}-{n}-{counts[n]}",
                    now=now,
                )
                counts[n] += 1
        except BaseException as failure:
            failures.append(failure)
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=[n]) for n in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    ready.wait()
    began = monotonic()
    for thread in threads:
        thread.join()
    assert not failures, failures
    return sum(counts), monotonic() - began


def _bare(pg_bin: Path, url: str, script: Path) -> float:
    command = [str(pg_bin / "pgbench"), "-n", "-M", "prepared", "-c", str(CONNECTIONS), "-j", "2"]
    done = subprocess.run(
        [*command, "-T", str(SECONDS), "-f", str(script), url], capture_output=True, text=True, check=False
    )
    rate = re.search(r"tps = ([\d.]+)", done.stdout)
    if done.returncode or rate is None:
        raise RuntimeError(done.stderr[-2000:])
    return float(rate[1])


def ledger(report: Report) -> None:
    """Every balance of 100,000 SKUs is set right from 5 million movements, and found right."""
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA IF EXISTS ledger CASCADE")
        cursor.execute("CREATE SCHEMA ledger")
        for name in TABLES:
            cursor.execute(
                f"CREATE TABLE ledger.inventory_{name} (LIKE public.inventory_{name} INCLUDING ALL)"
            )
        cursor.execute("SET search_path = ledger, public")
        for statement in _LEDGER.split(";"):
            cursor.execute(statement, {"skus": SKUS, "each": EACH})
        cursor.execute("ANALYZE ledger.inventory_movement, ledger.inventory_stock, ledger.inventory_lot")
        began = monotonic()
        wrong = repair()
        assert wrong == 2 * SKUS, wrong  # every stock and every lot
        left = differences()
        seconds = monotonic() - began
        assert left == [], left[:3]
        report.figure("repair_5m_movements", seconds, "s", floor=None, target="180", at_most=True)
        cursor.execute("RESET search_path")
        cursor.execute("DROP SCHEMA ledger CASCADE")
