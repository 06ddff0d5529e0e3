"""What a message of a declaration says is given to a partner for a purpose, and recorded before it goes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

from compliance import vault
from compliance.disclosures import words
from customs import labels
from customs.ceb.tables import entities, shapes
from customs.models import Declaration, Filing, PortMessage, PortReceipt
from customs.services.keeping import raw_of
from customs.services.sending import whole
from kernel.errors import Conflict
from orders.services.disclose_to_partner import disclose_to_partner, mind_country
from partners.models import Partner

SCOPE: Final = "personal:declaration"
PURPOSES: Final = ("declare", "dossier")
# What the elements that tell of a person are called in a disclosure; customs' own words may name the orderer.
_TOLD: Final[Mapping[str, tuple[str, ...]]] = {
    "buyerName": ("buyer_name",),
    "buyerIdNumber": ("buyer_number",),
    "buyerTelephone": ("buyer_phone",),
    "consignee": ("consignee_name",),
    "consigneeTelephone": ("consignee_phone",),
    "consigneeAddress": ("consignee_address",),
    "payerName": ("payer_name",),
    "payerIdNumber": ("payer_number",),
    "returnInfo": ("buyer_name", "buyer_number"),
}


class MessageSealed(Conflict):
    """What the law lets nobody read any more, or what another party sent in our stead."""

    code = "message_sealed"
    title = "What this message says cannot be read: its key was destroyed, or the house never had it."
    title_zh = "该报文内容不可读取：密钥已销毁，或本系统未留存原文。"


class Content(NamedTuple):
    """The bytes of a message; not `whole` where its documents of other orders were left out."""

    raw: bytes
    whole: bool


def give_content(
    *,
    declaration: Declaration,
    message: Filing | PortReceipt,
    name: str,
    partner: Partner,
    purpose: str,
    now: datetime,
) -> Content:
    """A document as it was sent, or a receipt as it came, for one of PURPOSES; `name` is its message's.

    Where all documents of the message are of this declaration it is the whole signed message. What is given
    is recorded first, in this transaction. Raises ReceiverStays, MessageSealed.
    """
    order = declaration.order
    sealed = bytes(message.body_sealed if isinstance(message, Filing) else message.raw_sealed)
    mind_country(partner)
    if order.subject_id is None or not sealed:
        raise MessageSealed()
    try:
        key = vault.unwrap(order.key)
    except vault.VaultClosed as closed:
        raise MessageSealed() from closed
    disclose_to_partner(order=order, partner=partner, purpose=purpose, fields=_fields(name), now=now)
    label = labels.FILING_BODY if isinstance(message, Filing) else labels.RECEIPT_RAW
    text = vault.open_as(
        who=partner.actor,
        purpose=purpose,
        storefront_id=order.storefront_id,
        key=key,
        label=label,
        ref=str(message.public_id),
        blob=sealed,
        now=now,
    )
    if isinstance(message, PortReceipt):
        return Content(raw_of(text), whole=True)
    around = message.message
    if around is None or not around.before or around.filings.exclude(pk=message.pk).exists():
        return Content(text.encode(), whole=False)
    return Content(b"".join([bytes(around.before), text.encode(), bytes(around.after)]), whole=True)


def give_message(*, message: PortMessage, partner: Partner, now: datetime) -> bytes:
    """A signed message to the broker who transports it, byte for byte; of each order that it declares it is
    recorded first. Raises ReceiverStays, MessageSealed."""
    mind_country(partner)
    for filing in message.filings.select_related("declaration__order").order_by("position"):
        order = filing.declaration.order
        if order.subject_id is None:
            raise MessageSealed()
        words_of = _fields(message.name)
        disclose_to_partner(order=order, partner=partner, purpose="declare", fields=words_of, now=now)
    try:
        return whole(message, who=partner.actor, purpose="declare", now=now)
    except vault.VaultClosed as closed:
        raise MessageSealed() from closed


def _fields(name: str) -> list[str]:
    """The words of everything that a message of this name may tell of a person; all where it is unknown."""
    shape = shapes().get(name)
    elements = [field.name for field in entities()[shape.head]] if shape else list(_TOLD)
    told = {word for element in elements for word in _TOLD.get(element, ())}
    return [word for word in words("fields") if word in told | {"order_number"}]
