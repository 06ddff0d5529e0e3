"""Where a declaration says nothing of its payer it is asked a few times more; then a person is told, once.

The domestic family answers with the declaration whether the payer is the orderer, and may not know it yet.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from compliance.models import PayerCheck
from kernel import events
from kernel.tenancy import tenant
from orders.models import Order
from payments.models import PaymentDeclaration
from payments.services.declare_outcome import WAIT, WAIT_AT_MOST, case, locked
from storefronts.models import MerchantAccount

WAITING = ("open", "asked", "renamed")  # states of a check that still wants to know
MOST_ASKED = 5
SAYS_IT_ITSELF = MerchantAccount.CustomsFamily.V2


def to_be_asked() -> Q:
    """The declarations that succeeded without a word of a payer who is still to be known."""
    waiting = PayerCheck.objects.filter(order_number=OuterRef("order__number"), state__in=WAITING)
    silent = Q(state="succeeded", family=SAYS_IT_ITSELF, match="", tries__lt=MOST_ASKED)
    return silent & Q(Exists(waiting))


def is_silent(row: PaymentDeclaration) -> bool:
    """Whether this one has succeeded and says nothing of its payer."""
    return row.state == "succeeded" and row.family == SAYS_IT_ITSELF and not row.match


def may_be_told_again(row: PaymentDeclaration) -> bool:
    """Whether a silent one can be made void and new, with the orderer's name: before the list alone."""
    waits = PayerCheck.objects.filter(order_number=row.order.number, state__in=WAITING)
    return is_silent(row) and row.order.gate == Order.Gate.BEFORE_LIST and waits.exists()


def follow_match(*, declaration: PaymentDeclaration, now: datetime) -> None:
    """A silent declaration was asked about: what it says now is told on, or the next time is set.

    `declaration` is as it was when it was asked. The last silence opens the case.
    """
    with tenant(declaration.storefront_id):
        row = locked(declaration)
        if row.state != "succeeded" or row.round != declaration.round:
            return
        if row.match:
            events.record(
                storefront_id=row.storefront_id,
                name="declaration.matched",
                key=row.event_key,
                facts={"match": row.match},
                now=now,
            )
            return
        wait = min(WAIT * 2 ** min(row.tries, 6), WAIT_AT_MOST)
        PaymentDeclaration.objects.filter(pk=row.pk).update(next_try_at=now + wait)
        if row.tries >= MOST_ASKED:
            case(row, "unmatched", now)
