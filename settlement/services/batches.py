"""A batch is made of orders that are ready, each in one live batch at most, and goes out as it was made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, connection, transaction

from kernel import events, ids
from kernel.clock import shanghai_day
from kernel.errors import Conflict
from kernel.tenancy import tenant
from settlement.models import SettlementBatch, SettlementItem
from settlement.states import BATCH
from settlement.unsettled import Unsettled, unsettled

MOST_ITEMS = 2_000
_TURN = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"


@dataclass(eq=False)
class NothingToSettle(Conflict):
    """No order is ready, or what is to be taken back is as much as what could go abroad."""

    code = "nothing_to_settle"
    title = "There is nothing to settle: {ready} orders are ready, and come to {net_fen} fen together."
    title_zh = "没有可结汇的金额：就绪订单 {ready} 笔，合计 {net_fen} 分。"
    ready: int
    net_fen: int


@dataclass(eq=False)
class AlreadyInBatch(Conflict):
    """Another batch took one of these orders first."""

    code = "already_in_batch"
    title = "Another batch has just taken one of these orders; make the batch again."
    title_zh = "其中有订单刚被其他批次使用，请重新生成批次。"


def make_batch(
    *, storefront_id: int, currency: str, by: str, now: datetime, most: int = MOST_ITEMS
) -> SettlementBatch:
    """A draft of all that is ready in `currency`, at most `most` orders, oldest first.

    One maker at a time per storefront: a second one waits, and finds what the first has left. Raises
    NothingToSettle.
    """
    with tenant(storefront_id):
        with connection.cursor() as cursor:
            cursor.execute(_TURN, [f"settlement:{storefront_id}"])
        day = shanghai_day(now)
        waiting = unsettled(storefront_id=storefront_id, day=day, currency=currency)
        ready = [one for one in waiting if not one.reasons][:most]
        net, promised = sum(one.net_fen for one in ready), sum(one.promised_minor or 0 for one in ready)
        if net <= 0 or promised <= 0:
            raise NothingToSettle(ready=len(ready), net_fen=net)
        batch = SettlementBatch.objects.create(
            storefront_id=storefront_id,
            number=f"S{ids.number(now)}",
            currency=currency,
            items_count=len(ready),
            net_fen=net,
            promised_minor=promised,
            made_at=now,
            made_by=by,
        )
        try:
            with transaction.atomic():
                SettlementItem.objects.bulk_create(
                    [_item(batch, position, one) for position, one in enumerate(ready, start=1)]
                )
        except IntegrityError as clash:
            raise AlreadyInBatch() from clash
        events.record(
            storefront_id=storefront_id,
            name="batch.draft",
            key=batch.event_key,
            facts={"by": by, "items": len(ready), "net_fen": net, "currency": currency},
            now=now,
        )
    return batch


def discard_batch(*, batch: SettlementBatch, by: str, now: datetime) -> None:
    """Give a draft up: its orders are free for another one. Raises WrongState once it was exported."""
    with tenant(batch.storefront_id):
        BATCH.move(batch, "discard", now=now, facts={"by": by})
        batch.items.update(live=False)


def _item(batch: SettlementBatch, position: int, one: Unsettled) -> SettlementItem:
    assert one.cny_per_100 is not None
    assert one.promised_minor is not None
    return SettlementItem(
        storefront_id=batch.storefront_id,
        batch=batch,
        position=position,
        order_id=one.order_id,
        turn=one.turn,
        gross_fen=one.gross_fen,
        refunded_fen=one.refunded_fen,
        fee_fen=one.fee_fen,
        net_fen=one.net_fen,
        cny_per_100=one.cny_per_100,
        promised_minor=one.promised_minor,
        evidence=one.evidence,
    )
