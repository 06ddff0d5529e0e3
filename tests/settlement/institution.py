"""The institution's side of a batch and the bank's: an answer in a file, a credit; and what the books say."""

from __future__ import annotations

import csv
import hashlib
import io
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from kernel import files
from kernel.clock import shanghai_day
from settlement.currency import shown, to_minor
from settlement.models import ForexReceipt, Posting, SettlementBatch
from settlement.services.exchange import take_answer
from settlement.services.receipts import record_receipt
from tests import make
from tests.settlement.test_unsettled import DAY

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


def taken(batch: SettlementBatch, **more: Any) -> SettlementBatch:
    return take_answer(batch=batch, content=answer(batch, **more), by="me", now=make.NOW)


def credited(batch: SettlementBatch, amount_minor: int, reference: str = "B-1", **more: Any) -> ForexReceipt:
    told = {"kind": ForexReceipt.Kind.CREDIT, "credited_on": DAY, "by": "me", "now": make.NOW}
    return record_receipt(batch=batch, reference=reference, amount_minor=amount_minor, **(told | more))


def balance(**narrow: Any) -> dict[str, int]:
    rows = Posting.objects.filter(**narrow).values_list("account").annotate(total=Sum("amount_fen"))
    return {account: total for account, total in rows if total}
