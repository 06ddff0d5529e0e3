"""The institution's side of a batch: the answer it would write to a file."""

from __future__ import annotations

import csv
import hashlib
import io
from decimal import Decimal
from typing import Any

from kernel import files
from kernel.clock import shanghai_day
from settlement.currency import shown, to_minor
from settlement.models import SettlementBatch

HEAD = "batch,item,status,rate,currency,foreign,settled_on,reason\n"


def sealed(body: str, sent: str) -> bytes:
    """Lines with their checksum."""
    return body.encode() + f"checksum,{hashlib.sha256(body.encode()).hexdigest()},{sent}\n".encode()


def answer(
    batch: SettlementBatch,
    *,
    rate: str = "815.0000",
    beyond: dict[int, int] | None = None,
    refused: tuple[int, ...] = (),
    rates: dict[int, str] | None = None,
) -> bytes:
    """Every item settled at `rate` (or its own in `rates`), `beyond` minor units more; some refused."""
    batch = SettlementBatch.objects.get(pk=batch.pk)
    assert batch.exported_at is not None
    settled_on = shanghai_day(batch.exported_at).isoformat()
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    for item in batch.items.order_by("position"):
        row: list[Any] = [batch.number, item.position]
        if item.position in refused:
            row += ["refused", "", batch.currency, "", "", "资料不符"]
        else:
            own = (rates or {}).get(item.position, rate)
            minor = to_minor(item.net_fen, cny_per_100=Decimal(own), currency=batch.currency)
            minor += (beyond or {}).get(item.position, 0)
            row += ["settled", own, batch.currency, shown(minor, batch.currency), settled_on, ""]
        lines.writerow(row)
    assert batch.file is not None
    sent = hashlib.sha256(files.read(batch.file)).hexdigest()
    return sealed(HEAD + out.getvalue(), sent)
