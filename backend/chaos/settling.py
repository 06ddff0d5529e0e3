"""Trials of money going abroad: batch, file, the institution's answer and the bank's receipts, each once."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any

from django.db.models import F

from backend.chaos.books import Finding, Part
from backend.chaos.faults import Fault, Twice
from backend.chaos.stage import Stage
from backend.chaos.ways import Step, killed_writing
from compliance.models import PayerCheck
from kernel import files
from kernel.clock import shanghai_day
from kernel.errors import Problem
from kernel.models import Event, File
from orders.models import Order
from settlement.currency import shown, to_minor
from settlement.models import Entry, Evidence, ForexReceipt, SettlementBatch, SettlementItem
from settlement.services.batches import make_batch
from settlement.services.evidence import record_evidence
from settlement.services.exchange import export_batch, take_answer
from settlement.services.receipts import close_batch, record_receipt
from settlement.unsettled import unsettled

BY = "chaos"
HEAD = ("batch", "item", "status", "rate", "currency", "foreign", "settled_on", "reason")
BETTER = Decimal("0.9990")  # the institution's rate beside the one that is locked: a small gain


def ready(stage: Stage) -> Order:
    """A paid order with all that a settlement rests on, as if it had been declared, carried and released."""
    stage.play(FOREX)
    order = stage.paid()
    stage.deliver()
    PayerCheck.objects.filter(order_number=order.number).update(state="same")
    for kind in Evidence.Kind:
        told = f"{kind}-{order.number}"
        record_evidence(order=order, kind=kind, reference=told, at=stage.now(), now=stage.now())
    return order


def _again(act: Callable[[], object]) -> None:
    """Whoever does it saw no end, and does it once more; what is done already says so."""
    with suppress(Problem):
        act()


def _make(stage: Stage, order: Order) -> SettlementBatch:
    return make_batch(storefront_id=stage.shop.pk, currency=order.brand_currency, by=BY, now=stage.now())


def _batch(order: Order) -> SettlementBatch:
    return SettlementBatch.objects.get(items__order=order, items__live=True)


def makes(stage: Stage, fault: Fault) -> Order:
    """Making the batch goes wrong."""
    order = ready(stage)
    fault.strike(stage, lambda: _make(stage, order))
    _again(lambda: _make(stage, order))
    return order


def exports(stage: Stage, fault: Fault) -> Order:
    """Exporting its file goes wrong."""
    order = ready(stage)
    batch = _make(stage, order)
    fault.strike(stage, lambda: export_batch(batch=batch, by=BY, now=stage.now()))
    _again(lambda: export_batch(batch=batch, by=BY, now=stage.now()))
    return order


def answered(stage: Stage, fault: Fault) -> Order:
    """Taking in the institution's answer goes wrong."""
    order = ready(stage)
    batch = _make(stage, order)
    export_batch(batch=batch, by=BY, now=stage.now())
    content = answer_of(_batch(order), stage)
    fault.strike(stage, lambda: take_answer(batch=batch, content=content, by=BY, now=stage.now()))
    _again(lambda: take_answer(batch=batch, content=content, by=BY, now=stage.now()))
    return order


def received(stage: Stage, fault: Fault) -> Order:
    """Keeping what the bank credits goes wrong; then the batch is closed."""
    order = ready(stage)
    batch = _make(stage, order)
    export_batch(batch=batch, by=BY, now=stage.now())
    take_answer(batch=batch, content=answer_of(_batch(order), stage), by=BY, now=stage.now())
    batch = _batch(order)

    def credit() -> None:
        record_receipt(
            batch=batch,
            kind=ForexReceipt.Kind.CREDIT,
            reference=f"BANK-{batch.number}",
            amount_minor=batch.foreign_minor,
            credited_on=shanghai_day(stage.now()),
            by=BY,
            now=stage.now(),
        )

    fault.strike(stage, credit)
    _again(credit)
    close_batch(batch=_batch(order), by=BY, now=stage.now())
    return order


