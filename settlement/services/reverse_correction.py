"""A wrong correction is taken back once, by a second entry that names it; what it explained is open again.

The first entry stays as it was written. The second one has its accounts with the other signs, on the day on
which it was taken back, and the case of the difference is before an operator again.
"""

from __future__ import annotations

from datetime import datetime

from kernel import events
from kernel.errors import Conflict, Invalid
from kernel.tenancy import tenant
from payments.models import Bill, BillDifference
from payments.services.bills.differences import put_before_again
from settlement.accounts import Account
from settlement.models import Entry
from settlement.services.correct import left_open
from settlement.services.enter import Fact, enter
from settlement.services.late_lines import settle_told
from settlement.services.named_pieces import names_pieces, take_back


class NotReversible(Invalid):
    """Only what an accountant has posted is taken back by hand, and what takes back is not."""

    code = "entry_not_reversible"
    title = "Only a correction can be reversed; to undo a reversal post the difference anew."
    title_zh = "仅更正凭证可以冲销；冲销有误的，重新记账。"


class ReversedBefore(Conflict):
    """Another entry has taken it back."""

    code = "correction_reversed_before"
    title = "This correction was reversed before."
    title_zh = "该更正凭证已冲销。"


def is_reversible(entry: Entry) -> bool:
    """Whether it is a correction that takes nothing back and was not taken back."""
    return (
        entry.kind == Entry.Kind.CORRECTION
        and entry.reverses_id is None
        and not Entry.objects.filter(reverses=entry.pk).exists()
    )


def reverse_correction(*, entry: Entry, note: str, by: str, now: datetime) -> Entry:
    """Take a correction back (红字冲销) by an entry that names it; what it explained is open again.

    So is its case. Locks the bill, or where pieces were named for a refund what naming locks. Raises
    NotReversible, ReversedBefore, PiecesLetGo.
    """
    if entry.kind != Entry.Kind.CORRECTION or entry.reverses_id is not None:
        raise NotReversible()
    key = f"reversal:{entry.pk}"
    if names_pieces(entry):
        if not take_back(entry=entry, by=by, note=note, now=now):
            raise ReversedBefore()
        return Entry.objects.get(key=key)
    if entry.difference_id is None:
        raise NotReversible()
    with tenant(entry.storefront_id):
        difference = BillDifference.objects.select_related("payment__order", "refund").get(
            pk=entry.difference_id
        )
        bill = Bill.objects.select_for_update().get(pk=difference.bill_id)
        amounts = {Account(one.account): -one.amount_fen for one in entry.postings.all()}
        fact = Fact(
            storefront_id=entry.storefront_id,
            kind=Entry.Kind.CORRECTION,
            key=key,
            at=now,
            amounts=amounts,
            order_id=entry.order_id,
            payment_id=entry.payment_id,
            refund_id=entry.refund_id,
            bill_line_id=entry.bill_line_id,
            difference_id=entry.difference_id,
            reverses_id=entry.pk,
        )
        if not enter(fact=fact, now=now):
            raise ReversedBefore()
        events.record(
            storefront_id=entry.storefront_id,
            name="difference.reversed",
            key=f"difference:{entry.difference_id}",
            facts={"by": by, "bill": str(bill), "entry": entry.key, "note": note},
            now=now,
        )
        if left_open(difference).fen:
            put_before_again(difference=difference, now=now)
        else:  # a later bill tells of what was missing
            settle_told(difference=difference, by=by, note=note, now=now)
    return Entry.objects.get(key=key)
