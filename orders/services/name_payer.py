"""The consumer says who paid: that person is verified and, where the law allows, becomes the orderer."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from compliance import vault
from compliance.models import PayerCheck
from compliance.services import RenameTooLate
from customers.models import Customer, NamedPayer
from customers.services.identity import checked_pair
from customers.services.naming import state_payer
from customers.services.verification import verify
from kernel.errors import Conflict, Refusal, Refused
from orders.models import FormerOrderer, Order
from orders.services.name_orderer import may_name, name_orderer


class PayerNotAsked(Conflict):
    """Nobody has to be named: the payer is the orderer, or that is not known yet, or customs has the list."""

    code = "payer_not_asked"
    title = "The payer of this order does not have to be named now."
    title_zh = "该订单目前无需更正订购人。"


class SameOrderer(Conflict):
    """WeChat has said that this very person is not the payer."""

    code = "payer_same_orderer"
    title = "This person is the orderer already, and WeChat says that somebody else paid."
    title_zh = "该人已是本订单的订购人，微信支付核对的支付人并非其本人。"


def name_payer(
    *,
    order: Order,
    customer: Customer,
    name: str,
    number: str,
    notice_version: str,
    device: str,
    now: datetime,
) -> None:
    """Take in who paid `order`, have them verified and put in the orderer's place; no transaction is open.

    Where the provider does not answer, the sweep goes on and the rest follows by event. Who has become the
    orderer by this is so a second time. Raises PayerNotAsked, RenameTooLate, SameOrderer; BadIdentity,
    NotCurrent, ProcessingLimited, TooManyAttempts; Refused, without a figure of the person's; AllowanceBusy.
    """
    name, number = checked_pair(name=name, number=number, now=now)
    if bytes(order.buyer_index) in vault.blinds("id_number", number):
        if FormerOrderer.objects.filter(order=order).exists():
            return
        raise SameOrderer()
    refuse_unless_asked(order=order, now=now)
    _, attempt = state_payer(
        customer=customer,
        order_number=order.number,
        name=name,
        number=number,
        notice_version=notice_version,
        device=device,
        now=now,
    )
    if attempt is not None:
        verify(attempt=attempt, name=name, number=number, now=now)
    verdict = name_orderer(order_number=order.number, now=now)
    if verdict is not None and not verdict.allowed:
        raise Refused(refusals=tuple(without_figures(one) for one in verdict.refusals))


def refuse_unless_asked(*, order: Order, now: datetime) -> None:
    """Raises PayerNotAsked, or RenameTooLate where it was asked and the time is over."""
    check = PayerCheck.objects.filter(order_number=order.number).first()
    if may_name(order, check, now):
        return
    if check is not None and check.state in ("different", "refunding"):
        raise RenameTooLate()
    raise PayerNotAsked()


def without_figures(refusal: Refusal) -> Refusal:
    """A rule that refuses somebody else: which one, never what they have bought or how old they are."""
    return replace(refusal, facts={})


def last_named(*, order: Order) -> NamedPayer | None:
    """Whom the consumer named last, whatever became of it."""
    return NamedPayer.objects.filter(order_number=order.number).order_by("-id").first()
