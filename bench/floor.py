"""The floor of a checkout: PostgreSQL writing the same rows by pgbench, one prepared statement a row.

The tables are copies of the real ones with their indexes, checks and foreign keys to rows that stand already.
The script is made from the rows that one real order of two lines has written, so that both write the same
columns of the same width. Eight clients, durable commits, tables emptied before each run.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psutil
from django.db import connection
from psycopg import sql

CLIENTS = 8
VARIABLES = """\\set customer random(1, 1000000000)
\\set n random(1, 1000000000000000000)
\\set low random(1, 500)
\\set high random(501, 1000)
"""
# Table → which rows the order has written, and which columns must differ from one transaction to the next.
ROWS: tuple[tuple[str, str, dict[str, str]], ...] = (
    (
        "compliance_allowanceaccount",
        "id = (SELECT account_id FROM compliance_allowanceentry WHERE order_number = %(number)s)",
        {"person_id": "('00000000-0000-7000-8000-' || lpad(:customer::text, 12, '0'))::uuid"},
    ),
    (
        "compliance_allowanceentry",
        "order_number = %(number)s",
        {"order_number": "'N' || :n", "account_id": ":customer"},
    ),
    (
        "compliance_datakey",
        "id = (SELECT key_id FROM orders_order WHERE number = %(number)s)",
        {"id": "uuidv7()"},
    ),
    (
        "compliance_judgement",
        "order_number = %(number)s",
        {"id": "uuidv7()", "order_number": "'N' || :n"},
    ),
    ("orders_order", "number = %(number)s", {"number": "'N' || :n", "quote_id": ":n", "key_id": "uuidv7()"}),
    (
        "orders_orderline",
        "order_id = (SELECT id FROM orders_order WHERE number = %(number)s)",
        {"order_id": ":n"},
    ),
    ("kernel_event", "key = 'order:' || %(number)s", {"key": "'order-N' || :n"}),
    ("kernel_delivery", "key = 'order:' || %(number)s", {"event_id": ":n", "key": "'order-N' || :n"}),
    ("kernel_receipt", "key = %(receipt)s", {"key": "'bench-' || :n"}),
    ("inventory_reservation", "holder = 'order:' || %(number)s", {"holder": "'order-N' || :n"}),
    ("inventory_movement", "holder = 'order:' || %(number)s", {"holder": "'order-N' || :n"}),
)
ON_CONFLICT = {
    "compliance_allowanceaccount": " ON CONFLICT (person_id, year, measure)"
    " DO UPDATE SET reserved = a.reserved + excluded.reserved"
}
STOCK = "UPDATE floor.inventory_stock SET reserved = reserved + 1 WHERE id = {};"


@dataclass(frozen=True)
class Floor:
    """Transactions a second, how many there were, and pgbench's own CPU seconds."""

    rate: float
    transactions: int
    pgbench_seconds: float


def prepare(folder: Path, *, number: str, receipt: str) -> Path:
    """Copy the tables into the schema `floor` and write the script from the rows of the order `number`,
    which was placed under the Idempotency-Key `receipt`. Returns the script."""
    lines = [VARIABLES + "BEGIN;"]
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA IF EXISTS floor CASCADE")
        cursor.execute("CREATE SCHEMA floor")
        for table in [*(row[0] for row in ROWS), "inventory_stock"]:
            cursor.execute(f"CREATE TABLE floor.{table} (LIKE public.{table} INCLUDING ALL)")
            cursor.execute("SELECT reloptions FROM pg_class WHERE oid = %s::regclass", [f"public.{table}"])
            for option in cursor.fetchone()[0] or ():  # which LIKE leaves out
                cursor.execute(f"ALTER TABLE floor.{table} SET ({option})")
        cursor.execute(
            "INSERT INTO floor.inventory_stock OVERRIDING SYSTEM VALUE SELECT * FROM public.inventory_stock"
        )
        for table, where, changing in ROWS:
            cursor.execute(
                f"SELECT * FROM public.{table} WHERE {where}",
                {"number": number, "receipt": receipt},
            )
            names = [column.name for column in cursor.description]
            rows = cursor.fetchall()
            assert rows, f"the pattern order has written no row of {table}"
            lines += [_insert(table, dict(zip(names, row, strict=True)), changing) for row in rows]
            _same_keys(table, changing)
    lines += [STOCK.format(":low"), STOCK.format(":high"), "COMMIT;", ""]
    script = folder / "floor.sql"
    script.write_text("\n".join(lines))
    return script


def _same_keys(table: str, changing: dict[str, str]) -> None:
    """Give the copy the real table's foreign keys, except of columns whose values here are made up."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_constraintdef(c.oid), a.attname FROM pg_constraint c"
            " JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]"
            " WHERE c.contype = 'f' AND c.conrelid = %s::regclass",
            [f"public.{table}"],
        )
        for definition, column in cursor.fetchall():
            if column not in changing:
                cursor.execute(f"ALTER TABLE floor.{table} ADD {definition}")


def reset() -> None:
    """Empty what a run before has written."""
    with connection.cursor() as cursor:
        for table, _, _ in ROWS:
            cursor.execute(f"TRUNCATE floor.{table}")
        cursor.execute("UPDATE floor.inventory_stock SET reserved = 0")
        cursor.execute("VACUUM ANALYZE floor.inventory_stock")


def run(pg_bin: Path, url: str, script: Path, seconds: int) -> Floor:
    """One run of the script."""
    before = _children()
    done = subprocess.run(
        [
            *(str(pg_bin / "pgbench"), "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "2"),
            *("-T", str(seconds), "-f", str(script), url),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    rate = re.search(r"tps = ([\d.]+)", done.stdout)
    count = re.search(r"actually processed: (\d+)", done.stdout)
    if done.returncode or rate is None or count is None:
        raise RuntimeError(done.stderr[-2000:])
    return Floor(float(rate[1]), int(count[1]), _children() - before)


def _insert(table: str, row: dict[str, object], changing: dict[str, str]) -> str:
    columns = [name for name in row if name != "id" or name in changing]
    values = [changing.get(name) or _literal(row[name]) for name in columns]
    alias = " AS a" if table in ON_CONFLICT else ""
    return (
        f"INSERT INTO floor.{table}{alias} ({', '.join(columns)})"
        f" VALUES ({', '.join(values)}){ON_CONFLICT.get(table, '')};"
    )


def _literal(value: object) -> str:
    """A value as SQL; colons are escaped, because pgbench reads a variable behind each."""
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace(":", "\\x3a")
        return f"E'{escaped}'"
    if isinstance(value, datetime):
        return "now()"
    if isinstance(value, (bytes, memoryview)):
        return f"'\\x{bytes(value).hex()}'::bytea"
    return sql.Literal(value).as_string(None)


def _children() -> float:
    times = psutil.Process().cpu_times()
    return times.children_user + times.children_system
