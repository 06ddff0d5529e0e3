"""What a life has left in the database, row by row: the mould from which many like it are cast.

Rows are told apart by when they came: what has a key above the mark was written since. So whatever the
services write belongs to the mould, and nothing here knows which tables these are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.apps import apps
from django.db import connection, models

Marks = Mapping[str, Any]
Rows = dict[str, list[dict[str, Any]]]  # by table, each by column

# What is of no order or customer alone: sums over many, the workings of a process, files on a disk.
APART = {
    "compliance.AllowanceAccount",
    "compliance.ChainLink",
    "kernel.File",
    "kernel.Job",
    "kernel.Receipt",
    "customers.Session",
    "inventory.Lot",
    "inventory.Stock",
    "logistics.CarrierAccount",
    "logistics.TradeManagement",
    "payments.CustomsNumber",
}
OWN = (
    "kernel",
    "compliance",
    "storefronts",
    "catalog",
    "customers",
    "inventory",
    "orders",
    "payments",
    "logistics",
    "customs",
    "settlement",
    "returns",
)


# Never, or in ten years: nobody outside knows of these lives, so nobody is to be asked about them.
ASKED_AGAIN = {"next_try_at", "next_query_at"}
LATER = timedelta(days=3650)


@dataclass(frozen=True)
class Mould:
    """The rows of one life up to a moment: those of its buyer, and those of its order."""

    name: str
    began: datetime
    ended: datetime
    buyer: Rows
    rows: Rows
    skus: tuple[str, ...] = field(default=())

    def order(self) -> dict[str, Any]:
        """Its one order."""
        (order,) = self.rows["orders_order"]
        return order


def tables() -> dict[str, type[models.Model]]:
    """The tables of the house by name, without those that are apart."""
    found = [model for app in OWN for model in apps.get_app_config(app).get_models()]
    return {m._meta.db_table: m for m in found if m._meta.label not in APART}


def marks() -> dict[str, Any]:
    """The highest key of every table at present; None where it is empty."""
    with connection.cursor() as cursor:
        found = {}
        for table, model in tables().items():
            key = model._meta.pk.column
            cursor.execute(f'SELECT "{key}" FROM "{table}" ORDER BY "{key}" DESC LIMIT 1')
            row = cursor.fetchone()
            found[table] = row[0] if row else None
    return found


def since(mark: Marks, until: Marks | None = None) -> Rows:
    """The rows that came after `mark`, those of the same table in the order of their keys."""
    found: Rows = {}
    with connection.cursor() as cursor:
        for table, model in tables().items():
            key = model._meta.pk.column
            wheres, values = [], []
            for sign, bound in ((">", mark[table]), ("<=", until[table] if until else None)):
                if bound is not None:
                    wheres.append(f'"{key}" {sign} %s')
                    values.append(bound)
            if until is not None and until[table] is None:
                continue  # it was empty then
            where = " WHERE " + " AND ".join(wheres) if wheres else ""
            cursor.execute(f'SELECT * FROM "{table}"{where} ORDER BY "{key}"', values)
            names = [column.name for column in cursor.description]
            rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
            if rows:
                found[table] = rows
    return found


def without_others(rows: Rows) -> Rows:
    """Without what was written meanwhile of another order's refund, which the house asks about for ever."""
    own = {f"refund:{row['out_refund_no']}" for row in rows.get("payments_refund", ())}
    for table in ("kernel_event", "kernel_delivery", "kernel_case"):
        kept = [
            row for row in rows.pop(table, ()) if not row["key"].startswith("refund:") or row["key"] in own
        ]
        if kept:
            rows[table] = kept
    return rows


def ask_no_more() -> None:
    """Of what was before nobody outside knows any more: the house does not ask again."""
    with connection.cursor() as cursor:
        for table, model in tables().items():
            for field in model._meta.concrete_fields:
                if field.column in ASKED_AGAIN:
                    later = datetime.now(UTC) + LATER
                    cursor.execute(
                        f'UPDATE "{table}" SET "{field.column}" = %s WHERE "{field.column}" < %s',
                        [None if field.null else later, later - LATER / 2],
                    )


def read(table: str, where: str, values: Iterable[Any]) -> list[dict[str, Any]]:
    """Some rows of one table by their keys, each by column."""
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT * FROM "{table}" WHERE {where} ORDER BY id', list(values))
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
