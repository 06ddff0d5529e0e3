"""A long history of settled orders, copied row for row from one, without what guards single rows."""

from __future__ import annotations

from typing import Any

from django.db import connection, models

from orders.models import Order
from payments.models import Payment
from settlement.models import Entry, Evidence, Posting, SettlementItem

STEP = 10_000_000  # between the keys of one copy's rows and the next table's


def copy(order: Order, times: int) -> None:
    """`times` orders more like `order`, with its payment, entries, postings, evidence and items."""
    entries = Entry.objects.filter(order=order)
    chosen: list[tuple[type[models.Model], list[int]]] = [
        (Order, [order.pk]),
        (Payment, list(Payment.objects.filter(order=order).values_list("pk", flat=True))),
        (Entry, list(entries.values_list("pk", flat=True))),
        (Posting, list(Posting.objects.filter(entry__in=entries).values_list("pk", flat=True))),
        (Evidence, list(Evidence.objects.filter(order=order).values_list("pk", flat=True))),
        (SettlementItem, list(SettlementItem.objects.filter(order=order).values_list("pk", flat=True))),
    ]
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for model, keys in chosen:
            cursor.execute(_statement(model), {"keys": keys, "times": times, "step": STEP})
        cursor.execute("SET session_replication_role = DEFAULT")
        cursor.execute("ANALYZE")


def _statement(model: type[models.Model]) -> str:
    fields = model._meta.concrete_fields
    values = ", ".join(_value(model, field) for field in fields)
    columns = ", ".join(f'"{field.column}"' for field in fields)
    return (
        f"INSERT INTO {model._meta.db_table} ({columns}) SELECT {values}"
        f" FROM {model._meta.db_table} t, generate_series(1, %(times)s) n WHERE t.id = ANY(%(keys)s)"
    )


def _value(model: type[models.Model], field: Any) -> str:
    copied = {"order", "payment", "entry"}
    target = field.target_field if field.is_relation else field
    alone = field.primary_key or field.name in copied or (field.is_relation and field.unique)
    if alone and not isinstance(target, models.UUIDField):
        return f't."{field.column}" + %(step)s::bigint * n'
    if field.name == "position" and model is SettlementItem:
        return "t.position + n * 10"
    if isinstance(target, models.UUIDField) and (alone or field.unique):
        return "gen_random_uuid()"
    if (
        field.name in ("number", "out_trade_no", "transaction_id", "key", "reference")
        and not field.is_relation
    ):
        return f"""left(t."{field.column}", 20) || '-' || n"""
    return f't."{field.column}"'
