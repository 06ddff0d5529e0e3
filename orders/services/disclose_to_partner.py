"""What of an order names a person goes to a partner in China alone, and is on record before it goes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from compliance import services as compliance
from kernel.errors import Refused
from orders.models import Order
from partners.models import Partner


class ReceiverStays(Refused):
    """Personal data does not leave China without the person's separate consent, which names who gets it."""

    code = "receiver_stays_in_china"
    title = "Personal data is not given to a partner outside China (PIPL Art. 38–39)."
    title_zh = "不向境外合作方提供个人信息（个人信息保护法第三十八、三十九条）。"


def mind_country(partner: Partner) -> None:
    """Go on for a partner in China; raises ReceiverStays."""
    if partner.country != "CN":
        raise ReceiverStays()


def disclose_to_partner(
    *, order: Order, partner: Partner, purpose: str, fields: Sequence[str], now: datetime
) -> None:
    """Record for the person what of an order is about to be given, under the contract; `fields` and `purpose`
    are words of the disclosure log. Raises ReceiverStays. The order has a person."""
    mind_country(partner)
    assert order.subject_id is not None
    compliance.disclose(
        storefront_id=order.storefront_id,
        subject_id=order.subject_id,
        order_number=order.number,
        recipient_kind="partner",
        recipient=partner.name,
        country=partner.country,
        purpose=purpose,
        basis="contract",
        fields=fields,
        now=now,
    )
