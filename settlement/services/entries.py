"""What each business fact means in accounts: one function a fact, each safe to call again."""

from __future__ import annotations

from datetime import datetime

from payments.models import Payment, Refund
from settlement.accounts import Account
from settlement.models import Entry, Posting
from settlement.services.enter import Fact, enter


def enter_payment(*, payment: Payment, now: datetime) -> bool:
    """A payment that came: a sale with its parts, or, where no order could take it, money that is owed back.

    False where it was entered before, or nothing came with it. Raises ValueError for a payment that has not
    come.
    """
    if payment.state not in ("succeeded", "stray") or payment.received_fen is None:
        raise ValueError(f"{payment.out_trade_no} is {payment.state}: nothing was received")
    order, stray = payment.order, payment.state == "stray"
    if payment.received_fen == 0:
        return False
    amounts = {Account.WECHAT: payment.received_fen}
    if stray:
        amounts[Account.STRAY] = -payment.received_fen
    else:
        amounts[Account.SALES] = order.discount_fen - order.goods_fen
        amounts[Account.FREIGHT] = -order.freight_fen
        amounts[Account.TAX] = -order.tax_fen
    return enter(
        fact=Fact(
            storefront_id=payment.storefront_id,
            kind=Entry.Kind.STRAY if stray else Entry.Kind.SALE,
            key=f"payment:{payment.out_trade_no}",
            at=payment.succeeded_at or now,
            amounts=amounts,
            order_id=payment.order_id,
            payment_id=payment.pk,
        ),
        now=now,
    )


def enter_refund(*, refund: Refund, now: datetime) -> bool:
    """A refund that arrived takes back the parts it names; beside the order it is goodwill.

    Where all goes back, what goodwill gave before is spared: the goods go back whole, and the goodwill too.
    Tax that customs does not give up stays owed to it; what of that the consumer gets is the brand's expense.
    What came to the merchant's card lies in our own bank, and is owed to the consumer until `enter_transfer`.
    What our bank paid without WeChat Pay is owed by the refund, and paid by its transfer.

    False where it was entered before, or where it moves nothing: what was kept back of the price has all of
    it. Raises ValueError for a refund whose money has not arrived.
    """
    if refund.state != "succeeded" or refund.succeeded_at is None:
        raise ValueError(f"{refund.out_refund_no} is {refund.state}: nothing has left")
    beside = Account.STRAY if refund.kind == Refund.Kind.STRAY else Account.GOODWILL
    amounts = {
        **_from(refund),
        Account.SALES: refund.goods_fen - refund.discount_fen - refund.deducted_fen,
        Account.FREIGHT: refund.freight_fen,
        Account.TAX: refund.tax_fen - refund.tax_lost_fen,
        beside: refund.other_fen - refund.spared_fen + refund.tax_lost_fen - refund.tax_kept_fen,
    }
    if not any(amounts.values()):
        return False
    return enter(
        fact=Fact(
            storefront_id=refund.storefront_id,
            kind=Entry.Kind.REFUND,
            key=f"refund:{refund.out_refund_no}",
            at=refund.succeeded_at,
            amounts=amounts,
            order_id=refund.order_id,
            payment_id=refund.payment_id,
            refund_id=refund.pk,
        ),
        now=now,
    )


def enter_tax_owed(*, refund: Refund, expense_fen: int, at: datetime, now: datetime) -> bool:
    """Beyond what the refunds of an order left owed, so much of their tax is owed to customs all the same, at
    the brand's expense; below zero so much of what they left owed is not. What was entered is put right.

    `refund` is the youngest of them. False where it stands so already. Called by who holds the order.
    """
    before = Entry.objects.filter(kind=Entry.Kind.TAX_LEVIED, order=refund.order_id)
    entered = Posting.objects.filter(entry__in=before, account=Account.GOODWILL)
    more = expense_fen - sum(entered.values_list("amount_fen", flat=True))
    if not more:
        return False
    assert refund.order is not None  # what came for no order has no tax
    return enter(
        fact=Fact(
            storefront_id=refund.storefront_id,
            kind=Entry.Kind.TAX_LEVIED,
            key=f"tax_levied:{refund.order.number}/{before.count() + 1}",
            at=at,
            amounts={Account.GOODWILL: more, Account.TAX: -more},
            order_id=refund.order_id,
            payment_id=refund.payment_id,
            refund_id=refund.pk,
        ),
        now=now,
    )


def enter_transfer(*, refund: Refund, now: datetime) -> bool:
    """What was owed to the consumer has left our bank. False where it was entered before.

    Raises ValueError for a refund that nobody paid by transfer.
    """
    if refund.transferred_at is None:
        raise ValueError(f"{refund.out_refund_no} was not paid by transfer")
    return enter(
        fact=Fact(
            storefront_id=refund.storefront_id,
            kind=Entry.Kind.TRANSFER,
            key=f"transfer:{refund.out_refund_no}",
            at=refund.transferred_at,
            amounts={Account.CONSUMER: refund.amount_fen, Account.BANK: -refund.amount_fen},
            order_id=refund.order_id,
            payment_id=refund.payment_id,
            refund_id=refund.pk,
        ),
        now=now,
    )


def _from(refund: Refund) -> dict[Account, int]:
    """Where the money left, and where it lies that left WeChat Pay and not to the consumer."""
    if refund.redirected_to == Refund.Target.TRANSFER:
        return {Account.CONSUMER: -refund.amount_fen}
    if refund.redirected_to != Refund.Target.MERCHANT:
        return {Account.WECHAT: -refund.amount_fen}
    return {
        Account.WECHAT: -refund.amount_fen,
        Account.BANK: refund.amount_fen,
        Account.CONSUMER: -refund.amount_fen,
    }
