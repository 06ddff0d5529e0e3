"""A broker (报关行) has the box of a district: it fetches signed messages, transports them, brings receipts.

The port signs none of its receipts: a release (放行) is believed because of the box that it came by. So what
a partner brings is believed for the accounts whose box the storefront's owner has given it, and for no other;
it goes by the same verification, order and de-duplication as from any box. Who brought it is on record.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet

from customs.models import Filing, PortAccount, PortMessage, PortReceipt
from customs.services.receiving import take_in
from customs.services.sending import left
from kernel import events
from kernel.errors import Missing, Refused
from partners.models import Connection, Partner


class NotYourBox(Refused):
    """Receipts of a district are brought by the broker who has its box, and by nobody else."""

    code = "box_not_yours"
    title = "The box of this district is not with you: the brand names the broker whose receipts it believes."
    title_zh = "该关区的传输信箱未委托给贵方：只采信品牌方指定报关行送入的回执。"


def box_of_broker(*, connection: Connection, district: str) -> PortAccount:
    """The account of a district whose box this partner has; raises NotYourBox."""
    found = _boxes(connection).filter(customs_code=district).select_related("storefront__key").first()
    if found is None:
        raise NotYourBox()
    return found


def bring(*, account: PortAccount, raw: bytes, by: Partner, now: datetime) -> Sequence[PortReceipt]:
    """Take in a receipt message that the broker brought; the answer is what is new of it."""
    rows = take_in(account=account, raw=raw, now=now)
    for row in rows:
        events.record(
            storefront_id=row.storefront_id,
            name="port_receipt.brought",
            key=f"port_receipt:{row.public_id}",
            facts={
                "by": by.actor,
                "message": row.name,
                "status": row.status,
                "digest": row.digest,
            },
            now=now,
        )
    return rows


def outbox(*, connection: Connection) -> QuerySet[PortMessage]:
    """The signed messages that this broker has to transport; none with a document that does not stand."""
    gone = Filing.objects.filter(message=OuterRef("pk"), superseded=True)
    rows = _messages(connection).filter(~Exists(gone), sent_at=None)
    return rows.order_by("pk")


def message_of(*, connection: Connection, guid: str) -> PortMessage:
    """A signed message of a box of this broker, transported or not; raises Missing."""
    found = _messages(connection).filter(guid=guid[:40]).first()
    if found is None:
        raise Missing()
    return found


def transported(*, message: PortMessage, by: Partner, now: datetime) -> datetime:
    """The port has a message, which the broker has handed over; once. When that was."""
    if left(message, PortMessage.objects.filter(pk=message.pk, sent_at=None), now=now):
        events.record(
            storefront_id=message.storefront_id,
            name="port_message.transported",
            key=message.event_key,
            facts={"message": message.name, "by": by.actor},
            now=now,
        )
        return now
    return PortMessage.objects.values_list("sent_at", flat=True).get(pk=message.pk) or now


def _boxes(connection: Connection) -> QuerySet[PortAccount]:
    rows = PortAccount.objects.filter(
        storefront_id=connection.storefront_id,
        transport=PortAccount.Transport.BROKER,
        broker_id=connection.partner_id,
    )
    return rows if connection.kind == Partner.Kind.BROKER else rows.none()


def _messages(connection: Connection) -> QuerySet[PortMessage]:
    rows = PortMessage.objects.filter(account__in=_boxes(connection)).exclude(before=b"")
    return rows.select_related("account")
