"""What WeChat Pay is told of a person: written down before it leaves, and opened for that one call alone."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from compliance import services as compliance
from compliance import vault
from orders.models import Order
from orders.services.orderer import open_orderer
from wechat.pay.sealing import Named

INSTITUTION = "财付通支付科技有限公司"  # who runs WeChat Pay (law.md R2.9)
CUSTOMS = "中华人民共和国海关"
WHO, COMPARE, LIMIT = "payments", "declare the payment, compare the payer", "let the orderer alone pay"
_FIELDS = ["order_number", "payment_number", "amount"]


def named_orderer(order: Order, now: datetime, purpose: str = COMPARE) -> Named | None:
    """Name and number of the orderer, opened with a row of access each; None once nobody can read them.

    They go into one call and nowhere else.
    """
    try:
        key = vault.unwrap(order.key)
    except vault.VaultClosed:
        return None
    name, number = open_orderer(order=order, key=key, who=WHO, purpose=purpose, now=now)
    return Named(number=number, name=name)


def disclose_declaration(order: Order, *, named: bool, now: datetime) -> None:
    """To the payment institution with its declaration, and through it to customs."""
    _disclose(order, "payment", [*_FIELDS, *(["buyer_name", "buyer_number"] if named else [])], now)
    _disclose(order, "customs", _FIELDS, now)


def disclose_orderer(order: Order, *, now: datetime) -> None:
    """The orderer's name and number to the payment institution, which compares them with its payer's."""
    _disclose(order, "payment", ["payment_number", "buyer_name", "buyer_number"], now)


def disclose_card(order: Order, *, now: datetime) -> None:
    """A consumer's bank account and whose it is to the payment institution, which sends a refund there."""
    fields = ["refund_number", "account_holder", "bank_account"]
    _disclose(order, "payment", fields, now, purpose="refund", basis="contract")


def _disclose(
    order: Order,
    kind: Literal["payment", "customs"],
    fields: list[str],
    now: datetime,
    *,
    purpose: str = "declare_payment",
    basis: Literal["law", "contract"] = "law",
) -> None:
    assert order.subject_id is not None  # a paid order keeps its subject
    compliance.disclose(
        storefront_id=order.storefront_id,
        subject_id=order.subject_id,
        order_number=order.number,
        recipient_kind=kind,
        recipient=INSTITUTION if kind == "payment" else CUSTOMS,
        country="CN",
        purpose=purpose,
        basis=basis,
        fields=fields,
        now=now,
    )
