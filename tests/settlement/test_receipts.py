"""What the bank tells: each credit once, of a day that can be, never more than is to come, or not at all."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kernel.models import Case
from kernel.states import WrongState
from settlement.models import ForexReceipt, SettlementBatch
from settlement.reasons import Reason
from settlement.services.exchange import export_batch
from settlement.services.receipts import (
    ReceiptDiffers,
    ReceiptOutOfTime,
    ReceiptTooLarge,
    close_batch,
)
from settlement.unsettled import unsettled
from tests import make
from tests.settlement import trades
from tests.settlement.institution import balance, credited, taken
from tests.settlement.test_batches import made
from tests.settlement.test_unsettled import DAY, of

pytestmark = pytest.mark.django_db(transaction=True)


def test_credits_and_charges_are_matched_until_all_is_there(world, sent):
    batch = taken(sent)
    credited(batch, 3_000)
    assert credited(batch, 3_000).pk == ForexReceipt.objects.get().pk
    assert SettlementBatch.objects.get().state == "answered"
    with pytest.raises(ReceiptDiffers):
        credited(batch, 3_001)
    with pytest.raises(ReceiptTooLarge) as said:
        credited(batch, 681, "B-2")
    assert (said.value.open, said.value.currency) == ("6.80", "EUR")
    credited(batch, 80, "B-3", kind=ForexReceipt.Kind.CHARGE)
    credited(batch, 600, "B-2")
    batch = SettlementBatch.objects.get()
    assert (batch.state, batch.received_minor) == ("received", 3_680)
    assert balance(entry__kind="receipt") == {"abroad": -30_000, "brand": 29_348, "fee": 652}
    assert balance(account__in=["abroad", "brand", "forex"]) == {"brand": -481, "forex": -171}
    close_batch(batch=batch, by="me", now=make.NOW)
    assert SettlementBatch.objects.get().state == "closed"
    assert balance(entry__kind="clearing") == {"forex": 171, "fee": -652, "brand": 481}
    assert balance(account__in=["abroad", "brand", "forex", "fee"]) == {}
    with pytest.raises(ReceiptTooLarge) as said:
        credited(batch, 1, "B-9")
    assert said.value.open == "0.00"
    told = Case.objects.filter(kind="forex.too_much").order_by("id")
    assert [(one.facts["amount"], one.facts["to_come"]) for one in told] == [
        ("6.81 EUR", "6.80 EUR"),
        ("0.01 EUR", "0.00 EUR"),
    ]


@pytest.mark.parametrize("away", [-1, 1])
def test_a_credit_is_of_no_day_before_the_settlement_nor_after_today(world, sent, away):
    batch = taken(sent)
    with pytest.raises(ReceiptOutOfTime) as said:
        credited(batch, 3_000, credited_on=DAY + timedelta(days=away))
    assert (said.value.first, said.value.last) == (DAY.isoformat(), DAY.isoformat())
    assert ForexReceipt.objects.count() == 0


def test_nothing_is_received_before_the_institution_has_answered(world, sent):
    with pytest.raises(WrongState):
        credited(sent, 1)


def test_a_refund_after_settlement_is_taken_back_by_the_next_batch_at_the_same_promise(world, sent):
    batch = taken(sent)
    order = batch.items.get(position=1).order
    trades.refunded(order, goods_fen=5_000)
    credited(batch, 3_680)
    assert of(order).reasons == (Reason.IN_BATCH,)
    close_batch(batch=SettlementBatch.objects.get(pk=batch.pk), by="me", now=make.NOW)
    one = of(order)
    assert (one.turn, one.gross_fen, one.refunded_fen, one.net_fen, one.reasons) == (1, 0, 5_000, -5_000, ())
    assert one.promised_minor == 2_439 - 3_049
    trades.ready(world)
    second = made(world)
    assert second.net_fen == 20_000
    export_batch(batch=second, by="me", now=make.NOW)
    third = taken(second)
    assert third.items.get(order=order).foreign_minor == -613
    credited(third, third.foreign_minor, "B-7")
    close_batch(batch=SettlementBatch.objects.get(pk=third.pk), by="me", now=make.NOW)
    assert unsettled(storefront_id=world.shop.pk, day=DAY) == []
