"""Money that a person paid the consumer by bank transfer: told once, with the bank's number and day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from kernel import events
from kernel.clock import SHANGHAI, shanghai_day
from kernel.errors import Conflict, Invalid
from payments.models import Refund
from payments.services.refund_refusals import WishChanged
from payments.states import REFUND

BESIDE = ":goodwill"  # pieces and goodwill of one form are one transfer: what the second one's key ends with


@dataclass(eq=False)
class AlreadyTransferred(Conflict):
    """The consumer has been paid by transfer before."""

    code = "refund_transferred"
    title = "The transfer for this refund is recorded already: {reference}."
    title_zh = "该退款已登记线下转账：{reference}。"
    reference: str


class BadTransfer(Invalid):
    """A transfer has the bank's number, and a day between the request for the refund and today."""

    code = "refund_transfer"
    title = "A transfer needs the bank's number, and a day from the request for the refund to today."
    title_zh = "请填写银行流水号；转账日期须在申请退款日至今日之间。"


class NotYet(Conflict):
    """What WeChat Pay may not give back yet, our bank does not either."""

    code = "refund_not_yet"
    title = "Customs has not decided about this order: nothing is given back yet, by transfer neither."
    title_zh = "海关尚未就该订单作出决定，暂不可退款，亦不可线下转账。"


class BeforeTheList(Conflict):
    """WeChat Pay tells customs what was paid less its own refunds, and knows nothing of our bank's part."""

    code = "refund_before_list"
    title = (
        "Part of an order that customs does not have yet cannot be paid by transfer: WeChat Pay, which tells "
        "customs the sum, does not know of it. Cancel the order and pay what is left, or pay after release."
    )
    title_zh = (
        "海关申报前不可线下转账退还部分款项：支付单金额由微信告知海关，线下退款不计入。"
        "请取消订单后全额退还，或在放行后转账。"
    )


@dataclass(frozen=True, slots=True)
class Transfer:
    """What the bank says of it: its number and its day; and who recorded it."""

    reference: str
    on: date
    by: str
    note: str = ""

    def columns(self, *, since: datetime, now: datetime) -> dict[str, Any]:
        """As columns of a refund that was asked for at `since`. Raises BadTransfer."""
        if not self.number or not shanghai_day(since) <= self.on <= shanghai_day(now):
            raise BadTransfer()
        return {"transferred_at": self._at, "transfer_reference": self.number}

    @property
    def number(self) -> str:
        """The bank's number as it is kept."""
        return self.reference.strip()[:80]

    def paid(self, refund: Refund) -> bool:
        """Whether it is the transfer that this refund has."""
        return (refund.transfer_reference, refund.transferred_at) == (self.number, self._at)

    @property
    def _at(self) -> datetime:
        return datetime.combine(self.on, time(), SHANGHAI)


def pay(
    refund: Refund, transfer: Transfer, *, since: datetime, facts: Mapping[str, object], now: datetime
) -> None:
    """A requested refund that WeChat never sees has arrived: our bank paid it. Raises BadTransfer, and
    AlreadyTransferred where the bank's number was recorded for this payment by another form.

    Called by who holds the payment's row.
    """
    columns = transfer.columns(since=since, now=now)
    must_be_new(refund, transfer)
    REFUND.move(
        refund,
        "transfer",
        now=now,
        facts={**facts, "source": "transfer"},
        redirected_to=Refund.Target.TRANSFER,
        succeeded_at=columns["transferred_at"],
        **columns,
    )
    tell(refund, transfer, now)


def must_be_new(refund: Refund, transfer: Transfer) -> None:
    """The bank's number was recorded for this payment by no other form. Raises AlreadyTransferred.

    Called by who holds the payment's row.
    """
    form = refund.key.removesuffix(BESIDE)
    together = {"key__in": (form, f"{form}{BESIDE}"), "requested_at": refund.requested_at}
    others = Refund.objects.filter(payment=refund.payment_id, transfer_reference=transfer.number)
    if others.exclude(**together).exists():
        raise AlreadyTransferred(reference=transfer.number)


def must_have_paid(known: Refund, transfer: Transfer | None) -> Refund:
    """The refund that a key stands for, where it has the `transfer` that is told again, if one is.

    Raises AlreadyTransferred where it has another one, WishChanged where WeChat has the refund.
    """
    if transfer is not None and known.redirected_to != Refund.Target.TRANSFER:
        raise WishChanged(number=known.out_refund_no)
    if transfer is not None and not transfer.paid(known):
        raise AlreadyTransferred(reference=known.transfer_reference)
    return known


def tell(refund: Refund, transfer: Transfer, now: datetime) -> None:
    """That the bank has paid the consumer."""
    events.record(
        storefront_id=refund.storefront_id,
        name="refund.transferred",
        key=refund.event_key,
        facts={
            "amount_fen": refund.amount_fen,
            "transfer_reference": transfer.number,
            "day": transfer.on.isoformat(),
            "by": transfer.by,
            "note": transfer.note,
        },
        now=now,
    )
