"""What the brand's bank credits or keeps is matched with its batch until all is there; then it is closed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from fractions import Fraction

from django.db.models import Min

from kernel import events
from kernel.cases import open_case
from kernel.clock import SHANGHAI, shanghai_day
from kernel.errors import Conflict, Invalid
from kernel.money import times
from kernel.states import WrongState
from kernel.tenancy import tenant
from settlement import queries
from settlement.accounts import Account
from settlement.currency import shown
from settlement.models import Entry, ForexReceipt, SettlementBatch
from settlement.services.enter import Fact, enter
from settlement.services.late import arrived
from settlement.states import BATCH


@dataclass(eq=False)
class ReceiptTooLarge(Conflict):
    """More than the institution settled and the bank has still to tell of: not recorded, but a case."""

    code = "receipt_too_large"
    title = "Only {open} {currency} of this batch are still to come; a case tells of the rest."
    title_zh = "该批次尚待到账的金额仅为 {open} {currency}；多出部分已转为待办事项。"
    open: str
    currency: str


class ReceiptOfNothing(Invalid):
    """A receipt is a positive amount."""

    code = "receipt_of_nothing"
    title = "What the bank credited or kept is more than nothing."
    title_zh = "到账或扣费金额须大于零。"


@dataclass(eq=False)
class ReceiptDiffers(Conflict):
    """The same reference was recorded with another amount, day or kind."""

    code = "receipt_differs"
    title = "The bank's reference {reference} is recorded already, and otherwise."
    title_zh = "银行流水号 {reference} 已登记，且内容不同。"
    reference: str


@dataclass(eq=False)
class ReceiptOutOfTime(Conflict):
    """A day on which the bank cannot have told of this batch's money."""

    code = "receipt_out_of_time"
    title = "The day must lie between {first}, when the institution settled, and today, {last}."
    title_zh = "入账日期须在机构结汇日 {first} 至今日 {last} 之间。"
    first: str
    last: str


def record_receipt(
    *,
    batch: SettlementBatch,
    kind: ForexReceipt.Kind,
    reference: str,
    amount_minor: int,
    credited_on: date,
    by: str,
    now: datetime,
) -> ForexReceipt:
    """Keep what the bank told of the batch's money; with the last unit of it the batch is received.

    Told again it is one receipt. Raises ReceiptOfNothing, ReceiptDiffers, WrongState before the answer,
    ReceiptOutOfTime for a day before the institution settled or after today, and ReceiptTooLarge for more
    than is to come, also once all is there: that is a case, and it is kept unless a transaction of the
    caller's is rolled back.
    """
    try:
        return _recorded(batch, kind, reference, amount_minor, credited_on, by=by, now=now)
    except ReceiptTooLarge as more:
        with tenant(batch.storefront_id):
            open_case(
                storefront_id=batch.storefront_id,
                kind="forex.too_much",
                key=f"{batch.event_key}:{reference}"[:80],
                title="The bank tells of more than the institution settled",
                facts={
                    "batch": batch.number,
                    "bank_reference": reference,
                    "amount": f"{shown(amount_minor, batch.currency)} {batch.currency}",
                    "to_come": f"{more.open} {more.currency}",
                    "by": by,
                },
                now=now,
            )
        raise


def _recorded(
    batch: SettlementBatch,
    kind: ForexReceipt.Kind,
    reference: str,
    amount_minor: int,
    credited_on: date,
    *,
    by: str,
    now: datetime,
) -> ForexReceipt:
    with tenant(batch.storefront_id):
        batch = SettlementBatch.objects.select_for_update().get(pk=batch.pk)
        known = batch.receipts.filter(reference=reference).first()
        if known is not None:
            if (known.kind, known.amount_minor, known.credited_on) != (kind, amount_minor, credited_on):
                raise ReceiptDiffers(reference=reference)
            return known
        if batch.state not in ("answered", "received", "closed"):
            raise WrongState(machine=BATCH.name, verb="receive", state=batch.state)
        _in_time(batch, credited_on, shanghai_day(now))
        left = batch.foreign_minor - batch.received_minor
        if amount_minor <= 0:
            raise ReceiptOfNothing()
        if amount_minor > left:
            raise ReceiptTooLarge(open=shown(left, batch.currency), currency=batch.currency)
        receipt = ForexReceipt.objects.create(
            storefront_id=batch.storefront_id,
            batch=batch,
            kind=kind,
            reference=reference,
            amount_minor=amount_minor,
            credited_on=credited_on,
            recorded_at=now,
            recorded_by=by,
        )
        events.record(
            storefront_id=batch.storefront_id,
            name="batch.credited",
            key=batch.event_key,
            facts={"by": by, "kind": kind, "bank_reference": reference},
            now=now,
        )
        _enter(batch, receipt, now)
        batch.received_minor += amount_minor
        batch.save(update_fields=["received_minor"])
        if amount_minor == left:
            BATCH.move(batch, "receive", now=now, facts={"by": by})
            arrived(batch, now=now)
    return receipt


def _in_time(batch: SettlementBatch, day: date, today: date) -> None:
    first = batch.items.aggregate(first=Min("settled_on"))["first"]
    assert first is not None  # an answered batch has something that was settled
    if not first <= day <= today:
        raise ReceiptOutOfTime(first=first.isoformat(), last=today.isoformat())


def close_batch(*, batch: SettlementBatch, by: str, now: datetime) -> None:
    """Say that the batch is done; what changes of its orders from now on goes into a later one.

    What came abroad is the brand's: what the rate brought beyond the promise or fell short of it, and what
    the bank kept on the way, are cleared with it, and of this batch nobody owes anybody any more.
    """
    with tenant(batch.storefront_id):
        BATCH.move(batch, "close", now=now, facts={"by": by}, closed_at=now)
        _clear(batch, now)


def _enter(batch: SettlementBatch, receipt: ForexReceipt, now: datetime) -> None:
    """The yuan behind this share of the batch; all shares together are all that it converted."""
    so_far = batch.received_minor
    upto = times(batch.settled_fen, Fraction(so_far + receipt.amount_minor, batch.foreign_minor))
    fen = upto - times(batch.settled_fen, Fraction(so_far, batch.foreign_minor))
    if fen == 0:
        return
    where = Account.BRAND if receipt.kind == ForexReceipt.Kind.CREDIT else Account.FEE
    enter(
        fact=Fact(
            storefront_id=batch.storefront_id,
            kind=Entry.Kind.RECEIPT,
            key=f"receipt:{batch.number}:{receipt.reference}",
            at=datetime.combine(receipt.credited_on, time(12), SHANGHAI),
            amounts={Account.ABROAD: -fen, where: fen},
        ),
        now=now,
    )


def _clear(batch: SettlementBatch, now: datetime) -> None:
    """Forex result and bank charges of the batch, which the brand bears, against what it is owed."""
    left = queries.of_batch(batch.number)
    amounts = {account: -left.get(account, 0) for account in (Account.FOREX, Account.FEE, Account.BRAND)}
    if any(amounts.values()):
        fact = Fact(
            storefront_id=batch.storefront_id,
            kind=Entry.Kind.CLEARING,
            key=f"clearing:{batch.number}",
            at=now,
            amounts=amounts,
        )
        enter(fact=fact, now=now)
