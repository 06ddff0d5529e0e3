"""What customs was told and what it answered, shown to a person for a purpose: masked, and on record.

Every document that is opened leaves its row of access; nothing that was opened leaves here unmasked.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from compliance import vault
from compliance.models import DataKey
from customs import labels
from customs.ceb.masked import Line, Part, shown, words
from customs.ceb.read import Unreadable
from customs.models import Filing, PortMessage, PortReceipt
from customs.services.filing import NAMES


class Viewed(NamedTuple):
    """One document: whose, under which message's name, and its parts; none where its key was destroyed."""

    about: str
    name: str
    parts: Sequence[Part] | None


def view_filing(*, filing: Filing, who: str, purpose: str, now: datetime) -> Viewed:
    """One version of a document. One that another party signs has nothing here to open."""
    name = NAMES.get(Filing.Kind(filing.kind), "")
    text = _opened(
        filing.storefront_id,
        filing.declaration.order.key,
        (labels.FILING_BODY, filing.public_id, bytes(filing.body_sealed)),
        (who, purpose, now),
    )
    return Viewed(filing.declaration.number, name, _parts(name, text))


def view_message(*, message: PortMessage, who: str, purpose: str, now: datetime) -> list[Viewed]:
    """Every document of a message, in its order."""
    filings = message.filings.select_related("declaration__order__key").order_by("position")
    return [view_filing(filing=one, who=who, purpose=purpose, now=now) for one in filings]


def view_receipt(*, receipt: PortReceipt, who: str, purpose: str, now: datetime) -> Viewed:
    """One receipt; where it cannot be read, those of its words that the specification has."""
    filing = receipt.filing
    text = _opened(
        receipt.storefront_id,
        filing.declaration.order.key if filing else receipt.account.storefront.key,
        (labels.RECEIPT_RAW, receipt.public_id, bytes(receipt.raw_sealed)),
        (who, purpose, now),
    )
    return Viewed(filing.declaration.number if filing else "", receipt.name, _parts(receipt.name, text))


def _opened(
    storefront_id: int,
    key: DataKey,
    sealed: tuple[str, object, bytes],
    opener: tuple[str, str, datetime],
) -> str | None:
    """The text; "" where there is none, None where its key was destroyed."""
    label, ref, blob = sealed
    who, purpose, now = opener
    try:
        plain = vault.unwrap(key)
    except vault.VaultClosed:
        return None
    if not blob:
        return ""
    return vault.open_as(
        who=who,
        purpose=purpose,
        storefront_id=storefront_id,
        key=plain,
        label=label,
        ref=str(ref),
        blob=blob,
        now=now,
    )


def _parts(name: str, text: str | None) -> Sequence[Part] | None:
    if not text:
        return None if text is None else ()
    try:
        return shown(name, text.encode())
    except Unreadable:
        return [Part("", 0, (Line("", "可辨认的内容", "what can be read", words(text)),))]
