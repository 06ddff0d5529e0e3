"""An accountant explains what a bill left open: so much of a difference goes to an account, and never more.

What nobody had explained is moved from `unexplained`. Where the books tell of money that no bill tells of,
the account at WeChat Pay itself is put right. The entry leads back to the difference, and by it to its case.
What was posted wrongly is taken back by `reverse_correction` and may then be posted anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, Sum

from kernel import events
from kernel.cases import settle_open
from kernel.errors import Conflict, Invalid
from kernel.tenancy import tenant
from payments.models import Bill, BillDifference, BillLine
from settlement.accounts import Account
from settlement.models import Entry, Posting
from settlement.services.enter import Fact, enter

Kind = BillDifference.Kind

# Where a difference may go; nothing of it can pass for a sale, its freight or its tax.
TARGETS = (
    Account.WECHAT,
    Account.BANK,
    Account.FEE,
    Account.COUPON,
    Account.GOODWILL,
    Account.STRAY,
    Account.CONSUMER,
    Account.OTHER,
)
# The books have what no bill has: the account at WeChat Pay is put right.
_MISSING = (Kind.MISSING_PAYMENT, Kind.MISSING_REFUND)
_OF_THE_BOOKS = (*_MISSING, Kind.LEDGER_BALANCE)


@dataclass(eq=False)
class NothingOpen(Conflict):
    """Nothing of the difference stands open in the books."""

    code = "difference_nothing_open"
    title = "Nothing of this difference is left to be posted."
    title_zh = "该差异没有待记账的金额。"


@dataclass(eq=False)
class MoreThanOpen(Conflict):
    """More than what is left of the difference."""

    code = "difference_more_than_open"
    title = "Only {open_fen} fen of this difference are left to be posted."
    title_zh = "该差异待记账金额仅为 {open_fen} 分。"
    open_fen: int


@dataclass(eq=False)
class PostedBefore(Conflict):
    """A part of the difference went to this account before: a form that was sent twice."""

    code = "difference_posted_before"
    title = "A part of this difference was posted to this account before."
    title_zh = "该差异已记入过此科目。"


class ToldSince(Conflict):
    """A later bill tells of what was missing, and what was posted for it is wrong by that."""

    code = "difference_told_since"
    title = "A later bill tells of this; reverse what was posted for it instead."
    title_zh = "后续账单已列出该笔，请冲销此前的更正凭证。"


class NoTarget(Invalid):
    """Not an account that explains this difference."""

    code = "difference_no_target"
    title = "This account cannot explain the difference."
    title_zh = "该科目不能用于此差异。"


@dataclass(frozen=True, slots=True)
class Open:
    """What is left to be explained: the account it is taken from, and what that account gets, in fen."""

    account: Account
    fen: int


def left_open(difference: BillDifference) -> Open:
    """What of a difference is not explained yet; 0 fen where nothing of it is in the books."""
    if difference.kind in _OF_THE_BOOKS:
        return Open(Account.WECHAT, _of_the_books(difference))
    return Open(Account.UNEXPLAINED, -_sum(_unexplained(difference), Account.UNEXPLAINED))


def correct(
    *, difference: BillDifference, account: Account, amount_fen: int | None, note: str, by: str, now: datetime
) -> Entry:
    """Post `amount_fen` of a difference, or all that is left, to `account`; its case ends with the last fen.

    Locks the bill. Raises NothingOpen, MoreThanOpen, PostedBefore, ToldSince, NoTarget.
    """
    with tenant(difference.storefront_id):
        bill = Bill.objects.select_for_update().get(pk=difference.bill_id)
        left = left_open(difference)
        if account not in TARGETS or account == left.account:
            raise NoTarget()
        if not left.fen:
            raise NothingOpen()
        if told_since(difference):
            raise ToldSince()
        amount = abs(left.fen) if amount_fen is None else amount_fen
        if not 0 < amount <= abs(left.fen):
            raise MoreThanOpen(open_fen=abs(left.fen))
        signed = amount if left.fen > 0 else -amount
        payment = difference.payment
        key = _key(difference, account)
        fact = Fact(
            storefront_id=difference.storefront_id,
            kind=Entry.Kind.CORRECTION,
            key=key,
            at=now,
            amounts={left.account: signed, account: -signed},
            order_id=payment.order_id if payment is not None else None,
            payment_id=difference.payment_id,
            refund_id=difference.refund_id,
            bill_line_id=difference.line_id,
            difference_id=difference.pk,
        )
        if not enter(fact=fact, now=now):
            raise PostedBefore()
        events.record(
            storefront_id=difference.storefront_id,
            name="difference.corrected",
            key=f"difference:{difference.pk}",
            facts={
                "by": by,
                "bill": str(bill),
                "account": account.value,
                "amount_fen": amount,
                "note": note,
            },
            now=now,
        )
        if signed == left.fen:
            for one in _explained_with(difference):
                settle_open(kinds=[f"bill.{one.kind}"], key=one.key, by=by, note=note, now=now)
    return Entry.objects.get(key=key)


def _explained_with(difference: BillDifference) -> list[BillDifference]:
    """Those that end with the last fen of this one: what else differs of a line is the same money.

    That a bill tells another state than ours is no money, and ends by itself.
    """
    if difference.line_id is None:
        return [difference]
    money = BillDifference.objects.filter(line=difference.line_id).exclude(
        kind__in=(Kind.STATE, Kind.REFUND_STATE)
    )
    return [difference, *money.exclude(pk=difference.pk).order_by("id")]


def _key(difference: BillDifference, account: Account) -> str:
    """Once to each account, and once more for each time that it was taken back."""
    key = f"correction:{difference.pk}:{account}"
    taken_back = Entry.objects.filter(
        Q(reverses__key=key) | Q(reverses__key__startswith=f"{key}:"), difference=difference.pk
    ).count()
    return f"{key}:{taken_back + 1}" if taken_back else key


def _unexplained(difference: BillDifference) -> Q:
    """The entries that hold what of it is unexplained, with those that have explained a part."""
    if difference.line_id is not None:
        return Q(entry__bill_line=difference.line_id)
    corrections = Q(entry__difference=difference.pk)
    if difference.kind != Kind.FUND_OTHER:
        return corrections
    name = difference.says.rpartition(" × ")[0]
    lines = Q(entry__fund_line__bill=difference.bill_id, entry__kind=Entry.Kind.DIFFERENCE)
    typed = Q(entry__fund_line__business_type=name)
    untyped = Q(entry__fund_line__business_type="", entry__fund_line__business=name)
    return corrections | lines & (typed | untyped)


def _of_the_books(difference: BillDifference) -> int:
    """What the account at WeChat Pay is to be moved by, less what it was moved by.

    What is missing on a day is a part of its balance, and is posted by its own difference alone.
    """
    gap = _gap(difference)
    if difference.kind == Kind.LEDGER_BALANCE:
        bill = difference.bill
        missing = BillDifference.objects.filter(kind__in=_MISSING, bill__mchid=bill.mchid, bill__day=bill.day)
        gap -= sum(_gap(one, by=difference.found_at) for one in missing)
    return gap - _sum(Q(entry__difference=difference.pk), Account.WECHAT)


def _gap(difference: BillDifference, *, by: datetime | None = None) -> int:
    """What the bill has more than the books; of what is missing, 0 where it was not entered, `by` then, and 0
    now where a later bill tells of it."""
    if by is None and told_since(difference):
        return 0
    if difference.kind == Kind.MISSING_PAYMENT and not _entered("sale", by, payment=difference.payment_id):
        return 0
    if difference.kind == Kind.MISSING_REFUND:
        entered = _entered("refund", by, refund=difference.refund_id)
        return (difference.ours_fen or 0) if entered else 0
    return (difference.theirs_fen or 0) - (difference.ours_fen or 0)


def told_since(difference: BillDifference) -> bool:
    """Whether a bill tells by now of what another one missed."""
    if difference.kind == Kind.MISSING_PAYMENT and difference.payment is not None:
        which = Q(kind=BillLine.Kind.SALE, transaction_id=difference.payment.transaction_id)
    elif difference.kind == Kind.MISSING_REFUND and difference.refund is not None:
        which = Q(kind=BillLine.Kind.REFUND, out_refund_no=difference.refund.out_refund_no)
    else:
        return False
    return BillLine.objects.filter(which, storefront=difference.storefront_id).exists()


def _entered(kind: str, by: datetime | None, **which: int | None) -> bool:
    entries = Entry.objects.filter(kind=kind, **which)
    return (entries if by is None else entries.filter(entered_at__lte=by)).exists()


def _sum(which: Q, account: Account) -> int:
    total = Posting.objects.filter(which, account=account).aggregate(sum=Sum("amount_fen", default=0))
    return int(total["sum"])
