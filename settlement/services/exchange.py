"""A batch goes to the institution as one stored file, and its answer is taken whole, once, into the books."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time

from kernel import files
from kernel.cases import open_case
from kernel.clock import SHANGHAI, shanghai_day
from kernel.errors import Conflict
from kernel.models import File
from kernel.states import WrongState
from kernel.tenancy import tenant
from settlement import forex_answer, forex_file
from settlement.accounts import Account
from settlement.currency import to_fen
from settlement.forex_answer import Answered
from settlement.models import Entry, SettlementBatch, SettlementItem
from settlement.reasons import Reason
from settlement.services.enter import Fact, enter
from settlement.services.late import answered
from settlement.states import BATCH
from settlement.unsettled import unsettled


@dataclass(eq=False)
class StaleBatch(Conflict):
    """Since the batch was made, something of its orders has changed: discard it and make another."""

    code = "stale_batch"
    title = "These orders have changed since the batch was made: {orders}. Discard it and make another."
    title_zh = "批次生成后以下订单已变化：{orders}。请作废后重新生成。"
    orders: str


def export_batch(*, batch: SettlementBatch, by: str, now: datetime) -> File:
    """The file of the batch; exported again it is the one that was stored first.

    Raises StaleBatch where an order is no longer as the batch holds it, WrongState for a discarded one.
    """
    with tenant(batch.storefront_id):
        batch = _locked(batch)
        if batch.file is not None:
            return batch.file
        if batch.state == BATCH.start and (changed := _changed(batch, now)):
            raise StaleBatch(orders=", ".join(changed))
        made = files.store(
            storefront_id=batch.storefront_id,
            name=f"{batch.number}.csv",
            media_type="text/csv; charset=utf-8",
            content=forex_file.written(batch),
            now=now,
        )
        facts = {"by": by, "sha256": made.sha256}
        BATCH.move(batch, "export", now=now, facts=facts, file=made, exported_at=now)
        return made


def take_answer(*, batch: SettlementBatch, content: bytes, by: str, now: datetime) -> SettlementBatch:
    """Take the institution's answer: all of its rows or none; the same answer again changes nothing.

    What it settled is entered in the books, with the difference between its rate and the rate we promised as
    a forex result; what it refused is free for another batch, and a case. Raises BadAnswer, WrongState.
    """
    with tenant(batch.storefront_id):
        batch = _locked(batch)
        if batch.answer is not None and files.read(batch.answer) == content:
            return batch
        if batch.state != "exported" or batch.file is None:
            raise WrongState(machine=BATCH.name, verb="answer", state=batch.state)
        sent, today = batch.file.sha256, shanghai_day(now)
        answers = forex_answer.read(content, batch=batch, sent=sent, today=today)
        settled = [one for one in answers if one.rate is not None]
        kept = files.store(
            storefront_id=batch.storefront_id,
            name=f"{batch.number}-answer.csv",
            media_type="text/csv; charset=utf-8",
            content=content,
            now=now,
        )
        results = {one.item.pk: _enter(batch, one, now) for one in settled}
        BATCH.move(
            batch,
            "answer" if settled else "refuse",
            now=now,
            facts={"by": by, "sha256": kept.sha256, "items": len(settled)},
            answer=kept,
            answered_at=now,
            settled_fen=sum(one.item.net_fen for one in settled),
            settled_promised_minor=sum(one.item.promised_minor for one in settled),
            foreign_minor=sum(one.foreign_minor or 0 for one in settled),
            result_fen=sum(results.values()),
        )
        _keep(answers)
        answered(batch, now=now)
        if len(settled) < len(answers):
            open_case(
                storefront_id=batch.storefront_id,
                kind="forex.refused",
                key=batch.event_key,
                title="The institution refuses to settle some orders",
                facts={"batch": batch.number, "items": len(answers) - len(settled)},
                now=now,
            )
    return batch


def _changed(batch: SettlementBatch, now: datetime) -> list[str]:
    """Orders of a draft that are no longer as it holds them."""
    items = {item.order_id: item for item in batch.items.select_related("order")}
    today = {
        one.order_id: one
        for one in unsettled(storefront_id=batch.storefront_id, day=shanghai_day(now), only=items)
    }
    changed = []
    for id, item in items.items():
        one = today[id]
        amounts = (one.gross_fen, one.refunded_fen, one.fee_fen, one.cny_per_100)
        held = (item.gross_fen, item.refunded_fen, item.fee_fen, item.cny_per_100)
        if one.reasons != (Reason.IN_BATCH,) or amounts != held:
            changed.append(item.order.number)
    return changed


def _enter(batch: SettlementBatch, one: Answered, now: datetime) -> int:
    """Enter what was settled of one order; the forex result in fen, positive for a gain.

    The yuan, which WeChat Pay paid out to the bank, are on their way abroad; what the brand was promised is
    owed to it, and what its rate brought more or less is the result.
    """
    assert one.rate is not None
    assert one.foreign_minor is not None
    assert one.settled_on is not None
    item = one.item
    beyond = one.foreign_minor - item.promised_minor
    result = to_fen(beyond, cny_per_100=one.rate, currency=batch.currency)
    enter(
        fact=Fact(
            storefront_id=batch.storefront_id,
            kind=Entry.Kind.SETTLEMENT,
            key=f"settlement:{batch.number}:{item.position}",
            at=datetime.combine(one.settled_on, time(12), SHANGHAI),
            amounts={
                Account.BANK: -item.net_fen,
                Account.ABROAD: item.net_fen,
                Account.PASSED_ON: item.net_fen,
                Account.BRAND: result - item.net_fen,
                Account.FOREX: -result,
            },
            order_id=item.order_id,
        ),
        now=now,
    )
    return result


def _keep(answers: Sequence[Answered]) -> None:
    for one in answers:
        one.item.rate, one.item.foreign_minor = one.rate, one.foreign_minor
        one.item.settled_on, one.item.refusal = one.settled_on, one.refusal
        one.item.live = one.rate is not None
    fields = ["rate", "foreign_minor", "settled_on", "refusal", "live"]
    SettlementItem.objects.bulk_update([one.item for one in answers], fields, batch_size=500)


def _locked(batch: SettlementBatch) -> SettlementBatch:
    # Without its files: joined to the lock, they would be those of before it was waited for.
    return SettlementBatch.objects.select_for_update().get(pk=batch.pk)
