"""A receipt is kept sealed, once, however often it came; one that cannot be read is kept as it came."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from typing import NamedTuple

from django.db import DEFAULT_DB_ALIAS
from django.db.models.constants import OnConflict
from django.db.models.sql import InsertQuery

from compliance import vault
from customs import labels
from customs.ceb.message import Values
from customs.models import Filing, PortAccount, PortReceipt
from customs.steps import code_in
from kernel.cases import open_case, settle_open
from kernel.tenancy import tenant

UNREADABLE, UNKNOWN = "customs.receipt_unreadable", "customs.receipt_unknown"
_BASE64 = "base64:"
Outcome = PortReceipt.Outcome


class Told(NamedTuple):
    """One document of a receipt message: what it says, its own bytes, and its lines where it has any."""

    name: str
    head: Values
    raw: bytes
    lines: tuple[Values, ...] = ()


def keep_unreadable(account: PortAccount, raw: bytes, why: str, now: datetime) -> PortReceipt | None:
    """Keep what cannot be read as it came, with a case that says `why`; None where it came before."""
    with tenant(account.storefront_id):
        row = keep(account, None, Told("", {}, raw), Outcome.UNREADABLE, now)
        if row is not None:
            open_case(
                storefront_id=account.storefront_id,
                kind=UNREADABLE,
                key=f"receipt:{row.digest}",
                title="A receipt of the port cannot be read",
                facts={"why": why, "account": str(account)},
                now=now,
            )
    return row


def keep(
    account: PortAccount,
    filing: Filing | None,
    told: Told,
    outcome: PortReceipt.Outcome,
    now: datetime,
) -> PortReceipt | None:
    """The receipt as a row; None where it came before. What was about no known document finds it now."""
    status = str(told.head.get("returnStatus") or told.head.get("status", "")).strip()
    told_at = told.head.get("returnTime") or told.head.get("appTime")
    sealing = filing.declaration.order.key if filing else account.storefront.key
    row = PortReceipt(
        storefront_id=account.storefront_id,
        account=account,
        filing=filing,
        name=told.name,
        digest=hashlib.sha256(told.raw).hexdigest(),
        status=status[:10],
        code=code_in(status, str(told.head.get("returnInfo", ""))),
        told_at=told_at if isinstance(told_at, datetime) else None,
        outcome=outcome,
        received_at=now,
        looked_at=now if outcome == Outcome.UNKNOWN else None,
    )
    row.raw_sealed = vault.unwrap(sealing).seal(labels.RECEIPT_RAW, row.public_id, _text(told.raw))
    if _is_new(row):
        return row
    return None if filing is None else _found(row)


def _is_new(row: PortReceipt) -> bool:
    """Write the row where its like is not there yet: one statement, and no savepoint to come back to."""
    query = InsertQuery(PortReceipt, on_conflict=OnConflict.IGNORE)
    fields = [field for field in PortReceipt._meta.concrete_fields if field.name != "id"]
    query.insert_values(fields, [row])
    (told,) = query.get_compiler(DEFAULT_DB_ALIAS).execute_sql([PortReceipt._meta.pk])
    if told:
        row.pk, row._state.adding, row._state.db = told[0], False, DEFAULT_DB_ALIAS
    return bool(told)


def _text(raw: bytes) -> str:
    """As it came; what is no UTF-8 stands behind its name as base64."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return f"{_BASE64}{base64.b64encode(raw).decode()}"


def raw_of(text: str) -> bytes:
    """The bytes that were kept as this text."""
    return base64.b64decode(text[len(_BASE64) :]) if text.startswith(_BASE64) else text.encode()


def _found(fresh: PortReceipt) -> PortReceipt | None:
    """A receipt that came before its document was known: from now on it is of that, sealed with its order."""
    row = (
        PortReceipt.objects.select_for_update()
        .filter(account_id=fresh.account_id, digest=fresh.digest, outcome=Outcome.UNKNOWN)
        .first()
    )
    if row is None or fresh.filing is None:
        return None
    raw = vault.unwrap(fresh.account.storefront.key).open(
        labels.RECEIPT_RAW, row.public_id, bytes(row.raw_sealed)
    )
    order_key = vault.unwrap(fresh.filing.declaration.order.key)
    row.raw_sealed = order_key.seal(labels.RECEIPT_RAW, row.public_id, raw)
    row.filing, row.outcome, row.looked_at = fresh.filing, fresh.outcome, None
    row.save(update_fields=["raw_sealed", "filing", "outcome", "looked_at"])
    settle_unknown(row, now=fresh.received_at)
    return row


def settle_unknown(row: PortReceipt, *, now: datetime) -> None:
    """What a receipt is about has come: nobody need look for it."""
    key = f"receipt:{row.digest}"
    settle_open(kinds=[UNKNOWN], key=key, by="system", note="its document is known", now=now)
