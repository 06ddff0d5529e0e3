"""The money of the way back (寄回运费): the seller owes it, finance has sent it, and it is entered here once.

It is no refund of the order: it leaves by a transfer outside, against the consumer's receipt.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db import IntegrityError, transaction

from kernel import events
from kernel.cases import open_case, settle_open
from kernel.clock import shanghai_day
from kernel.errors import Conflict, Invalid
from kernel.tenancy import tenant
from returns.models import ReturnRequest
from returns.reasons import REASONS
from returns.services.given import mind_given
from returns.services.holding import hold

OWED = "return.way_owed"


@dataclass(eq=False)
class BadWayPayment(Invalid):
    """An amount above nothing, a day between the request and today, and the transfer's own number."""

    code = "return_way_payment"
    title = "Enter an amount above zero, the transfer's number, and its day, from {first} to {last}."
    title_zh = "请填写大于零的金额、转账单号，以及{first}至{last}之间的转账日期。"
    first: str
    last: str


class WayNotOwed(Conflict):
    """The seller pays for what was agreed to be theirs, and came."""

    code = "return_way_not_owed"
    title = "Nothing is owed for the way back: the consumer pays it, or the goods have not come."
    title_zh = "无需支付寄回运费：运费由消费者承担，或商品尚未收到。"


class WayPaid(Conflict):
    """A way is paid once, and a transfer pays one way."""

    code = "return_way_paid"
    title = "This way back is paid already, or the transfer was entered for another return."
    title_zh = "该寄回运费已支付，或该转账单号已用于其他退货。"


def owed(row: ReturnRequest) -> bool:
    """Whether the seller owes the way back and has not paid it."""
    sent = row.goods_back and bool(REASONS[row.reason].kinds)  # by a consumer, and not by the carrier
    return sent and row.seller_pays and row.received_at is not None and not row.way_fen


def remind(row: ReturnRequest, *, now: datetime) -> None:
    """That the way back of a held request is owed stays before a person until it is paid."""
    if owed(row):
        open_case(
            storefront_id=row.storefront_id,
            kind=OWED,
            key=row.event_key,
            title="The way back of a return is the seller's: pay the consumer, and enter the transfer",
            facts={"order": row.order.number, "return": row.number, "waybill": row.waybill},
            now=now,
        )


def pay_way(
    *, request: ReturnRequest, amount_fen: int, reference: str, on: date, by: str, now: datetime
) -> ReturnRequest:
    """Enter the transfer that paid the way back; the same one again changes nothing.

    Counts to the limit above which a colleague agrees, with all that operators gave of the order.

    Raises BadWayPayment, WayNotOwed, WayPaid, NeedsColleague.
    """
    with tenant(request.storefront_id):
        row = hold(request)
        transfer = (amount_fen, reference.strip(), on)
        first, last = shanghai_day(row.requested_at), shanghai_day(now)
        if amount_fen <= 0 or not 0 < len(transfer[1]) <= 64 or not first <= on <= last:
            raise BadWayPayment(first.isoformat(), last.isoformat())
        if (row.way_fen, row.way_reference, row.way_paid_on) == transfer:
            return row
        if row.way_fen:
            raise WayPaid()
        if not owed(row):
            raise WayNotOwed()
        row.way_fen, row.way_reference, row.way_paid_on = transfer
        try:
            with transaction.atomic():
                row.save(update_fields=["way_fen", "way_reference", "way_paid_on"])
        except IntegrityError as clash:
            raise WayPaid() from clash
        mind_given(order=row.order, by=by, now=now)
        events.record(
            storefront_id=row.storefront_id,
            name="return.way_paid",
            key=row.event_key,
            facts={"by": by, "amount_fen": amount_fen, "on": on.isoformat()},
            now=now,
        )
        settle_open(kinds=[OWED], key=row.event_key, by=by, note=transfer[1], now=now)
    return row
