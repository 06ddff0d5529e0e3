"""What was sold goes abroad: evidence, rates, a batch, its answer, the bank's credit, books in balance."""

from __future__ import annotations

from datetime import date

from django.conf import settings
from django.db.models import Sum

from backend.journey.client import wait
from backend.journey.refunding import as_the_house
from backend.journey.report import expect, expect_that, step
from backend.journey.stage import Stage, yuan
from kernel import files
from kernel.clock import now, shanghai_day
from orders.models import Order
from settlement.currency import parsed, shown
from settlement.gateways.cfets import central_parity
from settlement.models import ForexReceipt, Posting, RatePublication, SettlementBatch
from settlement.queries import not_entered, out_of_balance
from settlement.services.batches import make_batch
from settlement.services.exchange import export_batch, take_answer
from settlement.services.rates import keep_rates
from settlement.services.receipts import close_batch, record_receipt
from settlement.unsettled import Unsettled, unsettled

BY = "operator:journey"


def waiting(stage: Stage) -> Unsettled | None:
    """What of the journey's order has not gone abroad; None where nothing is left."""
    order = Order.objects.get(number=stage.order["number"])
    found = unsettled(storefront_id=order.storefront_id, day=shanghai_day(now()), only=[order.pk])
    return found[0] if found else None


def batch_of(stage: Stage) -> SettlementBatch:
    """The batch that holds the journey's order."""
    return SettlementBatch.objects.get(items__order__number=stage.order["number"], items__live=True)


@step("未结汇", "what of the order has not gone abroad, and what it waits for")
def before(stage: Stage) -> str:
    def entered() -> Unsettled | None:
        one = waiting(stage)
        return one if one and one.refunded_fen else None

    one = wait("sale and refund in the books", entered)
    expect_that(bool(one.reasons), "something that it waits for", one.reasons)
    return f"{yuan(one.net_fen)}: waits for {', '.join(one.reasons)}"


@step("贸易凭证", "payment, parcel and release are evidence: the order is ready")
def evidence(stage: Stage) -> str:
    def ready() -> Unsettled | None:
        one = waiting(stage)
        return one if one and not one.reasons else None

    told: Unsettled = wait("all evidence of the trade", ready, seconds=30)
    parcel, released = told.evidence["logistics"], told.evidence["clearance"]
    return f"waybill {parcel}, list {released}: ready"


@step("汇率中间价", "the central parity is fetched from CFETS and kept as it came")
def rates(stage: Stage) -> str:
    with as_the_house(stage):
        parity = central_parity.fetch(base_url=settings.CFETS_BASE)
        keep_rates(parity=parity, source=settings.CFETS_BASE + central_parity.PATH, now=now())
    kept = RatePublication.objects.get(day=shanghai_day(parity.published_at))
    return f"{kept.day}: 100 EUR = {kept.rates['EUR']} yuan, SHA-256 {kept.sha256[:12]}…"


@step("结汇批次", "all that is ready in euro: a batch, its file, its SHA-256")
def batch(stage: Stage) -> str:
    order = Order.objects.get(number=stage.order["number"])
    made = make_batch(storefront_id=order.storefront_id, currency="EUR", by=BY, now=now())
    expect(made, batch_of(stage))
    file = export_batch(batch=made, by=BY, now=now())
    promised = shown(made.promised_minor, made.currency)
    return f"{made.number}: {yuan(made.net_fen)}, promised {promised} EUR, SHA-256 {file.sha256[:12]}…"


@step("机构答复", "the institution's rate is the truth, the difference a posting")
def answer(stage: Stage) -> str:
    sent = batch_of(stage)
    assert sent.file is not None
    told = stage.sandbox.tell("institution", file=files.read(sent.file).decode())
    stage.credit = told["credit"]
    done = take_answer(batch=sent, content=told["answer"].encode(), by=BY, now=now())
    expect("answered", done.state)
    posted = Posting.objects.filter(entry__key__startswith=f"settlement:{done.number}:", account="forex")
    expect(-done.result_fen, posted.aggregate(fen=Sum("amount_fen", default=0))["fen"])
    settled = shown(done.foreign_minor, done.currency)
    return f"at {told['rate']}: {settled} EUR, difference {done.result_fen / 100:+.2f} yuan posted"


@step("到账结清", "the bank's credit closes the batch; the books sum to zero")
def credit(stage: Stage) -> str:
    answered = batch_of(stage)
    record_receipt(
        batch=answered,
        kind=ForexReceipt.Kind.CREDIT,
        reference=stage.credit["reference"],
        amount_minor=parsed(stage.credit["amount"], answered.currency),
        credited_on=date.fromisoformat(stage.credit["on"]),
        by=BY,
        now=now(),
    )
    close_batch(batch=SettlementBatch.objects.get(pk=answered.pk), by=BY, now=now())
    expect(None, waiting(stage))
    expect(([], []), (out_of_balance(), not_entered(storefront_id=answered.storefront_id)))
    total = Posting.objects.aggregate(fen=Sum("amount_fen"))
    expect(0, total["fen"])
    return f"{stage.credit['amount']} EUR received, nothing unsettled; all postings sum to {total['fen']} fen"


STEPS = (evidence, rates, batch, answer, credit)
