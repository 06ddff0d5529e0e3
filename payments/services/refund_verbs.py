"""What a person can do about a refund that does not go through: try now, another account, or ask anew."""

from __future__ import annotations

from datetime import datetime

from kernel import events
from kernel.states import WrongState
from kernel.tenancy import tenant
from payments.gateways.wechat_pay import client_of
from payments.models import Refund
from payments.services.refund_outcome import Outcome, take_in
from payments.services.refunds import Wish, refund_stray, request_refund
from wechat.pay.refunds import BankCard, apply_abnormal

Kind = Refund.Kind


def try_now(*, refund: Refund, by: str, note: str, now: datetime) -> None:
    """Bring the next try forward to now: the same refund, under the same number. Raises WrongState."""
    with tenant(refund.storefront_id):
        row = Refund.objects.select_for_update().get(pk=refund.pk)
        if row.state not in ("accepted", "processing", "abnormal"):
            raise WrongState(machine="refund", verb="try_now", state=row.state)
        Refund.objects.filter(pk=row.pk).update(next_try_at=now)
        _told(row, "refund.hurried", now, by=by, note=note)


def to_bank_card(*, refund: Refund, card: BankCard | None, by: str, note: str, now: datetime) -> Outcome:
    """Send the money of an abnormal refund to the consumer's `card`, or without one to the merchant's.

    Three steps: that it was asked for is committed, WeChat is asked with no transaction open, its answer is
    taken in. The card is kept nowhere. Raises WrongState, and wechat.errors: then it may be asked again.
    """
    with tenant(refund.storefront_id):
        row = Refund.objects.select_for_update(of=("self",)).select_related("payment").get(pk=refund.pk)
        if row.state != "abnormal" or row.refund_id is None:
            raise WrongState(machine="refund", verb="to_bank_card", state=row.state)
        _told(row, "refund.redirected", now, by=by, note=note, to="consumer" if card else "merchant")
    report = apply_abnormal(
        client_of(row.payment.mchid), out_refund_no=row.out_refund_no, refund_id=row.refund_id, card=card
    )
    return take_in(
        storefront_id=row.storefront_id, mchid=row.payment.mchid, report=report, source="answer", now=now
    )


def ask_again(*, refund: Refund, by: str, note: str, now: datetime) -> Refund:
    """Ask anew, under a new number, for what a closed refund should have given back; once. Raises WrongState,
    and what `request_refund` raises."""
    if refund.state != "closed":
        raise WrongState(machine="refund", verb="ask_again", state=refund.state)
    key = f"again:{refund.out_refund_no}"[:80]
    if refund.kind == Kind.STRAY:
        return refund_stray(
            out_trade_no=refund.payment.out_trade_no, reason=refund.reason, key=key, asked_by=by, now=now
        )
    return request_refund(
        number=refund.order.number,
        wish=_wish(refund),
        key=key,
        reason=refund.reason,
        asked_by=by,
        note=note,
        now=now,
    )


def _wish(refund: Refund) -> Wish:
    if refund.kind == Kind.GOODWILL:
        return Wish(goodwill_fen=refund.amount_fen)
    if refund.kind == Kind.CANCELLATION:
        return Wish()
    return Wish(dict(refund.lines.values_list("line_id", "quantity")))


def _told(refund: Refund, name: str, now: datetime, **facts: str) -> None:
    events.record(storefront_id=refund.storefront_id, name=name, key=refund.event_key, facts=facts, now=now)
