"""What WeChat Pay gave back by itself is goodwill in the books until an accountant names its pieces: then one
entry moves their goods, freight and tax where they belong, and another takes that back.

Goods and tax of what came are less by it, as if we had asked for the refund: what goes abroad, and the tax
that is declared, are those of what is left.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from kernel.tenancy import tenant
from payments.models import Payment, Refund
from payments.services.refund_pieces import name_pieces, take_back_named
from settlement.accounts import Account
from settlement.models import Entry
from settlement.services.enter import Fact, enter
from settlement.services.entries import enter_refund

_KEY = "pieces:"


def enter_named(
    *, refund: Refund, pieces: Mapping[int, int], freight: bool, by: str, note: str, now: datetime
) -> Entry:
    """Name the pieces (line id → how many) of a refund of WeChat Pay's own, and enter what that moves.

    Raises as `name_pieces`; then nothing is entered.
    """
    with tenant(refund.storefront_id):
        named = name_pieces(refund=refund, pieces=pieces, freight=freight, by=by, note=note, now=now)
        row = Refund.objects.get(pk=refund.pk)
        enter_refund(refund=row, now=now)  # its event may be on the way still
        key = f"{_KEY}{row.out_refund_no}:{named.turn}"
        fact = Fact(
            storefront_id=row.storefront_id,
            kind=Entry.Kind.CORRECTION,
            key=key,
            at=now,
            amounts={
                Account.GOODWILL: -named.amount_fen,
                Account.SALES: named.shares["goods_fen"] - named.shares["discount_fen"],
                Account.FREIGHT: named.shares["freight_fen"],
                Account.TAX: named.tax_fen,
            },
            order_id=row.order_id,
            payment_id=row.payment_id,
            refund_id=row.pk,
        )
        enter(fact=fact, now=now)
    return Entry.objects.get(key=key)


def names_pieces(entry: Entry) -> bool:
    """Whether it is the entry of pieces that an accountant named."""
    return entry.refund_id is not None and entry.difference_id is None and entry.key.startswith(_KEY)


def take_back(*, entry: Entry, by: str, note: str, now: datetime) -> bool:
    """Take such an entry back by another one, and its pieces; False where it was taken back before.

    Raises PiecesLetGo, and then nothing is entered.
    """
    assert entry.refund is not None
    with tenant(entry.storefront_id):
        Payment.objects.select_for_update().get(pk=entry.refund.payment_id)
        if Entry.objects.filter(reverses=entry.pk).exists():
            return False
        take_back_named(refund=entry.refund, by=by, note=note, now=now)
        fact = Fact(
            storefront_id=entry.storefront_id,
            kind=Entry.Kind.CORRECTION,
            key=f"reversal:{entry.pk}",
            at=now,
            amounts={Account(one.account): -one.amount_fen for one in entry.postings.all()},
            order_id=entry.order_id,
            payment_id=entry.payment_id,
            refund_id=entry.refund_id,
            reverses_id=entry.pk,
        )
        return enter(fact=fact, now=now)