def answer_of(batch: SettlementBatch, stage: Stage) -> bytes:
    """What the institution writes to the file: every item settled, at a rate beside the one we promised."""
    assert batch.file is not None
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(HEAD)
    for item in batch.items.order_by("position"):
        rate = (item.cny_per_100 * BETTER).quantize(Decimal("0.0001"))
        told = shown(to_minor(item.net_fen, cny_per_100=rate, currency=batch.currency), batch.currency)
        on = shanghai_day(stage.now()).isoformat()
        rows.writerow([batch.number, item.position, "settled", rate, batch.currency, told, on, ""])
    body = out.getvalue().encode()
    sent = hashlib.sha256(files.read(batch.file)).hexdigest()
    return body + f"checksum,{hashlib.sha256(body).hexdigest()},{sent}\n".encode()


def _compare(found: Finding, order: Order, books: dict[str, Any]) -> None:
    items = list(SettlementItem.objects.filter(order=order, live=True).select_related("batch"))
    if not items:
        waits = unsettled(
            storefront_id=order.storefront_id, day=shanghai_day(order.placed_at), only=[order.pk]
        )
        found.lost += [f"in no batch: {' '.join(one.reasons)}" for one in waits]
    if len(items) > 1:
        found.doubled.append(f"in {len(items)} batches")
    for batch in {item.batch for item in items}:
        _whole(found, batch)


def _whole(found: Finding, batch: SettlementBatch) -> None:
    """The batch is what its items are, and each of its papers, its postings and its credits is there once."""
    items = list(batch.items.all())
    if (len(items), sum(item.net_fen for item in items)) != (batch.items_count, batch.net_fen):
        found.lost.append(f"{len(items)} of {batch.items_count} items of {batch}")
    steps = {"draft": 1, "exported": 1, "answered": 1, "received": 1, "closed": 1}
    told = Event.objects.filter(key=batch.event_key, name__in=[f"batch.{state}" for state in steps])
    if told.count() != told.values("name").distinct().count():
        found.doubled.append(f"{batch} went the same way twice")
    kept = File.objects.filter(name__startswith=batch.number).count()
    due = (batch.file is not None) + (batch.answer is not None)
    if kept != due:
        (found.lost if kept < due else found.doubled).append(f"{kept} of {due} files of {batch}")
    entries = Entry.objects.filter(kind="settlement", key__startswith=f"settlement:{batch.number}:").count()
    posted = sum(item.rate is not None for item in items)
    if entries != posted:
        side = found.lost if entries < posted else found.doubled
        side.append(f"{entries} of {posted} settlements in the ledger")
    credited = sum(batch.receipts.values_list("amount_minor", flat=True))
    booked = Entry.objects.filter(kind="receipt", key__contains=batch.number).count()
    if credited != batch.received_minor or booked != batch.receipts.count():
        found.lost.append(
            f"{credited} credited, {batch.received_minor} noted, {booked} receipts in the ledger"
        )


def _ends(order: Order) -> str:
    items = SettlementItem.objects.filter(order=order, live=True).annotate(stands=F("batch__state"))
    return " ".join(f"batch {one.stands}" for one in items) or "-"


FOREX = Part(lambda at: None, _compare, _ends)

STEPS: tuple[Step, ...] = (
    (
        "forex: batch",
        makes,
        lambda: [
            *killed_writing(making_the_batch="settlement_settlementbatch"),
            *killed_writing(writing_its_items="settlement_settlementitem")[2:],
            Twice(),
        ],
    ),
    ("forex: export", exports, lambda: [*killed_writing(storing_the_file="kernel_file"), Twice()]),
    (
        "forex: answer",
        answered,
        lambda: [
            *killed_writing(storing_the_answer="kernel_file"),
            *killed_writing(entering_a_settlement="settlement_entry")[2:],
            Twice(),
        ],
    ),
    (
        "forex: receipt",
        received,
        lambda: [
            *killed_writing(noting_the_receipt="settlement_forexreceipt"),
            *killed_writing(entering_the_receipt="settlement_entry")[2:],
            Twice(),
        ],
    ),
)
